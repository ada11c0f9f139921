package openapi

import (
	"bytes"
	"encoding/json"
)

// ordered is a JSON object whose members are written in the order in which they were
// set.
type ordered[V any] struct {
	names  []string
	values map[string]V
}

// set adds a member, or replaces its value.
func (o *ordered[V]) set(name string, value V) {
	if o.values == nil {
		o.values = map[string]V{}
	}
	if _, known := o.values[name]; !known {
		o.names = append(o.names, name)
	}
	o.values[name] = value
}

// has says whether there is a member of that name.
func (o *ordered[V]) has(name string) bool {
	_, known := o.values[name]
	return known
}

// IsZero says whether there is no member, for the option omitzero of a tag.
func (o ordered[V]) IsZero() bool { return len(o.names) == 0 }

// MarshalJSON implements json.Marshaler.
func (o ordered[V]) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := write(&out, name, ':'); err != nil {
			return nil, err
		}
		if err := write(&out, o.values[name], 0); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// write appends a value as JSON, and then a byte unless it is 0.
func write(out *bytes.Buffer, value any, end byte) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // the newline
	if end != 0 {
		out.WriteByte(end)
	}
	return nil
}
