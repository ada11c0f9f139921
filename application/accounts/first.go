package accounts

import (
	"context"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// ErrHasAdministrator refuses to make the first administrator of an instance that has one.
var ErrHasAdministrator = domain.Refuse(domain.Conflict,
	"the instance has an administrator already; `gatehouse token create` makes an access token of a user")

// CheckFirst returns why CreateFirst would refuse an account and a token on any instance: a
// Refusal or FieldErrors. It asks no store.
func (s *Service) CheckFirst(a identity.Account, asked NewToken) error {
	if wrong := first(a).Check(); len(wrong) > 0 {
		return wrong
	}
	_, err := s.newToken(asked, identity.GrantedScopes)
	return err
}

// first returns the account as that of the first administrator.
func first(a identity.Account) identity.Account {
	a.ID, a.Admin, a.State, a.Type, a.EmailConfirmed = 0, true, identity.Active, identity.Human, true
	return a
}

// CreateFirst creates an administrator with an access token, in one transaction, on an
// instance without one; or it returns a Refusal or FieldErrors. Of two calls at once one
// succeeds. Of the account the number, the state and the moments are not read.
func (s *Service) CreateFirst(ctx context.Context, cause audit.Cause, a identity.Account, asked NewToken) (identity.User, CreatedToken, error) {
	now := s.now()
	a = first(a)
	a.CreatedAt, a.UpdatedAt = now, now
	token, err := s.newToken(asked, identity.GrantedScopes)
	if err != nil {
		return identity.User{}, CreatedToken{}, err
	}
	by := rights.Caller{Cause: cause}
	text, err := s.tokenText(by, "create", 0, "")
	if err != nil {
		return identity.User{}, CreatedToken{}, err
	}
	var created CreatedToken
	err = s.unitOfWork(ctx, func(tx Tx) error {
		found, err := tx.Names.HasAdministrator(ctx)
		if err == nil && found {
			err = ErrHasAdministrator
		}
		if err == nil {
			err = checkNames(ctx, tx, identity.Account{}, a)
		}
		if err != nil {
			return err
		}
		made := a
		if made.ID, err = tx.Users.PutAccount(ctx, a); err != nil {
			return err
		}
		if err := s.record(ctx, tx, by, audit.Create, made.User, object(made.User), nil, values(made)); err != nil {
			return err
		}
		token.User = made.ID
		created, err = s.addToken(ctx, tx, by, made.User, token, text)
		return err
	})
	a.ID = created.User
	return a.User, created, err
}
