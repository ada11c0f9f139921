package kas

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"gatehouse/adapters/httpapi"
	"gatehouse/application"
	"gatehouse/application/clusters"
	"gatehouse/domain"
	"gatehouse/domain/agents"
)

const (
	tokenHeader  = "Gitlab-Kas-Api-Request"
	agentkHeader = "Gitlab-Agentk-Api-Request"
	agentHeader  = "Gitlab-Agent-Api-Request"
	issuer       = "gitlab-kas"
	audience     = "gitlab"
)

var (
	errNotKas     = domain.Refuse(domain.Unauthenticated, "KAS JWT authentication invalid")
	errNoToken    = errors.New("no token")
	errNoAudience = errors.New("the token has no audience")
	errAudience   = errors.New("the audience of the token is not gitlab")
)

// Authenticator lets kas pass, which knows the secret. It is safe for concurrent
// use.
type Authenticator struct {
	secret          func() []byte
	requireAudience bool
	parser          *jwt.Parser
}

// NewAuthenticator makes an Authenticator. It calls secret for every request. The
// clock of kas may differ by leeway. A token with an audience must have "gitlab" in
// it; with requireAudience a token without one is refused. With requireExp a token without
// an end is.
func NewAuthenticator(secret func() []byte, leeway time.Duration, requireAudience, requireExp bool, clock application.Clock) *Authenticator {
	return &Authenticator{secret, requireAudience, httpapi.NewTokenParser(issuer, leeway, requireExp, clock)}
}

// Authenticate is middleware that refuses every caller but kas. They all get the
// same 401; the reason goes to the request log.
func (a *Authenticator) Authenticate(c *gin.Context) {
	if err := a.check(c.GetHeader(tokenHeader)); err != nil {
		dialect.Refuse(c, fmt.Errorf("%w: %w", errNotKas, err))
		return
	}
	httpapi.Admit(c)
}

func (a *Authenticator) check(text string) error {
	if text == "" {
		return errNoToken
	}
	if err := httpapi.CheckToken(text); err != nil {
		return err
	}
	claims := jwt.MapClaims{}
	if _, err := a.parser.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return a.secret(), nil }); err != nil {
		return err
	}
	if claims["aud"] == nil {
		if a.requireAudience {
			return errNoAudience
		}
		return nil
	}
	named, err := claims.GetAudience()
	if err == nil && !slices.Contains(named, audience) {
		err = errAudience
	}
	return err
}

// bearer is middleware that refuses a request without the token of an agent.
func (a *API) bearer(c *gin.Context) {
	bearer, err := a.agents.Agent(c.Request.Context(), sentToken(c))
	if err != nil {
		dialect.Refuse(c, err)
		return
	}
	c.Set(bearerKey{}, bearer)
	logAgent(c, bearer.Agent.ID)
	httpapi.AddLogFields(c, "agent_project", bearer.Project.Path)
}

// logAgent names an agent, if it has a number, in the log line of a refusal.
func logAgent(c *gin.Context, id agents.AgentID) {
	if id == 0 {
		return
	}
	httpapi.AddLogFields(c, "actor", "agent-"+strconv.FormatInt(int64(id), 10))
}

type bearerKey struct{}

// bearerOf returns the agent that the middleware bearer has authenticated.
func bearerOf(c *gin.Context) clusters.Bearer { return c.MustGet(bearerKey{}).(clusters.Bearer) }

// sentToken returns the token of an agent, from the header of the newest kas or from
// those of older ones.
func sentToken(c *gin.Context) string {
	for _, name := range []string{agentkHeader, agentHeader} {
		if token := c.GetHeader(name); token != "" {
			return token
		}
	}
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Token") {
		return strings.TrimSpace(token)
	}
	return ""
}
