package accountcases

import (
	"fmt"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/contract"
)

// listedUsers have something for each filter.
const listedUsers = `
users:
  - {id: 1, created_at: null, username: root, name: Zed, email: root@example.com, admin: true}
  - {id: 2, created_at: null, username: Foo_2, name: foo, email: two@example.com, public_email: two@example.com}
  - {id: 3, created_at: null, username: foo, name: "100% Bar", email: three@example.com, state: blocked, external: true}
  - {id: 4, created_at: null, username: bot, name: a bot, type: project_bot, state: ldap_blocked}
  - {id: 5, created_at: null, username: ghost, name: Ghost, type: ghost}
  - {id: 6, created_at: null, username: svc, name: service, type: service_account, state: deactivated}
  - {id: 7, created_at: null, username: key, name: Foot, two_factor: {webauthn: true}}
`

// listUsers returns the numbers of the users that a filter picks, in the order of their
// numbers.
func (s store) listUsers(f accounts.Filter) string {
	s.Helper()
	return s.pageOfUsers(f, application.Page{Order: "id", Size: 100})
}

func (s store) pageOfUsers(f accounts.Filter, page application.Page) string {
	s.Helper()
	views, err := s.AccountRecords.Views(s.Context(), f, page, now)
	s.Fine("Views", err)
	return ids(views.Items, func(v accounts.View) int64 { return int64(v.ID) })
}

// ids returns the numbers of rows with blanks between them.
func ids[Row any](rows []Row, id func(Row) int64) string {
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = fmt.Sprint(id(row))
	}
	return strings.Join(texts, " ")
}

var recordCases = []contract.Case{
	caseOf("administrator: an active user, and no internal account", func(s store) {
		wants := func(name string, want bool) {
			s.Helper()
			got, err := s.AccountRecords.HasAdministrator(s.Context())
			s.Fine("HasAdministrator", err)
			s.Same(name, got, want)
			s.unit(func(tx accounts.Tx) error {
				got, err := tx.Names.HasAdministrator(s.Context())
				s.Same(name+", in a transaction", got, want)
				return err
			})
		}
		wants("no users", false)
		s.Apply("users: [{id: 1, username: a}, {id: 2, username: ghost, type: ghost, admin: true}, {id: 3, username: i, type: internal, admin: true}, {id: 4, username: b, admin: true, state: blocked}]")
		wants("none that counts", false)
		s.change(4, func(a *identity.Account) { a.State = identity.Deactivated })
		wants("deactivated", false)
		for _, id := range []identity.UserID{1, 4} {
			s.change(id, func(a *identity.Account) { a.State, a.Admin = identity.Active, true })
			wants("one", true)
			s.change(id, func(a *identity.Account) { a.Admin = false })
			wants("no longer", false)
		}
		s.Apply("users: [{id: 5, username: svc, type: service_account, admin: true}]")
		wants("a service account", true)
	}),
	caseOf("users listed: by each filter", func(s store) {
		s.Apply(listedUsers)
		s.change(2, func(a *identity.Account) {
			a.CreatedAt = now
			a.Settings = a.Settings.With(map[string]any{"extern_uid": "u'1", "provider": "saml"})
		})
		s.change(3, func(a *identity.Account) {
			a.CreatedAt = now.Add(time.Hour)
			a.Settings = a.Settings.With(map[string]any{"extern_uid": "u'1", "provider": "ldap"})
		})
		for _, c := range []struct {
			what   string
			filter accounts.Filter
			want   string
		}{
			{"none", accounts.Filter{}, "1 2 3 4 5 6 7"},
			{"username", accounts.Filter{Username: "FOO"}, "3"},
			{"username of a group", accounts.Filter{Username: "acme"}, ""},
			{"search", accounts.Filter{Search: "fOO"}, "2 3 7"},
			{"search in names", accounts.Filter{Search: "100%"}, "3"},
			{"search is no pattern", accounts.Filter{Search: "f%o"}, ""},
			{"search with an underscore", accounts.Filter{Search: "foo_"}, "2"},
			{"search of a public e-mail", accounts.Filter{Search: "two@"}, "2"},
			{"search of an e-mail", accounts.Filter{Search: "three@example.com"}, ""},
			{"search of every e-mail", accounts.Filter{Search: "THREE@example.com", Emails: true}, "3"},
			{"search of a part of an e-mail", accounts.Filter{Search: "three@", Emails: true}, ""},
			{"search of what no text has", accounts.Filter{Search: "\xff"}, ""},
			{"public e-mail", accounts.Filter{PublicEmail: "TWO@example.com"}, "2"},
			{"public e-mail that is none", accounts.Filter{PublicEmail: "three@example.com"}, ""},
			{"active", accounts.Filter{Active: new(true)}, "1 2 5 7"},
			{"not active", accounts.Filter{Active: new(false)}, "3 4 6"},
			{"blocked", accounts.Filter{Blocked: true}, "3 4"},
			{"external", accounts.Filter{External: new(true)}, "3"},
			{"not external", accounts.Filter{External: new(false)}, "1 2 4 5 6 7"},
			{"administrators", accounts.Filter{Admins: new(true)}, "1"},
			{"humans", accounts.Filter{Humans: new(true)}, "1 2 3 7"},
			{"no humans", accounts.Filter{Humans: new(false)}, "4 5 6"},
			{"no bots", accounts.Filter{Bots: new(false)}, "1 2 3 5 6 7"},
			{"not internal", accounts.Filter{Internal: new(false)}, "1 2 3 4 6 7"},
			{"second factor", accounts.Filter{TwoFactor: new(true)}, "7"},
			{"no second factor", accounts.Filter{TwoFactor: new(false)}, "1 2 3 4 5 6"},
			{"created after", accounts.Filter{CreatedAfter: now}, "2 3"},
			{"created before", accounts.Filter{CreatedBefore: now}, "2"},
			{"created between", accounts.Filter{CreatedAfter: now.Add(time.Second), CreatedBefore: now.Add(time.Minute)}, ""},
			{"identity", accounts.Filter{ExternUID: "u'1", Provider: "saml"}, "2"},
			{"all of them", accounts.Filter{Search: "foo", Active: new(true), External: new(false), TwoFactor: new(false)}, "2"},
		} {
			s.Same(c.what, s.listUsers(c.filter), c.want)
		}
		first := accounts.Filter{Search: "FOO", ExactFirst: true}
		s.Same("exact match first", s.pageOfUsers(first, application.Page{Order: "id", Descending: true, Size: 9}), "3 7 2")
		s.Same("but not by keyset", s.pageOfUsers(first, application.Page{Order: "id", Descending: true, Size: 9, Keyset: true}), "7 3 2")
		s.Same("on its page", s.pageOfUsers(first, application.Page{Order: "id", Size: 1, Offset: 1}), "2")
	}),
	caseOf("users listed: every order, by offset and by keyset", func(s store) {
		s.Apply(listedUsers)
		s.change(2, func(a *identity.Account) { a.CreatedAt, a.UpdatedAt = now, now.Add(time.Microsecond) })
		s.change(3, func(a *identity.Account) { a.CreatedAt, a.UpdatedAt = now, now })
		s.change(1, func(a *identity.Account) { a.CreatedAt = now.Truncate(time.Second) })
		value := map[string]func(v accounts.View) string{
			"id":         func(v accounts.View) string { return fmt.Sprint(v.ID) },
			"name":       func(v accounts.View) string { return v.Name },
			"username":   func(v accounts.View) string { return v.Username },
			"created_at": func(v accounts.View) string { return cursor(v.CreatedAt) },
			"updated_at": func(v accounts.View) string { return cursor(v.UpdatedAt) },
		}
		for order, want := range map[string]string{
			"id": "1 2 3 4 5 6 7", "name": "3 4 2 7 5 6 1", "username": "4 3 2 5 7 1 6",
			"created_at": "4 5 6 7 1 2 3", "updated_at": "1 3 4 5 6 7 2",
		} {
			for _, descending := range []bool{false, true} {
				want := strings.Fields(want)
				if descending {
					want = reversed(want)
				}
				for _, keyset := range []bool{false, true} {
					page := application.Page{Order: order, Descending: descending, Size: 3, Keyset: keyset}
					var got []string
					for range 4 {
						views, err := s.AccountRecords.Views(s.Context(), accounts.Filter{}, page, now)
						s.Fine("Views", err)
						got = append(got, strings.Fields(ids(views.Items, func(v accounts.View) int64 { return int64(v.ID) }))...)
						s.Same("more", views.More, len(got) < len(want))
						s.Same("total", views.Total, map[bool]int64{false: 7, true: 0}[keyset])
						if !views.More {
							break
						}
						last := views.Items[len(views.Items)-1]
						if keyset {
							page.After = &application.Position{Value: value[order](last), ID: int64(last.ID)}
						} else {
							page.Offset += page.Size
						}
					}
					s.Same(fmt.Sprint(order, descending, keyset), got, want)
				}
			}
		}
		past, err := s.AccountRecords.Views(s.Context(), accounts.Filter{}, application.Page{Order: "id", Size: 3, Offset: 30}, now)
		s.Fine("Views", err)
		s.Same("past the end", past, application.Listed[accounts.View]{Total: 7})
	}),
	caseOf("views: highest role and namespace", func(s store) {
		s.Apply(people, `
members:
  - {user: gus, group: acme, role: guest}
  - {user: gus, project: acme/cli, role: developer}
  - {user: gus, group: acme/tools, role: owner, expires_at: 2026-03-10}
  - {user: root, group: acme, role: minimal}
  - {user: root, group: acme/tools, role: owner, state: requested}
`)
		for id, want := range map[identity.UserID]source.Role{1: source.NoRole, 7: source.Owner, 8: source.Developer} {
			view, err := s.AccountRecords.View(s.Context(), byID(id), now)
			s.Fine("View", err)
			s.Same("role", view.HighestRole, want)
		}
		for _, claim := range []identity.Claim{byID(404), byName("acme"), byName("none"), byName("\xff"), {}} {
			_, err := s.AccountRecords.View(s.Context(), claim, now)
			s.Kind(claim.String(), err, domain.NotFound)
		}
	}),
	caseOf("memberships: direct ones that count, groups first", func(s store) {
		s.Apply(people, `
members:
  - {user: gus, project: acme/cli, role: developer}
  - {user: gus, group: acme/tools, role: owner}
  - {user: gus, group: acme, role: guest, expires_at: 2026-03-11}
  - {user: gus, project: Dede/one, role: guest, expires_at: 2026-03-10}
  - {user: gus, project: Dede/two, role: owner, state: invited}
  - {user: root, group: acme, role: owner}
`)
		all := []accounts.Membership{
			{In: source.MemberSource{Group: 50}, Name: "acme", Role: source.Guest}, {In: source.MemberSource{Group: 51}, Name: "tools", Role: source.Owner},
			{In: source.MemberSource{Project: 60}, Name: "cli", Role: source.Developer},
		}
		for kind, want := range map[accounts.MembershipKind][]accounts.Membership{"": all, accounts.InGroups: all[:2], accounts.InProjects: all[2:]} {
			got, err := s.AccountRecords.Memberships(s.Context(), 8, kind, application.Page{Order: "id", Size: 9}, now)
			s.Fine("Memberships", err)
			s.Same("memberships", got, application.Listed[accounts.Membership]{Items: want, Total: int64(len(want))})
		}
		second, err := s.AccountRecords.Memberships(s.Context(), 8, "", application.Page{Order: "id", Size: 2, Offset: 2}, now)
		s.Fine("Memberships", err)
		s.Same("second page", second, application.Listed[accounts.Membership]{Items: all[2:], Total: 3})
		for id, want := range map[identity.UserID]accounts.Associations{8: {Groups: 2, Projects: 1}, 1: {Groups: 1}, 404: {}} {
			got, err := s.AccountRecords.Associations(s.Context(), id, now)
			s.Fine("Associations", err)
			s.Same("associations", got, want)
		}
	}),
}

// cursor is a moment as the value of a Position.
func cursor(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format("2006-01-02T15:04:05.000000Z")
}

func reversed(texts []string) []string {
	out := make([]string, 0, len(texts))
	for i := range texts {
		out = append(out, texts[len(texts)-1-i])
	}
	return out
}
