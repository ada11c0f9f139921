package rest

import (
	"net/http"
	"slices"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
)

// accessTokenRoutes manage personal access tokens.
var accessTokenRoutes = []route{
	{Route{
		Method: http.MethodGet, Path: "/personal_access_tokens", Name: "listPersonalAccessTokens", Summary: "List personal access tokens",
		Who: SignedIn, Params: tokensParams{}, List: true, Orders: tokenOrders, Answer: []tokenBody{},
	}, (*API).tokens},
	{Route{
		Method: http.MethodGet, Path: "/personal_access_tokens/self", Name: "getOwnPersonalAccessToken", Summary: "Show the token of the request",
		Who: SignedIn, Scopes: []identity.Scope{anyScope}, Answer: tokenBody{},
	}, (*API).token},
	{Route{
		Method: http.MethodGet, Path: "/personal_access_tokens/:id", Name: "getPersonalAccessToken", Summary: "Show a personal access token",
		Who: SignedIn, Answer: tokenBody{},
	}, (*API).token},
	{Route{
		Method: http.MethodPost, Path: "/users/:id/personal_access_tokens", Name: "createUserPersonalAccessToken", Summary: "Create a personal access token for a user",
		Who: Administrators, Idempotent: true, Params: newTokenParams{}, Words: map[string][]string{"scopes": texts(identity.GrantedScopes)}, Status: http.StatusCreated, Answer: createdTokenBody{},
	}, (*API).createUserToken},
	{Route{
		Method: http.MethodPost, Path: "/user/personal_access_tokens", Name: "createOwnPersonalAccessToken", Summary: "Create a personal access token for oneself",
		Who: SignedIn, Idempotent: true, Params: newTokenParams{}, Words: map[string][]string{"scopes": texts(identity.OwnScopes)}, Status: http.StatusCreated, Answer: createdTokenBody{},
	}, (*API).createOwnToken},
	{Route{
		Method: http.MethodPost, Path: "/personal_access_tokens/self/rotate", Name: "rotateOwnPersonalAccessToken", Summary: "Replace the token of the request",
		Who: SignedIn, Scopes: []identity.Scope{identity.ScopeSelfRotate}, Params: rotationParams{}, Answer: createdTokenBody{},
	}, (*API).rotateToken},
	{Route{
		Method: http.MethodPost, Path: "/personal_access_tokens/:id/rotate", Name: "rotatePersonalAccessToken", Summary: "Replace a personal access token",
		Who: SignedIn, Idempotent: true, Params: rotationParams{}, Answer: createdTokenBody{},
	}, (*API).rotateToken},
	{Route{
		Method: http.MethodDelete, Path: "/personal_access_tokens/self", Name: "revokeOwnPersonalAccessToken", Summary: "Revoke the token of the request",
		Who: SignedIn, Scopes: []identity.Scope{anyScope}, Status: http.StatusNoContent,
	}, (*API).revokeToken},
	{Route{
		Method: http.MethodDelete, Path: "/personal_access_tokens/:id", Name: "revokePersonalAccessToken", Summary: "Revoke a personal access token",
		Who: SignedIn, Status: http.StatusNoContent,
	}, (*API).revokeToken},
}

// tokenBody is a personal access token.
type tokenBody struct {
	ID          int64            `json:"id"`
	Name        string           `json:"name"`
	Revoked     bool             `json:"revoked"`
	CreatedAt   *string          `json:"created_at" api:"date-time,null"`
	Description *string          `json:"description"`
	Scopes      []identity.Scope `json:"scopes"`
	UserID      int64            `json:"user_id"`
	LastUsedAt  *string          `json:"last_used_at" api:"date-time,null"`
	Active      bool             `json:"active"`
	ExpiresAt   *string          `json:"expires_at" api:"date,null"`
}

// createdTokenBody is a new personal access token with its text, which is shown once.
type createdTokenBody struct {
	tokenBody
	Token string `json:"token"`
}

func (a *API) tokenBody(t identity.AccessToken) tokenBody {
	scopes := t.Scopes
	if scopes == nil {
		scopes = []identity.Scope{}
	}
	return tokenBody{
		ID: t.ID, Name: t.Name, Revoked: t.Revoked, CreatedAt: momentOrNull(t.CreatedAt), Description: textOrNull(t.Description),
		Scopes: scopes, UserID: int64(t.User), LastUsedAt: momentOrNull(t.LastUsedAt), Active: t.Active(a.now()), ExpiresAt: dayOrNull(t.ExpiresAt),
	}
}

// tokenID returns the number of the token that the path names, which is that of the
// request for the word self.
func (c *call) tokenID() int64 {
	if !c.names("id") {
		return c.token.ID
	}
	return c.number("id")
}

// tokensParams filter access tokens.
type tokensParams struct {
	UserID         *int64     `param:"user_id"`
	Revoked        *bool      `param:"revoked"`
	State          tokenState `param:"state"`
	Search         string     `param:"search"`
	CreatedBefore  moment     `param:"created_before"`
	CreatedAfter   moment     `param:"created_after"`
	LastUsedBefore moment     `param:"last_used_before"`
	LastUsedAfter  moment     `param:"last_used_after"`
	ExpiresBefore  moment     `param:"expires_before"`
	ExpiresAfter   moment     `param:"expires_after"`
}

// tokenState is "active" or "inactive"; empty for both.
type tokenState string

// Words are the words that it takes.
func (tokenState) Words() []string { return []string{"active", "inactive"} }

// ReadParam implements params.Reader.
func (s *tokenState) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, s.Words())
	*s = tokenState(word)
	return problem
}

// tokenOrders are the orders of access tokens.
var tokenOrders = orders{names: []string{"id"}, words: map[string]ordered{
	"created_asc": {"created_at", false}, "created_desc": {"created_at", true},
	"expires_asc": {"expires_at", false}, "expires_desc": {"expires_at", true},
	"expires_at_asc": {"expires_at", false}, "expires_at_desc": {"expires_at", true},
	"last_used_asc": {"last_used_at", false}, "last_used_desc": {"last_used_at", true},
	"name_asc": {"name", false}, "name_desc": {"name", true},
}}

// tokens answers GET /personal_access_tokens.
func (a *API) tokens(c *call) (any, error) {
	var in tokensParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	filter := accounts.TokenFilter{
		Revoked: in.Revoked, Search: in.Search, CreatedBefore: in.CreatedBefore.Time, CreatedAfter: in.CreatedAfter.Time,
		LastUsedBefore: in.LastUsedBefore.Time, LastUsedAfter: in.LastUsedAfter.Time, ExpiresBefore: in.ExpiresBefore.Time, ExpiresAfter: in.ExpiresAfter.Time,
	}
	if in.State != "" {
		filter.Active = new(in.State == "active")
	}
	if in.UserID != nil {
		filter.User = identity.UserID(max(*in.UserID, 0))
		if filter.User == 0 {
			filter.User = -1 // no user has this number, and 0 picks all
		}
	}
	tokens, err := a.useCases.Accounts.Tokens(c.context(), c.caller, filter, page)
	if err != nil {
		return nil, err
	}
	return listed(a, c, page, tokens, nil, a.tokenBody)
}

// token answers GET /personal_access_tokens/:id and GET /personal_access_tokens/self.
func (a *API) token(c *call) (any, error) {
	token, err := a.useCases.Accounts.Token(c.context(), c.caller, c.tokenID())
	if err != nil {
		return nil, err
	}
	return a.tokenBody(token), nil
}

// newTokenParams are the parameters of a new token. The scopes may be in one text with
// commas.
type newTokenParams struct {
	Name        string      `param:"name,required"`
	Scopes      []string    `param:"scopes,required" api:"[]string,string"`
	Description string      `param:"description"`
	ExpiresAt   params.Date `param:"expires_at"`
}

// newToken reads the parameters of a token with scopes that are words of the route.
func (c *call) newToken() (accounts.NewToken, error) {
	var in newTokenParams
	if err := c.decode(&in); err != nil {
		return accounts.NewToken{}, err
	}
	scopes := identity.SplitScopes(in.Scopes)
	if slices.ContainsFunc(scopes, func(s identity.Scope) bool { return !slices.Contains(c.route.Words["scopes"], string(s)) }) {
		return accounts.NewToken{}, noValidValue("scopes")
	}
	return accounts.NewToken{Name: in.Name, Description: in.Description, Scopes: scopes, ExpiresAt: in.ExpiresAt.Time, IdempotencyKey: c.idempotencyKey()}, nil
}

// idempotencyKey returns that of the request; empty for none, and where it does not count.
func (c *call) idempotencyKey() string {
	if !c.route.Idempotent {
		return ""
	}
	return c.gin.GetHeader(idempotencyKey)
}

// createUserToken answers POST /users/:id/personal_access_tokens.
func (a *API) createUserToken(c *call) (any, error) {
	asked, err := c.newToken()
	if err != nil {
		return nil, err
	}
	return a.createToken(c, identity.UserID(c.number("id")), asked)
}

// createOwnToken answers POST /user/personal_access_tokens.
func (a *API) createOwnToken(c *call) (any, error) {
	asked, err := c.newToken()
	if err != nil {
		return nil, err
	}
	return a.createToken(c, c.caller.ID, asked)
}

func (a *API) createToken(c *call, user identity.UserID, asked accounts.NewToken) (any, error) {
	created, err := a.useCases.Accounts.CreateToken(c.context(), c.caller, user, asked)
	if err != nil {
		return nil, err
	}
	return createdTokenBody{a.tokenBody(created.AccessToken), created.Text}, nil
}

type rotationParams struct {
	ExpiresAt params.Date `param:"expires_at"`
}

// rotateToken answers POST /personal_access_tokens/:id/rotate and, for the token of the
// request, POST /personal_access_tokens/self/rotate.
func (a *API) rotateToken(c *call) (any, error) {
	var in rotationParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	created, err := a.useCases.Accounts.RotateToken(c.context(), c.caller, c.tokenID(), in.ExpiresAt.Time, c.idempotencyKey())
	if err != nil {
		return nil, asBadRequestWords(err)
	}
	return createdTokenBody{a.tokenBody(created.AccessToken), created.Text}, nil
}

// revokeToken answers DELETE /personal_access_tokens/:id and, for the token of the
// request, DELETE /personal_access_tokens/self.
func (a *API) revokeToken(c *call) (any, error) {
	if err := a.useCases.Accounts.RevokeToken(c.context(), c.caller, c.tokenID(), c.unmodifiedSince()); err != nil {
		return nil, asBadRequestWords(err)
	}
	return c.noContent()
}
