package httpapi

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/application/credentials"
)

// oauthBody is the body of a refusal by Rails' OAuth library.
type oauthBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Scope       string `json:"scope,omitempty"`
}

// RefineToken answers, as Rails' OAuth library does, for an expired or revoked access
// token, and for one that may not be used with sudo. The realm is that of the challenge.
func RefineToken(realm string, err error) (Refinement, bool) {
	switch {
	case errors.Is(err, credentials.ErrExpiredToken), errors.Is(err, credentials.ErrRevokedToken):
		return Refinement{
			Status: http.StatusUnauthorized, Body: oauthBody{Error: "invalid_token", Description: err.Error()},
			Challenge: fmt.Sprintf(`Bearer realm=%q, error="invalid_token", error_description=%q`, realm, err.Error()),
		}, true
	case errors.Is(err, credentials.ErrNoSudo):
		return InsufficientScope("sudo"), true
	default:
		return Refinement{}, false
	}
}

// InsufficientScope answers for an access token without one of the scopes, which are
// separated by blanks.
func InsufficientScope(scopes string) Refinement {
	return Refinement{Status: http.StatusForbidden, Body: oauthBody{
		"insufficient_scope", "The request requires higher privileges than provided by the access token.", scopes,
	}}
}

// OAuthTokenPath is where GitLab gives tokens for passwords and authorizations.
const OAuthTokenPath = "/oauth/token"

// MountOAuth adds the route of OAuthTokenPath to r. No grant leads to a token here: there are
// no passwords. It is said in the words of RFC 6749, so that a client that tries, such as one
// with a user's name and password, shows why.
func MountOAuth(r gin.IRouter) {
	r.POST(OAuthTokenPath, func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		c.JSON(http.StatusBadRequest, oauthBody{
			Error: "unsupported_grant_type", Description: "This server has no passwords and gives no tokens. Use a personal access token.",
		})
	})
}

// OAuthOperations describes the route of MountOAuth.
func OAuthOperations() []Operation {
	return []Operation{{
		Method: http.MethodPost, Path: OAuthTokenPath, Name: "createOAuthToken", Summary: "Refuse every grant of OAuth",
		Client:  Client{Name: "OAuth", About: "Clients that ask for a token by a password are told that there are none."},
		Answers: []Answer{{Status: http.StatusBadRequest, Body: oauthBody{}}},
	}}
}
