package source_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// toolGroup is a private group in the private group acme.
func toolGroup(change ...func(*source.Group)) source.Group {
	g := source.Group{
		Namespace: source.Namespace{ID: 6, Path: "acme/tools", Protocols: source.AllProtocols}, Parent: 5, Visibility: source.Private,
		GroupProfile: source.GroupProfile{Name: "Tools"},
	}
	for _, c := range change {
		c(&g)
	}
	return g
}

func acme(visibility source.Visibility) source.Group {
	return source.Group{Namespace: source.Namespace{ID: 5, Path: "acme", Protocols: source.AllProtocols}, Visibility: visibility}
}

func TestGroup_CheckChange(t *testing.T) {
	t.Parallel()
	const format = "path can contain only letters"
	below := source.GroupPlace{Parent: acme(source.Private)}
	top := func(g *source.Group) { g.Parent, g.Path = 0, "acme" }
	rename := func(part string) func(*source.Group) {
		return func(g *source.Group) { *g = g.Rename(part) }
	}
	visible := func(v source.Visibility) func(*source.Group) {
		return func(g *source.Group) { g.Visibility = v }
	}
	named := func(name string) func(*source.Group) {
		return func(g *source.Group) { g.Name = name }
	}
	described := func(length int) func(*source.Group) {
		return func(g *source.Group) { g.Description = strings.Repeat("ü", length) }
	}
	for name, c := range map[string]struct {
		from, to func(*source.Group)
		in       source.GroupPlace
		want     string
	}{
		"nothing":                      {nil, nil, below, ""},
		"another name":                 {nil, named("Ünïted ☃"), below, ""},
		"blank name":                   {nil, named(" \t"), below, "name can't be blank"},
		"longest name":                 {nil, named(strings.Repeat("ü", 255)), below, ""},
		"too long a name":              {nil, named(strings.Repeat("ü", 256)), below, "name is too long (maximum is 255 characters)"},
		"name of another":              {nil, named("Other"), source.GroupPlace{Parent: below.Parent, NameTaken: true}, "name has already been taken"},
		"longest description":          {nil, described(500), below, ""},
		"too long a description":       {nil, described(501), below, "description is too long (maximum is 500 characters)"},
		"another path":                 {nil, rename(".x_Y-z.1"), below, ""},
		"blank path":                   {nil, rename(""), below, "path can't be blank"},
		"too long a path":              {nil, rename(strings.Repeat("x", 256)), below, "path is too long (maximum is 255 characters)"},
		"path with a slash":            {nil, rename("a/b"), below, format},
		"path that climbs":             {nil, rename("../b"), below, format},
		"path with a minus":            {nil, rename("-a"), below, format},
		"path like a format":           {nil, rename("a.ATOM"), below, format},
		"path of a repository":         {nil, rename("a.git"), below, format},
		"path with a dot at its end":   {nil, rename("a."), below, format},
		"path beyond ASCII":            {nil, rename("ä"), below, format},
		"reserved path":                {nil, rename("-"), below, "path is a reserved name"},
		"word that is free below":      {nil, rename("admin"), below, ""},
		"reserved word at the top":     {top, rename("Admin"), source.GroupPlace{}, "path is a reserved name"},
		"path of another":              {nil, rename("x"), source.GroupPlace{Parent: below.Parent, PathTaken: true}, "path has already been taken"},
		"its own path, taken or not":   {nil, named("x"), source.GroupPlace{Parent: below.Parent, PathTaken: true}, ""},
		"wider than its parent":        {nil, visible(source.Internal), below, "visibility_level internal is not allowed in a private group."},
		"as wide as its parent":        {nil, visible(source.Internal), source.GroupPlace{Parent: acme(source.Internal)}, ""},
		"narrower than a project":      {visible(source.Public), visible(source.Internal), source.GroupPlace{Parent: acme(source.Public), Below: source.Subtree{Projects: source.Public}}, "visibility_level internal is not allowed since this group contains projects with higher visibility."},
		"narrower than a group":        {visible(source.Public), visible(source.Private), source.GroupPlace{Parent: acme(source.Public), Below: source.Subtree{Groups: source.Internal, Projects: source.Private}}, "visibility_level private is not allowed since there are sub-groups with higher visibility."},
		"old visibility is not judged": {visible(source.Public), named("x"), below, ""},
		"old path is not judged":       {rename("-old-"), named("x"), below, ""},
		"addresses below the top":      {nil, func(g *source.Group) { g.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("::/0")} }, below, "ip_restrictions.base IP subnet restriction only allowed for top-level groups"},
		"protocols below the top":      {nil, func(g *source.Group) { g.Protocols = source.OnlySSH }, below, "enabled_git_access_protocol is only allowed for top-level groups"},
		"both at the top":              {top, func(g *source.Group) { g.Protocols, g.AllowedIPs = source.OnlySSH, []netip.Prefix{{}} }, source.GroupPlace{}, ""},
	} {
		old := toolGroup()
		if c.from != nil {
			c.from(&old)
		}
		changed := old
		if c.to != nil {
			c.to(&changed)
		}
		got := changed.CheckChange(old, c.in)
		if text := got.Error(); text != c.want && !(c.want == format && strings.HasPrefix(text, format)) {
			t.Errorf("%s: got %q, want %q", name, text, c.want)
		}
	}
}

func TestGroup_CheckChange_new(t *testing.T) {
	t.Parallel()
	fresh := func(depth int) (g source.Group, in source.GroupPlace) {
		in.Parent = acme(source.Private)
		in.Parent.Path = strings.TrimSuffix(strings.Repeat("x/", depth-1), "/")
		return source.Group{Namespace: source.Namespace{Path: in.Parent.Path + "/y", Protocols: source.AllProtocols}, Parent: 5, Visibility: source.Private, GroupProfile: source.GroupProfile{Name: "y"}}, in
	}
	for depth, want := range map[int]string{2: "", 20: "", 21: "parent_id has too deep level of nesting"} {
		g, in := fresh(depth)
		if got := g.CheckChange(source.Group{}, in); got.Error() != want {
			t.Errorf("depth %d: got %q, want %q", depth, got, want)
		}
	}
	g, in := fresh(2)
	g.Visibility, in.PathTaken, in.NameTaken = source.Public, true, true
	const all = "name has already been taken, path has already been taken, visibility_level public is not allowed in a private group."
	if got := g.CheckChange(source.Group{}, in); got.Error() != all {
		t.Errorf("got %q, want %q", got, all)
	}
}

func TestGroup_CheckTransfer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		group              source.Group
		in                 source.GroupPlace
		inside, subscribed bool
		want               string
	}{
		"to another group": {group: toolGroup(), in: source.GroupPlace{Parent: source.Group{Namespace: source.Namespace{ID: 9, Path: "other"}, Visibility: source.Private}}},
		"to the top":       {group: toolGroup()},
		"to itself":        {group: toolGroup(), inside: true, want: "A group cannot go to itself or to one of its subgroups."},
		"where it is":      {group: toolGroup(), in: source.GroupPlace{Parent: acme(source.Private)}, want: "The group is already in that group."},
		"at the top":       {group: acme(source.Private), want: "The group is already at the top."},
		"subscribed":       {group: acme(source.Private), in: source.GroupPlace{Parent: toolGroup()}, subscribed: true, want: "The group has a subscription, which counts at the top only."},
		"reserved":         {group: toolGroup(func(g *source.Group) { g.Path = "acme/API" }), want: "Its path is a reserved name at the top."},
		"path taken":       {group: toolGroup(), in: source.GroupPlace{PathTaken: true}, want: "Its path is taken there."},
		"name taken":       {group: toolGroup(), in: source.GroupPlace{NameTaken: true}, want: "Its name is taken there."},
		"wider":            {group: toolGroup(func(g *source.Group) { g.Visibility = source.Public }), in: source.GroupPlace{Parent: source.Group{Namespace: source.Namespace{ID: 9, Path: "other"}, Visibility: source.Internal}}, want: "It is more visible than the group that it would go to."},
		"too deep":         {group: toolGroup(), in: source.GroupPlace{Parent: source.Group{Namespace: source.Namespace{ID: 9, Path: "other"}, Visibility: source.Private}, Below: source.Subtree{Depth: 19}}, want: "Groups would be nested too deeply."},
		"deep enough":      {group: toolGroup(), in: source.GroupPlace{Parent: source.Group{Namespace: source.Namespace{ID: 9, Path: "other"}, Visibility: source.Private}, Below: source.Subtree{Depth: 18}}},
	} {
		got := c.group.CheckTransfer(c.in, c.inside, c.subscribed)
		switch want := "Failed to transfer group. " + c.want; {
		case c.want == "" && got == nil:
		case got == nil || got.Message != want || !errors.Is(got, domain.Invalid):
			t.Errorf("%s: got %v, want %q", name, got, c.want)
		}
	}
}

func TestGroup_Under_Rename(t *testing.T) {
	t.Parallel()
	g := toolGroup()
	for _, c := range []struct {
		got          source.Group
		path         string
		parent       source.NamespaceID
		what, reason string
	}{
		{got: g.Under(source.Group{}), path: "tools", what: "to the top"},
		{got: g.Under(source.Group{Namespace: source.Namespace{ID: 9, Path: "x/Y"}}), path: "x/Y/tools", parent: 9, what: "to another"},
		{got: g.Rename("new"), path: "acme/new", parent: 5, what: "renamed"},
		{got: acme(source.Public).Rename("new"), path: "new", what: "renamed at the top"},
	} {
		if c.got.Path != c.path || c.got.Parent != c.parent {
			t.Errorf("%s: got %s in %d, want %s in %d", c.what, c.got.Path, c.got.Parent, c.path, c.parent)
		}
	}
}

func TestVisibility_WiderThan_Narrower(t *testing.T) {
	t.Parallel()
	ascending := []source.Visibility{"", source.Private, source.Internal, source.Public}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := a.WiderThan(b); got != (i > j) {
				t.Errorf("%q, %q: got %t", a, b, got)
			}
			if got := a.Narrower(b); got != ascending[min(i, j)] {
				t.Errorf("%q, %q: got %q", a, b, got)
			}
		}
	}
}

func TestProjectCreation_Allows(t *testing.T) {
	t.Parallel()
	roles := []source.Role{source.NoRole, source.Reporter, source.Developer, source.Maintainer, source.Owner}
	for level, want := range map[source.ProjectCreation]string{
		"": "developer", source.DeveloperProjects: "developer", source.MaintainerProjects: "maintainer", source.OwnerProjects: "owner",
		source.NoProjects: "", source.AdminProjects: "",
	} {
		from := slices.IndexFunc(roles, func(r source.Role) bool { return r.String() == want })
		for i, role := range roles {
			if got := level.Allows(role, false); got != (from >= 0 && i >= from) {
				t.Errorf("%q, %s: got %t", level, role, got)
			}
			if got := level.Allows(role, true); got != (level != source.NoProjects) {
				t.Errorf("%q, %s, administrator: got %t", level, role, got)
			}
		}
	}
}

func TestParseRange(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.7/24": "192.0.2.0/24", "192.0.2.7": "192.0.2.7/32", "::1": "::1/128", "::ffff:192.0.2.0/120": "192.0.2.0/24", "2001:db8::/32": "2001:db8::/32",
	} {
		if got, ok := source.ParseRange(text); !ok || got.String() != want {
			t.Errorf("%s: got %s, %t, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "x", "192.0.2.0/33", "fe80::1%eth0", "192.0.2.0-9", " ::1"} {
		if got, ok := source.ParseRange(text); ok {
			t.Errorf("%q: got %s, want none", text, got)
		}
	}
}

func TestProject_CheckTransfer(t *testing.T) {
	t.Parallel()
	private := source.Project{ID: 7, Path: "other/cli", Visibility: source.Private}
	public := source.Project{ID: 7, Path: "other/cli", Visibility: source.Public}
	for name, c := range map[string]struct {
		project              source.Project
		to                   source.Group
		pathTaken, nameTaken bool
		want                 string
	}{
		"to another group":     {project: private, to: acme(source.Private)},
		"as visible":           {project: public, to: acme(source.Public)},
		"where it is":          {project: private, to: source.Group{Namespace: source.Namespace{ID: 9, Path: "Other"}}, pathTaken: true, want: "The project is already in that namespace."},
		"a group above":        {project: source.Project{Path: "acme/tools/cli", Visibility: source.Private}, to: acme(source.Private)},
		"nobody creates there": {project: private, to: source.Group{Namespace: source.Namespace{ID: 5, Path: "acme"}, Visibility: source.Private, GroupProfile: source.GroupProfile{ProjectCreation: source.NoProjects}}, want: "You may not add projects to that namespace."},
		"path taken":           {project: private, to: acme(source.Private), pathTaken: true, want: "Its path is taken there."},
		"name taken":           {project: private, to: acme(source.Private), nameTaken: true, want: "Its name is taken there."},
		"wider":                {project: public, to: acme(source.Internal), want: "It is more visible than the group that it would go to."},
	} {
		got := c.project.CheckTransfer(c.to, c.pathTaken, c.nameTaken)
		switch want := "Failed to transfer project. " + c.want; {
		case c.want == "" && got == nil:
		case got == nil || got.Message != want || !errors.Is(got, domain.Invalid):
			t.Errorf("%s: got %v, want %q", name, got, c.want)
		}
	}
}
