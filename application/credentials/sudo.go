package credentials

import (
	"context"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// ErrNoSudo is for a token that does not let its user act as another user.
var ErrNoSudo = domain.Refuse(domain.Forbidden, "The request requires higher privileges than provided by the access token.")

// Sudo returns the user, by number or by name in any letter case, that the
// bearer wants to act as, or a Refusal.
func (s *Service) Sudo(ctx context.Context, b Bearer, who string) (identity.User, error) {
	switch {
	case !b.User.Admin:
		return identity.User{}, domain.Refuse(domain.Forbidden, "Must be admin to use sudo")
	case !b.Token.Allows(identity.ScopeSudo):
		return identity.User{}, ErrNoSudo
	}
	claim := identity.ClaimUser(who)
	if claim.Kind == identity.Unresolvable {
		claim = identity.ClaimName(who)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	account, err := s.accounts.Account(ctx, claim)
	user := account.Actor.User
	switch {
	case err != nil:
		return identity.User{}, errUnavailable.Because(err)
	case !user.Known():
		return identity.User{}, domain.Refuse(domain.NotFound, "User with ID or username '%.100s' Not Found", who)
	case s.rules.Users.CheckUser(user, s.now()) != nil:
		return identity.User{}, ErrBlockedUser
	}
	return user, nil
}
