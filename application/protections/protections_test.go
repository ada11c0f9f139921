package protections_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"gatehouse/adapters/memory"
	"gatehouse/application/inventory"
	"gatehouse/application/protections"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const tree = `
users: [{id: 1, username: root, admin: true}, {id: 2, username: mia}, {id: 3, username: dev}, {id: 4, username: gus}]
groups: [{id: 11, path: acme}, {id: 12, path: team}]
projects: [{id: 21, path: acme/cli, protected_branches: [{name: old, push: [{user: gus}]}]}]
members: [{user: mia, group: acme, role: maintainer}, {user: dev, group: acme, role: developer}, {user: mia, group: team, role: guest}]
`

var cli = rights.Ref{Kind: rights.Project, Path: "ACME/cli"}

type fixture struct {
	*testing.T
	*protections.Service
	store *memory.Store
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, tree)
	return fixture{t, protections.New(store.ProtectionChanges, store.Standings, store.ProtectionRecords, world.Clock), store}
}

// caller is a user who calls the API.
func (f fixture) caller(id identity.UserID) rights.Caller {
	f.Helper()
	return world.Caller(f, f.store.AccountRecords, id)
}

// lastEvent returns what the last audit event says of a write.
func (f fixture) lastEvent() string {
	f.Helper()
	events, err := inventory.Collect(f.store.Records.AuditEvents(f.Context(), inventory.AuditFilter{}))
	if err != nil || len(events) == 0 {
		f.Fatalf("events: got %d, %v", len(events), err)
	}
	var of struct{ Action, Entity, Target, Before, After any }
	text, err := json.Marshal(events[len(events)-1])
	if err == nil {
		err = json.Unmarshal(text, &of)
	}
	if err != nil {
		f.Fatal(err)
	}
	return fmt.Sprint(of.Action, " ", of.Before, " ", of.After)
}

func branch(name source.Pattern, push ...source.Access) source.Protection {
	return source.Protection{Kind: source.Branch, Pattern: name, Push: push}
}

func TestService_Protect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		by   identity.UserID
		p    source.Protection
		want error
	}{
		"developer":         {3, branch("x"), domain.Forbidden},
		"stranger":          {4, branch("x"), domain.NotFound},
		"exists":            {2, branch("old"), domain.Conflict},
		"tag of that name":  {2, source.Protection{Kind: source.Tag, Pattern: "old"}, nil},
		"member":            {2, branch("a", source.Access{User: 3}), nil},
		"no member":         {2, branch("x", source.Access{User: 4}), domain.Unprocessable},
		"no user":           {2, branch("x", source.Access{User: 99}), domain.Unprocessable},
		"group above":       {2, branch("b", source.Access{Group: 11}), nil},
		"group elsewhere":   {2, branch("x", source.Access{Group: 12}), domain.Unprocessable},
		"no deploy key":     {2, branch("x", source.Access{DeployKey: 99}), domain.Unprocessable},
		"key that merges":   {2, source.Protection{Kind: source.Branch, Pattern: "x", Merge: []source.Access{{DeployKey: 1}}}, domain.Unprocessable},
		"no one unprotects": {2, source.Protection{Kind: source.Branch, Pattern: "x", Unprotect: []source.Access{{}}}, domain.Unprocessable},
		"full name":         {2, branch("refs/heads/x"), domain.Unprocessable},
		"numbers of others": {2, func() source.Protection { p := branch("c", source.Access{ID: 1}); p.ID = 1; return p }(), nil},
	} {
		v, err := f.Protect(t.Context(), f.caller(c.by), cli, c.p)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if err == nil && (!v.Equal(c.p) || v.ID <= 1 || !v.UpdatedAt.Equal(world.Now.Truncate(time.Microsecond))) {
			t.Errorf("%s: got %+v", name, v)
		}
	}
	if _, err := f.Show(t.Context(), f.caller(2), cli, source.Branch, "x"); !errors.Is(err, domain.NotFound) {
		t.Errorf("after refusals: got %v", err)
	}
	if _, err := f.Protect(t.Context(), f.caller(2), cli, branch("last", source.Access{User: 3})); err != nil {
		t.Fatal(err)
	}
	if got, want := f.lastEvent(), "protection.create <nil> map[allow_force_push:false kind:branch merge:[] name:last push:[user 3] unprotect:[]]"; got != want {
		t.Errorf("audit: got %s, want %s", got, want)
	}
}

// An entry that is there stays, also for a user who has lost access.
func TestService_Update(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before, err := f.Show(t.Context(), f.caller(3), cli, source.Branch, "old")
	if err != nil {
		t.Fatal(err)
	}
	push := func(changes ...protections.EntryChange) protections.Change {
		return protections.Change{Entries: map[source.ProtectionVerb][]protections.EntryChange{source.PushVerb: changes}}
	}
	gus, force := before.Push[0], true
	if v, err := f.Update(t.Context(), f.caller(2), cli, source.Branch, "old", protections.Change{AllowForcePush: &force}); err != nil || !v.AllowForcePush || v.Push[0] != gus {
		t.Errorf("force push: got %+v, %v", v, err)
	}
	if got, want := f.lastEvent(), "protection.update map[allow_force_push:false] map[allow_force_push:true]"; got != want {
		t.Errorf("audit: got %s, want %s", got, want)
	}
	for name, c := range map[string]struct {
		change protections.EntryChange
		want   error
	}{
		"no such entry": {protections.EntryChange{Access: source.Access{ID: 99}, Remove: true}, domain.Unprocessable},
		"no member":     {protections.EntryChange{Access: source.Access{User: 4, Role: 0}}, domain.Unprocessable},
		"kept":          {protections.EntryChange{Access: source.Access{ID: gus.ID}, Keep: true}, nil},
		"changed":       {protections.EntryChange{Access: source.Access{ID: gus.ID, User: 3}}, nil},
	} {
		if _, err := f.Update(t.Context(), f.caller(2), cli, source.Branch, "old", push(c.change)); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	after, err := f.Show(t.Context(), f.caller(2), cli, source.Branch, "old")
	if err != nil || len(after.Push) != 1 || after.Push[0].ID != gus.ID || after.Push[0].User != 3 || after.Names[gus.ID] != "dev" {
		t.Errorf("got %+v, %v", after, err)
	}
}

func TestService_Unprotect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		by     identity.UserID
		unlock []source.Access
		since  time.Time
		want   error
	}{
		"maintainer":            {2, nil, time.Time{}, nil},
		"developer":             {3, []source.Access{{User: 3}}, time.Time{}, domain.Forbidden},
		"for administrators":    {2, []source.Access{{Role: source.AdminsOnly}}, time.Time{}, domain.Forbidden},
		"by an administrator":   {1, []source.Access{{User: 3}}, time.Time{}, nil},
		"member of the group":   {2, []source.Access{{Group: 11}}, time.Time{}, nil},
		"changed meanwhile":     {2, nil, world.Now.Add(-time.Hour), domain.ErrModified},
		"not changed meanwhile": {2, nil, world.Now, nil},
	} {
		p := branch(source.Pattern(name))
		p.Unprotect = c.unlock
		if _, err := f.Protect(t.Context(), f.caller(2), cli, p); err != nil {
			t.Fatal(name, err)
		}
		if err := f.Unprotect(t.Context(), f.caller(c.by), cli, source.Branch, p.Pattern, c.since); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}
