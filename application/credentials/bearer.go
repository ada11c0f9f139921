package credentials

import (
	"context"
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// The refusals of a token. Callers compare them by identity.
var (
	ErrUnknownToken = &domain.Refusal{Kind: domain.Unauthenticated}
	ErrExpiredToken = domain.Refuse(domain.Unauthenticated, "Token is expired. You can either do re-authorization or token refresh.")
	ErrRevokedToken = domain.Refuse(domain.Unauthenticated, "Token was revoked. You have to re-authorize from the user.")
)

// Bearer returns the token with that text and its user, or a Refusal: one of the errors
// above, why the user may not come in, or of kind domain.Unavailable. Beside the refusal of
// a revoked token it returns that, which shows that a copy of it is in use. It does not check
// scopes. Each token is looked up by its digest, whether it is right or wrong, and the state
// of its user is that of this moment.
func (s *Service) Bearer(ctx context.Context, text string) (Bearer, error) {
	b, err := s.activeToken(ctx, text)
	if err != nil {
		return b, err
	}
	now := s.now()
	if refusal := s.rules.Users.CheckUser(b.User.User, now); refusal != nil {
		return Bearer{}, refusal
	}
	s.tokens.TokenUsed(b.Token, now)
	return b, nil
}

// GitToken returns the token with that text as Bearer does, also that of a user who may not
// come in: the decision on the Git command tells why.
func (s *Service) GitToken(ctx context.Context, text string) (identity.AccessToken, error) {
	b, err := s.activeToken(ctx, text)
	if err != nil {
		return identity.AccessToken{}, err
	}
	if now := s.now(); s.rules.Users.CheckUser(b.User.User, now) == nil {
		s.tokens.TokenUsed(b.Token, now)
	}
	return b.Token, nil
}

// activeToken is Bearer without the check of the user.
func (s *Service) activeToken(ctx context.Context, text string) (Bearer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	b, err := s.tokens.Bearer(ctx, identity.DigestToken(text))
	now := s.now()
	switch {
	case errors.Is(err, domain.NotFound):
		return Bearer{}, ErrUnknownToken
	case err != nil:
		return Bearer{}, errUnavailable.Because(err)
	}
	var revoked Bearer
	if b.Token.Revoked {
		revoked.Token = b.Token
	}
	switch {
	case b.Token.Expired(now):
		return revoked, ErrExpiredToken
	case b.Token.Revoked:
		return revoked, ErrRevokedToken
	}
	return b, nil
}
