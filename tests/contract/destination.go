package contract

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application"
	"gatehouse/application/projects"
	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// roleGroups has groups, and users with a role of every origin.
const roleGroups = `
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
	{Name: "destination: path, root and settings of its namespace", Check: func(s Subject) {
		s.Apply(roleGroups)
		level := source.DevelopersPushInitially
		acme := source.Namespace{ID: 50, Path: "Acme", Protocols: source.OnlySSH, RequireSSHCertificates: true, AllowedIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
		s.Same("in a group", s.destination(12, "aCME/tOOLS/New"), source.ProjectDestination{Path: "Acme/Tools/New", Root: acme, DefaultBranchProtection: &level, Creation: source.DeveloperProjects, LFS: true, Role: source.Developer})
		s.Same("in a root", s.destination(12, "acme/New"), source.ProjectDestination{Path: "Acme/New", Root: acme, Creation: source.DeveloperProjects, LFS: true, Role: source.Developer})
		own := s.destination(11, "OWN/new")
		s.Same("a personal one", fmt.Sprint(own.Path, own.Root.ID, own.Root.Path, own.Root.Personal, own.Role), fmt.Sprint("own/new", 91, "own", true, source.Owner))
		s.Same("another's", s.destination(12, "own/new").Role, source.NoRole)
	}},
	{Name: "destination: highest role by membership, inheritance or share", Check: func(s Subject) {
		s.Apply(roleGroups)
		for user, want := range map[identity.UserID]source.Role{
			0: source.NoRole, 11: source.NoRole, 12: source.Developer, 13: source.NoRole, 14: source.Maintainer, 15: source.NoRole, 16: source.NoRole, 99: source.NoRole,
		} {
			s.Same(fmt.Sprintf("user %d", user), s.destination(user, "acme/tools/new").Role, want)
		}
	}},
	{Name: "destination of a path that is taken", Check: func(s Subject) {
		s.Apply(roleGroups, "projects: [{path: acme/doomed, pending_delete: true}]", "groups: [{path: acme/doomed-too, pending_delete: true}]")
		for path, want := range map[source.Path]bool{
			"ACME/TOOLS": true, "acme/doomed": true, "acme/Doomed-too": true, "acme/new": false, "acme/tools/new": false,
			"acme/tools/cli": false, // a project that another push has just created
		} {
			s.Same(string(path), s.destination(12, path).Taken, want)
		}
	}},
	{Name: "destination without a namespace or pending deletion: not found", Check: func(s Subject) {
		s.Apply(roleGroups)
		for _, path := range []source.Path{"nowhere/new", "acme/none/new", "gone/new", "gone/below/new", "acme/tools/cli/new", "new"} {
			_, err := s.Destinations.Destination(s.Context(), 12, path, now)
			s.Kind(string(path), err, domain.NotFound)
		}
	}},
	{Name: "project by number: storage and paths", Check: func(s Subject) {
		s.Apply(roleGroups, "projects: [{id: 61, path: acme/old, legacy_path: acme/older, empty: true}]")
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
	{Name: "job enqueued: only if the transaction succeeds", Check: func(s Subject) {
		s.Apply(roleGroups)
		enqueue := func(tx worldimport.Tx, id int64) {
			s.Fine("add notice", tx.Jobs.Enqueue(s.Context(), application.Job{Kind: projects.CreateRepository, Subject: id}))
		}
		s.Unit(func(tx worldimport.Tx) { enqueue(tx, 60) })
		failed := errors.New("failed")
		if err := s.Try(func(tx worldimport.Tx) error { enqueue(tx, 61); return failed }); !errors.Is(err, failed) {
			s.Errorf("got %v", err)
		}
		s.Same("jobs", strings.Join(s.List("jobs", "kind", "subject", "state"), ", "), "create_repository 60 waiting")
	}},
	{Name: "planned project added: it exists", Check: func(s Subject) {
		s.Apply(roleGroups)
		var id source.ProjectID
		s.Fine("Add", s.NewProjects(s.Context(), func(tx projects.Tx) (err error) {
			id, err = tx.Projects.Add(s.Context(), source.Project{
				ToBeCreated: true, Path: "Acme/new", Visibility: source.Private, Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled, Storage: "default",
			})
			return errors.Join(err, tx.Audit.Append(s.Context(), fullAuditEvent))
		}))
		s.events(fullAuditEvent)
		failed := errors.New("failed")
		if err := s.NewProjects(s.Context(), func(tx projects.Tx) error {
			return errors.Join(failed, tx.Audit.Append(s.Context(), fullAuditEvent))
		}); !errors.Is(err, failed) {
			s.Errorf("got %v", err)
		}
		s.events(fullAuditEvent)
		got, err := s.Destinations.Project(s.Context(), id)
		s.Fine("Project", err)
		s.Same("project", []any{got.Path, got.ToBeCreated, got.Empty}, []any{"Acme/new", false, true})
		standing, err := s.Directory.Standing(s.Context(), subject.Inquiry("user-12", "acme/new"))
		s.Fine("Standing", err)
		s.Same("standing", []any{standing.Project.ID, standing.Project.ToBeCreated}, []any{id, false})
	}},
}

// repositoryJobCases are about what jobs that create repositories need.
var repositoryJobCases = []Case{
	{Name: "waiting jobs made due: done now, by kind and subject", Check: func(s Subject) {
		done, count := make(chan int64, 10), map[int64]int{}
		var mu sync.Mutex
		ids := s.enqueuePushes(3)
		subjects := s.List("jobs", "subject")
		s.startWorker(func(_ context.Context, subject int64) error {
			mu.Lock()
			defer mu.Unlock()
			done <- subject
			if count[subject]++; count[subject] == 1 {
				return application.Postponed{For: time.Hour}
			}
			return nil
		})
		for range ids {
			receive(s, done)
		}
		for _, id := range ids {
			s.awaitState(id, "waiting")
		}
		s.Fine("MakeDue of another kind", s.Jobs.MakeDue(s.Context(), "another_kind", 0))
		second, err := strconv.ParseInt(subjects[1], 10, 64)
		s.Fine("subject", err)
		s.Fine("MakeDue of the second", s.Jobs.MakeDue(s.Context(), pushes.PushReceived, second))
		s.Same("subject", receive(s, done), second)
		s.awaitState(ids[1], "completed")
		s.Same("the first", s.jobStates()[ids[0]], "waiting")
		s.Fine("MakeDue of all", s.Jobs.MakeDue(s.Context(), pushes.PushReceived, 0))
		for _, id := range ids {
			s.awaitState(id, "completed")
		}
		s.Fine("MakeDue of none", s.Jobs.MakeDue(s.Context(), pushes.PushReceived, 0))
		s.Same("done", len(done), 2)
	}},
	{Name: "failing job of a kind with a limit of its delay: not discarded", Check: func(s Subject) {
		tries, id := 0, s.enqueuePushes(1)[0]
		s.startPool(application.WorkerPool{
			MaxDelay: map[application.JobKind]time.Duration{pushes.PushReceived: time.Millisecond},
			Workers: map[application.JobKind]application.Worker{pushes.PushReceived: func(context.Context, int64) error {
				if tries++; tries < application.MaxAttempts+3 {
					return errors.New("not yet")
				}
				return nil
			}},
		})
		s.awaitState(id, "completed")
		s.Same("job", s.List("jobs", "attempt", "last_error"), []string{"12 not yet"})
	}},
	{Name: "job in the background: others that are due are done first", Check: func(s Subject) {
		s.Apply("projects: [{id: 60, path: acme/p}]\ngroups: [{path: acme}]")
		s.Unit(func(tx worldimport.Tx) {
			s.Fine("Enqueue", tx.Jobs.Enqueue(s.Context(), application.Job{Kind: "slow", Subject: 60, Background: true}))
		})
		s.enqueuePushes(2)
		done := make(chan application.JobKind, 10)
		do := func(kind application.JobKind) application.Worker {
			return func(context.Context, int64) error { done <- kind; return nil }
		}
		s.Fine("Start", s.Jobs.Start(s.Context(), application.WorkerPool{
			Concurrency: 1, PollInterval: 10 * time.Millisecond, RetryDelay: time.Millisecond,
			Workers: map[application.JobKind]application.Worker{pushes.PushReceived: do(pushes.PushReceived), "slow": do("slow")},
		}, zap.NewNop()))
		for _, want := range []application.JobKind{pushes.PushReceived, pushes.PushReceived, "slow"} {
			s.Same("kind", receive(s, done), want)
		}
		s.Fine("Stop", s.Jobs.Stop(s.Context()))
	}},
}
