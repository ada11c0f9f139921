package clusters

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

// TokenService makes and revokes the tokens of agents.
type TokenService struct {
	tokens Tokens
	random io.Reader
	now    application.Clock
}

// NewTokenService makes a TokenService; random has to be fit for secrets.
func NewTokenService(tokens Tokens, random io.Reader, now application.Clock) *TokenService {
	return &TokenService{tokens, random, now}
}

const (
	tokenPrefix = "glagent-"
	// tokenLength is in characters behind the prefix, as GitLab's.
	tokenLength = 50
)

// Create makes a token of an agent and returns its text, which is not kept. An
// empty name is refused as domain.Invalid, an agent that does not exist as
// domain.NotFound; any other error is the store's.
func (s *TokenService) Create(ctx context.Context, by audit.Cause, agent agents.AgentID, name string) (text string, err error) {
	if name = strings.TrimSpace(name); name == "" {
		return "", domain.Refuse(domain.Invalid, "a token needs a name")
	}
	if text, err = newTokenText(s.random); err != nil {
		return "", err
	}
	event := s.event(by, audit.Create, name, nil, audit.Values{"agent_id": int64(agent), "name": name})
	err = s.tokens.Add(ctx, NewToken{agent, name, identity.DigestToken(text), event.At, by.Actor.User}, event)
	if errors.Is(err, domain.NotFound) {
		return "", domain.Refuse(domain.NotFound, "there is no agent %d", agent)
	}
	return text, err
}

// newTokenText returns the text of a new token.
func newTokenText(random io.Reader) (string, error) {
	raw := make([]byte, base64.RawURLEncoding.DecodedLen(tokenLength)+1)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("random token: %w", err)
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)[:tokenLength], nil
}

// Revoke revokes all tokens of that name which the agent has. If it has none
// that is a Refusal of kind domain.NotFound.
func (s *TokenService) Revoke(ctx context.Context, by audit.Cause, agent agents.AgentID, name string) error {
	name = strings.TrimSpace(name)
	err := s.tokens.Revoke(ctx, agent, name, s.event(by, audit.Update, name, audit.Values{"revoked": false}, audit.Values{"revoked": true}))
	if errors.Is(err, domain.NotFound) {
		return domain.Refuse(domain.NotFound, "agent %d has no token %q", agent, name)
	}
	return err
}

// event returns the event of a write to a token. The store completes it.
func (s *TokenService) event(by audit.Cause, verb audit.Verb, name string, before, after audit.Values) audit.Event {
	return by.Event(s.now(), verb, audit.Object{}, audit.Object{Kind: "agent_token", Path: name}, before, after)
}
