package gitaly_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/code"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

// withFiles has two branches: main with files, and old on its parent.
func withFiles(s *gitalytest.Server) *gitalytest.Repository {
	r := filled(s)
	committed := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	files := map[string]gitalytest.File{
		"README.md": {Content: []byte("hello\n")}, "bin/run": {Content: []byte("#!"), Executable: true},
		"src/a/x.go": {Content: bytes.Repeat([]byte("x"), 5000)}, "src/b.go": {},
	}
	r.Commits[two] = gitalytest.Commit{Parents: []string{one}, Message: "Two\n\nwords", At: committed, Added: []string{"README.md"}, Files: files}
	r.Commits[three] = gitalytest.Commit{
		Parents: []string{two}, Message: "Three \xff", At: committed.Add(time.Hour), Zone: "+0130", Author: "Zo\xeb", Email: "zoe@example.com",
		Committer: "Bot", CommitterEmail: "bot@example.com", Added: []string{"src/b.go"}, Files: files,
	}
	r.Refs["refs/heads/old"] = two
	return r
}

func TestClient_Branches(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	withFiles(s).Refs["refs/heads/b\xe9"] = one
	c := client(t, s)
	for name, tt := range map[string]struct {
		q     code.BranchQuery
		names []string
		total int
	}{
		"all":          {code.BranchQuery{Window: code.Window{Size: 10}}, []string{"b\xe9", "main", "old"}, 3},
		"a window":     {code.BranchQuery{Window: code.Window{Offset: 1, Size: 1}}, []string{"main"}, 3},
		"past the end": {code.BranchQuery{Window: code.Window{Offset: 9, Size: 1}}, nil, 3},
		"the newest":   {code.BranchQuery{Order: code.NewestFirst, Window: code.Window{Size: 1}}, []string{"main"}, 3},
		"matching": {code.BranchQuery{Match: func(name string) bool { return strings.Contains(name, "a") }, Window: code.Window{Size: 10}},
			[]string{"main"}, 1},
	} {
		got, total, err := c.Branches(t.Context(), cli, tt.q)
		var names []string
		for _, b := range got {
			names = append(names, b.Name)
		}
		if diff := cmp.Diff(tt.names, names); diff != "" || total != tt.total || err != nil {
			t.Errorf("%s: got %d, %v, -want +got %s", name, total, err, diff)
		}
	}
}

func TestClient_Branch(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	withFiles(s)
	c := client(t, s)
	got, err := c.Branch(t.Context(), cli, "main")
	at := time.Date(2026, 11, 30, 13, 0, 0, 0, time.UTC)
	want := code.Branch{Name: "main", Commit: code.Commit{
		ID: three, Parents: []source.ObjectID{two}, Title: "Three �", Message: "Three �",
		Author:    code.Signature{Name: "Zo�", Email: "zoe@example.com", At: at},
		Committer: code.Signature{Name: "Bot", Email: "bot@example.com", At: at},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("got %v, -want +got %s", err, diff)
	}
	if _, offset := got.Commit.Author.At.Zone(); offset != 90*60 {
		t.Errorf("got the zone %d", offset)
	}
	for _, name := range []string{"none", "", "-x"} {
		if _, err := c.Branch(t.Context(), cli, name); !errors.Is(err, domain.NotFound) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	if _, err := c.Branch(t.Context(), source.Project{ID: 7, Storage: "default"}, "main"); !errors.Is(err, domain.NotFound) {
		t.Errorf("no repository: got %v", err)
	}
}

func TestClient_Commit(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	withFiles(s)
	c := client(t, s)
	for revision, want := range map[string]source.ObjectID{"HEAD": three, "main": three, "refs/heads/old": two, two: two} {
		if got, err := c.Commit(t.Context(), cli, revision); err != nil || got.ID != want {
			t.Errorf("%s: got %s, %v", revision, got.ID, err)
		}
	}
	for _, revision := range []string{"none", "-x", ""} {
		if _, err := c.Commit(t.Context(), cli, revision); !errors.Is(err, domain.NotFound) {
			t.Errorf("%q: got %v", revision, err)
		}
	}
	if got, err := c.LastCommitOf(t.Context(), cli, three, "README.md"); err != nil || got.ID != two || got.Title != "Two" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := c.LastCommitOf(t.Context(), cli, three, "none"); !errors.Is(err, domain.NotFound) {
		t.Errorf("got %v of a path in no commit", err)
	}
}

func TestClient_Blob(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	withFiles(s)
	c := client(t, s)
	for path, want := range map[string]struct {
		size       int64
		executable bool
	}{"README.md": {6, false}, "bin/run": {2, true}, "src/a/x.go": {5000, false}, "src/b.go": {0, false}} {
		blob, err := c.Blob(t.Context(), cli, three, path)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(blob)
		if closed := blob.Close(); err != nil || closed != nil {
			t.Errorf("%s: got %v, %v", path, err, closed)
		}
		file := gitalytest.File{Content: content}
		if blob.Size != want.size || int64(len(content)) != want.size || blob.Executable != want.executable || string(blob.ID) != file.ID() {
			t.Errorf("%s: got %+v and %d bytes", path, blob, len(content))
		}
	}
	for _, path := range []string{"none", "src", ""} {
		if _, err := c.Blob(t.Context(), cli, three, path); !errors.Is(err, domain.NotFound) {
			t.Errorf("%q: got %v", path, err)
		}
	}
	blob, err := c.Blob(t.Context(), cli, three, "src/a/x.go") // closed before it is read
	if err != nil || blob.Close() != nil {
		t.Error(err)
	}
}

func TestClient_Tree(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	withFiles(s)
	c := client(t, s)
	whole := code.Window{Size: 100}
	for name, tt := range map[string]struct {
		q     code.TreeQuery
		want  string
		total int
	}{
		"the root":  {code.TreeQuery{Revision: three, Window: whole}, "tree bin, tree src, blob README.md", 3},
		"a folder":  {code.TreeQuery{Revision: "main", Path: "src/", Window: whole}, "tree src/a, blob src/b.go", 2},
		"recursive": {code.TreeQuery{Revision: three, Path: "src", Recursive: true, Window: whole}, "tree src/a, blob src/a/x.go, blob src/b.go", 3},
		"a window":  {code.TreeQuery{Revision: three, Window: code.Window{Offset: 2, Size: 2}}, "blob README.md", 3},
		"no files":  {code.TreeQuery{Revision: one, Window: whole}, "", 0},
	} {
		got, total, err := c.Tree(t.Context(), cli, tt.q)
		var lines []string
		for _, e := range got {
			lines = append(lines, string(e.Type)+" "+e.Path)
		}
		if text := strings.Join(lines, ", "); text != tt.want || total != tt.total || err != nil {
			t.Errorf("%s: got %q, %d, %v", name, text, total, err)
		}
	}
	for _, q := range []code.TreeQuery{{Revision: three, Path: "none"}, {Revision: "none"}, {Revision: three, Path: "../x"}, {Revision: three, Path: "README.md"}} {
		if _, _, err := c.Tree(t.Context(), cli, q); !errors.Is(err, domain.NotFound) {
			t.Errorf("%+v: got %v", q, err)
		}
	}
}

func TestClient_SetDefaultBranch(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	withFiles(s)
	c := client(t, s)
	if err := c.SetDefaultBranch(t.Context(), cli, "old"); err != nil {
		t.Fatal(err)
	}
	if got, err := c.DefaultBranch(t.Context(), cli); err != nil || got != "old" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := c.SetDefaultBranch(t.Context(), source.Project{ID: 7, Storage: "default"}, "old"); !errors.Is(err, domain.NotFound) {
		t.Errorf("got %v without a repository", err)
	}
}
