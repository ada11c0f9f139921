package accounts

import (
	"context"
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// stillAdministrator refuses a caller who has been blocked, has been deleted or is no
// administrator any more since the request was let in: of two administrators who do so to
// each other one stays.
func (s *Service) stillAdministrator(ctx context.Context, tx Tx, by rights.Caller) error {
	by, err := s.callerNow(ctx, tx, by)
	if err != nil {
		return err
	}
	return by.OnInstance(rights.AdminAllResources).Decide()
}

// stillMay does what stillAdministrator does for a change of what belongs to a user, which
// the user may do, too.
func (s *Service) stillMay(ctx context.Context, tx Tx, by rights.Caller, user identity.UserID) error {
	by, err := s.callerNow(ctx, tx, by)
	if err != nil {
		return err
	}
	return by.OnUser(rights.UpdateUser, user).Decide()
}

// owner returns the user who gets what the caller adds, or a Refusal.
func (s *Service) owner(ctx context.Context, tx Tx, by rights.Caller, id identity.UserID) (identity.User, error) {
	a, err := account(ctx, tx, id)
	switch {
	case err != nil:
		return identity.User{}, err
	case a.Type.IsInternal():
		return identity.User{}, errInternal
	}
	return a.User, s.stillMay(ctx, tx, by, id)
}

// callerNow returns the caller as the transaction finds them, or a Refusal.
func (s *Service) callerNow(ctx context.Context, tx Tx, by rights.Caller) (rights.Caller, error) {
	a, err := tx.Users.Account(ctx, by.ID)
	if errors.Is(err, domain.NotFound) {
		return by, &domain.Refusal{Kind: domain.Unauthenticated}
	}
	if err != nil {
		return by, err
	}
	if refusal := s.rules.Users.CheckUser(a.User, s.now()); refusal != nil {
		return by, refusal
	}
	by.Account = a
	return by, nil
}
