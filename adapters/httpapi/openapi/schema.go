package openapi

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gatehouse/domain/remembered"
)

// schema is a schema of JSON Schema 2020-12.
type schema struct {
	Ref         string `json:"$ref,omitempty"`
	Type        any    `json:"type,omitempty"` // a name or several
	Format      string `json:"format,omitempty"`
	Description string `json:"description,omitempty"`
	Enum        []any  `json:"enum,omitempty"`
	Examples    []any  `json:"examples,omitempty"`
	// Properties are nil for what has no members of its own.
	Properties *ordered[*schema] `json:"properties,omitempty"`
	Required   []string          `json:"required,omitempty"`
	// Additional is false, or the schema of all further members.
	Additional any       `json:"additionalProperties,omitempty"`
	Items      *schema   `json:"items,omitempty"`
	AnyOf      []*schema `json:"anyOf,omitempty"`
	// Effect is "none" for what is kept and given back only.
	Effect string `json:"x-gatehouse-effect,omitempty"`
}

const (
	null     = "null"
	array    = "array"
	noEffect = "none"
)

// object returns the schema of an object that has no members yet.
func object() *schema {
	return &schema{Type: "object", Properties: &ordered[*schema]{}, Additional: false}
}

// orNull returns the schema that null fits as well.
func (s *schema) orNull() *schema {
	if s.Ref != "" {
		return anyOf([]*schema{s, {Type: null}})
	}
	out := *s
	switch kind := s.Type.(type) {
	case string:
		out.Type = []string{kind, null}
	case []string:
		if !slices.Contains(kind, null) {
			out.Type = append(slices.Clone(kind), null)
		}
	}
	if out.Enum != nil && !slices.Contains(out.Enum, nil) {
		out.Enum = append(slices.Clone(out.Enum), nil)
	}
	return &out
}

// withoutNull returns the schema without null, which a query cannot say.
func (s *schema) withoutNull() *schema {
	out := *s
	if kinds, several := s.Type.([]string); several {
		kinds = slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return kind == null })
		if out.Type = kinds; len(kinds) == 1 {
			out.Type = kinds[0]
		}
	}
	out.Enum = slices.DeleteFunc(slices.Clone(s.Enum), func(word any) bool { return word == nil })
	return &out
}

// inQuery returns the schemas of the parameters of a query that the schema stands for: an
// array and something else are parameters of two names.
func (s *schema) inQuery() []*schema {
	kinds, several := s.Type.([]string)
	if !several || !slices.Contains(kinds, array) {
		return []*schema{s}
	}
	list, other := *s, *s
	list.Type, other.Items = array, nil
	kinds = slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return kind == array })
	if other.Type = kinds; len(kinds) == 1 {
		other.Type = kinds[0]
	}
	return []*schema{&list, &other}
}

// anyOf returns the schema that fits what one of several fits.
func anyOf(alternatives []*schema) *schema {
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return &schema{AnyOf: alternatives}
}

// worded is a type that has only some texts.
type worded interface{ Words() []string }

// explained is a text in a form that JSON Schema has no name for.
type explained interface {
	Explain() (text, example string)
}

// remembering is an answer with members that are remembered parameters of the same name.
type remembering interface{ Remembered() remembered.Table }

var (
	wordedType      = reflect.TypeFor[worded]()
	explainedType   = reflect.TypeFor[explained]()
	rememberingType = reflect.TypeFor[remembering]()
)

// implementation returns a value of t if t or a pointer to it implements an interface. For
// a pointer ok is false: what it points to is asked instead.
func implementation(t, of reflect.Type) (value any, ok bool) {
	if t.Kind() == reflect.Pointer || !t.Implements(of) && !reflect.PointerTo(t).Implements(of) {
		return nil, false
	}
	return reflect.New(t).Interface(), true
}

// of returns the schema of the same type that takes some words only, which are in digits
// for a number. Those of an array are its items.
func (s *schema) of(words []string) *schema {
	out, enum := *s, wordsOf(words).Enum
	if s.Type == "integer" {
		for i, word := range words {
			enum[i], _ = strconv.Atoi(word)
		}
	}
	if s.Items != nil {
		items := *s.Items
		out.Items, items.Enum = &items, enum
		return &out
	}
	if kinds, several := s.Type.([]string); several && slices.Contains(kinds, null) {
		enum = append(enum, nil)
	}
	out.Enum = enum
	return &out
}

// wordsOf returns the schema of a text that is one of some words.
func wordsOf(words []string) *schema {
	s := &schema{Type: "string"}
	for _, word := range words {
		s.Enum = append(s.Enum, word)
	}
	return s
}

// scalar returns the schema of a kind of scalar; nil for any other kind.
func scalar(kind reflect.Kind) *schema {
	switch kind {
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Int64:
		return &schema{Type: "integer", Format: "int64"}
	case reflect.Int32:
		return &schema{Type: "integer", Format: "int32"}
	case reflect.Int, reflect.Int8, reflect.Int16:
		return &schema{Type: "integer"}
	case reflect.Float64, reflect.Float32:
		return &schema{Type: "number"}
	default:
		return nil
	}
}

// ofRemembered returns the schema of a parameter that is kept without an effect.
func ofRemembered(p remembered.Parameter) *schema {
	s := &schema{Type: string(p.Kind)}
	if p.Words != nil {
		s = wordsOf(p.Words)
	}
	s = s.orNull()
	s.Effect = noEffect
	return s
}

// apiTag is the tag of a field that says what its type does not: names of JSON types or
// of formats of texts, words with "|" between them, "[]string" and the like for arrays,
// and "no-effect".
const apiTag = "api"

// tagged returns the schema that a tag describes. derive returns the one of the field's
// type; it is asked if the tag names no type.
func tagged(tag reflect.StructTag, derive func() *schema) *schema {
	var s schema
	var types []string
	add := func(kind string) {
		if !slices.Contains(types, kind) {
			types = append(types, kind)
		}
	}
	for word := range strings.FieldsFuncSeq(tag.Get(apiTag), func(r rune) bool { return r == ',' }) {
		item, isArray := strings.CutPrefix(word, "[]")
		switch {
		case word == "no-effect":
			s.Effect = noEffect
		case isArray:
			add(array)
			s.Items = &schema{Type: item}
		case strings.Contains(word, "|"):
			add("string")
			s.Enum = wordsOf(strings.Split(word, "|")).Enum
		case slices.Contains(jsonTypes, word):
			add(word)
		default:
			add("string")
			s.Format = word
		}
	}
	switch len(types) {
	case 0:
		derived := *derive()
		derived.Effect = cmp.Or(s.Effect, derived.Effect)
		return &derived
	case 1:
		s.Type = types[0]
	default:
		s.Type = types
	}
	if s.Enum != nil && slices.Contains(types, null) {
		s.Enum = append(s.Enum, nil)
	}
	return &s
}

var jsonTypes = []string{"string", "integer", "number", "boolean", "object", array, null}

// undescribed is the error for a field whose type says nothing, and which has no tag.
func undescribed(where string, t reflect.Type) error {
	return fmt.Errorf("%s: the type %s needs a tag %q", where, t, apiTag)
}
