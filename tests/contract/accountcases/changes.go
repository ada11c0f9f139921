package accountcases

import (
	"errors"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/tests/contract"
)

// people has users with projects, a group and a project of a group.
const people = `
users:
  - {id: 1, username: root, name: Root, email: root@example.com, admin: true}
  - {id: 7, username: Dede, name: Dede E., email: dede@example.com, credential_version: 3}
  - {id: 8, username: gus, name: Gus, email: gus@example.com}
  - {id: 9, username: ghost, type: ghost}
groups: [{id: 50, path: acme}, {id: 51, path: acme/tools}]
projects: [{id: 60, path: acme/cli}, {id: 61, path: Dede/one}, {id: 62, path: Dede/two}]
`

// newUser is an account with all that is kept of one, but for what the store adds.
func newUser() identity.Account {
	return identity.Account{
		User: identity.User{
			Username: "Nora", Name: "Nora N.", Email: "nora@example.com", PublicEmail: "nora@example.com", State: identity.Active,
			Type: identity.Human, Admin: true, External: true, EmailConfirmed: true, CredentialVersion: 1,
		},
		Profile: identity.Profile{
			CanCreateGroup: true, ProjectsLimit: 3, Note: "n", CreatedAt: now, UpdatedAt: now.Add(time.Hour),
			CreatedBy: 1,
			Settings:  remembered.Values{"bio": "b", "theme_id": int64(2), "private_profile": true, "pronouns": nil},
		},
	}
}

var changeCases = []contract.Case{
	caseOf("new account: kept with all members, and with a personal namespace", func(s store) {
		s.Apply(people)
		want := newUser()
		want.ID = s.put(want)
		want.CreatedAt, want.UpdatedAt = want.CreatedAt.Truncate(time.Microsecond), want.UpdatedAt.Truncate(time.Microsecond)
		s.Same("account", s.account(want.ID), want)
		view, err := s.AccountRecords.View(s.Context(), byName("nora"), now)
		s.Fine("View", err)
		s.Same("view", view.Account, want)
		s.Same("creator", view.Creator.Username, "root")
		s.Same("namespace", view.Namespace != 0, true)
		s.UTC(view.CreatedAt)
		s.Same("actor", s.Actor("username-nora").User, want.User)
		other := want
		other.Username, other.Email, other.PublicEmail, other.ID = "nora2", "", "", 0
		s.Same("another number", s.put(other) > want.ID, true)
	}),
	caseOf("user active: latest day stays, whatever else changes", func(s store) {
		s.Apply(people)
		day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
		lasts := func(name string, want time.Time) {
			s.Helper()
			s.Fine("Flush", s.Store.Flush(s.Context()))
			view, err := s.AccountRecords.View(s.Context(), byID(7), now)
			s.Fine("View", err)
			s.Same(name, view.LastActivityOn, want)
			listed, err := s.AccountRecords.Views(s.Context(), accounts.Filter{Username: "Dede"}, application.Page{Order: "id", Size: 1}, now)
			s.Fine("Views", err)
			s.Same(name+", listed", listed.Items[0].LastActivityOn, want)
		}
		lasts("never", time.Time{})
		s.KeyUses.UserActive(7, day.Add(23*time.Hour))
		s.KeyUses.UserActive(7, day.Add(time.Hour))
		s.KeyUses.UserActive(404, day)
		lasts("by a key", day)
		s.AccessTokens.TokenUsed(identity.AccessToken{ID: 404, User: 7}, day.AddDate(0, 0, 1).Add(time.Hour).In(time.FixedZone("", -4*60*60)))
		lasts("by a token, in UTC", day.AddDate(0, 0, 1))
		s.KeyUses.UserActive(7, day)
		lasts("late", day.AddDate(0, 0, 1))
		s.change(7, func(a *identity.Account) { a.Note, a.LastActivityOn = "n", day })
		s.Apply(people, "users: [{username: Dede, note: m}]")
		lasts("changed", day.AddDate(0, 0, 1))
		s.Same("shown", s.List("users", "username", "last_activity_on")[1], "Dede 2026-03-11")
	}),
	caseOf("account changed: what is left out of a change stays, a version never goes back", func(s store) {
		s.Apply(people)
		s.change(7, func(a *identity.Account) { a.Note, a.CredentialVersion = "n", 2 })
		got := s.account(7)
		s.Same("note", got.Note, "n")
		s.Same("version", got.CredentialVersion, int64(3))
		s.Same("name", got.Name, "Dede E.")
		s.Same("moments of a world", got.CreatedAt.Equal(got.UpdatedAt) && !got.CreatedAt.IsZero(), true)
	}),
	caseOf("account renamed: projects move, their old paths lead to them", func(s store) {
		s.Apply(people)
		s.change(7, func(a *identity.Account) { a.Username = "Rubi" })
		s.Same("path", s.Standing("user-7", "rubi/one").Project.Path, "Rubi/one")
		old := s.Standing("user-7", "dede/two")
		s.Same("old path", old.Project.Path, "Rubi/two")
		s.Same("moved", old.Moved, true)
		s.Same("old name", s.Actor("username-dede").User.Known(), false)
		s.change(7, func(a *identity.Account) { a.Username = "RUBI" })
		s.Same("letter case", s.Standing("user-7", "rubi/one").Project.Path, "RUBI/one")
	}),
	caseOf("names that others have: conflict", func(s store) {
		s.Apply(people)
		for what, change := range map[string]func(*identity.Account){
			"username":        func(a *identity.Account) { a.Username = "gUS" },
			"path of a group": func(a *identity.Account) { a.Username = "Acme" },
			"e-mail":          func(a *identity.Account) { a.Email = "GUS@example.com" },
			"type":            func(a *identity.Account) { a.Type = identity.Ghost },
		} {
			a := s.account(7)
			change(&a)
			s.Kind(what, s.try(func(tx accounts.Tx) error { _, err := tx.Users.PutAccount(s.Context(), a); return err }), domain.Conflict)
		}
		s.Same("unchanged", s.account(7).Username, "Dede")
		s.change(7, func(a *identity.Account) { a.Email = "DEDE@example.com" })
	}),
	caseOf("second factor removed: sessions and codes too, the secret otherwise stays", func(s store) {
		s.Apply(people, "users: [{id: 7, username: Dede, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}]")
		digest := identity.DigestToken("a")
		s.Fine("Replace", s.RecoveryCodes.Replace(s.Context(), 7, []identity.TokenDigest{digest}, audit.Event{At: now}))
		s.OpenSession(7, 0, now.Add(time.Hour))
		s.change(7, func(a *identity.Account) { a.Name = "D" })
		s.Fine("UpdateFactor", s.UpdateFactor(7, func(f identity.TwoFactor) identity.TwoFactor {
			s.Same("secret", f.Secret, "JBSWY3DPEHPK3PXP")
			return f
		}))
		s.change(7, func(a *identity.Account) { a.TwoFactor = false })
		s.Same("factor", s.Account("user-7").Factor, identity.TwoFactor{})
		s.Same("session", s.HasOTPSession("user-7", "acme/cli", now), false)
		s.Kind("code", s.RecoveryCodes.Spend(s.Context(), 7, digest), domain.NotFound)
	}),
	caseOf("unit of work fails: nothing is kept, no event and no job", func(s store) {
		s.Apply(people)
		failed := errors.New("failed")
		job := application.Job{Kind: "k", Subject: 60}
		write := func(tx accounts.Tx) error {
			_, err := tx.Users.PutAccount(s.Context(), newUser())
			return errors.Join(err, tx.Audit.Append(s.Context(), audit.Event{At: now, Action: "user.create"}), tx.Jobs.Enqueue(s.Context(), job))
		}
		if err := s.try(func(tx accounts.Tx) error { return errors.Join(write(tx), failed) }); !errors.Is(err, failed) {
			s.Errorf("got %v", err)
		}
		s.Same("user", s.Actor("username-nora").User.Known(), false)
		s.Same("events and jobs", len(s.List("audit"))+len(s.List("jobs")), 0)
		s.unit(write)
		s.Same("jobs", s.List("jobs", "kind", "subject"), []string{"k 60"})
		s.Same("events", s.List("audit", "action"), []string{"user.create"})
	}),
	caseOf("names: owners of e-mails and paths, in any letter case", func(s store) {
		s.Apply(people)
		s.unit(func(tx accounts.Tx) error {
			for email, want := range map[string]identity.UserID{"DEDE@example.com": 7, "": 0, "none@example.com": 0, "d\x00": 0, "\xff": 0} {
				got, err := tx.Names.EmailOwner(s.Context(), email)
				s.Fine("EmailOwner", err)
				s.Same(email, got, want)
			}
			type taken struct{ Taken, User bool }
			for path, want := range map[string]taken{
				"dEDE": {true, true}, "ACME": {true, false}, "acme/CLI": {true, false}, "acme/tools": {true, false}, "none": {}, "\xff": {},
			} {
				isTaken, isUser, err := tx.Names.PathTaken(s.Context(), path)
				s.Fine("PathTaken", err)
				s.Same(path, taken{isTaken, isUser}, want)
			}
			return nil
		})
	}),
	caseOf("administrators: others that are active", func(s store) {
		s.Apply(people)
		others := func(want bool) {
			s.Helper()
			s.unit(func(tx accounts.Tx) error {
				got, err := tx.Users.OtherAdministrators(s.Context(), 1)
				s.Same("others", got, want)
				return err
			})
		}
		others(false)
		s.change(7, func(a *identity.Account) { a.Admin, a.State = true, identity.Blocked })
		others(false)
		s.change(7, func(a *identity.Account) { a.State = identity.Active })
		others(true)
	}),
	caseOf("sole owner: of groups without another owner that counts", func(s store) {
		s.Apply(people, `
groups: [{path: Zoo}, {path: shared}, {path: late}]
members:
  - {user: Dede, group: Zoo, role: owner}
  - {user: gus, group: Zoo, role: maintainer}
  - {user: Dede, group: acme/tools, role: owner}
  - {user: gus, group: acme/tools, role: owner, state: requested}
  - {user: Dede, group: shared, role: owner}
  - {user: gus, group: shared, role: owner}
  - {user: Dede, group: late, role: owner, expires_at: 2026-03-10}
  - {user: gus, group: acme, role: owner, expires_at: 2026-03-11}
`)
		for id, want := range map[identity.UserID][]string{7: {"acme/tools", "Zoo"}, 8: {"acme"}, 404: nil} {
			s.unit(func(tx accounts.Tx) error {
				got, err := tx.Users.SoleOwner(s.Context(), id, now)
				s.Same("groups", got, want)
				return err
			})
		}
	}),
	caseOf("unknown numbers: not found", func(s store) {
		s.Apply(people)
		for what, do := range map[string]func(accounts.Tx) error{
			"Account": func(tx accounts.Tx) error { _, err := tx.Users.Account(s.Context(), 404); return err },
			"Delete":  func(tx accounts.Tx) error { return tx.Users.Delete(s.Context(), 404, true) },
			"Key":     func(tx accounts.Tx) error { _, err := tx.Keys.Key(s.Context(), 404); return err },
			"Remove":  func(tx accounts.Tx) error { return tx.Keys.RemoveKey(s.Context(), 404) },
			"Token":   func(tx accounts.Tx) error { _, err := tx.Tokens.Token(s.Context(), 404); return err },
			"TokenOf": func(tx accounts.Tx) error { _, err := tx.Tokens.TokenOf(s.Context(), "none"); return err },
		} {
			s.Kind(what, s.try(do), domain.NotFound)
		}
	}),
}
