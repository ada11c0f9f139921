package worldimport_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/adapters/worldfile"
	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

// What is malformed and what the store does not know are in one list, and nothing that
// follows from another mistake.
func TestImport_malformed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"malformed rows are known by their names, and their references are looked up": {
			`users: [{username: dev, state: asleep}]
groups: [{path: acme, visibility: secret}, {path: none/sub, visibility: secret}]
projects:
  - {path: acme/cli, lfs: maybe, protected_branches: [{name: main, push: [{user: nemo}]}]}
  - {path: acme/tools}
  - {path: nowhere/x, lfs: maybe}
members:
  - {user: dev, project: acme/cli, role: owner}
  - {user: dev, group: acme, role: owner}
  - {user: nemo, group: acme/sub, role: boss}
  - {user: dev, project: acme/tools, role: owner}
  - {user: kept, group: nowhere, role: owner}
subscriptions: [{namespace: acme, start_date: 2026-01-01}]
hooks: [{project: none/x, url: x}]
`,
			[]string{
				"line 1: state must be active, blocked, ldap_blocked, banned, deactivated or blocked_pending_approval",
				"line 2: visibility must be private, internal or public",
				`line 2: group "none/sub": there is no group "none" above it`,
				"line 4: lfs must be true or false", `line 4: there is no user "nemo"`,
				"line 6: lfs must be true or false", `line 6: project "nowhere/x": there is no group or user "nowhere" above it`,
				"line 10: role must be minimal, guest, planner, reporter, security_manager, developer, maintainer or owner", `line 10: there is no user "nemo"`,
				`line 12: there is no group "nowhere"`,
				`line 14: an entry of hooks: its url must be like https://ci.example.com/hook`, `line 14: there is no project "none/x"`,
			},
		},
		"a row without a name may be the one that is named": {
			"users: [{usernam: dev}]\nmembers: [{user: dev, group: none, role: owner}]\n",
			[]string{
				"line 1: an entry of users needs username",
				"line 1: an entry of users has no usernam; there are",
				`line 2: there is no group "none"`,
			},
		},
		"a section that is not read may have any row": {
			"group: [{path: acme}]\nprojects: [{path: acme/cli}]\nmembers: [{user: nemo, project: acme/cli, role: owner}, {user: kept, group: old, role: boss}]\n",
			[]string{"line 1: a world file has no group; there are", "line 3: role must be minimal,"},
		},
		"a section of another form": {
			"users: {username: dev}\nmembers: [{user: dev, group: none, role: owner}]\n",
			[]string{"line 1: users must be a list", `line 2: there is no group "none"`},
		},
		"a row that would move what has a name": {
			"users: [{id: 2, username: moved, admin: 1}, {username: kept2}]\ngroups: [{id: 6, path: older, visibility: 1}, {path: old/kept}]\nkeys: [{user: moved, key: " + keyOne + "}]\n",
			[]string{"line 1: admin must be true or false", "line 2: visibility must be private, internal or public"},
		},
		"deploy keys": {
			"projects:\n  - {path: old/p, protected_tags: [{name: v, create: [{deploy_key: 7}, {deploy_key: 8}]}]}\ndeploy_keys:\n  - {id: 7, key: x, projects: [{project: old/p}, {project: old/q}]}\n",
			[]string{`line 2: there is no deploy key 8`, "line 4: key: it is not an SSH public key;", `line 4: there is no project "old/q"`},
		},
		"no YAML": {"users: *x", []string{"line 1: not YAML: an alias has no anchor"}},
		"two documents": {
			"members: [{user: nemo, group: none, role: owner}]\n---\nusers: [{username: nemo}]\n",
			[]string{"line 2: a world file is a single YAML document"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			mustApply(t, store, "users: [{id: 2, username: kept}]\ngroups: [{id: 6, path: old}]\n")
			before := show(t, store, inventory.Names()...)
			described, _ := worldfile.Parse([]byte(test.text))
			straight := worldimport.New(store.WorldImport, source.FullyProtected, now)
			batches := inBatches(store, 1, nothing)
			_, checked := batches.Check(t.Context(), described)
			_, imported := batches.Import(t.Context(), described)
			_, inOne := straight.Import(t.Context(), described)
			if diff := cmp.Diff(checked, imported) + cmp.Diff(checked, inOne); checked == nil || diff != "" {
				t.Fatalf("got %v, of others (-check +import):\n%s", checked, diff)
			}
			got := strings.Split(checked.Error(), "\n")
			for i, want := range test.want {
				if i < len(got) && strings.HasPrefix(got[i], want) {
					got[i] = want
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, show(t, store, inventory.Names()...)); diff != "" {
				t.Errorf("store (-before +after):\n%s", diff)
			}
		})
	}
}
