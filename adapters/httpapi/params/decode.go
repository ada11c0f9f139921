package params

import (
	"reflect"
	"strings"
	"sync"

	"github.com/go-viper/mapstructure/v2"

	"gatehouse/domain"
)

// maxNamed bounds how many parameters one refusal names.
const maxNamed = 10

// Decode fills the fields of the struct that dst points to from the parameters
// in their tags (`param:"key_id"`); embedded structs are filled likewise. Text,
// numbers and booleans stand for each other where they can, and one value stands
// for an array of one. A field stays as it is if its parameter is absent, null,
// or blank where no text is wanted. What does not fit is refused, in the order of
// the fields: "a is invalid, b[c] is invalid".
func (v Values) Decode(dst any) error {
	target := reflect.ValueOf(dst).Elem()
	var problems []string
	for _, f := range fieldsOf(target.Type()) {
		value := v.tree[f.name]
		if value == nil {
			continue
		}
		for _, name := range f.decode(value, target.FieldByIndex(f.index)) {
			problems = append(problems, name+" is invalid")
		}
	}
	if problems == nil {
		return nil
	}
	return domain.Refuse(domain.Invalid, "%s", strings.Join(problems[:min(len(problems), maxNamed)], ", "))
}

// field is a parameter and where it goes.
type field struct {
	name  string
	index []int
}

var fields sync.Map // of []field, by reflect.Type

func fieldsOf(t reflect.Type) []field {
	if known, ok := fields.Load(t); ok {
		return known.([]field)
	}
	var found []field
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get(tag); name != "" {
			found = append(found, field{name, f.Index})
		}
	}
	fields.Store(t, found)
	return found
}

// decode returns the names of what did not fit into target. A scalar does without
// mapstructure, which takes eight times as long for a request made of scalars.
func (f field) decode(value any, target reflect.Value) []string {
	if !isScalar(target.Type()) {
		return f.decodeTree(value, target)
	}
	data, err := loose(reflect.ValueOf(value), target)
	if err != nil {
		return []string{f.name}
	}
	if data != nil {
		target.Set(reflect.ValueOf(data).Convert(target.Type()))
	}
	return nil
}

const tag = "param"

var config = mapstructure.DecoderConfig{
	TagName:              tag,
	IgnoreUntaggedFields: true,
	Squash:               true,
	DecodeHook:           mapstructure.DecodeHookFuncValue(loose),
	MatchName:            func(string, string) bool { return false }, // exact names only
}

func (f field) decodeTree(value any, target reflect.Value) []string {
	bound := config
	bound.RootName, bound.Result = f.name, target.Addr().Interface()
	decoder, err := mapstructure.NewDecoder(&bound)
	if err != nil {
		return []string{f.name}
	}
	return culprits(decoder.Decode(value))
}

// culprits returns the names in mapstructure's errors.
func culprits(err error) []string {
	switch err := err.(type) {
	case *mapstructure.DecodeError:
		return []string{railsName(err.Name())}
	case interface{ Unwrap() []error }:
		var names []string
		for _, err := range err.Unwrap() {
			names = append(names, culprits(err)...)
		}
		return names
	case interface{ Unwrap() error }:
		return culprits(err.Unwrap())
	default:
		return nil
	}
}

// railsName writes packs[1].expires_at as packs[1][expires_at].
func railsName(name string) string {
	head, members, nested := strings.Cut(name, ".")
	if !nested {
		return name
	}
	for member := range strings.SplitSeq(members, ".") {
		key, index, _ := strings.Cut(member, "[")
		head += "[" + key + "]"
		if index != "" {
			head += "[" + index
		}
	}
	return head
}
