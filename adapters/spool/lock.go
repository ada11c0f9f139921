package spool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile locks a file until it is closed or the process ends, unless another one
// has locked it.
func lockFile(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// folderLock is the lock of the process that replays the entries of a folder.
type folderLock struct {
	path string
	file *os.File // nil if another process has the lock
}

// hold takes the lock, unless this process has it, and says whether it has it then. A
// folder that does not exist has no lock.
func (l *folderLock) hold() (bool, error) {
	path := filepath.Join(l.path, lockName)
	if l.file != nil && isSame(l.file, path) {
		return true, nil
	}
	l.release() // of a folder that was removed
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	locked, err := lockFile(file)
	if err != nil || !locked || !isSame(file, path) {
		_ = file.Close()
		return false, err
	}
	l.file = file
	return true, nil
}

// isSame says whether path is the path of the file.
func isSame(file *os.File, path string) bool {
	here, err := os.Stat(path)
	if err != nil {
		return false
	}
	open, err := file.Stat()
	return err == nil && os.SameFile(here, open)
}

// release gives the lock back.
func (l *folderLock) release() {
	if l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
}
