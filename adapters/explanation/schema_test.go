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
	"gatehouse/domain/identity"
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

func schema(t *testing.T) object {
	t.Helper()
	var root object
	if err := json.Unmarshal(explanation.Schema, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// Every object of the schema has the members of its struct, and all are required. The
// schema allows others, which a later release may add without another version.
func TestSchema_members(t *testing.T) {
	t.Parallel()
	root := schema(t)
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
	check("explanation", root, reflect.TypeFor[explanation.Explanation]())
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
	root := schema(t)
	roles := slices.Sorted(maps.Values(source.RoleNames))
	for member, want := range map[string][]string{
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
	} {
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
