package rest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
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
	Orders orders
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

// route is a route with what answers it.
type route struct {
	Route
	handle func(*API, *call) (any, error)
}

// call is one request.
type call struct {
	gin   *gin.Context
	route Route
	// caller is who asks; the zero Account for a caller without a token.
	caller rights.Caller
	// token is that of the caller; the zero token for none.
	token identity.AccessToken
	// values are the parameters of query and body.
	values params.Values
	// document returns the document of the API.
	document Document
}

func (c *call) context() context.Context { return c.gin.Request.Context() }

// serve returns the handler of a route.
func (a *API) serve(r route, document Document) gin.HandlerFunc {
	status := r.status()
	reply := dialect.Reply(func(g *gin.Context) (any, error) {
		for i, p := range g.Params {
			g.Params[i].Value = storable(p.Value)
		}
		c := &call{gin: g, route: r.Route, document: document}
		if err := a.authenticate(c); err != nil {
			return nil, err
		}
		values, err := params.Of(g)
		if err != nil && !errors.Is(err, params.Null) { // client-go sends null for no options
			return nil, err
		}
		c.values = values
		g.Status(status)
		answer, err := r.handle(a, c)
		if err != nil {
			return a.whereMoved(c, err)
		}
		return answer, nil
	})
	return func(g *gin.Context) {
		if slices.ContainsFunc(g.Params, func(p gin.Param) bool { return p.Value == "" }) {
			Unknown(g) // an empty segment names no row, and is no shorter route
			return
		}
		setHeaders(g)
		reply(g)
	}
}

// storable returns a name as it is if a store takes it, which wants UTF-8 without NUL, and
// else one that no row has.
func storable(name string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", "\uFFFD"), "\uFFFD")
}

// decode reads the parameters of the request into the struct that into points to.
func (c *call) decode(into any) error { return c.values.Decode(into) }

// status sets the status of the answer, in place of the route's.
func (c *call) status(code int) { c.gin.Status(code) }

// noContent answers without a body.
func (c *call) noContent() (any, error) {
	c.gin.Status(http.StatusNoContent)
	return nil, nil
}

// number returns a parameter of the path that is the number of a row. For any other text
// it returns 0, which no row has.
func (c *call) number(name string) int64 {
	id, ok := identity.ParseID(c.gin.Param(name))
	if !ok {
		return 0
	}
	return id
}

// names says whether the path has a parameter of that name.
func (c *call) names(name string) bool {
	_, ok := c.gin.Params.Get(name)
	return ok
}

// user returns the claim of a parameter of the path that is a number or a username.
func (c *call) user(name string) identity.Claim {
	if id := c.number(name); id != 0 {
		return identity.Claim{Kind: identity.ByUser, ID: id}
	}
	return identity.ClaimName(c.gin.Param(name))
}

// unmodifiedSince returns the condition of a deletion; the zero time for none.
func (c *call) unmodifiedSince() time.Time {
	at, err := http.ParseTime(c.gin.GetHeader("If-Unmodified-Since"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// sentURL returns the address of the request on the external address, without query.
func (a *API) sentURL(g *gin.Context) string {
	sent, err := url.ParseRequestURI(g.Request.RequestURI)
	if err != nil {
		return a.instance.ExternalURL
	}
	return a.instance.origin() + sent.EscapedPath()
}

// errNotFound refuses a row below another one that is not there.
var errNotFound = domain.Refuse(domain.NotFound, "Not found")

// setHeaders sets the headers of every answer.
func setHeaders(g *gin.Context) {
	g.Header("Content-Type", mediaType) // without a charset: python-gitlab compares the whole
	g.Header("Cache-Control", "max-age=0, private, must-revalidate")
	g.Header("Vary", "Origin")
	g.Header("X-Content-Type-Options", "nosniff")
	g.Header("X-Frame-Options", "SAMEORIGIN")
}

const mediaType = "application/json"

// Unknown answers every path below /api/v4 that is no route.
func Unknown(g *gin.Context) {
	setHeaders(g)
	g.JSON(http.StatusNotFound, errorBody{"404 Not Found"})
}

// NoMethod answers a route that has no such method.
func NoMethod(g *gin.Context) {
	setHeaders(g)
	g.JSON(http.StatusMethodNotAllowed, errorBody{"405 Not Allowed"})
}

// logUser names the caller in the log line of a refusal.
func logUser(c *call, who identity.User) {
	httpapi.AddLogFields(c.gin, "actor", identity.Actor{User: who}.String(), "username", who.Username)
}
