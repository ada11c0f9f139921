package contract

import (
	"fmt"
	"strings"

	"gatehouse/application/groups"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// paths is a world of projects with similar paths.
const paths = `
groups:
  - {id: 1, path: Acme}
  - {id: 2, path: acme/Tools}
  - {id: 3, path: acmeX}
users:
  - {id: 1, username: Dev}
projects:
  - {id: 10, path: acme/tools/CLI, moved_from: [old/cli, Old/Tool]}
  - {id: 11, path: acme/tools/taken}
  - {id: 12, path: acme/tools/book}
  - {id: 14, path: acme/tools/a_b}
  - {id: 15, path: dev/own}
`

// applyPaths makes the world paths, and what follows. Two of its projects have paths
// that end as those of wikis and designs do, as earlier releases allowed.
func (s Subject) applyPaths(more ...string) {
	s.Helper()
	s.Apply(paths)
	s.Unit(func(tx worldimport.Tx) {
		for id, path := range map[source.ProjectID]string{13: "acme/tools/book.wiki", 16: "acme/tools/art.design"} {
			_, err := s.putProject(tx, id, path)
			s.Fine("Put", err)
		}
	})
	s.Apply(more...)
}

// lookup is the repository and project of a path.
type lookup struct {
	Repository string
	Path       string
	Moved      bool
}

func (s Subject) lookup(where string) lookup {
	s.Helper()
	standing := s.Standing("nobody", where)
	got := lookup{Path: standing.Project.Path, Moved: standing.Moved}
	if standing.Repository.Known() {
		got.Repository = standing.Repository.String()
	}
	return got
}

// lookups is a case that compares look-ups in the world paths.
func lookups(name string, targets map[string]lookup) Case {
	return Case{Name: name, Check: func(s Subject) {
		s.applyPaths()
		for where, want := range targets {
			s.Same(where, s.lookup(where), want)
		}
	}}
}

var pathCases = []Case{
	lookups("project by path: letter case ignored", map[string]lookup{
		"Acme/Tools/CLI": {Repository: "project-10", Path: "Acme/Tools/CLI"},
		"acme/tools/cli": {Repository: "project-10", Path: "Acme/Tools/CLI"},
		"ACME/TOOLS/CLI": {Repository: "project-10", Path: "Acme/Tools/CLI"},
		"DEV/OWN":        {Repository: "project-15", Path: "Dev/own"},
	}),
	lookups("path suffix: wiki or designs", map[string]lookup{
		"acme/tools/cli.wiki":   {Repository: "wiki-10", Path: "Acme/Tools/CLI"},
		"ACME/tools/cli.WIKI":   {Repository: "wiki-10", Path: "Acme/Tools/CLI"},
		"acme/tools/cli.design": {Repository: "design-10", Path: "Acme/Tools/CLI"},
		"dev/own.wiki":          {Repository: "wiki-15", Path: "Dev/own"},
	}),
	lookups("project whose path has a suffix: before the wiki of another", map[string]lookup{
		"acme/tools/book":             {Repository: "project-12", Path: "Acme/Tools/book"},
		"acme/tools/book.wiki":        {Repository: "project-13", Path: "Acme/Tools/book.wiki"},
		"acme/tools/book.design":      {Repository: "design-12", Path: "Acme/Tools/book"},
		"acme/tools/book.wiki.wiki":   {Repository: "wiki-13", Path: "Acme/Tools/book.wiki"},
		"acme/tools/book.wiki.design": {Repository: "design-13", Path: "Acme/Tools/book.wiki"},
		"acme/tools/art.design":       {Repository: "project-16", Path: "Acme/Tools/art.design"},
	}),
	lookups("path without a project: empty", map[string]lookup{
		"": {}, "acme": {}, "acme/tools": {}, "dev": {}, "cli": {}, "tools/cli": {}, "acme/cli": {},
		"acme/tools/cli/x": {}, "acme/tools/cli.": {}, "acme/tools/art": {}, ".wiki": {}, ".design": {},
		"acme/tools/.wiki": {}, "acme/tools/cli.wiki.wiki": {}, "acme/tools/cli.design.wiki": {}, "acme/tools/cli.snippet": {},
		"/acme/tools/cli": {}, "acme/tools/cli/": {}, "acme//tools/cli": {}, " acme/tools/cli": {},
	}),
	lookups("path: no wildcards, no escapes", map[string]lookup{
		"acme/tools/a_b":       {Repository: "project-14", Path: "Acme/Tools/a_b"},
		"acme/tools/boo\u212a": {}, "acme/tools/axb": {}, "acme/tools/a%": {}, "acme/tools/a__": {}, "acme/tools/%": {}, "acme%": {},
		"acme/tools/cl?": {}, "acme/tools/cl*": {}, "acme/tools/cli' OR '1'='1": {}, `acme/tools/cli\`: {},
		"acme/tools/clı": {}, "acme/tools/cli\x00": {}, "acme/tools/cli\xff": {}, "acme/tools/" + strings.Repeat("x", 9999): {},
	}),
	lookups("old path: leads to the moved project", map[string]lookup{
		"old/cli":         {Repository: "project-10", Path: "Acme/Tools/CLI", Moved: true},
		"OLD/CLI":         {Repository: "project-10", Path: "Acme/Tools/CLI", Moved: true},
		"old/tool":        {Repository: "project-10", Path: "Acme/Tools/CLI", Moved: true},
		"old/cli.wiki":    {Repository: "wiki-10", Path: "Acme/Tools/CLI", Moved: true},
		"old/tool.design": {Repository: "design-10", Path: "Acme/Tools/CLI", Moved: true},
		"old":             {}, "old/cl": {}, "old/cli.wiki.wiki": {},
	}),
	{Name: "old path: ignored if it is a current path", Check: func(s Subject) {
		s.applyPaths()
		s.Unit(func(tx worldimport.Tx) {
			p := worldimport.Project{Project: source.Project{ID: 10, Path: "acme/tools/cli"}, MovedFrom: []source.Path{"acme/tools/TAKEN", "acme/tools/cli", "was/it"}}
			_, _, err := tx.Projects.Put(s.Context(), p)
			s.Fine("PutProject", err)
		})
		s.Same("another's", s.lookup("acme/tools/taken"), lookup{"project-11", "Acme/Tools/taken", false})
		s.Same("another's wiki", s.lookup("acme/tools/taken.wiki"), lookup{"wiki-11", "Acme/Tools/taken", false})
		s.Same("its own", s.lookup("acme/tools/cli"), lookup{"project-10", "Acme/Tools/cli", false})
		s.Same("of an unknown user", s.lookup("was/it"), lookup{"project-10", "Acme/Tools/cli", true})
		s.Apply("projects: [{id: 11, path: acme/tools/elsewhere}, {id: 10, path: acme/tools/tool}]")
		s.Same("the other's, once it has moved", s.lookup("acme/tools/taken"), lookup{"project-11", "Acme/Tools/elsewhere", true})
		s.Same("its own, once it has moved", s.lookup("acme/tools/cli"), lookup{"project-10", "Acme/Tools/tool", true})
	}},
	lookups("repository by gl_repository", map[string]lookup{
		"project-10":      {Repository: "project-10", Path: "Acme/Tools/CLI"},
		"wiki-10":         {Repository: "wiki-10", Path: "Acme/Tools/CLI"},
		"project-10-wiki": {Repository: "wiki-10", Path: "Acme/Tools/CLI"},
		"design-10":       {Repository: "design-10", Path: "Acme/Tools/CLI"},
		"project-99":      {Repository: "project-99"},
		"wiki-99":         {Repository: "wiki-99"},
		"snippet-10":      {Repository: "snippet-10"},
		"group-1-wiki":    {Repository: "group-1-wiki"},
		"group-10-wiki":   {Repository: "group-10-wiki"},

		"project-9223372036854775807": {Repository: "project-9223372036854775807"},
	}),
	{Name: "gl_repository and path: gl_repository counts", Check: func(s Subject) {
		s.applyPaths()
		for _, number := range []int64{10, 99} {
			q := source.Inquiry{Now: now, Target: source.Target{
				Repository: source.RepositoryID{Kind: source.Wiki, ID: number}, Path: "old/cli",
			}}
			got := s.Ask(q)
			s.Same("repository", got.Repository, q.Target.Repository)
			s.Same("moved", got.Moved, false)
			s.Same("known", got.Project.Known(), number == 10)
		}
	}},
	{Name: "old path taken by another project: leads to that one", Check: func(s Subject) {
		s.applyPaths("groups: [{path: old}]\nprojects: [{id: 20, path: old/cli}]")
		s.Same("old/cli", s.lookup("old/cli"), lookup{"project-20", "old/cli", false})
		s.Same("its wiki", s.lookup("old/cli.wiki"), lookup{"wiki-20", "old/cli", false})
		s.Same("old/tool", s.lookup("old/tool"), lookup{"project-10", "Acme/Tools/CLI", true})
		// The old path is that of the last project that had it.
		s.Apply("projects: [{id: 20, path: old/other}]")
		s.Same("old/cli, once that has moved", s.lookup("old/cli"), lookup{"project-20", "old/other", true})
	}},
	{Name: "project renamed: all old paths lead to it", Check: func(s Subject) {
		s.Apply(paths, "projects: [{id: 15, path: acme/A}]", "projects: [{id: 15, path: dev/B}]", "projects: [{id: 15, path: dev/C, moved_from: [by/hand]}]")
		want := lookup{"project-15", "Dev/C", true}
		s.Same("the paths", []lookup{s.lookup("DEV/own"), s.lookup("acme/a"), s.lookup("dev/b"), s.lookup("by/hand")}, []lookup{want, want, want, want})
		s.Same("wiki and designs", []string{s.lookup("Dev/Own.wiki").Repository, s.lookup("acme/a.design").Repository}, []string{"wiki-15", "design-15"})
		s.Same("the records", s.List("projects", "path", "moved_from")[4], "Dev/C [acme/a by/hand dev/b dev/own]")
		s.Apply("projects: [{id: 15, path: acme/a}]")
		s.Same("back at one of them", s.lookup("ACME/a"), lookup{"project-15", "Acme/a", false})
		s.Same("the records", s.List("projects", "path", "moved_from")[4], "Acme/a [by/hand dev/b dev/c dev/own]")
		s.Apply("projects: [{id: 15, path: acme/A}]")
		s.Same("letter case alone", s.List("projects", "path", "moved_from")[4], "Acme/A [by/hand dev/b dev/c dev/own]")
		s.Same("no redirect to itself", s.lookup("acme/a"), lookup{"project-15", "Acme/A", false})
	}},
	{Name: "old path of a renamed project: taken by another one", Check: func(s Subject) {
		s.Apply(paths, "projects: [{id: 15, path: dev/new}, {id: 14, path: dev/b}]")
		s.Apply("projects: [{id: 20, path: DEV/Own}, {id: 12, path: acme/tools/A_B}]")
		s.Same("by a new one", s.lookup("dev/own"), lookup{"project-20", "Dev/Own", false})
		s.Same("its wiki", s.lookup("dev/own.wiki"), lookup{"wiki-20", "Dev/Own", false})
		s.Same("by a renamed one", s.lookup("acme/tools/a_b"), lookup{"project-12", "Acme/Tools/A_B", false})
		s.Same("the records", s.List("projects", "id", "moved_from")[2:5], []string{"12 [acme/tools/book]", "14 []", "15 []"})
	}},
	{Name: "project renamed to the old path of another in the same world", Check: func(s Subject) {
		s.Apply(paths, "projects: [{id: 14, path: acme/tools/gone}, {id: 12, path: acme/tools/a_b}, {path: acme/tools/book}]")
		s.Same("the first", s.lookup("acme/tools/gone"), lookup{"project-14", "Acme/Tools/gone", false})
		s.Same("the second", s.lookup("acme/tools/a_b"), lookup{"project-12", "Acme/Tools/a_b", false})
		s.Same("the third", s.lookup("acme/tools/book"), lookup{"project-16", "Acme/Tools/book", false})
		s.Same("the records", s.List("projects", "id", "moved_from")[2:], []string{"12 []", "14 []", "15 []", "16 []"})
	}},
	{Name: "path with a suffix: current path first, then the whole old path", Check: func(s Subject) {
		s.applyPaths(`projects: [{id: 12, path: acme/tools/book, moved_from: [was/a, acme/tools/cli.wiki]}, {id: 11, path: acme/tools/taken, moved_from: [was/a.wiki]}]`)
		s.Same("current wiki", s.lookup("acme/tools/cli.wiki"), lookup{"wiki-10", "Acme/Tools/CLI", false})
		s.Same("the whole old path", s.lookup("was/a.wiki"), lookup{"project-11", "Acme/Tools/taken", true})
	}},
	{Name: "old path of two projects: the last one gets it", Check: func(s Subject) {
		s.applyPaths("projects: [{id: 14, path: acme/tools/a_b, moved_from: [OLD/cli]}]")
		s.Same("old/cli", s.lookup("old/cli"), lookup{"project-14", "Acme/Tools/a_b", true})
		s.Apply("projects: [{id: 14, path: acme/tools/a_b}]")
		s.Same("old/cli, not named again", s.lookup("old/cli"), lookup{"project-14", "Acme/Tools/a_b", true})
	}},
	{Name: "project pending deletion: not found", Check: func(s Subject) {
		s.applyPaths(`projects: [{id: 10, path: acme/tools/cli, pending_delete: true}]`)
		s.Unit(func(tx worldimport.Tx) {
			_, _, err := tx.Projects.Put(s.Context(), worldimport.Project{
				Project: source.Project{ID: 13, Path: "acme/tools/book.wiki", Visibility: source.Private}, PendingDelete: true,
			})
			s.Fine("Put", err)
		})
		for _, where := range []string{"acme/tools/cli", "acme/tools/cli.wiki", "old/cli", "project-10", "wiki-10", "design-10"} {
			s.Same(where, s.Standing("nobody", where).Project, source.Project{})
		}
		s.Same("number", s.lookup("project-10"), lookup{Repository: "project-10"})
		s.Same("path", s.lookup("old/cli"), lookup{})
		s.Same("wiki of the other project", s.lookup("acme/tools/book.wiki"), lookup{"wiki-12", "Acme/Tools/book", false})
		s.Apply("projects: [{id: 10, path: acme/tools/cli, pending_delete: false}]")
		s.Same("no longer pending deletion", s.projectID("old/cli"), source.ProjectID(10))
	}},
	{Name: "group pending deletion: its projects not found", Check: func(s Subject) {
		s.applyPaths("groups: [{path: acme/tools/deep}, {path: acme/tools/deep/er}]\nprojects: [{id: 30, path: acme/tools/deep/er/p}, {id: 31, path: acme/top}]")
		s.Apply("groups: [{path: acme/tools, pending_delete: true}]")
		s.Same("hidden", []source.ProjectID{s.projectID("project-10"), s.projectID("acme/tools/deep/er/p"), s.projectID("old/cli")}, []source.ProjectID{0, 0, 0})
		s.Same("beside it", s.projectID("acme/top"), source.ProjectID(31))
		s.Apply("groups: [{path: acme/tools/deep, pending_delete: true}, {path: acme/tools, pending_delete: false}]")
		s.Same("still hidden", []source.ProjectID{s.projectID("project-10"), s.projectID("project-30")}, []source.ProjectID{10, 0})
		// Whether a group is hidden depends on its current parents.
		s.Unit(func(tx worldimport.Tx) {
			id, err := tx.Namespaces.GroupID(s.Context(), "acme/tools/deep/er")
			s.Fine("GroupID", err)
			_, err = tx.Namespaces.PutGroup(s.Context(), group(id, "acme/er"))
			s.Fine("PutGroup", err)
		})
		s.Same("moved out", s.projectID("acme/er/p"), source.ProjectID(30))
		s.Apply("projects: [{id: 40, path: acme/tools/deep/new}]")
		s.Same("new below", s.projectID("acme/tools/deep/new"), source.ProjectID(0))
	}},
}

// group describes a private group.
func group(id source.NamespaceID, path string) worldimport.Group {
	return worldimport.Group{
		Namespace:  source.Namespace{ID: id, Path: path, Protocols: source.AllProtocols},
		Visibility: source.Private,
	}
}

// projectsBelow returns the numbers of the projects below a group.
func (s Subject) projectsBelow(tx groups.Tx, group source.NamespaceID) (ids []source.ProjectID) {
	s.Helper()
	projects, err := tx.Projects.Below(s.Context(), group)
	s.Fine("Below", err)
	for _, p := range projects {
		ids = append(ids, p.ID)
	}
	return ids
}

const toMove = `
groups: [{id: 119, path: x1/b}]
projects: [{id: 31, path: a/Own, name: "My Own", visibility: internal, storage: second}]
members: [{user: ab, project: a1/b/p, role: developer}]
`

var groupProjectCases = []Case{
	{Name: "projects of groups: shown, listed, names", Check: func(s Subject) {
		s.Apply(groupTrees, toMove)
		s.inGroupTx(func(tx groups.Tx) {
			p, name, err := tx.Projects.Project(s.Context(), 31)
			s.Fine("Project", err)
			s.Same("project", p, source.Project{ID: 31, Path: "a/Own", Visibility: source.Internal})
			s.Same("its name", name, "My Own")
			for _, id := range []source.ProjectID{0, -1, 11, 99} {
				_, _, err := tx.Projects.Project(s.Context(), id)
				s.Kind(fmt.Sprint("Project ", id), err, domain.NotFound)
			}
			below, err := tx.Projects.Below(s.Context(), 14)
			s.Fine("Below", err)
			s.Same("below", below, []source.Project{{ID: 24, Path: "a1/b/c/d/p", Visibility: source.Private, Storage: "default"}})
			for group, want := range map[source.NamespaceID][]source.ProjectID{11: {21, 22, 23, 24, 27}, 18: nil, 119: nil, 99: nil} {
				s.Same(fmt.Sprint("below ", group), s.projectsBelow(tx, group), want)
			}
			for _, c := range []struct {
				group source.NamespaceID
				name  string
				want  bool
			}{{11, "p", true}, {11, "P", false}, {18, "p", false}, {99, "p", false}} {
				got, err := tx.Names.ProjectNameTaken(s.Context(), c.group, c.name)
				s.Fine("ProjectNameTaken", err)
				s.Same(fmt.Sprint(c.name, " in ", c.group), got, c.want)
			}
		})
	}},
	{Name: "project moved into a group: path, old paths and roles", Check: func(s Subject) {
		s.Apply(groupTrees, toMove)
		s.inGroupTx(func(tx groups.Tx) {
			s.Fine("into a group", tx.Projects.Move(s.Context(), 22, 119, precise))
			s.Fine("out of a personal namespace", tx.Projects.Move(s.Context(), 31, 18, precise))
		})
		s.Same("paths", s.List("projects", "id", "path", "moved_from")[1:2], []string{"22 x1/b/p [a1/b/p]"})
		s.Same("of another, which had the path", s.List("projects", "id", "moved_from")[4:5], []string{"25 [x1/b/c/q]"})
		s.Same("by the new path", s.lookup("X1/b/p"), lookup{"project-22", "x1/b/p", false})
		s.Same("by the old path", s.lookup("a1/b/P"), lookup{"project-22", "x1/b/p", true})
		s.Same("roles", s.roleTable(22, 31), []string{"22: ab=developer x=maintainer", "31: z=owner"})
		s.Same("root", s.Standing("nobody", "project-22").Project.Root, source.Namespace{ID: 15, Path: "x1", Protocols: source.OnlyHTTP})
		s.Same("from the personal namespace", s.lookup("a/own"), lookup{"project-31", "z1/Own", true})
		s.Unit(func(tx worldimport.Tx) {
			p, err := tx.Projects.Current(s.Context(), worldimport.Project{Project: source.Project{ID: 22}})
			s.Fine("Current", err)
			s.Same("updated", p.Profile.UpdatedAt, kept)
		})
		s.inGroupTx(func(tx groups.Tx) {
			s.Fine("back again", tx.Projects.Move(s.Context(), 22, 12, now))
			s.Same("below", s.projectsBelow(tx, 12), []source.ProjectID{22, 23, 24})
		})
		s.Same("at the old path", s.lookup("a1/b/p"), lookup{"project-22", "a1/b/p", false})
		s.Same("at the path between", s.lookup("x1/b/p"), lookup{"project-22", "a1/b/p", true})
	}},
	{Name: "project moved to a taken path, or to none: refused", Check: func(s Subject) {
		s.Apply(groupTrees, toMove, "groups: [{id: 130, path: a1/p2}]\nprojects: [{id: 32, path: x1/p2}]\nusers: [{id: 7, username: home, namespace_id: 70}]")
		before := s.contents()
		for name, c := range map[string]struct {
			project source.ProjectID
			to      source.NamespaceID
			want    domain.Kind
		}{
			"path of a project": {21, 15, domain.Conflict}, "path of a group": {32, 11, domain.Conflict},
			"no such project": {99, 15, domain.NotFound}, "no such group": {22, 99, domain.NotFound}, "a personal namespace": {22, 70, domain.NotFound},
		} {
			err := s.GroupUnitOfWork(s.Context(), func(tx groups.Tx) error { return tx.Projects.Move(s.Context(), c.project, c.to, now) })
			s.Kind(name, err, c.want)
		}
		s.Same("contents", s.contents(), before)
	}},
}
