package call

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Call is one request. It is for the goroutine that answers the request.
type Call struct {
	// Route is the route that answers it.
	Route Route
	// Caller is who asks; the zero Account for a caller without a token.
	Caller rights.Caller
	// Token is that of the caller; the zero token for none.
	Token identity.AccessToken

	gin *gin.Context
	// values are the parameters of query and body.
	values params.Values
	// externalURL is the public base of every URL, without a trailing slash.
	externalURL string
}

// Context returns the context of the request.
func (c *Call) Context() context.Context { return c.gin.Request.Context() }

// Given says whether a parameter is present, even if it is null or empty.
func (c *Call) Given(name string) bool { return c.values.Given(name) }

// Has says whether a parameter is present, and neither null nor empty text.
func (c *Call) Has(name string) bool { return c.values.Has(name) }

// AddLogField adds a field to the log line of a request that is refused. A long text is cut,
// and an empty one is left out.
func (c *Call) AddLogField(name, text string) { httpapi.AddLogFields(c.gin, name, text) }

// Decode reads the parameters of the request into the struct that into points to.
func (c *Call) Decode(into any) error { return c.values.Decode(into) }

// SetHeader sets a header of the answer.
func (c *Call) SetHeader(name, value string) { c.gin.Header(name, value) }

// Head says that only the headers of the answer are asked for.
func (c *Call) Head() bool { return c.gin.Request.Method == http.MethodHead }

// NoContent answers without a body.
func (c *Call) NoContent() (any, error) {
	c.gin.Status(http.StatusNoContent)
	return nil, nil
}

// Param returns a parameter of the path; empty if it has none of that name.
func (c *Call) Param(name string) string { return c.gin.Param(name) }

// Number returns a parameter of the path that is the number of a row. For any other text
// it returns 0, which no row has.
func (c *Call) Number(name string) int64 {
	id, ok := identity.ParseID(c.Param(name))
	if !ok {
		return 0
	}
	return id
}

// HasParam says whether the path has a parameter of that name.
func (c *Call) HasParam(name string) bool {
	_, ok := c.gin.Params.Get(name)
	return ok
}

// User returns the claim of a parameter of the path that is a number or a username.
func (c *Call) User(name string) identity.Claim {
	if id := c.Number(name); id != 0 {
		return identity.Claim{Kind: identity.ByUser, ID: id}
	}
	return identity.ClaimName(c.Param(name))
}

// Ref returns the group or project that a parameter of the path names, by number or by full
// path. A text that is neither names none.
func (c *Call) Ref(kind rights.Kind, name string) rights.Ref { return RefOf(kind, c.Param(name)) }

// RefOf returns what a text names as Ref does.
func RefOf(kind rights.Kind, text string) rights.Ref {
	switch {
	case isDigits(text):
		id, _ := identity.ParseID(text) // 0 if it is too large for a row
		return rights.Ref{Kind: kind, ID: id}
	case source.IsPath(text):
		return rights.Ref{Kind: kind, Path: text}
	default:
		return rights.Ref{Kind: kind}
	}
}

func isDigits(text string) bool {
	return text != "" && !slices.ContainsFunc([]byte(text), func(c byte) bool { return c < '0' || c > '9' })
}

// UnmodifiedSince returns the condition of a deletion; the zero time for none.
func (c *Call) UnmodifiedSince() time.Time {
	at, err := http.ParseTime(c.gin.GetHeader("If-Unmodified-Since"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// IdempotencyKey returns that of the request; empty for none, and where it does not count.
func (c *Call) IdempotencyKey() string {
	if !c.Route.Idempotent {
		return ""
	}
	return c.gin.GetHeader(idempotencyKey)
}
