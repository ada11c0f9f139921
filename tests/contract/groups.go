package contract

import (
	"fmt"
	"net/netip"
	"time"

	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
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
	{Name: "group put again: updated whole", Check: func(s Subject) {
		s.Apply("groups: [{path: acme, default_branch_protection: 0, require_ssh_certificates: true, pending_delete: true, allowed_ips: [10.0.0.1]}]\nprojects: [{id: 1, path: acme/p}]")
		s.Same("hidden", s.projectID("project-1"), source.ProjectID(0))
		s.Unit(func(tx worldimport.Tx) {
			_, err := tx.Namespaces.PutGroup(s.Context(), group(0, "acme"))
			s.Fine("PutGroup", err)
		})
		got := s.Standing("nobody", "project-1").Project
		s.Same("branch protection", got.BranchDefaults == nil, true)
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

// inGroupTx runs do in a transaction on groups that has to succeed.
func (s Subject) inGroupTx(do func(tx groups.Tx)) {
	s.Helper()
	s.Fine("unit of work", s.GroupUnitOfWork(s.Context(), func(tx groups.Tx) error { do(tx); return nil }))
}

// tools is a group with a value in each member.
func tools() source.Group {
	level, lfs := source.DevelopersMerge, false
	return source.Group{
		Namespace: source.Namespace{
			Path: "A1/Tools", Protocols: source.OnlySSH, RequireSSHCertificates: true,
			AllowedIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("::1/128")},
		},
		Parent: 11, Visibility: source.Internal, DefaultBranchProtection: &level, PendingDelete: false,
		GroupProfile: source.GroupProfile{
			Name: "Tööls", Description: "made\nhere", LFS: &lfs, ProjectCreation: source.NoProjects, SubgroupCreation: source.OwnerSubgroups,
			ShareLock: true, MembershipLock: true, RequireTwoFactor: true, CreatedAt: precise, UpdatedAt: precise.Add(time.Hour),
			Settings: remembered.Values{"auto_devops_enabled": true, "two_factor_grace_period": int64(56), "wiki_access_level": "private", "mentions_disabled": nil},
		},
	}
}

var managedGroupCases = []Case{
	{Name: "group created and changed: kept whole", Check: func(s Subject) {
		s.Apply(groupTrees)
		want := tools()
		s.inGroupTx(func(tx groups.Tx) {
			id, err := tx.Groups.PutGroup(s.Context(), want)
			s.Fine("PutGroup", err)
			want.ID, want.Path, want.CreatedAt = id, "a1/Tools", precise.UTC().Truncate(time.Microsecond)
			want.UpdatedAt = want.CreatedAt.Add(time.Hour)
			got, err := tx.Groups.Group(s.Context(), id)
			s.Fine("Group", err)
			s.Same("within the transaction", got, want)
			s.Fine("AddOwner", tx.Members.AddOwner(s.Context(), id, 5, now))
			standing, err := tx.Standings.Standing(s.Context(), 5, rights.Ref{Kind: rights.Group, ID: int64(id)}, now)
			s.Fine("Standing", err)
			s.Same("role of the owner", standing.Role, source.Owner)
			for group, want := range map[source.NamespaceID]bool{id: true, 18: true, 11: false, 15: false} {
				got, err := tx.Members.HasOwner(s.Context(), group, now)
				s.Fine("HasOwner", err)
				s.Same(fmt.Sprint("owner of ", group), got, want)
			}
		})
		view, err := s.GroupRecords.View(s.Context(), want.ID)
		s.Fine("View", err)
		s.Same("shown", view, groups.View{Group: want, FullName: "a1 / Tööls", EffectiveLFS: false})
		s.UTC(view.CreatedAt)
		s.UTC(view.UpdatedAt)
		want.UpdatedAt = want.UpdatedAt.Add(time.Hour)
		want.Path, want.LFS, want.DefaultBranchProtection, want.Settings = "x1/Utensils", nil, nil, nil
		s.inGroupTx(func(tx groups.Tx) {
			got, err := tx.Groups.PutGroup(s.Context(), want)
			s.Fine("PutGroup", err)
			s.Same("number", got, want.ID)
		})
		want.Parent = 15
		view, err = s.GroupRecords.View(s.Context(), want.ID)
		s.Fine("View", err)
		s.Same("moved", view, groups.View{Group: want, FullName: "x1 / Tööls", EffectiveLFS: true})
		s.Same("members", s.List("members", "user", "group", "role")[3:4], []string{"lent x1/Utensils owner"})
	}},
	{Name: "group of a taken path, number of none: refused", Check: func(s Subject) {
		s.Apply(groupTrees, "users: [{id: 7, username: home, namespace_id: 70}]")
		s.inGroupTx(func(tx groups.Tx) {
			for path, want := range map[string]domain.Kind{"A1": domain.Conflict, "a1/P": domain.Conflict, "Home": domain.Conflict, "none/x": domain.NotFound, "home/x": domain.NotFound} {
				g := tools()
				g.Path = path
				_, err := tx.Groups.PutGroup(s.Context(), g)
				s.Kind(path, err, want)
			}
			for _, id := range []source.NamespaceID{0, -1, 70, 99} {
				_, err := tx.Groups.Group(s.Context(), id)
				s.Kind(fmt.Sprint("Group ", id), err, domain.NotFound)
				s.Kind(fmt.Sprint("Delete ", id), tx.Groups.Delete(s.Context(), id, true), domain.NotFound)
			}
		})
		s.Same("groups", len(s.List("groups")), 8)
	}},
	{Name: "paths and names: who has them", Check: func(s Subject) {
		s.Apply(groupTrees, "subscriptions: [{namespace: a1, plan_code: premium, start_date: 2026-01-01}, {namespace: x1, plan_code: free, start_date: 2026-01-01}, {namespace: z1, plan_code: null, start_date: 2026-01-01}]")
		s.inGroupTx(func(tx groups.Tx) {
			for path, want := range map[string]bool{"A1/B": true, "a1/p": true, "X": true, "a1/none": false, "": false, "a\x00": false, "\xff": false} {
				got, err := tx.Names.PathTaken(s.Context(), path, 0)
				s.Fine("PathTaken", err)
				s.Same(path, got, want)
			}
			got, err := tx.Names.PathTaken(s.Context(), "A1/B", 12)
			s.Fine("PathTaken", err)
			s.Same("its own path", got, false)
			for _, c := range []struct {
				parent, except source.NamespaceID
				name           string
				want           bool
			}{{11, 0, "b", true}, {11, 0, "B", false}, {11, 12, "b", false}, {12, 0, "b", false}, {11, 0, "c", false}} {
				got, err := tx.Names.NameTaken(s.Context(), c.parent, c.name, c.except)
				s.Fine("NameTaken", err)
				s.Same(fmt.Sprint(c.name, " in ", c.parent, " but ", c.except), got, c.want)
			}
			for id, want := range map[source.NamespaceID]bool{11: true, 12: false, 15: false, 18: false} {
				got, err := tx.Groups.Subscribed(s.Context(), id)
				s.Fine("Subscribed", err)
				s.Same(fmt.Sprint("subscribed ", id), got, want)
			}
		})
	}},
	{Name: "group deleted: with all that refers to it and to what is below", Check: func(s Subject) {
		s.Apply(groupTrees, `
keys: [{id: 11, user: a, key: "`+world.Key(11)+`"}]
deploy_keys: [{id: 201, creator: a, key: "`+world.Key(12)+`", projects: [{project: a1/b/p}, {project: x1/p}]}]
projects:
  - {id: 22, path: a1/b/p, moved_from: [old/p], protected_branches: [{name: main, push: [{user: ab}]}]}
  - {id: 25, path: x1/p, protected_branches: [{name: main, push: [{group: a1/b}, {user: x}]}]}
members: [{user: z, project: a1/b/p, role: guest}]
shares: [{group: x1, with: a1/b/c, role: guest}, {project: x1/p, with: a1/b, role: guest}, {project: a1/b/p, with: z1, role: guest}]
hooks: [{group: a1/b, url: "http://x"}, {project: a1/b/c/p, url: "http://x"}, {group: a1, url: "http://x"}]
agents: [{id: 1, name: prod, project: a1/b/p, tokens: [{name: t, token: x}]}]
`)
		s.inGroupTx(func(tx groups.Tx) {
			s.Fine("Delete", tx.Groups.Delete(s.Context(), 12, true))
			for group, want := range map[source.NamespaceID][]source.ProjectID{11: {21, 27}, 12: nil} {
				s.Same(fmt.Sprint("projects below ", group), s.projectsBelow(tx, group), want)
			}
			s.Fine("Append", tx.Audit.Append(s.Context(), fullAuditEvent))
			s.Fine("Enqueue", tx.Jobs.Enqueue(s.Context(), application.Job{Kind: "remove_repository", Subject: 22}))
		})
		s.Same("groups", s.List("groups", "path"), []string{"a1", "x1", "a1_b", "a1/bb", "z1"})
		s.Same("projects", s.List("projects", "path", "moved_from"), []string{"a1/p []", "x1/p [x1/b/c/q x1/b/p]", "a1_b/p []", "a1/bb/p []"})
		s.Same("members", s.List("members", "user", "group", "project"), []string{"a a1 -", "x x1 -", "z z1 -"})
		s.Same("shares", s.List("shares", "group", "project", "with"), []string{"a1 - z1"})
		s.Same("protections", s.List("protections", "project", "push")[3:], []string{"x1/p [user:x]"})
		s.Same("hooks", s.List("hooks", "group", "project"), []string{"a1 -"})
		s.Same("agents", len(s.List("agents"))+len(s.List("agent-tokens")), 0)
		s.Same("keys", s.List("keys", "id"), []string{"11", "201"})
		s.Same("jobs", s.List("jobs", "kind", "subject"), []string{"remove_repository 22"})
		s.events(fullAuditEvent)
		s.Same("its old path", s.lookup("old/p"), lookup{})
		s.Apply("groups: [{id: 12, path: a1/b}]\nprojects: [{id: 40, path: a1/b/p}]")
		s.Same("the path is free", s.projectID("a1/b/p"), source.ProjectID(40))
	}},
}
