package contract

import (
	"cmp"
	"slices"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

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
