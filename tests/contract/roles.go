package contract

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/bootstrap"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// row is the role of a user in a project.
type row struct {
	who, where string
	want       source.Role
}

// roles is a case that compares roles in a world.
func roles(name, text string, rows []row) Case {
	return Case{Name: name, Check: func(s Subject) {
		s.Apply(text)
		for _, r := range rows {
			standing := s.Standing(user(r.who), r.where)
			s.Same(r.who+" in "+r.where, standing.Role, r.want)
			on := rights.Ref{Kind: rights.Project, Path: strings.ToUpper(r.where)}
			got, err := s.Standings.Standing(s.Context(), standing.Actor.User.ID, on, now)
			if !standing.Project.Known() {
				s.Kind("Standing", err, domain.NotFound)
				continue
			}
			s.Fine("Standing", err)
			s.Same(r.who+" in the right on "+r.where, got.Role, r.want)
		}
	}}
}

// tree has three nested groups with a project each, and other groups.
const tree = `
users: [{username: ann}, {username: bob}, {username: cat}, {username: dan}, {username: eve}]
groups: [{path: top}, {path: top/mid}, {path: top/mid/low}, {path: top/side}, {path: else}, {path: else/in}, {path: else/in/most}]
projects: [{path: top/p}, {path: top/mid/p}, {path: top/mid/low/p}, {path: top/side/p}, {path: else/p}, {path: ann/p}]
`

var roleCases = []Case{
	{Name: "direct member: every role", Check: func(s Subject) {
		s.Apply(tree)
		for _, role := range source.Roles() {
			if role == source.NoRole {
				continue
			}
			word := role.String()
			s.Apply(fmt.Sprintf("users: [{username: u%d}]\nmembers: [{user: u%[1]d, project: top/p, role: %s}]", role, word))
			want := role
			if role == source.Minimal {
				want = source.NoRole
			}
			s.Same(word, s.Standing(fmt.Sprintf("username-u%d", role), "top/p").Role, want)
			s.Same(word+" next door", s.Standing(fmt.Sprintf("username-u%d", role), "top/mid/p").Role, source.NoRole)
		}
	}},
	roles("inherited from the groups above only", tree+`
members:
  - {user: ann, group: top, role: reporter}
  - {user: bob, group: top/mid, role: developer}
  - {user: cat, group: top/mid/low, role: maintainer}
  - {user: dan, group: else, role: owner}`, []row{
		{"ann", "top/p", source.Reporter}, {"ann", "top/mid/p", source.Reporter}, {"ann", "top/mid/low/p", source.Reporter}, {"ann", "top/side/p", source.Reporter},
		{"bob", "top/p", source.NoRole}, {"bob", "top/mid/p", source.Developer}, {"bob", "top/mid/low/p", source.Developer}, {"bob", "top/side/p", source.NoRole},
		{"cat", "top/p", source.NoRole}, {"cat", "top/mid/p", source.NoRole}, {"cat", "top/mid/low/p", source.Maintainer},
		{"dan", "top/p", source.NoRole}, {"dan", "top/mid/low/p", source.NoRole}, {"dan", "else/p", source.Owner},
		{"eve", "top/p", source.NoRole}, {"unknown", "top/p", source.NoRole},
	}),
	roles("highest of several roles", tree+`
members:
  - {user: ann, group: top, role: maintainer}
  - {user: ann, group: top/mid, role: guest}
  - {user: ann, project: top/mid/p, role: reporter}
  - {user: bob, group: top, role: guest}
  - {user: bob, project: top/mid/p, role: developer}
shares: [{project: top/mid/p, with: else, role: owner}, {group: top, with: else/in, role: reporter}]
`, []row{
		{"ann", "top/mid/p", source.Maintainer}, {"bob", "top/mid/p", source.Developer}, {"bob", "top/mid/low/p", source.Guest},
	}),
	roles("the owner of a personal namespace", tree+`
members: [{user: ann, project: ann/p, role: guest}, {user: bob, project: ann/p, role: developer}]`, []row{
		{"ann", "ann/p", source.Owner}, {"bob", "ann/p", source.Developer}, {"cat", "ann/p", source.NoRole}, {"ann", "top/p", source.NoRole},
	}),
	roles("administrator: no role", `
users: [{username: root, admin: true}]
groups: [{path: top}]
projects: [{path: top/p}]`, []row{{"root", "top/p", source.NoRole}}),
	roles("active memberships only, for every state of the user", `
users: [{username: active}, {username: requested}, {username: invited}, {username: awaiting}, {username: blocked, state: blocked}]
groups: [{path: top}]
projects: [{path: top/p}]
members:
  - {user: active, group: top, role: developer, state: active}
  - {user: requested, group: top, role: developer, state: requested}
  - {user: invited, group: top, role: developer, state: invited}
  - {user: awaiting, group: top, role: developer, state: awaiting}
  - {user: requested, project: top/p, role: guest, state: requested}
  - {user: invited, project: top/p, role: guest, state: active}
  - {user: blocked, group: top, role: developer}`, []row{
		{"active", "top/p", source.Developer}, {"requested", "top/p", source.NoRole}, {"invited", "top/p", source.Guest},
		{"awaiting", "top/p", source.NoRole}, {"blocked", "top/p", source.Developer},
	}),
	roles("minimal access: no role", tree+`
members:
  - {user: ann, group: top, role: minimal}
  - {user: bob, project: top/p, role: minimal}
  - {user: cat, group: else, role: minimal}
  - {user: dan, group: else/in, role: owner}
  - {user: eve, group: top, role: minimal}
  - {user: eve, project: top/p, role: guest}
shares: [{project: top/p, with: else, role: owner}, {project: top/p, with: else/in, role: minimal}]`, []row{
		{"ann", "top/p", source.NoRole}, {"bob", "top/p", source.NoRole}, {"cat", "top/p", source.NoRole}, {"dan", "top/p", source.NoRole},
		{"eve", "top/p", source.Guest}, {"eve", "top/mid/p", source.NoRole},
	}),
	roles("share: lower of its maximum and the role in the group", tree+`
members: [{user: ann, group: else, role: owner}, {user: bob, group: else, role: developer}, {user: cat, group: else, role: guest}, {user: dan, group: else, role: developer, state: requested}]
shares: [{project: top/p, with: else, role: developer}, {group: top/mid, with: else, role: reporter}]`, []row{
		{"ann", "top/p", source.Developer}, {"bob", "top/p", source.Developer}, {"cat", "top/p", source.Guest}, {"dan", "top/p", source.NoRole}, {"eve", "top/p", source.NoRole},
		{"ann", "top/mid/p", source.Reporter}, {"ann", "top/mid/low/p", source.Reporter}, {"cat", "top/mid/low/p", source.Guest},
		{"ann", "top/side/p", source.NoRole}, {"ann", "else/p", source.Owner},
	}),
	roles("share: members of the group and of its parents", tree+`
members: [{user: ann, group: else, role: maintainer}, {user: bob, group: else/in, role: reporter}, {user: cat, group: else/in/most, role: owner}, {user: dan, project: else/p, role: owner}]
shares: [{project: top/mid/p, with: else/in, role: maintainer}, {group: top/side, with: else/in/most, role: developer}]`, []row{
		{"ann", "top/mid/p", source.Maintainer}, {"bob", "top/mid/p", source.Reporter}, {"cat", "top/mid/p", source.NoRole}, {"dan", "top/mid/p", source.NoRole},
		{"ann", "top/side/p", source.Developer}, {"bob", "top/side/p", source.Reporter}, {"cat", "top/side/p", source.Developer},
	}),
	roles("share: not passed on by another share", tree+`
members: [{user: ann, group: else, role: owner}]
shares: [{group: top/side, with: else, role: owner}, {project: top/p, with: top/side, role: owner}, {project: top/mid/p, with: top, role: owner}]`, []row{
		{"ann", "top/side/p", source.Owner}, {"ann", "top/p", source.NoRole}, {"ann", "top/mid/p", source.NoRole},
	}),
	roles("several shares: highest role", tree+`
members: [{user: ann, group: else, role: owner}, {user: ann, group: top/side, role: guest}]
shares:
  - {project: top/mid/low/p, with: else, role: guest}
  - {project: top/mid/low/p, with: top/side, role: owner}
  - {group: top/mid/low, with: else/in, role: reporter}
  - {group: top/mid, with: else/in/most, role: developer}
  - {group: top, with: else, role: planner}`, []row{
		{"ann", "top/mid/low/p", source.Developer}, {"ann", "top/mid/p", source.Developer}, {"ann", "top/p", source.Planner},
	}),
	{Name: "share with a subgroup or the group itself", Check: func(s Subject) {
		s.Apply(tree, "members: [{user: ann, group: top/mid, role: developer}]\nshares: [{group: top, with: top/mid, role: reporter}, {group: top/mid, with: top/mid, role: owner}]")
		s.Same("above", s.Standing(user("ann"), "top/p").Role, source.Reporter)
		s.Same("within", s.Standing(user("ann"), "top/mid/p").Role, source.Developer)
	}},
	{Name: "membership and share: expire at midnight UTC", Check: func(s Subject) {
		s.Apply(tree, `
members: [{user: ann, group: top, role: developer, expires_at: 2026-03-10}, {user: bob, project: top/p, role: developer, expires_at: 2026-03-10},
  {user: cat, group: else/in, role: owner}, {user: dan, group: top/side, role: owner, expires_at: 2026-03-10}]
shares: [{project: top/p, with: else/in, role: developer, expires_at: 2026-03-10}, {group: top, with: top/side, role: developer}, {group: top/mid, with: else/in, role: reporter, expires_at: 2026-03-10}]`)
		day := time.Date(2026, time.March, 10, 0, 0, 0, 0, time.UTC)
		east, west := time.FixedZone("east", 14*3600), time.FixedZone("west", -12*3600)
		for at, want := range map[time.Time]source.Role{
			day.Add(-24 * time.Hour):                source.Developer,
			day.Add(-time.Microsecond):              source.Developer,
			day.Add(-time.Nanosecond):               source.Developer,
			day.Add(-time.Second).In(east):          source.Developer, // there it is the 10th
			day:                                     source.NoRole,
			day.Add(time.Microsecond):               source.NoRole,
			day.Add(time.Hour).In(west):             source.NoRole, // there it is the 9th
			day.Add(24 * time.Hour):                 source.NoRole,
			day.AddDate(100, 0, 0):                  source.NoRole,
			time.Date(1999, 1, 1, 0, 0, 0, 0, west): source.Developer,
		} {
			for _, who := range []string{"ann", "bob", "cat", "dan"} {
				q := subject.Inquiry(user(who), "top/p")
				q.Now = at
				s.Same(who+" at "+at.String(), s.Ask(q).Role, want)
			}
			q := subject.Inquiry(user("cat"), "top/mid/p")
			q.Now = at
			s.Same("cat in mid at "+at.String(), s.Ask(q).Role, min(want, source.Reporter))
		}
	}},
	{Name: "twenty groups deep", Check: func(s Subject) {
		var paths, text []string
		for i := range 20 {
			paths = append(paths, fmt.Sprintf("g%d", i))
			text = append(text, fmt.Sprintf("  - {path: %s}", strings.Join(paths, "/")))
		}
		deep := strings.Join(paths, "/")
		s.Apply("users: [{username: ann}, {username: bob}, {username: cat}]\ngroups:\n" + strings.Join(text, "\n") + `
  - {path: else}
projects: [{path: ` + deep + `/p}]
members: [{user: ann, group: g0, role: developer}, {user: bob, group: else, role: owner}, {user: cat, group: ` + deep + `, role: guest}]
shares: [{group: g0/g1, with: else, role: maintainer}]`)
		for who, want := range map[string]source.Role{"ann": source.Developer, "bob": source.Maintainer, "cat": source.Guest} {
			s.Same(who, s.Standing(user(who), strings.ToUpper(deep)+"/p").Role, want)
		}
		s.Same("root", s.Standing("nobody", deep+"/p").Project.Root.Path, "g0")
	}},
	{Name: "membership put again: replaced", Check: func(s Subject) {
		s.Apply(tree, "members: [{user: ann, group: top, role: owner}, {user: bob, group: else, role: owner}]\nshares: [{project: top/p, with: else, role: owner}]")
		s.Apply("members: [{user: ANN, group: TOP, role: guest, expires_at: 2027-01-01}]\nshares: [{project: TOP/P, with: ELSE, role: reporter, expires_at: 2027-01-01}]")
		s.Same("member", s.Standing(user("ann"), "top/p").Role, source.Guest)
		s.Same("share", s.Standing(user("bob"), "top/p").Role, source.Reporter)
		s.Same("members", s.List("members", "user", "group", "role", "state", "expires_at"), []string{"ann top guest active 2027-01-01T00:00:00Z", "bob else owner active -"})
		s.Same("shares", s.List("shares", "project", "with", "role", "expires_at"), []string{"top/p else reporter 2027-01-01T00:00:00Z"})
		s.Apply("members: [{user: ann, group: top, role: guest, state: requested}]")
		s.Same("no more", s.Standing(user("ann"), "top/p").Role, source.NoRole)
	}},
	{Name: "equal numbers of user, group and project: not confused", Check: func(s Subject) {
		// A user, a group and a project have the same number.
		s.Apply(`
users: [{id: 1, username: ann}, {id: 2, username: bob}]
groups: [{id: 1, path: one}, {id: 2, path: two}]
projects: [{id: 1, path: two/p}, {id: 2, path: one/p}]
members: [{user: ann, group: one, role: owner}, {user: bob, project: two/p, role: guest}]`)
		for where, want := range map[string][]source.Role{
			"project-1": {source.NoRole, source.Guest}, "project-2": {source.Owner, source.NoRole}, "wiki-2": {source.Owner, source.NoRole},
			"snippet-2": {source.NoRole, source.NoRole}, "group-1-wiki": {source.NoRole, source.NoRole},
		} {
			s.Same(where, []source.Role{s.Standing("user-1", where).Role, s.Standing("user-2", where).Role}, want)
		}
	}},
}

// roleSource is a source of a role in words: its kind, the membership, the share, and
// the role that it gives.
func roleSource(r source.RoleSource) string {
	text := fmt.Sprintf("%s %s %s %s", r.Kind, r.Membership.Path, r.Membership.Role, r.Membership.State)
	if !r.Membership.ExpiresAt.IsZero() {
		text += " until " + r.Membership.ExpiresAt.Format(time.DateOnly)
	}
	if r.Kind == source.ByShare {
		text += fmt.Sprintf("; %s with %s %s", r.Share.Path, r.Share.With, r.Share.Role)
		if !r.Share.ExpiresAt.IsZero() {
			text += " until " + r.Share.ExpiresAt.Format(time.DateOnly)
		}
	}
	return text + ": " + r.RoleAt(now).String()
}

// roleSources returns where the role of who at where comes from, sorted.
func (s Subject) roleSources(who, where string) (texts []string) {
	s.Helper()
	standing := s.Standing(who, where)
	all, err := s.Background.RoleSources(s.Context(), standing.Actor.User.ID, standing.Project)
	s.Fine("RoleSources", err)
	slices.SortFunc(all, func(a, b source.RoleSource) int { return a.Compare(b, now) })
	for _, r := range all {
		texts = append(texts, roleSource(r))
	}
	return texts
}

var roleSourceCases = []Case{
	{Name: "every source, also those that do not count", Check: func(s Subject) {
		s.Apply(tree, `
members:
  - {user: ann, project: top/mid/p, role: guest}
  - {user: ann, group: top, role: maintainer, expires_at: 2027-01-01}
  - {user: ann, group: top/mid, role: owner, expires_at: 2026-03-10}
  - {user: ann, group: top/side, role: owner}
  - {user: ann, group: else, role: developer}
  - {user: ann, group: else/in, role: owner, state: requested}
  - {user: ann, project: top/p, role: owner}
  - {user: bob, group: top, role: minimal}
  - {user: bob, project: ann/p, role: reporter}
shares:
  - {project: top/mid/p, with: else/in, role: reporter, expires_at: 2027-02-01}
  - {group: top, with: else, role: owner, expires_at: 2026-03-10}
  - {group: else, with: top/side, role: owner}`)
		s.Same("ann", s.roleSources(user("ann"), "TOP/mid/p"), []string{
			"membership top maintainer active until 2027-01-01: maintainer",
			"share else developer active; top/mid/p with else/in reporter until 2027-02-01: reporter",
			"membership top/mid/p guest active: guest",
			"membership top/mid owner active until 2026-03-10: none",
			"share else developer active; top with else owner until 2026-03-10: none",
			"share else/in owner requested; top/mid/p with else/in reporter until 2027-02-01: none",
		})
		s.Same("bob", s.roleSources(user("bob"), "top/mid/p"), []string{"membership top minimal active: none"})
		s.Same("the owner", s.roleSources(user("ann"), "ann/p"), []string{"ownership ann owner active: owner"})
		s.Same("a member of the owner's", s.roleSources(user("bob"), "ann/p"), []string{"membership ann/p reporter active: reporter"})
		s.Same("a stranger", s.roleSources(user("eve"), "top/mid/p"), []string(nil))
		s.Same("an unknown user", s.roleSources("user-99", "top/mid/p"), []string(nil))
		s.Same("an unknown project", s.roleSources(user("ann"), "top/none"), []string(nil))
	}},
	{Name: "numbers of the group, the project and the share", Check: func(s Subject) {
		// A user, a group and a project have the same number.
		s.Apply(`
users: [{id: 1, username: ann}]
groups: [{id: 1, path: one}, {id: 2, path: two}]
projects: [{id: 1, path: two/p}]
members: [{user: ann, group: one, role: owner}, {user: ann, project: two/p, role: guest}]
shares: [{project: two/p, with: one, role: developer}, {group: two, with: one, role: reporter}]`)
		all, err := s.Background.RoleSources(s.Context(), 1, source.Project{ID: 1})
		s.Fine("RoleSources", err)
		var got []string
		for _, r := range all {
			got = append(got, fmt.Sprint(r.Membership.In, r.Share.In))
		}
		slices.Sort(got)
		s.Same("numbers", got, []string{"{0 1} {0 0}", "{1 0} {0 1}", "{1 0} {2 0}"})
	}},
	{Name: "names of entries: of users, groups and deploy keys, each by its own numbers", Check: func(s Subject) {
		s.Apply(`
users: [{id: 1, username: Ann}, {id: 2, username: bob}]
groups: [{id: 3, path: One}, {id: 4, path: One/two}]
projects: [{id: 1, path: One/p}]
deploy_keys: [{id: 1, title: robot "7", key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz"}]`)
		entries := []source.Access{{User: 1}, {User: 99}, {Group: 4}, {Group: 4, Member: true}, {Group: 99}, {DeployKey: 1}, {DeployKey: 99}, {Role: source.Owner}}
		got, err := s.Background.AccessNames(s.Context(), entries)
		s.Fine("AccessNames", err)
		s.Same("names", got, map[source.Access]string{{User: 1}: "Ann", {Group: 4}: "One/two", {Group: 4, Member: true}: "One/two", {DeployKey: 1}: `robot "7"`})
		for i := range source.NamespaceID(33_000) {
			entries = append(entries, source.Access{Group: 1000 + i})
		}
		many, err := s.Background.AccessNames(s.Context(), append(entries, source.Access{User: 2}))
		s.Fine("AccessNames", err)
		s.Same("names among many", len(many), len(got)+1)
		got, err = s.Background.AccessNames(s.Context(), nil)
		s.Fine("AccessNames", err)
		s.Same("none", got, map[source.Access]string{})
	}},
	{Name: "project to be created: sources of its namespace", Check: func(s Subject) {
		s.Apply(roleGroups)
		for _, c := range []struct {
			user identity.UserID
			path string
			want []string
		}{
			{12, "Acme/Tools/new", []string{"membership Acme developer active: developer", "membership Acme/Tools guest active: guest"}},
			{14, "Acme/Tools/new", []string{"share friends owner active; Acme with friends maintainer: maintainer"}},
			{11, "own/new", []string{"ownership own owner active: owner"}},
			{12, "own/new", nil},
			{12, "nowhere/new", nil},
			{12, "new", nil},
		} {
			all, err := s.Background.RoleSources(s.Context(), c.user, source.Project{ToBeCreated: true, Path: c.path})
			s.Fine("RoleSources", err)
			slices.SortFunc(all, func(a, b source.RoleSource) int { return a.Compare(b, now) })
			var got []string
			for _, r := range all {
				got = append(got, roleSource(r))
			}
			s.Same(fmt.Sprint(c.user, " in ", c.path), got, c.want)
		}
	}},
}

// contradiction begins an answer that is wrong on whatever store.
const contradiction = "contradiction: "

// checkRoleSources returns the role sources, or a contradiction if the highest role of
// them is not that of the standing.
func checkRoleSources(ctx context.Context, p bootstrap.Ports, standing source.Standing, at time.Time) string {
	if !standing.Project.Known() {
		return ""
	}
	all, err := p.Background.RoleSources(ctx, standing.Actor.User.ID, standing.Project)
	if err != nil {
		return outcome("", err)
	}
	slices.SortFunc(all, func(a, b source.RoleSource) int { return a.Compare(b, at) })
	highest := source.NoRole
	if len(all) > 0 {
		highest = all[0].RoleAt(at)
	}
	if highest != standing.Role {
		return fmt.Sprintf("%s%s, and the standing has the role %s", contradiction, jsonText(all), standing.Role)
	}
	return jsonText(all)
}
