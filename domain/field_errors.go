package domain

import "strings"

// FieldError is what is wrong with one field of a row: a sentence without its subject.
type FieldError struct{ Field, Message string }

// FieldErrors are all mistakes in a row. They are an error that wraps a refusal of kind
// Unprocessable.
type FieldErrors []FieldError

// WrongField returns the FieldErrors of one mistake.
func WrongField(field, message string) FieldErrors { return FieldErrors{{field, message}} }

// Error returns one line: "seats can't be blank, start_date can't be blank".
func (fs FieldErrors) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Field + " " + f.Message
	}
	return strings.Join(lines, ", ")
}

// Unwrap returns the refusal.
func (fs FieldErrors) Unwrap() error { return Refuse(Unprocessable, "%s", fs.Error()) }

// ByField returns the messages of each field, in their order.
func (fs FieldErrors) ByField() map[string][]string {
	out := map[string][]string{}
	for _, f := range fs {
		out[f.Field] = append(out[f.Field], f.Message)
	}
	return out
}
