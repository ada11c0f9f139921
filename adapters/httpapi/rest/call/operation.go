package call

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

// Operation describes the route for the document of the API, without a Client.
func (r Route) Operation() httpapi.Operation {
	o := httpapi.Operation{
		Method: r.Method, Path: r.Path, Name: r.Name, Summary: r.Summary, Note: r.note(),
		Security: security, Params: r.Params, Words: r.Words, Remembered: r.Remembered, Extra: httpapi.Sudo, Answers: r.answers(), Refusals: refusals,
	}
	if r.Who == Anyone {
		o.Security = slices.Concat([][]httpapi.Credential{{}}, security)
	}
	if r.List {
		o.Params, o.Words = r.listParams(), r.listWords()
	}
	if r.List || r.ofProject() {
		o.Refusals = with(o.Refusals, methodRefusals)
	}
	if r.ofProject() && r.Method == http.MethodGet {
		o.Answers = append(o.Answers, movedAnswer)
	}
	if r.Idempotent {
		o.Extra = slices.Concat(o.Extra, idempotencyHeader)
	}
	if r.Method == http.MethodDelete {
		o.Extra, o.Refusals = slices.Concat(o.Extra, ifUnmodified), with(o.Refusals, deletionRefusals)
	}
	return o
}

// note says who may call the route.
func (r Route) note() string {
	who := map[Access]string{
		Anyone: "Anyone may call it, also without a token.", SignedIn: "For callers with a token.", Administrators: "For administrators.",
	}[r.Who]
	var names []string
	for _, scope := range r.scopes() {
		names = append(names, string(scope))
	}
	switch len(names) {
	case 0:
		return who + " The scopes of a token do not count."
	case 1:
		return who + " A token needs the scope " + names[0] + "."
	}
	return who + " A token needs one of the scopes " + strings.Join(names, ", ") + "."
}

// answers are those of success.
func (r Route) answers() (out []httpapi.Answer) {
	bodies, several := r.Answer.([]any)
	if !several {
		bodies = []any{r.Answer}
	}
	for _, body := range bodies {
		if whole, ok := body.(httpapi.Answer); ok {
			out = append(out, whole)
			continue
		}
		answer := httpapi.Answer{Status: r.status(), Body: body}
		if r.List {
			answer.Body, answer.Headers = httpapi.ListOf(body), pageHeaders
		}
		out = append(out, answer)
	}
	return out
}

// listParams are the parameters of the route, and those of its list.
func (r Route) listParams() any {
	all := withParams(r.Params, listParams{})
	if r.Orders.Keyset != nil {
		all = withParams(all, keysetParams{})
	}
	if r.Orders.Keyset != nil && !r.Orders.ByParams {
		all = withParams(all, cursorParams{})
	}
	return all
}

// listWords are those of the parameters of a list, too.
func (r Route) listWords() map[string][]string {
	out := maps.Clone(r.Words)
	if out == nil {
		out = map[string][]string{}
	}
	out["order_by"], out["sort"] = r.Orders.known(), r.Orders.sorts()
	if r.Orders.Keyset != nil {
		out["pagination"] = []string{byKeyset}
	}
	return out
}

// withParams returns several structs of parameters as one value of Route.Params.
func withParams(params, more any) any {
	if params == nil {
		return more
	}
	if list, several := params.([]any); several {
		return append(slices.Clone(list), more)
	}
	return []any{params, more}
}

// security are the ways in which a token is sent.
var security = [][]httpapi.Credential{
	{httpapi.PrivateToken}, {httpapi.PrivateTokenParam}, {httpapi.BearerToken}, {httpapi.AccessTokenParam}, {httpapi.BasicToken},
}

// idempotencyKey is the header by which a request for a token can be sent again.
const idempotencyKey = "Idempotency-Key"

var idempotencyHeader = []httpapi.Parameter{{
	Name: idempotencyKey, In: "header", About: "The same request with the same text gets the same token, as long as that is active. A token that has rotated itself cannot ask again.",
}}

var ifUnmodified = []httpapi.Parameter{{
	Name: "If-Unmodified-Since", In: "header", About: "Nothing is deleted that has changed since then.",
}}

// pageHeaders say which page of a list an answer is.
var pageHeaders = []httpapi.Parameter{
	{Name: "X-Page", In: "header", Number: true, About: "The number of the page."},
	{Name: "X-Per-Page", In: "header", Number: true, About: "How many items a page has."},
	{Name: "X-Next-Page", In: "header", About: "The number of the next page; empty behind the last one."},
	{Name: "X-Prev-Page", In: "header", About: "The number of the page before; empty in front of the first one."},
	{Name: "X-Total", In: "header", Number: true, About: "How many items there are."},
	{Name: "X-Total-Pages", In: "header", Number: true, About: "How many pages there are."},
	{Name: "Link", In: "header", About: "The addresses of other pages, by RFC 8288. With keyset pagination it is the only one of these headers."},
}

var (
	// refusals are those of dialect, and of refine.
	refusals = httpapi.Refusals{Name: "management", Answers: slices.Concat(
		dialect.Refusals(domain.Kinds...),
		[]httpapi.Answer{
			{Status: http.StatusBadRequest, Body: MessageBody{}}, {Status: http.StatusBadRequest, Body: fieldsBody{}},
			{Status: http.StatusUnprocessableEntity, Body: sentencesBody{}}, {Status: http.StatusUnprocessableEntity, Body: errorBody{}},
			{Status: http.StatusUnsupportedMediaType, Body: errorBody{}},
		},
		httpapi.TokenRefusals,
	)}
	// methodRefusals are those of pages that are too far away, and of changes of a project by
	// a path of the past or of a group whose members are locked.
	methodRefusals = []httpapi.Answer{
		{Status: http.StatusMethodNotAllowed, Body: errorBody{}}, {Status: http.StatusMethodNotAllowed, Body: MessageBody{}},
	}
	// deletionRefusals are those of what others have changed meanwhile.
	deletionRefusals = []httpapi.Answer{{Status: http.StatusPreconditionFailed, Body: MessageBody{}}}
	// movedAnswer leads from a path of the past to the project.
	movedAnswer = httpapi.Answer{Status: http.StatusMovedPermanently, Body: MessageBody{}, Headers: []httpapi.Parameter{
		{Name: "Location", In: "header", About: "The address of the same route with the number of the project, relative to that of the server."},
	}}
)

// with returns refusals with more of them.
func with(r httpapi.Refusals, more []httpapi.Answer) httpapi.Refusals {
	r.Answers = slices.Concat(r.Answers, more)
	return r
}
