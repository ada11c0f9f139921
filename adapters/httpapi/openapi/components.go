package openapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain/remembered"
)

// components collects what the operations of a document have in common, by its name.
type components struct {
	schemas   map[string]*schema
	responses map[string]*response
	// names are those of schemas, by what they describe.
	names map[any]string
	err   error
}

// fail keeps one more error.
func (c *components) fail(err error) *schema {
	c.err = errors.Join(c.err, err)
	return &schema{}
}

// add returns a reference to the schema of key, which make makes if there is none yet.
// The name is the wanted one unless that of another schema is the same.
func (c *components) add(key any, wanted string, make func() *schema) *schema {
	name, known := c.names[key]
	if !known {
		name = wanted
		for n := 2; c.schemas[name] != nil; n++ {
			name = fmt.Sprint(wanted, n)
		}
		c.names[key], c.schemas[name] = name, &schema{} // for one that refers to itself
		c.schemas[name] = make()
	}
	return &schema{Ref: "#/components/schemas/" + name}
}

// plainPackages are those whose types have no prefix: the engine's and the management API's.
var plainPackages = []string{"httpapi", "rest", "call", "entity", "people", "namespaces", "repositories"}

// typeName returns the name for the schema of a type: that of Go, behind the package for
// those of the callers with an API of their own.
func typeName(t reflect.Type) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, t.Name())
	if home := path.Base(t.PkgPath()); !slices.Contains(plainPackages, home) {
		return title(home) + title(name)
	}
	return title(name)
}

// title returns a text with its first letter in upper case.
func title(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	readerType    = reflect.TypeFor[params.Reader]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
)

// answer returns the schema of a type as it is written as JSON. where names the field
// that has the type.
func (c *components) answer(t reflect.Type, where string) *schema {
	if words, ok := implementation(t, wordedType); ok {
		return wordsOf(words.(worded).Words())
	}
	if s := scalar(t.Kind()); s != nil {
		return s
	}
	switch {
	case t == timeType:
		return &schema{Type: "string", Format: "date-time"}
	case t.Kind() == reflect.Pointer:
		return c.answer(t.Elem(), where).orNull()
	case t.Implements(marshalerType):
	case t.Kind() == reflect.Slice:
		return &schema{Type: "array", Items: c.answer(t.Elem(), where)}
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Interface:
		return &schema{Type: "object"}
	case t.Kind() == reflect.Map:
		return &schema{Type: "object", Additional: c.answer(t.Elem(), where)}
	case t.Kind() == reflect.Struct && t.Name() == "":
		return c.members(t, where)
	case t.Kind() == reflect.Struct:
		return c.add(t, typeName(t), func() *schema { return c.members(t, t.String()) })
	}
	return c.fail(undescribed(where, t))
}

// members returns the schema of a struct with a property for each member of its JSON.
func (c *components) members(t reflect.Type, where string) *schema {
	var table remembered.Table
	if of, ok := implementation(t, rememberingType); ok {
		table = of.(remembering).Remembered()
	}
	s, all := object(), jsonFields(t, 0)
	for _, f := range all {
		if slices.ContainsFunc(all, func(o jsonField) bool { return o.name == f.name && o.depth < f.depth }) {
			continue // a field further out hides it
		}
		member := tagged(f.Tag, func() *schema {
			if p, ok := table.Find(f.name); ok && f.Type.Kind() == reflect.Interface {
				return ofRemembered(p)
			}
			return c.answer(f.Type, where+"."+f.name)
		})
		s.Properties.set(f.name, member)
		if !f.optional {
			s.Required = append(s.Required, f.name)
		}
	}
	return s
}

// jsonField is a field of a struct, or of one that is embedded so deep in it, that is a
// member of its JSON.
type jsonField struct {
	reflect.StructField
	name     string
	optional bool
	depth    int
}

func jsonFields(t reflect.Type, depth int) (out []jsonField) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			out = append(out, jsonFields(f.Type, depth+1)...)
		case f.IsExported():
			if name == "" {
				name = f.Name
			}
			out = append(out, jsonField{f, name, strings.Contains(options, "omit"), depth})
		}
	}
	return out
}

// parameter returns the schema of the type of a parameter.
func (c *components) parameter(t reflect.Type, where string) *schema {
	if words, ok := implementation(t, wordedType); ok {
		return cmp.Or(scalar(t.Kind()), &schema{Type: "string"}).of(words.(worded).Words())
	}
	if of, ok := implementation(t, explainedType); ok {
		text, example := of.(explained).Explain()
		return &schema{Type: "string", Description: text, Examples: []any{example}}
	}
	if _, reads := implementation(t, readerType); reads {
		return c.fail(undescribed(where, t))
	}
	if s := scalar(t.Kind()); s != nil {
		return s
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return c.parameter(t.Elem(), where).orNull()
	case t.Kind() == reflect.Slice:
		return &schema{Type: "array", Items: c.parameter(t.Elem(), where)}
	case t.Kind() == reflect.Map:
		return &schema{Type: "object"}
	case t.Kind() == reflect.Struct && t.Name() == "":
		return c.fields(object(), t, where)
	case t.Kind() == reflect.Struct:
		type key struct{ reflect.Type } // the same type may be an answer as well
		return c.add(key{t}, typeName(t), func() *schema { return c.fields(object(), t, t.String()) })
	}
	return c.fail(undescribed(where, t))
}

// fields adds the parameters of a struct to the schema s of an object. The first one of a
// name counts.
func (c *components) fields(s *schema, t reflect.Type, where string) *schema {
	for _, f := range reflect.VisibleFields(t) {
		name, more, _ := strings.Cut(f.Tag.Get("param"), ",")
		if name == "" || s.Properties.has(name) {
			continue
		}
		options := strings.Split(more, ",")
		member := tagged(f.Tag, func() *schema { return c.parameter(f.Type, where+"."+name) })
		if slices.Contains(options, "json") {
			member.Type = []string{"array", "string"}
		}
		s.Properties.set(name, member)
		for _, option := range []string{"required", "filled", "present"} {
			if slices.Contains(options, option) && !slices.Contains(s.Required, name) {
				s.Required = append(s.Required, name)
			}
		}
	}
	return s
}

// structs returns the structs of the parameters of an operation.
func structs(o httpapi.Operation) []reflect.Type {
	list, several := o.Params.([]any)
	if !several && o.Params != nil {
		list = []any{o.Params}
	}
	out := make([]reflect.Type, len(list))
	for i, one := range list {
		out[i] = reflect.TypeOf(one)
	}
	return out
}

// parameters returns the schema of an object with all parameters of an operation.
func (c *components) parameters(o httpapi.Operation) *schema {
	s := object()
	for _, t := range structs(o) {
		c.fields(s, t, t.String())
	}
	for _, p := range o.Remembered {
		if !s.Properties.has(p.Name) {
			s.Properties.set(p.Name, ofRemembered(p))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Words)) {
		if !s.Properties.has(name) {
			_ = c.fail(fmt.Errorf("%s: no parameter %s, which has words", o.Name, name))
			continue
		}
		s.Properties.set(name, s.Properties.values[name].of(o.Words[name]))
	}
	for _, name := range o.Required {
		if !s.Properties.has(name) {
			_ = c.fail(fmt.Errorf("%s: no parameter %s, which is required", o.Name, name))
		} else if !slices.Contains(s.Required, name) {
			s.Required = append(s.Required, name)
		}
	}
	return s
}

// body returns a reference to the schema of the body of an operation; nil for none. It is
// named after its struct, or else after the operation.
func (c *components) body(o httpapi.Operation) *schema {
	types := structs(o)
	if len(types) == 0 && o.Remembered == nil {
		return nil
	}
	name, key := title(o.Name)+"Params", o.Name
	if o.Remembered == nil && o.Words == nil {
		key = fmt.Sprint(types, o.Required)
		if len(types) == 1 {
			name = typeName(types[0])
		}
	}
	return c.add(key, name, func() *schema { return c.parameters(o) })
}

// sortedOf returns a map as an object whose members are in the order of their names.
func sortedOf[V any](m map[string]V) (out ordered[V]) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out.set(name, m[name])
	}
	return out
}
