package people

import (
	"net/http"
	"slices"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
)

// accessTokenRoutes manage personal access tokens.
var accessTokenRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/personal_access_tokens", Name: "listPersonalAccessTokens", Summary: "List personal access tokens",
		Who: call.SignedIn, Params: tokensParams{}, List: true, Orders: tokenOrders, Answer: []tokenBody{},
	}, Handle: (*API).tokens},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/personal_access_tokens/self", Name: "getOwnPersonalAccessToken", Summary: "Show the token of the request",
		Who: call.SignedIn, Scopes: []identity.Scope{call.AnyScope}, Answer: tokenBody{},
	}, Handle: (*API).token},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/personal_access_tokens/:id", Name: "getPersonalAccessToken", Summary: "Show a personal access token",
		Who: call.SignedIn, Answer: tokenBody{},
	}, Handle: (*API).token},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/users/:id/personal_access_tokens", Name: "createUserPersonalAccessToken", Summary: "Create a personal access token for a user",
		Who: call.Administrators, Idempotent: true, Params: newTokenParams{}, Words: map[string][]string{"scopes": call.Texts(identity.GrantedScopes)}, Status: http.StatusCreated, Answer: createdTokenBody{},
	}, Handle: (*API).createUserToken},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/user/personal_access_tokens", Name: "createOwnPersonalAccessToken", Summary: "Create a personal access token for oneself",
		Who: call.SignedIn, Idempotent: true, Params: newTokenParams{}, Words: map[string][]string{"scopes": call.Texts(identity.OwnScopes)}, Status: http.StatusCreated, Answer: createdTokenBody{},
	}, Handle: (*API).createOwnToken},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/personal_access_tokens/self/rotate", Name: "rotateOwnPersonalAccessToken", Summary: "Replace the token of the request",
		Who: call.SignedIn, Scopes: []identity.Scope{identity.ScopeSelfRotate}, Params: rotationParams{}, Answer: createdTokenBody{},
	}, Handle: (*API).rotateToken},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/personal_access_tokens/:id/rotate", Name: "rotatePersonalAccessToken", Summary: "Replace a personal access token",
		Who: call.SignedIn, Idempotent: true, Params: rotationParams{}, Answer: createdTokenBody{},
	}, Handle: (*API).rotateToken},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/personal_access_tokens/self", Name: "revokeOwnPersonalAccessToken", Summary: "Revoke the token of the request",
		Who: call.SignedIn, Scopes: []identity.Scope{call.AnyScope}, Status: http.StatusNoContent,
	}, Handle: (*API).revokeToken},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/personal_access_tokens/:id", Name: "revokePersonalAccessToken", Summary: "Revoke a personal access token",
		Who: call.SignedIn, Status: http.StatusNoContent,
	}, Handle: (*API).revokeToken},
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
		ID: t.ID, Name: t.Name, Revoked: t.Revoked, CreatedAt: entity.MomentOrNull(t.CreatedAt), Description: entity.TextOrNull(t.Description),
		Scopes: scopes, UserID: int64(t.User), LastUsedAt: entity.MomentOrNull(t.LastUsedAt), Active: t.Active(a.now()), ExpiresAt: entity.DayOrNull(t.ExpiresAt),
	}
}

// tokenID returns the number of the token that the path names, which is that of the
// request for the word self.
func tokenID(c *call.Call) int64 {
	if !c.HasParam("id") {
		return c.Token.ID
	}
	return c.Number("id")
}

// tokensParams filter access tokens.
type tokensParams struct {
	UserID         *int64      `param:"user_id"`
	Revoked        *bool       `param:"revoked"`
	State          tokenState  `param:"state"`
	Search         string      `param:"search"`
	CreatedBefore  call.Moment `param:"created_before"`
	CreatedAfter   call.Moment `param:"created_after"`
	LastUsedBefore call.Moment `param:"last_used_before"`
	LastUsedAfter  call.Moment `param:"last_used_after"`
	ExpiresBefore  call.Moment `param:"expires_before"`
	ExpiresAfter   call.Moment `param:"expires_after"`
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
var tokenOrders = call.Orders{Names: []string{"id"}, Words: map[string]call.Ordered{
	"created_asc": {Name: "created_at"}, "created_desc": {Name: "created_at", Descending: true},
	"expires_asc": {Name: "expires_at"}, "expires_desc": {Name: "expires_at", Descending: true},
	"expires_at_asc": {Name: "expires_at"}, "expires_at_desc": {Name: "expires_at", Descending: true},
	"last_used_asc": {Name: "last_used_at"}, "last_used_desc": {Name: "last_used_at", Descending: true},
	"name_asc": {Name: "name"}, "name_desc": {Name: "name", Descending: true},
}}

// tokens answers GET /personal_access_tokens.
func (a *API) tokens(c *call.Call) (any, error) {
	var in tokensParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
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
	tokens, err := a.useCases.Accounts.Tokens(c.Context(), c.Caller, filter, page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, tokens, nil, a.tokenBody)
}

// token answers GET /personal_access_tokens/:id and GET /personal_access_tokens/self.
func (a *API) token(c *call.Call) (any, error) {
	token, err := a.useCases.Accounts.Token(c.Context(), c.Caller, tokenID(c))
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
func newToken(c *call.Call) (accounts.NewToken, error) {
	var in newTokenParams
	if err := c.Decode(&in); err != nil {
		return accounts.NewToken{}, err
	}
	scopes := identity.SplitScopes(in.Scopes)
	if slices.ContainsFunc(scopes, func(s identity.Scope) bool { return !slices.Contains(c.Route.Words["scopes"], string(s)) }) {
		return accounts.NewToken{}, call.NoValidValue("scopes")
	}
	return accounts.NewToken{Name: in.Name, Description: in.Description, Scopes: scopes, ExpiresAt: in.ExpiresAt.Time, IdempotencyKey: c.IdempotencyKey()}, nil
}

// createUserToken answers POST /users/:id/personal_access_tokens.
func (a *API) createUserToken(c *call.Call) (any, error) {
	asked, err := newToken(c)
	if err != nil {
		return nil, err
	}
	return a.createToken(c, identity.UserID(c.Number("id")), asked)
}

// createOwnToken answers POST /user/personal_access_tokens.
func (a *API) createOwnToken(c *call.Call) (any, error) {
	asked, err := newToken(c)
	if err != nil {
		return nil, err
	}
	return a.createToken(c, c.Caller.ID, asked)
}

func (a *API) createToken(c *call.Call, user identity.UserID, asked accounts.NewToken) (any, error) {
	created, err := a.useCases.Accounts.CreateToken(c.Context(), c.Caller, user, asked)
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
func (a *API) rotateToken(c *call.Call) (any, error) {
	var in rotationParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	created, err := a.useCases.Accounts.RotateToken(c.Context(), c.Caller, tokenID(c), in.ExpiresAt.Time, c.IdempotencyKey())
	if err != nil {
		return nil, call.AsBadRequestWords(err)
	}
	return createdTokenBody{a.tokenBody(created.AccessToken), created.Text}, nil
}

// revokeToken answers DELETE /personal_access_tokens/:id and, for the token of the
// request, DELETE /personal_access_tokens/self.
func (a *API) revokeToken(c *call.Call) (any, error) {
	if err := a.useCases.Accounts.RevokeToken(c.Context(), c.Caller, tokenID(c), c.UnmodifiedSince()); err != nil {
		return nil, call.AsBadRequestWords(err)
	}
	return c.NoContent()
}
