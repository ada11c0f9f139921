package clusters

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
)

// TokenService makes and revokes the tokens of agents.
type TokenService struct {
	tokens Tokens
	random io.Reader
}

// NewTokenService makes a TokenService; random has to be fit for secrets.
func NewTokenService(tokens Tokens, random io.Reader) *TokenService {
	return &TokenService{tokens, random}
}

const (
	tokenPrefix = "glagent-"
	// tokenLength is in characters behind the prefix, as GitLab's.
	tokenLength = 50
)

// Create makes a token of an agent and returns its text, which is not kept. An
// empty name is refused as domain.Invalid, an agent that does not exist as
// domain.NotFound; any other error is the store's.
func (s *TokenService) Create(ctx context.Context, agent agents.AgentID, name string) (text string, err error) {
	if name = strings.TrimSpace(name); name == "" {
		return "", domain.Refuse(domain.Invalid, "a token needs a name")
	}
	raw := make([]byte, base64.RawURLEncoding.DecodedLen(tokenLength)+1)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("random token: %w", err)
	}
	text = tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)[:tokenLength]
	err = s.tokens.Add(ctx, agent, name, identity.DigestToken(text))
	if errors.Is(err, domain.NotFound) {
		return "", domain.Refuse(domain.NotFound, "there is no agent %d", agent)
	}
	return text, err
}

// Revoke revokes all tokens of that name which the agent has. If it has none
// that is a Refusal of kind domain.NotFound.
func (s *TokenService) Revoke(ctx context.Context, agent agents.AgentID, name string) error {
	err := s.tokens.Revoke(ctx, agent, strings.TrimSpace(name))
	if errors.Is(err, domain.NotFound) {
		return domain.Refuse(domain.NotFound, "agent %d has no token %q", agent, name)
	}
	return err
}
