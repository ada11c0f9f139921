package members_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/inventory"
	"gatehouse/application/members"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const tree = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 2, username: olga, email: olga@example.com}
  - {id: 3, username: mia}
  - {id: 4, username: dev}
  - {id: 5, username: gus}
  - {id: 6, username: ghost, type: ghost}
  - {id: 7, username: new}
groups: [{id: 11, path: acme}, {id: 12, path: acme/tools}, {id: 13, path: other}]
projects: [{id: 21, path: acme/tools/cli}, {id: 22, path: olga/own}, {id: 23, path: other/secret}]
members:
  - {user: olga, group: acme, role: owner}
  - {user: mia, group: acme, role: maintainer}
  - {user: dev, group: acme/tools, role: developer}
  - {user: dev, project: acme/tools/cli, role: maintainer}
  - {user: gus, group: acme/tools, role: guest, expires_at: 2026-03-10}
  - {user: mia, project: olga/own, role: maintainer}
`

var (
	acme  = rights.Ref{Kind: rights.Group, Path: "acme"}
	tools = rights.Ref{Kind: rights.Group, ID: 12}
	cli   = rights.Ref{Kind: rights.Project, Path: "ACME/tools/cli"}
	own   = rights.Ref{Kind: rights.Project, ID: 22}
)

type fixture struct {
	*testing.T
	*members.Service
	store *memory.Store
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, tree)
	return fixture{t, members.New(store.MemberUnitOfWork, store.Standings, store.MemberRecords, world.Clock), store}
}

// caller is a user who calls the API.
func (f fixture) caller(id identity.UserID) rights.Caller {
	f.Helper()
	c := world.Caller(f, f.store.AccountRecords, id)
	c.Cause.Actor.Token, c.Cause.CorrelationID = 9, "c-1"
	return c
}

func user(id int64) identity.Claim { return identity.Claim{Kind: identity.ByUser, ID: id} }

// events returns the last n audit events, as what was done to which member and where.
func (f fixture) events(n int) (texts []string) {
	f.Helper()
	all, err := inventory.Collect(f.store.Records.AuditEvents(f.Context(), inventory.AuditFilter{}))
	if err != nil {
		f.Fatal(err)
	}
	for _, record := range all[len(all)-n:] {
		values := map[string]any{}
		for _, field := range record {
			values[field.Name] = field.Value
		}
		if values["username"] == nil || values["correlation_id"] != "c-1" {
			f.Errorf("event without its cause: %v", values)
		}
		texts = append(texts, fmt.Sprint(values["action"], " ", values["entity_kind"], " ", values["entity_path"], " ", values["target_path"], " ", asMap(values["before"]), " ", asMap(values["after"])))
	}
	return texts
}

// asMap returns the members of an audit event as a map, which prints in order.
func asMap(value any) any {
	record, ok := value.(inventory.Record)
	if !ok {
		return value
	}
	values := map[string]any{}
	for _, field := range record {
		values[field.Name] = field.Value
	}
	return values
}

func (f fixture) role(name, where string) source.Role {
	f.Helper()
	got, err := f.store.Directory.Standing(f.Context(), source.Inquiry{Claim: identity.ClaimName(name), Target: source.Target{Path: source.Path(where)}, Now: world.Now})
	if err != nil {
		f.Fatal(err)
	}
	return got.Role
}

func TestService_Add(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	until := world.Now.AddDate(0, 1, 0).Truncate(24 * time.Hour)
	got, err := f.Add(t.Context(), f.caller(2), acme, identity.ClaimName("NEW"), members.Grant{Role: source.Developer, ExpiresAt: until})
	if err != nil {
		t.Fatal(err)
	}
	want := members.View{
		User: f.caller(7).User, Creator: f.caller(2).User,
		Member: members.Member{Role: source.Developer, State: source.MemberActive, ExpiresAt: until, CreatedAt: world.Now.UTC().Truncate(time.Microsecond), CreatedBy: 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if role := f.role("new", "acme/tools/cli"); role != source.Developer {
		t.Errorf("got the role %s at once, want developer", role)
	}
	wantEvents := []string{"member.create group acme new <nil> map[expires_at:2026-04-10T00:00:00Z role:developer state:active]"}
	if diff := cmp.Diff(wantEvents, f.events(1)); diff != "" {
		t.Errorf("audit events (-want +got):\n%s", diff)
	}
}

func TestService_Add_inPlaceOfOneThatHasEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.View(t.Context(), f.caller(2), tools, 5, false); !errors.Is(err, members.ErrNoMember) {
		t.Errorf("before: got %v, want no member", err)
	}
	got, err := f.Add(t.Context(), f.caller(2), tools, user(5), members.Grant{Role: source.Reporter})
	if err != nil || got.Role != source.Reporter || !got.ExpiresAt.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestService_refusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	add := func(by int64, on rights.Ref, who identity.Claim, role source.Role) error {
		_, err := f.Add(t.Context(), f.caller(identity.UserID(by)), on, who, members.Grant{Role: role})
		return err
	}
	update := func(by int64, on rights.Ref, who identity.UserID, role source.Role) error {
		_, err := f.Update(t.Context(), f.caller(identity.UserID(by)), on, who, role, nil)
		return err
	}
	remove := func(by int64, on rights.Ref, who identity.UserID) error {
		return f.Remove(t.Context(), f.caller(identity.UserID(by)), on, who, members.Removal{})
	}
	list := func(by rights.Caller, on rights.Ref) error {
		_, err := f.List(t.Context(), by, on, members.Filter{}, application.Page{Order: "id", Size: 1})
		return err
	}
	secret := rights.Ref{Kind: rights.Project, Path: "other/secret"}
	for name, c := range map[string]struct {
		err  error
		kind domain.Kind
		want string
	}{
		"unknown user":                 {add(2, acme, user(99), source.Guest), domain.NotFound, "User Not Found"},
		"unknown name":                 {add(2, acme, identity.ClaimName("no one"), source.Guest), domain.NotFound, "User Not Found"},
		"member already":               {add(2, acme, user(3), source.Guest), domain.Conflict, "Member already exists"},
		"owner of the namespace":       {add(2, own, user(2), source.Guest), domain.Conflict, "Member already exists"},
		"ghost":                        {add(2, acme, user(6), source.Guest), domain.Unprocessable, "user is an internal account of the instance"},
		"less than inherited":          {add(4, cli, user(3), source.Guest), domain.Unprocessable, "access_level should be greater than or equal to Maintainer inherited membership from group acme"},
		"more than one's own":          {add(4, cli, user(7), source.Owner), domain.Forbidden, ""},
		"maintainer, in a group":       {add(3, acme, user(7), source.Guest), domain.Forbidden, ""},
		"hidden":                       {add(3, secret, user(7), source.Guest), domain.NotFound, "Project Not Found"},
		"absent":                       {add(1, rights.Ref{Kind: rights.Group, ID: 99}, user(7), source.Guest), domain.NotFound, "Group Not Found"},
		"update of none":               {update(2, acme, 7, source.Guest), domain.NotFound, "Not found"},
		"update of an inherited":       {update(2, tools, 3, source.Owner), domain.NotFound, "Not found"},
		"update of one that has ended": {update(2, tools, 5, source.Reporter), domain.NotFound, "Not found"},
		"last owner demoted":           {update(1, acme, 2, source.Maintainer), domain.Unprocessable, "access_level cannot be lowered: last owner"},
		"owner of the namespace less":  {update(1, own, 2, source.Guest), domain.Forbidden, "The owner of a personal namespace stays the owner of its projects"},
		"update without rights":        {update(4, tools, 7, source.Guest), domain.Forbidden, ""},
		"last owner":                   {remove(2, acme, 2), domain.Forbidden, "The last owner of a group cannot be removed"},
		"removal of none":              {remove(2, acme, 7), domain.NotFound, "Not found"},
		"removal without rights":       {remove(4, tools, 7), domain.Forbidden, ""},
		"removal of another":           {remove(4, tools, 5), domain.Forbidden, ""},
		"removal of the owner":         {remove(1, own, 2), domain.Forbidden, "The owner of a personal namespace stays the owner of its projects"},
		"removal where hidden":         {remove(4, secret, 5), domain.NotFound, "Project Not Found"},
		"list where hidden":            {list(f.caller(4), secret), domain.NotFound, "Project Not Found"},
		"list without an account":      {list(rights.Caller{}, acme), domain.Unauthenticated, ""},
	} {
		if !errors.Is(c.err, c.kind) || c.want != "" && c.err.Error() != c.want {
			t.Errorf("%s: got %v, want kind %q, %q", name, c.err, c.kind, c.want)
		}
	}
	if got := f.events(0); len(got) != 0 {
		t.Errorf("events %v", got)
	}
}

// An owner of the group above stays one without a membership of their own below.
func TestService_Remove_ownerFromAbove(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	world.Apply(t, f.store.WorldImport, "members: [{user: olga, group: acme/tools, role: owner}]")
	if err := f.Remove(t.Context(), f.caller(2), tools, 2, members.Removal{}); err != nil {
		t.Error(err)
	}
	if err := f.Remove(t.Context(), f.caller(2), acme, 2, members.Removal{}); !errors.Is(err, domain.Forbidden) {
		t.Errorf("above: got %v", err)
	}
}

func TestService_Update(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	until, never := world.Now.AddDate(0, 1, 0).Truncate(24*time.Hour), time.Time{}
	for _, step := range []struct {
		role    source.Role
		expires *time.Time
		want    time.Time
		event   string
	}{
		{source.Developer, &until, until, "member.update project acme/tools/cli dev map[expires_at:<nil> role:maintainer] map[expires_at:2026-04-10T00:00:00Z role:developer]"},
		{source.Maintainer, nil, until, "member.update project acme/tools/cli dev map[role:developer] map[role:maintainer]"},
		{source.Maintainer, nil, until, ""},
		{source.Maintainer, &never, never, "member.update project acme/tools/cli dev map[expires_at:2026-04-10T00:00:00Z] map[expires_at:<nil>]"},
	} {
		before := len(f.allEvents())
		got, err := f.Update(t.Context(), f.caller(3), cli, 4, step.role, step.expires)
		if err != nil || got.Role != step.role || !got.ExpiresAt.Equal(step.want) {
			t.Errorf("got %+v, %v, want role %s until %v", got, err, step.role, step.want)
		}
		if n := len(f.allEvents()) - before; step.event == "" && n != 0 || step.event != "" && (n != 1 || f.events(1)[0] != step.event) {
			t.Errorf("got %d events, the last %v, want %q", n, f.events(1), step.event)
		}
	}
	past := world.Now
	if _, err := f.Update(t.Context(), f.caller(3), cli, 4, source.Developer, &past); err == nil || err.Error() != "expires_at cannot be a date in the past" {
		t.Errorf("in the past: got %v", err)
	}
}

func (f fixture) allEvents() []inventory.Record {
	all, err := inventory.Collect(f.store.Records.AuditEvents(f.Context(), inventory.AuditFilter{}))
	if err != nil {
		f.Fatal(err)
	}
	return all
}

func TestService_Remove(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	world.Apply(t, f.store.WorldImport, "members: [{user: dev, group: acme, role: developer}]")
	if err := f.Remove(t.Context(), f.caller(2), acme, 4, members.Removal{KeepBelow: true}); err != nil {
		t.Fatal(err)
	}
	if role := f.role("dev", "acme/tools/cli"); role != source.Maintainer {
		t.Errorf("kept below: got the role %s", role)
	}
	world.Apply(t, f.store.WorldImport, "members: [{user: dev, group: acme, role: developer}]")
	if err := f.Remove(t.Context(), f.caller(2), acme, 4, members.Removal{}); err != nil {
		t.Fatal(err)
	}
	if role := f.role("dev", "acme/tools/cli"); role != source.NoRole {
		t.Errorf("removed below: got the role %s", role)
	}
	want := []string{
		"member.delete group acme dev map[expires_at:<nil> role:developer state:active] <nil>",
		"member.delete group acme/tools dev map[expires_at:<nil> role:developer state:active] <nil>",
		"member.delete project acme/tools/cli dev map[expires_at:<nil> role:maintainer state:active] <nil>",
	}
	if diff := cmp.Diff(want, f.events(3)); diff != "" {
		t.Errorf("audit events (-want +got):\n%s", diff)
	}
	// One that has ended is still there to be removed.
	if err := f.Remove(t.Context(), f.caller(2), tools, 5, members.Removal{}); err != nil {
		t.Errorf("one that has ended: got %v", err)
	}
	if err := f.Remove(t.Context(), f.caller(2), tools, 5, members.Removal{}); !errors.Is(err, members.ErrNoMember) {
		t.Errorf("again: got %v", err)
	}
}

func TestService_Remove_oneself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.Remove(t.Context(), f.caller(4), tools, 4, members.Removal{}); err != nil {
		t.Errorf("a developer leaves: got %v", err)
	}
	if role := f.role("dev", "acme/tools/cli"); role != source.NoRole {
		t.Errorf("got the role %s", role)
	}
}

// A plan is judged as the change itself would be, and changes nothing.
func TestService_Plan(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.events(0)
	for name, c := range map[string]struct {
		by   identity.UserID
		on   rights.Ref
		who  string
		role source.Role
		verb audit.Verb
		old  source.Role
		want error
	}{
		"new":                  {2, acme, "new", source.Developer, audit.Create, source.NoRole, nil},
		"one that has ended":   {2, tools, "gus", source.Guest, audit.Create, source.NoRole, nil},
		"changed":              {2, tools, "DEV", source.Maintainer, audit.Update, source.Developer, nil},
		"removed":              {2, tools, "dev", source.NoRole, audit.Delete, source.Developer, nil},
		"above their own":      {3, cli, "dev", source.Owner, audit.Update, source.Maintainer, domain.Forbidden},
		"last owner":           {2, acme, "olga", source.Developer, audit.Update, source.Owner, domain.Unprocessable},
		"owner of a namespace": {2, own, "olga", source.NoRole, audit.Delete, source.NoRole, domain.Forbidden},
		"nothing there":        {2, rights.Ref{Kind: rights.Group, Path: "none"}, "dev", source.Guest, audit.Create, source.NoRole, domain.NotFound},
	} {
		m, err := f.Plan(t.Context(), f.caller(c.by), c.on, identity.ClaimName(c.who), c.role)
		if err != nil || m.Verb != c.verb || m.Old != c.old || m.New != c.role || m.Member.ID == 0 {
			t.Errorf("%s: got %s of %q from %s to %s, %v", name, m.Verb, m.Member.Username, m.Old, m.New, err)
		}
		if got := m.Decide(); !errors.Is(got, c.want) {
			t.Errorf("%s: got the verdict %v, want %v", name, got, c.want)
		}
	}
	for name, who := range map[string]string{"no user": "nobody", "no membership to lose": "new"} {
		if _, err := f.Plan(t.Context(), f.caller(2), acme, identity.ClaimName(who), source.NoRole); !errors.Is(err, domain.NotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := f.role("dev", "acme/tools/cli"); got != source.Maintainer || len(f.events(0)) != len(before) {
		t.Errorf("afterwards: got the role %s", got)
	}
}

func TestService_Remove_unmodifiedSince(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.Add(t.Context(), f.caller(2), acme, user(7), members.Grant{Role: source.Guest}); err != nil {
		t.Fatal(err)
	}
	since := world.Now.Truncate(time.Second)
	if err := f.Remove(t.Context(), f.caller(2), acme, 7, members.Removal{UnmodifiedSince: since.Add(-time.Second)}); !errors.Is(err, domain.ErrModified) {
		t.Errorf("added since: got %v", err)
	}
	memberOf := map[identity.UserID]rights.Ref{3: acme, 4: tools}
	later := f
	later.Service = members.New(f.store.MemberUnitOfWork, f.store.Standings, f.store.MemberRecords, func() time.Time { return world.Now.Add(time.Hour) })
	for _, c := range []struct {
		user identity.UserID
		role source.Role
		want error
	}{{4, source.Reporter, domain.ErrModified}, {3, source.Maintainer, nil}} { // mia is a maintainer already
		if _, err := later.Update(t.Context(), f.caller(2), memberOf[c.user], c.user, c.role, nil); err != nil {
			t.Fatal(err)
		}
		err := f.Remove(t.Context(), f.caller(2), memberOf[c.user], c.user, members.Removal{UnmodifiedSince: since})
		if !errors.Is(err, c.want) {
			t.Errorf("user %d becomes a %s: got %v, want %v", c.user, c.role, err, c.want)
		}
	}
	if err := f.Remove(t.Context(), f.caller(2), acme, 7, members.Removal{UnmodifiedSince: since}); err != nil {
		t.Errorf("not added since: got %v", err)
	}
}

func TestService_AddAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	who := []identity.Claim{user(7), user(99), identity.ClaimName("MIA"), identity.ClaimName("nix"), user(5)}
	refused, err := f.AddAll(t.Context(), f.caller(2), cli, who, members.Grant{Role: source.Reporter})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		texts = append(texts, name+": "+refused[name].Error())
	}
	want := []string{
		"99: User Not Found",
		"mia: access_level should be greater than or equal to Maintainer inherited membership from group acme",
		"nix: User Not Found",
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	for _, name := range []string{"new", "gus"} {
		if role := f.role(name, "acme/tools/cli"); role != source.Reporter {
			t.Errorf("%s: got the role %s", name, role)
		}
	}
	refused, err = f.AddAll(t.Context(), f.caller(4), cli, []identity.Claim{user(7), user(1)}, members.Grant{Role: source.Owner})
	if !errors.Is(err, domain.Forbidden) && len(refused) == 0 {
		t.Errorf("more than one's own: got %v, %v", refused, err)
	}
}

func TestService_List_emails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for by, want := range map[identity.UserID]string{1: "olga@example.com", 2: "olga@example.com", 3: ""} {
		l, err := f.List(t.Context(), f.caller(by), acme, members.Filter{}, application.Page{Order: "id", Size: 10})
		if err != nil || l.Items[0].User.Email != want {
			t.Errorf("user %d: got %q, %v, want %q", by, l.Items[0].User.Email, err, want)
		}
	}
	got, err := f.View(t.Context(), f.caller(4), cli, 2, true)
	if err != nil || got.Role != source.Owner || got.User.Email != "" || !strings.HasPrefix(got.User.Username, "olga") {
		t.Errorf("inherited: got %+v, %v", got, err)
	}
}
