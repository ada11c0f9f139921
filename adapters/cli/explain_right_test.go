package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplain_right(t *testing.T) {
	t.Parallel()
	database, schema := filledWith(t, explained), compiled(t, gatehouse(t, "", "explain", "--may", "--schema"))
	for name, tt := range map[string]struct {
		args []string
		want []string
	}{
		"refused by the role": {
			[]string{"--may", "admin_group_member", "--user", "Rubi", "--on", "GNUwget"},
			[]string{
				"verdict refused (forbidden): the role in the group is developer, and it takes owner, by the rule role_owner\n", "right admin_group_member\n",
				"who user 7 rubi, active\n", "role developer\n", "on group 30 gnuwget, public\n",
				"signed_in passed -\n", "role_owner refused the role in the group is developer, and it takes owner\n",
			},
		},
		"allowed":       {[]string{"--may", "read_project_member", "--user", "rubi", "--on", "gnuwget/wget2"}, []string{"verdict allowed: no rule refuses\n", "on project 3 gnuwget/wget2, public\n"}},
		"administrator": {[]string{"--may", "admin_all_resources", "--user", "root"}, []string{"allowed", "user 1 root, active, administrator\n", "on the instance\n"}},
		"blocked":       {[]string{"--may", "read_users_list", "--user", "bob"}, []string{"refused (forbidden): Your account has been blocked., by the rule user\n", "user 8 bob, blocked\n"}},
		"anonymous":     {[]string{"--may", "read_group_member", "--on", "gnuwget"}, []string{"refused (unauthenticated)", "who a request without a token\n"}},
		"hidden":        {[]string{"--may", "read_project", "--on", "vault/keep"}, []string{"refused (not found): the project is private, and the role in it is none, by the rule visible\n"}},
		"absent":        {[]string{"--may", "read_project", "--on", "vault/none"}, []string{"there is no such project", "on project vault/none, which does not exist\n"}},
		"new member":    {[]string{"--may", "admin_group_member", "--user", "root", "--on", "vault", "--member", "bob", "--to", "developer"}, []string{"allowed", "change user 8 bob, a new developer\n", "expires_at passed -\n"}},
		"member raised": {
			[]string{"--may", "admin_group_member", "--user", "root", "--on", "gnuwget", "--member", "Rubi", "--to", "owner"},
			[]string{"allowed", "change user 7 rubi, from developer to owner\n"},
		},
		"below what is inherited": {
			[]string{"--may", "admin_project_member", "--user", "root", "--on", "gnuwget/wget2", "--member", "rubi", "--to", "guest"},
			[]string{
				"refused (unprocessable): access_level should be greater than or equal to Developer inherited membership from group gnuwget, by the rule inherited\n",
				"change user 7 rubi, a new guest, developer by the group gnuwget\n",
			},
		},
		"member removed by a developer": {
			[]string{"--may", "admin_group_member", "--user", "rubi", "--on", "gnuwget", "--member", "rubi", "--to", "none"},
			[]string{"allowed", "change user 7 rubi, removed as developer\n", "leave passed every member may leave\n"},
		},
		"group by number":   {[]string{"--may", "read_group", "--user", "rubi", "--on", "31"}, []string{"allowed", "on group 31 vault, private\n"}},
		"project by number": {[]string{"--may", "read_project", "--user", "rubi", "--on", "4"}, []string{"allowed", "on project 4 vault/keep, private\n"}},
		"number of none":    {[]string{"--may", "read_project", "--user", "rubi", "--on", "0"}, []string{"there is no such project", "on project 0, which does not exist\n"}},
		"moved":             {[]string{"--may", "read_project", "--user", "rubi", "--on", "GNUwget/old"}, []string{"there is no such project", "on project GNUwget/old, which has moved to gnuwget/wget2\n"}},
		"member by number":  {[]string{"--may", "admin_group_member", "--user", "root", "--on", "31", "--member", "bob", "--to", "developer"}, []string{"allowed", "on group 31 vault, private\n", "change user 8 bob, a new developer\n"}},
		"right on users":    {[]string{"--may", "update_user", "--user", "rubi", "--on", "bob"}, []string{"refused (forbidden)", "on user 8 bob\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := squeeze(gatehouse(t, "", append([]string{"explain", database}, tt.args...)...))
			validate(t, schema, gatehouse(t, "", append([]string{"explain", database, "--json"}, tt.args...)...))
			for _, want := range tt.want {
				if !strings.Contains(out, squeeze(want)) {
					t.Errorf("%q is missing:\n%s", want, out)
				}
			}
		})
	}
}

func TestExplain_rightJSON(t *testing.T) {
	t.Parallel()
	out := gatehouse(t, "", "explain", filledWith(t, explained), "--may", "create_subgroup", "--user", "rubi", "--on", "vault", "--json")
	var got any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"version": 1.0, "right": "create_subgroup", "allowed": false, "kind": "forbidden", "message": "the role in the group is reporter, and it takes maintainer or more, by its subgroup_creation_level",
		"rule": "subgroup_creation_level", "change": nil,
		"actor": map[string]any{"id": 7.0, "username": "rubi", "state": "active", "admin": false, "external": false, "role": "reporter"},
		"on":    map[string]any{"kind": "group", "id": 31.0, "path": "vault", "visibility": "private", "moved_to": ""},
		"rules": []any{
			map[string]any{"rule": "user", "outcome": "passed", "message": ""},
			map[string]any{"rule": "signed_in", "outcome": "passed", "message": ""},
			map[string]any{"rule": "visible", "outcome": "passed", "message": ""},
			map[string]any{"rule": "subgroup_creation_level", "outcome": "refused", "message": "the role in the group is reporter, and it takes maintainer or more, by its subgroup_creation_level"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExplain_memberJSON(t *testing.T) {
	t.Parallel()
	out := gatehouse(t, "", "explain", filledWith(t, explained), "--may", "admin_project_member", "--user", "root", "--on", "gnuwget/wget2", "--member", "rubi", "--to", "maintainer", "--json")
	var got struct {
		Allowed bool
		Change  any
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"verb": "create", "member": map[string]any{"id": 7.0, "username": "rubi"}, "old": "none", "new": "maintainer",
		"inherited": "developer", "inherited_from": "gnuwget",
	}
	if diff := cmp.Diff(want, got.Change); diff != "" || !got.Allowed {
		t.Errorf("got allowed %t (-want +got):\n%s", got.Allowed, diff)
	}
}

func TestExplain_rightRefused(t *testing.T) {
	t.Parallel()
	database := filledWith(t, explained)
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown right":          {[]string{"--may", "fly"}, 2, `--may "fly" is no right; there are read_users_list, `},
		"nothing to be on":       {[]string{"--may", "read_group"}, 2, "--may read_group is a right on a group: name it by --on"},
		"instance has no --on":   {[]string{"--may", "create_group", "--on", "gnuwget"}, 2, "--on has no effect"},
		"on without a right":     {[]string{"--on", "gnuwget"}, 2, "--on is for a right: name it by --may"},
		"user without a name":    {[]string{"--may", "create_group", "--user", ""}, 2, "--user is empty"},
		"unknown user":           {[]string{"--may", "create_group", "--user", "eve"}, 1, `there is no user "eve"`},
		"together with a key":    {[]string{"--may", "create_group", "--key", "7"}, 2, "--may does not go with --key: a right is a user's: name them by --user"},
		"together with project":  {[]string{"--may", "create_group", "--project", "gnuwget/wget2"}, 2, "name the project that the right is on by --on"},
		"by a number":            {[]string{"--may", "create_group", "--user-id", "7"}, 2, "name the user by --user"},
		"member without a role":  {[]string{"--may", "admin_group_member", "--on", "vault", "--member", "bob"}, 2, "--member and --to go together: give both"},
		"member without a right": {[]string{"--member", "bob", "--to", "guest"}, 2, "--member is for a right: name it by --may"},
		"empty member":           {[]string{"--may", "admin_group_member", "--on", "vault", "--member", "", "--to", "guest"}, 2, "--member is empty"},
		"unknown role":           {[]string{"--may", "admin_group_member", "--on", "vault", "--member", "bob", "--to", "king"}, 2, `--to "king" is no role; there are none, minimal, guest, `},
		"right not on members":   {[]string{"--may", "read_group", "--on", "vault", "--member", "bob", "--to", "guest"}, 2, "--member has no effect"},
		"unknown member":         {[]string{"--may", "admin_group_member", "--user", "root", "--on", "vault", "--member", "eve", "--to", "guest"}, 1, `there is no user "eve"`},
		"no membership to lose":  {[]string{"--may", "admin_group_member", "--user", "root", "--on", "vault", "--member", "bob", "--to", "none"}, 1, `user "bob" has no membership of their own there`},
	} {
		got := run(t.Context(), "", append([]string{"explain", database}, tt.args...)...)
		if got.code != tt.code || !strings.Contains(got.err, tt.want) {
			t.Errorf("%s: got %d, %s, want %d, %s", name, got.code, got.err, tt.code, tt.want)
		}
	}
}
