package httpapi

import (
	"net/http"
	"reflect"
	"slices"

	"gatehouse/domain"
	"gatehouse/domain/remembered"
)

// Operation describes a route for the document of the API.
type Operation struct {
	// Method and Path name the route as gin has it: a segment of the path that begins with
	// a colon is a parameter.
	Method, Path string
	// Name is unique, such as "getUser".
	Name string
	// Summary says what the route does in a few words.
	Summary string
	// Note says more in sentences; it is empty for none.
	Note string
	// Client is who calls the route, and maybe what for: a section of the document.
	Client Client
	// Security are the ways to prove who calls, one of which is needed. Each has all
	// credentials that it takes; an empty way stands for a call without any. Nil says that
	// the route reads no credential.
	Security [][]Credential
	// Params is the zero struct of the parameters, with tags `param`; a []any of several
	// such structs; nil for none. They are sent in the query with GET, HEAD and DELETE, and
	// else in the body or the query.
	Params any
	// Required names parameters that must be there although their tags do not say so.
	Required []string
	// Words are the texts that some parameters take, by their names; those of an array are
	// what its items are. They count above the words of the type.
	Words map[string][]string
	// Remembered are further parameters, which have no effect.
	Remembered remembered.Table
	// Extra are parameters outside of Params, such as headers.
	Extra []Parameter
	// Answers are those of success.
	Answers []Answer
	// Refusals are the other answers.
	Refusals Refusals
}

// Client is who calls a group of routes.
type Client struct {
	// Name is that of the group.
	Name string
	// About says who calls, in sentences.
	About string
}

// Answer is one answer of a route. Several answers of one status are alternatives.
type Answer struct {
	Status int
	// Body is the zero value of the body; nil for none, and a nil pointer for one that may
	// be null.
	Body any
	// Media is the media type of the body; empty for JSON.
	Media string
	// Headers are those that a client needs.
	Headers []Parameter
}

// Refusals are answers that several routes have in common.
type Refusals struct {
	// Name is unique, such as "portal".
	Name    string
	Answers []Answer
}

// Parameter is a header or a parameter of the query, which need not be there.
type Parameter struct {
	Name string
	// In is "header" or "query".
	In string
	// About says what it does, in a sentence.
	About string
	// Number says that it is a number, and not any text.
	Number bool
}

// Credential is a way to prove who calls.
type Credential struct {
	// ID is its unique name in the document.
	ID string
	// In and Name are where it is sent: "header" or "query", and the name there. Both are
	// empty with Scheme.
	In, Name string
	// Scheme is that of the header Authorization: "bearer" or "basic".
	Scheme string
	// About says what it is, in a sentence.
	About string
}

// The credentials of users.
var (
	PrivateToken      = Credential{ID: "privateToken", In: "header", Name: "PRIVATE-TOKEN", About: "An access token."}
	BearerToken       = Credential{ID: "bearerToken", Scheme: "bearer", About: "An access token."}
	BasicToken        = Credential{ID: "basicToken", Scheme: "basic", About: "An access token as the password of any username."}
	PrivateTokenParam = Credential{ID: "privateTokenParameter", In: "query", Name: "private_token", About: "An access token. A body may hold it, too."}
	AccessTokenParam  = Credential{ID: "accessTokenParameter", In: "query", Name: "access_token", About: "An access token. A body may hold it, too."}
)

// Sudo are the parameters by which an administrator acts as another user.
var Sudo = []Parameter{
	{Name: "Sudo", In: "header", About: "The number or the name of a user as whom an administrator asks. The token needs the scope sudo."},
	{Name: "sudo", In: "query", About: "The same as the header Sudo. A body may hold it, too."},
}

// Refusals returns the answers of the dialect to refusals of some kinds, and to errors
// that are none.
func (d Dialect) Refusals(kinds ...domain.Kind) []Answer {
	body := Plain
	if d.Body != nil {
		body = d.Body
	}
	answers := []Answer{{Status: http.StatusInternalServerError, Body: internalError}}
	for _, kind := range kinds {
		answers = append(answers, Answer{Status: d.status(kind), Body: body(kind, "")})
		if kind == domain.TooLarge { // of what Reply says by itself
			answers = append(answers, Answer{Status: statuses[kind], Body: Plain(kind, "")})
		}
	}
	return answers
}

// TokenRefusals are the answers of RefineToken and of InsufficientScope.
var TokenRefusals = []Answer{
	{Status: http.StatusUnauthorized, Body: oauthBody{}, Headers: []Parameter{{Name: "WWW-Authenticate", In: "header", About: "Why the token counts no more."}}},
	{Status: http.StatusForbidden, Body: oauthBody{}},
}

// Below returns the operations with their paths below a prefix.
func Below(prefix string, operations []Operation) []Operation {
	out := slices.Clone(operations)
	for i := range out {
		out[i].Path = prefix + out[i].Path
	}
	return out
}

// InQuery says whether the parameters of a method are sent in the query.
func InQuery(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete
}

// ListOf returns the empty slice of the type of an item; a slice stays as it is.
func ListOf(item any) any {
	t := reflect.TypeOf(item)
	if t.Kind() == reflect.Slice {
		return item
	}
	return reflect.MakeSlice(reflect.SliceOf(t), 0, 0).Interface()
}
