package projects_test

import (
	"errors"
	"testing"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/projects"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const shown = `
users: [{id: 1, username: root, admin: true}, {id: 2, username: dev}, {id: 3, username: gus}, {id: 4, username: eve, external: true}, {id: 5, username: ann}]
groups: [{id: 11, path: acme}, {id: 12, path: secret}, {id: 13, path: open, visibility: internal}]
projects:
  - {id: 21, path: acme/cli, default_branch: trunk, moved_from: [old/cli]}
  - {id: 22, path: open/site, visibility: internal, repository: private}
  - {id: 23, path: dev/own}
members: [{user: dev, group: acme, role: reporter}, {user: gus, project: acme/cli, role: guest}, {user: ann, group: secret, role: owner}]
shares: [{project: acme/cli, with: secret, role: developer}, {project: acme/cli, with: open, role: guest}]
`

func newReader(t *testing.T) *projects.Reader {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, shown)
	return projects.NewReader(store.Standings, store.ProjectViews, world.Clock)
}

// asking is a user who asks; 0 for a stranger.
func asking(id identity.UserID) rights.Caller {
	return rights.Caller{Account: identity.Account{User: identity.User{ID: id, Admin: id == 1, External: id == 4}}}
}

func byPath(path string) rights.Ref { return rights.Ref{Kind: rights.Project, Path: path} }

func TestReader_View(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	for name, c := range map[string]struct {
		by      identity.UserID
		path    string
		branch  string
		storage string
		shares  int
	}{
		"administrator":          {1, "ACME/cli", "trunk", "default", 2},
		"reporter":               {2, "acme/cli", "trunk", "", 1},
		"guest reads no code":    {3, "acme/cli", "", "", 1},
		"member by a share":      {5, "acme/cli", "trunk", "", 2},
		"code for members alone": {2, "open/site", "", "", 0},
		"owner, no branch yet":   {2, "dev/own", "main", "", 0},
	} {
		got, err := r.View(t.Context(), asking(c.by), byPath(c.path))
		if err != nil || got.DefaultBranch != c.branch || got.Storage != c.storage || len(got.Shares) != c.shares {
			t.Errorf("%s: got branch %q, storage %q, shares %v, %v", name, got.DefaultBranch, got.Storage, got.Shares, err)
		}
	}
	for name, c := range map[string]struct {
		by   identity.UserID
		path string
	}{
		"hidden": {4, "acme/cli"}, "internal, for an external user": {4, "open/site"}, "internal, for a stranger": {0, "open/site"}, "absent": {1, "acme/none"}, "a former path": {1, "old/cli"},
	} {
		if _, err := r.View(t.Context(), asking(c.by), byPath(c.path)); !errors.Is(err, rights.Hidden(rights.Project)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestReader_List(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	page := application.Page{Order: "id", Size: 10}
	for by, want := range map[identity.UserID]int{0: 0, 1: 3, 2: 3, 3: 2, 4: 0, 5: 2} {
		got, err := r.List(t.Context(), asking(by), projects.Filter{All: true, User: 1}, page) // neither is read
		if err != nil || len(got.Items) != want {
			t.Errorf("user %d: got %d projects, %v, want %d", by, len(got.Items), err, want)
		}
	}
	got, err := r.List(t.Context(), asking(0), projects.Filter{LeastRole: source.Guest}, page)
	if err != nil || len(got.Items) != 0 {
		t.Errorf("own ones of a stranger: got %v, %v", got, err)
	}
	inGroup, err := r.ListOfGroup(t.Context(), asking(2), rights.Ref{Kind: rights.Group, ID: 11}, projects.Scope{Own: true}, projects.Filter{}, page)
	if err != nil || len(inGroup.Items) != 1 {
		t.Errorf("of a group: got %v, %v", inGroup, err)
	}
	if _, err := r.ListOfGroup(t.Context(), asking(4), rights.Ref{Kind: rights.Group, ID: 11}, projects.Scope{Own: true}, projects.Filter{}, page); !errors.Is(err, rights.Hidden(rights.Group)) {
		t.Errorf("of a hidden group: got %v", err)
	}
	ofDev, err := r.ListOfUser(t.Context(), asking(3), identity.ClaimName("DEV"), projects.Filter{}, page)
	if err != nil || len(ofDev.Items) != 0 {
		t.Errorf("hidden ones of a user: got %v, %v", ofDev, err)
	}
	if _, err := r.ListOfUser(t.Context(), asking(3), identity.ClaimName("nix"), projects.Filter{}, page); !errors.Is(err, rights.Hidden(rights.User)) {
		t.Errorf("of an unknown user: got %v", err)
	}
	if err := r.CheckUser(t.Context(), asking(0), identity.ClaimName("dev")); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("a stranger: got %v", err)
	}
}

func TestReader_MovedTo(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	for name, c := range map[string]struct {
		by   identity.UserID
		path string
		want source.ProjectID
	}{
		"seen": {3, "OLD/cli", 21}, "hidden": {4, "old/cli", 0}, "a stranger": {0, "old/cli", 0}, "absent": {1, "old/none", 0}, "a path of now": {1, "acme/cli", 0},
	} {
		if got, err := r.MovedTo(t.Context(), asking(c.by), c.path); got != c.want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", name, got, err, c.want)
		}
	}
}

func TestReader_Groups(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	for by, want := range map[identity.UserID]int{1: 3, 2: 2, 3: 1, 5: 2} {
		got, err := r.Groups(t.Context(), asking(by), byPath("acme/cli"))
		if err != nil || len(got) != want {
			t.Errorf("user %d: got %v, %v, want %d", by, got, err, want)
		}
	}
	if _, err := r.Groups(t.Context(), asking(4), byPath("acme/cli")); !errors.Is(err, rights.Hidden(rights.Project)) {
		t.Errorf("hidden: got %v", err)
	}
}
