package call

import (
	"errors"
	"net/http"
	"strings"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// errorBody is the body of a refusal of parameters.
type errorBody struct {
	Error string `json:"error"`
}

// MessageBody is the body of every other refusal.
type MessageBody struct {
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
	return MessageBody{message}
}

// badRequest is an error that is answered with status 400 and the message. The error may say
// more, for the log.
type badRequest struct {
	error
	message string
}

// Unwrap returns the error.
func (b badRequest) Unwrap() error { return b.error }

// AsBadRequest makes an error that is answered with status 400 of a refusal that says why
// a request is not possible. FieldErrors and errors of other kinds stay what they are.
func AsBadRequest(err error) error {
	if _, ok := errors.AsType[domain.FieldErrors](err); ok {
		return err
	}
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok && (refusal.Kind == domain.Invalid || refusal.Kind == domain.Unprocessable) {
		return badRequest{err, refusal.Error()}
	}
	return err
}

// AsBadRequestWords does what AsBadRequest does, with GitLab's words for the status in
// front of the reason.
func AsBadRequestWords(err error) error {
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok && (refusal.Kind == domain.Invalid || refusal.Kind == domain.Unprocessable) {
		return badRequest{err, "400 Bad request - " + refusal.Error()}
	}
	return err
}

// sentencesBody is the body of a refusal of a row in whole sentences.
type sentencesBody struct {
	Message []string `json:"message"`
}

// sentences are answered with status 422 in whole sentences.
type sentences struct{ domain.FieldErrors }

// AsSentences makes an error of FieldErrors that is answered with status 422 and a list of
// whole sentences. Other errors stay what they are.
func AsSentences(err error) error {
	if wrong, ok := errors.AsType[domain.FieldErrors](err); ok {
		return sentences{wrong}
	}
	return err
}

// texts returns the sentences: "push_levels.user" begins one with "Push levels user".
func (s sentences) texts() []string {
	out := make([]string, len(s.FieldErrors))
	for i, f := range s.FieldErrors {
		subject := strings.NewReplacer("_", " ", ".", " ").Replace(f.Field)
		out[i] = strings.ToUpper(subject[:1]) + subject[1:] + " " + f.Message
	}
	return out
}

// methodNotAllowed is an error that is answered with status 405.
type methodNotAllowed struct{ message string }

// Error returns the message.
func (m *methodNotAllowed) Error() string { return m.message }

// Unwrap returns a refusal.
func (m *methodNotAllowed) Unwrap() error { return domain.Refuse(domain.Invalid, "%s", m.message) }

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
		return httpapi.Refinement{Status: http.StatusBadRequest, Body: MessageBody{bad.message}}, true
	}
	if s, ok := errors.AsType[sentences](err); ok {
		return httpapi.Refinement{Status: http.StatusUnprocessableEntity, Body: sentencesBody{s.texts()}}, true
	}
	if wrong, ok := errors.AsType[domain.FieldErrors](err); ok {
		return httpapi.Refinement{Status: http.StatusBadRequest, Body: fieldsBody{wrong.ByField()}}, true
	}
	if errors.Is(err, hooks.ErrURL) || errors.Is(err, hooks.ErrBranches) {
		return httpapi.Refinement{Status: http.StatusUnprocessableEntity, Body: errorBody{err.Error()}}, true
	}
	if method, ok := errors.AsType[*methodNotAllowed](err); ok {
		return httpapi.Refinement{Status: http.StatusMethodNotAllowed, Body: errorBody{method.message}}, true
	}
	if media, ok := errors.AsType[*params.UnsupportedMedia](err); ok {
		return httpapi.Refinement{Status: http.StatusUnsupportedMediaType, Body: errorBody{media.Message}}, true
	}
	if errors.Is(err, rights.ErrMembershipLocked) {
		return httpapi.Refinement{Status: http.StatusMethodNotAllowed, Body: MessageBody{"405 Method Not Allowed"}}, true
	}
	if errors.Is(err, errMovedProject) {
		return httpapi.Refinement{Status: http.StatusMethodNotAllowed, Body: MessageBody{errMovedProject.Message}}, true
	}
	if errors.Is(err, domain.ErrModified) {
		return httpapi.Refinement{Status: http.StatusPreconditionFailed, Body: MessageBody{"412 Precondition Failed"}}, true
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

// AtLeastOne refuses a request without any of the parameters.
func AtLeastOne(names ...string) error {
	return domain.Refuse(domain.Invalid, "%s are missing, at least one parameter must be provided", strings.Join(names, ", "))
}

// Exclusive refuses a request with several of the parameters.
func Exclusive(names ...string) error {
	return domain.Refuse(domain.Invalid, "%s are mutually exclusive", strings.Join(names, ", "))
}

// NoValidValue refuses a parameter that has none of its values.
func NoValidValue(name string) error {
	return domain.Refuse(domain.Invalid, "%s %s", name, params.NoValidValue)
}

// ErrNotFound refuses a row below another one that is not there.
var ErrNotFound = domain.Refuse(domain.NotFound, "Not found")
