package deploykeys_test

import (
	"errors"
	"testing"
	"time"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/deploykeys"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/tests/world"
)

const tree = `
users: [{id: 1, username: root, admin: true}, {id: 2, username: mia}, {id: 3, username: dev}, {id: 4, username: max}]
groups: [{id: 11, path: acme}, {id: 12, path: other}]
projects: [{id: 21, path: acme/cli}, {id: 22, path: acme/lib}, {id: 23, path: other/app}]
members: [{user: mia, group: acme, role: maintainer}, {user: dev, group: acme, role: developer}, {user: max, group: other, role: owner}]
`

var (
	cli = rights.Ref{Kind: rights.Project, ID: 21}
	lib = rights.Ref{Kind: rights.Project, ID: 22}
	app = rights.Ref{Kind: rights.Project, ID: 23}
)

type fixture struct {
	*testing.T
	*deploykeys.Service
	store *memory.Store
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, tree)
	return fixture{t, deploykeys.New(store.DeployKeyChanges, store.Standings, store.DeployKeyRecords, identity.Policy{}, world.Clock), store}
}

// caller is a user who calls the API.
func (f fixture) caller(id identity.UserID) rights.Caller {
	f.Helper()
	return world.Caller(f, f.store.AccountRecords, id)
}

// add adds a key to a project.
func (f fixture) add(by identity.UserID, on rights.Ref, n byte) (deploykeys.View, error) {
	return f.Add(f.Context(), f.caller(by), on, deploykeys.NewKey{Line: world.Key(n) + " me@here", Title: "robot", CanPush: true})
}

func TestService_Add(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, err := f.add(2, cli, 1)
	if err != nil || k.Title != "robot" || k.Comment != "me@here" || !k.CanPush || k.Owner != 2 {
		t.Fatalf("got %+v, %v", k, err)
	}
	for _, c := range []struct {
		name string
		by   identity.UserID
		on   rights.Ref
		want error
	}{
		{"again", 2, cli, nil},
		{"in another project of one's own", 2, lib, nil},
		{"where it is not usable", 4, app, domain.Unprocessable},
		{"by an administrator", 1, app, nil},
		{"where it is by now", 4, app, nil},
		{"by a developer", 3, cli, domain.Forbidden},
		{"by a stranger", 4, cli, domain.NotFound},
	} {
		got, err := f.add(c.by, c.on, 1)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || err == nil && got.ID != k.ID {
			t.Errorf("%s: got %d, %v, want %v", c.name, got.ID, err, c.want)
		}
	}
}

func TestService_Enable_usable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	private, err := f.add(2, cli, 1)
	if err != nil {
		t.Fatal(err)
	}
	public, err := f.AddPublic(t.Context(), f.caller(1), deploykeys.NewKey{Line: world.Key(2), Title: "all"})
	if err != nil || !public.Public {
		t.Fatalf("got %+v, %v", public, err)
	}
	if _, err := f.AddPublic(t.Context(), f.caller(2), deploykeys.NewKey{Line: world.Key(3), Title: "mine"}); !errors.Is(err, domain.Forbidden) {
		t.Errorf("public key of a user's: got %v", err)
	}
	for name, c := range map[string]struct {
		by   identity.UserID
		id   identity.KeyID
		on   rights.Ref
		want error
	}{
		"own, elsewhere":  {2, private.ID, lib, nil},
		"of another user": {4, private.ID, app, domain.NotFound},
		"public":          {4, public.ID, app, nil},
		"absent":          {4, 99, app, domain.NotFound},
	} {
		if _, err := f.Enable(t.Context(), f.caller(c.by), c.on, c.id); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// Nothing of a change is kept if a part of it is refused.
func TestService_Update_wholeOrNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	public, err := f.AddPublic(t.Context(), f.caller(1), deploykeys.NewKey{Line: world.Key(2), Title: "all"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Enable(t.Context(), f.caller(2), cli, public.ID); err != nil {
		t.Fatal(err)
	}
	title, push := "mine", true
	if _, err := f.Update(t.Context(), f.caller(2), cli, public.ID, deploykeys.Update{Title: &title, CanPush: &push}); !errors.Is(err, domain.Forbidden) {
		t.Errorf("title of a public key: got %v", err)
	}
	if k, err := f.Show(t.Context(), f.caller(2), cli, public.ID); err != nil || k.CanPush || k.Title != "all" {
		t.Errorf("afterwards: got %+v, %v", k, err)
	}
	same := "all"
	if k, err := f.Update(t.Context(), f.caller(2), cli, public.ID, deploykeys.Update{Title: &same, CanPush: &push}); err != nil || !k.CanPush {
		t.Errorf("the same title: got %+v, %v", k, err)
	}
}

func TestService_Remove(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, err := f.add(2, cli, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(t.Context(), f.caller(2), cli, k.ID, world.Now.Add(-time.Hour)); !errors.Is(err, domain.ErrModified) {
		t.Errorf("changed meanwhile: got %v", err)
	}
	if err := f.Remove(t.Context(), f.caller(2), cli, k.ID, world.Now); err != nil {
		t.Fatal(err)
	}
	l, err := f.ListAll(t.Context(), f.caller(1), false, application.Page{Order: "id", Size: 10})
	if err != nil || len(l.Items) != 0 {
		t.Errorf("a private key without projects: got %+v, %v", l.Items, err)
	}
	if again, err := f.add(4, app, 1); err != nil || again.ID == k.ID {
		t.Errorf("added again elsewhere: got %+v, %v", again, err)
	}
}
