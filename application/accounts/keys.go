package accounts

import (
	"context"
	"errors"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// errNoKey refuses what is asked of a key that does not exist, or is another user's.
var errNoKey = domain.Refuse(domain.NotFound, "Key Not Found")

// Keys returns a page of the SSH keys of a user, and the user, or a Refusal.
func (s *Service) Keys(ctx context.Context, by rights.Caller, who identity.Claim, page application.Page) (View, application.Listed[identity.Key], error) {
	owner, err := s.View(ctx, by, who)
	if err != nil {
		return View{}, application.Listed[identity.Key]{}, err
	}
	keys, err := s.credentials.Keys(ctx, owner.ID, page)
	return owner, keys, err
}

// Key returns one SSH key of a user, or a Refusal.
func (s *Service) Key(ctx context.Context, by rights.Caller, who identity.Claim, id identity.KeyID) (KeyView, error) {
	owner, err := s.View(ctx, by, who)
	if err != nil {
		return KeyView{}, err
	}
	key, _, err := s.findKey(ctx, KeyClaim{ID: id})
	if err == nil && (key.Kind != identity.UserKey || key.Owner != owner.ID) {
		err = errNoKey
	}
	if err != nil {
		return KeyView{}, err
	}
	return KeyView{Key: key, Owner: owner}, nil
}

// findKey returns the key of a claim, or a Refusal.
func (s *Service) findKey(ctx context.Context, which KeyClaim) (identity.Key, []DeployKeyProject, error) {
	if which == (KeyClaim{}) {
		return identity.Key{}, nil, errNoKey
	}
	key, projects, err := s.credentials.FindKey(ctx, which)
	if errors.Is(err, domain.NotFound) {
		err = errNoKey
	}
	return key, projects, err
}

// FindKey returns the key of a claim, for administrators; deploy keys, too. It returns a
// Refusal if there is none.
func (s *Service) FindKey(ctx context.Context, by rights.Caller, which KeyClaim) (KeyView, error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return KeyView{}, err
	}
	key, projects, err := s.findKey(ctx, which)
	if err != nil || key.Kind != identity.UserKey {
		return KeyView{Key: key, Projects: projects}, err
	}
	owner, err := s.view(ctx, claim(key.Owner))
	if errors.Is(err, domain.NotFound) {
		err = errNoKey // the user has been deleted meanwhile
	}
	return KeyView{Key: key, Owner: owner}, err
}

// NewKey asks for an SSH key. The texts are as they came.
type NewKey struct {
	// Line is a public key with or without a comment.
	Line string
	// Title is the comment of the key if it is blank.
	Title string
	// Usage is AuthAndSigning if it is empty.
	Usage identity.Usage
	// ExpiresAt is zero for a key that does not expire.
	ExpiresAt time.Time
}

// AddKey adds an SSH key to a user, for the user and administrators, or returns a Refusal
// or FieldErrors.
func (s *Service) AddKey(ctx context.Context, by rights.Caller, user identity.UserID, asked NewKey) (KeyView, error) {
	if err := s.decideOn(ctx, by, user); err != nil {
		return KeyView{}, err
	}
	key, err := s.newKey(user, asked)
	if err != nil {
		return KeyView{}, err
	}
	err = s.unitOfWork(ctx, func(tx Tx) error {
		owner, err := s.owner(ctx, tx, by, user)
		if err != nil {
			return err
		}
		key.ID, err = tx.Keys.AddKey(ctx, key)
		if errors.Is(err, domain.Conflict) {
			return domain.WrongField("fingerprint_sha256", "has already been taken")
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, by, audit.Create, owner, keyObject(key), nil, keyValues(key))
	})
	if err != nil {
		return KeyView{}, err
	}
	return s.Key(ctx, by, claim(user), key.ID)
}

// errInternal refuses to change an account of the instance, and keys and tokens for one.
var errInternal = domain.Refuse(domain.Forbidden, "An internal user cannot be changed by the API")

// newKey makes the key of a user, or returns FieldErrors.
func (s *Service) newKey(user identity.UserID, asked NewKey) (identity.Key, error) {
	line, print, err := identity.ParsePublicKey(asked.Line)
	if err != nil {
		return identity.Key{}, domain.FieldErrors{{Field: "key", Message: "is invalid"}, {Field: "key", Message: err.Error()}}
	}
	key := identity.Key{
		Kind: identity.UserKey, Owner: user, Line: line, Fingerprint: print, Title: strings.TrimSpace(asked.Title),
		Usage: asked.Usage, CreatedAt: s.now(), ExpiresAt: asked.ExpiresAt,
	}
	if key.Title == "" {
		key.Title = identity.KeyComment(asked.Line)
	}
	if key.Usage == "" {
		key.Usage = identity.AuthAndSigning
	}
	if wrong := s.rules.Users.CheckNew(key, key.CreatedAt); len(wrong) > 0 {
		return identity.Key{}, wrong
	}
	return key, nil
}

// RemoveKey removes an SSH key of a user, for the user and administrators, or returns a
// Refusal. A key that is younger than unmodifiedSince, unless that is zero, stays.
func (s *Service) RemoveKey(ctx context.Context, by rights.Caller, user identity.UserID, id identity.KeyID, unmodifiedSince time.Time) error {
	if err := s.decideOn(ctx, by, user); err != nil {
		return err
	}
	return s.unitOfWork(ctx, func(tx Tx) error {
		a, err := account(ctx, tx, user)
		if err != nil {
			return err
		}
		if err := s.stillMay(ctx, tx, by, user); err != nil {
			return err
		}
		key, err := tx.Keys.Key(ctx, id)
		switch {
		case errors.Is(err, domain.NotFound) || err == nil && key.Owner != user:
			return errNoKey
		case err != nil:
			return err
		case domain.CheckUnmodified(unmodifiedSince, time.Time{}, key.CreatedAt) != nil:
			return domain.ErrModified
		}
		if err := tx.Keys.RemoveKey(ctx, id); err != nil {
			return err
		}
		return s.record(ctx, tx, by, audit.Delete, a.User, keyObject(key), keyValues(key), nil)
	})
}
