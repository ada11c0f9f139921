package httpapi

import (
	"errors"
	"fmt"
	"net/http"

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
