package contract

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"gatehouse/adapters/lfstoken"
	"gatehouse/application/lfsaccess"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/lfs"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// lenders is the staff, with more projects and people around them.
var lenders = staff + `
---
users: [{id: 18, username: nora}, {id: 19, username: mute, state: blocked}]
projects:
  - {id: 43, path: acme/lib}
  - {id: 44, path: acme/small, lfs: false}
  - {id: 45, path: acme/open, visibility: public}
members: [{user: nora, group: acme, role: guest}, {user: gone, group: acme, role: developer}]
`

// locker is the office of LFS credentials over a store, with a clock and an
// instance key that are set by hand.
type locker struct {
	Subject
	*lfsaccess.Office
	now time.Time
	key string
}

func (s Subject) locker(settings source.Settings) *locker {
	s.Helper()
	s.apply(staff, `
users: [{id: 18, username: nora}, {id: 19, username: mute, state: blocked}, {id: 20, username: stray}]
projects:
  - {id: 43, path: acme/lib}
  - {id: 44, path: acme/small, lfs: false}
  - {id: 45, path: acme/open, visibility: public}
members: [{user: nora, group: acme, role: guest}, {user: gone, group: acme, role: developer}]`)
	l := &locker{Subject: s, now: now, key: "0123456789abcdef0123456789abcdef"}
	settings.Protocols = source.AllProtocols
	l.Office = lfsaccess.New(s.Directory, s.Stamps, lfstoken.Format{}, lfsaccess.Rules{
		Settings: settings, Lifetime: 30 * time.Minute,
		InstanceKey: func() []byte { return []byte(l.key) }, NewID: uuid.NewString,
	}, func() time.Time { return l.now })
	return l
}

// lent asks for a credential that has to be given.
func (l *locker) lent(who, where string) lfsaccess.Credential {
	l.Helper()
	q := question(who, where)
	c, err := l.Authenticate(l.Context(), q.Claim, q.Target)
	if err != nil {
		l.Fatalf("Authenticate(%s, %s): %v", who, where, err)
	}
	return c
}

// bad fails the case unless name and token are refused, in words that tell
// nothing.
func (l *locker) bad(what, name, token string) {
	l.Helper()
	_, err := l.Verify(l.Context(), name, token)
	l.refused(what, err, domain.Unauthenticated, "Invalid LFS credentials")
}

// lfsCases are the rows of git.md 7.
var lfsCases = []Case{
	{Name: "git.md 7: who gets LFS credentials", Check: func(s Subject) {
		l := s.locker(source.Settings{})
		s.apply("projects: [{id: 43, path: acme/library}]")
		for _, c := range []struct{ row, who, where, username, path string }{
			{"by key", "key-11", "acme/cli", "dede", "acme/cli"},
			{"by name", "username-DEDE", "acme/cli", "dede", "acme/cli"},
			{"by number", "user-7", "acme/cli", "dede", "acme/cli"},
			{"a deploy key", "key-201", "acme/cli", "lfs+deploy-key-201", "acme/cli"},
			{"a deploy key, elsewhere in public", "key-202", "acme/open", "lfs+deploy-key-202", "acme/open"},
			{"a guest, in public", "user-18", "acme/open", "nora", "acme/open"},
			{"a wiki", "user-7", "acme/cli.wiki", "dede", "acme/cli.wiki"},
			{"a wiki, by gl_repository", "user-7", "wiki-42", "dede", "acme/cli.wiki"},
			{"a moved path", "user-7", "acme/lib", "dede", "acme/library"},
			{"in another letter case", "user-7", "Acme/CLI", "dede", "acme/cli"},
			{"by gl_repository", "user-7", "project-42", "dede", "acme/cli"},
		} {
			got := l.lent(c.who, c.where)
			s.same(c.row, []any{got.Username, got.Path, got.ExpiresIn}, []any{c.username, c.path, 30 * time.Minute})
			pass, err := l.Verify(s.Context(), got.Username, got.Token)
			s.fine(c.row, err)
			s.same(c.row+", verified", []string{lfs.ActorName(pass.Actor), pass.Project.FullPath(pass.Repository.Kind)}, []string{c.username, c.path})
			s.same(c.row+", another time", l.lent(c.who, c.where).Token != got.Token, true)
		}
	}},
	{Name: "git.md 7: who gets none", Check: func(s Subject) {
		l := s.locker(source.Settings{})
		for _, c := range []struct {
			row, who, where string
			kind            domain.Kind
			words           string
		}{
			{"an unknown project", "user-7", "acme/nothing", domain.NotFound, "404 Not Found"},
			{"an unknown number", "user-7", "project-404", domain.NotFound, "404 Not Found"},
			{"LFS is off", "user-7", "acme/small", domain.NotFound, "404 Not Found"},
			{"LFS is off, for its administrator", "user-1", "acme/small", domain.NotFound, "404 Not Found"},
			{"designs", "user-7", "acme/cli.design", domain.NotFound, "404 Not Found"},
			{"designs, by gl_repository", "user-7", "design-42", domain.NotFound, "404 Not Found"},
			{"a snippet", "user-7", "snippet-42", domain.NotFound, "404 Not Found"},
			{"nobody", "nobody", "acme/cli", domain.NotFound, "404 Not Found"},
			{"nobody, in public", "nobody", "acme/open", domain.NotFound, "404 Not Found"},
			{"an unknown key, in public", "key-404", "acme/open", domain.NotFound, "404 Not Found"},
			{"an unknown user, in public", "user-404", "acme/open", domain.NotFound, "404 Not Found"},
			{"a hidden project", "user-20", "acme/cli", domain.NotFound, "404 Not Found"},
			{"a hidden project, blocked", "user-19", "acme/cli", domain.NotFound, "404 Not Found"},
			{"no project, blocked", "user-19", "acme/nothing", domain.NotFound, "404 Not Found"},
			{"a deploy key, elsewhere", "key-201", "acme/lib", domain.NotFound, "404 Not Found"},
			{"a guest of a private project", "user-18", "acme/cli", domain.Forbidden, "download"},
			{"blocked, a member", "user-10", "acme/cli", domain.Forbidden, "blocked"},
			{"a key that has expired", "key-14", "acme/cli", domain.Forbidden, "expired"},
		} {
			q := question(c.who, c.where)
			got, err := l.Authenticate(s.Context(), q.Claim, q.Target)
			s.refused(c.row, err, c.kind, c.words)
			s.same(c.row, got, lfsaccess.Credential{})
		}
		s.fine("Flush", s.Keeper.Flush(s.Context()))
		s.same("stamped", s.actor("key-14").Key.LastUsedAt.IsZero(), true)
	}},
	{Name: "git.md 7: the key is stamped", Check: func(s Subject) {
		l := s.locker(source.Settings{})
		l.lent("key-11", "acme/cli")
		l.lent("key-201", "acme/cli")
		s.fine("Flush", s.Keeper.Flush(s.Context()))
		for who, want := range map[string]time.Time{"key-11": now.Truncate(time.Microsecond), "key-201": now.Truncate(time.Microsecond), "key-13": {}} {
			s.same(who, s.actor(who).Key.LastUsedAt, want)
		}
	}},
	{Name: "git.md 7.1: LFS credentials are verified", Check: func(s Subject) {
		l := s.locker(source.Settings{})
		dede, gus, robot := l.lent("key-11", "acme/cli"), l.lent("user-8", "acme/cli"), l.lent("key-201", "acme/cli")
		pass, err := l.Verify(s.Context(), "dede", dede.Token)
		s.fine("Verify", err)
		s.same("who", []any{pass.Actor.User.ID, pass.Project.ID, pass.Repository}, []any{identity.UserID(7), source.ProjectID(42), source.RepositoryID{Kind: source.Code, ID: 42}})
		for _, name := range []string{"Dede", "DEDE", "dede ", "gus", "root", "", "nobody", "lfs+deploy-key-201", "lfs+deploy-key-202", "lfs+deploy-key-11"} {
			l.bad("as "+name, name, dede.Token)
		}
		for what, token := range map[string]string{
			"somebody else's": gus.Token, "a robot's": robot.Token, "none": "", "cut": dede.Token[:len(dede.Token)-2], "text": "a.b.c",
			"forged":        l.forged("guessed", identity.User{ID: 7, CredentialVersion: 1}),
			"another's key": l.forged(l.key, identity.User{ID: 8, CredentialVersion: 1}),
			"of tomorrow":   l.forged(l.key, identity.User{ID: 7, CredentialVersion: 2}),
		} {
			l.bad(what, "dede", token)
		}
		genuine := l.forged(l.key, identity.User{ID: 7, CredentialVersion: 1})
		_, err = l.Verify(s.Context(), "dede", genuine)
		s.fine("with the very key", err)
	}},
	{Name: "git.md 7.1: LFS credentials expire", Check: func(s Subject) {
		l := s.locker(source.Settings{})
		dede := l.lent("key-11", "acme/cli")
		l.now = now.Add(30 * time.Minute)
		_, err := l.Verify(s.Context(), "dede", dede.Token)
		s.fine("within the leeway", err)
		l.now = now.Add(31 * time.Minute)
		l.bad("after it", "dede", dede.Token)
		l.now = now.Add(-2 * time.Minute)
		l.bad("before its issue", "dede", dede.Token)
	}},
	{Name: "git.md 7.1: everything that takes LFS credentials back", Check: func(s Subject) {
		robot := fmt.Sprintf("deploy_keys: [{id: 201, creator: dede, key: %q, ", world.Key(201))
		enabled := "projects: [{project: acme/cli}]}]"
		for _, c := range []struct{ row, who, change string }{
			{"blocked", "key-11", "users: [{id: 7, username: dede, state: blocked}]"},
			{"banned", "key-11", "users: [{id: 7, username: dede, state: banned}]"},
			{"password expired", "key-11", "users: [{id: 7, username: dede, password_expires_at: 2026-03-10}]"},
			{"new credentials", "key-11", "users: [{id: 7, username: dede, credential_version: %d}]"},
			{"renamed", "key-11", "users: [{id: 7, username: dora}]"},
			{"somebody else of that name", "key-11", "users: [{id: 7, username: dora}, {id: 70, username: dede}]\nmembers: [{user: dede, group: acme, role: owner}]"},
			{"membership gone", "key-11", "members: [{user: dede, group: acme, role: developer, expires_at: 2026-03-10}]"},
			{"a guest only", "key-11", "members: [{user: dede, group: acme, role: guest}]"},
			{"LFS is off", "key-11", "projects: [{id: 42, path: acme/cli, lfs: false}]"},
			{"a robot: LFS is off", "key-201", "projects: [{id: 42, path: acme/cli, lfs: false}]"},
			{"a robot: another key", "key-201", fmt.Sprintf("deploy_keys: [{id: 201, creator: dede, key: %q, projects: [{project: acme/cli}]}]", world.Key(203))},
			{"a robot: expired", "key-201", robot + "expires_at: 2026-03-10, " + enabled},
			{"a robot: switched off here", "key-201", robot + "projects: []}]"},
		} {
			// Each starts from what it was: all but the version comes back.
			l := s.locker(source.Settings{})
			s.apply("projects: [{id: 42, path: acme/cli}]")
			issued := l.lent(c.who, "acme/cli")
			_, err := l.Verify(s.Context(), issued.Username, issued.Token)
			s.fine(c.row+", before", err)
			change := c.change
			if c.row == "new credentials" {
				change = fmt.Sprintf(change, s.actor("user-7").User.CredentialVersion+1)
			}
			s.apply(change)
			l.bad(c.row, issued.Username, issued.Token)
			if c.row == "renamed" {
				l.bad("under the new name", "dora", issued.Token)
			}
			if c.row == "somebody else of that name" {
				return
			}
		}
	}},
}

// forged is a token in dede's name, signed with the key that an instance key
// makes for a user.
func (l *locker) forged(instance string, signer identity.User) string {
	l.Helper()
	text, err := lfstoken.Format{}.Write(lfs.Token{
		ID: "x", Username: "dede", Repository: source.RepositoryID{Kind: source.Code, ID: 42}, IssuedAt: l.now, ExpiresAt: l.now.Add(time.Hour),
	}, lfs.SigningKey([]byte(instance), identity.Actor{User: signer}))
	l.fine("Write", err)
	return text
}
var _ = errors.New
