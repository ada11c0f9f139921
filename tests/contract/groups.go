package contract

import (
	"fmt"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func groupPut(id source.NamespaceID, path string) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		_, err := s.putGroup(tx, id, path)
		return err
	}
}

// moveGroup gives a group another path.
func (s Subject) moveGroup(id source.NamespaceID, path string) {
	s.Helper()
	s.Unit(func(tx worldimport.Tx) {
		got, err := s.putGroup(tx, id, path)
		s.Fine("PutGroup", err)
		s.Same("number", got, id)
	})
}

// groupTrees has trees of groups, each group with a project and a member.
const groupTrees = `
users: [{id: 1, username: a}, {id: 2, username: ab}, {id: 3, username: abc}, {id: 4, username: x}, {id: 5, username: lent}, {id: 6, username: z}]
groups:
  - {id: 11, path: a1, protocols: ssh}
  - {id: 12, path: a1/b}
  - {id: 13, path: a1/b/c}
  - {id: 14, path: a1/b/c/d}
  - {id: 15, path: x1, protocols: http}
  - {id: 16, path: a1_b}
  - {id: 17, path: a1/bb}
  - {id: 18, path: z1}
projects:
  - {id: 21, path: a1/p}
  - {id: 22, path: a1/b/p}
  - {id: 23, path: a1/b/c/p}
  - {id: 24, path: a1/b/c/d/p}
  - {id: 25, path: x1/p, moved_from: [x1/b/p, x1/b/c/q]}
  - {id: 26, path: a1_b/p}
  - {id: 27, path: a1/bb/p}
members:
  - {user: a, group: a1, role: guest}
  - {user: ab, group: a1/b, role: reporter}
  - {user: abc, group: a1/b/c, role: developer}
  - {user: x, group: x1, role: maintainer}
  - {user: z, group: z1, role: owner}
shares:
  - {group: a1, with: z1, role: planner}
`

// roleTable returns the roles of the users in projects, a line for each project.
func (s Subject) roleTable(projects ...source.ProjectID) (lines []string) {
	s.Helper()
	for _, p := range projects {
		line := fmt.Sprintf("%d:", p)
		for _, who := range []string{"a", "ab", "abc", "x", "z"} {
			if role := s.Standing(user(who), fmt.Sprintf("project-%d", p)).Role; role != source.NoRole {
				line += " " + who + "=" + role.String()
			}
		}
		lines = append(lines, line)
	}
	return lines
}

var groupCases = []Case{
	{Name: "group by path, ignoring letter case", Check: func(s Subject) {
		s.Apply("groups: [{id: 1, path: Acme}, {id: 2, path: acme/Tools}, {path: kit}]\nusers: [{username: dev}]\nprojects: [{path: acme/p}]")
		s.Unit(func(tx worldimport.Tx) {
			for path, want := range map[string]source.NamespaceID{"Acme": 1, "ACME": 1, "acme/tools": 2, "ACME/TOOLS": 2} {
				id, err := tx.Namespaces.GroupID(s.Context(), path)
				s.Fine(path, err)
				s.Same(path, id, want)
			}
			for _, path := range []string{"dev", "acme/p", "tools", "acm", "", "acme/", "acme/tools/x", "a%", "acm_", "\u212ait"} {
				_, err := tx.Namespaces.GroupID(s.Context(), path)
				s.Kind(path, err, domain.NotFound)
			}
		})
	}},
	{Name: "group put again by path: updated", Check: func(s Subject) {
		s.Apply("groups: [{id: 5, path: acme, visibility: public, allowed_ips: [10.0.0.0/8, '::1'], protocols: ssh}, {path: acme/x}]")
		s.Same("groups", s.List("groups", "path", "visibility", "protocols", "allowed_ips"), []string{"acme public ssh [10.0.0.0/8 ::1/128]", "acme/x private all []"})
		s.Unit(func(tx worldimport.Tx) {
			id, err := s.putGroup(tx, 0, "ACME")
			s.Fine("PutGroup", err)
			s.Same("number", id, source.NamespaceID(5))
		})
		s.Same("groups", s.List("groups", "path", "visibility", "protocols", "allowed_ips"), []string{"ACME private all []", "ACME/x private all []"})
	}},
	{Name: "put by path: only the last segment sets the letter case", Check: func(s Subject) {
		s.Apply("groups: [{path: Acme}, {path: ACME/Tools}, {path: acme/TOOLS/Deep}]\nprojects: [{path: aCmE/tOOLs/CLI}]")
		s.Same("groups", s.List("groups", "path"), []string{"Acme", "Acme/Tools", "Acme/Tools/Deep"})
		s.Same("projects", s.List("projects", "path"), []string{"Acme/Tools/CLI"})
		s.Apply("groups: [{path: acme}]")
		s.Same("groups", s.List("groups", "path"), []string{"acme", "acme/Tools", "acme/Tools/Deep"})
		s.Same("projects", s.List("projects", "path"), []string{"acme/Tools/CLI"})
		s.Same("no move", s.lookup("ACME/tools/cli"), lookup{s.lookup("acme/tools/cli").Repository, "acme/Tools/CLI", false})
	}},
	refusedPuts("group put: missing parent, taken path or number refused", groupTrees, []refusedPut{
		{"no parent", groupPut(0, "none/x"), domain.NotFound},
		{"no parent two up", groupPut(0, "a1/none/x"), domain.NotFound},
		{"below a user", groupPut(0, "a/x"), domain.NotFound},
		{"below a project", groupPut(0, "a1/p/x"), domain.NotFound},
		{"moved below none", groupPut(12, "none/b"), domain.NotFound},
		{"a user's name", groupPut(0, "A"), domain.Conflict},
		{"moved to a user's name", groupPut(12, "x"), domain.Conflict},
		{"a project's path", groupPut(0, "A1/P"), domain.Conflict},
		{"moved to a project's path", groupPut(13, "a1/p"), domain.Conflict},
		{"another's path", groupPut(12, "X1"), domain.Conflict},
		{"a path under another number", groupPut(99, "a1/b"), domain.Conflict},
		{"below itself", groupPut(12, "a1/b/x"), domain.Conflict},
		{"far below itself", groupPut(11, "a1/b/c/x"), domain.Conflict},
	}),
	refusedPuts("group put: number of a personal namespace refused", "users: [{username: dev, namespace_id: 70}]", []refusedPut{
		{"new", groupPut(70, "acme"), domain.Conflict},
		{"with its path", groupPut(70, "dev"), domain.Conflict},
	}),
	{Name: "group renamed: paths of its descendants only", Check: func(s Subject) {
		s.Apply(groupTrees)
		before := s.roleTable(21, 22, 23, 24, 25, 26, 27)
		s.moveGroup(11, "New1")
		s.Same("groups", s.List("groups", "id", "path"), []string{"11 New1", "12 New1/b", "13 New1/b/c", "14 New1/b/c/d", "15 x1", "16 a1_b", "17 New1/bb", "18 z1"})
		s.Same("projects", s.List("projects", "id", "path"), []string{"21 New1/p", "22 New1/b/p", "23 New1/b/c/p", "24 New1/b/c/d/p", "25 x1/p", "26 a1_b/p", "27 New1/bb/p"})
		s.Same("by new path", s.lookup("new1/B/c/d/P"), lookup{"project-24", "New1/b/c/d/p", false})
		for old, want := range map[string]lookup{
			"a1/p": {"project-21", "New1/p", true}, "A1/b/p": {"project-22", "New1/b/p", true}, "a1/b/c/p.wiki": {"wiki-23", "New1/b/c/p", true},
			"a1/b/c/d/P": {"project-24", "New1/b/c/d/p", true}, "a1": {}, "a1/b": {}, "a1/b/c": {},
		} {
			s.Same("by the old path "+old, s.lookup(old), want)
		}
		s.Same("of those beside it", s.List("projects", "id", "moved_from")[4:6], []string{"25 [x1/b/c/q x1/b/p]", "26 []"})
		s.Same("roles", s.roleTable(21, 22, 23, 24, 25, 26, 27), before)
		s.Same("root", s.Standing("nobody", "project-24").Project.Root, source.Namespace{ID: 11, Path: "New1", Protocols: source.AllProtocols})
	}},
	{Name: "group moved: roles inherited from the new parents", Check: func(s Subject) {
		s.Apply(groupTrees)
		s.Same("before", s.roleTable(22, 23, 24), []string{
			"22: a=guest ab=reporter z=planner", "23: a=guest ab=reporter abc=developer z=planner", "24: a=guest ab=reporter abc=developer z=planner",
		})
		s.moveGroup(12, "x1/b")
		s.Same("below another", s.roleTable(21, 22, 23, 24, 25, 27), []string{
			"21: a=guest z=planner", "22: ab=reporter x=maintainer", "23: ab=reporter abc=developer x=maintainer", "24: ab=reporter abc=developer x=maintainer",
			"25: x=maintainer", "27: a=guest z=planner",
		})
		s.Same("root", s.Standing("nobody", "project-24").Project.Root, source.Namespace{ID: 15, Path: "x1", Protocols: source.OnlyHTTP})
		s.Same("an old path of another project", s.lookup("x1/b/p"), lookup{"project-22", "x1/b/p", false})
		s.Same("another old path of it", s.lookup("x1/b/c/q"), lookup{"project-25", "x1/p", true})
		s.moveGroup(13, "top")
		s.Same("to the top", s.roleTable(22, 23, 24), []string{"22: ab=reporter x=maintainer", "23: abc=developer", "24: abc=developer"})
		s.Same("paths", s.List("projects", "id", "path")[1:4], []string{"22 x1/b/p", "23 top/p", "24 top/d/p"})
		s.moveGroup(15, "top/d/x2")
		s.Same("the first below the second", s.roleTable(22, 24, 25), []string{"22: ab=reporter abc=developer x=maintainer", "24: abc=developer", "25: abc=developer x=maintainer"})
		s.moveGroup(12, "a1/b")
		s.moveGroup(13, "a1/b/c")
		s.Same("back again", s.roleTable(22, 23, 24), []string{
			"22: a=guest ab=reporter z=planner", "23: a=guest ab=reporter abc=developer z=planner", "24: a=guest ab=reporter abc=developer z=planner",
		})
	}},
	{Name: "group moved: new descendants inherit from the new parents", Check: func(s Subject) {
		s.Apply(groupTrees)
		s.moveGroup(13, "x1/c")
		s.Apply("groups: [{id: 30, path: x1/c/new}]\nprojects: [{id: 31, path: x1/c/new/p}]")
		s.Same("roles", s.roleTable(31), []string{"31: abc=developer x=maintainer"})
	}},
	{Name: "two groups swap their paths", Check: func(s Subject) {
		s.Apply(groupTrees)
		s.Unit(func(tx worldimport.Tx) {
			for _, step := range []struct {
				id   source.NamespaceID
				path string
			}{{11, "tmp"}, {15, "a1"}, {11, "x1"}} {
				_, err := s.putGroup(tx, step.id, step.path)
				s.Fine(step.path, err)
			}
		})
		s.Same("a1/p", s.projectID("a1/p"), source.ProjectID(25))
		s.Same("x1/b/c/d/p", s.projectID("x1/b/c/d/p"), source.ProjectID(24))
		s.Same("paths of the past", s.List("projects", "id", "moved_from")[:6], []string{
			"21 [tmp/p]", "22 [a1/b/p tmp/b/p]", "23 [a1/b/c/p tmp/b/c/p]", "24 [a1/b/c/d/p tmp/b/c/d/p]", "25 [x1/b/c/q]", "26 []",
		})
		s.Same("roles", s.roleTable(25), []string{"25: x=maintainer"})
	}},
	{Name: "group put again: omitted settings reset", Check: func(s Subject) {
		s.Apply("groups: [{path: acme, default_branch_protection: 0, require_ssh_certificates: true, pending_delete: true, allowed_ips: [10.0.0.1]}]\nprojects: [{id: 1, path: acme/p}]")
		s.Same("hidden", s.projectID("project-1"), source.ProjectID(0))
		s.Apply("groups: [{path: acme}]")
		got := s.Standing("nobody", "project-1").Project
		s.Same("branch protection", got.DefaultBranchProtection == nil, true)
		got.Root.ID = 0
		s.Same("root", got.Root, source.Namespace{Path: "acme", Protocols: source.AllProtocols})
	}},
	refusedPuts("personal namespace used as a group: not found", "users: [{id: 1, username: dev, namespace_id: 70}]\ngroups: [{id: 11, path: acme}]\nprojects: [{id: 21, path: acme/p}]", []refusedPut{
		{"no members", memberPut(1, source.MemberSource{Group: 70}), domain.NotFound},
		{"no shares", sharePut(source.MemberSource{Group: 70}, 11), domain.NotFound},
		{"no share with it", sharePut(source.MemberSource{Group: 11}, 70), domain.NotFound},
		{"no entry of a protection", func(s Subject, tx worldimport.Tx) error {
			return tx.Projects.PutProtections(s.Context(), 21, []source.Protection{branch("x", source.Access{Group: 70})})
		}, domain.NotFound},
	}),
	refusedPuts("members and shares: unknown user, group or project refused", groupTrees, []refusedPut{
		{"no such user", memberPut(99, source.MemberSource{Group: 11}), domain.NotFound},
		{"no such group", memberPut(1, source.MemberSource{Group: 99}), domain.NotFound},
		{"no such project", memberPut(1, source.MemberSource{Project: 99}), domain.NotFound},
		{"share of no group", sharePut(source.MemberSource{Group: 99}, 11), domain.NotFound},
		{"share of no project", sharePut(source.MemberSource{Project: 99}, 11), domain.NotFound},
		{"share with no group", sharePut(source.MemberSource{Project: 21}, 99), domain.NotFound},
	}),
	{Name: "expiry dates: in UTC", Check: func(s Subject) {
		s.Apply(groupTrees)
		s.Unit(func(tx worldimport.Tx) {
			m := worldimport.Member{Role: source.Guest, State: worldimport.MemberActive, ExpiresAt: precise} // still June in UTC
			s.Fine("PutMember", tx.Namespaces.PutMember(s.Context(), 1, source.MemberSource{Project: 26}, m))
			s.Fine("PutShare", tx.Namespaces.PutShare(s.Context(), source.MemberSource{Project: 26}, 11, worldimport.Share{Role: source.Guest, ExpiresAt: precise}))
		})
		s.Same("member", s.List("members", "user", "project", "expires_at")[0], "a a1_b/p 2027-06-30T00:00:00Z")
		s.Same("share", s.List("shares", "project", "with", "expires_at")[0], "a1_b/p a1 2027-06-30T00:00:00Z")
	}},
}

func memberPut(user identity.UserID, in source.MemberSource) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		return tx.Namespaces.PutMember(s.Context(), user, in, worldimport.Member{Role: source.Owner, State: worldimport.MemberActive})
	}
}

func sharePut(in source.MemberSource, with source.NamespaceID) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		return tx.Namespaces.PutShare(s.Context(), in, with, worldimport.Share{Role: source.Owner})
	}
}
