package rest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// errorBody is the body of a refusal of parameters.
type errorBody struct {
	Error string `json:"error"`
}

// messageBody is the body of every other refusal.
type messageBody struct {
	Message string `json:"message"`
}

// fieldsBody is the body of a refusal of a row, with the messages of each field.
type fieldsBody struct {
	Message map[string][]string `json:"message"`
}

// tooManyBody is the body of a refusal of too many requests.
type tooManyBody struct {
	Message errorBody `json:"message"`
}

var dialect = httpapi.Dialect{Words: words, Body: body, Refine: refine}

// words are those of httpapi.StatusWords, but that a row that cannot be kept has the
// reason alone.
func words(kind domain.Kind, reason string) string {
	if kind == domain.Unprocessable && reason != "" {
		return reason
	}
	return httpapi.StatusWords(kind, reason)
}

// body has "error" for invalid parameters, and "message" for everything else.
func body(kind domain.Kind, message string) any {
	switch kind {
	case domain.Invalid, domain.TooLarge:
		return errorBody{message}
	case domain.TooMany:
		return tooManyBody{errorBody{message}}
	}
	return messageBody{message}
}

// badRequest is an error that is answered with status 400 and its message under
// "message".
type badRequest struct{ error }

// Unwrap returns the error.
func (b badRequest) Unwrap() error { return b.error }

// asBadRequest makes a badRequest of a refusal that says why a request is not possible.
// FieldErrors stay what they are.
func asBadRequest(err error) error {
	if _, ok := errors.AsType[domain.FieldErrors](err); ok {
		return err
	}
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok && (refusal.Kind == domain.Invalid || refusal.Kind == domain.Unprocessable) {
		return badRequest{err}
	}
	return err
}

// asBadRequestWords does what asBadRequest does, with GitLab's words for the status in
// front of the reason.
func asBadRequestWords(err error) error {
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok && (refusal.Kind == domain.Invalid || refusal.Kind == domain.Unprocessable) {
		return badRequest{fmt.Errorf("400 Bad request - %w", err)}
	}
	return err
}

// scopeError refuses a token that has none of the scopes.
type scopeError struct{ scopes []identity.Scope }

// Error says what GitLab says.
func (*scopeError) Error() string {
	return "The request requires higher privileges than provided by the access token."
}

// Unwrap returns the kind.
func (*scopeError) Unwrap() error { return domain.Refuse(domain.Forbidden, "insufficient scope") }

// refine answers for rows that cannot be kept field by field, for what others have
// changed meanwhile, for an unsupported media type, and for access tokens as Rails does.
func refine(err error) (httpapi.Refinement, bool) {
	if bad, ok := errors.AsType[badRequest](err); ok {
		return httpapi.Refinement{Status: http.StatusBadRequest, Body: messageBody{bad.Error()}}, true
	}
	if wrong, ok := errors.AsType[domain.FieldErrors](err); ok {
		return httpapi.Refinement{Status: http.StatusBadRequest, Body: fieldsBody{wrong.ByField()}}, true
	}
	if method, ok := errors.AsType[*methodNotAllowed](err); ok {
		return httpapi.Refinement{Status: http.StatusMethodNotAllowed, Body: errorBody{method.message}}, true
	}
	if media, ok := errors.AsType[*params.UnsupportedMedia](err); ok {
		return httpapi.Refinement{Status: http.StatusUnsupportedMediaType, Body: errorBody{media.Message}}, true
	}
	if errors.Is(err, rights.ErrMembershipLocked) {
		return httpapi.Refinement{Status: http.StatusMethodNotAllowed, Body: messageBody{"405 Method Not Allowed"}}, true
	}
	if errors.Is(err, errMovedProject) {
		return httpapi.Refinement{Status: http.StatusMethodNotAllowed, Body: messageBody{errMovedProject.Message}}, true
	}
	if errors.Is(err, domain.ErrModified) {
		return httpapi.Refinement{Status: http.StatusPreconditionFailed, Body: messageBody{"412 Precondition Failed"}}, true
	}
	if scope, ok := errors.AsType[*scopeError](err); ok {
		var names []string
		for _, s := range scope.scopes {
			names = append(names, string(s))
		}
		return httpapi.InsufficientScope(strings.Join(names, " ")), true
	}
	return httpapi.RefineToken("The API", err)
}

// atLeastOne refuses a request without any of the parameters.
func atLeastOne(names ...string) error {
	return domain.Refuse(domain.Invalid, "%s are missing, at least one parameter must be provided", strings.Join(names, ", "))
}

// exclusive refuses a request with several of the parameters.
func exclusive(names ...string) error {
	return domain.Refuse(domain.Invalid, "%s are mutually exclusive", strings.Join(names, ", "))
}

// moment is a parameter that is a date with a time, or a date, which is its beginning in
// UTC. Blank text leaves it zero.
type moment struct{ time.Time }

// Explain says how a moment is written, with an example.
func (moment) Explain() (text, example string) {
	return "A date and a time, or a date for its beginning in UTC.", "2021-06-13T14:15:16Z"
}

// momentLayouts are how a moment is written. A fraction of a second may follow.
var momentLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	"2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05",
	time.DateOnly, "2006/01/02", "20060102",
}

// ReadParam implements params.Reader.
func (m *moment) ReadParam(value any) (problem string) {
	text, ok := value.(string)
	text = strings.TrimSpace(text)
	switch at, found := parseMoment(text); {
	case !ok:
		return params.IsInvalid
	case text == "":
		return ""
	case !found:
		return params.IsInvalid
	default:
		m.Time = at
		return ""
	}
}

// parseMoment reads a moment between the years 1000 and 9999, in UTC.
func parseMoment(text string) (at time.Time, ok bool) {
	for _, layout := range momentLayouts {
		if parsed, err := time.Parse(layout, text); err == nil {
			at = parsed.UTC()
			return at, at.Year() >= 1000 && at.Year() <= 9999
		}
	}
	return time.Time{}, false
}
