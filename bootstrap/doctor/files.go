package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"gatehouse/bootstrap/config"
)

// checkFolder returns why no file can be made or changed at path, or nil.
func checkFolder(path string) error {
	path = config.Absolute(path)
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s cannot be made: there is no folder %s; `gatehouse check --fix` makes it", path, folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s cannot be made: %s is no folder", path, folder)
	case syscall.Access(folder, writable) != nil:
		return fmt.Errorf("%s cannot be written: the folder %s is not writable for %s; it has %s", path, folder, userName(os.Geteuid()), ownerOf(info))
	}
	return nil
}

// writable is W_OK of access(2).
const writable = 2

// withOwner adds to an error that permission was denied whose a file is, and what to do.
func withOwner(err error, path string) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	me := userName(os.Geteuid())
	info, statErr := os.Stat(path)
	if statErr != nil { // a folder on the way keeps this user out
		return fmt.Errorf("%w for %s: run this as the user of the server, or open the folders above to it", err, me)
	}
	return fmt.Errorf("%w for %s; it has %s: run this as the user of the server, or chown %s %s", err, me, ownerOf(info), me, path)
}
