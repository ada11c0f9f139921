package remembered_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/remembered"
)

func TestParameter_IsValid(t *testing.T) {
	t.Parallel()
	word := remembered.Parameter{Kind: remembered.Text, Words: []string{"on", "off"}}
	for name, tt := range map[string]struct {
		parameter remembered.Parameter
		value     any
		want      bool
	}{
		"a text":                {remembered.Parameter{Kind: remembered.Text}, "any", true},
		"a word":                {word, "off", true},
		"another word":          {word, "Off", false},
		"a number for a text":   {word, int64(1), false},
		"null":                  {word, nil, true},
		"a flag":                {remembered.Parameter{Kind: remembered.Flag}, false, true},
		"a text for a flag":     {remembered.Parameter{Kind: remembered.Flag}, "true", false},
		"a number":              {remembered.Parameter{Kind: remembered.Number}, int64(-1), true},
		"a fraction":            {remembered.Parameter{Kind: remembered.Number}, 1.5, false},
		"a flag for a number":   {remembered.Parameter{Kind: remembered.Number}, true, false},
		"a list for any of all": {remembered.Parameter{Kind: remembered.Text}, []any{"a"}, false},
	} {
		if got := tt.parameter.IsValid(tt.value); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestTable_Value(t *testing.T) {
	t.Parallel()
	table := remembered.Table{{Name: "a", Kind: remembered.Text, Default: "x"}, {Name: "b", Kind: remembered.Flag}}
	given := remembered.Values{"a": nil, "c": "y"}
	for name, want := range map[string]any{"a": nil, "b": nil, "c": "y", "d": nil} {
		if got := table.Value(given, name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := table.Value(nil, "a"); got != "x" {
		t.Errorf("the default: got %v", got)
	}
}

func TestValues_With(t *testing.T) {
	t.Parallel()
	old := remembered.Values{"a": "x", "b": true}
	got := old.With(remembered.Values{"b": false, "c": nil})
	if diff := cmp.Diff(remembered.Values{"a": "x", "b": false, "c": nil}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(remembered.Values{"a": "x", "b": true}, old); diff != "" {
		t.Errorf("the old ones changed (-want +got):\n%s", diff)
	}
	if got := (remembered.Values)(nil).With(nil); got != nil {
		t.Errorf("nothing and nothing: got %v", got)
	}
}

func TestBehind(t *testing.T) {
	t.Parallel()
	table := remembered.Table{{Name: "a", Kind: remembered.Text}}
	if _, ok := table.Behind("status_").Find("status_a"); !ok || table[0].Name != "a" {
		t.Errorf("got %v of %v", table.Behind("status_"), table)
	}
	values := remembered.Values{"a": "x"}
	if diff := cmp.Diff(remembered.Values{"status_a": "x"}, values.Behind("status_")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each default is a value that the parameter takes, and no name occurs twice.
func TestValues_Flat(t *testing.T) {
	t.Parallel()
	given := remembered.Values{"a": "x", "none": nil, "policy": map[string]any{"keep_n": int64(5), "deep": map[string]any{"on": true}}}
	want := remembered.Values{"a": "x", "none": nil, "policy.keep_n": int64(5), "policy.deep.on": true}
	if diff := cmp.Diff(want, given.Flat()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(given) != 3 {
		t.Error("the values have changed")
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	for name, table := range map[string]remembered.Table{
		"users": remembered.Users, "status": remembered.UserStatus, "groups": remembered.Groups,
		"projects": remembered.Projects, "policies": remembered.ContainerExpirationPolicies,
	} {
		var names []string
		for _, p := range table {
			if !p.IsValid(p.Default) || p.Words != nil && p.Kind != remembered.Text {
				t.Errorf("%s: %s does not take its default %v", name, p.Name, p.Default)
			}
			if slices.Contains(names, p.Name) {
				t.Errorf("%s: %s occurs twice", name, p.Name)
			}
			names = append(names, p.Name)
		}
	}
}
