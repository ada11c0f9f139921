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

// caller is who asks, or as whom; reader and admin have found out.
func caller(c *gin.Context) identity.User { return c.MustGet(callerKey).(identity.User) }

// reader lets everybody in who comes with an access token for reading.
func (a *API) reader(c *gin.Context) {
	a.authenticate(c, identity.ScopeAPI, identity.ScopeReadAPI)
}

// admin lets administrators in who come with an access token for the API.
func (a *API) admin(c *gin.Context) {
	if a.authenticate(c, identity.ScopeAPI) && !caller(c).Admin {
		dialect.Refuse(c, &domain.Refusal{Kind: domain.Forbidden})
	}
}

// authenticate finds out who asks, by a token with one of the scopes; otherwise
// it refuses.
func (a *API) authenticate(c *gin.Context, scopes ...identity.Scope) bool {
	values, _ := params.Of(c) // what is wrong with a body is nobody's business yet
	user, err := a.whoAsks(c, values, scopes)
	if err != nil {
		dialect.Refuse(c, err)
		return false
	}
	c.Set(callerKey, user)
	return true
}

func (a *API) whoAsks(c *gin.Context, values params.Values, scopes []identity.Scope) (identity.User, error) {
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
	if who := cmp.Or(values.String("sudo"), c.GetHeader("Sudo")); who != "" {
		return a.credentials.Sudo(c.Request.Context(), bearer, who)
	}
	return bearer.User, nil
}

// token looks where Rails does, in its order, and in a header TOKEN, which only
// the documentation knows.
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

// errScope is for a token that is good for something else.
var errScope = domain.Refuse(domain.Forbidden, "The request requires higher privileges than provided by the access token.")

// oauthBody is how Rails' OAuth library refuses.
type oauthBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Scope       string `json:"scope,omitempty"`
}

// refineToken answers for a token that is no longer valid, or valid for something
// else.
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
