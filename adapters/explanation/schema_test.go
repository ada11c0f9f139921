package explanation_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/explanation"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// object is a part of the schema.
type object struct {
	Type       any
	Enum       []string
	Ref        string `json:"$ref"`
	Items      *object
	OneOf      []object
	Properties map[string]object
	Required   []string
	Additional any               `json:"additionalProperties"`
	Defs       map[string]object `json:"$defs"`
}

func schema(t *testing.T, text []byte) object {
	t.Helper()
	var root object
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// Every object of the schema has the members of its struct, and all are required. The
// schema allows others, which a later release may add without another version.
func TestSchema_members(t *testing.T) {
	t.Parallel()
	checkMembers(t, explanation.Schema, reflect.TypeFor[explanation.Explanation]())
	checkMembers(t, explanation.RightSchema, reflect.TypeFor[explanation.Right]())
}

func checkMembers(t *testing.T, text []byte, form reflect.Type) {
	t.Helper()
	root := schema(t, text)
	seen := map[string]bool{}
	var check func(name string, o object, of reflect.Type)
	check = func(name string, o object, of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if o.Items != nil {
			o = *o.Items
		}
		if len(o.OneOf) > 0 {
			o = o.OneOf[0]
		}
		if def, ok := strings.CutPrefix(o.Ref, "#/$defs/"); ok {
			name, o = def, root.Defs[def]
		}
		if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() || seen[name] {
			return
		}
		seen[name] = true
		var members []string
		for i := range of.NumField() {
			member := of.Field(i).Tag.Get("json")
			members = append(members, member)
			check(member, o.Properties[member], of.Field(i).Type)
		}
		slices.Sort(members)
		if diff := cmp.Diff(members, slices.Sorted(maps.Keys(o.Properties))); diff != "" {
			t.Errorf("%s: the properties (-struct +schema):\n%s", name, diff)
		}
		if diff := cmp.Diff(members, slices.Sorted(slices.Values(o.Required))); diff != "" {
			t.Errorf("%s: the required ones (-struct +schema):\n%s", name, diff)
		}
		if o.Additional != nil {
			t.Errorf("%s: a reader with this schema refuses what a later release adds to the version", name)
		}
	}
	check(form.Name(), root, form)
	for name := range root.Defs {
		if !seen[name] {
			t.Errorf("nothing uses the definition %s", name)
		}
	}
}

// words returns a list of texts, and more.
func words[T ~string](list []T, more ...string) []string {
	for _, word := range list {
		more = append(more, string(word))
	}
	return more
}

// The schema lists the values that the program knows.
func TestSchema_enums(t *testing.T) {
	t.Parallel()
	var roles []string
	for _, role := range source.Roles() {
		roles = append(roles, role.String())
	}
	checkEnums(t, explanation.RightSchema, map[string][]string{
		" kind":       words(domain.Kinds, ""),
		" right":      words(rights.Rights()),
		"actor state": words(identity.States, ""),
		"actor role":  append(slices.Clone(roles), ""),
		"change verb": {string(audit.Create), string(audit.Update), string(audit.Delete)},
		"change old":  roles, "change new": roles, "change inherited": append(slices.Clone(roles), ""),
		"on kind":       {string(rights.Instance), string(rights.User), string(rights.Group), string(rights.Project)},
		"on visibility": words(source.Visibilities, ""),
		"rule outcome":  {string(rights.Passed), string(rights.Refused)},
	})
	checkEnums(t, explanation.Schema, map[string][]string{
		" kind":                 words(domain.Kinds, ""),
		"hint kind":             words(source.HintKinds),
		"role_source kind":      words(source.RoleSourceKinds),
		"role_source role":      roles,
		"membership role":       roles,
		"share role":            roles,
		"actor role":            roles,
		"membership state":      words(worldimport.MemberStates),
		"actor state":           words(identity.States, ""),
		"actor key_type":        {"", string(identity.UserKey), string(identity.DeployKey)},
		"repository visibility": words(source.Visibilities, ""),
		"rule outcome":          words([]source.Outcome{source.Passed, source.Skipped, source.Refused, source.Undecided, source.Unanswered, source.NotReached}),
		"access role":           append(slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return r == "none" }), "", "no_one", "admin"),
	})
}

func checkEnums(t *testing.T, text []byte, enums map[string][]string) {
	t.Helper()
	root := schema(t, text)
	for member, want := range enums {
		def, name, _ := strings.Cut(member, " ")
		o := root
		if def != "" {
			o = root.Defs[def]
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(o.Properties[name].Enum))); diff != "" {
			t.Errorf("%s (-program +schema):\n%s", member, diff)
		}
	}
}
