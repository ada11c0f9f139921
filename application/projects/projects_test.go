package projects_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/inventory"
	"gatehouse/application/projects"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const groups = "users: [{username: dev}]\ngroups: [{id: 5, path: acme}]\nprojects: [{id: 9, path: acme/old}]\n"

// repositories notes which repositories are created, and fails with err.
type repositories struct {
	created []source.RepositoryKind
	err     error
}

func (r *repositories) Create(_ context.Context, _ source.Project, kind source.RepositoryKind) error {
	r.created = append(r.created, kind)
	return r.err
}

func newCreator(t *testing.T, r *repositories, protection source.BranchProtection) (*projects.Creator, *memory.Store) {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, groups)
	return projects.New(store.NewProjects, store.Destinations, r, store.Jobs, protection, func() time.Time { return world.Now }), store
}

func count(t *testing.T, store *memory.Store, thing string) int {
	t.Helper()
	records, err := store.Records.List(t.Context(), thing, world.Now)
	if err != nil {
		t.Fatal(err)
	}
	return len(records)
}

// byDev is who pushes.
var byDev = audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: 1, Username: "dev"}, CorrelationID: "c-1"}

func planned(path string) source.Project {
	return source.Project{ToBeCreated: true, Path: path, Visibility: source.Private, Storage: "default"}
}

func TestCreator_CreateProject(t *testing.T) {
	t.Parallel()
	none := source.NotProtected
	tests := map[string]struct {
		group *source.BranchProtection
		level int64
		want  int
	}{
		"the instance protects default branches": {nil, 2, 1},
		"the group does not":                     {&none, 0, 0},
		"the group allows force pushes":          {nil, -1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &repositories{}
			creator, store := newCreator(t, r, source.FullyProtected)
			before := count(t, store, "protections")
			p := planned("acme/fresh")
			p.BranchDefaults = source.OwnBranchDefaults(tt.group, nil)
			after := audit.Values{"path": "acme/fresh", "visibility": "private", "storage": "default", "default_branch_protection": tt.level}
			if tt.level < 0 {
				p.BranchDefaults = &source.BranchDefaults{Push: source.Developer, Merge: source.NoRole, ForcePush: true}
				delete(after, "default_branch_protection")
				after["default_branch_protection_defaults"] = "push: developer, merge: none, force push"
			}
			id, err := creator.CreateProject(t.Context(), byDev, p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := store.Destinations.Project(t.Context(), id)
			if err != nil || got.Path != "acme/fresh" || !got.Empty {
				t.Errorf("got %+v, %v, want an empty acme/fresh", got, err)
			}
			if len(r.created) != 1 || r.created[0] != source.Code {
				t.Errorf("created repositories %v, want one of code", r.created)
			}
			view, err := store.ProjectViews.List(t.Context(), projects.Filter{All: true, ID: id}, application.Page{Order: "id", Size: 1}, world.Now)
			if at := world.Now.UTC().Truncate(time.Microsecond); err != nil || view.Items[0].Creator != 1 || !view.Items[0].CreatedAt.Equal(at) || !view.Items[0].UpdatedAt.Equal(at) {
				t.Errorf("got %+v, %v, want a project that user 1 has created now", view.Items, err)
			}
			if jobs := count(t, store, "jobs"); jobs != 1 {
				t.Errorf("got %d jobs, want 1", jobs)
			}
			project := audit.Object{Kind: audit.Project, ID: int64(id), Path: "acme/fresh"}
			event := byDev.Event(world.Now, audit.Create, project, project, nil, after)
			events, err := inventory.Collect(store.Records.AuditEvents(t.Context(), inventory.AuditFilter{}))
			if diff := cmp.Diff([]inventory.Record{inventory.AuditRecord(1, event)}, events); diff != "" || err != nil {
				t.Errorf("audit events: %v (-want +got):\n%s", err, diff)
			}
			if got := count(t, store, "protections") - before; got != tt.want {
				t.Errorf("got %d protections, want %d", got, tt.want)
			}
		})
	}
}

func TestCreator_CreateProject_refused(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"nowhere/fresh": `The project could not be created: project "nowhere/fresh": there is no group or user that it could be in`,
		"acme/Tree":     `The project could not be created: project "acme/Tree": a new project's path does not end in the reserved name "tree"`,
		"acme":          `The project could not be created: project "acme": ` + source.CheckProjectPath("acme").Message,
	} {
		r := &repositories{}
		creator, store := newCreator(t, r, source.FullyProtected)
		_, err := creator.CreateProject(t.Context(), byDev, planned(path))
		if !errors.Is(err, domain.Unprocessable) || err.Error() != want {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
		if jobs := count(t, store, "jobs"); jobs != 0 || len(r.created) != 0 {
			t.Errorf("%s: got %d jobs and repositories %v, want none", path, jobs, r.created)
		}
	}
}

// Another push may have made the last project that the limit allows.
func TestCreator_CreateProject_limitReached(t *testing.T) {
	t.Parallel()
	r := &repositories{}
	creator, store := newCreator(t, r, source.FullyProtected)
	world.Apply(t, store.WorldImport, "users: [{username: few, projects_limit: 1}]\n")
	first := planned("few/a")
	first.Personal = &source.PersonalProjects{Limit: 1}
	if _, err := creator.CreateProject(t.Context(), byDev, first); err != nil {
		t.Fatal(err)
	}
	second := planned("few/b")
	second.Personal = &source.PersonalProjects{Limit: 1}
	if id, err := creator.CreateProject(t.Context(), byDev, second); id != 0 || !errors.Is(err, domain.Forbidden) || !strings.Contains(err.Error(), "which is 1") {
		t.Errorf("got %d, %v, want the limit", id, err)
	}
	if jobs := count(t, store, "jobs"); jobs != 1 || len(r.created) != 1 {
		t.Errorf("got %d jobs and repositories %v, want one of each", jobs, r.created)
	}
}

// A project that is going to be deleted is not the one that a push created meanwhile.
func TestCreator_CreateProject_pathTaken(t *testing.T) {
	t.Parallel()
	r := &repositories{}
	creator, _ := newCreator(t, r, source.FullyProtected)
	taken := planned("acme/old")
	taken.PathTaken = true
	if id, err := creator.CreateProject(t.Context(), byDev, taken); id != 0 || !errors.Is(err, domain.Unprocessable) || len(r.created) != 0 {
		t.Errorf("got %d, %v, repositories %v, want a refusal", id, err, r.created)
	}
}

func TestCreator_CreateProject_exists(t *testing.T) {
	t.Parallel()
	r := &repositories{}
	creator, store := newCreator(t, r, source.FullyProtected)
	id, err := creator.CreateProject(t.Context(), byDev, planned("ACME/old"))
	if id != 9 || err != nil || len(r.created) != 1 {
		t.Errorf("got %d, %v, repositories %v, want 9 with its repository", id, err, r.created)
	}
	if jobs := count(t, store, "jobs"); jobs != 0 {
		t.Errorf("got %d jobs, want none", jobs)
	}
}

func TestCreator_CreateProject_repositoryFails(t *testing.T) {
	t.Parallel()
	r := &repositories{err: domain.Unavailable}
	creator, store := newCreator(t, r, source.FullyProtected)
	id, err := creator.CreateProject(t.Context(), byDev, planned("acme/fresh"))
	want := "The project was created, but its repository is still to be made. Push again in a minute."
	if id == 0 || !errors.Is(err, domain.Unprocessable) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %d, %v, want a number and %q", id, err, want)
	}
	if jobs := count(t, store, "jobs"); jobs != 1 {
		t.Errorf("got %d jobs, want 1", jobs)
	}
}

func TestCreator_CreateRepository_noProject(t *testing.T) {
	t.Parallel()
	r := &repositories{}
	creator, _ := newCreator(t, r, source.FullyProtected)
	if err := creator.CreateRepository(t.Context(), 99); err != nil || len(r.created) != 0 {
		t.Errorf("got %v, created %v, want nothing", err, r.created)
	}
}

// waiting notes for which subjects jobs were made due.
type waiting []int64

func (w *waiting) MakeDue(_ context.Context, kind application.JobKind, subject int64) error {
	if kind == projects.CreateRepository {
		*w = append(*w, subject)
	}
	return nil
}

func TestCreator_RetryRepository(t *testing.T) {
	t.Parallel()
	now, store, jobs := world.Now, memory.New(), &waiting{}
	creator := projects.New(store.NewProjects, store.Destinations, &repositories{}, jobs, source.FullyProtected, func() time.Time { return now })
	for _, later := range []time.Duration{0, 0, 900 * time.Millisecond, 100 * time.Millisecond, 0, -time.Hour, 0} {
		now = now.Add(later)
		if err := errors.Join(creator.RetryRepository(t.Context(), 9), creator.RetryRepository(t.Context(), 10)); err != nil {
			t.Fatal(err)
		}
	}
	// once at first, after a second, and after the clock went back
	if want := []int64{9, 10, 9, 10, 9, 10}; !slices.Equal(*jobs, want) {
		t.Errorf("made due %v, want %v", *jobs, want)
	}
}
