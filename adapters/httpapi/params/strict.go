package params

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"gatehouse/domain"
)

// Reader is a field that reads its value itself.
type Reader interface {
	// ReadParam takes a value, which is never null, and returns what is wrong
	// with it, such as IsInvalid, or nothing.
	ReadParam(value any) (problem string)
}

// The problems that a Reader may find.
const (
	IsInvalid    = "is invalid"
	NoValidValue = "does not have a valid value"
)

// Word reads one of several words, in any letter case. Blank text is none.
func Word[T ~string](value any, words []T) (word T, problem string) {
	text, ok := value.(string)
	if !ok {
		return "", IsInvalid
	}
	word = T(strings.ToLower(text))
	if strings.TrimSpace(text) == "" || !slices.Contains(words, word) {
		return "", NoValidValue
	}
	return word, ""
}

// maxProblems bounds how many problems one refusal names.
const maxProblems = 50

// Strict reads the parameters of a request into the struct that dst points to,
// as Decode does, and holds them to what the tags of its fields declare, at any
// depth: rule:"required" for what has to be there, and rule:"filled" for what
// must not be empty either. A Reader judges by itself. Null, and blanks where no
// text is wanted, are as good as nothing where nothing is required. An array has
// to be one. All that is wrong is refused at once, in the order of the fields:
// "a is missing, a[b] is missing, c[0][d] is invalid". A body of JSON that is no
// object has no parameters.
func Strict(c *gin.Context, dst any) error {
	values, err := Of(c)
	if err != nil && err != error(NotObject) {
		return err
	}
	var s strict
	s.members(values.tree, reflect.ValueOf(dst).Elem(), "")
	if s.problems == nil {
		return nil
	}
	return domain.Refuse(domain.Invalid, "%s", strings.Join(s.problems, ", "))
}

// Text reads text, or what can be written as such.
func Text(value any) (read, problem string) {
	data, err := text(value)
	if err != nil {
		return "", IsInvalid
	}
	return data.(string), ""
}

// strict gathers what is wrong, as far as it is going to be told.
type strict struct{ problems []string }

func (s *strict) note(name, problem string) {
	if len(s.problems) < maxProblems {
		s.problems = append(s.problems, name+" "+problem)
	}
}

// members reads a hash into a struct. Of a hash that is not there each member
// that it would need is missing.
func (s *strict) members(hash map[string]any, target reflect.Value, parent string) {
	for i := range target.NumField() {
		field := target.Type().Field(i)
		name := field.Tag.Get(tag)
		if name == "" {
			continue
		}
		value, there := hash[name]
		if parent != "" {
			name = parent + "[" + name + "]"
		}
		if f := (declared{name, field}); there {
			s.read(f, value, target.Field(i))
		} else if f.required() {
			s.missing(f, target.Field(i))
		}
	}
}

// declared is a field with its name as a parameter.
type declared struct {
	name string
	reflect.StructField
}

func (f declared) required() bool { return f.Tag.Get("rule") != "" }
func (f declared) filled() bool   { return f.Tag.Get("rule") == "filled" }

func (s *strict) missing(f declared, target reflect.Value) {
	s.note(f.name, "is missing")
	if f.Type.Kind() == reflect.Struct {
		s.members(nil, target, f.name)
	}
}

func (s *strict) read(f declared, value any, target reflect.Value) {
	reader, reads := target.Addr().Interface().(Reader)
	switch {
	case value == nil && f.required():
		s.note(f.name, IsInvalid)
	case value == nil:
	case reads:
		if problem := reader.ReadParam(value); problem != "" {
			s.note(f.name, problem)
		}
	case blank(value, f.Type) && !f.required():
	case f.Type.Kind() == reflect.Struct:
		hash, ok := value.(map[string]any)
		if !ok {
			s.note(f.name, IsInvalid)
		}
		s.members(hash, target, f.name)
	case f.Type.Kind() == reflect.Slice:
		s.elements(f, value, target)
	case f.Type.Kind() == reflect.Interface:
		target.Set(reflect.ValueOf(value))
	default:
		s.scalar(f, value, target)
	}
}

func (s *strict) elements(f declared, value any, target reflect.Value) {
	array, ok := value.([]any)
	switch {
	case !ok:
		s.note(f.name, IsInvalid)
		return
	case len(array) == 0 && f.filled():
		s.note(f.name, "is empty")
		return
	}
	list := reflect.MakeSlice(f.Type, len(array), len(array))
	for i, element := range array {
		hash, isHash := element.(map[string]any)
		switch {
		case f.Type.Elem().Kind() != reflect.Struct:
			if element == nil || !set(element, list.Index(i)) {
				s.note(f.name, IsInvalid)
				return
			}
		case !isHash:
			s.note(fmt.Sprintf("%s[%d]", f.name, i), IsInvalid)
		default:
			s.members(hash, list.Index(i), fmt.Sprintf("%s[%d]", f.name, i))
		}
	}
	target.Set(list)
}

func (s *strict) scalar(f declared, value any, target reflect.Value) {
	switch {
	case !set(value, target):
		s.note(f.name, IsInvalid)
	case f.filled() && target.Kind() == reflect.String && strings.TrimSpace(target.String()) == "":
		s.note(f.name, "is empty")
	}
}

// set puts a value into a scalar, unless it does not fit.
func set(value any, target reflect.Value) bool {
	data, err := loose(reflect.ValueOf(value), target)
	if err != nil || data == nil {
		return false
	}
	target.Set(reflect.ValueOf(data).Convert(target.Type()))
	return true
}
