package worldimport_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/adapters/worldfile"
	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

const (
	keyOne   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOvKy2r6+1RVVOSrGDdPiuIvYr3FGIiwZjyc4LEowq59"
	keyTwo   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKWWb9nE3WcnAFfmfz2yR/qS0TpcVCVSwwmKT/EAq8wn"
	keyThree = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDu1YY7fTYMzg/sZn38aim9rs0lvqzyUE4aNrIC43BG0"
)

func now() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }

// full is a world in which every section refers to the others.
const full = `users:
  - {id: 2, username: dev}
  - {id: 3, username: Maint}
groups:
  - {id: 6, path: acme/tools}
  - {path: guests}
  - {id: 5, path: acme}
projects:
  - {path: dev/toy}
  - {id: 42, path: ACME/tools/cli, default_branch: trunk, moved_from: [old/cli],
     protected_branches: [{name: main, push: [none, {user: DEV}, {group: acme}, {deploy_key: 201}], merge: developer}],
     protected_tags: [{name: "v*"}]}
members:
  - {user: dev, project: acme/tools/cli, role: developer}
  - {user: maint, group: Acme, role: owner}
shares:
  - {project: acme/tools/cli, with: guests, role: reporter}
  - {group: acme, with: guests, role: guest}
keys:
  - {user: dev, title: laptop, key: ` + keyOne + `}
deploy_keys:
  - {id: 201, title: robot, key: ` + keyTwo + `, creator: maint, projects: [{project: acme/tools/cli, can_push: true}]}
access_tokens:
  - {user: maint, name: portal, scopes: [api], token: glpat-x}
agents:
  - {id: 5, name: prod, project: dev/toy, created_by: maint, tokens: [{name: default, token: secret}]}
broadcast_messages:
  - {message: Hello}
`

func parse(t *testing.T, text string) worldimport.World {
	t.Helper()
	w, err := worldfile.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// apply applies a world file under full protection.
func apply(t *testing.T, store *memory.Store, text string) (worldimport.Summary, error) {
	t.Helper()
	return worldimport.New(store.WorldImport, source.FullyProtected, now).Import(t.Context(), parse(t, text))
}

func mustApply(t *testing.T, store *memory.Store, text string) {
	t.Helper()
	if _, err := apply(t, store, text); err != nil {
		t.Fatal(err)
	}
}

// show returns the records of the things, each as a line of JSON.
func show(t *testing.T, store *memory.Store, things ...string) []string {
	t.Helper()
	var lines []string
	for _, thing := range things {
		records, err := store.Records.List(t.Context(), thing, now())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, thing+string(line))
		}
	}
	return lines
}

// wantShown compares the first fields of the records of a thing: those that want has.
func wantShown(t *testing.T, store *memory.Store, thing string, want ...string) {
	t.Helper()
	got := show(t, store, thing)
	for i, line := range want {
		want[i] = thing + line
		if i < len(got) && strings.HasPrefix(got[i], strings.TrimSuffix(want[i], "}")+",") {
			got[i] = want[i]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", thing, diff)
	}
}

func TestApply_full(t *testing.T) {
	t.Parallel()
	store := memory.New()
	summary, err := apply(t, store, full)
	if err != nil {
		t.Fatal(err)
	}
	want := "2 users, 3 groups, 2 projects, 2 members, 2 shares, 1 key, 1 deploy key, 1 access token, 1 agent and 1 broadcast message"
	if got := summary.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wantShown(t, store, "groups",
		`{"id":5,"path":"acme","visibility":"private","protocols":"all","allowed_ips":[]}`,
		`{"id":6,"path":"acme/tools","visibility":"private","protocols":"all","allowed_ips":[]}`,
		`{"id":9,"path":"guests","visibility":"private","protocols":"all","allowed_ips":[]}`)
	wantShown(t, store, "protections",
		`{"project":"acme/tools/cli","kind":"branch","name":"main","allow_force_push":false,"push":["none","user:dev","group:acme","deploy_key:201"],"merge":["developer"],"unprotect":["maintainer"],"create":[]}`,
		`{"project":"acme/tools/cli","kind":"tag","name":"v*","allow_force_push":false,"push":[],"merge":[],"unprotect":[],"create":["maintainer"]}`,
		`{"project":"dev/toy","kind":"branch","name":"main","allow_force_push":false,"push":["maintainer"],"merge":["maintainer"],"unprotect":["maintainer"],"create":[]}`)
	wantShown(t, store, "members",
		`{"user":"Maint","group":"acme","project":null,"role":"owner","state":"active","expires_at":null}`,
		`{"user":"dev","group":null,"project":"acme/tools/cli","role":"developer","state":"active","expires_at":null}`)
	wantShown(t, store, "agents", `{"id":5,"name":"prod","project_id":43,"has_vulnerabilities":false}`)
}

func TestApply_twice(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, full)
	before := show(t, store, inventory.Names()...)
	mustApply(t, store, full)
	if diff := cmp.Diff(before, show(t, store, inventory.Names()...)); diff != "" {
		t.Errorf("second time (-before +after):\n%s", diff)
	}
}

// Whatever the order of the entries, the world is the same.
func TestApply_order(t *testing.T) {
	t.Parallel()
	numbered := strings.NewReplacer(
		"{path: guests}", "{id: 7, path: guests}",
		"{path: dev/toy}", "{id: 43, path: dev/toy}",
		"2, username: dev", "2, username: dev, namespace_id: 70", "3, username: Maint", "3, username: Maint, namespace_id: 71",
	).Replace(full)
	store := memory.New()
	mustApply(t, store, numbered)
	want := show(t, store, inventory.Names()...)
	for seed := range uint64(20) {
		w := parse(t, numbered)
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(w.Users), func(i, j int) { w.Users[i], w.Users[j] = w.Users[j], w.Users[i] })
		random.Shuffle(len(w.Groups), func(i, j int) { w.Groups[i], w.Groups[j] = w.Groups[j], w.Groups[i] })
		random.Shuffle(len(w.Projects), func(i, j int) { w.Projects[i], w.Projects[j] = w.Projects[j], w.Projects[i] })
		other := memory.New()
		if _, err := worldimport.New(other.WorldImport, source.FullyProtected, now).Import(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, show(t, other, inventory.Names()...)); diff != "" {
			t.Errorf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// Numbers that are asked for are not given to those who take the next free one.
func TestApply_numbers(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, `users:
  - {username: a}
  - {username: b}
  - {id: 1, username: c}
groups:
  - {path: free}
  - {path: free/below}
  - {id: 2, path: two}
  - {id: 1, path: two/one}
projects:
  - {path: free/x}
  - {id: 1, path: free/y}
keys:
  - {user: a, key: `+keyOne+`}
deploy_keys:
  - {key: `+keyTwo+`}
  - {id: 1, key: `+keyThree+`}
agents:
  - {name: x, project: free/x}
  - {id: 1, name: y, project: free/x}
`)
	names := func(thing string) (names []string) {
		records, err := store.Records.List(t.Context(), thing, now())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			id, ok := r[0].Value.(int64)
			name, _ := r[1].Value.(string)
			if ok && id < 3 {
				names = append(names, name)
			}
		}
		return names
	}
	want := map[string][]string{
		"users": {"c", "a"}, "groups": {"two/one", "two"}, "projects": {"free/y", "free/x"},
		"keys": {"deploy_key", "key"}, "agents": {"y", "x"},
	}
	for thing, want := range want {
		if diff := cmp.Diff(want, names(thing)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", thing, diff)
		}
	}
}

func TestApply_update(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, full)
	mustApply(t, store, `users:
  - {id: 2, username: developer, name: Dede, admin: true}
groups:
  - {id: 5, path: acme2, visibility: public}
projects:
  - {id: 42, path: acme2/cli, archived: true}
members:
  - {user: developer, project: acme2/cli, role: maintainer}
`)
	wantShown(t, store, "projects",
		`{"id":42,"path":"acme2/cli","visibility":"private","archived":true,"read_only":false,"repository":"enabled","wiki":"enabled","default_branch":"trunk","empty":false,"storage":"default","last_activity_at":null,"moved_from":["acme/tools/cli","acme2/tools/cli","old/cli"]}`,
		`{"id":43,"path":"developer/toy","visibility":"private","archived":false,"read_only":false,"repository":"enabled","wiki":"enabled","default_branch":"","empty":false,"storage":"default","last_activity_at":null,"moved_from":["dev/toy"]}`)
	if got := len(show(t, store, "protections")); got != 3 {
		t.Errorf("got %d protections, want the 3 of before", got)
	}
	if got := show(t, store, "groups")[1]; !strings.Contains(got, `"acme2/tools"`) {
		t.Errorf("got %s, want it below acme2", got)
	}
}

// What a group keeps and its row leaves out counts for its new projects, too.
func TestApply_protectionKept(t *testing.T) {
	t.Parallel()
	store := memory.New()
	importer := worldimport.New(store.WorldImport, source.FullyProtected, now)
	apply := func(text string) []string {
		t.Helper()
		if _, err := importer.Import(t.Context(), parse(t, text)); err != nil {
			t.Fatal(err)
		}
		return show(t, store, "protections")
	}
	const hash = "default_branch_protection_defaults: {allow_force_push: true}"
	apply("groups: [{path: a, default_branch_protection: 0, settings: {" + hash + "}}]")
	if got := apply("groups: [{path: a, description: d}]\nprojects: [{path: a/b}]"); len(got) != 1 || !strings.Contains(got[0], `"allow_force_push":true,"push":["maintainer"]`) {
		t.Errorf("the hash is kept: got %v", got)
	}
	got := apply("groups: [{path: a, default_branch_protection: 2}]\nprojects: [{path: a/c}]")
	if len(got) != 2 || !strings.Contains(got[1], `"allow_force_push":false,"push":["maintainer"]`) {
		t.Errorf("a level takes the place of the hash: got %v", got)
	}
	if got := apply("groups: [{path: a, default_branch_protection: 0, settings: {" + hash + "}}]\nprojects: [{path: a/d}]"); len(got) != 3 {
		t.Errorf("both are given: got %v", got)
	}
}

func TestApply_protection(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		level source.BranchProtection
		text  string
		want  []string
	}{
		"none":                 {source.NotProtected, "{path: a/b}", nil},
		"full":                 {source.FullyProtected, "{path: a/b, default_branch: trunk}", []string{`"trunk","allow_force_push":false,"push":["maintainer"],"merge":["maintainer"]`}},
		"group's own defaults": {source.NotProtected, "{path: forced/b}", []string{`"main","allow_force_push":true,"push":["none"],"merge":["maintainer"]`}},
		"group's own":          {source.NotProtected, "{path: strict/b}", []string{`"main","allow_force_push":false,"push":["maintainer"],"merge":["maintainer"]`}},
		"tags only": {source.FullyProtected, "{path: a/b, protected_tags: [{name: v}]}", []string{
			`"main","allow_force_push":false,"push":["maintainer"],"merge":["maintainer"]`, `"v","allow_force_push":false,"push":[],"merge":[],"unprotect":[],"create":["maintainer"]`,
		}},
		"branches only": {source.FullyProtected, "{path: a/b, protected_branches: []}", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			w := parse(t, "groups:\n  - {path: a}\n  - {path: strict, default_branch_protection: 2}\n"+
				"  - {path: forced, default_branch_protection: 0, settings: {default_branch_protection_defaults: {allowed_to_push: [{access_level: 0}], allow_force_push: true}}}\nprojects:\n  - "+tt.text+"\n")
			importer := worldimport.New(store.WorldImport, tt.level, now)
			for range 2 {
				if _, err := importer.Import(t.Context(), w); err != nil {
					t.Fatal(err)
				}
				got := show(t, store, "protections")
				if len(got) != len(tt.want) {
					t.Fatalf("got %v, want %v", got, tt.want)
				}
				for i := range got {
					if !strings.Contains(got[i], tt.want[i]) {
						t.Errorf("got %s, want %s in it", got[i], tt.want[i])
					}
				}
			}
		})
	}
}

func TestApply_ghost(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, "deploy_keys:\n  - {title: robot, key: "+keyOne+"}\n")
	if got := show(t, store, "users"); len(got) != 1 || !strings.Contains(got[0], `"type":"ghost"`) {
		t.Errorf("got %v, want the ghost", got)
	}
	if got := show(t, store, "keys"); len(got) != 1 || !strings.Contains(got[0], `"owner":null`) {
		t.Errorf("got %v, want a key without an owner", got)
	}
}

// A person and a group that are called ghost are written before a deploy key whose
// creator goes makes the ghost user.
func TestImport_ghostInBatches(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]string{"person": "users: [{username: ghost}]\n", "group": "groups: [{path: Ghost}]\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			mustApply(t, store, "users: [{username: dev}]\ndeploy_keys: [{title: robot, creator: dev, key: "+keyOne+"}]\n")
			if _, err := inBatches(store, 1, nothing).Import(t.Context(), parse(t, row+"deploy_keys: [{title: robot, creator: null, key: "+keyOne+"}]\n")); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(show(t, store, "users"), "\n"); !strings.Contains(got, `"username":"ghost1"`) {
				t.Errorf("got %s, want a ghost1", got)
			}
		})
	}
}

// recordingKeys sees the keys that are put.
type recordingKeys struct {
	worldimport.Keys
	put *[]identity.Key
}

func (k recordingKeys) Put(ctx context.Context, key identity.Key) (identity.KeyID, error) {
	*k.put = append(*k.put, key)
	return k.Keys.Put(ctx, key)
}

func TestApply_createdAt(t *testing.T) {
	t.Parallel()
	var put []identity.Key
	inner := memory.New().WorldImport
	unitOfWork := func(ctx context.Context, do func(worldimport.Tx) error) error {
		return inner(ctx, func(r worldimport.Tx) error {
			r.Keys = recordingKeys{r.Keys, &put}
			return do(r)
		})
	}
	w := parse(t, "users:\n  - {id: 1, username: a}\nkeys:\n  - {user: a, key: "+keyOne+"}\n  - {user: a, key: "+keyTwo+", created_at: 2024-01-01}\n")
	if _, err := worldimport.New(unitOfWork, source.FullyProtected, now).Import(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	want := []time.Time{now(), time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, []time.Time{put[0].CreatedAt, put[1].CreatedAt}); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
}

// A unit of work may run twice; each mistake is then reported once.
func TestApply_rerun(t *testing.T) {
	t.Parallel()
	inner := memory.New().WorldImport
	lost := errors.New("serialization failure")
	unitOfWork := func(ctx context.Context, do func(worldimport.Tx) error) error {
		_ = inner(ctx, func(r worldimport.Tx) error { return errors.Join(do(r), lost) })
		return inner(ctx, do)
	}
	_, err := worldimport.New(unitOfWork, source.FullyProtected, now).Import(t.Context(), parse(t, "members:\n  - {user: a, group: b, role: guest}\n"))
	want := worldimport.Mistakes{{Line: 2, Message: `there is no user "a"`}, {Line: 2, Message: `there is no group "b"`}}
	if diff := cmp.Diff(want, err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
