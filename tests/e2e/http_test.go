package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gatehouse/domain/source"
	"gatehouse/tests/gitclient"
	"gatehouse/tests/servertest"
)

// TestHTTP plays what git does over HTTP at a real Gitaly.
func TestHTTP(t *testing.T) {
	t.Parallel()
	for _, scenario := range gitclient.Scenarios {
		t.Run(scenario.Name, func(t *testing.T) {
			onHTTP(t, func(t *testing.T, _ *site, h *gitclient.Host) { scenario.Play(h) })
		})
	}
}

// onHTTP runs a test on each database at a new site with gitclient.World.
func onHTTP(t *testing.T, test func(t *testing.T, s *site, h *gitclient.Host)) {
	t.Parallel()
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			s := prepare(t)
			s.world = gitclient.World
			s.open(t, database)
			test(t, s, gitclient.New(t, s.url, s.git))
		})
	}
}

// A clone of so many files of that size takes a while.
const largeFiles, largeFile = 200, 1 << 20

// TestHTTP_gitalyKilled kills Gitaly in the middle of a clone and of a push. Git sees both
// fail, and both work once Gitaly runs again.
func TestHTTP_gitalyKilled(t *testing.T) { onHTTP(t, gitalyKilled) }

func gitalyKilled(t *testing.T, s *site, h *gitclient.Host) {
	folder := h.Push("acme/cli")
	for i := range largeFiles { // so many that git keeps them in a pack
		h.Write(folder, fmt.Sprint("large-", i), largeFile)
	}
	h.Must("", folder, "add", ".")
	h.Must("", folder, "commit", "--quiet", "--message", "Add much")
	relative := filepath.Join(s.path("repositories"), source.Project{ID: 42}.RelativePath(source.Code))
	killWhile(t, s, filepath.Join(relative, "objects", "tmp_objdir-incoming-*", "pack", "tmp_pack_*"), func() {
		out, err := h.Try(gitclient.Maint, folder, "push", "origin", "main")
		if err == nil {
			t.Errorf("the push succeeded:\n%s", out)
		}
		t.Logf("push:\n%s", tail(out))
	})
	h.Must(gitclient.Maint, folder, "push", "origin", "main")
	killWhile(t, s, h.Path("clone", ".git", "objects", "pack", "tmp_pack_*"), func() {
		out, err := h.Try(gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), "clone")
		if err == nil {
			t.Errorf("the clone succeeded:\n%s", out)
		}
		t.Logf("clone:\n%s", tail(out))
	})
	h.Must(gitclient.Dev, "", "clone", "--quiet", h.Remote("acme/cli.git"), "again")
	if got, want := h.Head("again", "HEAD"), h.Head(folder, "HEAD"); got != want {
		t.Errorf("got the commit %s, want %s", got, want)
	}
}

func tail(text string) string { return text[max(0, len(text)-600):] }

// killWhile kills Gitaly once a file of the pattern has a megabyte, while do runs, and starts
// it again.
func killWhile(t *testing.T, s *site, pattern string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	servertest.Await(t, pattern, func() bool {
		found, _ := filepath.Glob(pattern)
		for _, name := range found {
			if info, err := os.Stat(name); err == nil && info.Size() > 1<<20 {
				return true
			}
		}
		select {
		case <-done:
			t.Fatal("the transfer ended too early")
		default:
		}
		return false
	})
	_ = s.gitaly.Process.Kill()
	_ = s.gitaly.Wait()
	<-done
	s.startGitaly(t)
}

// TestHTTP_manyClones clones a hundred times at once.
func TestHTTP_manyClones(t *testing.T) { onHTTP(t, manyClones) }

func manyClones(t *testing.T, _ *site, h *gitclient.Host) {
	folder := h.Push("acme/cli")
	h.Commit(folder, "large", 4<<20)
	h.Must(gitclient.Maint, folder, "push", "origin", "main")
	want := h.Head(folder, "HEAD")
	began := time.Now()
	var clones sync.WaitGroup
	for i := range 100 {
		clones.Go(func() {
			name := fmt.Sprintf("clone-%d", i)
			if out, err := h.Try(gitclient.Dev, "", "clone", "--bare", h.Remote("acme/cli.git"), name); err != nil {
				t.Errorf("clone: %v\n%s", err, tail(out))
			}
		})
	}
	clones.Wait()
	t.Logf("100 clones of 4 MiB took %v", time.Since(began).Round(time.Millisecond))
	names, err := filepath.Glob(h.Path("clone-*"))
	if err != nil || len(names) != 100 {
		t.Fatalf("got %d clones, %v", len(names), err)
	}
	for _, name := range names {
		if got := h.Head(filepath.Base(name), "HEAD"); got != want {
			t.Errorf("%s: got the commit %s, want %s", name, got, want)
		}
	}
}
