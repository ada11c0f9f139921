package clients_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// list is a list and what each role sees in it.
type list struct {
	path string
	// name is the member by which the items are known.
	name string
	// want are the names in any order, with blanks between them, for each of roles; "-" if
	// the role may not see the list at all, "?" if any answer will do.
	want [7]string
}

const (
	allGroups   = "acme acme/strict acme/sub partners friends open inside secret"
	allProjects = "acme/app acme/sub/lib open/site inside/wiki developer/own partners/plan"
	ofAcme      = "owner maintainer developer guest member"
)

var lists = []list{
	{"/groups", "full_path", [7]string{
		allGroups, "acme acme/strict acme/sub partners open inside", "acme acme/strict acme/sub open inside", "acme acme/strict acme/sub open inside",
		"acme acme/strict acme/sub open inside", "open inside", "open",
	}},
	{"/groups?owned=true", "full_path", [7]string{"", "acme acme/strict acme/sub partners", "", "", "", "", "?"}},
	{"/groups?min_access_level=40", "full_path", [7]string{"", "acme acme/strict acme/sub partners", "acme acme/strict acme/sub", "", "", "", "?"}},
	{"/groups?top_level_only=true", "full_path", [7]string{
		"acme partners friends open inside secret", "acme partners open inside", "acme open inside", "acme open inside",
		"acme open inside", "open inside", "open",
	}},
	{"/groups?search=sec", "full_path", [7]string{"secret", "", "", "", "", "", ""}},
	{"/groups?visibility=private", "full_path", [7]string{
		"acme acme/strict acme/sub partners friends secret", "acme acme/strict acme/sub partners", "acme acme/strict acme/sub", "acme acme/strict acme/sub", "acme acme/strict acme/sub", "", "",
	}},
	{"/groups?skip_groups=20,24", "full_path", [7]string{
		"acme/strict acme/sub partners friends inside secret", "acme/strict acme/sub partners inside", "acme/strict acme/sub inside", "acme/strict acme/sub inside", "acme/strict acme/sub inside", "inside", "",
	}},
	{"/groups/20/subgroups", "full_path", [7]string{"acme/strict acme/sub", "acme/strict acme/sub", "acme/strict acme/sub", "acme/strict acme/sub", "acme/strict acme/sub", "-", "-"}},
	{"/groups/20/descendant_groups", "full_path", [7]string{"acme/strict acme/sub", "acme/strict acme/sub", "acme/strict acme/sub", "acme/strict acme/sub", "acme/strict acme/sub", "-", "-"}},
	{"/projects", "path_with_namespace", [7]string{
		allProjects, "acme/app acme/sub/lib open/site inside/wiki partners/plan", "acme/app acme/sub/lib open/site inside/wiki",
		"acme/app acme/sub/lib open/site inside/wiki developer/own", "acme/app acme/sub/lib open/site inside/wiki",
		"open/site inside/wiki", "open/site",
	}},
	{"/projects?membership=true", "path_with_namespace", [7]string{
		"", "acme/app acme/sub/lib partners/plan", "acme/app acme/sub/lib", "acme/app acme/sub/lib developer/own", "acme/app acme/sub/lib", "", "?",
	}},
	{"/projects?min_access_level=30", "path_with_namespace", [7]string{
		"", "acme/app acme/sub/lib partners/plan", "acme/app acme/sub/lib", "acme/app acme/sub/lib developer/own", "", "", "?",
	}},
	{"/projects?owned=true", "path_with_namespace", [7]string{"", "acme/app acme/sub/lib partners/plan", "", "developer/own", "", "", "?"}},
	{"/projects?search=li", "path_with_namespace", [7]string{"acme/sub/lib", "acme/sub/lib", "acme/sub/lib", "acme/sub/lib", "acme/sub/lib", "", ""}},
	{"/projects?search=plan", "path_with_namespace", [7]string{"partners/plan", "partners/plan", "", "", "", "", ""}},
	{"/users/4/projects", "path_with_namespace", [7]string{"developer/own", "", "", "developer/own", "", "", "-"}},
	{"/groups/20/projects", "path_with_namespace", [7]string{"acme/app", "acme/app", "acme/app", "acme/app", "acme/app", "-", "-"}},
	{"/groups/20/projects?include_subgroups=true", "path_with_namespace", [7]string{
		"acme/app acme/sub/lib", "acme/app acme/sub/lib", "acme/app acme/sub/lib", "acme/app acme/sub/lib", "acme/app acme/sub/lib", "-", "-",
	}},
	{"/groups/24/projects", "path_with_namespace", [7]string{"open/site", "open/site", "open/site", "open/site", "open/site", "open/site", "open/site"}},
	{"/groups/20/members", "username", [7]string{ofAcme, ofAcme, ofAcme, ofAcme, ofAcme, "-", "-"}},
	{"/groups/21/members", "username", [7]string{"", "", "", "", "", "-", "-"}},
	{"/groups/21/members/all", "username", [7]string{ofAcme + " factor", ofAcme + " factor", ofAcme + " factor", ofAcme + " factor", ofAcme + " factor", "-", "-"}},
	{"/projects/30/members", "username", [7]string{"member", "member", "member", "member", "member", "-", "-"}},
	{"/projects/30/members/all", "username", [7]string{ofAcme + " factor", ofAcme + " factor", ofAcme + " factor", ofAcme + " factor", ofAcme + " factor", "-", "-"}},
	{"/projects/30/members?query=mem", "username", [7]string{"member", "member", "member", "member", "member", "-", "-"}},
	{"/users?username=member", "username", [7]string{"member", "member", "member", "member", "member", "member", "member"}},
	{"/users?search=newcomer@example.com", "username", [7]string{"newcomer", "", "", "", "", "", "-"}}, // the address is not public
	{"/users?search=newcomer", "username", [7]string{"newcomer", "newcomer", "newcomer", "newcomer", "newcomer", "newcomer", "-"}},
	{"/users/7/keys", "title", [7]string{"desk", "desk", "desk", "desk", "desk", "desk", "-"}},
	{"/user/keys", "title", [7]string{"", "", "", "laptop", "", "", "-"}},
	{"/personal_access_tokens?user_id=4&search=spare", "name", [7]string{"to spare", "-", "-", "to spare", "-", "-", "-"}},
	{"/personal_access_tokens?state=active&search=role", "name", [7]string{
		"of the role of the role of the role of the role of the role of the role", "of the role", "of the role", "of the role", "of the role", "of the role", "-",
	}},
	{"/search?scope=projects&search=sub/li", "path_with_namespace", [7]string{"acme/sub/lib", "acme/sub/lib", "acme/sub/lib", "acme/sub/lib", "acme/sub/lib", "", "-"}},
	{"/namespaces?search=acme", "full_path", [7]string{"acme", "acme", "acme", "acme", "acme", "", "-"}},
	{"/namespaces?search=acme/su&full_path_search=true", "full_path", [7]string{"acme/sub", "acme/sub", "acme/sub", "acme/sub", "acme/sub", "", "-"}},
}

// TestRoutes_lists reads each list in each role.
func TestRoutes_lists(t *testing.T) {
	onBackends(t, func(t *testing.T, b backend) {
		b.with(func(g graph) {
			for _, l := range lists {
				for i, who := range roles {
					l.check(t, g, who, l.want[i])
				}
			}
		})
	})
}

func (l list) check(t *testing.T, g graph, who role, want string) {
	t.Helper()
	got := g.call(http.MethodGet, l.path, "", who.token()...)
	var items []map[string]any
	err := json.Unmarshal([]byte(got.body), &items)
	switch {
	case want == "?":
		return
	case want == "-":
		if got.status < 400 {
			t.Errorf("%s as %s: got %s, want a refusal", l.path, who, got)
		}
		return
	case err != nil || got.status != http.StatusOK:
		t.Errorf("%s as %s: got %s", l.path, who, got)
		return
	}
	var names []string
	for _, item := range items {
		name, _ := item[l.name].(string)
		names = append(names, strings.Fields(name)...)
	}
	sorted := cmpopts.SortSlices(strings.Compare)
	if diff := cmp.Diff(strings.Fields(want), names, sorted, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s as %s (-want +got):\n%s", l.path, who, diff)
	}
	if total := got.header.Get("X-Total"); len(items) < 20 && total != count(items) {
		t.Errorf("%s as %s: %d items, X-Total %q", l.path, who, len(items), total)
	}
}

// count returns the length of a list as a header has it.
func count(items []map[string]any) string {
	text, _ := json.Marshal(len(items)) // a number does not fail
	return string(text)
}

// shown is a member of an entity that not every role sees. For the others it is absent, or
// null.
type shown struct {
	path, member string
	// to has a letter for each of roles: y if it sees the member, n if not, - if it sees
	// not even the entity.
	to string
}

// shownMembers are for the users and groups of the world.
var shownMembers = []shown{
	{"/users/7", "username", "yyyyyy-"},
	{"/users/7", "created_at", "yyyyyy-"},
	{"/users/7", "email", "ynnnnn-"},
	{"/users/7", "is_admin", "ynnnnn-"},
	{"/users/7", "note", "ynnnnn-"},
	{"/users/7", "namespace_id", "ynnnnn-"},
	{"/users/7", "two_factor_enabled", "ynnnnn-"},
	{"/user", "email", "yyyyyy-"},
	{"/user", "is_admin", "ynnnnn-"},
	{"/user", "note", "ynnnnn-"},
	{"/users?username=member", "web_url", "yyyyyyy"},
	{"/users?username=member", "email", "ynnnnnn"},
	{"/users?username=member", "created_at", "ynnnnnn"},
	{"/groups/20", "runners_token", "yynnn--"},
	{"/groups/20/members", "membership_state", "yyyyy--"},
	{"/groups/20/members", "email", "yynnn--"},
	{"/projects/30/members", "email", "yynnn--"},
	{"/projects/30", "permissions", "yyyyy--"},
	{"/projects/30", "repository_storage", "ynnnn--"},
	{"/projects/32", "permissions", "yyyyyyn"},
	{"/projects/32", "id", "yyyyyyy"},
	{"/namespaces/20", "members_count_with_descendants", "yynnn--"},
}

// TestRoutes_members reads entities in each role.
func TestRoutes_members(t *testing.T) {
	onBackends(t, func(t *testing.T, b backend) {
		b.with(func(g graph) {
			for _, s := range shownMembers {
				for i, who := range roles {
					if got := s.seenBy(g, who); got != s.to[i] && (got != 'o' || s.to[i] == '-') {
						t.Errorf("%s of %s as %s: got %c, want %c", s.member, s.path, who, got, s.to[i])
					}
				}
			}
		})
	})
}

// seenBy returns the letter of a role, or o if the member is null.
func (s shown) seenBy(g graph, who role) byte {
	got := g.call(http.MethodGet, s.path, "", who.token()...)
	if got.status != http.StatusOK {
		return '-'
	}
	text := strings.TrimSuffix(strings.TrimPrefix(got.body, "["), "]")
	decoder := json.NewDecoder(strings.NewReader(text)) // the first item of a list
	var entity map[string]any
	if decoder.Decode(&entity) != nil {
		return '-'
	}
	switch value, ok := entity[s.member]; {
	case !ok:
		return 'n'
	case value == nil:
		return 'o'
	default:
		return 'y'
	}
}

// TestRoutes_codeHidden reads the default branch: only who may read the code sees it.
func TestRoutes_codeHidden(t *testing.T) {
	onBackends(t, func(t *testing.T, b backend) {
		b.with(func(g graph) {
			for i, want := range []any{"main", "main", "main", "main", nil} { // a guest reads no code of a private project
				var project struct {
					DefaultBranch any `json:"default_branch"`
				}
				got := g.call(http.MethodGet, "/projects/30", "", roles[i].token()...)
				if err := json.Unmarshal([]byte(got.body), &project); err != nil || project.DefaultBranch != want {
					t.Errorf("%s: got %v, %v, want %v", roles[i], project.DefaultBranch, err, want)
				}
			}
		})
	})
}
