package code_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/code"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

var now = time.Date(2026, 12, 1, 12, 0, 0, 5e8, time.UTC)

const (
	first  source.ObjectID = "1111111111111111111111111111111111111111"
	second source.ObjectID = "2222222222222222222222222222222222222222"
)

// fakePorts are a project, and its repository with the branches main and topic.
type fakePorts struct {
	standing source.Standing
	inquiry  source.Inquiry
	branches map[string]source.ObjectID
	err      error // of the repository
	content  string
	commits  []source.NewCommit
	closed   bool
}

func newPorts() *fakePorts {
	return &fakePorts{
		standing: source.Standing{
			Actor: identity.Actor{User: identity.User{ID: 7, Username: "dede", Name: "Dede", Email: "dede@example.com", State: identity.Active, EmailConfirmed: true}},
			Project: source.Project{
				ID: 42, Path: "acme/cli", Visibility: source.Private, Repository: source.FeatureEnabled, DefaultBranch: "main", Storage: "default",
				Protections: []source.Protection{{
					Kind: source.Branch, Pattern: "main", Push: []source.Access{{Role: source.Maintainer}}, Merge: []source.Access{{Role: source.Developer}},
				}},
			},
			Repository: source.RepositoryID{Kind: source.Code, ID: 42}, Role: source.Developer,
		},
		branches: map[string]source.ObjectID{"main": first, "topic": second}, content: "hello",
	}
}

func (f *fakePorts) service() *code.Service {
	rules := code.Rules{Settings: source.Settings{Protocols: source.AllProtocols, Connected: true}}
	return code.New(f, f, f, f, rules, func() time.Time { return now })
}

func (f *fakePorts) caller() rights.Caller {
	return rights.Caller{Account: identity.Account{User: f.standing.Actor.User}}
}

func (f *fakePorts) Standing(_ context.Context, q source.Inquiry) (source.Standing, error) {
	f.inquiry = q
	return f.standing, nil
}

func (f *fakePorts) HasBranches(context.Context, source.Project) (bool, error) {
	return len(f.branches) > 0, f.err
}

func (f *fakePorts) Branch(_ context.Context, _ source.Project, name string) (code.Branch, error) {
	if f.err != nil {
		return code.Branch{}, f.err
	}
	id, ok := f.branches[name]
	if !ok {
		return code.Branch{}, domain.NotFound
	}
	return code.Branch{Name: name, Commit: code.Commit{ID: id}}, nil
}

func (f *fakePorts) Branches(_ context.Context, _ source.Project, q code.BranchQuery) (all []code.Branch, total int, err error) {
	for _, name := range []string{"main", "topic"} {
		all = append(all, code.Branch{Name: name, Commit: code.Commit{ID: f.branches[name]}})
	}
	return all[q.Offset:min(q.Offset+q.Size, len(all))], len(all), f.err
}

func (f *fakePorts) Commit(_ context.Context, _ source.Project, revision string) (code.Commit, error) {
	if revision == "HEAD" {
		revision = "main"
	}
	b, err := f.Branch(context.Background(), source.Project{}, revision)
	return b.Commit, err
}

func (f *fakePorts) LastCommitOf(context.Context, source.Project, source.ObjectID, string) (code.Commit, error) {
	return code.Commit{ID: first}, f.err
}

// Close implements io.Closer.
func (f *fakePorts) Close() error {
	f.closed = true
	return nil
}

func (f *fakePorts) Blob(_ context.Context, _ source.Project, _ source.ObjectID, path string) (code.Blob, error) {
	if path != "docs/a.md" {
		return code.Blob{}, domain.NotFound
	}
	content := struct {
		io.Reader
		io.Closer
	}{strings.NewReader(f.content), f}
	return code.Blob{ID: second, Size: int64(len(f.content)), ReadCloser: content}, f.err
}

func (f *fakePorts) Tree(_ context.Context, _ source.Project, q code.TreeQuery) ([]code.Entry, int, error) {
	if q.Path == "none" || q.Revision != "HEAD" {
		return nil, 0, domain.NotFound
	}
	return []code.Entry{{Path: "a"}}, 3, f.err
}

func (f *fakePorts) CommitFiles(_ context.Context, _ source.Project, commit source.NewCommit) (source.ObjectID, error) {
	f.commits = append(f.commits, commit)
	return "3333333333333333333333333333333333333333", f.err
}

var (
	project  = rights.Ref{Kind: rights.Project, ID: 42}
	anywhere = code.Window{Size: 20}
)

// asks are all methods of a service, on a project.
func asks(f *fakePorts, on rights.Ref) map[string]func(*testing.T, rights.Caller) error {
	s := f.service()
	return map[string]func(*testing.T, rights.Caller) error{
		"Branch": func(t *testing.T, by rights.Caller) error {
			_, err := s.Branch(t.Context(), by, on, "main")
			return err
		},
		"Branches": func(t *testing.T, by rights.Caller) error {
			_, err := s.Branches(t.Context(), by, on, code.BranchQuery{Window: anywhere})
			return err
		},
		"File": func(t *testing.T, by rights.Caller) error {
			_, err := s.File(t.Context(), by, on, "docs/a.md", "")
			return err
		},
		"Tree": func(t *testing.T, by rights.Caller) error {
			_, err := s.Tree(t.Context(), by, on, code.TreeQuery{Window: anywhere})
			return err
		},
		"CreateCommit": func(t *testing.T, by rights.Caller) error {
			_, err := s.CreateCommit(t.Context(), by, on, source.NewCommit{Branch: "topic", Message: "m"})
			return err
		},
	}
}

// TestService_rights asks everything as people with less and less of a part in the project.
func TestService_rights(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change      func(*fakePorts)
		read, write domain.Kind
	}{
		"developer": {func(*fakePorts) {}, "", ""},
		"reporter":  {func(f *fakePorts) { f.standing.Role = source.Reporter }, "", domain.Forbidden},
		"guest":     {func(f *fakePorts) { f.standing.Role = source.Guest }, domain.Forbidden, domain.Forbidden},
		"stranger":  {func(f *fakePorts) { f.standing.Role = source.NoRole }, domain.NotFound, domain.NotFound},
		"stranger to a public project": {func(f *fakePorts) {
			f.standing.Role, f.standing.Project.Visibility = source.NoRole, source.Public
		}, "", domain.Forbidden},
		"no project":        {func(f *fakePorts) { f.standing.Project = source.Project{} }, domain.NotFound, domain.NotFound},
		"moved project":     {func(f *fakePorts) { f.standing.Moved = true }, domain.NotFound, domain.NotFound},
		"wiki":              {func(f *fakePorts) { f.standing.Repository.Kind = source.Wiki }, domain.NotFound, domain.NotFound},
		"code switched off": {func(f *fakePorts) { f.standing.Project.Repository = source.FeatureDisabled }, domain.Forbidden, domain.Forbidden},
		"nobody":            {func(f *fakePorts) { f.standing.Actor.User = identity.User{} }, domain.Unauthenticated, domain.Unauthenticated},
		"archived project":  {func(f *fakePorts) { f.standing.Project.Archived = true }, "", domain.Forbidden},
	} {
		f := newPorts()
		tt.change(f)
		for method, ask := range asks(f, project) {
			want := tt.read
			if method == "CreateCommit" {
				want = tt.write
			}
			err := ask(t, f.caller())
			kind, _ := errors.AsType[domain.Kind](err)
			if refusal, _ := errors.AsType[*domain.Refusal](err); kind != want || (err != nil) != (want != "") || (err != nil) != (refusal != nil) {
				t.Errorf("%s as %s: got %v, want %q", method, name, err, want)
			}
		}
	}
}

// TestService_fails has the repository fail: nothing tells more than a refusal.
func TestService_fails(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{domain.NotFound, domain.Unavailable, domain.Unprocessable, errors.New("Internal")} {
		f := newPorts()
		f.err = failure
		for method, ask := range asks(f, project) {
			want := domain.Unavailable
			switch {
			case failure == domain.NotFound && method == "CreateCommit":
				want = domain.Unprocessable
			case failure == domain.NotFound && method == "Branches":
				want = ""
			case failure == domain.NotFound:
				want = domain.NotFound
			}
			refusal, _ := errors.AsType[*domain.Refusal](ask(t, f.caller()))
			if (refusal == nil) != (want == "") || refusal != nil && refusal.Kind != want {
				t.Errorf("%s after %v: got %v, want %q", method, failure, refusal, want)
			}
		}
	}
}

func TestService_Branch(t *testing.T) {
	t.Parallel()
	f := newPorts()
	got, err := f.service().Branch(t.Context(), f.caller(), rights.Ref{Kind: rights.Project, Path: "acme/cli"}, "main")
	want := code.BranchView{
		Branch: code.Branch{Name: "main", Commit: code.Commit{ID: first}}, Project: "acme/cli", Default: true, Protected: true, DevelopersMerge: true,
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("got %v, -want +got %s", err, diff)
	}
	if !f.inquiry.Refs || f.inquiry.Target.Path != "acme/cli" || f.inquiry.Claim.ID != 7 || !f.inquiry.Now.Equal(now) {
		t.Errorf("got the inquiry %+v", f.inquiry)
	}
	got, err = f.service().Branch(t.Context(), f.caller(), project, "topic")
	if err != nil || got.Default || got.Protected || !got.MayPush {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, name := range []string{"none", "", "-x", "a..b", "x\x00"} {
		if _, err := f.service().Branch(t.Context(), f.caller(), project, name); err == nil || err.Error() != "Branch Not Found" {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestService_Branches(t *testing.T) {
	t.Parallel()
	f := newPorts()
	got, err := f.service().Branches(t.Context(), f.caller(), project, code.BranchQuery{Window: code.Window{Size: 1}})
	if err != nil || len(got.Items) != 1 || got.Total != 2 || !got.More || got.Items[0].Name != "main" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestService_File(t *testing.T) {
	t.Parallel()
	f := newPorts()
	got, err := f.service().File(t.Context(), f.caller(), project, "docs//a.md", "topic")
	if err != nil || got.Path != "docs/a.md" || got.ID != second || got.Commit != second || got.LastCommit != first {
		t.Errorf("got %+v, %v", got, err)
	}
	for path, message := range map[string]string{"none": "File Not Found", "": "File Not Found", "a\x00": "File Not Found"} {
		if _, err := f.service().File(t.Context(), f.caller(), project, path, ""); err == nil || err.Error() != message {
			t.Errorf("%q: got %v", path, err)
		}
	}
	for _, revision := range []string{"none", "a\nb"} {
		if _, err := f.service().File(t.Context(), f.caller(), project, "docs/a.md", revision); err == nil || err.Error() != "Commit Not Found" {
			t.Errorf("%q: got %v", revision, err)
		}
	}
}

func TestService_Tree(t *testing.T) {
	t.Parallel()
	f := newPorts()
	got, err := f.service().Tree(t.Context(), f.caller(), project, code.TreeQuery{Window: anywhere})
	if err != nil || len(got.Items) != 1 || got.Total != 3 || !got.More {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, q := range []code.TreeQuery{{Path: "none"}, {Revision: "none"}, {Path: "\x00"}, {Revision: "\x00"}} {
		if _, err := f.service().Tree(t.Context(), f.caller(), project, q); err == nil || err.Error() != "Tree Not Found" {
			t.Errorf("%+v: got %v", q, err)
		}
	}
}

func TestService_CreateCommit(t *testing.T) {
	t.Parallel()
	f := newPorts()
	commit := source.NewCommit{
		Branch: "new", StartBranch: "main", Message: "Title\n\nBody", AuthorName: "Zoe",
		Changes: []source.FileChange{{Action: source.UpdateFile, Path: "a", LastCommit: first}},
	}
	got, err := f.service().CreateCommit(t.Context(), f.caller(), project, commit)
	at := now.Truncate(time.Second)
	want := code.CommitView{Project: "acme/cli", ProjectID: 42, Commit: code.Commit{
		ID: "3333333333333333333333333333333333333333", Parents: []source.ObjectID{first}, Title: "Title", Message: "Title\n\nBody",
		Author: code.Signature{Name: "Zoe", Email: "dede@example.com", At: at}, Committer: code.Signature{Name: "Dede", Email: "dede@example.com", At: at},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("got %v, -want +got %s", err, diff)
	}
	if len(f.commits) != 1 || f.commits[0].By.ID != 7 || !f.commits[0].At.Equal(at) {
		t.Errorf("got the commits %+v", f.commits)
	}
}

func TestService_CreateCommit_refused(t *testing.T) {
	t.Parallel()
	nothing := func(*fakePorts) {}
	edit := []source.FileChange{{Action: source.DeleteFile, Path: "a", LastCommit: second}}
	move := []source.FileChange{{Action: source.MoveFile, Path: "b", PreviousPath: "a", LastCommit: second}}
	for name, tt := range map[string]struct {
		change func(*fakePorts)
		commit source.NewCommit
		kind   domain.Kind
		want   string
	}{
		"protected branch":    {nothing, source.NewCommit{Branch: "main", Message: "m"}, domain.Forbidden, `protected branch "main"`},
		"branch without base": {nothing, source.NewCommit{Branch: "new", Message: "m"}, domain.Invalid, "when you are on a branch"},
		"base missing":        {nothing, source.NewCommit{Branch: "new", StartBranch: "none", Message: "m"}, domain.Invalid, "when you are on a branch"},
		"branch exists":       {nothing, source.NewCommit{Branch: "topic", StartBranch: "main", Message: "m"}, domain.Invalid, "'topic' already exists"},
		"name of a branch":    {nothing, source.NewCommit{Branch: "a..b", Message: "m"}, domain.Invalid, "branch is invalid"},
		"no message":          {nothing, source.NewCommit{Branch: "topic", Message: " "}, domain.Invalid, "commit_message is empty"},
		"NUL in the message":  {nothing, source.NewCommit{Branch: "topic", Message: "a\x00"}, domain.Invalid, "character"},
		"line in the author":  {nothing, source.NewCommit{Branch: "topic", Message: "m", AuthorName: "a\nb"}, domain.Invalid, "character"},
		"NUL in a path":       {nothing, source.NewCommit{Branch: "topic", Message: "m", Changes: []source.FileChange{{Path: "\x00"}}}, domain.Invalid, "path"},
		"edited meanwhile":    {nothing, source.NewCommit{Branch: "topic", Message: "m", Changes: edit}, domain.Invalid, "since you started editing it: a"},
		"moved meanwhile":     {nothing, source.NewCommit{Branch: "topic", Message: "m", Changes: move}, domain.Invalid, "since you started editing it: b"},
		"no address": {func(f *fakePorts) { f.standing.Actor.User.Email = "" },
			source.NewCommit{Branch: "topic", Message: "m"}, domain.Invalid, "no email address"},
	} {
		f := newPorts()
		tt.change(f)
		_, err := f.service().CreateCommit(t.Context(), f.caller(), project, tt.commit)
		refusal, _ := errors.AsType[*domain.Refusal](err)
		if refusal == nil || refusal.Kind != tt.kind || !strings.Contains(refusal.Message, tt.want) || len(f.commits) != 0 {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

// TestService_CreateCommit_first commits to a repository without branches.
func TestService_CreateCommit_first(t *testing.T) {
	t.Parallel()
	f := newPorts()
	f.branches, f.standing.Project.Empty, f.standing.Project.Protections = nil, true, nil
	got, err := f.service().CreateCommit(t.Context(), f.caller(), project, source.NewCommit{Branch: "main", Message: "m"})
	if err != nil || got.Parents != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMatchTerm(t *testing.T) {
	t.Parallel()
	names := []string{"main", "maintenance", "feature/Main", "x"}
	for term, want := range map[string][]string{
		"": names, "MAIN": names[:3], "^main": names[:2], "main$": {"main", "feature/Main"}, "^main$": {"main"}, "f*m": {"feature/Main"}, ".": nil,
	} {
		var got []string
		for _, name := range names {
			if code.MatchTerm(term)(name) {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", term, got, want)
		}
	}
}
