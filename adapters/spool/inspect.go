package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Contents are what is in the folder of a spool.
type Contents struct {
	// Waiting is the number of pushes that wait, and Since when the first of them was
	// received.
	Waiting int
	Since   time.Time
	// Broken are the names of files that cannot be recorded.
	Broken []string
}

// Inspect reads the folder of a spool and changes nothing there. A folder that does not
// exist is empty.
func Inspect(path string) (Contents, error) {
	names, err := readNames(path)
	if err != nil {
		return Contents{}, err
	}
	var found Contents
	folder := Folder{path: path, now: time.Now}
	for _, name := range names {
		switch {
		case strings.HasSuffix(name, brokenSuffix),
			strings.HasSuffix(name, suffix+tempSuffix) && folder.age(name) >= settleTime:
			found.Broken = append(found.Broken, name)
		case isEntry(name):
			p, _, err := folder.load(name)
			switch {
			case errors.Is(err, fs.ErrNotExist): // it has been recorded just now
			case err != nil:
				found.Broken = append(found.Broken, name)
			default:
				found.Waiting++
				if found.Since.IsZero() || p.ReceivedAt.Before(found.Since) {
					found.Since = p.ReceivedAt
				}
			}
		}
	}
	slices.Sort(found.Broken)
	return found, nil
}

// Usable returns why pushes cannot be kept in the folder at path, or why others can read
// them, or nil. The folder may be missing: it is made when it is needed.
func Usable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := writable(filepath.Dir(path)); err != nil {
			return fmt.Errorf("spool.path: %s cannot be made: %w", path, err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("spool.path: %w", err)
	case !info.IsDir():
		return fmt.Errorf("spool.path: %s is no folder", path)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("spool.path: %s has mode %04o, so that other users of the machine have access: chmod 0700", path, info.Mode().Perm())
	}
	if err := writable(path); err != nil {
		return fmt.Errorf("spool.path: %w", err)
	}
	return nil
}

// writable returns why no file can be made in a folder, or nil.
func writable(folder string) error {
	const writeAndSearch = 3 // W_OK and X_OK of access(2)
	if err := syscall.Access(folder, writeAndSearch); err != nil {
		return fmt.Errorf("the folder %s: %w", folder, err)
	}
	return nil
}
