package kas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"gatehouse/adapters/httpapi"
	"gatehouse/application"
	"gatehouse/application/clusters"
	"gatehouse/domain"
)

const (
	tokenHeader = "Gitlab-Kas-Api-Request"
	issuer      = "gitlab-kas"
	audience    = "gitlab"
)

var (
	errNotKas     = domain.Refuse(domain.Unauthenticated, "KAS JWT authentication invalid")
	errNoToken    = errors.New("no token")
	errNoAudience = errors.New("the token is for nobody")
	errAudience   = errors.New("the token is for somebody else")
)

// Authenticator tells kas, which knows the secret, from everybody else. It is
// safe for concurrent use.
type Authenticator struct {
	secret          func() []byte
	requireAudience bool
	parser          *jwt.Parser
}

// NewAuthenticator makes an Authenticator. The secret is asked for with every
// request; leeway is for clocks that differ. A token that says for whom it is
// must be for GitLab; requireAudience wants each to say so.
func NewAuthenticator(secret func() []byte, leeway time.Duration, requireAudience bool, clock application.Clock) *Authenticator {
	return &Authenticator{secret, requireAudience, httpapi.NewTokenParser(issuer, leeway, clock)}
}

// Authenticate is middleware that lets only kas pass. All others get the same
// 401; the reason is for the request log.
func (a *Authenticator) Authenticate(c *gin.Context) {
	if err := a.check(c.GetHeader(tokenHeader)); err != nil {
		dialect.Refuse(c, fmt.Errorf("%w: %w", errNotKas, err))
	}
}

func (a *Authenticator) check(text string) error {
	if text == "" {
		return errNoToken
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

// bearer is middleware that lets only kas pass with the token of an agent.
func (a *API) bearer(c *gin.Context) {
	bearer, err := a.agents.Agent(c.Request.Context(), agentToken(c))
	if err != nil {
		dialect.Refuse(c, err)
		return
	}
	c.Set(bearerKey{}, bearer)
}

type bearerKey struct{}

// bearerOf is whom the middleware has let pass.
func bearerOf(c *gin.Context) clusters.Bearer { return c.MustGet(bearerKey{}).(clusters.Bearer) }

// agentToken is the token where the newest kas sends it, or an older one did.
func agentToken(c *gin.Context) string {
	for _, name := range []string{"Gitlab-Agentk-Api-Request", "Gitlab-Agent-Api-Request"} {
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
