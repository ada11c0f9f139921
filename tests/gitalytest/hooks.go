package gitalytest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"gatehouse/adapters/gitaly/gitalypb"
)

// Push is an update of refs: one that UserCommitFiles makes, or one over HTTP.
type Push struct {
	Repository *gitalypb.Repository
	User       *gitalypb.User
	// Protocol is what Gitaly tells the hooks: "web" or "http".
	Protocol string
	// Changes are lines of the hooks: the old and the new object and the full ref.
	Changes []string
	// Options are the push options.
	Options []string
	// ObjectDirectory is where the new objects wait while the push is judged, and
	// AlternateObjectDirectories where the others are; relative to the repository.
	ObjectDirectory            string
	AlternateObjectDirectories []string
}

// Hooks are called for a push.
type Hooks struct {
	// PreReceive judges the push before it is made; an error refuses it with its text.
	PreReceive func(Push) error
	// PostReceive follows the push. What it returns is printed to the client.
	PostReceive func(Push) string
}

// CallHooks has every later push call the hooks.
func (s *Server) CallHooks(h Hooks) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.hooks = h
}

// hookScript asks the server over two pipes, and exits as it answers.
const hookScript = `#!/bin/sh
{
	printf '%s\n' "${0##*/}" "$GIT_OBJECT_DIRECTORY" "$GIT_ALTERNATE_OBJECT_DIRECTORIES" "${GIT_PUSH_OPTION_COUNT:-0}"
	i=0
	while [ "$i" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
		eval "printf '%s\n' \"\$GIT_PUSH_OPTION_$i\""
		i=$((i + 1))
	done
	while read -r line; do printf '%s\n' "$line"; done
	echo end
} >"$GITALYTEST_PIPES/question"
{
	read -r code
	while read -r line && [ "$line" != end ]; do printf '%s\n' "$line" >&2; done
} <"$GITALYTEST_PIPES/answer"
exit "$code"
`

// hookPipes are where the hooks of one push ask.
type hookPipes struct {
	folder           string
	question, answer *os.File
}

func newHookPipes() (p hookPipes, err error) {
	if p.folder, err = os.MkdirTemp("", "hooks"); err != nil {
		return p, err
	}
	open := func(name string) (*os.File, error) {
		path := filepath.Join(p.folder, name)
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			return nil, err
		}
		// Open for both, it waits for no other end; close ends reading.
		return os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	}
	if p.question, err = open("question"); err == nil {
		p.answer, err = open("answer")
	}
	if err != nil {
		p.close()
	}
	return p, err
}

func (p hookPipes) close() {
	_, _, _ = p.question.Close(), p.answer.Close(), os.RemoveAll(p.folder)
}

// environment tells the scripts where to ask.
func (p hookPipes) environment() []string { return []string{"GITALYTEST_PIPES=" + p.folder} }

// answerHooks answers the scripts until the pipes are closed.
func (s *Server) answerHooks(p hookPipes, push Push, path string) {
	lines := bufio.NewScanner(p.question)
	for lines.Scan() {
		hook := lines.Text()
		asked, err := readPush(lines, push, path)
		if err != nil {
			return
		}
		code := 0
		text, err := s.callHook(hook, asked)
		if err != nil {
			code, text = 1, fmt.Sprintf("GitLab: %v\n", err)
		}
		if _, err := fmt.Fprintf(p.answer, "%d\n%send\n", code, text); err != nil {
			return
		}
	}
}

// readPush reads what a script says behind its name.
func readPush(lines *bufio.Scanner, push Push, path string) (Push, error) {
	next := func() string {
		lines.Scan()
		return lines.Text()
	}
	push.ObjectDirectory = relative(path, next()) // empty for a push without objects
	for alternate := range strings.FieldsFuncSeq(next(), func(c rune) bool { return c == ':' }) {
		push.AlternateObjectDirectories = append(push.AlternateObjectDirectories, relative(path, alternate))
	}
	options, err := strconv.Atoi(next())
	if err != nil {
		return push, errors.Join(err, io.ErrUnexpectedEOF)
	}
	for range options {
		push.Options = append(push.Options, next())
	}
	for line := next(); line != "end"; line = next() {
		if line == "" {
			return push, io.ErrUnexpectedEOF
		}
		push.Changes = append(push.Changes, line)
	}
	return push, nil
}

// relative returns a path of git's as Gitaly names it.
func relative(repository, path string) string {
	if path == "" {
		return ""
	}
	if !filepath.IsAbs(path) {
		return filepath.ToSlash(filepath.Clean(path))
	}
	inside, err := filepath.Rel(repository, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(inside)
}

// callHook calls a hook. While the push is judged, calls that name its objects see them.
func (s *Server) callHook(hook string, push Push) (text string, err error) {
	s.mutex.Lock()
	hooks := s.hooks
	s.mutex.Unlock()
	if hook == "post-receive" {
		if hooks.PostReceive != nil {
			text = hooks.PostReceive(push)
		}
		return text, nil
	}
	if hooks.PreReceive == nil {
		return "", nil
	}
	key, ids := push.Repository.GetRelativePath()+"\x00"+push.ObjectDirectory, []string{}
	for _, change := range push.Changes {
		if fields := strings.Fields(change); len(fields) == 3 && strings.Trim(fields[1], "0") != "" {
			ids = append(ids, fields[1])
		}
	}
	s.setIncoming(key, ids)
	defer s.setIncoming(key, nil)
	return "", hooks.PreReceive(push)
}

func (s *Server) setIncoming(key string, ids []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.incoming[key] = ids; ids == nil {
		delete(s.incoming, key)
	}
}

// receive runs a push in a repository on disk.
func (s *Server) receive(ctx context.Context, push Push, path string, in io.Reader, out io.Writer, environment, options []string) error {
	pipes, err := newHookPipes()
	if err != nil {
		return err
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		s.answerHooks(pipes, push, path)
	}()
	defer func() {
		pipes.close()
		<-answered
	}()
	arguments := append(options, "-c", "core.hooksPath="+s.path("hooks"), "-c", "receive.advertisePushOptions=true",
		"receive-pack", "--stateless-rpc", path)
	return serve(ctx, append(pipes.environment(), environment...), in, out, arguments...)
}
