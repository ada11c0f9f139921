package gitaly_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

var dev = identity.User{ID: 7, Username: "dev", Name: "Dev", Email: "dev@example.com"}

func newCommit(changes ...source.FileChange) source.NewCommit {
	return source.NewCommit{By: dev, Branch: "main", Message: "Change", Changes: changes, At: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
}

func TestClient_CommitFiles(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	withFiles(s)
	c := client(t, s)
	big := bytes.Repeat([]byte("0123456789"), 50_000) // several messages
	var pushes []gitalytest.Push
	s.CallHooks(gitalytest.Hooks{
		PreReceive:  func(p gitalytest.Push) error { pushes = append(pushes, p); return nil },
		PostReceive: func(p gitalytest.Push) string { pushes = append(pushes, p); return "" },
	})
	commit := newCommit(
		source.FileChange{Action: source.CreateFile, Path: "big", Content: big, Executable: true},
		source.FileChange{Action: source.UpdateFile, Path: "README.md", Content: []byte("bye")},
		source.FileChange{Action: source.MoveFile, Path: "docs/b.go", PreviousPath: "src/b.go"},
		source.FileChange{Action: source.MoveFile, Path: "docs/x.go", PreviousPath: "src/a/x.go", Content: []byte("new")},
		source.FileChange{Action: source.ChmodFile, Path: "bin/run"},
	)
	commit.AuthorName, commit.AuthorEmail = "Zoe", "zoe@example.com"
	id, err := c.CommitFiles(t.Context(), cli, commit)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Branch(t.Context(), cli, "main")
	if err != nil || got.Commit.ID != id || got.Commit.Author.Name != "Zoe" || got.Commit.Committer.Email != "dev@example.com" ||
		!got.Commit.Author.At.Equal(commit.At) || len(got.Commit.Parents) != 1 || got.Commit.Parents[0] != three {
		t.Errorf("got %+v, %v", got, err)
	}
	for path, want := range map[string]string{"big": string(big), "README.md": "bye", "docs/b.go": "", "docs/x.go": "new", "bin/run": "#!"} {
		blob, err := c.Blob(t.Context(), cli, id, path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		content, err := io.ReadAll(blob)
		if string(content) != want || err != nil || blob.Executable != (path == "big") || blob.Close() != nil {
			t.Errorf("%s: got %d bytes, %v, %t", path, len(content), err, blob.Executable)
		}
	}
	if _, err := c.Blob(t.Context(), cli, id, "src/b.go"); !errors.Is(err, domain.NotFound) {
		t.Errorf("the moved file is still there: %v", err)
	}
	if len(pushes) != 2 || pushes[0].User.GetGlId() != "user-7" || !slices.Equal(pushes[0].Changes, []string{three + " " + string(id) + " refs/heads/main"}) {
		t.Errorf("got the pushes %+v", pushes)
	}
}

// TestClient_CommitFiles_branches creates branches: the first one, and one from another.
func TestClient_CommitFiles_branches(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	s.Put(cli.RelativePath(source.Code))
	c := client(t, s)
	first, err := c.CommitFiles(t.Context(), cli, newCommit(source.FileChange{Action: source.CreateFile, Path: "a"}))
	if err != nil {
		t.Fatal(err)
	}
	second := newCommit(source.FileChange{Action: source.DeleteFile, Path: "a"})
	second.Branch, second.StartBranch = "topic", "main"
	if _, err := c.CommitFiles(t.Context(), cli, second); err != nil {
		t.Fatal(err)
	}
	got, err := c.Branch(t.Context(), cli, "topic")
	if err != nil || len(got.Commit.Parents) != 1 || got.Commit.Parents[0] != first {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestClient_CommitFiles_refused(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	withFiles(s)
	c := client(t, s)
	for name, tt := range map[string]struct {
		change source.FileChange
		want   string
	}{
		"create twice":       {source.FileChange{Action: source.CreateFile, Path: "README.md"}, "A file with this name already exists"},
		"update nothing":     {source.FileChange{Action: source.UpdateFile, Path: "none"}, "A file with this name doesn't exist"},
		"outside":            {source.FileChange{Action: source.CreateFile, Path: "../x"}, "Path cannot include directory traversal"},
		"the repository":     {source.FileChange{Action: source.CreateFile, Path: ".git/config"}, "invalid path: '.git/config'"},
		"move over another":  {source.FileChange{Action: source.MoveFile, Path: "bin/run", PreviousPath: "src/b.go"}, "A file with this name already exists"},
		"a path of no bytes": {source.FileChange{Action: source.CreateFile}, "You must provide a file path"},
	} {
		_, err := c.CommitFiles(t.Context(), cli, newCommit(tt.change))
		refusal, _ := errors.AsType[*domain.Refusal](err)
		if refusal == nil || refusal.Kind != domain.Invalid || refusal.Message != tt.want {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	s.CallHooks(gitalytest.Hooks{PreReceive: func(gitalytest.Push) error { return errors.New("You may not.") }})
	_, err := c.CommitFiles(t.Context(), cli, newCommit(source.FileChange{Action: source.CreateFile, Path: "new"}))
	refusal, _ := errors.AsType[*domain.Refusal](err)
	if refusal == nil || refusal.Kind != domain.Forbidden || refusal.Message != "You may not." {
		t.Errorf("a hook: got %v", err)
	}
	if got, err := c.Branch(t.Context(), cli, "main"); err != nil || got.Commit.ID != three {
		t.Errorf("the branch moved: %+v, %v", got, err)
	}
}

// TestClient_CommitFiles_details has Gitaly refuse with the details of newer releases.
func TestClient_CommitFiles_details(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		detail *gitalypb.UserCommitFilesError
		kind   domain.Kind
		want   string
	}{
		"the access check": {&gitalypb.UserCommitFilesError{Error: &gitalypb.UserCommitFilesError_AccessCheck{
			AccessCheck: &gitalypb.AccessCheckError{ErrorMessage: "Protected."}}}, domain.Forbidden, "Protected."},
		"a hook that speaks": {&gitalypb.UserCommitFilesError{Error: &gitalypb.UserCommitFilesError_CustomHook{
			CustomHook: &gitalypb.CustomHookError{Stderr: []byte("GL-HOOK-ERR: No.\n")}}}, domain.Forbidden, "No."},
		"a hook's output": {&gitalypb.UserCommitFilesError{Error: &gitalypb.UserCommitFilesError_CustomHook{
			CustomHook: &gitalypb.CustomHookError{Stdout: []byte("Bad \xff"), Stderr: []byte("\n")}}}, domain.Forbidden, "Bad �"},
		"a silent hook": {&gitalypb.UserCommitFilesError{Error: &gitalypb.UserCommitFilesError_CustomHook{
			CustomHook: &gitalypb.CustomHookError{}}}, domain.Forbidden, "The push was refused by a hook"},
		"the index": {&gitalypb.UserCommitFilesError{Error: &gitalypb.UserCommitFilesError_IndexUpdate{
			IndexUpdate: &gitalypb.IndexError{Path: []byte("a")}}}, domain.Invalid, "so it is"},
	} {
		s := gitalytest.Start(t)
		filled(s)
		told, err := status.New(codes.PermissionDenied, "so it is").WithDetails(protoadapt.MessageV1Of(tt.detail))
		if err != nil {
			t.Fatal(err)
		}
		s.Fail(func(gitalytest.Call) error { return told.Err() })
		_, err = client(t, s).CommitFiles(t.Context(), cli, newCommit())
		refusal, _ := errors.AsType[*domain.Refusal](err)
		if refusal == nil || refusal.Kind != tt.kind || refusal.Message != tt.want {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}
