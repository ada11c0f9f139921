package gitalytest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
)

// RequireGit skips a test on a machine without git, unless that is a runner of CI.
func RequireGit(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
}

// KeepOnDisk has the repositories live in the folder, as bare repositories at their
// relative paths, from now on. Git over HTTP needs it. What Put returns is a copy then,
// whose changes have no effect, and UserCommitFiles is refused. Commits have no Files. The
// folder has to be older than the call: the server stops before a folder of t.TempDir is
// removed.
func (s *Server) KeepOnDisk(t testing.TB, folder string) {
	t.Helper()
	RequireGit(t)
	folder, err := filepath.EvalSymlinks(folder) // as git names it
	if err != nil {
		t.Fatal(err)
	}
	hooks := filepath.Join(folder, "hooks")
	for name, script := range map[string]string{"pre-receive": hookScript, "post-receive": hookScript} {
		if err := os.MkdirAll(hooks, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(hooks, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.folder = folder
	t.Cleanup(func() {
		s.mutex.Lock()
		s.closed = true
		s.mutex.Unlock()
		s.Stop()
		s.transfers.Wait()
	})
}

// path returns where the repository lives; empty in memory.
func (s *Server) path(relativePath string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.folder == "" {
		return ""
	}
	return filepath.Join(s.folder, filepath.FromSlash(relativePath))
}

// command is a git that ends with ctx, together with all that it starts. Only what the
// test sets is its configuration.
func command(ctx context.Context, environment []string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "safe.directory=*"}, arguments...)...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
	}, environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// run returns what a git prints.
func run(environment []string, arguments ...string) (string, error) {
	var stderr bytes.Buffer
	cmd := command(context.Background(), environment, arguments...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(arguments, " "), err, stderr.Bytes())
	}
	return string(out), nil
}

// serve runs a git between two streams, and ends with ctx.
func serve(ctx context.Context, environment []string, in io.Reader, out io.Writer, arguments ...string) error {
	var stderr bytes.Buffer
	cmd := command(ctx, environment, arguments...)
	cmd.Stdout, cmd.Stderr = out, &stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { // it ends with the stream at the latest, for which git does not wait
		_, _ = io.Copy(input, in)
		_ = input.Close()
	}()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("git: %w: %s", err, stderr.Bytes())
	}
	return nil
}

// initialize makes a repository on disk.
func initialize(path, branch string, format gitalypb.ObjectFormat) error {
	arguments := []string{"init", "--quiet", "--bare", "--template=", "--initial-branch=" + branch}
	if format == gitalypb.ObjectFormat_OBJECT_FORMAT_SHA256 {
		arguments = append(arguments, "--object-format=sha256")
	}
	_, err := run(nil, append(arguments, path)...)
	return err
}

// putOnDisk returns the repository, a new one if it is missing.
func (s *Server) putOnDisk(relativePath, path string) *Repository {
	if !exists(path) {
		if err := initialize(path, "main", gitalypb.ObjectFormat_OBJECT_FORMAT_UNSPECIFIED); err != nil {
			panic(err) // a test cannot go on without
		}
	}
	r, err := s.load(&gitalypb.Repository{StorageName: s.Storage, RelativePath: relativePath})
	if err != nil {
		panic(err)
	}
	return r
}

// changeOnDisk writes HEAD, which alone a change of calls can differ in.
func changeOnDisk(path string, change func(*Repository)) {
	r := newRepository()
	if change(r); exists(path) {
		_, _ = run(nil, "-C", path, "symbolic-ref", "HEAD", r.Head)
	}
}

// exists returns whether a repository is on disk.
func exists(path string) bool {
	_, err := os.Stat(filepath.Join(path, "HEAD"))
	return err == nil
}

// load reads a repository from disk, with the objects of a push if the call names some.
func (s *Server) load(m *gitalypb.Repository) (*Repository, error) {
	path := s.path(m.GetRelativePath())
	if !exists(path) {
		return nil, status.Error(codes.NotFound, "repository not found")
	}
	var environment []string
	if directory := m.GetGitObjectDirectory(); directory != "" {
		var alternates []string
		for _, alternate := range m.GetGitAlternateObjectDirectories() {
			alternates = append(alternates, filepath.Join(path, alternate))
		}
		environment = []string{"GIT_OBJECT_DIRECTORY=" + filepath.Join(path, directory), "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + strings.Join(alternates, ":")}
	}
	s.mutex.Lock()
	incoming := s.incoming[m.GetRelativePath()+"\x00"+m.GetGitObjectDirectory()]
	s.mutex.Unlock()
	r, err := read(path, environment, incoming)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return r, nil
}

func read(path string, environment, incoming []string) (*Repository, error) {
	r := newRepository()
	head, err := run(environment, "-C", path, "symbolic-ref", "HEAD")
	if err != nil {
		return nil, err
	}
	r.Head = strings.TrimSpace(head)
	refs, err := run(environment, "-C", path, "for-each-ref", "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)%00%(contents)%00")
	if err != nil {
		return nil, err
	}
	for fields := strings.Split(refs, "\x00"); len(fields) >= 5; fields = fields[5:] {
		name, id := strings.TrimPrefix(fields[0], "\n"), fields[1]
		r.Refs[name] = id
		if fields[2] == "tag" {
			r.Tags[id] = Tag{Target: fields[3], Message: fields[4]}
		}
	}
	log, err := run(environment, append([]string{
		"-C", path, "log", "--all", "--ignore-missing", "-z", "--root", "--no-renames", "--diff-merges=first-parent", "--name-status",
		"--format=%x01%H%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%cI%x00%B%x00",
	}, incoming...)...)
	if err != nil {
		return nil, err
	}
	for text := range strings.SplitSeq(strings.TrimPrefix(log, "\x01"), "\x01") {
		if fields := strings.Split(text, "\x00"); len(fields) > 8 {
			r.Commits[fields[0]] = parseCommit(fields[1:8], fields[8:])
		}
	}
	return r, nil
}

// parseCommit makes a commit of what git prints of it.
func parseCommit(fields, changes []string) Commit {
	at, _ := time.Parse(time.RFC3339, fields[5])
	c := Commit{
		Parents: strings.Fields(fields[0]), Author: fields[1], Email: fields[2], Committer: fields[3], CommitterEmail: fields[4],
		At: at, Zone: at.Format("-0700"), Message: fields[6],
	}
	var status string
	for _, field := range changes {
		field = strings.TrimPrefix(field, "\n")
		switch {
		case field == "":
		case status == "":
			status = field
		default:
			switch status {
			case "A":
				c.Added = append(c.Added, field)
			case "D":
				c.Removed = append(c.Removed, field)
			default:
				c.Modified = append(c.Modified, field)
			}
			status = ""
		}
	}
	return c
}
