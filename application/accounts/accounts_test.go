package accounts_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/inventory"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/tests/world"
)

// people are the users of these tests.
var people = `
users:
  - {id: 1, username: root, name: Root, email: root@example.com, admin: true}
  - {id: 7, username: dede, name: Dede E., email: dede@example.com, two_factor: {webauthn: true}}
  - {id: 8, username: gus, email: gus@example.com}
  - {id: 9, username: ghost, type: ghost}
  - {id: 10, username: waiting, state: blocked_pending_approval}
groups: [{id: 50, path: acme}]
projects: [{id: 60, path: acme/cli}, {id: 61, path: dede/one}, {id: 62, path: dede/two}]
members: [{user: dede, group: acme, role: owner}]
keys: [{id: 11, user: dede, title: laptop, key: "` + world.Key(1) + `"}]
deploy_keys: [{id: 21, title: robot, creator: dede, key: "` + world.Key(2) + `", projects: [{project: acme/cli}]}]
`

// testService is a Service with its store, its clock and its rules.
type testService struct {
	*accounts.Service
	*testing.T
	store *memory.Store
	now   time.Time
}

func newService(t *testing.T, change ...func(*accounts.Rules)) *testService {
	t.Helper()
	s := &testService{T: t, store: memory.New(), now: world.Now}
	world.Apply(t, s.store.WorldImport, people)
	rules := accounts.Rules{TokenPrefix: "glpat-", Lifetime: identity.Lifetime{MaxDays: 365}, RemoveRepository: "remove"}
	for _, c := range change {
		c(&rules)
	}
	s.Service = accounts.New(s.store.AccountUnitOfWork, s.store.AccountRecords, s.store.Credentials, rules, &countingReader{}, func() time.Time { return s.now })
	return s
}

// countingReader reads bytes that never repeat, in place of random ones.
type countingReader struct{ n int }

func (c *countingReader) Read(p []byte) (int, error) {
	c.n++
	copy(p, bytes.Repeat([]byte{0xff}, len(p)))
	copy(p, fmt.Sprintf("%08x", c.n))
	return len(p), nil
}

// by returns the caller of that number; 0 for one who has not signed in.
func (s *testService) by(id identity.UserID) rights.Caller {
	s.Helper()
	if id == 0 {
		return rights.Caller{}
	}
	view, err := s.store.AccountRecords.View(s.Context(), identity.Claim{Kind: identity.ByUser, ID: int64(id)}, s.now)
	if err != nil {
		s.Fatal(err)
	}
	return rights.Caller{Account: view.Account, Cause: audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: id, Username: view.Username}}}
}

// actions are the audited actions with what they were done to.
func (s *testService) actions() (all []string) {
	s.Helper()
	records, err := inventory.Collect(s.store.Records.AuditEvents(s.Context(), inventory.AuditFilter{}))
	if err != nil {
		s.Fatal(err)
	}
	for _, record := range records {
		line := ""
		for _, f := range record {
			switch f.Name {
			case "action", "username", "entity_path", "target_path":
				line += fmt.Sprint(" ", f.Value)
			}
		}
		all = append(all, strings.TrimSpace(line))
	}
	return all
}

// want compares, and fails the test unless both are equal.
func (s *testService) want(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// refused fails the test unless err is of that kind and has the words.
func (s *testService) refused(what string, err error, kind domain.Kind, words string) {
	s.Helper()
	if !errors.Is(err, kind) || !strings.Contains(fmt.Sprint(err), words) {
		s.Errorf("%s: got %v, want %s with %q", what, err, kind, words)
	}
}

func byName(name string) identity.Claim { return identity.ClaimName(name) }

func nora() identity.Account {
	return identity.Account{
		User:    identity.User{ID: 7, Username: "nora", Name: "Nora", Email: "nora@example.com", State: identity.Active, Type: identity.Human},
		Profile: identity.Profile{CanCreateGroup: true, ProjectsLimit: 5},
	}
}

func TestService_Create(t *testing.T) {
	t.Parallel()
	s := newService(t)
	view, err := s.Create(t.Context(), s.by(1), nora())
	if err != nil {
		t.Fatal(err)
	}
	if view.ID == 7 || !view.EmailConfirmed || view.Creator.Username != "root" || !view.CreatedAt.Equal(s.now.Truncate(time.Microsecond)) {
		t.Errorf("got %+v", view)
	}
	s.want("events", s.actions(), []string{"user.create root nora nora"})
	strict := newService(t, func(r *accounts.Rules) { r.RequireConfirmation = true })
	for _, confirmed := range []bool{false, true} {
		a := nora()
		a.Username, a.Email, a.EmailConfirmed = fmt.Sprint("n", confirmed), fmt.Sprint(confirmed, "@example.com"), confirmed
		if view, err := strict.Create(t.Context(), strict.by(1), a); err != nil || view.EmailConfirmed != confirmed {
			t.Errorf("where confirmation is required: got %t, %v, want %t", view.EmailConfirmed, err, confirmed)
		}
	}
}

func TestService_Create_refuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for what, tt := range map[string]struct {
		by     identity.UserID
		change func(*identity.Account)
		kind   domain.Kind
		words  string
	}{
		"a stranger":        {0, func(*identity.Account) {}, domain.Unauthenticated, ""},
		"a user":            {7, func(*identity.Account) {}, domain.Forbidden, ""},
		"an e-mail":         {1, func(a *identity.Account) { a.Email = "GUS@example.com" }, domain.Conflict, "Email has already been taken"},
		"a username":        {1, func(a *identity.Account) { a.Username = "GUS" }, domain.Conflict, "Username has already been taken"},
		"a group's path":    {1, func(a *identity.Account) { a.Username = "Acme" }, domain.Conflict, "Username has already been taken"},
		"mistakes":          {1, func(a *identity.Account) { a.Username, a.Name = "api", "" }, domain.Unprocessable, "username is a reserved name, name can't be blank"},
		"mistakes and more": {1, func(a *identity.Account) { a.Username, a.Email = "gus", "x" }, domain.Unprocessable, "email is invalid"},
	} {
		a := nora()
		tt.change(&a)
		_, err := s.Create(t.Context(), s.by(tt.by), a)
		s.refused(what, err, tt.kind, tt.words)
	}
	s.want("events", s.actions(), []string(nil))
}

func TestService_Update(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bio := func(text string) func(*identity.Account) {
		return func(a *identity.Account) { a.Settings = a.Settings.With(remembered.Values{"bio": text}) }
	}
	for _, change := range []func(*identity.Account){bio("x"), bio("x"), func(a *identity.Account) { a.Name = "Dede E." }} {
		s.now = s.now.Add(time.Minute)
		view, err := s.Update(t.Context(), s.by(1), 7, false, change)
		if err != nil || view.Settings["bio"] != "x" || !view.UpdatedAt.Equal(world.Now.Add(time.Minute).Truncate(time.Microsecond)) {
			t.Errorf("got %v, %v, %v, want one change", view.Settings, view.UpdatedAt, err)
		}
	}
	s.want("events", s.actions(), []string{"user.update root dede dede"})
	_, err := s.Update(t.Context(), s.by(1), 404, false, bio("y"))
	s.refused("no user", err, domain.NotFound, "User Not Found")
	_, err = s.Update(t.Context(), s.by(1), 9, false, bio("y"))
	s.refused("a ghost", err, domain.Forbidden, "internal")
	_, err = s.Update(t.Context(), s.by(7), 7, false, bio("y"))
	s.refused("oneself", err, domain.Forbidden, "")
	_, err = s.Update(t.Context(), s.by(1), 7, false, func(a *identity.Account) { a.Username = "gus" })
	s.refused("a name that is taken", err, domain.Conflict, "Username")
}

func TestService_Update_username(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if _, err := s.Update(t.Context(), s.by(1), 7, false, func(a *identity.Account) { a.Username = "DD" }); err != nil {
		t.Fatal(err)
	}
	s.want("events", s.actions(), []string{"project.update root DD/one DD/one", "project.update root DD/two DD/two", "user.update root DD DD"})
}

func TestService_Update_lastAdministrator(t *testing.T) {
	t.Parallel()
	s := newService(t)
	resign := func(a *identity.Account) { a.Admin = false }
	_, err := s.Update(t.Context(), s.by(1), 1, false, resign)
	s.refused("the last one", err, domain.Forbidden, "last administrator")
	if _, err := s.Update(t.Context(), s.by(1), 7, false, func(a *identity.Account) { a.Admin = true }); err != nil {
		t.Fatal(err)
	}
	if view, err := s.Update(t.Context(), s.by(1), 1, false, resign); err != nil || view.Admin {
		t.Errorf("one of two: got %t, %v", view.Admin, err)
	}
}

// TestService_lostRights has an administrator who was one when the request was let in.
func TestService_lostRights(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change string
		kind   domain.Kind
	}{{"admin: false", domain.Forbidden}, {"state: blocked", domain.Forbidden}} {
		s := newService(t)
		root := s.by(1)
		world.Apply(t, s.store.WorldImport, "users: [{id: 1, username: root, "+c.change+"}, {id: 8, username: gus, admin: true}]")
		_, err := s.Create(t.Context(), root, identity.Account{})
		s.refused(c.change+", creates", err, c.kind, "")
		_, err = s.Update(t.Context(), root, 8, false, func(a *identity.Account) { a.Admin = false })
		s.refused(c.change+", updates", err, c.kind, "")
		_, err = s.ChangeState(t.Context(), root, 8, identity.Block)
		s.refused(c.change+", blocks", err, c.kind, "")
		s.refused(c.change+", deletes", s.Delete(t.Context(), root, 8, true, time.Time{}), c.kind, "")
	}
	s := newService(t)
	root := s.by(1)
	world.Apply(t, s.store.WorldImport, "users: [{id: 8, username: gus, admin: true}]")
	if err := s.Delete(t.Context(), s.by(8), 1, true, time.Time{}); err != nil {
		t.Fatal(err)
	}
	s.refused("deleted, deletes", s.Delete(t.Context(), root, 8, true, time.Time{}), domain.Unauthenticated, "")
}

func TestService_Update_email(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		required, skip, want bool
	}{{false, false, true}, {true, false, false}, {true, true, true}} {
		s := newService(t, func(r *accounts.Rules) { r.RequireConfirmation = c.required })
		view, err := s.Update(t.Context(), s.by(1), 7, c.skip, func(a *identity.Account) { a.Email = "new@example.com" })
		if err != nil || view.EmailConfirmed != c.want {
			t.Errorf("%+v: got %t, %v", c, view.EmailConfirmed, err)
		}
		view, err = s.Update(t.Context(), s.by(1), 7, false, func(a *identity.Account) { a.Email = "NEW@example.com" })
		if err != nil || view.EmailConfirmed != c.want {
			t.Errorf("%+v, letter case: got %t, %v", c, view.EmailConfirmed, err)
		}
		if view, err = s.Update(t.Context(), s.by(1), 7, true, func(*identity.Account) {}); err != nil || !view.EmailConfirmed {
			t.Errorf("%+v, confirmed: got %t, %v", c, view.EmailConfirmed, err)
		}
	}
}

func TestService_ChangeState(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, want := range []bool{true, false} {
		if changed, err := s.ChangeState(t.Context(), s.by(1), 7, identity.Block); err != nil || changed != want {
			t.Errorf("got %t, %v, want %t", changed, err, want)
		}
	}
	s.want("events", s.actions(), []string{"user.update root dede dede"})
	for _, c := range []identity.StateChange{identity.Block, identity.Ban, identity.Deactivate} {
		_, err := s.ChangeState(t.Context(), s.by(1), 1, c)
		s.refused("oneself", err, domain.Forbidden, "The API initiating user cannot be")
	}
	_, err := s.ChangeState(t.Context(), s.by(8), 7, identity.Unblock)
	s.refused("a user", err, domain.Forbidden, "")
}

func TestService_DisableTwoFactor(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if err := s.DisableTwoFactor(t.Context(), s.by(1), 7); err != nil {
		t.Error(err)
	}
	s.refused("again", s.DisableTwoFactor(t.Context(), s.by(1), 7), domain.Invalid, "not enabled")
	s.refused("an administrator", s.DisableTwoFactor(t.Context(), s.by(1), 1), domain.Forbidden, "admins")
}

func TestService_UpdateStatus(t *testing.T) {
	t.Parallel()
	s := newService(t)
	view, err := s.UpdateStatus(t.Context(), s.by(8), remembered.Values{"message": "out"})
	if err != nil || view.Settings["status_message"] != "out" || view.Username != "gus" {
		t.Errorf("got %+v, %v", view, err)
	}
	_, err = s.UpdateStatus(t.Context(), s.by(0), nil)
	s.refused("a stranger", err, domain.Unauthenticated, "")
}

func TestService_Delete(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.refused("a sole owner", s.Delete(t.Context(), s.by(1), 7, false, time.Time{}), domain.Conflict, "sole-owner")
	s.refused("oneself", s.Delete(t.Context(), s.by(1), 1, true, time.Time{}), domain.Forbidden, "yourself")
	s.refused("a ghost", s.Delete(t.Context(), s.by(1), 9, true, time.Time{}), domain.Forbidden, "internal")
	s.refused("no user", s.Delete(t.Context(), s.by(1), 404, true, time.Time{}), domain.NotFound, "User Not Found")
	s.refused("a user", s.Delete(t.Context(), s.by(7), 8, true, time.Time{}), domain.Forbidden, "")
	if _, err := s.Update(t.Context(), s.by(1), 7, false, func(a *identity.Account) { a.Note = "n" }); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), s.by(1), 7, true, s.now.Add(-time.Minute)); !errors.Is(err, domain.ErrModified) {
		t.Errorf("changed meanwhile: got %v", err)
	}
	if err := s.Delete(t.Context(), s.by(1), 7, true, s.now.Truncate(time.Second)); err != nil {
		t.Error(err)
	}
	s.want("events", s.actions(), []string{
		"user.update root dede dede", "project.delete root dede/one dede/one", "project.delete root dede/two dede/two", "user.delete root dede dede",
	})
	jobs, err := s.store.Records.List(t.Context(), "jobs", s.now)
	if err != nil || len(jobs) != 2 {
		t.Errorf("jobs for the repositories of two projects: got %v, %v", jobs, err)
	}
}

func TestService_Delete_withoutGitaly(t *testing.T) {
	t.Parallel()
	s := newService(t, func(r *accounts.Rules) { r.RemoveRepository = "" })
	if err := s.Delete(t.Context(), s.by(1), 7, true, time.Time{}); err != nil {
		t.Error(err)
	}
	if jobs, err := s.store.Records.List(t.Context(), "jobs", s.now); err != nil || len(jobs) != 0 {
		t.Errorf("jobs: got %v, %v, want none", jobs, err)
	}
}

func TestService_Reject(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.refused("an active user", s.Reject(t.Context(), s.by(1), 8), domain.Conflict, "pending")
	if err := s.Reject(t.Context(), s.by(1), 10); err != nil {
		t.Error(err)
	}
	_, err := s.View(t.Context(), s.by(1), byName("waiting"))
	s.refused("rejected", err, domain.NotFound, "User Not Found")
}

func TestService_Views(t *testing.T) {
	t.Parallel()
	s := newService(t)
	page := application.Page{Order: "id", Size: 20}
	for what, tt := range map[string]struct {
		by     identity.UserID
		filter accounts.Filter
		want   string
	}{
		"an administrator, by e-mail":          {1, accounts.Filter{Search: "dede@example.com"}, "dede"},
		"a user, by e-mail":                    {8, accounts.Filter{Search: "dede@example.com", Emails: true}, ""},
		"an administrator, by second factor":   {1, accounts.Filter{TwoFactor: new(true)}, "dede"},
		"a user, by second factor":             {8, accounts.Filter{TwoFactor: new(true)}, "root dede gus ghost waiting"},
		"a user, administrators":               {8, accounts.Filter{Admins: new(true)}, "root dede gus ghost waiting"},
		"a stranger who names a user":          {0, accounts.Filter{Username: "gus"}, "gus"},
		"an administrator, by other's account": {1, accounts.Filter{ExternUID: "1", Provider: "saml"}, ""},
	} {
		views, err := s.Views(t.Context(), s.by(tt.by), tt.filter, page)
		var names []string
		for _, v := range views.Items {
			names = append(names, v.Username)
		}
		if err != nil || strings.Join(names, " ") != tt.want {
			t.Errorf("%s: got %q, %v, want %q", what, names, err, tt.want)
		}
	}
	_, err := s.Views(t.Context(), s.by(0), accounts.Filter{Search: "gus"}, page)
	s.refused("a stranger", err, domain.Unauthenticated, "")
	_, err = s.Views(t.Context(), s.by(8), accounts.Filter{ExternUID: "1", Provider: "saml"}, page)
	s.refused("a user, by another's account", err, domain.Forbidden, "")
}

func TestService_Associations(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, by := range []identity.UserID{1, 7} {
		if got, err := s.Associations(t.Context(), s.by(by), 7); err != nil || got != (accounts.Associations{Groups: 1}) {
			t.Errorf("user %d: got %+v, %v", by, got, err)
		}
	}
	_, err := s.Associations(t.Context(), s.by(8), 7)
	s.refused("another user", err, domain.Forbidden, "")
	_, err = s.Associations(t.Context(), s.by(8), 404)
	s.refused("no user", err, domain.NotFound, "User Not Found")
	_, err = s.Memberships(t.Context(), s.by(7), 7, "", application.Page{Order: "id", Size: 20})
	s.refused("memberships, as a user", err, domain.Forbidden, "")
	_, err = s.Memberships(t.Context(), s.by(1), 404, "", application.Page{Order: "id", Size: 20})
	s.refused("memberships of no user", err, domain.NotFound, "User Not Found")
}
