package batches_test

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pgregory.net/rapid"

	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// rows is a small world whose rows have numbers, so that another one can change any
// of them. A row that is not written stays as it is.
type rows struct {
	users    map[identity.UserID]worldimport.User
	groups   map[source.NamespaceID]place
	projects map[source.ProjectID]projectPlace
	members  map[string]worldimport.Member
	shares   map[string]worldimport.Share
	keys     map[identity.KeyID]worldimport.Key
	deploys  map[identity.KeyID]worldimport.DeployKey
}

// place is a group below another one, or on top.
type place struct {
	parent source.NamespaceID
	name   string
	worldimport.Group
}

// projectPlace is a project in a group or in the namespace of a user.
type projectPlace struct {
	group source.NamespaceID
	user  identity.UserID
	name  string
	worldimport.Project
}

var (
	usernames    = []string{"ann", "bob", "cat", "dan", "eve"}
	groupNames   = []string{"g", "h", "i", "j"}
	projectNames = []string{"p", "q", "r"}
	roles        = []source.Role{source.Minimal, source.Guest, source.Reporter, source.Developer, source.Maintainer, source.Owner}
)

func one[T any](t *rapid.T, of ...T) T { return of[rapid.IntRange(0, len(of)-1).Draw(t, "one")] }

// chanceNumber is 0, 1 or 2.
func chanceNumber(t *rapid.T) int { return rapid.IntRange(0, 2).Draw(t, "number") }

// chance is true once in n times.
func chance(t *rapid.T, n int) bool { return rapid.IntRange(1, n).Draw(t, "chance") == 1 }

func newRows() rows {
	return rows{
		map[identity.UserID]worldimport.User{}, map[source.NamespaceID]place{}, map[source.ProjectID]projectPlace{}, map[string]worldimport.Member{},
		map[string]worldimport.Share{}, map[identity.KeyID]worldimport.Key{}, map[identity.KeyID]worldimport.DeployKey{},
	}
}

// next draws a world that changes old, and the rows afterwards.
func next(t *rapid.T, old rows) (worldimport.World, rows) {
	var w worldimport.World
	s := newRows()
	for id := identity.UserID(1); id <= 4; id++ {
		u, known := old.users[id]
		if known && chance(t, 4) || !known && chance(t, 4) {
			if known {
				s.users[id] = u
			}
			continue
		}
		u = drawUser(t, u, s)
		u.User.ID = id
		s.users[id] = u
		if !known && len(old.users) > 0 && chance(t, 3) {
			u.User.ID = 0
		}
		w.Users = append(w.Users, u)
	}
	for id := source.NamespaceID(11); id <= 14; id++ {
		g, known := old.groups[id]
		if known && chance(t, 4) || !known && chance(t, 4) {
			if known {
				s.groups[id] = g
			}
			continue
		}
		g = drawGroup(t, g, id, s)
		s.groups[id] = g
		w.Groups = append(w.Groups, worldimport.Group{Namespace: source.Namespace{ID: id}})
		if !known && len(old.groups) > 0 && chance(t, 3) {
			w.Groups[len(w.Groups)-1].Namespace.ID = -id // without a number
		}
	}
	for i, g := range w.Groups {
		id := max(g.Namespace.ID, -g.Namespace.ID)
		described := s.groups[id].Group
		described.Namespace.ID, described.Namespace.Path = max(g.Namespace.ID, 0), s.groupPath(id)
		w.Groups[i] = described
	}
	for id := source.ProjectID(21); id <= 24; id++ {
		p, known := old.projects[id]
		if known && chance(t, 4) || !known && chance(t, 4) || len(s.groups)+len(s.users) == 0 {
			if known {
				s.projects[id] = p
			}
			continue
		}
		p = drawProject(t, p, s)
		s.projects[id] = p
		described := p.Project
		described.Project.ID, described.Project.Path = id, s.projectPath(id)
		if !known && len(old.projects) > 0 && chance(t, 3) {
			described.Project.ID = 0
		}
		w.Projects = append(w.Projects, described)
	}
	s.drawMembers(t, old, &w)
	s.drawKeys(t, old, &w)
	for i := range w.Projects {
		if chance(t, 2) {
			w.Projects[i].Protections = s.drawProtections(t)
		}
	}
	for path, times := range paths(w) {
		if times > 1 {
			t.Skip("the world has the path " + path + " twice, which no world file may")
		}
	}
	return w, s
}

// groupPath is empty below a group that does not exist.
func (s rows) groupPath(id source.NamespaceID) string {
	g := s.groups[id]
	if g.parent == 0 {
		return g.name
	}
	return s.groupPath(g.parent) + "/" + g.name
}

func (s rows) projectPath(id source.ProjectID) string {
	p := s.projects[id]
	if p.user != 0 {
		return s.users[p.user].User.Username + "/" + p.name
	}
	return s.groupPath(p.group) + "/" + p.name
}

func drawUser(t *rapid.T, old worldimport.User, s rows) worldimport.User {
	u := old
	if u.User.Username == "" || chance(t, 5) {
		u.User.Username = one(t, usernames...)
	}
	for _, other := range s.users {
		if other.User.Username == u.User.Username {
			u.User.Username += fmt.Sprint(len(s.users))
		}
	}
	if u.User.State == "" || chance(t, 2) {
		u.User.State = one(t, identity.Active, identity.Active, identity.Active, identity.Active, identity.Active, identity.Blocked, identity.Deactivated)
		u.User.Type = one(t, identity.Human, identity.Human, identity.Human, identity.ServiceAccount)
		u.User.Admin, u.User.External = chance(t, 6), chance(t, 4)
		u.User.EmailConfirmed, u.User.TwoFactor = !chance(t, 10), chance(t, 8)
		u.User.PasswordExpiresAt = day(t)
		u.User.Name, u.Profile.Note, u.Profile.CreatedAt = one(t, "Ann", "Bob"), one(t, "", "a: b"), day(t)
		u.Profile.ProjectsLimit, u.Profile.CanCreateGroup = int64(chanceNumber(t)), chance(t, 2)
		u.Profile.Settings = one(t, nil, remembered.Values{"bio": "x"}, remembered.Values{"theme_id": int64(2)})
	}
	u.Given = given(t, "state", "type", "admin", "external", "email_confirmed", "two_factor", "password_expires_at", "name", "note", "created_at", "settings", "projects_limit")
	return u
}

func day(t *rapid.T) time.Time {
	return one(t, time.Time{}, time.Time{}, time.Time{}, time.Time{}, world.Now.AddDate(0, 0, -1), world.Now.AddDate(0, 0, 1), world.Now.AddDate(0, 0, 2))
}

func drawGroup(t *rapid.T, old place, id source.NamespaceID, s rows) place {
	g := old
	if g.name == "" || chance(t, 5) {
		g.name, g.parent = one(t, groupNames...)+fmt.Sprint(id), 0
		if len(s.groups) > 0 && chance(t, 2) {
			g.parent = one(t, sorted(s.groups)...)
		}
	}
	if g.Namespace.Protocols == "" || chance(t, 3) {
		g.Visibility, g.PendingDelete = one(t, source.Visibilities...), chance(t, 14)
		g.Namespace.Protocols = one(t, source.AllProtocols, source.AllProtocols, source.AllProtocols, source.OnlySSH, source.OnlyHTTP)
		g.Namespace.RequireSSHCertificates = chance(t, 12)
		g.Namespace.AllowedIPs = one(t, nil, nil, nil, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
		if chance(t, 3) {
			level := one(t, source.NotProtected, source.DevelopersPush, source.FullyProtected, source.DevelopersPushInitially)
			g.DefaultBranchProtection = &level
		}
		g.Profile.Description, g.Profile.ShareLock, g.Profile.CreatedAt = one(t, "", "d"), chance(t, 2), day(t)
	}
	g.Given = given(t, "visibility", "pending_delete", "protocols", "require_ssh_certificates", "allowed_ips", "default_branch_protection", "description", "share_lock", "created_at")
	return g
}

func sorted[K ~int64, V any](m map[K]V) (keys []K) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func drawProject(t *rapid.T, old projectPlace, s rows) projectPlace {
	p := old
	if p.name == "" || chance(t, 4) {
		p.name, p.group, p.user = one(t, projectNames...), 0, 0
		if len(s.groups) > 0 && (len(s.users) == 0 || !chance(t, 4)) {
			p.group = one(t, sorted(s.groups)...)
		} else {
			p.user = one(t, sorted(s.users)...)
		}
		p.MovedFrom = nil
		if chance(t, 2) {
			p.MovedFrom = []source.Path{one(t, source.Path("old/x"), "old/y", "g11/p", "ann/p", "h12/q")}
		}
	}
	for _, other := range s.projects {
		if slices.Equal(other.MovedFrom, p.MovedFrom) {
			p.MovedFrom = nil
		}
	}
	if p.Project.Project.Visibility == "" || chance(t, 2) {
		p.Project.Project.Visibility = one(t, source.Visibilities...)
		p.Project.Project.Archived, p.Project.Project.ReadOnly, p.PendingDelete = chance(t, 6), chance(t, 10), chance(t, 12)
		p.Project.Project.Repository = one(t, source.FeatureEnabled, source.FeatureEnabled, source.FeatureEnabled, source.FeaturePrivate, source.FeatureDisabled)
		p.Project.Project.Wiki, p.Project.Project.LFS = one(t, source.Features...), chance(t, 2)
		p.Project.Project.Storage = "default"
		if chance(t, 2) {
			p.Project.Project.Empty, p.Project.Project.DefaultBranch = chance(t, 2), one(t, "main", "trunk")
		}
		p.Profile.Description, p.Profile.Topics, p.Profile.UpdatedAt = one(t, "", "d"), one(t, nil, []string{"a", "b"}), day(t)
	}
	p.Given = given(t, "visibility", "archived", "read_only", "pending_delete", "repository", "wiki", "lfs", "storage", "empty", "default_branch", "description", "topics", "updated_at")
	return p
}

func (s rows) drawMembers(t *rapid.T, old rows, w *worldimport.World) {
	if len(s.users) == 0 || len(s.groups) == 0 {
		return
	}
	for range rapid.IntRange(0, 12).Draw(t, "members") {
		m := worldimport.Member{
			User: s.users[one(t, sorted(s.users)...)].User.Username, Role: one(t, roles...), ExpiresAt: day(t),
			State: one(t, worldimport.MemberActive, worldimport.MemberActive, worldimport.MemberActive, worldimport.MemberRequested),
		}
		if chance(t, 4) {
			m.CreatedBy = s.users[one(t, sorted(s.users)...)].User.Username
		}
		if m.Given = given(t, "role", "state", "expires_at", "created_by"); !m.Gives("created_by") {
			m.CreatedBy = ""
		}
		m.Group, m.Project = s.drawSource(t)
		key := m.User + m.Group + m.Project
		if _, known := s.members[key]; !known {
			s.members[key] = m
			w.Members = append(w.Members, m)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "shares") {
		share := worldimport.Share{With: s.groupPath(one(t, sorted(s.groups)...)), Role: one(t, roles...), ExpiresAt: day(t)}
		share.Given = given(t, "role", "expires_at")
		share.Group, share.Project = s.drawSource(t)
		key := share.With + " " + share.Group + share.Project
		if _, known := s.shares[key]; !known {
			s.shares[key] = share
			w.Shares = append(w.Shares, share)
		}
	}
}

func (s rows) drawSource(t *rapid.T) (group, project string) {
	if len(s.projects) > 0 && chance(t, 2) {
		return "", s.projectPath(one(t, sorted(s.projects)...))
	}
	return s.groupPath(one(t, sorted(s.groups)...)), ""
}

func (s rows) drawKeys(t *rapid.T, old rows, w *worldimport.World) {
	for id := identity.KeyID(31); id <= 33 && len(s.users) > 0; id++ {
		k, known := old.keys[id]
		if known {
			s.keys[id] = k
		}
		if chance(t, 3) {
			continue
		}
		if !known || chance(t, 5) {
			k.User = s.users[one(t, sorted(s.users)...)].User.Username
		}
		k.Key = publicKey(id)
		k.Key.Usage, k.Key.ExpiresAt = one(t, identity.Usages...), day(t)
		k.Given = given(t, "usage", "expires_at")
		if !slices.ContainsFunc(sorted(s.users), func(id identity.UserID) bool { return s.users[id].User.Username == k.User }) {
			k.User = s.users[one(t, sorted(s.users)...)].User.Username
		}
		s.keys[id] = k
		w.Keys = append(w.Keys, k)
	}
	for id := identity.KeyID(41); id <= 42; id++ {
		k, known := old.deploys[id]
		if known {
			s.deploys[id] = k
		}
		if chance(t, 3) {
			continue
		}
		k = worldimport.DeployKey{Key: publicKey(id)}
		k.Key.Usage, k.Key.ExpiresAt, k.Key.Public = identity.AuthAndSigning, day(t), chance(t, 2)
		if len(s.users) > 0 && chance(t, 2) {
			k.Creator = s.users[one(t, sorted(s.users)...)].User.Username
		}
		for _, project := range sorted(s.projects) {
			if chance(t, 2) {
				k.Projects = append(k.Projects, worldimport.DeployKeyProject{Path: s.projectPath(project), CanPush: chance(t, 2)})
			}
		}
		if k.Given = given(t, "creator", "expires_at", "public", "projects"); !k.Gives("creator") {
			k.Creator = ""
		}
		s.deploys[id] = k
		w.DeployKeys = append(w.DeployKeys, k)
	}
}

// publicKey is the public key of that number.
func publicKey(id identity.KeyID) identity.Key {
	line, fingerprint, err := identity.ParsePublicKey(world.Key(byte(id)))
	if err != nil {
		panic(err)
	}
	return identity.Key{ID: id, Line: line, Fingerprint: fingerprint, CreatedAt: world.Now}
}

// given are some of the members that a row has; nil, which is all of them, half of the
// time.
func given(t *rapid.T, names ...string) []worldimport.GivenMember {
	if chance(t, 2) {
		return nil
	}
	some := []worldimport.GivenMember{}
	for _, name := range names {
		if chance(t, 2) {
			some = append(some, worldimport.GivenMember{Name: name})
		}
	}
	return some
}

func (s rows) drawProtections(t *rapid.T) []worldimport.Protection {
	entries := func(keys bool) (all []worldimport.Access) {
		for range rapid.IntRange(0, 2).Draw(t, "entries") {
			switch a := (worldimport.Access{}); {
			case len(s.users) > 0 && chance(t, 4):
				a.User = s.users[one(t, sorted(s.users)...)].User.Username
				all = append(all, a)
			case len(s.groups) > 0 && chance(t, 4):
				a.Group = s.groupPath(one(t, sorted(s.groups)...))
				all = append(all, a)
			case keys && len(s.deploys) > 0 && chance(t, 4):
				a.DeployKey = one(t, sorted(s.deploys)...)
				all = append(all, a)
			default:
				a.Role = one(t, source.NoRole, source.Developer, source.Maintainer)
				all = append(all, a)
			}
		}
		return all
	}
	protections := []worldimport.Protection{}
	if !chance(t, 4) {
		protections = append(protections, worldimport.Protection{Kind: source.Branch, Pattern: one(t, source.Pattern("main"), "*"), AllowForcePush: chance(t, 3), Push: entries(true), Merge: entries(false)})
	}
	if chance(t, 2) {
		protections = append(protections, worldimport.Protection{Kind: source.Tag, Pattern: "v*", Create: entries(true)})
	}
	return protections
}

// paths counts how often a world names a path.
func paths(w worldimport.World) map[string]int {
	times := map[string]int{}
	for _, u := range w.Users {
		times[u.User.Username]++
	}
	for _, g := range w.Groups {
		times[g.Namespace.Path]++
	}
	for _, p := range w.Projects {
		times[p.Project.Path]++
	}
	return times
}
