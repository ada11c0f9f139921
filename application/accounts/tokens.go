package accounts

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// The refusals of an access token that is not the caller's: administrators learn whether
// it exists.
var (
	errNoToken      = domain.Refuse(domain.NotFound, "Not found")
	errForeignToken = &domain.Refusal{Kind: domain.Unauthenticated}
)

// errRevoked refuses to revoke a token twice, and to rotate one that is revoked.
var errRevoked = domain.Refuse(domain.Unprocessable, "The access token is revoked already")

// Tokens returns a page of the personal access tokens that the filter picks, or a Refusal.
// Callers who are no administrators see their own.
func (s *Service) Tokens(ctx context.Context, by rights.Caller, f TokenFilter, page application.Page) (application.Listed[identity.AccessToken], error) {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil {
		return application.Listed[identity.AccessToken]{}, err
	}
	if !by.Admin {
		if f.User != 0 && f.User != by.ID {
			return application.Listed[identity.AccessToken]{}, errForeignToken
		}
		f.User = by.ID
	}
	return s.credentials.Tokens(ctx, f, page, s.now())
}

// Token returns the personal access token of that number, or a Refusal. Callers who are no
// administrators see their own, and the one that they ask with.
func (s *Service) Token(ctx context.Context, by rights.Caller, id int64) (identity.AccessToken, error) {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil {
		return identity.AccessToken{}, err
	}
	t, err := s.credentials.Token(ctx, id)
	return t, decideToken(by, t, err)
}

// decideToken returns a Refusal, or what failed else, unless the caller has to do with the
// token that was looked up.
func decideToken(by rights.Caller, t identity.AccessToken, err error) error {
	absent := errors.Is(err, domain.NotFound)
	switch {
	case err != nil && !absent:
		return err
	case absent && by.Admin:
		return errNoToken
	case absent:
		return errForeignToken
	case t.ID == by.Cause.Actor.Token || by.OnUser(rights.UpdateUser, t.User).Decide() == nil:
		return nil
	default:
		return errForeignToken
	}
}

// NewToken asks for a personal access token.
type NewToken struct {
	Name, Description string
	Scopes            []identity.Scope
	// ExpiresAt is the day with whose beginning the token ends; zero for none.
	ExpiresAt time.Time
	// IdempotencyKey is that of the request; empty for none.
	IdempotencyKey string
}

// CreatedToken is an access token with its text, which is not kept.
type CreatedToken struct {
	identity.AccessToken
	Text string
}

// CreateToken creates a personal access token for a user, as an administrator or with the
// scopes of identity.OwnScopes for oneself, or returns a Refusal. The same caller who asks
// for the same token with the same idempotency key gets the one that was created, as long
// as it is not revoked.
func (s *Service) CreateToken(ctx context.Context, by rights.Caller, user identity.UserID, asked NewToken) (created CreatedToken, err error) {
	if err := s.decideOn(ctx, by, user); err != nil {
		return CreatedToken{}, err
	}
	valid := identity.OwnScopes
	if by.Admin {
		valid = identity.GrantedScopes
	}
	token, err := s.newToken(asked, valid)
	if err != nil {
		return CreatedToken{}, err
	}
	token.User = user
	wanted := token
	wanted.ExpiresAt = asked.ExpiresAt
	text, err := s.tokenText(by, "create", int64(user), asked.IdempotencyKey)
	if err != nil {
		return CreatedToken{}, err
	}
	err = s.unitOfWork(ctx, func(tx Tx) error {
		a, err := account(ctx, tx, user)
		if err != nil {
			return err
		}
		if err := s.stillMay(ctx, tx, by, user); err != nil {
			return err
		}
		if created, err = s.repeatedToken(ctx, tx, text, wanted); created.ID != 0 || err != nil {
			return err
		}
		created, err = s.addToken(ctx, tx, by, a.User, token, text)
		return err
	})
	return created, err
}

// maxNameLength is in characters, as in GitLab.
const maxNameLength = 255

// newToken returns the token that is asked for, without a user, or a Refusal.
func (s *Service) newToken(asked NewToken, valid []identity.Scope) (identity.AccessToken, error) {
	now := s.now()
	if refusal := identity.CheckScopes(asked.Scopes, valid); refusal != nil {
		return identity.AccessToken{}, domain.Refuse(domain.Unprocessable, "%s", refusal.Message)
	}
	switch {
	case strings.TrimSpace(asked.Name) == "":
		return identity.AccessToken{}, domain.Refuse(domain.Unprocessable, "Name can't be blank")
	case utf8.RuneCountInString(asked.Name) > maxNameLength || utf8.RuneCountInString(asked.Description) > maxNameLength:
		return identity.AccessToken{}, domain.Refuse(domain.Unprocessable, "Name and description have at most %d characters", maxNameLength)
	}
	expiry, err := s.expiry(asked.ExpiresAt, now)
	return identity.AccessToken{Name: asked.Name, Description: asked.Description, Scopes: asked.Scopes, ExpiresAt: expiry, CreatedAt: now}, err
}

// expiry returns the day on which a token ends that is to end on that day, or a Refusal of
// kind Unprocessable.
func (s *Service) expiry(day, now time.Time) (time.Time, error) {
	text := ""
	if !day.IsZero() {
		text = day.Format(time.DateOnly)
	}
	return s.rules.Lifetime.Expiry(text, now)
}

// addToken keeps a new token of a user with that text, with its audit event.
func (s *Service) addToken(ctx context.Context, tx Tx, by rights.Caller, user identity.User, t identity.AccessToken, text string) (CreatedToken, error) {
	if user.Type.IsInternal() {
		return CreatedToken{}, errInternal
	}
	t.Digest = identity.DigestToken(text)
	var err error
	if t.ID, err = tx.Tokens.AddToken(ctx, t); err != nil {
		return CreatedToken{}, err
	}
	return CreatedToken{t, text}, s.record(ctx, tx, by, audit.Create, user, tokenObject(t), nil, tokenValues(t))
}

// rotatedDays is for how long a token lasts that takes another's place, unless the caller
// says else.
const rotatedDays = 7

// RotateToken revokes a token and creates one in its place that ends on that day, or in a
// week if it is zero; or it returns a Refusal. If the token is revoked already, a copy of
// it is in use, and all tokens of its family are revoked. The idempotency key counts
// as for CreateToken; it is empty for none.
func (s *Service) RotateToken(ctx context.Context, by rights.Caller, id int64, day time.Time, idempotencyKey string) (created CreatedToken, err error) {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil {
		return CreatedToken{}, err
	}
	now, asked := s.now(), day
	if day.IsZero() {
		day = now.UTC().Truncate(24*time.Hour).AddDate(0, 0, rotatedDays)
		if most := s.rules.Lifetime.MaxDays; most > 0 && most < rotatedDays {
			day = day.AddDate(0, 0, most-rotatedDays)
		}
	}
	text, err := s.tokenText(by, "rotate", id, idempotencyKey)
	if err != nil {
		return CreatedToken{}, err
	}
	var reused bool
	err = s.changeToken(ctx, by, id, func(tx Tx, user identity.User, old identity.AccessToken) error {
		token := identity.AccessToken{
			User: old.User, Name: old.Name, Description: old.Description, Scopes: old.Scopes, CreatedAt: now, Family: old.Root(), ExpiresAt: asked,
		}
		var err error
		if created, err = s.repeatedToken(ctx, tx, text, token); created.ID != 0 || err != nil {
			return err
		}
		if reused = old.Revoked; reused {
			return s.revoke(ctx, tx, by, user, old, old.Root())
		}
		if token.ExpiresAt, err = s.expiry(day, now); err != nil {
			return err
		}
		if err := s.revoke(ctx, tx, by, user, old, 0); err != nil {
			return err
		}
		created, err = s.addToken(ctx, tx, by, user, token, text)
		return err
	})
	if err == nil && reused {
		err = errRevoked
	}
	return created, err
}

// RevokeToken revokes a token, or returns a Refusal. A token that is younger than
// unmodifiedSince, unless that is zero, stays.
func (s *Service) RevokeToken(ctx context.Context, by rights.Caller, id int64, unmodifiedSince time.Time) error {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil {
		return err
	}
	return s.changeToken(ctx, by, id, func(tx Tx, user identity.User, t identity.AccessToken) error {
		switch {
		case t.Revoked:
			return errRevoked
		case domain.CheckUnmodified(unmodifiedSince, time.Time{}, t.CreatedAt) != nil:
			return domain.ErrModified
		}
		return s.revoke(ctx, tx, by, user, t, 0)
	})
}

// RevokeFamily revokes all tokens of the family of a token that is revoked itself and was
// presented to be rotated. The caller has not signed in: the text of the token is what
// proves the right to it. If the token was rotated by a request with this idempotency key,
// that request has come again, and nothing is revoked; the key is empty for none.
func (s *Service) RevokeFamily(ctx context.Context, by rights.Caller, id int64, idempotencyKey string) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		t, err := tx.Tokens.Token(ctx, id)
		if err != nil || !t.Revoked {
			return err
		}
		if again, err := s.rotatedBy(ctx, tx, t, idempotencyKey); again || err != nil {
			return err
		}
		a, err := account(ctx, tx, t.User)
		if err != nil {
			return err
		}
		return s.revoke(ctx, tx, by, a.User, t, t.Root())
	})
}

// changeToken calls change in one transaction with a token that the caller has to do with
// and its user, or returns a Refusal.
func (s *Service) changeToken(ctx context.Context, by rights.Caller, id int64, change func(Tx, identity.User, identity.AccessToken) error) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		t, err := tx.Tokens.Token(ctx, id)
		if err := decideToken(by, t, err); err != nil {
			return err
		}
		if t.ID != by.Cause.Actor.Token {
			if err := s.stillMay(ctx, tx, by, t.User); err != nil {
				return err
			}
		}
		a, err := account(ctx, tx, t.User)
		if err != nil {
			return err
		}
		return change(tx, a.User, t)
	})
}

// revoke revokes a token and, unless it is 0, a family, with an audit event for each.
func (s *Service) revoke(ctx context.Context, tx Tx, by rights.Caller, user identity.User, t identity.AccessToken, family int64) error {
	revoked, err := tx.Tokens.RevokeTokens(ctx, t.ID, family)
	if err != nil {
		return err
	}
	for _, id := range revoked {
		t.ID = id // the tokens of a family have one name
		err := s.record(ctx, tx, by, audit.Update, user, tokenObject(t), audit.Values{"revoked": false}, audit.Values{"revoked": true})
		if err != nil {
			return err
		}
	}
	return nil
}
