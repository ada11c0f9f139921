// Package secretfile reads the secrets that callers and this server share, from the
// current file and from that of a previous secret, and follows them as they change.
package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application"
)

// interval is the time between two looks at the files.
const interval = time.Second

// File is a secret file, and the setting that names it. Path is empty for none.
type File struct{ Setting, Path string }

// Rules say which secrets a Set takes.
type Rules struct {
	// Strict refuses weak secrets. Without it a Set logs a warning about each.
	Strict bool
	// Content returns why the content of the current file cannot be used, or nil.
	Content func(content []byte) error
	// Together returns why a current secret cannot be used with a previous one, which
	// may be nil, or returns nil. While it returns ErrUndecided nothing changes and
	// nothing is logged. It must not call the Set.
	Together func(current, previous []byte) error
}

// ErrUndecided says that only the next look can tell whether two secrets fit together.
var ErrUndecided = errors.New("it is not known yet whether the secrets fit together")

// Set keeps the secret of a file, and that of a file of a previous secret, and
// follows both files as they change. It is safe for concurrent use.
type Set struct {
	rules Rules
	clock application.Clock
	log   *zap.Logger

	mu                sync.Mutex
	next              time.Time
	current, previous *file
	live              pair
	secrets           [][]byte
	reported          string // the last problem in the log
}

// pair is the contents of both files; previous is nil for none.
type pair struct{ current, previous []byte }

// Open reads the files. It fails if the current file does not exist, is blank or
// breaks a rule. A previous file that does not exist or is blank is a warning in the
// log, and every other problem with it an error.
//
// If the current file later has one of these problems, its last good secret stays in
// use. If the previous file has one, its secret is out until the file is good again.
// If both are good but do not fit together, nothing changes. The log has one line
// about each of these.
func Open(current, previous File, rules Rules, clock application.Clock, log *zap.Logger) (*Set, error) {
	s := &Set{
		rules: rules, clock: clock, log: log, next: clock().Add(interval),
		current: &file{File: current, check: rules.Content}, previous: &file{File: previous},
	}
	next := s.read()
	if err := errors.Join(s.current.err, unlessAbsent(s.previous.err)); err != nil {
		return nil, err
	}
	if err := s.mismatch(next); err != nil {
		return nil, err
	}
	s.use(next)
	if s.previous.err != nil {
		log.Warn("there is no previous secret", zap.Error(s.previous.err))
	}
	return s, nil
}

// unlessAbsent returns err unless it says that there is no secret.
func unlessAbsent(err error) error {
	if IsAbsent(err) {
		return nil
	}
	return err
}

// IsAbsent says whether an error is that a file does not exist or is blank.
func IsAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errBlank) }

// Secrets returns, file by file, the content without the white space around it,
// and then the content as it is if that differs: old clients do not trim. It
// looks at the files at most once a second. The result is not to be modified.
func (s *Set) Secrets() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow()
	return s.secrets
}

// Pair returns the current secret and the previous one, or nil, without the white
// space around them. It looks at the files like Secrets.
func (s *Set) Pair() (current, previous []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow()
	return bytes.TrimSpace(s.live.current), bytes.TrimSpace(s.live.previous)
}

// Reload reads the files now, even if they seem not to have changed.
func (s *Set) Reload() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current.info, s.previous.info, s.next = nil, nil, time.Time{}
	s.follow()
}

// follow takes over what has changed in the files, if it is time to look.
func (s *Set) follow() {
	now := s.clock()
	if now.Before(s.next) {
		return
	}
	s.next = now.Add(interval)
	next := s.read()
	problem, mismatch := s.current.err, s.mismatch(next)
	if errors.Is(mismatch, ErrUndecided) {
		return
	}
	if mismatch != nil {
		problem = errors.Join(problem, mismatch, s.previous.err)
	} else {
		s.announce(next)
		s.use(next)
	}
	s.report(problem)
}

// read returns the contents to use: the last good one of the current file, and that
// of the previous file if it is good now.
func (s *Set) read() pair {
	next := s.live
	if s.current.read(s.rules.Strict, s.log); s.current.err == nil {
		next.current = s.current.content
	}
	next.previous = nil
	if s.previous.read(s.rules.Strict, s.log); s.previous.err == nil {
		next.previous = s.previous.content
	}
	return next
}

// mismatch returns why the contents cannot be used together, or nil.
func (s *Set) mismatch(next pair) error {
	if s.rules.Together == nil {
		return nil
	}
	return s.rules.Together(bytes.TrimSpace(next.current), bytes.TrimSpace(next.previous))
}

func (s *Set) use(next pair) {
	s.live, s.secrets = next, nil
	for _, content := range [][]byte{next.current, next.previous} {
		trimmed := bytes.TrimSpace(content)
		if len(trimmed) > 0 {
			s.secrets = append(s.secrets, trimmed)
		}
		if len(trimmed) != len(content) {
			s.secrets = append(s.secrets, content)
		}
	}
}

// announce logs what changes with the next contents.
func (s *Set) announce(next pair) {
	if !bytes.Equal(next.current, s.live.current) {
		s.log.Info("a changed secret is in use", s.current.fields()...)
	}
	switch {
	case bytes.Equal(next.previous, s.live.previous):
	case next.previous == nil:
		s.log.Warn("the previous secret is no longer accepted", append(s.previous.fields(), zap.Error(s.previous.err))...)
	default:
		s.log.Info("a changed previous secret is accepted", s.previous.fields()...)
	}
}

// report logs a problem with the current secret, once for as long as it lasts.
func (s *Set) report(problem error) {
	if problem == nil {
		s.reported = ""
		return
	}
	if text := problem.Error(); text != s.reported {
		s.reported = text
		s.log.Error("a changed secret cannot be used, so the one before stays in use", append(s.current.fields(), zap.Error(problem))...)
	}
}

func (f File) fields() []zap.Field {
	return []zap.Field{zap.String("setting", f.Setting), zap.String("file", f.Path)}
}

// problem adds the file, and its setting if it has one, to what is wrong with it.
func (f File) problem(err error) error {
	err = fmt.Errorf("secret file %q: %w", f.Path, err)
	if f.Setting != "" {
		err = fmt.Errorf("%s: %w", f.Setting, err)
	}
	return err
}
