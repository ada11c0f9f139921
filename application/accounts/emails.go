package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

var (
	// errNoEmail refuses what is asked of a secondary e-mail that does not exist, or is
	// another user's.
	errNoEmail = domain.Refuse(domain.NotFound, "Email Not Found")
	// errEmailInUse refuses a secondary e-mail that a user has.
	errEmailInUse = domain.WrongField("email", "has already been taken")
)

// Emails returns a page of the secondary e-mails of a user, for the user and administrators,
// or a Refusal.
func (s *Service) Emails(ctx context.Context, by rights.Caller, user identity.UserID, page application.Page) (application.Listed[identity.Email], error) {
	if err := s.decideOn(ctx, by, user); err != nil {
		return application.Listed[identity.Email]{}, err
	}
	return s.credentials.Emails(ctx, EmailFilter{User: user}, page)
}

// Email returns one secondary e-mail of a user, for the user and administrators, or a
// Refusal.
func (s *Service) Email(ctx context.Context, by rights.Caller, user identity.UserID, id int64) (identity.Email, error) {
	if err := s.decideOn(ctx, by, user); err != nil {
		return identity.Email{}, err
	}
	if id == 0 {
		return identity.Email{}, errNoEmail
	}
	found, err := s.credentials.Emails(ctx, EmailFilter{User: user, ID: id}, application.Page{Order: "id", Size: 1})
	switch {
	case err != nil:
		return identity.Email{}, err
	case len(found.Items) == 0:
		return identity.Email{}, errNoEmail
	}
	return found.Items[0], nil
}

// maxEmails is how many secondary e-mails a user has.
const maxEmails = 100

// AddEmail adds a secondary e-mail to a user, for the user and administrators, or returns a
// Refusal or FieldErrors. One that an administrator adds is confirmed if confirmed says so,
// or else as the e-mail of a new user is. Users claim theirs, which stay unconfirmed.
func (s *Service) AddEmail(ctx context.Context, by rights.Caller, user identity.UserID, address string, confirmed bool) (identity.Email, error) {
	if err := s.decideOn(ctx, by, user); err != nil {
		return identity.Email{}, err
	}
	e := identity.Email{User: user, Address: address, CreatedAt: s.now()}
	if wrong := e.Check(); len(wrong) > 0 {
		return identity.Email{}, wrong
	}
	if by.Admin && (confirmed || !s.rules.RequireConfirmation) {
		e.ConfirmedAt = e.CreatedAt
	}
	err := s.unitOfWork(ctx, func(tx Tx) error {
		owner, err := s.owner(ctx, tx, by, user)
		if err != nil {
			return err
		}
		all, err := tx.Emails.Emails(ctx, user)
		if err != nil {
			return err
		}
		if len(all) >= maxEmails {
			return domain.WrongField("email", fmt.Sprintf("is one too many: a user has at most %d", maxEmails))
		}
		e.ID, err = tx.Emails.AddEmail(ctx, e)
		if errors.Is(err, domain.Conflict) {
			return errEmailInUse
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, by, audit.Create, owner, emailObject(e), nil, emailValues(e))
	})
	return e, err
}

// RemoveEmail removes a secondary e-mail of a user, for the user and administrators, or
// returns a Refusal. If it was the public one, there is none any more. An e-mail that is
// younger than unmodifiedSince, unless that is zero, stays.
func (s *Service) RemoveEmail(ctx context.Context, by rights.Caller, user identity.UserID, id int64, unmodifiedSince time.Time) error {
	if err := s.decideOn(ctx, by, user); err != nil {
		return err
	}
	return s.changeOne(ctx, by, user, func(tx Tx, a *identity.Account) error {
		if err := s.stillMay(ctx, tx, by, user); err != nil {
			return err
		}
		all, err := tx.Emails.Emails(ctx, user)
		if err != nil {
			return err
		}
		e, found := emailOf(all, id)
		switch {
		case !found:
			return errNoEmail
		case domain.CheckUnmodified(unmodifiedSince, time.Time{}, e.CreatedAt) != nil:
			return domain.ErrModified
		}
		if identity.Fold(a.PublicEmail) == identity.Fold(e.Address) {
			a.PublicEmail = ""
		}
		return s.removeEmail(ctx, tx, by, a.User, e)
	})
}

// emailOf returns the e-mail of that number, and whether there is one.
func emailOf(all []identity.Email, id int64) (e identity.Email, found bool) {
	for _, e := range all {
		if e.ID == id {
			return e, true
		}
	}
	return identity.Email{}, false
}

// removeEmail removes a secondary e-mail, with an audit event.
func (s *Service) removeEmail(ctx context.Context, tx Tx, by rights.Caller, user identity.User, e identity.Email) error {
	if err := tx.Emails.RemoveEmail(ctx, e.ID); err != nil {
		return err
	}
	return s.record(ctx, tx, by, audit.Delete, user, emailObject(e), emailValues(e), nil)
}

// replacePrimary judges the e-mail that a user has in place of the old one. A secondary one
// of theirs is no secondary one any more, and stays confirmed; any other one is confirmed as
// that of a new user is.
func (s *Service) replacePrimary(ctx context.Context, tx Tx, by rights.Caller, old identity.User, a *identity.Account) error {
	if identity.Fold(old.Email) == identity.Fold(a.Email) {
		return nil
	}
	all, err := tx.Emails.Emails(ctx, a.ID)
	if err != nil {
		return err
	}
	e, own := identity.FindEmail(all, a.Email)
	a.EmailConfirmed = !s.rules.RequireConfirmation || !e.ConfirmedAt.IsZero()
	if !own {
		return nil
	}
	return s.removeEmail(ctx, tx, by, old, e)
}

// emailObject is a secondary e-mail in an audit event.
func emailObject(e identity.Email) audit.Object {
	return audit.Object{Kind: "email", ID: e.ID, Path: e.Address}
}

// emailValues are the members of a secondary e-mail as an audit event has them.
func emailValues(e identity.Email) audit.Values {
	return audit.Values{"email": e.Address, "confirmed_at": textOrNil(e.ConfirmedAt, time.RFC3339)}
}
