package contract

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// precise is a time in nanoseconds, more precise than stores are, in a local zone.
var precise = time.Date(2027, time.July, 1, 3, 4, 5, 123456789, time.FixedZone("far", 9*3600+1800))

// kept is precise as stores keep it: in microseconds, in UTC.
var kept = time.Date(2027, time.June, 30, 17, 34, 5, 123456000, time.UTC)

// subgroupWithSettings has settings that count on top-level groups only.
func subgroupWithSettings(path string) worldimport.Group {
	g := group(0, path)
	g.Namespace.Protocols, g.Namespace.RequireSSHCertificates = source.OnlyHTTP, true
	g.Namespace.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}
	return g
}

var standingCases = []Case{
	{Name: "empty inquiry: empty standing", Check: func(s Subject) {
		s.Same("standing", s.Ask(source.Inquiry{Now: now}), source.Standing{})
		s.Same("with refs", s.Ask(source.Inquiry{Now: now, Refs: true}), source.Standing{})
	}},
	{Name: "project: every field", Check: func(s Subject) {
		want := source.Project{
			Path: "acme/cli", Visibility: source.Internal, Archived: true, ReadOnly: true,
			Repository: source.FeaturePrivate, Wiki: source.FeatureDisabled, DefaultBranch: "trunk/ü 1",
			Empty: true, LFS: true, Storage: "nfs-file12", LegacyPath: "acme/old-cli",
		}
		s.Unit(func(tx worldimport.Tx) {
			root := group(0, "acme")
			root.Namespace.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
			root.Namespace.Protocols, root.Namespace.RequireSSHCertificates = source.OnlySSH, true
			id, err := tx.Namespaces.PutGroup(s.Context(), root)
			s.Fine("PutGroup", err)
			want.Root = root.Namespace
			want.Root.ID = id
			want.ID, _, err = tx.Projects.Put(s.Context(), worldimport.Project{Project: want})
			s.Fine("PutProject", err)
		})
		s.Same("project", s.Standing("nobody", "acme/cli").Project, want)
		s.Apply("users: [{username: dev}]")
		s.Same("project, to a user", s.Standing("username-dev", "acme/cli").Project, want)
	}},
	{Name: "project: settings of the root, branch protection of its own group", Check: func(s Subject) {
		s.Apply(`
groups:
  - {id: 1, path: top, allowed_ips: [192.0.2.0/24], protocols: http, default_branch_protection: 0}
  - {id: 2, path: top/mid}
  - {id: 3, path: top/mid/low, default_branch_protection: 2, settings: {default_branch_protection_defaults: {allow_force_push: true, allowed_to_push: [{access_level: 0}]}, emails_enabled: false}}
users: [{id: 1, username: dev, namespace_id: 9}]
projects: [{path: top/a}, {path: top/mid/b}, {path: top/mid/low/c}, {path: dev/d}]`)
		top := source.Namespace{ID: 1, Path: "top", Protocols: source.OnlyHTTP, AllowedIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
		dev := source.Namespace{ID: 9, Path: "dev", Personal: true, Protocols: source.AllProtocols}
		level := func(b source.BranchProtection) *source.BranchProtection { return &b }
		forced := source.BranchDefaults{Push: source.NoRole, Merge: source.Maintainer, ForcePush: true}
		s.Unit(func(tx worldimport.Tx) { // a world file refuses these settings on a subgroup
			mid := subgroupWithSettings("top/mid")
			mid.Namespace.Protocols, mid.DefaultBranchProtection = source.OnlySSH, level(source.DevelopersMerge)
			_, err := tx.Namespaces.PutGroup(s.Context(), mid)
			s.Fine("PutGroup", err)
		})
		for where, want := range map[string]source.Project{
			"top/a":         {Root: top, BranchDefaults: source.OwnBranchDefaults(level(source.NotProtected), nil)},
			"top/mid/b":     {Root: top, BranchDefaults: source.OwnBranchDefaults(level(source.DevelopersMerge), nil)},
			"top/mid/low/c": {Root: top, BranchDefaults: &forced},
			"dev/d":         {Root: dev},
		} {
			got := s.Standing("nobody", where).Project
			s.Same(where+": root", got.Root, want.Root)
			s.Same(where+": branch protection", got.BranchDefaults, want.BranchDefaults)
		}
	}},
	{Name: "user: every field", Check: func(s Subject) {
		want := identity.User{
			Username: "Dev.El-Oper_1", Name: "Dédé \"D\" O'Neil 🦊 \\", Email: "Dev+tag@Example.com", PublicEmail: "dev+tag@Example.com",
			State: identity.PendingApproval, Type: identity.ServiceAccount, Admin: true, External: true,
			TermsAccepted: true, EmailConfirmed: true, PasswordExpiresAt: precise,
			CredentialVersion: 7, TwoFactor: true,
		}
		plain := identity.User{Username: "plain", State: identity.Active, Type: identity.Human}
		s.Unit(func(tx worldimport.Tx) {
			var err error
			want.ID, err = tx.Users.Put(s.Context(), worldimport.User{User: want})
			s.Fine("PutUser", err)
			plain.ID, err = tx.Users.Put(s.Context(), worldimport.User{User: plain})
			s.Fine("PutUser", err)
		})
		want.PasswordExpiresAt, plain.CredentialVersion = kept, 1
		for _, who := range []string{"username-dev.el-oper_1", fmt.Sprintf("user-%d", want.ID)} {
			got := s.Standing(who, "").Actor
			s.Same("standing of "+who, got, identity.Actor{User: want})
			s.UTC(got.User.PasswordExpiresAt)
			s.Same("actor "+who, s.Actor(who), identity.Actor{User: want})
		}
		s.Same("all else absent", s.Standing("username-plain", "").Actor, identity.Actor{User: plain})
		s.Same("zero time", s.Actor("username-plain").User.PasswordExpiresAt.IsZero(), true)
	}},
	{Name: "user: every state and type", Check: func(s Subject) {
		for i, state := range identity.States {
			s.Apply(fmt.Sprintf("users: [{username: u%d, state: %s}]", i, state))
			s.Same("state", s.Actor(fmt.Sprintf("username-u%d", i)).User.State, state)
		}
		for i, kind := range identity.UserTypes {
			s.Apply(fmt.Sprintf("users: [{username: t%d, type: %s}]", i, kind))
			s.Same("type", s.Actor(fmt.Sprintf("username-t%d", i)).User.Type, kind)
		}
	}},
	{Name: "key: every field", Check: func(s Subject) {
		s.Apply("users: [{id: 4, username: dev}]")
		want := identity.Key{
			ID: 7, Kind: identity.UserKey, Title: "büro", Owner: 4, Line: "ssh-ed25519 AAAAxyz", Fingerprint: "aB+/c",
			Usage: identity.AuthOnly, CreatedAt: precise, ExpiresAt: precise.Add(time.Hour),
		}
		s.Unit(func(tx worldimport.Tx) {
			_, err := tx.Keys.Put(s.Context(), want)
			s.Fine("PutKey", err)
		})
		want.CreatedAt, want.ExpiresAt = kept, kept.Add(time.Hour)
		got := s.Standing("key-7", "").Actor
		s.Same("key", got.Key, want)
		s.Same("owner", got.User.Username, "dev")
		for _, at := range []time.Time{got.Key.CreatedAt, got.Key.ExpiresAt} {
			s.UTC(at)
		}
		s.Same("never used", got.Key.LastUsedAt.IsZero(), true)
		s.Same("actor", s.Actor("key-7"), got)
	}},
	{Name: "times: 1970 and 9999", Check: func(s Subject) {
		s.Apply(owners)
		for _, at := range []time.Time{time.Unix(0, 0), time.Unix(0, 1000), time.Date(9999, time.December, 31, 23, 59, 59, 999_999_000, time.UTC)} {
			k := keyOf(5, 1, "f")
			k.ExpiresAt = at
			s.putKey(k)
			s.Same("expiry", s.Standing("key-5", "").Actor.Key.ExpiresAt, at.UTC())
		}
		s.putKey(keyOf(5, 1, "f"))
		s.Same("none", s.Standing("key-5", "").Actor.Key.ExpiresAt.IsZero(), true)
	}},
	{Name: "project: every feature, visibility and protocol", Check: func(s Subject) {
		for i, visibility := range source.Visibilities {
			protocols := source.ProtocolSettings[i]
			path := fmt.Sprintf("g%d", i)
			s.Apply(fmt.Sprintf("groups: [{path: %s, protocols: %s}]\nprojects: [{path: %[1]s/p, visibility: %[3]s, repository: %[4]s, wiki: %[5]s}]",
				path, protocols, visibility, source.Features[i], source.Features[2-i]))
			got := s.Standing("nobody", path+"/p").Project
			s.Same("protocols", got.Root.Protocols, protocols)
			s.Same("visibility", got.Visibility, visibility)
			s.Same("features", []source.Feature{got.Repository, got.Wiki}, []source.Feature{source.Features[i], source.Features[2-i]})
		}
	}},
	{Name: "claim without a match: no actor", Check: func(s Subject) {
		s.Apply("users: [{id: 4, username: dev}]\ngroups: [{id: 4, path: devs}]\nprojects: [{id: 1, path: dev/p, visibility: public}]")
		claims := []identity.Claim{
			{}, {Kind: identity.Unresolvable}, identity.ClaimUser("5"), identity.ClaimKey("4"), identity.ClaimName("deva"),
			identity.ClaimName("de"), identity.ClaimName("d_v"), identity.ClaimName("%"), identity.ClaimName("devs"),
			identity.ClaimName(""), identity.ClaimName("dev/p"), identity.ClaimName(" dev"), identity.ClaimName("dev\x00"), identity.ClaimName("d\xffv"),
			identity.ClaimName("' OR 1=1 --"), identity.ClaimName(strings.Repeat("dev", 5000)), identity.ClaimName("dév"),
			identity.ClaimUser("9223372036854775807"), {Kind: identity.ByUser, ID: 0}, {Kind: identity.ByKey, ID: 0}, {Kind: identity.ByUser, ID: -4},
		}
		for _, c := range claims {
			got := s.Ask(source.Inquiry{Claim: c, Target: source.Target{Path: "dev/p"}, Now: now})
			s.Same(c.String()+": actor", got.Actor, identity.Actor{})
			s.Same(c.String()+": role", got.Role, source.NoRole)
			s.Same(c.String()+": project", got.Project.ID, source.ProjectID(1))
			actor, err := s.Actors.Actor(s.Context(), c)
			s.Fine("Actor", err)
			s.Same(c.String()+": whois", actor, identity.Actor{})
		}
	}},
	{Name: "result changed by the caller: store unchanged", Check: func(s Subject) {
		s.Apply("groups: [{path: acme, allowed_ips: [10.0.0.0/8], default_branch_protection: 2}]\nprojects: [{path: acme/p, protected_branches: [{name: main}], protected_tags: [{name: v1}]}]")
		q := subject.Inquiry("nobody", "acme/p")
		q.Refs = true
		want, got := jsonText(s.Ask(q)), s.Ask(q)
		got.Project.Root.AllowedIPs[0] = netip.Prefix{}
		*got.Project.BranchDefaults = source.BranchDefaults{}
		for i := range got.Project.Protections {
			p := &got.Project.Protections[i]
			p.Pattern = "spoilt"
			for _, entries := range [][]source.Access{p.Push, p.Merge, p.Create} {
				for j := range entries {
					entries[j].Role = source.NoRole
				}
			}
		}
		s.Same("asked again", jsonText(s.Ask(q)), want)
	}},
	{Name: "argument changed by the caller: store unchanged", Check: func(s Subject) {
		level := source.FullyProtected
		g := group(1, "acme")
		g.Namespace.AllowedIPs, g.DefaultBranchProtection = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, &level
		protections := []source.Protection{{Kind: source.Branch, Pattern: "main", Push: []source.Access{{Role: source.Maintainer}}}}
		s.Unit(func(tx worldimport.Tx) {
			_, err := tx.Namespaces.PutGroup(s.Context(), g)
			s.Fine("PutGroup", err)
			id, _, err := tx.Projects.Put(s.Context(), worldimport.Project{Project: source.Project{Path: "acme/p"}})
			s.Fine("PutProject", err)
			s.Fine("PutProtections", tx.Projects.PutProtections(s.Context(), id, protections))
			g.Namespace.AllowedIPs[0], level, protections[0].Push[0].Role = netip.Prefix{}, 0, source.NoRole
		})
		q := subject.Inquiry("nobody", "acme/p")
		q.Refs = true
		got := s.Ask(q).Project
		s.Same("allowed", got.Root.AllowedIPs, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
		s.Same("level", *got.BranchDefaults, source.FullyProtected.Defaults())
		s.Same("entry", got.Protections[0].Push[0].Role, source.Maintainer)
	}},
}

// rightCases are about the facts on which rights are decided.
var rightCases = []Case{
	{Name: "standing: the group or project by path or number, with the role there", Check: func(s Subject) {
		s.Apply(tree, `
groups:
  - {path: Top, visibility: internal}
  - {path: else, pending_delete: true}
members: [{user: ann, group: top, role: maintainer}, {user: bob, group: top/side, role: guest}, {user: bob, group: top/mid, role: minimal}, {user: cat, group: top/mid, role: owner, expires_at: 2020-01-01}]
shares: [{group: top/mid, with: top/side, role: developer}]
`)
		users := map[string]identity.UserID{"no one": 0}
		for _, name := range []string{"ann", "bob", "cat"} {
			users[name] = s.Actor(user(name)).User.ID
		}
		group := rights.Subject{
			Kind: rights.Group, Known: true, Visibility: source.Private,
			ProjectCreation: source.DeveloperProjects, SubgroupCreation: source.MaintainerSubgroups,
		}
		for path, want := range map[string]map[string]source.Role{
			"top":         {"ann": source.Maintainer, "bob": source.NoRole, "cat": source.NoRole, "no one": source.NoRole},
			"top/MID":     {"ann": source.Maintainer, "bob": source.Guest, "cat": source.NoRole},
			"top/mid/low": {"ann": source.Maintainer, "bob": source.Guest},
			"top/side":    {"ann": source.Maintainer, "bob": source.Guest},
		} {
			for name, role := range want {
				got, err := s.Standings.Standing(s.Context(), users[name], rights.Ref{Kind: rights.Group, Path: path}, now)
				s.Fine("Standing", err)
				s.Same(name+" in "+path, got.Role, role)
				byNumber, err := s.Standings.Standing(s.Context(), users[name], rights.Ref{Kind: rights.Group, ID: got.ID}, now)
				s.Fine("Standing", err)
				s.Same(name+" in "+path+" by number", byNumber, got)
				want := group
				if path == "top" {
					want.Visibility = source.Internal
				}
				s.Same("the group "+path, got.Subject, want)
			}
		}
		own, err := s.Standings.Standing(s.Context(), users["ann"], rights.Ref{Kind: rights.Project, Path: "ann/p"}, now)
		s.Fine("Standing", err)
		s.Same("the own project", own.Subject, rights.Subject{Kind: rights.Project, Known: true, Visibility: source.Private, Repository: source.FeatureEnabled, User: users["ann"]})
		s.Same("the role there", own.Role, source.Owner)
		for _, on := range []rights.Ref{
			{Kind: rights.Group, Path: "none"}, {Kind: rights.Group, Path: "ann"}, {Kind: rights.Group, Path: "top/p"}, {Kind: rights.Group, ID: 999},
			{Kind: rights.Group, Path: "else"}, {Kind: rights.Group, Path: "else/in"}, {Kind: rights.Project, Path: "else/p"},
			{Kind: rights.Project, Path: "top"}, {Kind: rights.Project, ID: 999}, {Kind: rights.Project},
		} {
			_, err := s.Standings.Standing(s.Context(), users["ann"], on, now)
			s.Kind(fmt.Sprint(on), err, domain.NotFound)
		}
	}},
}
