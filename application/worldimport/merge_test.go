package worldimport_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

// What a rule says of several members is said of the row as it will be, with what it
// keeps.
func TestImport_mistakesOfMergedRows(t *testing.T) {
	t.Parallel()
	const before = `users: [{id: 1, username: dev, email: d@example.com}, {id: 2, username: bot, type: internal}]
groups: [{id: 5, path: top, allowed_ips: [192.0.2.0/24], protocols: ssh, require_ssh_certificates: true}, {id: 6, path: acme}]
broadcast_messages: [{message: Hi, starts_at: 2026-01-01, ends_at: 2026-02-01}]
subscriptions: [{namespace: acme, start_date: 2026-01-01, trial: true, trial_starts_on: 2026-01-01}]
`
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"public_email of a kept e-mail":    {"users: [{username: dev, public_email: D@example.com}]", nil},
		"public_email of another e-mail":   {"users:\n  - username: dev\n    public_email: x@example.com\n", []string{`line 3: user "dev": public_email must be the user's email, a confirmed one of the user's emails, or empty to tell no address`}},
		"public_email without an e-mail":   {"users: [{username: new, public_email: x@example.com}]", []string{`line 1: user "new": public_email must be the user's email, a confirmed one of the user's emails, or empty to tell no address`}},
		"e-mail that leaves the other":     {"users: [{username: dev, email: e@example.com}]", nil},
		"internal account without a type":  {"users: [{username: bot, name: Bot}]", []string{`line 1: user "bot": the username is that of user "bot" (id 2) of type internal, which does not become human; choose another username`}},
		"internal account of its own type": {"users: [{username: bot, name: Bot, type: internal}]", nil},
		"top-level settings move below": {"groups:\n  - id: 5\n    path: acme/low\n", []string{
			`line 3: group "acme/low": its allowed_ips counts on top-level groups only; give it as []`,
			`line 3: group "acme/low": its protocols counts on top-level groups only; give it as all`,
			`line 3: group "acme/low": its require_ssh_certificates counts on top-level groups only; give it as false`,
		}},
		"top-level settings end":  {"groups: [{id: 5, path: acme/low, allowed_ips: [], protocols: all, require_ssh_certificates: null}]", nil},
		"broadcast ends too soon": {"broadcast_messages: [{message: Hi, ends_at: 2025-12-31}]", []string{"line 1: ends_at must be after starts_at"}},
		"broadcast starts late":   {"broadcast_messages: [{message: Hi, starts_at: 2026-02-01}]", []string{"line 1: ends_at must be after starts_at"}},
		"broadcast without end":   {"broadcast_messages: [{message: Hi, starts_at: 2026-02-01, ends_at: null}]", nil},
		"trial with a kept start": {"subscriptions: [{namespace: acme, start_date: 2026-01-02}]", nil},
		"trial loses its start":   {"subscriptions: [{namespace: acme, start_date: 2026-01-02, trial_starts_on: null}]", []string{"line 1: an entry of subscriptions needs trial_starts_on"}},
		"new trial":               {"subscriptions: [{namespace: dev, start_date: 2026-01-02, trial: true}]", []string{"line 1: an entry of subscriptions needs trial_starts_on"}},
		"users that do not exist": {
			"users:\n  - username: dev\n    created_by: x\nprojects:\n  - path: acme/p\n    creator: x\nmembers:\n  - {user: dev, group: acme, role: guest,\n     created_by: x}\n" +
				"shares:\n  - {group: acme, with: top, role: guest, created_by: x}\nagents:\n  - {name: a, project: acme/p, tokens: [{name: b, token: c,\n     creator: x}]}\n",
			[]string{
				`line 3: there is no user "x"`, `line 6: there is no user "x"`, `line 9: there is no user "x"`, `line 11: there is no user "x"`, `line 14: there is no user "x"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, straight := memory.New(), memory.New()
			mustApply(t, store, before)
			mustApply(t, straight, before)
			_, err := inBatches(store, 1, nothing).Import(t.Context(), parse(t, c.text))
			if _, inOne := apply(t, straight, c.text); cmp.Diff(err, inOne) != "" {
				t.Errorf("in one transaction: got %v, in batches %v", inOne, err)
			}
			var got []string
			if mistakes, ok := errors.AsType[worldimport.Mistakes](err); ok {
				got = strings.Split(mistakes.Error(), "\n")
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

// A new row is created now, unless it says when; null is never known.
func TestImport_createdAt(t *testing.T) {
	t.Parallel()
	const at = "2026-07-01T12:00:00.000Z"
	store := memory.New()
	row := func(created string) string {
		return "users: [{username: dev" + created + "}]\ngroups: [{path: acme" + created + "}]\nprojects: [{path: acme/p" + created + "}]\n" +
			"members: [{user: dev, group: acme, role: guest" + created + "}]\nshares: [{project: acme/p, with: acme, role: guest" + created + "}]\n" +
			"access_tokens: [{user: dev, name: a, scopes: [api], token: x" + created + "}]\n" +
			"agents: [{name: a, project: acme/p, tokens: [{name: b, token: y" + created + "}]" + created + "}]\n"
	}
	for _, step := range []struct{ text, want string }{
		{row(""), `"created_at":"` + at + `"`},
		{row(", created_at: 2020-01-02"), `"created_at":"2020-01-02T00:00:00.000Z"`},
		{row(""), `"created_at":"2020-01-02T00:00:00.000Z"`},
		{row(", created_at: null"), `"created_at":null`},
		{row(""), `"created_at":null`},
	} {
		if _, err := inBatches(store, 1, nothing).Import(t.Context(), parse(t, step.text)); err != nil {
			t.Fatal(err)
		}
		for _, line := range show(t, store, "users", "groups", "projects", "members", "shares", "access-tokens", "agents", "agent-tokens") {
			if !strings.Contains(line, step.want) {
				t.Errorf("got %s, want %s", line, step.want)
			}
		}
	}
	other := memory.New()
	mustApply(t, other, row(", created_at: null"))
	if got := strings.Join(show(t, other, "users", "groups", "projects", "members"), "\n"); strings.Count(got, `"created_at":null`) != 4 {
		t.Errorf("new rows with null: got %s", got)
	}
}

// A user, group or member is updated now where anything changes, a project unless the row
// says when.
func TestImport_updatedAt(t *testing.T) {
	t.Parallel()
	store := memory.New()
	const at, old = `"updated_at":"2026-07-01T12:00:00.000Z"`, `"updated_at":"2020-01-02T00:00:00.000Z"`
	mustApply(t, store, "users: [{username: dev}]\nprojects: [{path: dev/p, updated_at: 2020-01-02}]")
	for _, step := range []struct{ text, want string }{
		{"projects: [{path: dev/p}]", old},
		{"projects: [{path: dev/p, description: d}]", at},
		{"projects: [{path: dev/p, description: e, updated_at: 2020-01-02}]", old},
		{"projects: [{path: dev/p, description: e}]", old},
	} {
		mustApply(t, store, step.text)
		if got := show(t, store, "projects")[0]; !strings.Contains(got, step.want) {
			t.Errorf("%s: got %s, want %s", step.text, got, step.want)
		}
	}
	if got := show(t, store, "users")[0]; !strings.Contains(got, at) {
		t.Errorf("new user: got %s, want %s", got, at)
	}
	const rows = "groups: [{path: acme, description: d}]\nmembers: [{user: dev, group: acme, role: guest}]\n"
	for _, step := range []struct{ text, want string }{
		{rows, at}, // new
		{rows, old},
		{"groups: [{path: acme}]\nmembers: [{user: dev, group: acme, role: guest}]", old},
		{"groups: [{path: acme, description: e}]\nmembers: [{user: dev, group: acme, role: owner}]", at},
	} {
		mustApply(t, store, step.text)
		for _, line := range show(t, store, "groups", "members") {
			if !strings.Contains(line, step.want) {
				t.Errorf("%s: got %s, want %s", step.text, line, step.want)
			}
		}
		backdate(t, store)
	}
}

// backdate lets the group acme and its only member be updated in 2020.
func backdate(t *testing.T, store *memory.Store) {
	t.Helper()
	at := time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)
	var id source.NamespaceID
	err := store.WorldImport(t.Context(), func(tx worldimport.Tx) (err error) {
		g, err := tx.Current.Group(t.Context(), worldimport.Group{Namespace: source.Namespace{Path: "acme"}})
		if err == nil {
			g.Profile.UpdatedAt = at
			id, err = tx.Namespaces.PutGroup(t.Context(), g)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = store.WorldImport(t.Context(), func(tx worldimport.Tx) error {
		in := source.MemberSource{Group: id}
		user, err := tx.Users.ID(t.Context(), "dev")
		if err != nil {
			return err
		}
		m, err := tx.Current.Member(t.Context(), user, in)
		if err != nil {
			return err
		}
		m.UpdatedAt = at
		return tx.Namespaces.PutMember(t.Context(), user, in, m)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A new project is empty if a job makes its repository, unless the row says otherwise. What
// was there stays as it is.
func TestImport_emptyProjects(t *testing.T) {
	t.Parallel()
	store := memory.New()
	importer := inBatches(store, 10, nothing)
	const rows = "groups: [{path: g}]\nprojects: [{path: g/new}, {path: g/null, empty: null}, {path: g/full, empty: false}, {path: g/old}]\n"
	mustApply(t, store, "groups: [{path: g}]\nprojects: [{path: g/old}]\n")
	importer.CreateRepositories("create_repository")
	for range 2 {
		if _, err := importer.Import(t.Context(), parse(t, rows)); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]bool{}
	records, err := store.Records.List(t.Context(), "projects", now())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		got[r[1].Value.(string)] = r[8].Value.(bool)
	}
	if diff := cmp.Diff(map[string]bool{"g/new": true, "g/null": true, "g/full": false, "g/old": false}, got); diff != "" {
		t.Errorf("empty (-want +got):\n%s", diff)
	}
}

// A row that takes rights away is written early, and no sooner than the new user who has
// created it.
func TestImport_newCreatorInBatches(t *testing.T) {
	t.Parallel()
	store := memory.New()
	const before = "users: [{username: dev}]\ngroups: [{path: g}]\nprojects: [{path: g/p}]\nmembers: [{user: dev, group: g, role: owner}]\nshares: [{project: g/p, with: g, role: owner}]\n"
	mustApply(t, store, before)
	const after = "users: [{username: new}]\nprojects: [{path: g/p, archived: true, creator: new}]\nmembers: [{user: dev, group: g, role: guest, created_by: new}]\n" +
		"shares: [{project: g/p, with: g, role: guest, created_by: new}]\n"
	if _, err := inBatches(store, 1, nothing).Import(t.Context(), parse(t, after)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(show(t, store, "members", "shares", "projects"), "\n"); strings.Count(got, `:"new"`) != 3 {
		t.Errorf("got %s, want new three times", got)
	}
}

// Users may be created by users who come later, and by themselves.
func TestImport_creatorsOfUsers(t *testing.T) {
	t.Parallel()
	const rows = "users: [{id: 3, username: c, created_by: b}, {id: 1, username: a, created_by: a}, {username: b, created_by: C}]\n"
	for name, size := range map[string]int{"in batches": 1, "in one batch": 10, "in one transaction": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			importer := worldimport.New(store.WorldImport, source.FullyProtected, now)
			if size > 0 {
				importer = inBatches(store, size, nothing)
			}
			for range 2 {
				if _, err := importer.Import(t.Context(), parse(t, rows)); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, r := range records(t, store, "users") {
				got = append(got, r[1].Value.(string)+" by "+r[len(r)-1].Value.(string))
			}
			if diff := cmp.Diff([]string{"a by a", "c by b", "b by c"}, got); diff != "" {
				t.Errorf("creators (-want +got):\n%s", diff)
			}
		})
	}
}

func records(t *testing.T, store *memory.Store, thing string) []inventory.Record {
	t.Helper()
	all, err := store.Records.List(t.Context(), thing, now())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What a row leaves out is what the write finds, not what the check has found.
func TestImport_keepsWhatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, "users: [{id: 1, username: dev}]\nprojects: [{id: 5, path: dev/p, default_branch: main, empty: true}]")
	importer := inBatches(store, 1, func(batch int) error {
		if batch == 1 {
			mustApply(t, store, "projects: [{id: 5, path: dev/p, default_branch: trunk, empty: false}]")
		}
		return nil
	})
	importer.CreateRepositories(application.JobKind("create_repository"))
	if _, err := importer.Import(t.Context(), parse(t, "users: [{id: 1, username: dev, name: Dede}]\nprojects: [{path: dev/p, description: d}]")); err != nil {
		t.Fatal(err)
	}
	if got := show(t, store, "projects")[0]; !strings.Contains(got, `"default_branch":"trunk","empty":false`) || !strings.Contains(got, `"description":"d"`) {
		t.Errorf("got %s, want what changed meanwhile, and the description", got)
	}
}

// A list that is left out stays, and one of the two lists of protections gives the other
// what a new project has, for the default branch that is kept.
func TestImport_leftOutLists(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, "groups: [{path: acme}]\nprojects: [{path: acme/p, default_branch: trunk, moved_from: [old/p], protected_branches: [{name: x}], protected_tags: [{name: v}]}]\n"+
		"deploy_keys: [{title: robot, key: "+keyOne+", projects: [{project: acme/p, can_push: true}]}]\n")
	before := show(t, store, inventory.Names()...)
	mustApply(t, store, "projects: [{path: acme/p, protected_branches: null}]\ndeploy_keys: [{key: "+keyOne+"}]\n")
	if diff := cmp.Diff(before, show(t, store, inventory.Names()...)); diff != "" {
		t.Errorf("left out (-before +after):\n%s", diff)
	}
	mustApply(t, store, "projects: [{path: acme/p, protected_tags: []}]\n")
	wantShown(t, store, "protections", `{"project":"acme/p","kind":"branch","name":"trunk","allow_force_push":false,"push":["maintainer"],"merge":["maintainer"],"unprotect":["maintainer"],"create":[]}`)
}
