package behaviour_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gatehouse/adapters/lfstoken"
	"gatehouse/application/lfsaccess"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/lfs"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// lockers are what there is to lend from besides the staff's project, and
// people who may not.
const lockers = `
users: [{id: 18, username: nora}, {id: 19, username: mute, state: blocked}, {id: 20, username: stray}]
projects:
  - {id: 43, path: acme/library, moved_from: [acme/lib]}
  - {id: 44, path: acme/small, lfs: false}
  - {id: 45, path: acme/open, visibility: public}
members: [{user: nora, group: acme, role: guest}, {user: gone, group: acme, role: developer}]
`

// lfsServer is a server as people ask it for LFS credentials.
type lfsServer struct{ *server }

// lfsServer starts one among the staff and the lockers.
func (s Subject) lfsServer(change ...func(*config.Config)) *lfsServer {
	s.Helper()
	s.Apply(staff, lockers)
	return &lfsServer{s.server(change...)}
}

// otpRequired demands the second factor for Git over SSH.
func otpRequired(c *config.Config) { c.OTP.RequiredForGit = true }

// lent asks for a credential that has to be given.
func (l *lfsServer) lent(who, where string) lfsaccess.Credential {
	l.Helper()
	q := subject.Question(who, where)
	c, err := l.LFS.Authenticate(l.Context(), q.Claim, q.Target)
	if err != nil {
		l.Fatalf("Authenticate(%s, %s): %v", who, where, err)
	}
	return c
}

// bad fails the case unless name and token are refused, in words that tell
// nothing.
func (l *lfsServer) bad(what, name, token string) {
	l.Helper()
	_, err := l.LFS.Verify(l.Context(), name, token)
	l.Refused(what, err, domain.Unauthenticated, "Invalid LFS credentials")
}

// lfsCases are the rows of git.md 7.
var lfsCases = []Case{
	{Name: "git.md 7: who gets LFS credentials", Check: func(s Subject) {
		l := s.lfsServer()
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
			s.Same(c.row, []any{got.Username, got.Path, got.ExpiresIn}, []any{c.username, c.path, 30 * time.Minute})
			pass, err := l.LFS.Verify(s.Context(), got.Username, got.Token)
			s.Fine(c.row, err)
			s.Same(c.row+", verified", []string{lfs.ActorName(pass.Actor), pass.Project.FullPath(pass.Repository.Kind)}, []string{c.username, c.path})
			s.Same(c.row+", another time", l.lent(c.who, c.where).Token != got.Token, true)
		}
	}},
	{Name: "git.md 7: who gets none", Check: func(s Subject) {
		l := s.lfsServer()
		for _, c := range []struct {
			row, who, where string
			kind            domain.Kind
			words           string
		}{
			{"an unknown project", "user-7", "acme/nothing", domain.NotFound, ""},
			{"an unknown number", "user-7", "project-404", domain.NotFound, ""},
			{"LFS is off", "user-7", "acme/small", domain.NotFound, ""},
			{"LFS is off, for its administrator", "user-1", "acme/small", domain.NotFound, ""},
			{"designs", "user-7", "acme/cli.design", domain.NotFound, ""},
			{"designs, by gl_repository", "user-7", "design-42", domain.NotFound, ""},
			{"a snippet", "user-7", "snippet-42", domain.NotFound, ""},
			{"nobody", "nobody", "acme/cli", domain.NotFound, ""},
			{"nobody, in public", "nobody", "acme/open", domain.NotFound, ""},
			{"an unknown key, in public", "key-404", "acme/open", domain.NotFound, ""},
			{"an unknown user, in public", "user-404", "acme/open", domain.NotFound, ""},
			{"a hidden project", "user-20", "acme/cli", domain.NotFound, ""},
			{"a hidden project, blocked", "user-19", "acme/cli", domain.NotFound, ""},
			{"no project, blocked", "user-19", "acme/nothing", domain.NotFound, ""},
			{"a deploy key, elsewhere", "key-201", "acme/lib", domain.NotFound, ""},
			{"a guest of a private project", "user-18", "acme/cli", domain.Forbidden, "download"},
			{"blocked, a member", "user-10", "acme/cli", domain.Forbidden, "blocked"},
			{"a key that has expired", "key-14", "acme/cli", domain.Forbidden, "expired"},
		} {
			q := subject.Question(c.who, c.where)
			got, err := l.LFS.Authenticate(s.Context(), q.Claim, q.Target)
			s.Refused(c.row, err, c.kind, c.words)
			s.Same(c.row, got, lfsaccess.Credential{})
		}
		s.Fine("Flush", s.Store.Flush(s.Context()))
		s.Same("stamped", s.Actor("key-14").Key.LastUsedAt.IsZero(), true)
	}},
	{Name: "git.md 7: the key is stamped", Check: func(s Subject) {
		l := s.lfsServer()
		l.lent("key-11", "acme/cli")
		l.lent("key-201", "acme/cli")
		s.Fine("Flush", s.Store.Flush(s.Context()))
		for who, want := range map[string]time.Time{"key-11": now.Truncate(time.Microsecond), "key-201": now.Truncate(time.Microsecond), "key-13": {}} {
			s.Same(who, s.Actor(who).Key.LastUsedAt, want)
		}
	}},
	{Name: "git.md 7.1: LFS credentials are verified", OnDatabases: true, Check: func(s Subject) {
		l := s.lfsServer()
		dede, gus, robot := l.lent("key-11", "acme/cli"), l.lent("user-8", "acme/cli"), l.lent("key-201", "acme/cli")
		pass, err := l.LFS.Verify(s.Context(), "dede", dede.Token)
		s.Fine("Verify", err)
		s.Same("who", []any{pass.Actor.User.ID, pass.Project.ID, pass.Repository}, []any{identity.UserID(7), source.ProjectID(42), source.RepositoryID{Kind: source.Code, ID: 42}})
		for _, name := range []string{"Dede", "DEDE", "dede ", "gus", "root", "", "nobody", "lfs+deploy-key-201", "lfs+deploy-key-202", "lfs+deploy-key-11"} {
			l.bad("as "+name, name, dede.Token)
		}
		for what, token := range map[string]string{
			"somebody else's": gus.Token, "a robot's": robot.Token, "none": "", "cut": dede.Token[:len(dede.Token)-2], "text": "a.b.c",
			"forged":        l.forged("guessed", identity.User{ID: 7, CredentialVersion: 1}),
			"another's key": l.forged(instanceKey, identity.User{ID: 8, CredentialVersion: 1}),
			"of tomorrow":   l.forged(instanceKey, identity.User{ID: 7, CredentialVersion: 2}),
		} {
			l.bad(what, "dede", token)
		}
		genuine := l.forged(instanceKey, identity.User{ID: 7, CredentialVersion: 1})
		_, err = l.LFS.Verify(s.Context(), "dede", genuine)
		s.Fine("with the very key", err)
	}},
	{Name: "git.md 7.1: LFS credentials expire", Check: func(s Subject) {
		l := s.lfsServer()
		dede := l.lent("key-11", "acme/cli")
		l.now = now.Add(30 * time.Minute)
		_, err := l.LFS.Verify(s.Context(), "dede", dede.Token)
		s.Fine("within the leeway", err)
		l.now = now.Add(31 * time.Minute)
		l.bad("after it", "dede", dede.Token)
		l.now = now.Add(-2 * time.Minute)
		l.bad("before its issue", "dede", dede.Token)
	}},
	{Name: "git.md 7.1: a change of the instance's key takes LFS credentials back", Check: func(s Subject) {
		l := s.lfsServer()
		dede, robot := l.lent("key-11", "acme/cli"), l.lent("key-201", "acme/cli")
		rotated := filepath.Join(s.TempDir(), "instance")
		s.Fine("WriteFile", os.WriteFile(rotated, []byte("another key of the instance that serves tests"), 0o600))
		after := &lfsServer{s.server(func(c *config.Config) {
			c.Instance = config.Instance{KeyFile: rotated, PreviousKeyFile: c.Instance.KeyFile}
		})}
		after.bad("a person's", dede.Username, dede.Token)
		after.bad("a robot's", robot.Username, robot.Token)
		after.fits(after.lent("key-11", "acme/cli"))
		l.fits(dede)
	}},
	{Name: "git.md 7.1: credentials of a new version stay new", Check: func(s Subject) {
		l := s.lfsServer()
		first := l.lent("key-11", "acme/cli")
		s.Apply("users: [{id: 7, username: dede, credential_version: 2}]")
		l.bad("of version 1", "dede", first.Token)
		second := l.lent("key-11", "acme/cli")
		l.fits(second)
		for _, again := range []string{staff, "users: [{id: 7, username: dede}]", "users: [{id: 7, username: dede, credential_version: 1}]"} {
			s.Apply(again)
			l.bad("of version 1, applied again", "dede", first.Token)
			l.fits(second)
		}
		s.Apply("users: [{id: 7, username: dede, credential_version: 3}]")
		l.bad("of version 2", "dede", second.Token)
	}},
	{Name: "git.md 7.1: what takes no LFS credentials back", Check: func(s Subject) {
		l := s.lfsServer()
		dede, robot := l.lent("key-11", "acme/cli"), l.lent("key-201", "acme/cli")
		s.Apply("projects: [{id: 42, path: acme/moved}]")
		l.fits(dede)
		l.fits(robot)
		s.Apply("keys: [{id: 11, user: dede, expires_at: 2026-03-10, key: " + world.Key(11) + "}]")
		l.fits(dede)
		s.Apply("users: [{id: 7, username: dede, state: blocked}]")
		l.fits(robot)
	}},
	{Name: "git.md S4: the second factor is asked for where LFS credentials are given", Check: func(s Subject) {
		l := s.lfsServer(otpRequired)
		none := subject.Question("key-11", "acme/cli")
		_, err := l.LFS.Authenticate(s.Context(), none.Claim, none.Target)
		s.Refused("without a session", err, domain.Forbidden, "second factor")
		s.OpenSession(7, 11, now.Add(15*time.Minute))
		issued := l.lent("key-11", "acme/cli")
		l.fits(issued)
		for _, who := range []string{"key-13", "user-7"} {
			q := subject.Question(who, "acme/cli")
			_, err := l.LFS.Authenticate(s.Context(), q.Claim, q.Target)
			s.Refused(who, err, domain.Forbidden, "second factor")
		}
		l.now = now.Add(20 * time.Minute)
		l.fits(issued)
		_, err = l.LFS.Authenticate(s.Context(), none.Claim, none.Target)
		s.Refused("after the session", err, domain.Forbidden, "second factor")
		l.fits(l.lent("key-201", "acme/cli"))
		l.fits(l.lent("key-12", "acme/cli"))
	}},
	takenBack("blocked", "key-11", "users: [{id: 7, username: dede, state: blocked}]"),
	takenBack("banned", "key-11", "users: [{id: 7, username: dede, state: banned}]"),
	takenBack("deactivated", "user-7", "users: [{id: 7, username: dede, state: deactivated}]"),
	takenBack("password expired", "key-11", "users: [{id: 7, username: dede, password_expires_at: 2026-03-10}]"),
	takenBack("new credentials", "key-11", "users: [{id: 7, username: dede, credential_version: 2}]"),
	takenBack("renamed", "key-11", "users: [{id: 7, username: dora}]"),
	takenBack("somebody else has the name", "key-11",
		"users: [{id: 7, username: dora}]\n", "users: [{id: 70, username: dede}]\nmembers: [{user: dede, group: acme, role: owner}]"),
	takenBack("membership expired", "key-11", "members: [{user: dede, group: acme, role: developer, expires_at: 2026-03-10}]"),
	takenBack("no role", "key-11", "members: [{user: dede, group: acme, role: minimal}]"),
	takenBack("guest only", "key-11", "members: [{user: dede, group: acme, role: guest}]"),
	takenBack("LFS is off", "key-11", "projects: [{id: 42, path: acme/cli, lfs: false}]"),
	takenBack("repository is off", "key-11", "projects: [{id: 42, path: acme/cli, repository: disabled}]"),
	takenBack("deploy key: LFS is off", "key-201", "projects: [{id: 42, path: acme/cli, lfs: false}]"),
	takenBack("deploy key: another key", "key-201", robotKey(203, "projects: [{project: acme/cli}]")),
	takenBack("deploy key: expired", "key-201", robotKey(201, "expires_at: 2026-03-10, projects: [{project: acme/cli}]")),
	takenBack("deploy key: no project", "key-201", robotKey(201, "projects: []")),
}

// robotKey is a world with deploy key 201 made of a seed, and more of it.
func robotKey(seed byte, more string) string {
	return fmt.Sprintf("deploy_keys: [{id: 201, creator: dede, key: %q, %s}]", world.Key(seed), more)
}

// takenBack is a credential of who's that is good until the changes.
func takenBack(name, who string, changes ...string) Case {
	return Case{Name: "git.md 7.1: LFS credentials are taken back: " + name, Check: func(s Subject) {
		l := s.lfsServer()
		issued := l.lent(who, "acme/cli")
		l.fits(issued)
		s.Apply(changes...)
		l.bad(name, issued.Username, issued.Token)
		l.bad("under a new name", "dora", issued.Token)
	}}
}

// fits fails the case unless the credential is a good one.
func (l *lfsServer) fits(c lfsaccess.Credential) {
	l.Helper()
	pass, err := l.LFS.Verify(l.Context(), c.Username, c.Token)
	if err != nil || lfs.ActorName(pass.Actor) != c.Username || pass.Project.FullPath(pass.Repository.Kind) == "" {
		l.Errorf("Verify(%s): got %+v, %v", c.Username, pass, err)
	}
}

// forged is a token in dede's name, signed with the key that an instance key
// makes for a user.
func (l *lfsServer) forged(instance string, signer identity.User) string {
	l.Helper()
	text, err := lfstoken.Format{}.Sign(lfs.Token{
		ID: "x", Username: "dede", Repository: source.RepositoryID{Kind: source.Code, ID: 42}, IssuedAt: l.now, ExpiresAt: l.now.Add(time.Hour),
	}, lfs.SigningKey([]byte(instance), identity.Actor{User: signer}))
	l.Fine("Write", err)
	return text
}
