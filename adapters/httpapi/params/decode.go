package params

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-viper/mapstructure/v2"

	"gatehouse/domain"
)

// maxNamed bounds how many parameters one refusal names.
const maxNamed = 50

const (
	isMissing = "is missing"
	isEmpty   = "is empty"
)

// Decode fills the fields of the struct that dst points to from the parameters
// in their tags (`param:"key_id"`); embedded structs are filled likewise. Text,
// numbers and booleans stand for each other where they can, and one value stands
// for an array of one. A field stays as it is if its parameter is absent, null,
// or blank and the field is no text. Decode refuses values that do not fit, in the
// order of the fields and at any depth: "a is missing, b[c] is invalid".
//
// Options follow the name in a tag. With "required" the parameter must be
// present, and not null unless the field is a pointer; with "filled" it must
// not be empty text or an empty array either. With "present" an absent
// parameter is refused as empty, too, as Rails does. With "array" one value
// does not stand for an array of scalars. An array of structs must be an array
// anyway. Refusals number its elements, as in packs[1][expires_at], unless it
// is "unnumbered"; with "json" it may also be a text that holds JSON.
func (v Values) Decode(dst any) error {
	problems := members(v.tree, reflect.ValueOf(dst).Elem(), func(name string) string { return name })
	if problems == nil {
		return nil
	}
	return domain.Refuse(domain.Invalid, "%s", strings.Join(problems, ", "))
}

// members fills the fields of a struct from a hash and returns each problem once.
// The function call returns the name that a member has in the request.
func members(tree map[string]any, target reflect.Value, call func(name string) string) (problems []string) {
	for _, f := range fieldsOf(target.Type()).all {
		value, given := tree[f.name]
		f.called = call(f.name)
		problems = merge(problems, f.fill(value, given, target.FieldByIndex(f.index)))
	}
	return problems
}

// merge adds the problems that are new, up to maxNamed in all.
func merge(problems, more []string) []string {
	for _, problem := range more {
		if len(problems) < maxNamed && !slices.Contains(problems, problem) {
			problems = append(problems, problem)
		}
	}
	return problems
}

// field is a parameter and the field of a struct that it fills.
type field struct {
	name  string
	index []int
	// The options in the tag; filled and present imply required.
	required, filled, present, array, unnumbered, json bool
	// called is the name of the parameter in refusals.
	called string
}

// fields are those of a type of struct.
type fields struct {
	all []field
	// flat says that all of them take a single value of any kind, and have no options.
	flat bool
}

var structs sync.Map // of *fields, by reflect.Type

func fieldsOf(t reflect.Type) *fields {
	if known, ok := structs.Load(t); ok {
		return known.(*fields)
	}
	found := &fields{flat: true}
	for _, f := range reflect.VisibleFields(t) {
		name, more, _ := strings.Cut(f.Tag.Get(tag), ",")
		if name == "" {
			continue
		}
		says := func(word string) bool { return slices.Contains(strings.Split(more, ","), word) }
		found.flat = found.flat && more == "" && takesAny(f.Type)
		found.all = append(found.all, field{
			name: name, index: f.Index, required: says("required") || says("filled") || says("present"),
			filled: says("filled"), present: says("present"), array: says("array"), unnumbered: says("unnumbered"), json: says("json"),
		})
	}
	structs.Store(t, found)
	return found
}

// says returns one problem of the field.
func (f field) says(problem string) []string { return []string{f.called + " " + problem} }

// fill puts a value into target, or returns its problems.
func (f field) fill(value any, given bool, target reflect.Value) []string {
	reader, reads := target.Addr().Interface().(Reader)
	nested := !reads && target.Kind() == reflect.Struct && target.Type() != dateType
	switch {
	case !given && f.required:
		return f.missingNames(target, nested)
	case f.present && (value == nil || blankText(value)), f.filled && empty(value, target.Kind()):
		return f.says(isEmpty)
	case value == nil && f.required && target.Kind() != reflect.Pointer:
		return f.says(IsInvalid)
	case value == nil:
		return nil
	case reads:
		if problem := reader.ReadParam(value); problem != "" {
			return f.says(problem)
		}
		return nil
	case nested:
		return f.fillHash(value, target)
	case isList(target.Type()):
		return f.fillList(value, target)
	case f.array:
		return f.fillArray(value, target)
	case target.Kind() == reflect.Interface:
		target.Set(reflect.ValueOf(value))
		return nil
	default:
		return f.decode(value, target)
	}
}

// missingNames returns the problems of an absent parameter. Like Rails it names
// the required members of an absent hash as well.
func (f field) missingNames(target reflect.Value, nested bool) []string {
	problems := f.says(isMissing)
	switch {
	case f.present:
		return append(problems, f.says(isEmpty)...)
	case nested:
		return append(problems, members(nil, target, f.within(f.called))...)
	case isList(target.Type()) && f.unnumbered:
		return append(problems, members(nil, reflect.New(target.Type().Elem()).Elem(), f.within(f.called))...)
	}
	return problems
}

// within returns the function call for the members of the hash of that name.
func (f field) within(hash string) func(string) string {
	return func(name string) string { return hash + "[" + name + "]" }
}

// isList says whether t is an array of structs.
func isList(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && t.Elem() != dateType
}

// empty says whether value is an empty array or blank text, and wanted as such.
func empty(value any, wanted reflect.Kind) bool {
	array, isArray := value.([]any)
	return wanted == reflect.Slice && isArray && len(array) == 0 || wanted == reflect.String && blankText(value)
}

func (f field) fillHash(value any, target reflect.Value) []string {
	if blank(value, target.Type()) && !f.required {
		return nil
	}
	hash, ok := value.(map[string]any)
	if !ok {
		return append(f.says(IsInvalid), members(nil, target, f.within(f.called))...)
	}
	return members(hash, target, f.within(f.called))
}

func (f field) fillList(value any, target reflect.Value) (problems []string) {
	if text, isText := value.(string); isText && f.json {
		var problem string
		if value, problem = fromText(text); problem != "" {
			return f.says(problem)
		}
	}
	if blank(value, target.Type()) && !f.required {
		return nil
	}
	elements, ok := value.([]any)
	if !ok {
		return f.says(IsInvalid)
	}
	list := reflect.MakeSlice(target.Type(), len(elements), len(elements))
	for i, element := range elements {
		if len(problems) == maxNamed {
			return problems
		}
		called := f.called
		if !f.unnumbered {
			called += "[" + strconv.Itoa(i) + "]"
		}
		hash, ok := element.(map[string]any)
		if !ok {
			problems = merge(problems, []string{called + " " + IsInvalid})
			continue
		}
		problems = merge(problems, members(hash, list.Index(i), f.within(called)))
	}
	target.Set(list)
	return problems
}

// fillArray refuses a value that is no array, and an element that is null or does
// not fit.
func (f field) fillArray(value any, target reflect.Value) []string {
	if blank(value, target.Type()) && !f.required {
		return nil
	}
	elements, ok := value.([]any)
	if !ok {
		return f.says(IsInvalid)
	}
	array := reflect.MakeSlice(target.Type(), len(elements), len(elements))
	for i, element := range elements {
		if element == nil || !set(element, array.Index(i)) {
			return f.says(IsInvalid)
		}
	}
	target.Set(array)
	return nil
}

// set puts a value into a scalar. It returns false for a value that is blank or
// does not fit.
func set(value any, target reflect.Value) bool {
	data, err := loose(reflect.ValueOf(value), target)
	if err != nil || data == nil {
		return false
	}
	target.Set(reflect.ValueOf(data).Convert(target.Type()))
	return true
}

// fromText returns the array in a text that is JSON. One object is an array of
// one; other text is nil. The problem is that the text holds too many values.
func fromText(text string) (value any, problem string) {
	left := budget(maxUnits)
	err := decodeJSON([]byte(text), &left, &value)
	if errors.Is(err, errTooMany) {
		return nil, tooMany
	}
	if err != nil {
		return nil, ""
	}
	if hash, ok := value.(map[string]any); ok {
		return []any{hash}, ""
	}
	return value, ""
}

// decode fills a scalar or an array of scalars. A scalar does without
// mapstructure, with which a request of scalars takes eight times as long.
func (f field) decode(value any, target reflect.Value) (problems []string) {
	wanted := target.Type()
	if wanted.Kind() == reflect.Pointer {
		wanted = wanted.Elem()
	}
	if !isScalar(wanted) {
		for _, name := range f.decodeTree(value, target) {
			problems = append(problems, name+" "+IsInvalid)
		}
		return problems
	}
	if blank(value, wanted) && (!f.required || target.Kind() == reflect.Pointer) {
		return nil
	}
	scalar := target
	if target.Kind() == reflect.Pointer {
		scalar = reflect.New(wanted).Elem()
	}
	if !set(value, scalar) {
		return f.says(IsInvalid)
	}
	if target.Kind() == reflect.Pointer {
		target.Set(scalar.Addr())
	}
	return nil
}

const tag = "param"

var config = mapstructure.DecoderConfig{
	TagName:              tag,
	IgnoreUntaggedFields: true,
	Squash:               true,
	MatchName:            func(string, string) bool { return false }, // exact names only
}

func (f field) decodeTree(value any, target reflect.Value) []string {
	bound, wrong := config, 0
	bound.RootName, bound.Result = f.called, target.Addr().Interface()
	// After maxNamed wrong values the rest counts as zero, so that no more errors are
	// collected.
	bound.DecodeHook = mapstructure.DecodeHookFuncValue(func(from, to reflect.Value) (any, error) {
		data, err := loose(from, to)
		if err == nil {
			return data, nil
		}
		if wrong++; wrong > maxNamed {
			return reflect.Zero(to.Type()).Interface(), nil
		}
		return nil, err
	})
	decoder, err := mapstructure.NewDecoder(&bound)
	if err != nil {
		return []string{f.called}
	}
	return wrongNames(decoder.Decode(value))
}

// wrongNames returns the names of the parameters in mapstructure's errors.
func wrongNames(err error) []string {
	switch err := err.(type) {
	case *mapstructure.DecodeError:
		return []string{railsName(err.Name())}
	case interface{ Unwrap() []error }:
		var names []string
		for _, err := range err.Unwrap() {
			names = append(names, wrongNames(err)...)
		}
		return names
	case interface{ Unwrap() error }:
		return wrongNames(err.Unwrap())
	default:
		return nil
	}
}

// railsName returns packs[1][expires_at] for packs[1].expires_at.
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
