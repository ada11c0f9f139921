package call

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/credentials"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// The names of the parameters that hold a token.
const (
	privateToken = "private_token"
	accessToken  = "access_token"
)

// authenticate sets the caller of a request by its token, or refuses it. A request
// without a token passes where Anyone may ask.
func (s *Server) authenticate(c *Call) error {
	text, err := tokenOf(c)
	if err != nil {
		return err
	}
	c.Caller.Cause = audit.Cause{
		Actor: audit.Actor{Kind: audit.Stranger, Address: httpapi.ClientIP(c.gin)}, CorrelationID: httpapi.RequestID(c.Context()),
	}
	if text == "" {
		if c.Route.Who != Anyone || params.SudoBeforeBody(c.gin) {
			return credentials.ErrUnknownToken
		}
		return s.admitStranger(c)
	}
	bearer, err := s.useCases.Credentials.Bearer(c.Context(), text)
	if err != nil {
		if refusal := s.admitStranger(c); refusal != nil {
			return refusal
		}
		return cmp.Or(s.revokeReused(c, bearer.Token), err)
	}
	httpapi.Admit(c.gin)
	logUser(c, bearer.User.User)
	c.Token = bearer.Token
	if scopes := c.Route.scopes(); scopes != nil && !bearer.Token.Allows(scopes...) {
		return &scopeError{scopes}
	}
	c.Caller.Account, c.Caller.Namespace = bearer.User.Account, bearer.User.Namespace
	actor := &c.Caller.Cause.Actor
	actor.Kind, actor.User, actor.Username, actor.Token = audit.Person, bearer.User.ID, bearer.User.Username, bearer.Token.ID
	if err := s.admitUser(c); err != nil {
		return err
	}
	if err := s.actAs(c, bearer); err != nil {
		return err
	}
	if c.Route.Who == Administrators {
		return c.Caller.OnInstance(rights.AdminAllResources).Decide()
	}
	return nil
}

// revokeReused revokes the family of a revoked token with which a request would rotate
// tokens: the token was rotated before, and a copy of it is in use. Any other refusal
// changes nothing.
func (s *Server) revokeReused(c *Call, token identity.AccessToken) error {
	if !token.Revoked || !strings.HasSuffix(c.Route.Path, "/rotate") {
		return nil
	}
	c.Caller.Cause.Actor.Token = token.ID
	return s.useCases.Accounts.RevokeFamily(c.Context(), c.Caller, token.ID, c.IdempotencyKey())
}

// actAs replaces the caller by the user that an administrator wants to act as, if one is
// named.
func (s *Server) actAs(c *Call, bearer credentials.Bearer) error {
	who, given, err := params.Sudo(c.gin)
	if err != nil || !given {
		return err
	}
	who = storable(who)
	httpapi.AddLogFields(c.gin, "sudo", who)
	user, err := s.useCases.Credentials.Sudo(c.Context(), bearer, who)
	if err != nil {
		return err
	}
	c.Caller.Account, c.Caller.Namespace = user.Account, user.Namespace
	c.Caller.Cause.Actor.Sudo, c.Caller.Cause.Actor.SudoName = user.ID, user.Username
	return nil
}

// tokenOf returns the text of the access token of a request: of its headers and its
// query in the order of Rails, or else of its body. It is empty for none. A job token is
// refused: there are no jobs of CI here.
func tokenOf(c *Call) (string, error) {
	g := c.gin
	scheme, authorization, _ := strings.Cut(strings.TrimSpace(g.GetHeader("Authorization")), " ")
	bearer := ""
	if strings.EqualFold(scheme, "Bearer") {
		bearer = strings.TrimSpace(authorization)
	}
	_, password, _ := g.Request.BasicAuth()
	text := cmp.Or(strings.TrimSpace(g.GetHeader("PRIVATE-TOKEN")), params.Query(g, privateToken), bearer, params.Query(g, accessToken), password)
	switch {
	case text != "":
		return text, nil
	case g.GetHeader("JOB-TOKEN") != "":
		return "", credentials.ErrUnknownToken
	case g.Request.Method == http.MethodGet || g.Request.Method == http.MethodHead:
		return "", nil
	}
	text, err := params.Credential(g, privateToken, accessToken)
	if errors.Is(err, params.ErrNotSearched) {
		err = errNotSearched.Because(err)
	}
	return text, err
}

// errNotSearched refuses a request without a token in front of a large body.
var errNotSearched = domain.Refuse(domain.Unauthenticated,
	"401 Unauthorized - the access token is not looked for in a large body: send the header PRIVATE-TOKEN")

// ReadUser is the scope that is sufficient to read users, and all that lies below them.
var ReadUser = []identity.Scope{identity.ScopeReadUser}

// AnyScope says in Route.Scopes that a token needs no scope.
const AnyScope identity.Scope = "*"

// scopes returns those of which a token needs one; nil if it needs none.
func (r Route) scopes() []identity.Scope {
	scopes := []identity.Scope{identity.ScopeAPI}
	if r.Method == http.MethodGet {
		scopes = append(scopes, identity.ScopeReadAPI)
		if first, _, _ := strings.Cut(r.Path[1:], "/"); first == "user" || first == "users" {
			scopes = append(scopes, ReadUser...)
		}
	}
	for _, s := range r.Scopes {
		if s == AnyScope {
			return nil
		}
		scopes = append(scopes, s)
	}
	return scopes
}
