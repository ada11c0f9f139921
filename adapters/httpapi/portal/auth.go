package portal

import (
	"cmp"
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/credentials"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

const (
	callerKey = "portal caller"
	bearerKey = "portal bearer"
)

// caller returns the user of the access token, or the one that sudo names. The
// middleware reader and admin sets it.
func caller(c *gin.Context) identity.User { return c.MustGet(callerKey).(identity.User) }

// cause returns the caller for the audit log: with sudo, both users.
func cause(c *gin.Context) audit.Cause {
	bearer, user := c.MustGet(bearerKey).(credentials.Bearer), caller(c)
	actor := audit.Actor{
		Kind: audit.Person, User: bearer.User.ID, Username: bearer.User.Username, Token: bearer.Token.ID, Address: httpapi.ClientIP(c),
	}
	if user.ID != bearer.User.ID {
		actor.Sudo, actor.SudoName = user.ID, user.Username
	}
	return audit.Cause{Actor: actor, CorrelationID: httpapi.RequestID(c.Request.Context())}
}

// reader is middleware that refuses callers without an access token for reading.
func (a *API) reader(c *gin.Context) {
	a.authenticate(c, false, identity.ScopeAPI, identity.ScopeReadAPI)
}

// admin is middleware that refuses callers without an administrator's access token
// for the API.
func (a *API) admin(c *gin.Context) {
	a.authenticate(c, true, identity.ScopeAPI)
}

// authenticate sets the caller by an access token with one of the scopes, or refuses
// the request.
func (a *API) authenticate(c *gin.Context, onlyAdmins bool, scopes ...identity.Scope) {
	logNamespace(c)
	bearer, err := a.bearer(c, scopes)
	if err != nil {
		dialect.Refuse(c, err)
		return
	}
	httpapi.Admit(c)
	httpapi.AddLogFields(c, "actor", identity.Actor{User: bearer.User.User}.String(), "username", bearer.User.Username)
	user, err := a.actingUser(c, bearer, onlyAdmins)
	if err != nil {
		dialect.Refuse(c, err)
		return
	}
	c.Set(callerKey, user)
	c.Set(bearerKey, bearer)
}

// logNamespace names the namespaces of the path in the log line of a refusal.
func logNamespace(c *gin.Context) {
	httpapi.AddLogFields(c, "namespace", source.PathText(c.Param("id")), "target_namespace", source.PathText(c.Param("target_id")))
}

// bearer returns the request's access token with its user.
func (a *API) bearer(c *gin.Context, scopes []identity.Scope) (credentials.Bearer, error) {
	text, err := token(c)
	if err != nil {
		return credentials.Bearer{}, err
	}
	if text == "" {
		return credentials.Bearer{}, credentials.ErrUnknownToken
	}
	bearer, err := a.credentials.Bearer(c.Request.Context(), text)
	if err == nil && !bearer.Token.Allows(scopes...) {
		err = errScope
	}
	return bearer, err
}

// token returns the access token from the headers, in the order of Rails, or from the
// parameters. The header TOKEN is only in GitLab's documentation.
func token(c *gin.Context) (string, error) {
	scheme, bearer, _ := strings.Cut(strings.TrimSpace(c.GetHeader("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		bearer = ""
	}
	text := cmp.Or(strings.TrimSpace(c.GetHeader(httpapi.PrivateToken.Name)), strings.TrimSpace(bearer), strings.TrimSpace(c.GetHeader(tokenHeader.Name)))
	if text != "" {
		return text, nil
	}
	text, err := params.Credential(c, httpapi.PrivateTokenParam.Name, httpapi.AccessTokenParam.Name)
	if errors.Is(err, params.ErrNotSearched) {
		err = errNotSearched.Because(err)
	}
	return text, err
}

// errNotSearched refuses a request without a token in front of a large body.
var errNotSearched = domain.Refuse(domain.Unauthenticated,
	"401 Unauthorized - the access token is not looked for in a large body: send the header PRIVATE-TOKEN")

// actingUser returns the user of an access token, or the one that sudo names. With
// onlyAdmins it refuses every other one, if it can before it reads the body.
func (a *API) actingUser(c *gin.Context, bearer credentials.Bearer, onlyAdmins bool) (identity.User, error) {
	user := bearer.User.User
	if !user.Admin && onlyAdmins && !params.SudoBeforeBody(c) {
		return identity.User{}, &domain.Refusal{Kind: domain.Forbidden}
	}
	sudo, given, err := params.Sudo(c)
	if err != nil {
		return identity.User{}, err
	}
	if given {
		httpapi.AddLogFields(c, "sudo", sudo)
		other, err := a.credentials.Sudo(c.Request.Context(), bearer, sudo)
		if err != nil {
			return identity.User{}, err
		}
		user = other.User
	}
	if onlyAdmins && !user.Admin {
		return identity.User{}, &domain.Refusal{Kind: domain.Forbidden}
	}
	return user, nil
}

// errScope refuses a token whose scopes do not allow the route.
var errScope = domain.Refuse(domain.Forbidden, "The request requires higher privileges than provided by the access token.")

// refineToken answers for an expired or revoked token, and for one without the scope
// that is needed.
func refineToken(err error) (httpapi.Refinement, bool) {
	if errors.Is(err, errScope) {
		return httpapi.InsufficientScope("api read_api"), true
	}
	return httpapi.RefineToken("Protected by OAuth 2.0", err)
}
