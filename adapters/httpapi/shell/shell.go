// Package shell speaks with GitLab Shell and Gitaly: it answers what they ask
// about keys, people and Git access.
package shell

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/application/gitaccess"
	"gatehouse/application/pushes"
	"gatehouse/application/whois"
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// API answers the routes of GitLab Shell and Gitaly.
type API struct {
	auth     gin.HandlerFunc
	gate     *gitaccess.Gatekeeper
	bracket  *pushes.Bracket
	register *whois.Register
	instance Instance
}

// Instance is what the answers say about the server itself.
type Instance struct {
	Version string
	// Revision is the build's, in version control; empty if it is not known.
	Revision string
	// Host stands behind the owner's name in the comment of a public key.
	Host string
	// GitConfigOptions are handed to Git, "key=value" each.
	GitConfigOptions []string
}

// New makes an API whose every route is behind auth.
func New(auth gin.HandlerFunc, gate *gitaccess.Gatekeeper, bracket *pushes.Bracket, register *whois.Register, instance Instance) *API {
	return &API{auth, gate, bracket, register, instance}
}

// Bodies of pushes hold a line for each ref: 64 MiB are half a million.
const (
	pushLimit  = 64 << 20
	smallLimit = 1 << 20
)

// Mount adds the routes to r, which stands for /api/v4/internal.
func (a *API) Mount(r gin.IRouter) {
	small := r.Group("", httpapi.Limit(smallLimit), a.auth)
	small.GET("/check", dialect.Reply(a.check))
	small.GET("/authorized_keys", dialect.Reply(a.authorizedKeys))
	small.GET("/discover", dialect.Reply(a.discover))
	small.POST("/pre_receive", dialect.Reply(a.preReceive))
	large := r.Group("", httpapi.Limit(pushLimit), a.auth)
	large.POST("/allowed", access.Reply(a.allowed))
	large.POST("/post_receive", dialect.Reply(a.postReceive))
}

// dialect is that of all routes but /allowed.
var dialect = httpapi.Dialect{Status: status, Body: httpapi.Plain}

// access is the dialect of /allowed.
var access = httpapi.Dialect{Status: status, Body: denial}

// status has 401 for Forbidden: older shells hide the message of a 403.
var status = map[domain.Kind]int{
	domain.NotFound:        http.StatusNotFound,
	domain.Conflict:        http.StatusConflict,
	domain.Invalid:         http.StatusBadRequest,
	domain.Unauthenticated: http.StatusUnauthorized,
	domain.Forbidden:       http.StatusUnauthorized,
	domain.Unprocessable:   http.StatusUnprocessableEntity,
	domain.TooMany:         http.StatusTooManyRequests,
	domain.TooLarge:        http.StatusRequestEntityTooLarge,
	domain.Unavailable:     http.StatusServiceUnavailable,
}

type deniedResponse struct {
	Status  bool   `json:"status"`
	Message string `json:"message"`
	Error   string `json:"error,omitempty"`
}

// denial is the body of a refused command. Rails names a bad parameter in
// "error", clients show "message": a malformed request has both.
func denial(kind domain.Kind, message string) any {
	body := deniedResponse{Message: message}
	if kind == domain.Invalid || kind == domain.TooLarge {
		body.Error = message
	}
	return body
}

// actorParams name the actor, in one of five ways.
type actorParams struct {
	Krb5Principal string `param:"krb5principal"`
	KeyID         string `param:"key_id"`
	UserID        string `param:"user_id"`
	Identifier    string `param:"identifier"`
	Username      string `param:"username"`
}

// claim takes the first that is present, as Rails does. Kerberos principals
// are linked to nobody here.
func (p actorParams) claim() identity.Claim {
	switch {
	case p.Krb5Principal != "":
		return identity.Claim{Kind: identity.Unresolvable}
	case p.KeyID != "":
		return identity.ClaimKey(p.KeyID)
	case p.UserID != "":
		return identity.ClaimUser(p.UserID)
	case p.Identifier != "":
		return identity.ClaimIdentifier(p.Identifier)
	case p.Username != "":
		return identity.ClaimName(p.Username)
	default:
		return identity.Claim{}
	}
}
