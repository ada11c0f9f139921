package worldimport_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

// inBatches returns an importer that writes batches of size changes, and calls after
// with the number of each batch that was written.
func inBatches(store *memory.Store, size int, after func(batch int) error) *worldimport.Importer {
	batch := 0
	importer := worldimport.New(func(ctx context.Context, do func(worldimport.Tx) error) error {
		if err := store.WorldImport(ctx, do); err != nil {
			return err
		}
		batch++
		return after(batch)
	}, source.FullyProtected, now)
	importer.InBatches(store.WorldScratch, size)
	return importer
}

func nothing(int) error { return nil }

func TestImport_inBatches(t *testing.T) {
	t.Parallel()
	whole, store := memory.New(), memory.New()
	mustApply(t, whole, full)
	rows := slices.DeleteFunc(inventory.Names(), func(thing string) bool { return thing == "audit" }) // an import in one transaction records nothing
	batches := 0
	importer := inBatches(store, 2, func(batch int) error { batches = batch; return nil })
	for range 2 {
		if _, err := importer.Import(t.Context(), parse(t, full)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(show(t, whole, rows...), show(t, store, rows...)); diff != "" {
			t.Errorf("(-in one +in batches):\n%s", diff)
		}
	}
	if want := 9; batches != want {
		t.Errorf("got %d batches, want %d, all of the first import", batches, want)
	}
}

// What takes is written before what gives, and a new project with its protections,
// members and shares.
func TestImport_order(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, `users: [{username: a}, {username: b}, {username: c, state: blocked}]
groups: [{path: g}]
projects: [{path: g/p, visibility: public}]
members: [{user: a, group: g, role: owner}, {user: b, group: g, role: guest}]
`)
	var seen []string
	importer := inBatches(store, 1, func(int) error {
		seen = append(seen, strings.Join(slices.Concat(show(t, store, "members"), show(t, store, "projects"), show(t, store, "protections"), show(t, store, "users")), "\n"))
		return nil
	})
	_, err := importer.Import(t.Context(), parse(t, `users: [{username: c, state: active}]
projects: [{path: g/new}, {path: g/p, visibility: private}]
members: [{user: b, group: g, role: owner}, {user: b, project: g/new, role: reporter}, {user: a, group: g, role: guest}]
`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`"path":"g/p","visibility":"private"`,
		`"user":"a","group":"g","project":null,"role":"guest"`,
		`"user":"b","group":null,"project":"g/new","role":"reporter"`,
		`"username":"c","name":"c","email":"","public_email":"","state":"active"`,
		`"user":"b","group":"g","project":null,"role":"owner"`,
	} {
		if i >= len(seen) || !strings.Contains(seen[i], want) || i > 0 && strings.Contains(seen[i-1], want) {
			t.Errorf("batch %d: want %s", i+1, want)
		}
	}
	if !strings.Contains(seen[2], `protections{"project":"g/new"`) || len(seen) != 5 {
		t.Errorf("got %d batches, want 5, the third with the protections:\n%s", len(seen), seen[2])
	}
}

// An e-mail is free before another user gets it, also where that row would be written
// early.
func TestImport_emailsInBatches(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"to a new user":            "users: [{username: a, email: other@x}, {username: new, email: A@x}]",
		"to one who loses rights":  "users: [{username: a, email: other@x}, {username: b, state: blocked, email: A@x}]",
		"from one who gets rights": "users: [{username: a, email: null, admin: true}, {username: b, email: A@x}]",
		"a secondary one":          "users: [{username: a, emails: []}, {username: b, state: blocked, email: S@x}]",
		"as a secondary one":       "users: [{username: a, email: other@x}, {username: b, state: blocked, emails: [{email: A@x}]}]",
		"to the other kind":        "users: [{username: a, email: s@x, admin: true, emails: [{email: a@x}]}]",
		"along a chain":            "users: [{username: a, email: null}, {username: b, email: A@x, state: blocked}, {username: c, email: b@x}, {username: new, email: c@x}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, want := memory.New(), memory.New()
			const before = "users: [{username: a, email: a@x, emails: [{email: s@x}]}, {username: b, email: b@x}, {username: c, email: c@x}]"
			mustApply(t, store, before)
			mustApply(t, want, before)
			mustApply(t, want, text)
			if _, err := inBatches(store, 1, nothing).Import(t.Context(), parse(t, text)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(show(t, want, "users"), show(t, store, "users")); diff != "" {
				t.Errorf("(-in one +in batches):\n%s", diff)
			}
		})
	}
}

// Next free numbers are behind all that the world asks for, also where what takes
// one has to be written early.
func TestImport_numbersInBatches(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, "groups: [{id: 1, path: g}]\nprojects: [{id: 1, path: g/p}]")
	_, err := inBatches(store, 1, nothing).Import(t.Context(), parse(t, `users:
  - {username: early}
  - {id: 1, username: one}
  - {id: 2, username: two, namespace_id: 2}
groups: [{id: 3, path: three}, {path: h}]
projects:
  - {id: 1, path: g/p, protected_branches: [{name: main, push: [{user: early}, {group: h}]}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	for thing, want := range map[string][]string{"users": {`"id":1,"username":"one"`, `"id":2,"username":"two"`, `"id":3,"username":"early"`}, "groups": {`"id":1,"path":"g"`, `"id":3,"path":"three"`, `"path":"h"`}} {
		got := show(t, store, thing)
		for i := range want {
			if i >= len(got) || !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: got %v, want %v", thing, got, want)
			}
		}
	}
}

func TestImport_mistakeInBatches(t *testing.T) {
	t.Parallel()
	store := memory.New()
	before := show(t, store, inventory.Names()...)
	_, err := inBatches(store, 1, nothing).Import(t.Context(), parse(t, "users: [{username: a}]\nmembers:\n  - {user: a, group: no, role: owner}\n"))
	if diff := cmp.Diff(worldimport.Mistakes{{Line: 3, Message: `there is no group "no"`}}, err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, show(t, store, inventory.Names()...)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// A row that is otherwise as described is no way around the number of a namespace.
func TestImport_otherNamespaceInBatches(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, "users: [{id: 1, username: a, namespace_id: 1}]")
	_, err := inBatches(store, 1, nothing).Import(t.Context(), parse(t, "users: [{id: 1, username: a, namespace_id: 2}]"))
	want := worldimport.Mistakes{{Line: 1, Message: `user "a": its personal namespace has the number 1, which does not change; leave namespace_id out`}}
	if diff := cmp.Diff(want, err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// A number that is taken after the check is a mistake: the row of others stays.
func TestImport_numberTakenMeanwhile(t *testing.T) {
	t.Parallel()
	store := memory.New()
	importer := inBatches(store, 1, func(batch int) error {
		if batch == 1 {
			mustApply(t, store, "users: [{id: 2, username: other}]")
		}
		return nil
	})
	_, err := importer.Import(t.Context(), parse(t, "users:\n  - {id: 1, username: a}\n  - {id: 2, username: b}\n"))
	incomplete, ok := errors.AsType[*worldimport.Incomplete](err)
	want := "line 3: user \"b\": id 2 was taken meanwhile\n1 of 2 changes were made and stay; apply the world again to complete it"
	if !ok || incomplete.Done != 1 || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := strings.Join(show(t, store, "users"), " "); !strings.Contains(got, `"id":2,"username":"other"`) {
		t.Errorf("got %s", got)
	}
}

func TestImport_interrupted(t *testing.T) {
	t.Parallel()
	store := memory.New()
	ctx, cancel := context.WithCancel(t.Context())
	importer := inBatches(store, 1, func(int) error { cancel(); return nil })
	w := parse(t, "users: [{username: a}, {username: b}]")
	_, err := importer.Import(ctx, w)
	want := "it was interrupted\n1 of 2 changes were made and stay; apply the world again to complete it"
	if !errors.Is(err, context.Canceled) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = inBatches(store, 1, nothing).Import(ctx, w)
	want = "it was interrupted\nnothing was changed; apply the world again"
	if !errors.Is(err, context.Canceled) || err.Error() != want {
		t.Errorf("before it began: got %v, want %s", err, want)
	}
	if _, err = inBatches(store, 1, nothing).Import(t.Context(), w); err != nil || len(show(t, store, "users")) != 2 {
		t.Errorf("again: got %v", err)
	}
}

// Each new project has one job, enqueued with it.
func TestImport_repositoryJobs(t *testing.T) {
	t.Parallel()
	store := memory.New()
	importer := inBatches(store, 1, func(int) error {
		if projects, jobs := len(show(t, store, "projects")), len(show(t, store, "jobs")); projects != jobs {
			t.Errorf("got %d jobs for %d projects", jobs, projects)
		}
		return nil
	})
	importer.CreateRepositories(application.JobKind("create_repository"))
	for range 2 {
		if _, err := importer.Import(t.Context(), parse(t, "groups: [{path: g}]\nprojects: [{path: g/p}, {path: g/q}]")); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(show(t, store, "jobs")); got != 2 {
		t.Errorf("got %d jobs, want 2", got)
	}
}

func TestImport_report(t *testing.T) {
	t.Parallel()
	var seen []worldimport.Progress
	importer := inBatches(memory.New(), 1, nothing)
	importer.Report(func(p worldimport.Progress) { seen = append(seen, p) })
	if _, err := importer.Import(t.Context(), parse(t, "users: [{username: a}, {username: b}]")); err != nil {
		t.Fatal(err)
	}
	want := []worldimport.Progress{{Done: 0, All: 2}, {Done: 1, All: 2}, {Writing: true, Done: 0, All: 2}, {Writing: true, Done: 1, All: 2}}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestImporter_Check(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, full)
	before := show(t, store, inventory.Names()...)
	w := parse(t, strings.NewReplacer("project: acme/tools/cli, role: developer", "project: acme/tools/cli, role: maintainer", "{path: guests}", "{path: guests}\n  - {path: new}").Replace(full))
	got, err := inBatches(store, 1, nothing).Check(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	want := worldimport.Check{Unchanged: 15, Changes: []worldimport.Change{
		{Line: 7, Kind: "group", Name: "new", New: true},
		{Line: 15, Kind: "member", Name: "dev", In: "acme/tools/cli", Fields: []worldimport.Field{{Name: "role", Old: "developer", New: "maintainer"}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, show(t, store, inventory.Names()...)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
