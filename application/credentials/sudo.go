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
func (s *Service) Sudo(ctx context.Context, b Bearer, who string) (Person, error) {
	switch {
	case !b.User.Admin:
		return Person{}, domain.Refuse(domain.Forbidden, "Must be admin to use sudo")
	case !b.Token.Allows(identity.ScopeSudo):
		return Person{}, ErrNoSudo
	}
	claim := identity.ClaimUser(who)
	if claim.Kind == identity.Unresolvable {
		claim = identity.ClaimName(who)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	user, err := s.accounts.Person(ctx, claim)
	switch {
	case err != nil:
		return Person{}, errUnavailable.Because(err)
	case !user.Known():
		return Person{}, domain.Refuse(domain.NotFound, "User with ID or username '%.100s' Not Found", who)
	}
	if refusal := s.rules.Users.CheckUser(user.User, s.now()); refusal != nil {
		return Person{}, refusal
	}
	return user, nil
}
