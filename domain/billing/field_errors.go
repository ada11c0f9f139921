package billing

import (
	"strconv"
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// FieldError is what is wrong with one field of a record.
type FieldError struct{ Field, Message string }

// FieldErrors are all mistakes in a record, for the portal. They are an error
// that wraps a refusal of kind Unprocessable.
type FieldErrors []FieldError

// Error returns one line: "seats can't be blank, start_date can't be blank".
func (fs FieldErrors) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Field + " " + f.Message
	}
	return strings.Join(lines, ", ")
}

// Unwrap returns the refusal.
func (fs FieldErrors) Unwrap() error { return domain.Refuse(domain.Unprocessable, "%s", fs.Error()) }

const blank = "can't be blank"

// Rejection is why one reconciliation of a list was not kept, or why none was.
type Rejection struct {
	Namespace source.NamespaceID
	// Whole says that the list as a whole was rejected.
	Whole    bool
	Messages []string
}

// Rejections are an error, and a refusal of kind Unprocessable.
type Rejections []Rejection

// Error names the namespaces.
func (rs Rejections) Error() string {
	lines := make([]string, len(rs))
	for i, r := range rs {
		lines[i] = "namespace " + strconv.FormatInt(int64(r.Namespace), 10)
		if r.Whole {
			lines[i] = "the list"
		}
		lines[i] += ": " + strings.Join(r.Messages, ", ")
	}
	return strings.Join(lines, "; ")
}

// Unwrap returns the refusal.
func (rs Rejections) Unwrap() error { return domain.Refuse(domain.Unprocessable, "%s", rs.Error()) }

// ErrSubscriptionTaken is the error for a second subscription of one namespace.
var ErrSubscriptionTaken = FieldErrors{{"namespace_id", "has already been taken"}}
