package portal

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/credentials"
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

const callerKey = "portal caller"

// caller returns the user of the access token, or the one that sudo names. The
// middleware reader and admin sets it.
func caller(c *gin.Context) identity.User { return c.MustGet(callerKey).(identity.User) }

// reader is middleware that refuses callers without an access token for reading.
func (a *API) reader(c *gin.Context) {
	a.authenticate(c, identity.ScopeAPI, identity.ScopeReadAPI)
}

// admin is middleware that refuses callers without an administrator's access token
// for the API.
func (a *API) admin(c *gin.Context) {
	if a.authenticate(c, identity.ScopeAPI) && !caller(c).Admin {
		dialect.Refuse(c, &domain.Refusal{Kind: domain.Forbidden})
	}
}

// authenticate sets the caller by an access token with one of the scopes. Without
// such a token it refuses the request and returns false.
func (a *API) authenticate(c *gin.Context, scopes ...identity.Scope) bool {
	values, _ := params.Of(c) // the handler refuses a malformed body
	user, err := a.user(c, values, scopes)
	if err != nil {
		dialect.Refuse(c, err)
		return false
	}
	c.Set(callerKey, user)
	httpapi.Admit(c)
	return true
}

// user returns the user of the request's access token, or the one that sudo names.
func (a *API) user(c *gin.Context, values params.Values, scopes []identity.Scope) (identity.User, error) {
	text := token(c, values)
	if text == "" {
		return identity.User{}, credentials.ErrUnknownToken
	}
	bearer, err := a.credentials.Bearer(c.Request.Context(), text)
	if err != nil {
		return identity.User{}, err
	}
	if !bearer.Token.Allows(scopes...) {
		return identity.User{}, errScope
	}
	if sudo := cmp.Or(values.String("sudo"), c.GetHeader("Sudo")); sudo != "" {
		return a.credentials.Sudo(c.Request.Context(), bearer, sudo)
	}
	return bearer.User, nil
}

// token returns the access token from where Rails looks for it, in the same order, or
// from the header TOKEN, which only GitLab's documentation mentions.
func token(c *gin.Context, values params.Values) string {
	scheme, bearer, _ := strings.Cut(strings.TrimSpace(c.GetHeader("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		bearer = ""
	}
	return cmp.Or(
		values.String("private_token"), strings.TrimSpace(c.GetHeader("PRIVATE-TOKEN")),
		strings.TrimSpace(bearer), strings.TrimSpace(c.GetHeader("TOKEN")),
	)
}

// errScope refuses a token whose scopes do not allow the route.
var errScope = domain.Refuse(domain.Forbidden, "The request requires higher privileges than provided by the access token.")

// oauthBody is the body of a refusal by Rails' OAuth library.
type oauthBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Scope       string `json:"scope,omitempty"`
}

// refineToken answers for an expired or revoked token, and for one without the scope
// that is needed.
func refineToken(err error) (httpapi.Refinement, bool) {
	switch {
	case errors.Is(err, credentials.ErrExpiredToken), errors.Is(err, credentials.ErrRevokedToken):
		return httpapi.Refinement{
			Status: http.StatusUnauthorized, Body: oauthBody{Error: "invalid_token", Description: err.Error()},
			Challenge: fmt.Sprintf(`Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description=%q`, err.Error()),
		}, true
	case errors.Is(err, errScope):
		return httpapi.Refinement{Status: http.StatusForbidden, Body: oauthBody{"insufficient_scope", err.Error(), "api read_api"}}, true
	case errors.Is(err, credentials.ErrNoSudo):
		return httpapi.Refinement{Status: http.StatusForbidden, Body: oauthBody{"insufficient_scope", err.Error(), "sudo"}}, true
	default:
		return httpapi.Refinement{}, false
	}
}
