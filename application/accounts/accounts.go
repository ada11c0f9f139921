package accounts

import (
	"context"
	"errors"
	"io"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
)

// Rules are the instance's settings for accounts.
type Rules struct {
	Users identity.Policy
	// TokenPrefix stands before the random part of an access token.
	TokenPrefix string
	Lifetime    identity.Lifetime
	// RequireConfirmation leaves the e-mail of a new user unconfirmed, unless the
	// administrator says that it is confirmed.
	RequireConfirmation bool
	// InstanceKey returns the secret of the instance, from which the texts of tokens come
	// that are asked for with an idempotency key; nil if there is none at the moment.
	InstanceKey func() []byte
	// RemoveRepository is the kind of job that removes the repository of a deleted
	// project; empty for none. Its subject is the project's number.
	RemoveRepository application.JobKind
}

// Service creates, changes and shows accounts. It is safe for concurrent use.
type Service struct {
	unitOfWork  UnitOfWork
	records     Records
	credentials Credentials
	rules       Rules
	random      io.Reader
	now         application.Clock
}

// New makes a Service; random has to be fit for secrets.
func New(unitOfWork UnitOfWork, records Records, credentials Credentials, rules Rules, random io.Reader, now application.Clock) *Service {
	return &Service{unitOfWork, records, credentials, rules, random, now}
}

// ErrNoUser refuses what is asked of a user who does not exist.
var ErrNoUser = rights.Hidden(rights.User)

// View returns a user, or a Refusal.
func (s *Service) View(ctx context.Context, by rights.Caller, who identity.Claim) (View, error) {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil {
		return View{}, err
	}
	return s.view(ctx, who)
}

func (s *Service) view(ctx context.Context, who identity.Claim) (View, error) {
	view, err := s.records.View(ctx, who, s.now())
	if errors.Is(err, domain.NotFound) {
		return View{}, ErrNoUser
	}
	return view, err
}

// Views returns a page of the users that the filter picks, or a Refusal. A caller who has
// not signed in has to name the user, and nothing else counts. For callers who are no administrators Emails,
// Admins and TwoFactor do not count, and the identity of another service is refused.
func (s *Service) Views(ctx context.Context, by rights.Caller, f Filter, page application.Page) (application.Listed[View], error) {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil && f.Username == "" {
		return application.Listed[View]{}, err
	}
	if !by.Known() {
		f = Filter{Username: f.Username}
	}
	if f.Emails = by.Admin; !by.Admin {
		f.Admins, f.TwoFactor = nil, nil
		if f.ExternUID != "" || f.Provider != "" {
			return application.Listed[View]{}, by.OnInstance(rights.AdminAllResources).Decide()
		}
	}
	return s.records.Views(ctx, f, page, s.now())
}

// Memberships returns a page of a user's direct memberships, or a Refusal. The kind is as
// for Records.
func (s *Service) Memberships(ctx context.Context, by rights.Caller, user identity.UserID, kind MembershipKind, page application.Page) (application.Listed[Membership], error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return application.Listed[Membership]{}, err
	}
	if _, err := s.view(ctx, claim(user)); err != nil {
		return application.Listed[Membership]{}, err
	}
	return s.records.Memberships(ctx, user, kind, page, s.now())
}

// Associations counts the direct memberships of a user, for the user and administrators,
// or returns a Refusal.
func (s *Service) Associations(ctx context.Context, by rights.Caller, user identity.UserID) (Associations, error) {
	if err := s.decideOn(ctx, by, user); err != nil {
		return Associations{}, err
	}
	return s.records.Associations(ctx, user, s.now())
}

// decideOn refuses a caller who is neither the user nor an administrator, and a user who
// does not exist.
func (s *Service) decideOn(ctx context.Context, by rights.Caller, user identity.UserID) error {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil {
		return err
	}
	if _, err := s.view(ctx, claim(user)); err != nil {
		return err
	}
	return by.OnUser(rights.UpdateUser, user).Decide()
}

// The refusals of names that others have.
var (
	errEmailTaken    = domain.Refuse(domain.Conflict, "Email has already been taken")
	errUsernameTaken = domain.Refuse(domain.Conflict, "Username has already been taken")
)

// Create creates a user, or returns a Refusal or FieldErrors. The moments and the number
// of the account are not read.
func (s *Service) Create(ctx context.Context, by rights.Caller, a identity.Account) (View, error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return View{}, err
	}
	now := s.now()
	a.ID, a.CreatedAt, a.UpdatedAt, a.CreatedBy = 0, now, now, by.ID
	a.EmailConfirmed = a.EmailConfirmed || !s.rules.RequireConfirmation
	err := s.unitOfWork(ctx, func(tx Tx) (err error) {
		if err := s.stillAdministrator(ctx, tx, by); err != nil {
			return err
		}
		if err := checkNames(ctx, tx, identity.Account{}, a); err != nil {
			return err
		}
		if a.ID, err = tx.Users.PutAccount(ctx, a); err != nil {
			return err
		}
		return s.record(ctx, tx, by, audit.Create, a.User, object(a.User), nil, values(a))
	})
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, claim(a.ID))
}

// Update changes a user by change, or returns a Refusal or FieldErrors. What change leaves
// alone stays as it is in the same transaction. The e-mail is confirmed if confirmed says
// so; else one of the secondary ones, which moves, stays as it is, and a new one is as that
// of a new user is.
func (s *Service) Update(ctx context.Context, by rights.Caller, id identity.UserID, confirmed bool, change func(*identity.Account)) (View, error) {
	err := s.change(ctx, by, id, func(tx Tx, a *identity.Account) error {
		if a.Type.IsInternal() {
			return errInternal
		}
		old := *a
		change(a)
		if old.Admin && !a.Admin && a.ID == by.ID {
			others, err := tx.Users.OtherAdministrators(ctx, a.ID)
			switch {
			case err != nil:
				return err
			case !others:
				return errLastAdministrator
			}
		}
		if err := checkNames(ctx, tx, old, *a); err != nil {
			return err
		}
		err := s.replacePrimary(ctx, tx, by, old.User, a)
		a.EmailConfirmed = a.EmailConfirmed || confirmed
		return err
	})
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, claim(id))
}

// UpdateStatus changes the status of the caller, of which status has the parameters that
// are given, as remembered.UserStatus names them, or returns a Refusal.
func (s *Service) UpdateStatus(ctx context.Context, by rights.Caller, status remembered.Values) (View, error) {
	if err := by.OnUser(rights.UpdateUser, by.ID).Decide(); err != nil {
		return View{}, err
	}
	err := s.changeOne(ctx, by, by.ID, func(_ Tx, a *identity.Account) error {
		a.Settings = a.Settings.With(status.Behind(remembered.StatusPrefix))
		return nil
	})
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, claim(by.ID))
}

// errLastAdministrator refuses to leave an instance without administrators.
var errLastAdministrator = domain.Refuse(domain.Forbidden, "The last administrator cannot give up these rights")

// errSelf are the refusals of what administrators cannot do to themselves.
var errSelf = map[identity.StateChange]error{
	identity.Block:      domain.Refuse(domain.Forbidden, "The API initiating user cannot be blocked by the API"),
	identity.Deactivate: domain.Refuse(domain.Forbidden, "The API initiating user cannot be deactivated by the API"),
	identity.Ban:        domain.Refuse(domain.Forbidden, "The API initiating user cannot be banned by the API"),
}

// ChangeState changes the state of a user, and says whether it was another one; or returns
// a Refusal.
func (s *Service) ChangeState(ctx context.Context, by rights.Caller, id identity.UserID, c identity.StateChange) (changed bool, err error) {
	err = s.change(ctx, by, id, func(_ Tx, a *identity.Account) (err error) {
		if refusal := errSelf[c]; refusal != nil && a.ID == by.ID {
			return refusal
		}
		a.User, changed, err = a.User.Change(c)
		return err
	})
	return changed, err
}

// DisableTwoFactor removes the second factor of a user, or returns a Refusal.
func (s *Service) DisableTwoFactor(ctx context.Context, by rights.Caller, id identity.UserID) error {
	return s.change(ctx, by, id, func(_ Tx, a *identity.Account) error {
		switch {
		case a.Admin:
			return domain.Refuse(domain.Forbidden, "Two-factor authentication for admins cannot be disabled via the API. Use the Rails console")
		case !a.TwoFactor:
			return domain.Refuse(domain.Invalid, "Two-factor authentication is not enabled for this user")
		}
		a.TwoFactor = false
		return nil
	})
}

// change changes a user as an administrator.
func (s *Service) change(ctx context.Context, by rights.Caller, id identity.UserID, change func(Tx, *identity.Account) error) error {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return err
	}
	return s.changeOne(ctx, by, id, func(tx Tx, a *identity.Account) error {
		if err := s.stillAdministrator(ctx, tx, by); err != nil {
			return err
		}
		return change(tx, a)
	})
}

// changeOne changes a user in one transaction, with an audit event if anything differs.
func (s *Service) changeOne(ctx context.Context, by rights.Caller, id identity.UserID, change func(Tx, *identity.Account) error) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		a, err := account(ctx, tx, id)
		if err != nil {
			return err
		}
		old := a
		if err := change(tx, &a); err != nil {
			return err
		}
		was, is := changes(old, a)
		if len(is) == 0 {
			return nil
		}
		a.UpdatedAt = s.now()
		if err := s.moved(ctx, tx, by, a, old.Username); err != nil {
			return err
		}
		if _, err := tx.Users.PutAccount(ctx, a); err != nil {
			return err
		}
		return s.record(ctx, tx, by, audit.Update, a.User, object(a.User), was, is)
	})
}

// Delete removes a user with all that belongs to them, or returns a Refusal. Unless hard
// is set a user who alone owns a group stays.
func (s *Service) Delete(ctx context.Context, by rights.Caller, id identity.UserID, hard bool, unmodifiedSince time.Time) error {
	return s.remove(ctx, by, id, func(tx Tx, a identity.Account) error {
		if modified := domain.CheckUnmodified(unmodifiedSince, a.UpdatedAt, a.CreatedAt); modified != nil {
			return modified
		}
		if hard {
			return nil
		}
		owned, err := tx.Users.SoleOwner(ctx, id, s.now())
		if err == nil && len(owned) > 0 {
			return domain.Refuse(domain.Conflict, "User cannot be removed while is the sole-owner of a group")
		}
		return err
	})
}

// Reject removes a user who waits for approval, or returns a Refusal.
func (s *Service) Reject(ctx context.Context, by rights.Caller, id identity.UserID) error {
	return s.remove(ctx, by, id, func(_ Tx, a identity.Account) error {
		if a.State != identity.PendingApproval {
			return domain.Refuse(domain.Conflict, "User does not have a pending request")
		}
		return nil
	})
}

func (s *Service) remove(ctx context.Context, by rights.Caller, id identity.UserID, check func(Tx, identity.Account) error) error {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return err
	}
	return s.unitOfWork(ctx, func(tx Tx) error {
		a, err := account(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case id == by.ID:
			return domain.Refuse(domain.Forbidden, "You cannot delete yourself")
		case a.Type.IsInternal():
			return domain.Refuse(domain.Forbidden, "An internal user cannot be deleted")
		}
		if err := s.stillAdministrator(ctx, tx, by); err != nil {
			return err
		}
		if err := check(tx, a); err != nil {
			return err
		}
		projects, err := tx.Projects.Owned(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.Users.Delete(ctx, id, s.rules.RemoveRepository != ""); err != nil {
			return err
		}
		if err := s.deleted(ctx, tx, by, projects); err != nil {
			return err
		}
		return s.record(ctx, tx, by, audit.Delete, a.User, object(a.User), values(a), nil)
	})
}

// account returns a user within a transaction, or a Refusal.
func account(ctx context.Context, tx Tx, id identity.UserID) (identity.Account, error) {
	a, err := tx.Users.Account(ctx, id)
	if errors.Is(err, domain.NotFound) {
		err = ErrNoUser
	}
	return a, err
}

// checkNames returns why an account cannot be kept in place of the old one: FieldErrors,
// or a Refusal for a name that others have. What stays as it was is not judged.
func checkNames(ctx context.Context, tx Tx, old, a identity.Account) error {
	emails, err := tx.Emails.Emails(ctx, a.ID)
	if err != nil {
		return err
	}
	if wrong := a.CheckChange(old, emails...); len(wrong) > 0 {
		return wrong
	}
	if identity.Fold(old.Email) != identity.Fold(a.Email) {
		owner, err := tx.Names.EmailOwner(ctx, a.Email)
		if err != nil {
			return err
		}
		if owner != 0 && owner != a.ID {
			return errEmailTaken
		}
	}
	if identity.Fold(old.Username) != identity.Fold(a.Username) {
		taken, _, err := tx.Names.PathTaken(ctx, a.Username)
		if err != nil {
			return err
		}
		if taken {
			return errUsernameTaken
		}
	}
	return nil
}

func claim(id identity.UserID) identity.Claim {
	return identity.Claim{Kind: identity.ByUser, ID: int64(id)}
}
