// Package secretfile reads the secrets that callers and this server share, from the
// current file and from files of previous secrets, and follows them as they change.
package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"gatehouse/application"
)

// interval is the time between two looks at the files.
const interval = time.Second

var errBlank = errors.New("it is empty; write a secret into it, or remove it to get a new one")

// Set keeps the secrets of some files and follows the files as they change. It
// is safe for concurrent use.
type Set struct {
	clock  application.Clock
	failed func(error)

	mu      sync.Mutex
	next    time.Time
	files   []*file
	secrets [][]byte
}

// Open reads the files: first that of the current secret, then those of previous
// secrets that are still accepted. It fails if a file does not exist or is blank. If a
// file later disappears or turns blank, its last good secret stays and Set calls
// failed once, with an error that holds no secret. The function failed must not call
// the Set.
func Open(clock application.Clock, failed func(error), paths ...string) (*Set, error) {
	return open(clock, failed, func([]byte) error { return nil }, paths...)
}

// open is Open with a check of the content of each file.
func open(clock application.Clock, failed func(error), check func([]byte) error, paths ...string) (*Set, error) {
	s := &Set{clock: clock, failed: failed, next: clock().Add(interval)}
	var errs []error
	for _, path := range paths {
		f := &file{path: path, check: check}
		_, err := f.refresh()
		errs = append(errs, err)
		s.files = append(s.files, f)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s.secrets = candidates(s.files)
	return s, nil
}

// Secrets returns, file by file, the content without the white space around it,
// and then the content as it is if that differs: old clients do not trim. It
// looks at the files at most once a second. The result is not to be modified.
func (s *Set) Secrets() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.clock(); !now.Before(s.next) {
		s.next = now.Add(interval)
		s.reload()
	}
	return s.secrets
}

func (s *Set) reload() {
	changed := false
	for _, f := range s.files {
		read, err := f.refresh()
		if err != nil && !f.failing {
			s.failed(err)
		}
		f.failing = err != nil
		changed = changed || read
	}
	if changed {
		s.secrets = candidates(s.files)
	}
}

func candidates(files []*file) [][]byte {
	var secrets [][]byte
	for _, f := range files {
		trimmed := bytes.TrimSpace(f.content)
		secrets = append(secrets, trimmed)
		if len(trimmed) != len(f.content) {
			secrets = append(secrets, f.content)
		}
	}
	return secrets
}

// file is a path and the content that was last read from it.
type file struct {
	path    string
	check   func([]byte) error
	info    fs.FileInfo
	content []byte
	failing bool
}

// refresh reads the file if it has changed, and reports whether it did. After an error
// the content is still the last good one.
func (f *file) refresh() (bool, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return false, fmt.Errorf("secret file: %w", err)
	}
	if f.info != nil && same(f.info, info) {
		return false, nil
	}
	content, err := os.ReadFile(f.path)
	if err != nil {
		return false, fmt.Errorf("secret file: %w", err)
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return false, fmt.Errorf("secret file %q: %w", f.path, errBlank)
	}
	if err := f.check(content); err != nil {
		return false, fmt.Errorf("secret file %q: %w", f.path, err)
	}
	f.info, f.content = info, content
	return true, nil
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
