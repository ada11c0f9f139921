package contract

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"gatehouse/application"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// land is groups in which people have roles by every way.
const land = `
users:
  - {id: 11, username: own, namespace_id: 91}
  - {id: 12, username: dev}
  - {id: 13, username: late}
  - {id: 14, username: lent}
  - {id: 15, username: asked}
  - {id: 16, username: least}
groups:
  - {id: 50, path: Acme, allowed_ips: [192.0.2.0/24], protocols: ssh, require_ssh_certificates: true}
  - {id: 51, path: acme/Tools, default_branch_protection: 4}
  - {id: 52, path: friends}
  - {id: 53, path: gone, pending_delete: true}
  - {id: 54, path: gone/below}
projects:
  - {id: 60, path: acme/tools/cli, default_branch: trunk, storage: second}
members:
  - {user: dev, group: acme, role: developer}
  - {user: dev, group: acme/tools, role: guest}
  - {user: late, group: acme, role: owner, expires_at: 2026-03-10}
  - {user: lent, group: friends, role: owner}
  - {user: asked, group: acme, role: owner, state: requested}
  - {user: least, group: acme, role: minimal}
  - {user: own, project: acme/tools/cli, role: owner}
shares:
  - {group: acme, with: friends, role: maintainer}
`

func (s Subject) destination(user identity.UserID, path source.Path) source.ProjectDestination {
	s.Helper()
	got, err := s.Destinations.Destination(s.Context(), user, path, now)
	if err != nil {
		s.Fatalf("Destination(%d, %s): %v", user, path, err)
	}
	return got
}

var destinationCases = []Case{
	{Name: "a destination has its namespace's path, root and setting", Check: func(s Subject) {
		s.Apply(land)
		level := source.DevelopersPushInitially
		acme := source.Namespace{ID: 50, Path: "Acme", Protocols: source.OnlySSH, RequireSSHCertificates: true, AllowedIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
		s.Same("in a group", s.destination(12, "aCME/tOOLS/New"), source.ProjectDestination{Path: "Acme/Tools/New", Root: acme, DefaultBranchProtection: &level, Role: source.Developer})
		s.Same("in a root", s.destination(12, "acme/New"), source.ProjectDestination{Path: "Acme/New", Root: acme, Role: source.Developer})
		own := s.destination(11, "OWN/new")
		s.Same("a personal one", fmt.Sprint(own.Path, own.Root.ID, own.Root.Path, own.Root.Personal, own.Role), fmt.Sprint("own/new", 91, "own", true, source.Owner))
		s.Same("another's", s.destination(12, "own/new").Role, source.NoRole)
	}},
	{Name: "a destination's role is the highest in and above the group, and by shares", Check: func(s Subject) {
		s.Apply(land)
		for user, want := range map[identity.UserID]source.Role{
			0: source.NoRole, 11: source.NoRole, 12: source.Developer, 13: source.NoRole, 14: source.Maintainer, 15: source.NoRole, 16: source.NoRole, 99: source.NoRole,
		} {
			s.Same(fmt.Sprintf("user %d", user), s.destination(user, "acme/tools/new").Role, want)
		}
	}},
	{Name: "there is no destination where no namespace is, or one that goes", Check: func(s Subject) {
		s.Apply(land)
		for _, path := range []source.Path{"nowhere/new", "acme/none/new", "gone/new", "gone/below/new", "acme/tools/cli/new", "new"} {
			_, err := s.Destinations.Destination(s.Context(), 12, path, now)
			s.Kind(string(path), err, domain.NotFound)
		}
	}},
	{Name: "a project by number, with where its repository lies", Check: func(s Subject) {
		s.Apply(land, "projects: [{id: 61, path: acme/old, legacy_path: acme/older, empty: true}]")
		for id, want := range map[source.ProjectID]source.Project{
			60: {ID: 60, Path: "Acme/Tools/cli", DefaultBranch: "trunk", Storage: "second"},
			61: {ID: 61, Path: "Acme/old", Empty: true, Storage: "default", LegacyPath: "acme/older"},
		} {
			got, err := s.Destinations.Project(s.Context(), id)
			s.Fine("Project", err)
			s.Same(fmt.Sprint(id), got, want)
		}
		_, err := s.Destinations.Project(s.Context(), 99)
		s.Kind("none", err, domain.NotFound)
	}},
	{Name: "work is left by a unit that succeeds, and only then", Check: func(s Subject) {
		s.Apply(land)
		leave := func(r worldimport.Tx, id int64) {
			s.Fine("Leave", r.Jobs.Enqueue(s.Context(), application.Job{Kind: worldimport.CreateRepository, Subject: id}))
		}
		s.Unit(func(r worldimport.Tx) { leave(r, 60) })
		failed := errors.New("changed our mind")
		if err := s.Try(func(r worldimport.Tx) error { leave(r, 61); return failed }); !errors.Is(err, failed) {
			s.Errorf("got %v", err)
		}
		s.Same("jobs", strings.Join(s.List("jobs", "kind", "subject", "state"), ", "), "create_repository 60 waiting")
	}},
	{Name: "a new project is as empty as is said, an old one stays as it is", Check: func(s Subject) {
		s.Apply(land)
		put := func(path string, empty *bool, isNew bool) {
			s.Unit(func(r worldimport.Tx) {
				_, fresh, err := r.Projects.PutProject(s.Context(), worldimport.Project{
					Project: source.Project{Path: path, Visibility: source.Private, Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled, Storage: "default"},
					Empty:   empty, NewIsEmpty: true,
				})
				s.Fine("PutProject", err)
				s.Same(path+" is new", fresh, isNew)
			})
		}
		not := false
		put("acme/new", nil, true)
		put("acme/said", &not, true)
		put("acme/tools/cli", nil, false)
		s.Same("projects", strings.Join(s.List("projects", "path", "empty"), ", "), "Acme/Tools/cli false, Acme/new true, Acme/said false")
	}},
}
