package accounts

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// maxIdempotencyKey is in bytes.
const maxIdempotencyKey = 255

var (
	errKeyUsed = domain.Refuse(domain.Unprocessable, "The Idempotency-Key was sent with another request, or its access token is revoked or has expired")
	// errNoInstanceKey refuses a request that cannot be repeated safely now.
	errNoInstanceKey = domain.Refuse(domain.Unavailable, "There is no instance key, which an Idempotency-Key needs")
	errInvalidKey    = domain.Refuse(domain.Invalid, "Idempotency-Key is invalid: it has at most %d characters, all of them printable ASCII", maxIdempotencyKey)
)

// tokenText returns the text of a new token. With the idempotency key it is the same
// for each request of the caller to do that to that subject, so that nothing has to be
// kept but the digest. Who lacks the secret of the instance cannot tell it from a random
// one.
func (s *Service) tokenText(by rights.Caller, do string, subject int64, key string) (string, error) {
	random := s.random
	if key != "" {
		if len(key) > maxIdempotencyKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
			return "", errInvalidKey
		}
		var err error
		if random, err = s.deriveBytes(fmt.Sprintf("access token\n%s\n%d\n%d\n%s", do, subject, by.ID, key)); err != nil {
			return "", err
		}
	}
	return identity.NewTokenText(s.rules.TokenPrefix, random)
}

// deriveBytes returns bytes that depend on the secret of the instance and on info.
func (s *Service) deriveBytes(info string) (io.Reader, error) {
	var key []byte
	if s.rules.InstanceKey != nil {
		key = s.rules.InstanceKey()
	}
	if len(key) == 0 {
		return nil, errNoInstanceKey
	}
	stream, err := hkdf.Key(sha256.New, key, nil, info, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("idempotency key: %w", err)
	}
	return bytes.NewReader(stream), nil
}

// repeatedToken returns the token that has the text already; the zero one if there is none.
// It is a Refusal if that one differs from the token that is wanted, whose end may be zero
// for any, or is not active.
func (s *Service) repeatedToken(ctx context.Context, tx Tx, text string, wanted identity.AccessToken) (CreatedToken, error) {
	t, err := tx.Tokens.TokenOf(ctx, identity.DigestToken(text))
	switch {
	case errors.Is(err, domain.NotFound):
		return CreatedToken{}, nil
	case err != nil:
		return CreatedToken{}, err
	}
	same := t.User == wanted.User && t.Name == wanted.Name && t.Description == wanted.Description && slices.Equal(t.Scopes, wanted.Scopes) &&
		(wanted.ExpiresAt.IsZero() || t.ExpiresAt.Equal(wanted.ExpiresAt)) && (wanted.Family == 0 || t.Family == wanted.Family)
	if !t.Active(s.now()) || !same {
		return CreatedToken{}, errKeyUsed
	}
	return CreatedToken{t, text}, nil
}

// rotatedBy says whether its user rotated a token by a request with that idempotency key,
// which is empty for none.
func (s *Service) rotatedBy(ctx context.Context, tx Tx, t identity.AccessToken, key string) (bool, error) {
	if key == "" {
		return false, nil
	}
	var user rights.Caller
	user.ID = t.User
	text, err := s.tokenText(user, "rotate", t.ID, key)
	if err != nil {
		return false, err
	}
	made, err := tx.Tokens.TokenOf(ctx, identity.DigestToken(text))
	if errors.Is(err, domain.NotFound) {
		return false, nil
	}
	return made.Family == t.Root(), err
}
