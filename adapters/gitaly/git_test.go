package gitaly_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"gatehouse/adapters/gitaly"
	"gatehouse/application/gitaccess"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// git runs git in a folder and returns what it prints. The test fails if it does.
func git(t *testing.T, folder string, arguments ...string) string {
	t.Helper()
	out, err := tryGit(t, folder, arguments...)
	if err != nil {
		t.Fatalf("git %s: %v: %s", strings.Join(arguments, " "), err, out)
	}
	return out
}

func tryGit(t *testing.T, folder string, arguments ...string) (string, error) {
	cmd := exec.CommandContext(t.Context(), "git", arguments...)
	cmd.Dir = folder
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + folder, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Dev", "GIT_AUTHOR_EMAIL=dev@example.com", "GIT_COMMITTER_NAME=Dev", "GIT_COMMITTER_EMAIL=dev@example.com",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// onDisk is a Gitaly whose repository of cli lives in folder.
type onDisk struct {
	*gitalytest.Server
	folder, work string
	// commit is where main is.
	commit string
}

// started keeps the repository of cli on disk: a commit with a file of that many bytes,
// which do not compress.
func started(t *testing.T, s *gitalytest.Server, size int) onDisk {
	t.Helper()
	folder, work := t.TempDir(), t.TempDir()
	s.KeepOnDisk(t, folder)
	s.Put(cli.RelativePath(source.Code))
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content)
	if err := os.WriteFile(filepath.Join(work, "file"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	d := onDisk{Server: s, folder: filepath.Join(folder, cli.RelativePath(source.Code)), work: work}
	git(t, work, "init", "--quiet", "--initial-branch=main")
	git(t, work, "add", "file")
	git(t, work, "commit", "--quiet", "--message=One")
	git(t, work, "push", "--quiet", d.folder, "main")
	d.commit = strings.TrimSpace(git(t, work, "rev-parse", "HEAD"))
	return d
}

// transferOf is one by dev.
func transferOf(command source.Command) gitaccess.Transfer {
	return gitaccess.Transfer{Location: place("default"), ProjectPath: "acme/cli", Command: command, Actor: identity.Actor{User: dev}}
}

// packet is a line of Git's protocol.
func packet(line string) string { return fmt.Sprintf("%04x%s", len(line)+4, line) }

// wantAll is the request of a client that has nothing.
func (d onDisk) wantAll() string {
	return packet("want "+d.commit+" no-progress\n") + "0000" + packet("done\n")
}

// overHTTP serves a client to git, and returns the URL of cli.
func overHTTP(t *testing.T, c *gitaly.Client) (url string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cli.git/info/refs", func(w http.ResponseWriter, r *http.Request) {
		command := r.URL.Query().Get("service")
		w.Header().Set("Content-Type", "application/x-"+command+"-advertisement")
		transfer := transferOf(source.Command(command))
		transfer.Version = r.Header.Get("Git-Protocol")
		if err := c.InfoRefs(r.Context(), transfer, w); err != nil {
			t.Error(err)
		}
	})
	post := func(command source.Command, move func(context.Context, gitaccess.Transfer, io.Reader, io.Writer) error) {
		mux.HandleFunc("POST /cli.git/"+string(command), func(w http.ResponseWriter, r *http.Request) {
			transfer := transferOf(command)
			transfer.Version = r.Header.Get("Git-Protocol")
			w.Header().Set("Content-Type", "application/x-"+string(command)+"-result")
			body := io.Reader(r.Body)
			if r.Header.Get("Content-Encoding") == "gzip" {
				body, _ = gzip.NewReader(r.Body)
			}
			_ = http.NewResponseController(w).EnableFullDuplex()
			if err := move(r.Context(), transfer, body, w); err != nil {
				t.Error(err)
			}
		})
	}
	post(source.UploadPack, func(ctx context.Context, t gitaccess.Transfer, r io.Reader, w io.Writer) error {
		_, err := c.UploadPack(ctx, t, r, w)
		return err
	})
	post(source.ReceivePack, c.ReceivePack)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/cli.git"
}
