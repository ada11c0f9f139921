package groups_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/application/inventory"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// people have a role of every kind in the group acme.
const people = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 2, username: own}
  - {id: 3, username: main}
  - {id: 4, username: dev}
  - {id: 5, username: plain}
  - {id: 6, username: guest, external: true}
groups:
  - {id: 11, path: acme}
  - {id: 12, path: acme/tools}
  - {id: 13, path: open, visibility: public}
  - {id: 14, path: other}
projects: [{id: 60, path: acme/tools/cli}, {id: 61, path: acme/tools/lib}]
members:
  - {user: own, group: acme, role: owner}
  - {user: main, group: acme, role: maintainer}
  - {user: dev, group: acme, role: developer}
  - {user: guest, group: acme, role: guest}
  - {user: own, group: other, role: owner}
`

// fixture is a Service over a store with people.
type fixture struct {
	*groups.Service
	store *memory.Store
	now   time.Time
}

func newFixture(t *testing.T, rules groups.Rules) *fixture {
	t.Helper()
	f := &fixture{store: memory.New(), now: world.Now}
	f.Service = groups.New(f.store.GroupUnitOfWork, f.store.GroupRecords, f.store.GroupRecords, f.store.Standings, rules, func() time.Time { return f.now })
	world.Apply(t, f.store.WorldImport, people)
	return f
}

// as returns the caller who is the user of that number; 0 is a stranger.
func as(id identity.UserID) rights.Caller {
	names := []string{"", "root", "own", "main", "dev", "plain", "guest"}
	account := identity.Account{
		User:    identity.User{ID: id, Username: names[id], Admin: id == 1, External: id == 6},
		Profile: identity.Profile{CanCreateGroup: true},
	}
	return rights.Caller{Account: account, Cause: audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: id, Username: names[id]}, CorrelationID: "c-1"}}
}

func number(id int64) rights.Ref { return rights.Ref{Kind: rights.Group, ID: id} }

// outcome is the kind of an error; empty for none, and "fields" for FieldErrors.
func outcome(err error) string {
	if _, ok := errors.AsType[domain.FieldErrors](err); ok {
		return "fields"
	}
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok {
		return string(refusal.Kind)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// list returns the lines of a thing in the store.
func (f *fixture) list(t *testing.T, thing string, fields ...string) (lines []string) {
	t.Helper()
	records, err := f.store.Records.List(t.Context(), thing, f.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		var values []string
		for _, field := range record {
			for _, name := range fields {
				if field.Name == name {
					values = append(values, fmt.Sprint(field.Value))
				}
			}
		}
		lines = append(lines, strings.Join(values, " "))
	}
	return lines
}

func keep(*source.Group) error { return nil }

func newGroup(parent source.NamespaceID, path string) groups.NewGroup {
	return groups.NewGroup{Parent: parent, Path: path, Change: func(g *source.Group) error { g.Name = path; return nil }}
}

// TestService_rights has who may do what, and in which words the others are refused: what
// they may not know of does not exist for them.
func TestService_rights(t *testing.T) {
	t.Parallel()
	const none, forbidden, signIn = string(domain.NotFound), string(domain.Forbidden), string(domain.Unauthenticated)
	invalid := string(domain.Invalid)
	for name, c := range map[string]struct {
		do   func(f *fixture, t *testing.T, by rights.Caller) error
		want [7]string // by user: a stranger, root, own, main, dev, plain, guest
	}{
		"show a private group": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Show(t.Context(), by, number(12))
			return err
		}, [7]string{none, "", "", "", "", none, ""}},
		"show a public group": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Show(t.Context(), by, rights.Ref{Path: "OPEN"})
			return err
		}, [7]string{}},
		"create at the top": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Create(t.Context(), by, newGroup(0, "new"))
			return err
		}, [7]string{signIn, "", "", "", "", "", forbidden}},
		"create in a group": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Create(t.Context(), by, newGroup(12, "new"))
			return err
		}, [7]string{signIn, "", "", "", forbidden, none, forbidden}},
		"create in a public group": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Create(t.Context(), by, newGroup(13, "new"))
			return err
		}, [7]string{signIn, "", forbidden, forbidden, forbidden, forbidden, forbidden}},
		"update": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Update(t.Context(), by, number(12), keep)
			return err
		}, [7]string{signIn, "", "", forbidden, forbidden, none, forbidden}},
		"delete": {func(f *fixture, t *testing.T, by rights.Caller) error {
			return f.Delete(t.Context(), by, number(12), time.Time{})
		}, [7]string{signIn, "", "", forbidden, forbidden, none, forbidden}},
		"restore": {func(f *fixture, t *testing.T, by rights.Caller) error { return f.Restore(t.Context(), by, number(12)) },
			[7]string{signIn, invalid, invalid, forbidden, forbidden, none, forbidden}},
		"transfer to the top": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Transfer(t.Context(), by, number(12), 0)
			return err
		}, [7]string{signIn, "", "", forbidden, forbidden, none, forbidden}},
		"transfer into a group": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Transfer(t.Context(), by, number(12), 14)
			return err
		}, [7]string{signIn, "", "", forbidden, forbidden, none, forbidden}},
		"transfer into a group of others": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.Transfer(t.Context(), by, number(12), 13)
			return err
		}, [7]string{signIn, "", forbidden, forbidden, forbidden, none, forbidden}},
		"share": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.AddShare(t.Context(), by, number(12), 13, groups.Share{Role: source.Guest})
			return err
		}, [7]string{signIn, "", "", forbidden, forbidden, none, forbidden}},
		"share with a hidden group": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.AddShare(t.Context(), by, number(13), 14, groups.Share{Role: source.Guest})
			return err
		}, [7]string{signIn, "", forbidden, forbidden, forbidden, forbidden, forbidden}},
		"end a share": {func(f *fixture, t *testing.T, by rights.Caller) error {
			return f.RemoveShare(t.Context(), by, number(12), 13, time.Time{})
		}, [7]string{signIn, none, none, forbidden, forbidden, none, forbidden}},
		"list what is below": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.ListRelated(t.Context(), by, number(11), groups.Subgroups, groups.Filter{}, application.Page{Order: "id", Size: 9})
			return err
		}, [7]string{none, "", "", "", "", none, ""}},
		"list where it can go": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.ListRelated(t.Context(), by, number(11), groups.TransferTargets, groups.Filter{}, application.Page{Order: "id", Size: 9})
			return err
		}, [7]string{signIn, "", "", forbidden, forbidden, none, forbidden}},
		"show a namespace": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.ShowNamespace(t.Context(), by, 12, "")
			return err
		}, [7]string{none, "", "", "", "", none, ""}},
		"show a personal namespace": {func(f *fixture, t *testing.T, by rights.Caller) error {
			_, err := f.ShowNamespace(t.Context(), by, 0, "DEV")
			return err
		}, [7]string{none, "", none, none, "", none, none}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for id, want := range c.want {
				if got := outcome(c.do(newFixture(t, groups.Rules{}), t, as(identity.UserID(id)))); got != want {
					t.Errorf("user %d: got %q, want %q", id, got, want)
				}
			}
		})
	}
}

// events returns the audit events of the store, without who caused them.
func (f *fixture) events(t *testing.T) []inventory.Record {
	t.Helper()
	events, err := inventory.Collect(f.store.Records.AuditEvents(t.Context(), inventory.AuditFilter{}))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// wantEvents compares the audit events with those of the caller.
func (f *fixture) wantEvents(t *testing.T, by rights.Caller, want ...audit.Event) {
	t.Helper()
	var records []inventory.Record
	for i, e := range want {
		e.At, e.CorrelationID, e.Actor = f.now, by.Cause.CorrelationID, by.Cause.Actor
		records = append(records, inventory.AuditRecord(int64(i+1), e))
	}
	if diff := cmp.Diff(records, f.events(t)); diff != "" {
		t.Errorf("audit events (-want +got):\n%s", diff)
	}
}

func object(kind audit.ObjectKind, id int64, path string) audit.Object {
	return audit.Object{Kind: kind, ID: id, Path: path}
}

func event(verb audit.Verb, entity, target audit.Object, before, after audit.Values) audit.Event {
	return audit.Cause{}.Event(time.Time{}, verb, entity, target, before, after)
}

func TestService_Create_events(t *testing.T) {
	t.Parallel()
	f, by := newFixture(t, groups.Rules{}), as(3)
	got, err := f.Create(t.Context(), by, groups.NewGroup{Parent: 12, Path: "New", Change: func(g *source.Group) error {
		g.Name, g.Settings = "New one", g.Settings.With(map[string]any{"mentions_disabled": true})
		*g = g.WithBranchDefaults(&source.BranchDefaults{Push: source.Maintainer, Merge: source.Developer, ForcePush: true})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Owner || !got.CreatedAt.Equal(f.now.Truncate(time.Microsecond)) || got.Path != "acme/tools/New" || got.FullName != "acme / tools / New one" {
		t.Errorf("got %+v", got)
	}
	group := object(audit.Group, int64(got.ID), "acme/tools/New")
	f.wantEvents(t, by, event(audit.Create, group, group, nil, audit.Values{
		"path": "acme/tools/New", "name": "New one", "description": "", "visibility": "private", "allowed_ips": []string{}, "protocols": "all",
		"require_ssh_certificates": false, "default_branch_protection": int64(source.DevelopersMerge), "lfs": nil, "project_creation": "developer", "subgroup_creation": "maintainer",
		"share_lock": false, "membership_lock": false, "require_two_factor": false, "mentions_disabled": true,
		"default_branch_protection_defaults": "push: maintainer, merge: developer, force push",
	}), event(audit.Create, group, object("member", 3, "main"), nil, audit.Values{"role": "owner", "state": "active"}))
}

// Of two who create a group of one path at once one gets it, and the other one is told.
func TestService_Create_race(t *testing.T) {
	t.Parallel()
	f := newFixture(t, groups.Rules{})
	var created atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := f.Create(t.Context(), as(2), newGroup(0, "New"))
			if err == nil {
				created.Add(1)
			} else if outcome(err) != "fields" || err.Error() != "path has already been taken" {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if got := created.Load(); got != 1 {
		t.Errorf("got %d groups, want 1", got)
	}
}

func TestService_Update_events(t *testing.T) {
	t.Parallel()
	f, by := newFixture(t, groups.Rules{}), as(2)
	if _, err := f.Update(t.Context(), by, number(12), func(g *source.Group) error { *g = g.Rename("Kit"); g.Description = "x"; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Update(t.Context(), by, number(12), keep); err != nil {
		t.Fatal(err)
	}
	tools := object(audit.Group, 12, "acme/Kit")
	f.wantEvents(t, by,
		moved(60, "acme/tools/cli", "acme/Kit/cli"), moved(61, "acme/tools/lib", "acme/Kit/lib"),
		event(audit.Update, tools, tools, audit.Values{"path": "acme/tools", "description": ""}, audit.Values{"path": "acme/Kit", "description": "x"}))
	want := []string{"acme/Kit/cli [acme/tools/cli]", "acme/Kit/lib [acme/tools/lib]"}
	if diff := cmp.Diff(want, f.list(t, "projects", "path", "moved_from")); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
}

// What one request leaves alone another one may change at the same time.
// A group whose settings name the defaults without giving any can be changed.
func TestService_Update_noBranchDefaults(t *testing.T) {
	t.Parallel()
	f := newFixture(t, groups.Rules{})
	_, err := f.Update(t.Context(), as(2), number(11), func(g *source.Group) error {
		g.Settings = g.Settings.With(remembered.Values{source.BranchDefaultsSetting: nil})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestService_Update_atOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, groups.Rules{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := f.Update(t.Context(), as(2), number(12), func(g *source.Group) error {
				g.Settings = g.Settings.With(map[string]any{fmt.Sprint("p", i): true})
				return nil
			})
			if err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	got, err := f.Show(t.Context(), as(2), number(12))
	if err != nil || len(got.Settings) != 8 {
		t.Errorf("got %v, %v, want 8 settings", got.Settings, err)
	}
}

// A name or a visibility that a world file has set stays, whatever the rules of the API.
func TestService_Update_oldRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t, groups.Rules{})
	world.Apply(t, f.store.WorldImport, "groups: [{path: admin, visibility: private}, {id: 70, path: admin/wide, visibility: public}]")
	for _, path := range []string{"admin", "admin/wide"} {
		if _, err := f.Update(t.Context(), as(1), rights.Ref{Path: path}, func(g *source.Group) error { g.Description = "x"; return nil }); err != nil {
			t.Errorf("%s: got %v", path, err)
		}
	}
	_, err := f.Update(t.Context(), as(1), number(70), func(g *source.Group) error { g.Visibility = source.Internal; return nil })
	if got, want := fmt.Sprint(err), "visibility_level internal is not allowed in a private group."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestService_Delete(t *testing.T) {
	t.Parallel()
	for kind, want := range map[application.JobKind][]string{"": nil, "remove_repository": {"remove_repository 60", "remove_repository 61"}} {
		f, by := newFixture(t, groups.Rules{RemoveRepository: kind}), as(2)
		if err := f.Delete(t.Context(), by, number(11), time.Time{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, f.list(t, "jobs", "kind", "subject")); diff != "" {
			t.Errorf("kind %q: jobs (-want +got):\n%s", kind, diff)
		}
		if _, err := f.store.Removed.Removed(t.Context(), 60); (err == nil) != (kind != "") {
			t.Errorf("kind %q: where the repository lies: got %v", kind, err)
		}
		if diff := cmp.Diff([]string{"open", "other"}, f.list(t, "groups", "path")); diff != "" {
			t.Errorf("kind %q: groups (-want +got):\n%s", kind, diff)
		}
		if diff := cmp.Diff([]string{"project.delete 60", "project.delete 61", "group.delete 11"}, f.list(t, "audit", "action", "target_id")); diff != "" {
			t.Errorf("kind %q: events (-want +got):\n%s", kind, diff)
		}
	}
}

// A group is deleted unless it has been changed, or has paid for something.
func TestService_Delete_refused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, groups.Rules{})
	created, err := f.Create(t.Context(), as(2), newGroup(0, "new"))
	if err != nil {
		t.Fatal(err)
	}
	ref := number(int64(created.ID))
	if err := f.Delete(t.Context(), as(2), ref, f.now.Add(-2*time.Second)); !errors.Is(err, domain.ErrModified) {
		t.Errorf("newer than the condition: got %v", err)
	}
	made := f.now
	f.now = made.Add(time.Hour)
	for _, c := range []struct {
		name   string
		change func(*source.Group) error
		want   time.Time
	}{
		{"nothing", keep, made},
		{"a description", func(g *source.Group) error { g.Description = "x"; return nil }, f.now},
	} {
		changed, err := f.Update(t.Context(), as(2), number(12), c.change)
		if err != nil || !changed.UpdatedAt.Equal(c.want.Truncate(time.Microsecond)) {
			t.Errorf("%s changed: got the moment %s, %v, want %s", c.name, changed.UpdatedAt, err, c.want)
		}
	}
	if err := f.Delete(t.Context(), as(2), number(12), made); !errors.Is(err, domain.ErrModified) {
		t.Errorf("changed after the condition: got %v", err)
	}
	world.Apply(t, f.store.WorldImport, "subscriptions: [{namespace: new, plan_code: premium, start_date: 2026-01-01}]")
	if got := outcome(f.Delete(t.Context(), as(2), ref, f.now)); got != string(domain.Invalid) {
		t.Errorf("subscribed: got %q", got)
	}
	world.Apply(t, f.store.WorldImport, "subscriptions: [{namespace: new, plan_code: free, start_date: 2026-01-01}]")
	if err := f.Delete(t.Context(), as(2), ref, f.now); err != nil {
		t.Errorf("no longer subscribed: got %v", err)
	}
}

func TestService_Transfer(t *testing.T) {
	t.Parallel()
	f, by := newFixture(t, groups.Rules{}), as(2)
	got, err := f.Transfer(t.Context(), by, number(12), 14)
	if err != nil || got.Path != "other/tools" || got.Parent != 14 || got.FullName != "other / tools" {
		t.Errorf("got %+v, %v", got, err)
	}
	tools := object(audit.Group, 12, "other/tools")
	f.wantEvents(t, by,
		moved(60, "acme/tools/cli", "other/tools/cli"), moved(61, "acme/tools/lib", "other/tools/lib"),
		event(audit.Update, tools, tools, audit.Values{"path": "acme/tools"}, audit.Values{"path": "other/tools"}))
	for _, project := range []string{"other/tools/cli", "project-60"} {
		found, err := inventory.Collect(f.store.Records.AuditEvents(t.Context(), inventory.AuditFilter{Project: project}))
		if err != nil || len(found) != 1 {
			t.Errorf("events of %s: got %d, %v, want one", project, len(found), err)
		}
	}
	want := []string{"other/tools/cli [acme/tools/cli]", "other/tools/lib [acme/tools/lib]"}
	if diff := cmp.Diff(want, f.list(t, "projects", "path", "moved_from")); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
	if _, err := f.Show(t.Context(), as(3), number(12)); outcome(err) != string(domain.NotFound) {
		t.Errorf("for a member of the group above before: got %v", err)
	}
}

// moved is the event of a project that went along with its group, or into another one.
func moved(id int64, from, to string) audit.Event {
	p := object(audit.Project, id, to)
	return event(audit.Update, p, p, audit.Values{"path": from}, audit.Values{"path": to})
}

func TestService_TransferProject(t *testing.T) {
	t.Parallel()
	f := newFixture(t, groups.Rules{})
	world.Apply(t, f.store.WorldImport, `
groups: [{id: 115, path: full, project_creation: noone}]
projects: [{id: 62, path: other/cli}, {id: 63, path: other/x, name: lib}, {id: 64, path: open/seen, visibility: public}, {id: 65, path: open/gone, pending_delete: true}, {id: 66, path: plain/own}]
`)
	byPath := func(path string) rights.Ref { return rights.Ref{Kind: rights.Project, Path: path} }
	for name, c := range map[string]struct {
		by      identity.UserID
		group   rights.Ref
		project rights.Ref
		want    string
	}{
		"a stranger":            {0, number(14), byPath("acme/tools/cli"), string(domain.Unauthenticated)},
		"owner of both":         {2, number(14), byPath("acme/tools/cli"), string(domain.Forbidden)},
		"no such group":         {1, number(99), byPath("acme/tools/cli"), string(domain.NotFound)},
		"no such project":       {1, number(14), byPath("acme/tools/none"), string(domain.NotFound)},
		"about to be deleted":   {1, number(14), byPath("open/gone"), string(domain.NotFound)},
		"where it is":           {1, number(12), byPath("ACME/tools/cli"), string(domain.Invalid)},
		"path taken":            {1, number(14), byPath("acme/tools/cli"), string(domain.Invalid)},
		"name taken":            {1, number(14), byPath("acme/tools/lib"), string(domain.Invalid)},
		"more visible":          {1, number(14), byPath("open/seen"), string(domain.Invalid)},
		"nobody creates there":  {1, number(115), byPath("acme/tools/cli"), string(domain.Invalid)},
		"by the number of none": {1, number(14), rights.Ref{Kind: rights.Project, ID: -1}, string(domain.NotFound)},
	} {
		if _, err := f.TransferProject(t.Context(), as(c.by), c.group, c.project); outcome(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	got, err := f.TransferProject(t.Context(), as(1), number(11), byPath("PLAIN/own"))
	if err != nil || got.Path != "acme" || !got.Owner {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := f.TransferProject(t.Context(), as(1), rights.Ref{Path: "other"}, rights.Ref{Kind: rights.Project, ID: 66}); err != nil {
		t.Error(err)
	}
	f.wantEvents(t, as(1), moved(66, "plain/own", "acme/own"), moved(66, "acme/own", "other/own"))
	if got := f.list(t, "projects", "id", "path", "moved_from"); got[6] != "66 other/own [acme/own plain/own]" {
		t.Errorf("projects: got %q", got)
	}
}

// At the top an owner by inheritance becomes one by name, unless there is another one.
func TestService_Transfer_ownership(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]string{"": "own", "members: [{user: dev, group: acme/tools, role: owner}]": "dev"} {
		f := newFixture(t, groups.Rules{})
		world.Apply(t, f.store.WorldImport, "users: []\n"+more)
		if _, err := f.Transfer(t.Context(), as(1), number(14), 13); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Transfer(t.Context(), as(2), number(12), 0); err != nil || got.Path != "tools" {
			t.Errorf("%q: got %+v, %v", more, got, err)
		}
		var owners []string
		for _, line := range f.list(t, "members", "user", "group", "role") {
			if name, ok := strings.CutSuffix(line, " tools owner"); ok {
				owners = append(owners, name)
			}
		}
		if got := strings.Join(owners, " "); got != want {
			t.Errorf("%q: got owners %q, want %q", more, got, want)
		}
	}
}

func TestService_shares(t *testing.T) {
	t.Parallel()
	f, by := newFixture(t, groups.Rules{}), as(2)
	today := f.now.Truncate(24 * time.Hour)
	for name, c := range map[string]struct {
		share groups.Share
		with  source.NamespaceID
		want  string
	}{
		"yesterday":   {groups.Share{Role: source.Guest, ExpiresAt: today.AddDate(0, 0, -1)}, 14, "fields"},
		"with itself": {groups.Share{Role: source.Guest}, 11, string(domain.Invalid)},
		"with none":   {groups.Share{Role: source.Guest}, 99, string(domain.NotFound)},
	} {
		if _, err := f.AddShare(t.Context(), by, number(11), c.with, c.share); outcome(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	add := func(want string, share groups.Share) groups.Detail {
		t.Helper()
		got, err := f.AddShare(t.Context(), by, number(11), 14, share)
		if outcome(err) != want {
			t.Errorf("got %v, want %q", err, want)
		}
		return got
	}
	ends := today.AddDate(0, 0, 1)
	link := groups.Link{Share: groups.Share{Role: source.Developer, ExpiresAt: ends}, With: 14, Name: "other", Path: "other", Visibility: source.Private, Viewer: source.Owner}
	if diff := cmp.Diff([]groups.Link{link}, add("", link.Share).Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	add(string(domain.Conflict), groups.Share{Role: source.Guest})
	if got, err := f.Show(t.Context(), as(3), number(11)); err != nil || len(got.Links) != 0 {
		t.Errorf("the link with a group that the caller may not know of: got %v, %v", got.Links, err)
	}
	first := f.now
	f.now = ends
	add("", groups.Share{Role: source.Guest})
	if err := f.RemoveShare(t.Context(), by, number(11), 14, f.now.Add(-2*time.Second)); !errors.Is(err, domain.ErrModified) {
		t.Errorf("younger than it may be: got %v", err)
	}
	if err := f.RemoveShare(t.Context(), by, number(11), 14, f.now); err != nil {
		t.Errorf("got %v", err)
	}
	acme, target := object(audit.Group, 11, "acme"), object("share", 14, "other")
	day := ends.Format(time.DateOnly)
	var records []inventory.Record
	for i, e := range []audit.Event{
		event(audit.Create, acme, target, nil, audit.Values{"role": "developer", "expires_at": day}),
		event(audit.Update, acme, target, audit.Values{"role": "developer", "expires_at": day}, audit.Values{"role": "guest", "expires_at": nil}),
		event(audit.Delete, acme, target, audit.Values{"role": "guest", "expires_at": nil}, nil),
	} {
		e.At, e.CorrelationID, e.Actor = f.now, by.Cause.CorrelationID, by.Cause.Actor
		if i == 0 {
			e.At = first
		}
		records = append(records, inventory.AuditRecord(int64(i+1), e))
	}
	if diff := cmp.Diff(records, f.events(t)); diff != "" {
		t.Errorf("audit events (-want +got):\n%s", diff)
	}
}

func TestService_NamespaceExists(t *testing.T) {
	t.Parallel()
	f := newFixture(t, groups.Rules{})
	for _, c := range []struct {
		by     identity.UserID
		path   string
		parent source.NamespaceID
		want   bool
	}{
		{5, "ACME", 0, true}, {5, "dev", 0, true}, {5, "none", 0, false}, {6, "other", 0, false}, {6, "acme", 0, true}, {6, "open", 0, true}, {6, "dev", 0, false},
		{2, "Tools", 11, true}, {4, "tools", 11, true}, {5, "tools", 11, false}, {5, "tools", 13, false}, {2, "cli", 12, false}, {2, "tools", 99, false}, {1, "a\x00", 0, false},
	} {
		got, err := f.NamespaceExists(t.Context(), as(c.by), c.path, c.parent)
		if err != nil || got != c.want {
			t.Errorf("user %d, %q in %d: got %t, %v, want %t", c.by, c.path, c.parent, got, err, c.want)
		}
	}
}

func TestService_ListNamespaces(t *testing.T) {
	t.Parallel()
	f := newFixture(t, groups.Rules{})
	for by, want := range map[identity.UserID]string{1: "open:true root:true own:true main:true dev:true plain:true guest:true acme:true acme/tools:true other:true", 4: "dev:true acme:false acme/tools:false"} {
		found, err := f.ListNamespaces(t.Context(), as(by), groups.NamespaceFilter{}, application.Page{Order: "id", Size: 99})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, n := range found.Items {
			got[fmt.Sprintf("%s:%t", n.Path, n.Owner)] = true
		}
		for _, one := range strings.Fields(want) {
			if !got[one] {
				t.Errorf("user %d: %s is not in %v", by, one, got)
			}
		}
		if len(got) != len(strings.Fields(want)) {
			t.Errorf("user %d: got %v, want %s", by, got, want)
		}
	}
}
