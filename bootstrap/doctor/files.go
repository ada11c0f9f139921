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
		return fmt.Errorf("%s cannot be made: there is no folder %s", path, folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s cannot be made: %s is no folder", path, folder)
	case syscall.Access(folder, writable) != nil:
		return fmt.Errorf("%s cannot be written: the folder %s is not writable", path, folder)
	}
	return nil
}

// writable is W_OK of access(2).
const writable = 2
