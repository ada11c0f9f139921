package call

import (
	"cmp"
	"net/http"

	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
)

// Route describes a route.
type Route struct {
	// Method and Path name the route below /api/v4; a segment that begins with a colon is
	// a parameter.
	Method, Path string
	// Name is the operation, such as "getUser"; it is unique.
	Name string
	// Summary says what it does, in a few words.
	Summary string
	// Who may call it, as far as that does not depend on what is asked for.
	Who Access
	// Scopes of a token that is sufficient, beside api; for GET also beside read_api, and
	// below /user and /users beside read_user.
	Scopes []identity.Scope
	// Params is the zero struct of its parameters; a []any of several such structs; nil for
	// none.
	Params any
	// Remembered are the parameters that it keeps without an effect.
	Remembered remembered.Table
	// Words are the texts that some of Params take, by their names, where the types of these
	// do not say so; those of an array are what its items are.
	Words map[string][]string
	// Idempotent says that the header Idempotency-Key counts.
	Idempotent bool
	// List says that the answer is a page of a list, and Orders which orders it has.
	List   bool
	Orders Orders
	// Status is that of success; 0 is 200.
	Status int
	// Answer is the zero value of what it answers with, or of an item of a List; a []any of
	// alternatives, which may be httpapi.Answers of another status; a nil pointer for what
	// may be null; nil for no body. An empty []any says that the route always refuses.
	Answer any
}

// status returns that of success.
func (r Route) status() int { return cmp.Or(r.Status, http.StatusOK) }

// Access says who may call a route.
type Access string

// The kinds of access.
const (
	// Anyone may call it without a token.
	Anyone Access = "anyone"
	// SignedIn callers have a token.
	SignedIn Access = "signed in"
	// Administrators have a token of an administrator.
	Administrators Access = "administrators"
)

// Handled is a route with the method of API that answers it.
type Handled[API any] struct {
	Route
	// Handle returns what the route answers with, as Answer describes it, or an error.
	Handle func(*API, *Call) (any, error)
}

// Describe returns the descriptions of routes, in their order.
func Describe[API any](routes []Handled[API]) []Route {
	out := make([]Route, len(routes))
	for i, r := range routes {
		out[i] = r.Route
	}
	return out
}

// InPath returns the handler of a route that is about the group or project that the
// parameter id of its path names.
func InPath[API any](kind rights.Kind, handle func(*API, *Call, rights.Ref) (any, error)) func(*API, *Call) (any, error) {
	return func(a *API, c *Call) (any, error) { return handle(a, c, c.Ref(kind, "id")) }
}
