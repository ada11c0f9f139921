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

// lfsWorld has further projects, a guest, a blocked user and a user without a
// role.
const lfsWorld = `
users: [{id: 18, username: nora}, {id: 19, username: mute, state: blocked}, {id: 20, username: stray}]
projects:
  - {id: 43, path: acme/library, moved_from: [acme/lib]}
  - {id: 44, path: acme/small, lfs: false}
  - {id: 45, path: acme/open, visibility: public}
members: [{user: nora, group: acme, role: guest}, {user: gone, group: acme, role: developer}]
`

// lfsServer is a server that gives and verifies LFS credentials.
type lfsServer struct{ *server }

// lfsServer builds a server whose store holds the staff and lfsWorld.
func (s Subject) lfsServer(change ...func(*config.Config)) *lfsServer {
	s.Helper()
	s.Apply(staff, lfsWorld)
	return &lfsServer{s.server(change...)}
}

// otpRequired makes Git over SSH require the second factor.
func otpRequired(c *config.Config) { c.OTP.RequiredForGit = true }

// issue returns an LFS credential, and ends the case if it is refused.
func (l *lfsServer) issue(who, where string) lfsaccess.Credential {
	l.Helper()
	q := subject.Inquiry(who, where)
	c, err := l.LFS.Authenticate(l.Context(), q.Claim, q.Target)
	if err != nil {
		l.Fatalf("Authenticate(%s, %s): %v", who, where, err)
	}
	return c
}

// wantInvalid fails the case unless name and token are refused with the general
// message.
func (l *lfsServer) wantInvalid(what, name, token string) {
	l.Helper()
	_, err := l.LFS.Verify(l.Context(), name, token)
	l.Refused(what, err, domain.Unauthenticated, "Invalid LFS credentials")
}

// lfsCases are about giving and verifying LFS credentials.
var lfsCases = []Case{
	{Name: "LFS credentials: granted", Check: func(s Subject) {
		l := s.lfsServer()
		for _, c := range []struct{ row, who, where, username, path string }{
			{"by key", "key-11", "acme/cli", "dede", "acme/cli"},
			{"by name", "username-DEDE", "acme/cli", "dede", "acme/cli"},
			{"by number", "user-7", "acme/cli", "dede", "acme/cli"},
			{"a deploy key", "key-201", "acme/cli", "lfs+deploy-key-201", "acme/cli"},
			{"a deploy key, in another public project", "key-202", "acme/open", "lfs+deploy-key-202", "acme/open"},
			{"a guest, in a public project", "user-18", "acme/open", "nora", "acme/open"},
			{"a wiki", "user-7", "acme/cli.wiki", "dede", "acme/cli.wiki"},
			{"a wiki, by gl_repository", "user-7", "wiki-42", "dede", "acme/cli.wiki"},
			{"a moved path", "user-7", "acme/lib", "dede", "acme/library"},
			{"in another letter case", "user-7", "Acme/CLI", "dede", "acme/cli"},
			{"by gl_repository", "user-7", "project-42", "dede", "acme/cli"},
		} {
			got := l.issue(c.who, c.where)
			s.Same(c.row, []any{got.Username, got.Path, got.ExpiresIn}, []any{c.username, c.path, 30 * time.Minute})
			access, err := l.LFS.Verify(s.Context(), got.Username, got.Token)
			s.Fine(c.row, err)
			s.Same(c.row+", verified", []string{lfs.ActorName(access.Actor), access.Project.FullPath(access.Repository.Kind)}, []string{c.username, c.path})
			s.Same(c.row+", another time", l.issue(c.who, c.where).Token != got.Token, true)
		}
	}},
	{Name: "LFS credentials: refused", Check: func(s Subject) {
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
			{"anonymous", "nobody", "acme/cli", domain.NotFound, ""},
			{"anonymous, in a public project", "nobody", "acme/open", domain.NotFound, ""},
			{"an unknown key, in a public project", "key-404", "acme/open", domain.NotFound, ""},
			{"an unknown user, in a public project", "user-404", "acme/open", domain.NotFound, ""},
			{"a hidden project", "user-20", "acme/cli", domain.NotFound, ""},
			{"a hidden project, blocked", "user-19", "acme/cli", domain.NotFound, ""},
			{"no project, blocked", "user-19", "acme/nothing", domain.NotFound, ""},
			{"a deploy key, elsewhere", "key-201", "acme/lib", domain.NotFound, ""},
			{"a guest of a private project", "user-18", "acme/cli", domain.Forbidden, "download"},
			{"blocked, a member", "user-10", "acme/cli", domain.Forbidden, "blocked"},
			{"a key that has expired", "key-14", "acme/cli", domain.Forbidden, "expired"},
		} {
			q := subject.Inquiry(c.who, c.where)
			got, err := l.LFS.Authenticate(s.Context(), q.Claim, q.Target)
			s.Refused(c.row, err, c.kind, c.words)
			s.Same(c.row, got, lfsaccess.Credential{})
		}
		s.Fine("Flush", s.Store.Flush(s.Context()))
		s.Same("last use", s.Actor("key-14").Key.LastUsedAt.IsZero(), true)
	}},
	{Name: "LFS credentials: last use of the key recorded", Check: func(s Subject) {
		l := s.lfsServer()
		l.issue("key-11", "acme/cli")
		l.issue("key-201", "acme/cli")
		s.Fine("Flush", s.Store.Flush(s.Context()))
		for who, want := range map[string]time.Time{"key-11": now.Truncate(time.Microsecond), "key-201": now.Truncate(time.Microsecond), "key-13": {}} {
			s.Same(who, s.Actor(who).Key.LastUsedAt, want)
		}
	}},
	{Name: "LFS credentials: valid for their actor only", OnDatabases: true, Check: func(s Subject) {
		l := s.lfsServer()
		dede, gus, robot := l.issue("key-11", "acme/cli"), l.issue("user-8", "acme/cli"), l.issue("key-201", "acme/cli")
		access, err := l.LFS.Verify(s.Context(), "dede", dede.Token)
		s.Fine("Verify", err)
		s.Same("actor and repository", []any{access.Actor.User.ID, access.Project.ID, access.Repository}, []any{identity.UserID(7), source.ProjectID(42), source.RepositoryID{Kind: source.Code, ID: 42}})
		for _, name := range []string{"Dede", "DEDE", "dede ", "gus", "root", "", "nobody", "lfs+deploy-key-201", "lfs+deploy-key-202", "lfs+deploy-key-11"} {
			l.wantInvalid("as "+name, name, dede.Token)
		}
		for what, token := range map[string]string{
			"another user's": gus.Token, "a deploy key's": robot.Token, "none": "", "cut": dede.Token[:len(dede.Token)-2], "text": "a.b.c",
			"forged":              l.forged("guessed", identity.User{ID: 7, CredentialVersion: 1}),
			"another's key":       l.forged(instanceKey, identity.User{ID: 8, CredentialVersion: 1}),
			"of the next version": l.forged(instanceKey, identity.User{ID: 7, CredentialVersion: 2}),
		} {
			l.wantInvalid(what, "dede", token)
		}
		genuine := l.forged(instanceKey, identity.User{ID: 7, CredentialVersion: 1})
		_, err = l.LFS.Verify(s.Context(), "dede", genuine)
		s.Fine("with the right key", err)
	}},
	{Name: "LFS credentials: expiry", Check: func(s Subject) {
		l := s.lfsServer()
		dede := l.issue("key-11", "acme/cli")
		l.now = now.Add(30 * time.Minute)
		_, err := l.LFS.Verify(s.Context(), "dede", dede.Token)
		s.Fine("within the leeway", err)
		l.now = now.Add(31 * time.Minute)
		l.wantInvalid("after it", "dede", dede.Token)
		l.now = now.Add(-2 * time.Minute)
		l.wantInvalid("before its issue", "dede", dede.Token)
	}},
	{Name: "LFS credentials: invalid after a rotation of the instance key", Check: func(s Subject) {
		l := s.lfsServer()
		dede, robot := l.issue("key-11", "acme/cli"), l.issue("key-201", "acme/cli")
		rotated := filepath.Join(s.TempDir(), "instance")
		s.Fine("WriteFile", os.WriteFile(rotated, []byte("another key of the instance that serves tests"), 0o600))
		after := &lfsServer{s.server(func(c *config.Config) {
			c.Instance = config.Instance{KeyFile: rotated, PreviousKeyFile: c.Instance.KeyFile}
		})}
		after.wantInvalid("a user's", dede.Username, dede.Token)
		after.wantInvalid("a deploy key's", robot.Username, robot.Token)
		after.wantValid(after.issue("key-11", "acme/cli"))
		l.wantValid(dede)
	}},
	{Name: "LFS credentials: older credential version stays invalid", Check: func(s Subject) {
		l := s.lfsServer()
		first := l.issue("key-11", "acme/cli")
		s.Apply("users: [{id: 7, username: dede, credential_version: 2}]")
		l.wantInvalid("of version 1", "dede", first.Token)
		second := l.issue("key-11", "acme/cli")
		l.wantValid(second)
		for _, again := range []string{staff, "users: [{id: 7, username: dede}]", "users: [{id: 7, username: dede, credential_version: 1}]"} {
			s.Apply(again)
			l.wantInvalid("of version 1, applied again", "dede", first.Token)
			l.wantValid(second)
		}
		s.Apply("users: [{id: 7, username: dede, credential_version: 3}]")
		l.wantInvalid("of version 2", "dede", second.Token)
	}},
	{Name: "LFS credentials: changes that keep them valid", Check: func(s Subject) {
		l := s.lfsServer()
		dede, robot := l.issue("key-11", "acme/cli"), l.issue("key-201", "acme/cli")
		s.Apply("projects: [{id: 42, path: acme/moved}]")
		l.wantValid(dede)
		l.wantValid(robot)
		s.Apply("keys: [{id: 11, user: dede, expires_at: 2026-03-10, key: " + world.Key(11) + "}]")
		l.wantValid(dede)
		s.Apply("users: [{id: 7, username: dede, state: blocked}]")
		l.wantValid(robot)
	}},
	{Name: "LFS credentials: second factor required", Check: func(s Subject) {
		l := s.lfsServer(otpRequired)
		none := subject.Inquiry("key-11", "acme/cli")
		_, err := l.LFS.Authenticate(s.Context(), none.Claim, none.Target)
		s.Refused("without a session", err, domain.Forbidden, "second factor")
		s.OpenSession(7, 11, now.Add(15*time.Minute))
		issued := l.issue("key-11", "acme/cli")
		l.wantValid(issued)
		for _, who := range []string{"key-13", "user-7"} {
			q := subject.Inquiry(who, "acme/cli")
			_, err := l.LFS.Authenticate(s.Context(), q.Claim, q.Target)
			s.Refused(who, err, domain.Forbidden, "second factor")
		}
		l.now = now.Add(20 * time.Minute)
		l.wantValid(issued)
		_, err = l.LFS.Authenticate(s.Context(), none.Claim, none.Target)
		s.Refused("after the session", err, domain.Forbidden, "second factor")
		l.wantValid(l.issue("key-201", "acme/cli"))
		l.wantValid(l.issue("key-12", "acme/cli"))
	}},
	invalidAfter("blocked", "key-11", "users: [{id: 7, username: dede, state: blocked}]"),
	invalidAfter("banned", "key-11", "users: [{id: 7, username: dede, state: banned}]"),
	invalidAfter("deactivated", "user-7", "users: [{id: 7, username: dede, state: deactivated}]"),
	invalidAfter("password expired", "key-11", "users: [{id: 7, username: dede, password_expires_at: 2026-03-10}]"),
	invalidAfter("new credentials", "key-11", "users: [{id: 7, username: dede, credential_version: 2}]"),
	invalidAfter("renamed", "key-11", "users: [{id: 7, username: dora}]"),
	invalidAfter("name taken by another user", "key-11",
		"users: [{id: 7, username: dora}]\n", "users: [{id: 70, username: dede}]\nmembers: [{user: dede, group: acme, role: owner}]"),
	invalidAfter("membership expired", "key-11", "members: [{user: dede, group: acme, role: developer, expires_at: 2026-03-10}]"),
	invalidAfter("no role", "key-11", "members: [{user: dede, group: acme, role: minimal}]"),
	invalidAfter("guest only", "key-11", "members: [{user: dede, group: acme, role: guest}]"),
	invalidAfter("LFS is off", "key-11", "projects: [{id: 42, path: acme/cli, lfs: false}]"),
	invalidAfter("repository is off", "key-11", "projects: [{id: 42, path: acme/cli, repository: disabled}]"),
	invalidAfter("deploy key: LFS is off", "key-201", "projects: [{id: 42, path: acme/cli, lfs: false}]"),
	invalidAfter("deploy key: another key", "key-201", robotKey(203, "projects: [{project: acme/cli}]")),
	invalidAfter("deploy key: expired", "key-201", robotKey(201, "expires_at: 2026-03-10, projects: [{project: acme/cli}]")),
	invalidAfter("deploy key: no project", "key-201", robotKey(201, "projects: []")),
}

// robotKey is a world with deploy key 201, made from a seed, and further fields.
func robotKey(seed byte, more string) string {
	return fmt.Sprintf("deploy_keys: [{id: 201, creator: dede, key: %q, %s}]", world.Key(seed), more)
}

// invalidAfter is a case about a credential that is valid until worlds are
// applied.
func invalidAfter(name, who string, changes ...string) Case {
	return Case{Name: "LFS credentials invalid after a change: " + name, Check: func(s Subject) {
		l := s.lfsServer()
		issued := l.issue(who, "acme/cli")
		l.wantValid(issued)
		s.Apply(changes...)
		l.wantInvalid(name, issued.Username, issued.Token)
		l.wantInvalid("under a new name", "dora", issued.Token)
	}}
}

// wantValid fails the case unless the credential is valid.
func (l *lfsServer) wantValid(c lfsaccess.Credential) {
	l.Helper()
	access, err := l.LFS.Verify(l.Context(), c.Username, c.Token)
	if err != nil || lfs.ActorName(access.Actor) != c.Username || access.Project.FullPath(access.Repository.Kind) == "" {
		l.Errorf("Verify(%s): got %+v, %v", c.Username, access, err)
	}
}

// forged returns a token for dede that is signed with another user's key, derived
// from an instance key.
func (l *lfsServer) forged(instance string, signer identity.User) string {
	l.Helper()
	text, err := lfstoken.Format{}.Sign(lfs.Token{
		ID: "x", Username: "dede", Repository: source.RepositoryID{Kind: source.Code, ID: 42}, IssuedAt: l.now, ExpiresAt: l.now.Add(time.Hour),
	}, lfs.SigningKey([]byte(instance), identity.Actor{User: signer}))
	l.Fine("Write", err)
	return text
}
