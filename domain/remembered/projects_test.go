package remembered_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/remembered"
)

// Each old switch stands for a level that is remembered, and is not remembered itself.
func TestSwitches(t *testing.T) {
	t.Parallel()
	for old, level := range remembered.Switches() {
		if _, ok := remembered.Projects.Find(level); !ok {
			t.Errorf("%s stands for %s, which is not there", old, level)
		}
		if _, ok := remembered.Projects.Find(old); ok {
			t.Errorf("%s is there beside %s", old, level)
		}
	}
}

func TestProjects_IsValid(t *testing.T) {
	t.Parallel()
	find := func(name string) remembered.Parameter {
		p, _ := remembered.Projects.Find(name)
		return p
	}
	for _, c := range []struct {
		name  string
		value any
		want  bool
	}{
		{"issues_access_level", "private", true},
		{"issues_access_level", "public", false},
		{"pages_access_level", "public", true},
		{"issues_access_level", true, false},
		{"build_timeout", int64(1), true},
		{"build_timeout", "1", false},
		{"mirror", false, true},
		{"mirror", nil, true},
		{"ci_config_path", "any text", true},
		{"container_expiration_policy", map[string]any{"cadence": "1d"}, true},
		{"container_expiration_policy", "1d", false},
	} {
		if got := find(c.name).IsValid(c.value); got != c.want {
			t.Errorf("%s: %v: got %t", c.name, c.value, got)
		}
	}
}

func TestProjectValues(t *testing.T) {
	t.Parallel()
	given := remembered.Values{
		"issues_access_level": "disabled", "snippets_access_level": "private", "emails_enabled": false, "public_jobs": false, "build_timeout": int64(60),
		"container_expiration_policy": map[string]any{"keep_n": int64(5)},
	}
	got := remembered.ProjectValues(given)
	for name, want := range map[string]any{
		"issues_access_level": "disabled", "issues_enabled": false, "snippets_enabled": true, "merge_requests_enabled": true,
		"emails_enabled": false, "emails_disabled": true, "public_jobs": false, "public_builds": false, "build_timeout": int64(60),
		"merge_method": "merge", "allow_merge_on_skipped_pipeline": nil,
	} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
	for name := range got {
		if _, ok := remembered.ProjectMembers.Find(name); !ok {
			t.Errorf("%s is none of the members", name)
		}
	}
	if len(got) != len(remembered.ProjectMembers) {
		t.Errorf("got %d values of %d members", len(got), len(remembered.ProjectMembers))
	}
	policy := map[string]any{
		"cadence": "1d", "enabled": false, "keep_n": int64(5), "older_than": "90d", "name_regex": ".*", "name_regex_keep": nil,
	}
	if diff := cmp.Diff(policy, got["container_expiration_policy"]); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	if len(given) != 6 {
		t.Error("the values have changed")
	}
}
