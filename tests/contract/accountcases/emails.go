package accountcases

import (
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/contract"
	"gatehouse/tests/world"
)

// addEmail adds a secondary e-mail and returns its number.
func (s store) addEmail(user identity.UserID, address string, confirmed time.Time) (id int64) {
	s.Helper()
	s.unit(func(tx accounts.Tx) (err error) {
		id, err = tx.Emails.AddEmail(s.Context(), identity.Email{User: user, Address: address, ConfirmedAt: confirmed, CreatedAt: now})
		return err
	})
	return id
}

// emails returns the addresses of a user's secondary e-mails.
func (s store) emails(user identity.UserID) (addresses []string) {
	s.Helper()
	s.unit(func(tx accounts.Tx) error {
		all, err := tx.Emails.Emails(s.Context(), user)
		addresses = identity.Addresses(all)
		return err
	})
	return addresses
}

var emailCases = []contract.Case{
	caseOf("secondary e-mail added and removed: kept with all members", func(s store) {
		s.Apply(people)
		at := now.Add(time.Hour)
		want := []identity.Email{
			{ID: s.addEmail(7, "Work@example.com", at), User: 7, Address: "Work@example.com", ConfirmedAt: at.Truncate(time.Microsecond), CreatedAt: now.Truncate(time.Microsecond)},
			{ID: s.addEmail(7, "home@example.com", time.Time{}), User: 7, Address: "home@example.com", CreatedAt: now.Truncate(time.Microsecond)},
		}
		other := s.addEmail(8, "gus2@example.com", at)
		s.unit(func(tx accounts.Tx) error {
			got, err := tx.Emails.Emails(s.Context(), 7)
			s.Same("in a transaction", got, want)
			return err
		})
		list := func(f accounts.EmailFilter, page application.Page) application.Listed[identity.Email] {
			s.Helper()
			found, err := s.Credentials.Emails(s.Context(), f, page)
			s.Fine("Emails", err)
			return found
		}
		whole := application.Page{Order: "id", Size: 9}
		s.Same("listed", list(accounts.EmailFilter{User: 7}, whole), application.Listed[identity.Email]{Items: want, Total: 2})
		s.UTC(list(accounts.EmailFilter{User: 7}, whole).Items[0].ConfirmedAt)
		s.Same("second page", list(accounts.EmailFilter{User: 7}, application.Page{Order: "id", Size: 1, Offset: 1}).Items, want[1:])
		s.Same("one", list(accounts.EmailFilter{User: 7, ID: want[1].ID}, whole).Items, want[1:])
		for _, none := range []accounts.EmailFilter{{User: 7, ID: other}, {User: 1}, {User: 404}} {
			s.Same("none", list(none, whole), application.Listed[identity.Email]{})
		}
		s.unit(func(tx accounts.Tx) error { return tx.Emails.RemoveEmail(s.Context(), want[0].ID) })
		s.Same("left", s.emails(7), []string{"home@example.com"})
		s.Kind("again", s.try(func(tx accounts.Tx) error { return tx.Emails.RemoveEmail(s.Context(), want[0].ID) }), domain.NotFound)
		s.Same("another number", s.addEmail(7, "Work@example.com", at) > other, true)
	}),
	caseOf("secondary e-mail added: not one that a user has, and not for users who are none", func(s store) {
		s.Apply(people)
		s.addEmail(7, "work@example.com", now)
		s.addEmail(7, "\u00e4@example.com", now)
		add := func(user identity.UserID, address string) error {
			return s.try(func(tx accounts.Tx) error {
				_, err := tx.Emails.AddEmail(s.Context(), identity.Email{User: user, Address: address})
				return err
			})
		}
		s.Kind("primary one of another", add(7, "GUS@example.com"), domain.Conflict)
		s.Kind("own primary one", add(7, "dede@EXAMPLE.com"), domain.Conflict)
		s.Kind("secondary one of another", add(8, "WORK@example.com"), domain.Conflict)
		s.Kind("own secondary one", add(7, "Work@example.com"), domain.Conflict)
		s.Kind("no user", add(404, "new@example.com"), domain.NotFound)
		s.Fine("other letters than A to Z", add(8, "\u00c4@example.com"))
		s.Same("of 7", s.emails(7), []string{"work@example.com", "\u00e4@example.com"})
	}),
	caseOf("e-mail of a user: not a secondary one of another", func(s store) {
		s.Apply(people)
		s.addEmail(7, "work@example.com", now)
		s.unit(func(tx accounts.Tx) error {
			owner, err := tx.Names.EmailOwner(s.Context(), "WORK@example.com")
			s.Same("owner", owner, identity.UserID(7))
			return err
		})
		a := newUser()
		a.Email = "Work@example.com"
		for what, id := range map[string]identity.UserID{"new": 0, "other": 8} {
			a.ID = id
			s.Kind(what, s.try(func(tx accounts.Tx) error { _, err := tx.Users.PutAccount(s.Context(), a); return err }), domain.Conflict)
		}
		s.Same("of 7", s.emails(7), []string{"work@example.com"})
	}),
	caseOf("secondary e-mail becomes the primary one: no secondary one any more", func(s store) {
		s.Apply(people)
		s.addEmail(7, "work@example.com", now)
		s.addEmail(7, "home@example.com", now)
		s.change(7, func(a *identity.Account) { a.Email = "WORK@example.com" })
		s.Same("left", s.emails(7), []string{"home@example.com"})
		s.Same("primary", s.account(7).Email, "WORK@example.com")
		s.addEmail(8, "dede@example.com", now) // which is free
		s.change(7, func(a *identity.Account) { a.Email = "new@example.com" })
		s.addEmail(8, "work@example.com", now)
		s.Same("of 8", s.emails(8), []string{"dede@example.com", "work@example.com"})
	}),
	caseOf("public e-mail: a secondary one that is confirmed, until it is removed", func(s store) {
		s.Apply(people)
		id := s.addEmail(7, "work@example.com", now)
		s.addEmail(7, "home@example.com", time.Time{})
		s.addEmail(8, "other@example.com", now)
		for address, want := range map[string]string{"WORK@example.com": "WORK@example.com", "home@example.com": "", "other@example.com": ""} {
			s.change(7, func(a *identity.Account) { a.PublicEmail = address })
			s.Same(address, s.account(7).PublicEmail, want)
		}
		s.change(7, func(a *identity.Account) { a.PublicEmail = "work@example.com" })
		s.change(7, func(a *identity.Account) { a.Email = "new@example.com" })
		s.Same("another primary one", s.Actor("user-7").User.PublicEmail, "work@example.com")
		s.unit(func(tx accounts.Tx) error { return tx.Emails.RemoveEmail(s.Context(), id) })
		s.change(7, func(*identity.Account) {})
		s.Same("removed", s.account(7).PublicEmail, "")
	}),
	caseOf("users searched: by the whole of a confirmed secondary e-mail", func(s store) {
		s.Apply(people)
		s.addEmail(7, "Work@example.com", now)
		s.addEmail(8, "x@example.com", time.Time{})
		for _, c := range []struct {
			filter accounts.Filter
			want   string
		}{
			{accounts.Filter{Search: "wORK@example.com", Emails: true}, "7"},
			{accounts.Filter{Search: "x@example.com", Emails: true}, ""},
			{accounts.Filter{Search: "work@example.com"}, ""},
			{accounts.Filter{Search: "work@", Emails: true}, ""},
			{accounts.Filter{Search: "gus@example.com", Emails: true}, "8"},
			{accounts.Filter{Search: "work@example.com", Emails: true, Admins: new(true)}, ""},
		} {
			s.Same(c.filter.Search, s.listUsers(c.filter), c.want)
		}
	}),
	caseOf("user deleted: the secondary e-mails go, and are free", func(s store) {
		s.Apply(people)
		s.addEmail(7, "work@example.com", now)
		s.unit(func(tx accounts.Tx) error { return tx.Users.Delete(s.Context(), 7, false) })
		s.Same("of 7", len(s.emails(7)), 0)
		s.addEmail(8, "work@example.com", now)
		s.addEmail(8, "dede@example.com", now)
	}),
	caseOf("world: secondary e-mails replaced, left alone and removed", func(s store) {
		s.Apply(people)
		steps := []struct {
			row  string
			want []string
		}{
			{"emails: [{email: a@example.com, confirmed_at: 2026-01-02}, {email: B@example.com}]", []string{"a@example.com", "B@example.com"}},
			{"note: x", []string{"a@example.com", "B@example.com"}},
			{"emails: [{email: b@example.com}, {email: c@example.com}], public_email: null", []string{"b@example.com", "c@example.com"}},
			{"email: C@example.com", []string{"b@example.com"}},
			{"email: b@example.com, emails: [{email: c@example.com, confirmed_at: 2026-01-02}], public_email: C@example.com", []string{"c@example.com"}},
			{"emails: []", nil},
			{"emails: [{email: a@example.com}]", []string{"a@example.com"}},
			{"emails: null", nil},
		}
		for _, step := range steps {
			s.Apply("users: [{username: Dede, " + step.row + "}]")
			s.Same(step.row, s.emails(7), append([]string{}, step.want...))
		}
		s.Same("public e-mail", s.account(7).PublicEmail, "")
		s.addEmail(8, "a@example.com", now)
		s.addEmail(8, "C@example.com", now)
	}),
	caseOf("world: e-mail that is a secondary one of another user, or the other way", func(s store) {
		s.Apply(people)
		s.addEmail(7, "work@example.com", now)
		for text, want := range map[string]string{
			"users: [{username: gus, email: WORK@example.com}]":                                `user "gus": its e-mail is that of user "Dede" (id 7)`,
			"users: [{username: new, email: WORK@example.com}]":                                `user "new": its e-mail is that of user "Dede" (id 7)`,
			"users: [{username: gus, emails: [{email: x@y}, {email: Work@example.com}]}]":      `user "gus": its e-mail "Work@example.com" is that of user "Dede" (id 7)`,
			"users: [{username: gus, emails: [{email: DEDE@example.com}]}]":                    `user "gus": its e-mail "DEDE@example.com" is that of user "Dede" (id 7)`,
			"users: [{id: 30, username: new, emails: [{email: gus@example.com}], email: n@x}]": `user "new": its e-mail "gus@example.com" is that of user "gus" (id 8)`,
		} {
			importer := worldimport.New(s.WorldImport, source.FullyProtected, world.Clock)
			_, err := importer.Import(s.Context(), world.Parse(s, text))
			if err == nil || !strings.Contains(err.Error(), want) {
				s.Errorf("%s: got %v, want %s", text, err, want)
			}
		}
		s.Same("of 8", len(s.emails(8)), 0)
		s.Apply("users: [{username: Dede, emails: []}, {username: gus, emails: [{email: Work@example.com}]}]")
		s.Same("moved", s.emails(8), []string{"Work@example.com"})
	}),
}
