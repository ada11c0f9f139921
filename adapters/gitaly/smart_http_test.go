package gitaly_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gitaly"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

// requests are those of Git over HTTP, with a body for the two that need one.
func requests(c *gitaly.Client, t gitaccess.Transfer, body string, w io.Writer) map[string]func(*testing.T) error {
	return map[string]func(*testing.T) error{
		"InfoRefs of a fetch": func(test *testing.T) error {
			t := t
			t.Command = source.UploadPack
			return c.InfoRefs(test.Context(), t, w)
		},
		"InfoRefs of a push": func(test *testing.T) error {
			t := t
			t.Command = source.ReceivePack
			return c.InfoRefs(test.Context(), t, w)
		},
		"UploadPack": func(test *testing.T) error {
			_, err := c.UploadPack(test.Context(), t, strings.NewReader(body), w)
			return err
		},
		"ReceivePack": func(test *testing.T) error { return c.ReceivePack(test.Context(), t, strings.NewReader(body), w) },
	}
}

func TestClient_smartHTTP_unknownStorage(t *testing.T) {
	t.Parallel()
	for name, request := range requests(connect(t, nil), gitaccess.Transfer{Location: place("default")}, "", io.Discard) {
		if err := request(t); !errors.Is(err, domain.Unavailable) || errors.Is(err, domain.NotFound) || !strings.Contains(err.Error(), `"default"`) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestClient_InfoRefs compares with what git itself prints.
func TestClient_InfoRefs(t *testing.T) {
	t.Parallel()
	d := started(t, gitalytest.Start(t), 10)
	c := client(t, d.Server)
	for _, command := range []source.Command{source.UploadPack, source.ReceivePack} {
		for _, version := range []string{"", "version=1", "version=2"} {
			transfer := transferOf(command)
			transfer.Version, transfer.Options = version, []string{"uploadpack.allowFilter=false"}
			var got bytes.Buffer
			if err := c.InfoRefs(t.Context(), transfer, &got); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "git", "-c", "safe.directory=*", "-c", "uploadpack.allowFilter=true", "-c", "uploadpack.allowAnySHA1InWant=true",
				"-c", "receive.advertisePushOptions=true", strings.TrimPrefix(string(command), "git-"), "--stateless-rpc", "--advertise-refs", d.folder)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_PROTOCOL=" + version}
			printed, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			want := packet("# service="+string(command)+"\n") + "0000" + string(printed)
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("%s of %q: -want +got %s", command, version, diff)
			}
		}
	}
}

// TestClient_git drives the client with a real git, at both kinds of address.
func TestClient_git(t *testing.T) {
	t.Parallel()
	socket, err := os.MkdirTemp("", "g") // the name of a socket cannot be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(socket) })
	for name, start := range map[string]func() *gitalytest.Server{
		"TCP":  func() *gitalytest.Server { return gitalytest.Start(t) },
		"Unix": func() *gitalytest.Server { return gitalytest.StartAt(t, filepath.Join(socket, "s")) },
	} {
		s := start()
		s.Secret = "secret"
		d := started(t, s, 3<<20)
		url := overHTTP(t, client(t, s))
		for _, version := range []string{"0", "1", "2"} {
			clone := t.TempDir()
			git(t, clone, "-c", "protocol.version="+version, "clone", "--quiet", url, "full")
			if got := strings.TrimSpace(git(t, filepath.Join(clone, "full"), "rev-parse", "HEAD")); got != d.commit {
				t.Errorf("%s, version %s: got %s, want %s", name, version, got, d.commit)
			}
			git(t, clone, "-c", "protocol.version="+version, "clone", "--quiet", "--depth=1", url, "shallow")
			git(t, clone, "-c", "protocol.version="+version, "clone", "--quiet", "--filter=blob:none", url, "partial")
		}
		pushed(t, d, url)
		refused(t, d, url)
	}
}

// pushed pushes 3 MiB, and hears from both hooks.
func pushed(t *testing.T, d onDisk, url string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.work, "more"), bytes.Repeat([]byte(d.commit), 1<<12), 0o600); err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(content)
	if err := os.WriteFile(filepath.Join(d.work, "file"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, d.work, "add", ".")
	git(t, d.work, "commit", "--quiet", "--message=Two")
	id := strings.TrimSpace(git(t, d.work, "rev-parse", "HEAD"))
	changes := []string{d.commit + " " + id + " refs/heads/main", strings.Repeat("0", 40) + " " + id + " refs/heads/feature"}
	var before, after []gitalytest.Push
	c := client(t, d.Server)
	d.CallHooks(gitalytest.Hooks{
		PreReceive: func(p gitalytest.Push) error {
			before = append(before, p)
			quarantine := gitaccess.Quarantine{ObjectDirectory: p.ObjectDirectory, AlternateObjectDirectories: p.AlternateObjectDirectories}
			in := place("default")
			in.Quarantine = quarantine
			got, err := c.Answers(t.Context(), in, []source.Question{ancestor(source.ObjectID(d.commit), source.ObjectID(id))})
			if want := ancestor(source.ObjectID(d.commit), source.ObjectID(id)); err != nil || got[want] != source.Yes {
				t.Errorf("ancestor in the quarantine: got %v, %v", got, err)
			}
			if _, _, err := c.History(t.Context(), cli, source.Span{To: id}, 1); err == nil {
				t.Error("the commit is seen outside of the quarantine")
			}
			return nil
		},
		PostReceive: func(p gitalytest.Push) string { after = append(after, p); return "" },
	})
	git(t, d.work, "push", "--quiet", "--push-option=ci.skip", "--push-option=title=a  \"b\" $c", url, "main", "main:feature")
	if len(before) != 1 || len(after) != 1 {
		t.Fatalf("got %d and %d pushes, want 1", len(before), len(after))
	}
	if !strings.HasPrefix(before[0].ObjectDirectory, "objects/") || !slices.Equal(before[0].AlternateObjectDirectories, []string{"objects"}) {
		t.Errorf("got the quarantine %q, %q", before[0].ObjectDirectory, before[0].AlternateObjectDirectories)
	}
	for _, p := range []gitalytest.Push{before[0], after[0]} {
		if p.User.GetGlId() != "user-7" || p.User.GetGlUsername() != "dev" || p.Protocol != "http" || p.Repository.GetGlRepository() != "project-42" {
			t.Errorf("got %+v", p)
		}
		if diff := cmp.Diff(changes, p.Changes); diff != "" {
			t.Errorf("changes: -want +got %s", diff)
		}
		if want := []string{"ci.skip", `title=a  "b" $c`}; !slices.Equal(p.Options, want) {
			t.Errorf("push options: got %q, want %q", p.Options, want)
		}
	}
	commits, _, err := c.History(t.Context(), cli, source.Span{To: id}, 10)
	if err != nil || len(commits) != 2 || commits[1].ID != source.ObjectID(id) || commits[1].Message != "Two\n" {
		t.Errorf("history: got %+v, %v", commits, err)
	}
}

// refused pushes what the hook refuses: the user reads why, and nothing changes.
func refused(t *testing.T, d onDisk, url string) {
	t.Helper()
	before := git(t, d.folder, "for-each-ref")
	d.CallHooks(gitalytest.Hooks{
		PreReceive:  func(gitalytest.Push) error { return errors.New("You are not allowed to push here.\nAsk Mia.") },
		PostReceive: func(gitalytest.Push) string { t.Error("post-receive of a refused push"); return "" },
	})
	out, err := tryGit(t, d.work, "push", url, "main:refused")
	for _, want := range []string{"remote: GitLab: You are not allowed to push here.", "remote: Ask Mia.", "[remote rejected] main -> refused (pre-receive hook declined)"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("got %v and %q, want %q", err, out, want)
		}
	}
	if after := git(t, d.folder, "for-each-ref"); after != before {
		t.Errorf("got the refs %s, want %s", after, before)
	}
}

// TestClient_UploadPack_stats returns what the client asked for.
func TestClient_UploadPack_stats(t *testing.T) {
	t.Parallel()
	d := started(t, gitalytest.Start(t), 1<<20)
	request := packet("want "+d.commit+" no-progress\n") + "0000" + packet("have "+one+"\n") + packet("have "+two+"\n") + packet("done\n")
	var got bytes.Buffer
	stats, err := client(t, d.Server).UploadPack(t.Context(), transferOf(source.UploadPack), strings.NewReader(request), &got)
	want := audit.Stats{Wants: 1, Haves: 2, PayloadSize: int64(len(request)) - 5*4}
	if err != nil || stats != want || got.Len() < 1<<20 {
		t.Errorf("got %+v, %v, and %d bytes, want %+v", stats, err, got.Len(), want)
	}
}

// TestClient_smartHTTP_call checks what a call tells Gitaly.
func TestClient_smartHTTP_call(t *testing.T) {
	t.Parallel()
	d := started(t, gitalytest.Start(t), 10)
	c := client(t, d.Server)
	transfer := transferOf(source.UploadPack)
	transfer.Address, transfer.CorrelationID, transfer.Version, transfer.Options = "192.0.2.1", "c-1", "version=1", []string{"uploadpack.hideRefs=refs/x"}
	for name, request := range requests(c, transfer, "0000", io.Discard) {
		if err := request(t); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	calls := d.Calls("InfoRefsUploadPack", "InfoRefsReceivePack", "PostUploadPackWithSidechannel", "PostReceivePack")
	if len(calls) != 4 {
		t.Fatalf("got %d calls", len(calls))
	}
	for _, call := range calls {
		for key, want := range map[string]string{
			"client_name": "gatehouse", "x-gitlab-correlation-id": "c-1", "user_id": "user-7", "username": "dev", "remote_ip": "192.0.2.1",
			"gitaly-route-repository-accessor-policy": "primary-only",
		} {
			if got := call.Metadata.Get(key); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: got %s %q, want %q", call.Method, key, got, want)
			}
		}
		if r := call.Repository; call.Left != 0 || r.GetGlProjectPath() != "acme/cli" || r.GetGlRepository() != "project-42" || r.GetRelativePath() != place("").RelativePath {
			t.Errorf("%s: got %v, %v left", call.Method, r, call.Left)
		}
		said := call.Request.(interface {
			GetGitProtocol() string
			GetGitConfigOptions() []string
		})
		options := transfer.Options
		if strings.HasPrefix(call.Method, "InfoRefs") {
			options = nil
		}
		if said.GetGitProtocol() != "version=1" || !slices.Equal(said.GetGitConfigOptions(), options) {
			t.Errorf("%s: got %v", call.Method, said)
		}
	}
}

// TestClient_smartHTTP_anonymous leaves out what is not known or cannot be sent.
func TestClient_smartHTTP_anonymous(t *testing.T) {
	t.Parallel()
	d := started(t, gitalytest.Start(t), 10)
	transfer := gitaccess.Transfer{Location: place("default"), Command: source.UploadPack, CorrelationID: "a\nb"}
	if err := client(t, d.Server).InfoRefs(t.Context(), transfer, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"x-gitlab-correlation-id", "user_id", "username", "remote_ip"} {
		if got := d.Calls("InfoRefsUploadPack")[0].Metadata.Get(key); got != nil {
			t.Errorf("got %s %q", key, got)
		}
	}
}

// TestClient_onDisk asks about repositories that live on disk.
func TestClient_onDisk(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	d := started(t, s, 10)
	c := client(t, s)
	if branch, err := c.DefaultBranch(t.Context(), cli); err != nil || branch != "main" {
		t.Errorf("got %q, %v", branch, err)
	}
	git(t, d.work, "tag", "--annotate", "--message=First", "v1")
	git(t, d.work, "push", "--quiet", d.folder, "v1", "main:next")
	if err := c.SetDefaultBranch(t.Context(), cli, "next"); err != nil {
		t.Error(err)
	}
	if branch, err := c.DefaultBranch(t.Context(), cli); err != nil || branch != "next" {
		t.Errorf("got %q, %v", branch, err)
	}
	if commit, err := c.Commit(t.Context(), cli, "v1"); err != nil || commit.ID != source.ObjectID(d.commit) {
		t.Errorf("got %+v, %v", commit, err)
	}
	other := source.Project{ID: 43, Path: "acme/other", Storage: "default", DefaultBranch: "trunk"}
	if err := c.Create(t.Context(), other, source.Code); err != nil {
		t.Error(err)
	}
	if filled, err := c.HasBranches(t.Context(), other); err != nil || filled {
		t.Errorf("got %v, %v", filled, err)
	}
	if head := s.Put(other.RelativePath(source.Code)).Head; head != "refs/heads/trunk" {
		t.Errorf("got %q", head)
	}
	if err := c.Remove(t.Context(), other, source.Code); err != nil || s.Has(other.RelativePath(source.Code)) {
		t.Errorf("got %v, and the repository is there: %v", err, s.Has(other.RelativePath(source.Code)))
	}
}
