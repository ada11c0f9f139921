package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
		return withOwner(err, folder)
	case !info.IsDir():
		return fmt.Errorf("%s cannot be made: %s is no folder", path, folder)
	case syscall.Access(folder, writable) != nil:
		return fmt.Errorf("%s cannot be written: the folder %s is not writable for %s; it has %s: %s, or name a file elsewhere in the settings",
			path, folder, userName(os.Geteuid()), ownerOf(info), opening(info, folder))
	}
	return nil
}

// readable and writable are R_OK and W_OK of access(2).
const readable, writable = 4, 2

// checkOpens returns why this user cannot read and write a file, or nil. One that does not
// exist can be made.
func checkOpens(path string) error {
	err := syscall.Access(path, readable|writable)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return withOwner(&fs.PathError{Op: "open", Path: path, Err: err}, path)
}

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
	return fmt.Errorf("%w for %s; it has %s: %s", err, me, ownerOf(info), opening(info, path))
}

// systemFolders are shared by all programs: who owns one may replace what others have there.
var systemFolders = []string{
	"/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/opt", "/root", "/run", "/sbin", "/srv", "/tmp", "/usr", "/usr/bin", "/usr/lib",
	"/usr/local", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/spool", "/var/tmp",
}

// opening is what lets this user read and write a file or folder.
func opening(info fs.FileInfo, path string) string {
	me := os.Geteuid()
	switch {
	case ownerOf(info).user != me && slices.Contains(systemFolders, path):
		return "run this as the user of the server"
	case ownerOf(info).user != me:
		return fmt.Sprintf("run this as the user of the server, or chown %s %s", userName(me), quoted(path))
	case info.IsDir():
		return "chmod u+rwx " + quoted(path)
	}
	return "chmod u+rw " + quoted(path)
}

// withAccessKept adds to the weakness of a file that is open to all what to do before it is
// closed, if this user reads it as one of all.
func withAccessKept(weakness error, path string) error {
	info, err := os.Stat(path)
	if weakness == nil || err != nil || !readByOthersAlone(ownerOf(info)) {
		return weakness
	}
	return fmt.Errorf("%w, but only after chgrp %s %s and chmod g+r: %s reads it as one of those users",
		weakness, groupName(os.Getegid()), quoted(path), userName(os.Geteuid()))
}

func readByOthersAlone(o owner) bool {
	groups, err := os.Getgroups()
	me := os.Geteuid()
	return err == nil && me != 0 && me != o.user && os.Getegid() != o.group && !slices.Contains(groups, o.group) && o.mode&othersRead != 0
}

// othersRead lets users read who are neither the owner nor in the group.
const othersRead fs.FileMode = 0o004

// CheckConfigFile returns why this user cannot read the configuration file, and what to
// do, or nil. Of other failures to read it the settings tell.
func CheckConfigFile(path string) error {
	path = config.Absolute(path)
	info, err := os.Stat(path)
	if err != nil || !errors.Is(syscall.Access(path, readable), fs.ErrPermission) {
		return nil
	}
	return fmt.Errorf("%s has %s, and %s may not read it: chgrp %s %s && chmod g+r %s",
		path, ownerOf(info), userName(os.Geteuid()), groupName(os.Getegid()), quoted(path), quoted(path))
}
