package bench_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse/tests/gitalytest"
)

// clonedFile is the size in bytes of each file of the repository that is cloned.
const clonedFile = 1 << 20

// serveGitaly keeps the repositories in the folder of the task, and serves them at its socket
// until ctx ends.
func serveGitaly(ctx context.Context, t task) (err error) {
	owner := &taskTB{}
	defer owner.end()
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("gitaly: %v", failure)
		}
	}()
	gitalytest.StartAt(owner, t.Address).KeepOnDisk(owner, t.URL)
	<-ctx.Done()
	return ctx.Err()
}

// taskTB lets a process without tests start what ends with a test. A failure panics.
type taskTB struct {
	testing.TB
	ends []func()
}

// Helper implements testing.TB.
func (t *taskTB) Helper() {}

// Fatal implements testing.TB.
func (t *taskTB) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Skip implements testing.TB.
func (t *taskTB) Skip(args ...any) { panic(fmt.Sprint(args...)) }

// Cleanup implements testing.TB.
func (t *taskTB) Cleanup(end func()) { t.ends = append(t.ends, end) }

// end ends what was started, the last one first.
func (t *taskTB) end() {
	for i := range t.ends {
		t.ends[len(t.ends)-1-i]()
	}
}

// fillRepository makes a bare repository of one commit, with as many files of 1 MiB that do
// not compress, in one pack with a bitmap, so that git has little to do for a clone. It
// returns the commit.
func fillRepository(t testing.TB, path string, files int) (commit string) {
	t.Helper()
	git(t, nil, "init", "--quiet", "--bare", "--initial-branch=main", path)
	in, out := io.Pipe()
	go func() { out.CloseWithError(writeHistory(out, files)) }()
	git(t, in, "-C", path, "-c", "pack.compression=0", "fast-import", "--quiet")
	git(t, nil, "-C", path, "-c", "pack.compression=0", "-c", "pack.window=0", "repack", "-a", "-d", "-q", "--write-bitmap-index")
	return strings.TrimSpace(git(t, nil, "-C", path, "rev-parse", "main"))
}

// writeHistory writes a commit for git fast-import.
func writeHistory(to io.Writer, files int) error {
	w := bufio.NewWriter(to)
	fmt.Fprint(w, "commit refs/heads/main\ncommitter Dev <dev@example.com> 1700000000 +0000\ndata 3\nOne\n")
	noise, content := rand.NewChaCha8([32]byte{1}), make([]byte, clonedFile)
	for i := range files {
		_, _ = noise.Read(content) // it never fails
		fmt.Fprintf(w, "M 100644 inline files/%d\ndata %d\n%s\n", i, len(content), content)
	}
	return w.Flush()
}

// git runs git and returns what it prints.
func git(t testing.TB, in io.Reader, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", arguments...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1"}
	command.Stdin = in
	out, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("git %s: %v: %s", strings.Join(arguments, " "), err, failed.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// startGitaly starts a Gitaly with the repositories in a folder, and returns its address as
// in the settings.
func startGitaly(t testing.TB, folder string) (address string) {
	t.Helper()
	p := &process{name: "Gitaly", network: "unix", address: filepath.Join(t.TempDir(), "s")}
	p.startTask(t, task{Name: gitalyTask, URL: folder, Address: p.address})
	return "unix:" + p.address
}
