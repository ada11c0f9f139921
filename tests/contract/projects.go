package contract

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

func projectPut(id source.ProjectID, path string) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		_, err := s.putProject(tx, id, path)
		return err
	}
}

var projectCases = []Case{
	{Name: "ProjectID: current path, ignoring letter case", Check: func(s Subject) {
		s.applyPaths()
		s.Unit(func(tx worldimport.Tx) {
			for path, want := range map[string]source.ProjectID{"Acme/Tools/CLI": 10, "acme/tools/cli": 10, "acme/tools/BOOK.wiki": 13, "dev/own": 15} {
				id, err := tx.Projects.ID(s.Context(), path)
				s.Fine(path, err)
				s.Same(path, id, want)
			}
			for _, path := range []string{"acme/tools/boo\u212a", "old/cli", "acme/tools/cli.wiki", "acme/tools", "dev", "", "acme/tools/a%"} {
				_, err := tx.Projects.ID(s.Context(), path)
				s.Kind(path, err, domain.NotFound)
			}
		})
	}},
	{Name: "project pending deletion: its path stays taken", Check: func(s Subject) {
		s.Apply("groups: [{path: acme}]\nprojects: [{id: 1, path: acme/p, pending_delete: true}]")
		s.Unit(func(tx worldimport.Tx) {
			id, err := tx.Projects.ID(s.Context(), "acme/p")
			s.Fine("ProjectID", err)
			s.Same("number", id, source.ProjectID(1))
			_, err = s.putProject(tx, 2, "acme/p")
			s.Kind("another", err, domain.Conflict)
		})
	}},
	{Name: "PutProject: returns whether the project is new", Check: func(s Subject) {
		s.Apply("groups: [{path: acme}]")
		s.Unit(func(tx worldimport.Tx) {
			put := func(id source.ProjectID, path string) []any {
				id, fresh, err := tx.Projects.Put(s.Context(), worldimport.Project{Project: source.Project{ID: id, Path: path}})
				s.Fine(path, err)
				return []any{id, fresh}
			}
			s.Same("given", put(7, "acme/a"), []any{source.ProjectID(7), true})
			s.Same("by number", put(7, "acme/b"), []any{source.ProjectID(7), false})
			s.Same("by path", put(0, "ACME/B"), []any{source.ProjectID(7), false})
			next := put(0, "acme/a")
			s.Same("next", next[1], true)
			s.Same("known", put(0, "acme/a"), []any{next[0], false})
		})
	}},
	{Name: "project put again: updated whole, except its protections", Check: func(s Subject) {
		s.Apply(`groups: [{id: 1, path: acme}]
projects: [{id: 7, path: acme/p, visibility: public, archived: true, read_only: true, repository: private, wiki: disabled, default_branch: trunk, empty: true,
  storage: two, legacy_path: l, name: P, description: d, topics: [a], settings: {x: 1}, object_format: sha256, created_at: 2020-01-01, updated_at: 2020-01-02}]`)
		old := s.List("protections")
		s.Unit(func(tx worldimport.Tx) {
			_, _, err := tx.Projects.Put(s.Context(), worldimport.Project{Project: source.Project{ID: 7, Path: "acme/p", Storage: "default"}})
			s.Fine("PutProject", err)
		})
		s.Same("project", s.List("projects"), []string{`7 acme/p "" false false "" "" "" false default - [] p "" - [] [] sha1 - -`})
		s.Same("legacy path", s.Standing("nobody", "acme/p").Project.LegacyPath, "")
		s.Same("protections", s.List("protections"), old)
	}},
	{Name: "new project: as empty as the row says", Check: func(s Subject) {
		s.Apply("groups: [{path: acme}]")
		s.Unit(func(tx worldimport.Tx) {
			p := source.Project{Path: "acme/p", Empty: true, DefaultBranch: "trunk"}
			_, isNew, err := tx.Projects.Put(s.Context(), worldimport.Project{Project: p})
			s.Fine("PutProject", err)
			s.Same("new", isNew, true)
		})
		s.Same("project", s.List("projects", "default_branch", "empty"), []string{"trunk true"})
	}},
	{Name: "project moved between groups and users: roles and old path", Check: func(s Subject) {
		s.Apply(groupTrees, "projects: [{id: 23, path: x1/new, moved_from: [a1/b/c/p]}]")
		s.Same("roles", s.roleTable(23), []string{"23: x=maintainer"})
		s.Same("moved", s.lookup("A1/b/c/p"), lookup{"project-23", "x1/new", true})
		s.Same("root", s.Standing("nobody", "project-23").Project.Root.Path, "x1")
		s.Apply("projects: [{id: 23, path: abc/own}]")
		s.Same("roles", s.roleTable(23), []string{"23: abc=owner"})
		s.Same("moved", s.lookup("a1/b/c/p"), lookup{"project-23", "abc/own", true})
		s.Same("moved again", s.lookup("x1/new"), lookup{"project-23", "abc/own", true})
		s.Apply("projects: [{id: 23, path: a1/b/c/p}]")
		s.Same("back", s.lookup("a1/b/c/p"), lookup{"project-23", "a1/b/c/p", false})
		s.Same("roles", s.roleTable(23), []string{"23: a=guest ab=reporter abc=developer z=planner"})
	}},
	refusedPuts("project put: missing namespace, taken path or number refused", groupTrees, []refusedPut{
		{"no namespace", projectPut(0, "none/p"), domain.NotFound},
		{"no namespace at all", projectPut(0, "p"), domain.NotFound},
		{"below a project", projectPut(0, "a1/p/q"), domain.NotFound},
		{"below a user's subgroup", projectPut(0, "a/b/q"), domain.NotFound},
		{"moved to none", projectPut(21, "none/p"), domain.NotFound},
		{"a group's path", projectPut(0, "a1/B"), domain.Conflict},
		{"another's path", projectPut(21, "X1/P"), domain.Conflict},
		{"a path under another number", projectPut(99, "a1/p"), domain.Conflict},
	}),
	{Name: "numbers: given and generated ones never clash", Check: func(s Subject) {
		s.Apply("groups: [{path: g}]\nprojects: [{path: g/a}, {id: 2, path: g/b}, {path: g/c}]", "projects: [{id: 400, path: g/d}, {id: 1000000000000, path: g/e}]",
			"projects: [{path: g/f}, {path: g/g}, {id: 700, path: g/h}, {path: g/i}]")
		s.Same("projects", len(s.List("projects")), 9)
	}},
	{Name: "many projects in many groups", Check: func(s Subject) {
		text, want := "", []string{}
		for i := range 40 {
			text += fmt.Sprintf("\n  - {path: g%d}", i)
		}
		text = "groups:" + text + "\nprojects:"
		for i := range 40 {
			text += fmt.Sprintf("\n  - {id: %d, path: g%d/p, moved_from: [old/p%[2]d]}", 40-i, i)
			want = append(want, fmt.Sprint(i+1))
		}
		s.Apply(text)
		s.Same("in order", s.List("projects", "id"), want)
		for i := range 40 {
			id := source.ProjectID(40 - i)
			s.Same("lookups", []source.ProjectID{s.projectID(fmt.Sprintf("G%d/p", i)), s.projectID(fmt.Sprintf("old/p%d.wiki", i))}, []source.ProjectID{id, id})
		}
	}},
}

var noticeCases = []Case{
	{Name: "notice: taken once", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		n := source.Notice{User: 1, Repository: source.RepositoryID{Kind: source.Wiki, ID: 60}, OldPath: "Old/CLI.wiki", Protocol: source.HTTP, ExpiresAt: precise}
		s.Fine("add notice", s.Notices.Add(s.Context(), n))
		got, err := s.Notices.Take(s.Context(), 1, n.Repository, now)
		s.Fine("Take", err)
		n.ExpiresAt = kept
		s.Same("notice", got, n)
		s.UTC(got.ExpiresAt)
		_, err = s.Notices.Take(s.Context(), 1, n.Repository, now)
		s.Kind("again", err, domain.NotFound)
	}},
	{Name: "notice: for one user and one repository", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		code, wiki := source.RepositoryID{Kind: source.Code, ID: 60}, source.RepositoryID{Kind: source.Wiki, ID: 60}
		for i, r := range []source.RepositoryID{code, wiki} {
			s.Fine("add notice", s.Notices.Add(s.Context(), source.Notice{User: 1, Repository: r, OldPath: source.Path(fmt.Sprint("old/", i)), ExpiresAt: now.Add(time.Minute)}))
		}
		for name, take := range map[string]struct {
			user identity.UserID
			at   source.RepositoryID
		}{"other user": {2, code}, "other project": {1, source.RepositoryID{Kind: source.Code, ID: 61}}, "designs": {1, source.RepositoryID{Kind: source.Design, ID: 60}}} {
			_, err := s.Notices.Take(s.Context(), take.user, take.at, now)
			s.Kind(name, err, domain.NotFound)
		}
		for i, r := range []source.RepositoryID{code, wiki} {
			got, err := s.Notices.Take(s.Context(), 1, r, now)
			s.Fine("Take", err)
			s.Same("old path", got.OldPath, source.Path(fmt.Sprint("old/", i)))
		}
	}},
	{Name: "second notice: replaces the first", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		n := source.Notice{User: 1, Repository: source.RepositoryID{Kind: source.Code, ID: 60}, OldPath: "a/b", Protocol: source.SSH, ExpiresAt: now.Add(time.Minute)}
		s.Fine("add notice", s.Notices.Add(s.Context(), n))
		n.OldPath, n.Protocol, n.ExpiresAt = "c/d", source.HTTP, now.Add(time.Hour)
		s.Fine("add notice", s.Notices.Add(s.Context(), n))
		got, err := s.Notices.Take(s.Context(), 1, n.Repository, now)
		s.Fine("Take", err)
		n.ExpiresAt = n.ExpiresAt.Truncate(time.Microsecond)
		s.Same("the second", got, n)
		_, err = s.Notices.Take(s.Context(), 1, n.Repository, now)
		s.Kind("again", err, domain.NotFound)
	}},
	{Name: "notice: times with different fractions of a second", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		at := source.RepositoryID{Kind: source.Code, ID: 60}
		for _, m := range readTimes {
			s.Fine("add notice", s.Notices.Add(s.Context(), source.Notice{User: 1, Repository: at, OldPath: "a/b", ExpiresAt: m.end}))
			_, err := s.Notices.Take(s.Context(), 1, at, m.at)
			s.Same(m.String(), err == nil, m.before())
		}
	}},
	{Name: "expired notice: not found", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		n := source.Notice{User: 1, Repository: source.RepositoryID{Kind: source.Code, ID: 60}, OldPath: "a/b", ExpiresAt: now}
		for at, want := range map[time.Time]bool{now.Add(-time.Microsecond): true, now: false, now.Add(time.Hour): false} {
			s.Fine("add notice", s.Notices.Add(s.Context(), n))
			_, err := s.Notices.Take(s.Context(), 1, n.Repository, at)
			s.Same(at.String(), err == nil, want)
			if !want {
				s.Kind("Take", err, domain.NotFound)
			}
		}
		s.Fine("add notice", s.Notices.Add(s.Context(), n))
		_, _ = s.Notices.Take(s.Context(), 1, n.Repository, now.Add(time.Hour))
		n.ExpiresAt = now.Add(time.Hour)
		s.Fine("add after an expired one", s.Notices.Add(s.Context(), n))
		_, err := s.Notices.Take(s.Context(), 1, n.Repository, now)
		s.Fine("Take", err)
	}},
}

// refs returns the protections of a project in a fixed order.
func (s Subject) refs(who, where string) []source.Protection {
	s.Helper()
	q := subject.Inquiry(who, where)
	q.Refs = true
	protections := s.Ask(q).Project.Protections
	slices.SortFunc(protections, func(a, b source.Protection) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Pattern, b.Pattern))
	})
	return protections
}

// protect replaces the protections of a project and returns the error.
func (s Subject) protect(id source.ProjectID, protections ...source.Protection) (err error) {
	s.Helper()
	s.Unit(func(tx worldimport.Tx) { err = tx.Projects.PutProtections(s.Context(), id, protections) })
	return err
}

func branch(pattern source.Pattern, push ...source.Access) source.Protection {
	return source.Protection{Kind: source.Branch, Pattern: pattern, Push: push}
}

var protectionCases = []Case{
	{Name: "protections: read only with Refs", Check: func(s Subject) {
		s.Apply("groups: [{path: acme}]\nprojects: [{path: acme/p, protected_branches: [{name: main}]}]")
		s.Same("without", s.Standing("nobody", "acme/p").Project.Protections, []source.Protection(nil))
		s.Same("with", len(s.refs("nobody", "acme/p")), 1)
		s.Same("the wiki's", len(s.refs("nobody", "acme/p.wiki")), 1)
		s.Same("all else", s.Standing("nobody", "acme/p").Project.DefaultBranch, "")
	}},
	{Name: "protections: every kind of entry, in order", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		roles := []source.Access{{Role: source.AdminsOnly}, {Role: source.NoRole}, {Role: source.Maintainer}, {Role: source.Developer}}
		all := append(slices.Clone(roles), source.Access{DeployKey: 23}, source.Access{User: 3}, source.Access{Group: 9}, source.Access{User: 1}, source.Access{DeployKey: 21})
		want := []source.Protection{
			{Kind: source.Branch, Pattern: "*", AllowForcePush: true, Push: all, Merge: all[:7]},
			{Kind: source.Branch, Pattern: "Main", Push: roles[:1]},
			{Kind: source.Branch, Pattern: "main", Push: roles[2:3], Merge: roles[3:4]},
			{Kind: source.Branch, Pattern: `ü/%_'"\`},
			{Kind: source.Tag, Pattern: "main", Create: all},
		}
		s.Fine("PutProtections", s.protect(60, want[4], want[2], want[0], want[3], want[1]))
		s.Same("protections", s.refs("nobody", "acme/p"), want)
		s.Same("of another project", len(s.refs("nobody", "acme/q")), 1)
	}},
	{Name: "protections: replaced, also by none", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Fine("put", s.protect(60, branch("a", source.Access{Role: source.Developer}), branch("b")))
		s.Fine("put again", s.protect(60, branch("b", source.Access{User: 1}), branch("c")))
		s.Same("replaced", s.refs("nobody", "acme/p"), []source.Protection{branch("b", source.Access{User: 1}), branch("c")})
		s.Apply("projects: [{id: 60, path: acme/renamed, visibility: public}]")
		s.Same("a project put again keeps them", len(s.refs("nobody", "acme/renamed")), 2)
		s.Fine("put none", s.protect(60))
		s.Same("none", s.refs("nobody", "acme/renamed"), []source.Protection(nil))
	}},
	{Name: "protections: two with one kind and pattern refused", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Fine("put", s.protect(60, branch("a")))
		s.Kind("two", s.protect(60, branch("b"), branch("c"), branch("b", source.Access{User: 1})), domain.Conflict)
		s.Same("as before", s.refs("nobody", "acme/p"), []source.Protection{branch("a")})
		s.Fine("of two kinds, in two letter cases", s.protect(60, branch("b"), branch("B"), source.Protection{Kind: source.Tag, Pattern: "b"}))
	}},
	{Name: "protections: unknown user, group or key refused", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Fine("put", s.protect(60, branch("a")))
		for name, entry := range map[string]source.Access{"user": {User: 99}, "group": {Group: 99}, "deploy key": {DeployKey: 99}, "a user's key": {DeployKey: 11}} {
			s.Kind(name, s.protect(60, branch("b", source.Access{Role: source.Developer}, entry)), domain.NotFound)
			s.Kind(name+" to tag", s.protect(60, source.Protection{Kind: source.Tag, Pattern: "b", Create: []source.Access{entry}}), domain.NotFound)
		}
		s.Kind("project", s.protect(99, branch("b")), domain.NotFound)
		s.Same("as before", s.refs("nobody", "acme/p"), []source.Protection{branch("a")})
	}},
	{Name: "protections: members of a group in an entry", Check: func(s Subject) {
		s.Apply(tree, `
users: [{username: fay}, {username: gil}, {username: hal}, {username: ian}, {username: owner}]
members:
  - {user: ann, group: top/mid, role: guest}
  - {user: bob, group: top, role: developer}
  - {user: cat, group: top/mid/low, role: owner}
  - {user: dan, group: top/mid, role: developer, state: requested}
  - {user: eve, group: top/mid, role: developer, expires_at: 2026-03-10}
  - {user: fay, group: top/mid, role: minimal}
  - {user: gil, project: top/mid/p, role: owner}
  - {user: hal, group: else, role: owner}
  - {user: ian, group: top/mid, role: developer, expires_at: 2026-03-11}
  - {user: owner, group: else, role: guest}
shares: [{group: top/mid, with: else, role: owner}]
deploy_keys:
  - {id: 91, title: a, creator: ann, key: "`+world.Key(91)+`", projects: [{project: else/p, can_push: true}]}
  - {id: 92, title: b, creator: cat, key: "`+world.Key(92)+`", projects: [{project: else/p, can_push: true}]}
  - {id: 93, title: c, key: "`+world.Key(93)+`", projects: [{project: else/p, can_push: true}]}
projects:
  - path: else/p
    protected_branches: [{name: main, push: [maintainer, {group: top/mid}, {user: ann}], merge: [{group: top/mid}]}]
    protected_tags: [{name: main, create: [{group: top/mid}, {group: else}]}]`)
		for who, want := range map[string]bool{
			"username-ann": true, "username-bob": true, "username-cat": false, "username-dan": false, "username-eve": false, "username-fay": false,
			"username-gil": false, "username-hal": false, "username-ian": true, "nobody": false, "user-999": false,
			"key-91": true, "key-92": false, "key-93": false,
		} {
			got := s.refs(who, "else/p")
			members := [][]bool{belongs(got[0].Push), belongs(got[0].Merge), belongs(got[1].Create)[:1]}
			s.Same(who, members, [][]bool{{false, want, false}, {want}, {want}})
		}
		s.Same("of the second group", belongs(s.refs("username-owner", "else/p")[1].Create), []bool{false, true})
	}},
	{Name: "protections: default one for new projects only", Check: func(s Subject) {
		s.Apply("groups: [{path: acme}]\nprojects: [{id: 1, path: acme/p, default_branch: trunk}]")
		maintainers := []source.Access{{Role: source.Maintainer}}
		want := []source.Protection{{Kind: source.Branch, Pattern: "trunk", Push: maintainers, Merge: maintainers}}
		s.Same("new", s.refs("nobody", "acme/p"), want)
		s.Apply("projects: [{id: 1, path: acme/p, default_branch: other}]")
		s.Same("known", s.refs("nobody", "acme/p"), want)
		s.Fine("put none", s.protect(1))
		s.Apply("projects: [{id: 1, path: acme/p}]")
		s.Same("none", s.refs("nobody", "acme/p"), []source.Protection(nil))
	}},
	{Name: "protections: deploy key entries name the key", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Fine("put", s.protect(60, branch("a", source.Access{DeployKey: 21}, source.Access{User: 1})))
		for _, who := range []string{"key-21", "key-23", "user-21", "user-1"} {
			s.Same(who, s.refs(who, "acme/p")[0].Push, []source.Access{{DeployKey: 21}, {User: identity.UserID(1)}})
		}
	}},
}

func belongs(entries []source.Access) (out []bool) {
	for _, a := range entries {
		out = append(out, a.Member)
	}
	return out
}
