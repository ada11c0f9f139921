package contract

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/application/projects"
	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
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
  - {id: 55, path: acme/forced, settings: {default_branch_protection_defaults: {allow_force_push: true, allowed_to_push: [{access_level: 0}]}}}
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
		s.Same("in a group", s.destination(12, "aCME/tOOLS/New"), source.ProjectDestination{Path: "Acme/Tools/New", ID: 51, Namespace: "Acme/Tools", Visibility: source.Private, Root: acme, BranchDefaults: source.OwnBranchDefaults(&level, nil), Creation: source.DeveloperProjects, LFS: true, Role: source.Developer})
		s.Same("in a root", s.destination(12, "acme/New"), source.ProjectDestination{Path: "Acme/New", ID: 50, Namespace: "Acme", Visibility: source.Private, Root: acme, Creation: source.DeveloperProjects, LFS: true, Role: source.Developer})
		forced := s.destination(12, "acme/forced/new").BranchDefaults
		s.Same("branch defaults", forced, &source.BranchDefaults{Push: source.NoRole, Merge: source.Maintainer, ForcePush: true})
		own := s.destination(11, "OWN/new")
		s.Same("a personal one", fmt.Sprint(own.Path, own.Root.ID, own.Root.Path, own.Root.Personal, own.Role), fmt.Sprint("own/new", 91, "own", true, source.Owner))
		s.Same("another's", s.destination(12, "own/new").Role, source.NoRole)
	}},
	{Name: "destination: number and limit of personal projects", Check: func(s Subject) {
		s.Apply(roleGroups, "users: [{id: 17, username: Few, projects_limit: 2}]", "projects: [{path: few/a, archived: true}, {path: few/b, pending_delete: true}, {path: few/c}]")
		for path, want := range map[source.Path]*source.PersonalProjects{
			"FEW/new": {Count: 3, Limit: 2}, "own/new": {Limit: identity.DefaultProjectsLimit}, "acme/new": nil, "acme/tools/new": nil,
		} {
			s.Same(string(path), s.destination(12, path).Personal, want)
			s.Fine("transaction", s.NewProjects(s.Context(), func(tx projects.Tx) error {
				got, err := tx.Projects.Personal(s.Context(), path.Parent())
				s.Same(string(path)+", in a transaction", got, want)
				return err
			}))
		}
		s.Fine("transaction", s.NewProjects(s.Context(), func(tx projects.Tx) error {
			got, err := tx.Projects.Personal(s.Context(), "nowhere")
			s.Same("nowhere", got, (*source.PersonalProjects)(nil))
			return err
		}))
	}},
	{Name: "destination: highest role by membership, inheritance or share", Check: func(s Subject) {
		s.Apply(roleGroups)
		for user, want := range map[identity.UserID]source.Role{
			0: source.NoRole, 11: source.NoRole, 12: source.Developer, 13: source.NoRole, 14: source.Maintainer, 15: source.NoRole, 16: source.NoRole, 99: source.NoRole,
		} {
			s.Same(fmt.Sprintf("user %d", user), s.destination(user, "acme/tools/new").Role, want)
		}
	}},
	{Name: "destination: project creation level of its group, LFS of the nearest group that says", Check: func(s Subject) {
		s.Apply(roleGroups)
		set := func(id source.NamespaceID, level source.ProjectCreation, lfs *bool) {
			s.inGroupTx(func(tx groups.Tx) {
				g, err := tx.Groups.Group(s.Context(), id)
				s.Fine("Group", err)
				g.ProjectCreation, g.LFS = level, lfs
				_, err = tx.Groups.PutGroup(s.Context(), g)
				s.Fine("PutGroup", err)
			})
		}
		want := func(path source.Path, level source.ProjectCreation, lfs bool) {
			s.Helper()
			got := s.destination(12, path)
			s.Same(string(path), []any{got.Creation, got.LFS}, []any{level, lfs})
		}
		on, off := true, false
		set(50, source.NoProjects, &off)
		want("acme/new", source.NoProjects, false)
		want("acme/tools/new", source.DeveloperProjects, false)
		set(51, source.OwnerProjects, &on)
		want("acme/tools/new", source.OwnerProjects, true)
		want("friends/new", source.DeveloperProjects, true)
		want("own/new", source.DeveloperProjects, true)
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
		s.Apply(roleGroups, "projects: [{id: 61, path: acme/old, legacy_path: acme/older, empty: true, object_format: sha256}]")
		for id, want := range map[source.ProjectID]source.Project{
			60: {ID: 60, Path: "Acme/Tools/cli", DefaultBranch: "trunk", Format: "sha1", Storage: "second"},
			61: {ID: 61, Path: "Acme/old", Empty: true, Format: "sha256", Storage: "default", LegacyPath: "acme/older"},
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
			}, 12, precise)
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
		view, err := s.ProjectViews.List(s.Context(), projects.Filter{All: true, ID: id}, application.Page{Order: "id", Size: 1}, now)
		s.Fine("List", err)
		at := precise.UTC().Truncate(time.Microsecond)
		s.Same("who created it, and when", []any{view.Items[0].Creator, view.Items[0].CreatedAt, view.Items[0].UpdatedAt}, []any{identity.UserID(12), at, at})
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

// described returns all that a store keeps, as a world.
func described(s Subject, ports bootstrap.Ports, secrets bool) (w worldimport.World) {
	s.Helper()
	ctx := s.Context()
	s.Fine("snapshot", ports.WorldSnapshot(ctx, secrets, func(c worldimport.Contents) error {
		w.Users, w.Groups, w.Projects = collect(s, c.People.Users(ctx)), collect(s, c.Tree.Groups(ctx)), collect(s, c.Tree.Projects(ctx))
		w.Members, w.Shares, w.Hooks = collect(s, c.Tree.Members(ctx)), collect(s, c.Tree.Shares(ctx)), collect(s, c.Tree.Hooks(ctx))
		w.Keys, w.DeployKeys = collect(s, c.People.Keys(ctx)), collect(s, c.People.DeployKeys(ctx))
		w.AccessTokens, w.Agents = collect(s, c.People.AccessTokens(ctx)), collect(s, c.People.Agents(ctx))
		w.Broadcasts, w.Subscriptions = collect(s, c.Others.Broadcasts(ctx)), collect(s, c.Others.Subscriptions(ctx))
		w.Packs, w.Reconciliations = collect(s, c.Others.Packs(ctx)), collect(s, c.Others.Reconciliations(ctx))
		return nil
	}))
	return w
}

func collect[T any](s Subject, rows iter.Seq2[T, error]) (all []T) {
	s.Helper()
	for row, err := range rows {
		s.Fine("row", err)
		all = append(all, row)
	}
	return all
}

var contentsCases = []Case{
	{Name: "contents of a snapshot: what a world describes, in order", Check: func(s Subject) {
		oracle := stores.Fresh(s.T, stores.Memory)
		for _, text := range []string{current, fullWorld, "users: [{id: 2, username: bot, created_by: zoe}]\n" + manyRows()} {
			s.Apply(text)
			world.Apply(s, oracle.WorldImport, text)
		}
		for _, secrets := range []bool{true, false} {
			s.Same(fmt.Sprint("secrets: ", secrets), described(s, s.Ports, secrets), described(s, oracle, secrets))
		}
		all := described(s, s.Ports, true)
		importer := worldimport.New(s.WorldImport, source.FullyProtected, world.Clock)
		importer.InBatches(s.WorldScratch, worldimport.BatchSize)
		check, err := importer.Check(s.Context(), all)
		s.Fine("Check", err)
		s.Same("changes", check.Changes, []worldimport.Change(nil))
		s.Same("rows", []int{len(all.Users), len(all.Projects), len(all.Hooks)}, []int{5, 603, 4})
		s.Same("entries", all.Projects[0].Protections[0].Push, []worldimport.Access{{}, {User: "Dev"}, {Group: "Acme"}, {DeployKey: 72}})
		s.Same("creators", []string{all.Users[0].CreatedBy, all.Users[1].CreatedBy, all.Members[0].CreatedBy, all.Agents[0].Tokens[0].CreatedBy}, []string{"bot", "Zoe", "bot", "bot"})
	}},
	{Name: "contents of a snapshot: secrets only if asked for", Check: func(s Subject) {
		s.Apply(current, fullWorld)
		secrets := func(w worldimport.World) (all []string) {
			for _, u := range w.Users {
				all = append(all, u.TOTPSecret)
			}
			for _, h := range w.Hooks {
				all = append(all, h.Hook.URL, h.Hook.Token)
			}
			return all
		}
		const none = worldimport.NoSecret
		s.Same("with", secrets(described(s, s.Ports, true)), []string{
			"JBSWY3DPEHPK3PXP", "", "", "", "", "https://ci.example.com/secret", "four", "https://ci.example.com/", "",
			"https://verysecret@ci.example.com/hook?x=verysecret", "hook-verysecret", "http://ci.example.com", "",
		})
		s.Same("without", secrets(described(s, s.Ports, false)), []string{
			none, "", "", "", "", "https://ci.example.com/secret", none, "https://ci.example.com/", "",
			"https://***@ci.example.com/hook?***", none, "http://ci.example.com", "",
		})
	}},
	{Name: "contents of a snapshot: as of one moment", Check: func(s Subject) {
		s.Apply(current)
		ctx := s.Context()
		s.Fine("snapshot", s.WorldSnapshot(ctx, false, func(c worldimport.Contents) error {
			s.Same("users", len(collect(s, c.People.Users(ctx))), 3)
			s.Apply("users: [{username: late}]\ngroups: [{id: 6, path: acme/Tools, name: Other}]")
			s.Same("groups", collect(s, c.Tree.Groups(ctx))[1].Profile.Name, "Tools")
			s.Same("users, again", len(collect(s, c.People.Users(ctx))), 3)
			return nil
		}))
		s.Same("afterwards", len(s.List("users")), 4)
		failure := errors.New("no more")
		s.Same("error", s.WorldSnapshot(ctx, false, func(c worldimport.Contents) error {
			for range c.People.Users(ctx) {
				return failure
			}
			return nil
		}) == failure, true) //nolint:errorlint // the error itself
	}},
	{Name: "secret that is not known: put leaves it as it is", Check: func(s Subject) {
		s.Apply(current)
		s.Unit(func(tx worldimport.Tx) {
			ctx := s.Context()
			u, err := tx.Users.Current(ctx, worldimport.User{User: identity.User{ID: 1}})
			s.Fine("user", err)
			u.TOTPSecret, u.User.Name = worldimport.NoSecret, "Other"
			_, err = tx.Users.Put(ctx, u)
			s.Fine("put the user", err)
			h, err := tx.Current.Hook(ctx, source.MemberSource{Project: 60}, hooks.Hook{ID: 9})
			s.Fine("hook", err)
			h.Token, h.Hook.Name = worldimport.NoSecret, "other"
			s.Fine("put the hook", tx.Hooks.Put(ctx, h.In, h.Hook))
		})
		all := described(s, s.Ports, true)
		s.Same("user", []string{all.Users[0].User.Name, all.Users[0].TOTPSecret}, []string{"Other", "JBSWY3DPEHPK3PXP"})
		s.Same("hook", []string{all.Hooks[0].Hook.Name, all.Hooks[0].Hook.Token}, []string{"other", "four"})
	}},
}

// manyRows has more rows of a kind than a store reads at once.
func manyRows() string {
	var text strings.Builder
	text.WriteString("projects:")
	for i := range 600 {
		fmt.Fprintf(&text, "\n  - {path: acme/many-%d, moved_from: [was/many-%[1]d], protected_branches: []}", i)
	}
	return text.String()
}
