package params

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
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
// the fields: "a is missing, b[c] is invalid".
//
// Behind the name a tag may say more. With "required" the parameter has to be
// there, null or not; with "filled" it must not be blank. An array of structs
// names its elements in refusals, as packs[1][expires_at], or with "unnumbered"
// does not; with "json" it may also be a text that holds JSON.
func (v Values) Decode(dst any) error {
	problems := members(v.tree, reflect.ValueOf(dst).Elem(), func(name string) string { return name })
	if problems == nil {
		return nil
	}
	return domain.Refuse(domain.Invalid, "%s", strings.Join(problems[:min(len(problems), maxNamed)], ", "))
}

// members fills the fields of a struct from a hash, and returns what is wrong,
// once each; call says what the request calls a member.
func members(tree map[string]any, target reflect.Value, call func(name string) string) (problems []string) {
	for _, f := range fieldsOf(target.Type()) {
		value, given := tree[f.name]
		f.called = call(f.name)
		for _, problem := range f.fill(value, given, target.FieldByIndex(f.index)) {
			if !slices.Contains(problems, problem) {
				problems = append(problems, problem)
			}
		}
	}
	return problems
}

// field is a parameter and where it goes.
type field struct {
	name  string
	index []int
	// required, filled, unnumbered and json are what the tag says.
	required, filled, unnumbered, json bool
	// called is the name in refusals.
	called string
}

var fields sync.Map // of []field, by reflect.Type

func fieldsOf(t reflect.Type) []field {
	if known, ok := fields.Load(t); ok {
		return known.([]field)
	}
	var found []field
	for _, f := range reflect.VisibleFields(t) {
		name, more, _ := strings.Cut(f.Tag.Get(tag), ",")
		if name == "" {
			continue
		}
		says := strings.Split(more, ",")
		found = append(found, field{
			name: name, index: f.Index, required: slices.Contains(says, "required"), filled: slices.Contains(says, "filled"),
			unnumbered: slices.Contains(says, "unnumbered"), json: slices.Contains(says, "json"),
		})
	}
	fields.Store(t, found)
	return found
}

// fill returns what is wrong with a value, and puts it into target if nothing is.
func (f field) fill(value any, given bool, target reflect.Value) (problems []string) {
	if f.required && !given {
		problems = append(problems, f.called+" is missing")
	}
	if text, isText := value.(string); f.filled && (value == nil || isText && strings.TrimSpace(text) == "") {
		return append(problems, f.called+" is empty")
	}
	switch list := isList(target.Type()); {
	case !given && f.required && list && f.unnumbered: // Rails goes on to miss what is in it
		return append(problems, members(nil, reflect.New(target.Type().Elem()).Elem(), f.member(0))...)
	case list && (value != nil || given && f.required):
		return f.fillList(value, target)
	case value == nil:
		return problems
	}
	for _, name := range f.decode(value, target) {
		problems = append(problems, name+" is invalid")
	}
	return problems
}

// isList says whether t is an array of structs.
func isList(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && t.Elem() != dateType
}

// element says what the nth element is called.
func (f field) element(n int) string {
	if f.unnumbered {
		return f.called
	}
	return f.called + "[" + strconv.Itoa(n) + "]"
}

// member says what a member of the nth element is called.
func (f field) member(n int) func(string) string {
	return func(name string) string { return f.element(n) + "[" + name + "]" }
}

func (f field) fillList(value any, target reflect.Value) (problems []string) {
	if text, isText := value.(string); isText && f.json {
		value = fromText(text)
	}
	elements, ok := value.([]any)
	if !ok {
		return []string{f.called + " is invalid"}
	}
	list := reflect.MakeSlice(target.Type(), len(elements), len(elements))
	for i, element := range elements {
		hash, ok := element.(map[string]any)
		if !ok {
			problems = append(problems, f.element(i)+" is invalid")
			continue
		}
		problems = append(problems, members(hash, list.Index(i), f.member(i))...)
	}
	target.Set(list)
	return problems
}

// fromText is the array in a text that is JSON; one object is an array of one.
func fromText(text string) any {
	decoder := json.NewDecoder(&counter{Reader: strings.NewReader(text)})
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil // something is behind it
	}
	if hash, ok := value.(map[string]any); ok {
		return []any{hash}
	}
	return value
}

// decode returns the names of what did not fit into target. A scalar does without
// mapstructure, which takes eight times as long for a request made of scalars.
func (f field) decode(value any, target reflect.Value) []string {
	wanted := target.Type()
	if wanted.Kind() == reflect.Pointer {
		wanted = wanted.Elem()
	}
	if !isScalar(wanted) {
		return f.decodeTree(value, target)
	}
	data, err := loose(reflect.ValueOf(value), target)
	if err != nil {
		return []string{f.called}
	}
	if data == nil {
		return nil
	}
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(wanted))
		target = target.Elem()
	}
	target.Set(reflect.ValueOf(data).Convert(wanted))
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
	bound.RootName, bound.Result = f.called, target.Addr().Interface()
	decoder, err := mapstructure.NewDecoder(&bound)
	if err != nil {
		return []string{f.called}
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
