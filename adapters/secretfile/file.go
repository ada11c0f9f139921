package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unicode/utf8"

	"go.uber.org/zap"
)

var errBlank = errors.New("it is empty")

// file is a secret file and what was last read from it.
type file struct {
	File
	check func([]byte) error

	info    fs.FileInfo
	content []byte
	err     error  // why the content cannot be used
	warned  string // the weakness that the log has
}

// read reads the file if it has changed, and sets err. It logs a weakness that
// strict does not refuse, once for as long as it lasts.
func (f *file) read(strict bool, log *zap.Logger) {
	if f.Path == "" {
		return
	}
	var weakness error
	weakness, f.err = f.look()
	switch {
	case f.err != nil, weakness == nil:
		f.warned = ""
	case strict:
		f.err = f.problem(weakness)
	case weakness.Error() != f.warned:
		f.warned = weakness.Error()
		log.Warn("a secret is weak", append(f.fields(), zap.Error(weakness))...)
	}
}

// look updates info and content, and returns why the secret is weak.
func (f *file) look() (weakness, err error) {
	info, err := os.Stat(f.Path)
	if err != nil {
		return nil, f.problem(cause(err))
	}
	if f.info == nil || !same(f.info, info) {
		if f.content, err = os.ReadFile(f.Path); err != nil {
			f.info = nil
			return nil, f.problem(cause(err))
		}
		f.info = info
	}
	secret := bytes.TrimSpace(f.content)
	if len(secret) == 0 {
		return nil, f.problem(errBlank)
	}
	if f.check != nil {
		if err := f.check(f.content); err != nil {
			return nil, f.problem(err)
		}
	}
	return weaknessOf(info, secret), nil
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// cause returns an error of the system without the path, which problem adds.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// Inspect reads a secret file as Open does. It returns why the secret is weak, or
// nil, and why it cannot be used, or nil. The function check may be nil.
func Inspect(path string, check func(content []byte) error) (weakness, err error) {
	f := file{File: File{Path: path}, check: check}
	if weakness, err = f.look(); weakness != nil {
		weakness = f.problem(weakness)
	}
	return weakness, err
}

// minLength is how many characters a secret has that is not weak.
const minLength = 16

var errShort = fmt.Errorf("it is shorter than %d characters", minLength)

// weaknessOf returns in one line why a secret is weak, or nil.
func weaknessOf(info fs.FileInfo, secret []byte) error {
	open := openToAll(info)
	switch {
	case utf8.RuneCount(secret) >= minLength:
		return open
	case open == nil:
		return errShort
	default:
		return fmt.Errorf("%w, and %w", errShort, open)
	}
}

// others are the permissions of users who are neither the owner nor in the group.
const others fs.FileMode = 0o007

func openToAll(info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&others != 0 {
		return fmt.Errorf("every user of this machine has access to it (mode %04o); chmod o= it", mode)
	}
	return nil
}

// OpenToAll returns that every user of this machine has access to a file, or nil.
func OpenToAll(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := openToAll(info); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
