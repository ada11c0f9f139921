// Package remembered says which parameters of the management API are kept and given
// back without an effect here: Terraform and others compare what they wrote with what
// they read.
package remembered

import (
	"maps"
	"slices"
)

// Values are remembered parameters by name: a text, an int64, a bool, nil, a []any or a
// map[string]any of these.
type Values map[string]any

// Kind is what a parameter takes.
type Kind string

// The kinds, in the words of JSON Schema.
const (
	Text   Kind = "string"
	Flag   Kind = "boolean"
	Number Kind = "integer"
	// Hash is values by name, which another Table lists.
	Hash Kind = "object"
)

// Parameter is one parameter that is remembered.
type Parameter struct {
	Name string
	Kind Kind
	// Default is the value of a row that was given none; nil if it is null then.
	Default any
	// Words are the texts that are allowed; nil for any.
	Words []string
}

// IsValid says whether the parameter takes the value, which is of its kind or nil.
func (p Parameter) IsValid(value any) bool {
	text, isText := value.(string)
	if !isText {
		return p.accepts(value)
	}
	return p.Kind == Text && (p.Words == nil || slices.Contains(p.Words, text))
}

func (p Parameter) accepts(value any) bool {
	switch value.(type) {
	case nil:
		return true
	case bool:
		return p.Kind == Flag
	case int64:
		return p.Kind == Number
	case map[string]any:
		return p.Kind == Hash
	default:
		return false
	}
}

// Table is the parameters of one kind of row, in the order in which they are shown.
type Table []Parameter

// Find returns the parameter of that name.
func (t Table) Find(name string) (p Parameter, ok bool) {
	at := slices.IndexFunc(t, func(p Parameter) bool { return p.Name == name })
	if at < 0 {
		return Parameter{}, false
	}
	return t[at], true
}

// Behind returns the table with a prefix in front of each name.
func (t Table) Behind(prefix string) Table {
	out := slices.Clone(t)
	for i := range out {
		out[i].Name = prefix + out[i].Name
	}
	return out
}

// Value returns the value of a parameter in v, or its default.
func (t Table) Value(v Values, name string) any {
	if value, given := v[name]; given {
		return value
	}
	p, _ := t.Find(name)
	return p.Default
}

// all returns the values of all parameters in v, or their defaults, with room for some more.
func (t Table) all(v Values, more int) Values {
	out := make(Values, len(t)+more)
	for _, p := range t {
		value, given := v[p.Name]
		if !given {
			value = p.Default
		}
		out[p.Name] = value
	}
	return out
}

// With returns v with the changes. Neither of the two changes.
func (v Values) With(changes Values) Values {
	if len(changes) == 0 {
		return v
	}
	out := maps.Clone(v)
	if out == nil {
		out = Values{}
	}
	maps.Copy(out, changes)
	return out
}

// Without returns v without the value of that name. v does not change.
func (v Values) Without(name string) Values {
	if _, given := v[name]; !given {
		return v
	}
	out := maps.Clone(v)
	delete(out, name)
	return out
}

// Behind returns the values with a prefix in front of each name.
func (v Values) Behind(prefix string) Values {
	out := make(Values, len(v))
	for name, value := range v {
		out[prefix+name] = value
	}
	return out
}

// Flat returns the values with each of a hash on its own, by the names of both with a dot
// between them.
func (v Values) Flat() Values {
	out := make(Values, len(v))
	for name, value := range v {
		hash, isHash := value.(map[string]any)
		if !isHash {
			out[name] = value
			continue
		}
		maps.Copy(out, Values(hash).Flat().Behind(name+"."))
	}
	return out
}
