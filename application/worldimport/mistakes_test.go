package worldimport_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func TestApply_mistakes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []string
	}{
		"nothing above": {
			"groups:\n  - {path: a/b}\nprojects:\n  - {path: c/d}\n",
			[]string{`line 2: group "a/b": there is no group "a" above it`, `line 4: project "c/d": there is no group or user "c" above it`},
		},
		"a group in a user's namespace": {
			"users:\n  - {username: dev}\ngroups:\n  - {path: dev/tools}\n",
			[]string{`line 4: group "dev/tools": above it is user "dev" on line 2, not a group`},
		},
		"references": {
			`users:
  - {username: dev}
groups:
  - {path: acme}
projects:
  - path: acme/cli
    protected_branches:
      - name: main
        push: [{user: x}, {group: y}]
        merge:
          - {user: z}
      - {name: b, push: [{deploy_key: 9}]}
members:
  - {user: dev, group: y, role: guest}
  - {user: x, project: acme/none, role: guest}
shares:
  - {project: acme/cli, with: y, role: guest}
keys:
  - {user: x, key: ` + keyOne + `}
deploy_keys:
  - key: ` + keyTwo + `
    creator: x
    projects:
      - {project: acme/cli}
      - {project: acme/none}
access_tokens:
  - {user: x, name: t, scopes: [api], token: glpat-hush}
agents:
  - {name: prod, project: acme/none, created_by: x}
`,
			[]string{
				`line 9: there is no user "x"`, `line 9: there is no group "y"`,
				`line 11: there is no user "z"`, `line 12: there is no deploy key 9`,
				`line 14: there is no group "y"`, `line 15: there is no user "x"`, `line 15: there is no project "acme/none"`,
				`line 17: there is no group "y"`, `line 19: there is no user "x"`,
				`line 22: there is no user "x"`, `line 25: there is no project "acme/none"`,
				`line 27: there is no user "x"`,
				`line 29: there is no project "acme/none"`, `line 29: there is no user "x"`,
			},
		},
		"payers": {
			"groups:\n  - {path: acme}\n  - {path: acme/sub}\nprojects:\n  - {path: acme/cli}\nsubscriptions:\n  - {namespace: none, start_date: 2026-01-01}\n  - {namespace: acme/SUB, start_date: 2026-01-01}\n" +
				"  - {namespace: acme/cli, start_date: 2026-01-01}\npacks:\n  - {namespace: acme/sub, purchase_xid: a, number_of_minutes: 1, expires_at: 2027-01-01}\n" +
				"reconciliations:\n  - {namespace: acme/sub, next_reconciliation_date: 2026-06-01, display_alert_from: 2026-05-01}\n  - {namespace: none, next_reconciliation_date: 2026-06-01, display_alert_from: 2026-05-01}\n",
			[]string{
				`line 7: there is no namespace "none"`, `line 8: namespace "acme/SUB" is below another one, and only the top can be sold to`,
				`line 9: there is no namespace "acme/cli"`, `line 11: namespace "acme/sub" is below another one, and only the top can be sold to`,
				`line 14: there is no namespace "none"`,
			},
		},
		"no blame for what is below": {
			"users:\n  - {id: 1, username: root}\ngroups:\n  - {path: none/a}\n  - {path: none/a/b}\nprojects:\n  - {path: none/a/b/c}\nmembers:\n  - {user: root, project: none/a/b/c, role: guest}\n",
			[]string{`line 4: group "none/a": there is no group "none" above it`},
		},
		"clashes with what is kept": {
			`users:
  - {username: held}
  - {id: 8, username: ROOT}
  - {id: 2, username: taken, namespace_id: 99}
  - {username: new, namespace_id: 78}
  - {username: newer, namespace_id: 77}
groups:
  - {id: 90, path: kept}
  - {id: 76, path: mine}
  - {id: 80, path: base/sub}
projects:
  - {id: 9, path: base/cli}
  - {path: base/cli/below}
  - {path: base/tools}
keys:
  - {id: 5, user: taken, key: ` + keyThree + `}
  - {id: 6, user: root, key: ` + keyOne + `}
deploy_keys:
  - {id: 4, key: ` + keyTwo + `}
agents:
  - {id: 5, name: prod, project: base/CLI}
`,
			[]string{
				`line 2: user "held": the username is that of group "held" (id 78)`,
				`line 3: user "ROOT": the username is that of user "ROOT" (id 1)`,
				`line 4: user "taken": its personal namespace has the number 77, which does not change; leave namespace_id out`,
				`line 5: user "new": namespace_id 78 is group "held"`,
				`line 6: user "newer": namespace_id 77 is the personal namespace of user "taken" (id 2)`,
				`line 8: group "kept": the path is that of group "kept" (id 79)`,
				`line 9: group "mine": id 76 is the personal namespace of user "root" (id 1)`,
				`line 10: group "base/sub": it would be below itself`,
				`line 12: project "base/cli": the path is that of project "base/cli" (id 3)`,
				`line 13: project "base/cli/below": above it is project "base/cli" (id 3), not a group or user`,
				`line 14: project "base/tools": the path is that of group "base/tools" (id 81)`,
				`line 16: key "5": the key itself is that of key "laptop" (id 4) of user "root" (id 1)`,
				`line 17: key "6": the id is that of deploy key 6`,
				`line 19: deploy key "4": the key itself is that of deploy key 6`,
				`line 21: agent "prod": its name in the project is that of agent "prod" (id 4)`,
			},
		},
		"other clashes with what is kept": {
			"groups:\n  - {path: Taken}\n  - {path: base/cli}\ndeploy_keys:\n  - {title: robot, key: " + keyThree + "}\n  - {id: 4, key: " + keyOne + "}\nusers:\n  - {username: a}\n  - {username: b, namespace_id: 82}\n",
			[]string{
				`line 2: group "Taken": the path is that of user "Taken" (id 2)`,
				`line 3: group "base/cli": the path is that of project "base/cli" (id 3)`,
				`line 5: deploy key "robot": the key itself is that of key "laptop" (id 4) of user "root" (id 1)`,
				`line 6: deploy key "4": the id is that of key "laptop" (id 4) of user "root" (id 1)`,
				`line 9: user "b": namespace_id 82 is the personal namespace of user "a" on line 8`,
			},
		},
		"no blame for what is still there": {
			"users:\n  - {id: 2, username: held}\n  - {username: taken}\ngroups:\n  - {id: 79, path: none/kept}\n  - {path: kept}\nmembers:\n  - {user: held, group: none/kept/sub, role: guest}\n",
			[]string{
				`line 2: user "held": the username is that of group "held" (id 78)`,
				`line 5: group "none/kept": there is no group "none" above it`,
			},
		},
		"e-mails of others": {
			"users:\n  - {username: taken, email: ROOT@example.com}\n  - {username: root, email: other@example.com}\n",
			[]string{`line 2: user "taken": its e-mail is that of user "root" (id 1)`},
		},
		"secondary e-mails of others": {
			"users:\n  - {username: taken, emails: [{email: ROOT@example.com}]}\n  - {username: root, email: other@example.com}\n",
			[]string{`line 2: user "taken": its e-mail "ROOT@example.com" is that of user "root" (id 1)`},
		},
		"no blame for an e-mail that would be free": {
			"users:\n  - {id: 1, username: held, email: other@example.com}\n  - {username: taken, email: root@example.com}\n",
			[]string{`line 2: user "held": the username is that of group "held" (id 78)`},
		},
		"a number below one that is free": {
			"groups:\n  - {path: new}\n  - {id: 82, path: new/below}\n",
			[]string{`line 2: group "new": it has the number 82 that group "new/below" asks for; give it one of its own`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			mustApply(t, store, "users:\n  - {id: 1, username: root, email: root@example.com, namespace_id: 76}\n  - {id: 2, username: taken, namespace_id: 77}\n"+
				"groups:\n  - {id: 78, path: held}\n  - {id: 79, path: kept}\n  - {id: 80, path: base}\n  - {id: 81, path: base/tools}\n"+
				"projects:\n  - {id: 3, path: base/cli}\nkeys:\n  - {id: 4, user: root, title: laptop, key: "+keyThree+"}\ndeploy_keys:\n  - {id: 6, creator: root, key: "+keyTwo+"}\n"+
				"agents:\n  - {id: 4, name: prod, project: base/cli}\nhooks:\n  - {id: 4, project: base/cli, url: \"https://ci.example.com/hook\"}\n")
			before := show(t, store, inventory.Names()...)
			_, err := apply(t, store, tt.text)
			found, ok := errors.AsType[worldimport.Mistakes](err)
			if !ok {
				t.Fatalf("got %v, want mistakes", err)
			}
			if diff := cmp.Diff(tt.want, strings.Split(found.Error(), "\n")); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, show(t, store, inventory.Names()...)); diff != "" {
				t.Errorf("store (-before +after):\n%s", diff)
			}
		})
	}
}

// Mistakes that a world file cannot contain are reported of other worlds,
// without blame for those who refer to it.
func TestApply_wrongInItself(t *testing.T) {
	t.Parallel()
	const nameRule = `is made of letters, digits, "_", "-" and "."; it begins with a letter, a digit or "_" and does not end in ".", ".git" or ".atom"`
	const pathRule = `is made of letters, digits, "_", "-" and "."; it does not begin with "-" and does not end in ".", ".git" or ".atom"`
	at := func(line int) worldimport.FileLine { return worldimport.FileLine{Line: line} }
	group := func(line int, path string) worldimport.Group {
		return worldimport.Group{FileLine: at(line), Namespace: source.Namespace{Path: path, Protocols: source.AllProtocols}, Visibility: source.Private}
	}
	project := func(line int, path string) worldimport.Project {
		return worldimport.Project{FileLine: at(line), Project: source.Project{Path: path}}
	}
	wrong := project(7, "acme/cli")
	wrong.Project.DefaultBranch, wrong.MovedFrom, wrong.Project.LegacyPath = "refs/heads/main", []source.Path{"../x"}, "a/../b"
	wrong.Protections = []worldimport.Protection{{Kind: source.Tag, Pattern: "refs/tags/v*"}}
	_, err := worldimport.New(memory.New().WorldImport, source.FullyProtected, now).Import(t.Context(), worldimport.World{
		Users:      []worldimport.User{{FileLine: at(1), User: identity.User{Username: "-dev"}}, {FileLine: at(2)}},
		Groups:     []worldimport.Group{group(3, "a b"), group(4, "a b/c")},
		Projects:   []worldimport.Project{project(5, "a b/c/d"), project(6, "-dev/e"), wrong},
		Members:    []worldimport.Member{{FileLine: at(8), User: "-dev", Group: "a b/c", Role: source.Guest}},
		DeployKeys: []worldimport.DeployKey{{FileLine: at(9), Creator: "-dev", Key: identity.Key{ID: 7}}},
	})
	want := worldimport.Mistakes{
		{Line: 1, Message: `user "-dev": a username ` + nameRule},
		{Line: 2, Message: `user "": a username ` + nameRule},
		{Line: 3, Message: `group "a b": each part of a path ` + pathRule},
		{Line: 4, Message: `group "a b/c": each part of a path ` + pathRule},
		{Line: 5, Message: `project "a b/c/d": each part of a path ` + pathRule},
		{Line: 6, Message: `project "-dev/e": each part of a path ` + pathRule},
		{Line: 7, Message: `project "acme/cli": its legacy path is no path`},
		{Line: 7, Message: `project "acme/cli": it cannot have moved from "../x"`},
		{Line: 7, Message: `project "acme/cli": its default branch: write main, not refs/heads/main`},
		{Line: 7, Message: `project "acme/cli": its protected tag: write v*, not refs/tags/v*`},
	}
	if diff := cmp.Diff(want, err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// A mistake in the last section undoes all the sections before.
func TestApply_lateMistake(t *testing.T) {
	t.Parallel()
	store := memory.New()
	_, err := apply(t, store, strings.Replace(full, "created_by: maint", "created_by: nobody", 1))
	want := worldimport.Mistakes{{Line: 26, Message: `there is no user "nobody"`}}
	if diff := cmp.Diff(want, err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if got := show(t, store, inventory.Names()...); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

// broken is a store whose memberships fail.
type broken struct {
	worldimport.Namespaces
	err error
}

func (b broken) PutMember(context.Context, identity.UserID, source.MemberSource, worldimport.Member) error {
	return b.err
}

func TestApply_storeFails(t *testing.T) {
	t.Parallel()
	store, failure := memory.New(), errors.New("disk full")
	inner := store.WorldImport
	unitOfWork := func(ctx context.Context, do func(worldimport.Tx) error) error {
		return inner(ctx, func(r worldimport.Tx) error {
			r.Namespaces = broken{r.Namespaces, failure}
			return do(r)
		})
	}
	mistaken := strings.Replace(full, "user: dev, title", "user: nobody, title", 1)
	_, err := worldimport.New(unitOfWork, source.FullyProtected, now).Import(t.Context(), parse(t, mistaken))
	if !errors.Is(err, failure) {
		t.Errorf("got %v, want the store's error, whatever mistakes there are", err)
	}
	if got := show(t, store, inventory.Names()...); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestApply_cancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := worldimport.New(memory.New().WorldImport, source.FullyProtected, now).Import(ctx, parse(t, full))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
