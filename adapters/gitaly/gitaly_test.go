package gitaly_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gitaly"
	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

const (
	one   = "1111111111111111111111111111111111111111"
	two   = "2222222222222222222222222222222222222222"
	three = "3333333333333333333333333333333333333333"
	four  = "4444444444444444444444444444444444444444"
)

var cli = source.Project{ID: 42, Path: "acme/cli", Storage: "default"}

// client is a client of servers, under the names of their storages.
func client(t *testing.T, servers ...*gitalytest.Server) *gitaly.Client {
	t.Helper()
	var storages []gitaccess.Storage
	for _, s := range servers {
		storages = append(storages, gitaccess.Storage{Name: s.Storage, Address: s.Address(), Token: s.Secret})
	}
	return connect(t, time.Now, storages...)
}

func connect(t *testing.T, now func() time.Time, storages ...gitaccess.Storage) *gitaly.Client {
	t.Helper()
	c, err := gitaly.New(storages, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// place is the code repository of cli.
func place(storage string) gitaccess.Location {
	return gitaccess.Location{
		Storage: gitaccess.Storage{Name: storage}, RelativePath: cli.RelativePath(source.Code),
		Repository: source.RepositoryID{Kind: source.Code, ID: 42},
	}
}

// filled has main at three, which is on two, which is on one.
func filled(s *gitalytest.Server) *gitalytest.Repository {
	r := s.Put(cli.RelativePath(source.Code))
	r.Commits[one], r.Commits[two], r.Commits[three] = gitalytest.Commit{}, gitalytest.Commit{Parents: []string{one}}, gitalytest.Commit{Parents: []string{two}}
	r.Refs["refs/heads/main"] = three
	return r
}

func ancestor(older, newer source.ObjectID) source.Question {
	return source.Question{About: source.Ancestor, Old: older, New: newer}
}

func TestClient_Answers(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	filled(s)
	want := map[source.Question]source.Answer{
		ancestor(one, three):                       source.Yes,
		ancestor(three, one):                       source.No,
		ancestor(one, four):                        source.No, // a commit that is not there
		{About: source.Existence}:                  source.Yes,
		{About: source.Branches}:                   source.Yes,
		{About: source.Default, Branch: "main"}:    source.Yes,
		{About: source.Default, Branch: "feature"}: source.No,
	}
	var questions []source.Question
	for q := range want {
		questions = append(questions, q)
	}
	got, err := client(t, s).Answers(t.Context(), place("default"), questions)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("got %v, -want +got %s", err, diff)
	}
	if n := len(s.Calls("FindDefaultBranchName")); n != 1 {
		t.Errorf("the default branch was asked for %d times", n)
	}
}

func TestClient_Answers_emptyRepository(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	c := client(t, s)
	branches, head, there := source.Question{About: source.Branches}, source.Question{About: source.Default, Branch: "main"}, source.Question{About: source.Existence}
	got, err := c.Answers(t.Context(), place("default"), []source.Question{there})
	if err != nil || got[there] != source.No {
		t.Errorf("got %v, %v of a repository that is not there", got, err)
	}
	r := s.Put(cli.RelativePath(source.Code))
	got, err = c.Answers(t.Context(), place("default"), []source.Question{there, branches, head})
	if err != nil || got[there] != source.Yes || got[branches] != source.No || got[head] != source.Unknown {
		t.Errorf("got %v, %v", got, err)
	}
	r.Refs["refs/heads/main"] = one
	for range 2 {
		got, err = c.Answers(t.Context(), place("default"), []source.Question{there, branches, head})
		if err != nil || got[there] != source.Yes || got[branches] != source.Yes || got[head] != source.Yes {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if got := [3]int{len(s.Calls("RepositoryExists")), len(s.Calls("HasLocalBranches")), len(s.Calls("FindDefaultBranchName"))}; got != [3]int{2, 2, 3} {
		t.Errorf("got %v calls: only a yes to the first two is kept in mind", got)
	}
}

func TestClient_Answers_forgetsInTime(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	filled(s)
	now := time.Now()
	c := connect(t, func() time.Time { return now }, gitaccess.Storage{Name: "default", Address: s.Address()})
	for _, passed := range []time.Duration{0, 9 * time.Minute, 2 * time.Minute} {
		now = now.Add(passed)
		if _, err := c.Answers(t.Context(), place("default"), []source.Question{{About: source.Existence}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.Calls("RepositoryExists")); n != 2 {
		t.Errorf("got %d calls, want one more after eleven minutes", n)
	}
}

func TestClient_Answers_quarantine(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	r := filled(s)
	r.Quarantined["objects/incoming-1"] = map[string]gitalytest.Commit{four: {Parents: []string{three}}}
	where := place("default")
	where.Quarantine = gitaccess.Quarantine{ObjectDirectory: "objects/incoming-1", AlternateObjectDirectories: []string{"objects"}}
	where.SnapshotPath = "+gitaly/snapshot/\x01"
	for _, c := range []struct {
		where gitaccess.Location
		want  source.Answer
	}{{where, source.Yes}, {place("default"), source.No}} {
		got, err := client(t, s).Answers(t.Context(), c.where, []source.Question{ancestor(three, four)})
		if err != nil || got[ancestor(three, four)] != c.want {
			t.Errorf("got %v, %v, want %v", got, err, c.want)
		}
	}
	calls := s.Calls("CommitIsAncestor")
	if got := calls[0].Metadata.Get("relative-path-bin"); len(got) != 1 || got[0] != where.SnapshotPath {
		t.Errorf("got the path %q", got)
	}
	if got := calls[1].Metadata.Get("relative-path-bin"); len(got) != 0 {
		t.Errorf("got the path %q where Gitaly named none", got)
	}
	if got := calls[0].Metadata.Get("gitaly-route-repository-accessor-policy"); len(got) != 1 || got[0] != "primary-only" {
		t.Errorf("got the policy %q", got)
	}
	if got := calls[0].Repository; got.GetGlRepository() != "project-42" || len(got.GetGitAlternateObjectDirectories()) != 1 || got.GetGitAlternateObjectDirectories()[0] != "objects" {
		t.Errorf("got the repository %v", got)
	}
}

func TestClient_token(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	s.Secret = "of both"
	filled(s)
	for secret, right := range map[string]bool{"of both": true, "another": false, "": false} {
		c := connect(t, time.Now, gitaccess.Storage{Name: "default", Address: s.Address(), Token: secret})
		_, err := c.Answers(t.Context(), place("default"), []source.Question{ancestor(one, two)})
		if right != (err == nil) {
			t.Errorf("%q: got %v", secret, err)
		}
		if secret != "" && err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
	past := connect(t, func() time.Time { return time.Now().Add(-time.Hour) }, gitaccess.Storage{Name: "default", Address: s.Address(), Token: s.Secret})
	if _, err := past.Answers(t.Context(), place("default"), []source.Question{ancestor(one, two)}); err == nil {
		t.Error("a token of an hour ago was taken: the clock has no effect")
	}
}

func TestClient_Answers_storages(t *testing.T) {
	t.Parallel()
	first, second := gitalytest.Start(t), gitalytest.Start(t)
	second.Storage = "second"
	filled(second)
	c := client(t, first, second)
	if got, err := c.Answers(t.Context(), place("second"), []source.Question{ancestor(one, two)}); err != nil || got[ancestor(one, two)] != source.Yes {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := c.Answers(t.Context(), place("first"), nil); !errors.Is(err, domain.NotFound) {
		t.Errorf("got %v of an unknown storage", err)
	}
	if _, err := c.Answers(t.Context(), place("default"), []source.Question{ancestor(one, two)}); err != nil {
		if !errors.Is(err, domain.NotFound) {
			t.Errorf("got %v of a repository that is not there", err)
		}
	} else {
		t.Error("a repository that is not there has a history")
	}
}

func TestClient_Answers_hangs(t *testing.T) {
	t.Parallel()
	slow, good := gitalytest.Start(t), gitalytest.Start(t)
	good.Storage = "good"
	filled(slow)
	filled(good)
	slow.StopAnswering(func(gitalytest.Call) bool { return true })
	c := client(t, slow, good)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	late := make(chan error, 20)
	for range cap(late) {
		go func() {
			_, err := c.Answers(ctx, place("default"), []source.Question{ancestor(one, two), ancestor(one, three), {About: source.Branches}})
			late <- err
		}()
	}
	for range 20 {
		if got, err := c.Answers(ctx, place("good"), []source.Question{ancestor(one, two)}); err != nil || got[ancestor(one, two)] != source.Yes {
			t.Fatalf("another storage is held up: %v, %v", got, err)
		}
	}
	cancel()
	for range cap(late) {
		if err := <-late; !errors.Is(err, domain.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	for _, call := range slow.Calls("CommitIsAncestor") {
		if call.Left <= 0 || call.Left > 30*time.Second {
			t.Errorf("Gitaly was told %s, which is not what was left", call.Left)
		}
	}
}

func TestClient_Answers_comesBack(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	filled(s)
	c := client(t, s)
	ask := func() error {
		_, err := c.Answers(t.Context(), place("default"), []source.Question{ancestor(one, two)})
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	begin := time.Now()
	if err := ask(); !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v of a Gitaly that is gone", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s to see that Gitaly is gone", took)
	}
	s.Resume(t)
	for err := ask(); err != nil; err = ask() {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("it does not come back: %v", err)
		}
	}
}

func TestClient_repositories(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	c := client(t, s)
	p := cli
	p.DefaultBranch, p.Format = "trunk", "sha256"
	s.Lock(2)     // another call creates it too
	for range 2 { // the second time it is there already
		if err := c.Create(t.Context(), p, source.Code); err != nil {
			t.Fatal(err)
		}
	}
	r := s.Put(p.RelativePath(source.Code))
	if r.Head != "refs/heads/trunk" || r.Format != gitalypb.ObjectFormat_OBJECT_FORMAT_SHA256 {
		t.Errorf("HEAD is %q, the format is %v", r.Head, r.Format)
	}
	if has, err := c.HasBranches(t.Context(), p); has || err != nil {
		t.Errorf("got %t, %v", has, err)
	}
	if name, err := c.DefaultBranch(t.Context(), p); name != "" || err != nil {
		t.Errorf("got %q, %v of a repository without branches", name, err)
	}
	r.Refs["refs/heads/trunk"] = one
	if name, err := c.DefaultBranch(t.Context(), p); name != "trunk" || err != nil {
		t.Errorf("got %q, %v", name, err)
	}
	for ref, want := range map[string]bool{"refs/heads/trunk": true, "refs/tags/v1": false} {
		if got, err := c.RefExists(t.Context(), p, source.ParseRef(ref)); got != want || err != nil {
			t.Errorf("%s: got %t, %v", ref, got, err)
		}
	}
	for range 2 {
		if err := c.Remove(t.Context(), p, source.Code); err != nil {
			t.Fatal(err)
		}
	}
	there := source.Question{About: source.Existence}
	if got, err := c.Answers(t.Context(), place("default"), []source.Question{there}); err != nil || got[there] != source.No {
		t.Errorf("got %v, %v of a repository that was removed", got, err)
	}
	if err := c.Create(t.Context(), p, source.Wiki); err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(t.Context(), p, source.Wiki); err != nil {
		t.Error(err)
	}
	if calls := s.Calls("RemoveRepository"); calls[len(calls)-1].Repository.GetRelativePath() != p.RelativePath(source.Wiki) {
		t.Errorf("got a call for %s, want the wiki", calls[len(calls)-1].Repository.GetRelativePath())
	}
	p.Storage = "none"
	if err := c.Create(t.Context(), p, source.Code); !errors.Is(err, domain.NotFound) {
		t.Errorf("got %v of an unknown storage", err)
	}
	s.Stop()
	if err := c.Create(t.Context(), cli, source.Code); !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v of a Gitaly that is gone", err)
	}
}

func TestClient_History(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	r := filled(s)
	at := time.Date(2026, 11, 26, 1, 2, 3, 0, time.UTC)
	r.Commits[one] = gitalytest.Commit{Message: "Begin\n", At: at, Zone: "+0000", Author: "Dede", Email: "dev@example.com", Added: []string{"README.md"}}
	r.Commits[three] = gitalytest.Commit{
		Parents: []string{two}, Message: "Go on\n\nWith \xff a body.\n", At: at, Zone: "-0330", Author: "Dede", Email: "dev@example.com",
		Added: []string{"new"}, Modified: []string{"README.md"}, Removed: []string{"old"},
	}
	c := client(t, s)
	commits, total, err := c.History(t.Context(), cli, source.Span{From: one, To: "refs/heads/main"}, 1)
	if err != nil || total != 2 || len(commits) != 1 {
		t.Fatalf("got %v, %d, %v", commits, total, err)
	}
	want := source.Commit{
		ID: three, Parent: two, Title: "Go on", Message: "Go on\n\nWith \uFFFD a body.\n", At: at, AuthorName: "Dede", AuthorEmail: "dev@example.com",
		Added: []string{"new"}, Modified: []string{"README.md"}, Removed: []string{"old"},
	}
	if diff := cmp.Diff(want, commits[0]); diff != "" {
		t.Errorf("-want +got %s", diff)
	}
	if got := commits[0].At.Format(time.RFC3339); got != "2026-11-25T21:32:03-03:30" {
		t.Errorf("got %s", got)
	}
	commits, total, err = c.History(t.Context(), cli, source.Span{To: "refs/heads/main"}, 20)
	if err != nil || total != 3 || len(commits) != 3 || commits[0].ID != one || commits[2].ID != three {
		t.Errorf("got %v, %d, %v", commits, total, err)
	}
	if _, _, err = c.History(t.Context(), cli, source.Span{From: four, To: three}, 20); err == nil {
		t.Error("a span from nowhere has commits")
	}
}

func TestClient_LastCommit(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	r := filled(s)
	r.Refs["refs/heads/other"] = one
	c := client(t, s)
	branch, last, err := c.LastCommit(t.Context(), cli)
	if err != nil || branch != "main" || last.ID != three || last.Parent != two {
		t.Errorf("got %q, %+v, %v", branch, last, err)
	}
	if calls := s.Calls("CountCommits"); len(calls) > 0 {
		t.Errorf("the commits are counted: %v", calls)
	}
	r.Refs["refs/heads/main"] = one
	if _, last, err := c.LastCommit(t.Context(), cli); err != nil || last.ID != one || last.Parent != "" {
		t.Errorf("a root commit: got %+v, %v", last, err)
	}
	clear(r.Refs)
	empty := source.Project{ID: 404, Storage: "default"}
	for name, p := range map[string]source.Project{"without branches": cli, "without a repository": empty} {
		if branch, last, err := c.LastCommit(t.Context(), p); !errors.Is(err, domain.NotFound) {
			t.Errorf("%s: got %q, %+v, %v", name, branch, last, err)
		}
	}
	s.Stop()
	if _, _, err := c.LastCommit(t.Context(), cli); !errors.Is(err, domain.Unavailable) {
		t.Errorf("a Gitaly that is gone: got %v", err)
	}
}

func TestClient_Tag(t *testing.T) {
	t.Parallel()
	const tag, outer, tree = source.ObjectID("a1"), source.ObjectID("a2"), source.ObjectID("a3")
	s := gitalytest.Start(t)
	r := filled(s)
	long := strings.Repeat("x", 10<<10)
	r.Tags["a1"] = gitalytest.Tag{Target: one, Message: "First\n\nrelease \xff\n"}
	r.Tags["a2"] = gitalytest.Tag{Target: "a1", Message: "Signed\n-----BEGIN PGP SIGNATURE-----\n"}
	r.Tags["a3"] = gitalytest.Tag{Target: "tree", Message: "Files"}
	c := client(t, s)
	for object, want := range map[string]source.PeeledTag{
		one:    {Object: one, Commit: one},
		"a1":   {Object: tag, Commit: one, Message: "First\n\nrelease \uFFFD"},
		"a2":   {Object: outer, Commit: one, Message: "Signed\n-----BEGIN PGP SIGNATURE-----"},
		"a3":   {Object: tree, Message: "Files"},
		"blob": {Object: "blob"},
	} {
		r.Refs["refs/tags/v/1"] = object
		if got, err := c.Tag(t.Context(), cli, "v/1"); got != want || err != nil {
			t.Errorf("%s: got %+v, %v, want %+v", object, got, err, want)
		}
	}
	r.Refs["refs/tags/v/1"] = "a1"
	for message, want := range map[string]string{
		long:               long,
		long + "\n":        long,
		long + "y":         long + "…",
		long[1:] + "é":     long[1:] + "…",
		long[2:] + "éz":    long[2:] + "é…",
		long[2:] + "🦊":     long[2:] + "…",
		long[1:] + "\xffz": long[1:] + "\uFFFD…",
		"":                 "",
	} {
		r.Tags["a1"] = gitalytest.Tag{Target: one, Message: message}
		if got, err := c.Tag(t.Context(), cli, "v/1"); got.Message != want || err != nil {
			t.Errorf("a message that ends in %q: got one of %d bytes that ends in %q, %v", message[max(0, len(message)-5):], len(got.Message), got.Message[max(0, len(got.Message)-8):], err)
		}
	}
	if got, err := c.Tag(t.Context(), cli, "v2"); !errors.Is(err, domain.NotFound) {
		t.Errorf("an unknown tag: got %+v, %v", got, err)
	}
	s.Stop()
	if got, err := c.Tag(t.Context(), cli, "v1"); !errors.Is(err, domain.Unavailable) {
		t.Errorf("a Gitaly that is gone: got %+v, %v", got, err)
	}
}

func TestClient_Check(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	c := client(t, s)
	if health, err := c.Check(t.Context(), "default"); err != nil || health.Version != "16.8.0" || health.GitVersion != "2.43.0" {
		t.Errorf("got %v, %v", health, err)
	}
	s.Storage = "renamed"
	if _, err := c.Check(t.Context(), "default"); err == nil || !strings.Contains(err.Error(), `no storage "default" there`) {
		t.Errorf("got %v", err)
	}
	s.Stop()
	if _, err := c.Check(t.Context(), "default"); !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v of a Gitaly that is gone", err)
	}
}

func TestNew_addresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"unix:/run/gitaly.sock", "unix:///run/gitaly.sock", "tcp://gitaly:8075", "tls://gitaly:9999", "dns:gitaly:8075", "dns:///gitaly:8075"} {
		connect(t, time.Now, gitaccess.Storage{Name: "default", Address: address})
	}
	if _, err := gitaly.New([]gitaccess.Storage{{Name: "default", Address: "dns:///%zz"}}, time.Now); err == nil || !strings.Contains(err.Error(), `storage "default"`) {
		t.Errorf("got %v", err)
	}
}
