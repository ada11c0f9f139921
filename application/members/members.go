package members

import (
	"context"
	"errors"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Service lists and changes members. It is safe for concurrent use.
type Service struct {
	unitOfWork UnitOfWork
	standings  Standings
	records    Records
	now        application.Clock
}

// New makes a Service.
func New(unitOfWork UnitOfWork, standings Standings, records Records, now application.Clock) *Service {
	return &Service{unitOfWork, standings, records, now}
}

// ErrNoMember refuses what is asked of a user who is no member.
var ErrNoMember = domain.Refuse(domain.NotFound, "Not found")

// List returns a page of the members that the filter picks, or a Refusal. The e-mails are
// filled in for owners only.
func (s *Service) List(ctx context.Context, by rights.Caller, on rights.Ref, f Filter, page application.Page) (application.Listed[View], error) {
	now := s.now()
	at, err := standing(ctx, s.standings, by, on, now)
	if err != nil {
		return application.Listed[View]{}, err
	}
	c := by.In(rights.ReadMembers(on.Kind), at)
	if err := c.Decide(); err != nil {
		return application.Listed[View]{}, err
	}
	return s.views(ctx, c, at, f, page)
}

// View returns a direct member, or with inherited any member, or a Refusal.
func (s *Service) View(ctx context.Context, by rights.Caller, on rights.Ref, user identity.UserID, inherited bool) (View, error) {
	f := Filter{Inherited: inherited, Users: []identity.UserID{user}}
	l, err := s.List(ctx, by, on, f, application.Page{Order: "id", Size: 1})
	return only(l, err)
}

// views reads members for the actor of a case.
func (s *Service) views(ctx context.Context, c rights.Case, at rights.Standing, f Filter, page application.Page) (application.Listed[View], error) {
	l, err := s.records.Views(ctx, sourceOf(at), f, page, s.now())
	if !c.SeesEmails() {
		for i := range l.Items {
			l.Items[i].User.Email = ""
		}
	}
	return l, err
}

// only returns the one member of a list.
func only(l application.Listed[View], err error) (View, error) {
	switch {
	case err != nil:
		return View{}, err
	case len(l.Items) == 0:
		return View{}, ErrNoMember
	}
	return l.Items[0], nil
}

// Grant is what a new member gets.
type Grant struct {
	Role source.Role
	// ExpiresAt is the day with whose beginning it ends; zero for never.
	ExpiresAt time.Time
}

// Add makes a user a member, or returns a Refusal or FieldErrors. A membership of the user
// that does not count, such as one that has expired, gives way.
func (s *Service) Add(ctx context.Context, by rights.Caller, on rights.Ref, who identity.Claim, g Grant) (View, error) {
	var added change
	err := s.unitOfWork(ctx, func(tx Tx) (err error) {
		if added, err = s.begin(ctx, tx, by, on, audit.Create); err == nil {
			err = added.add(ctx, who, g)
		}
		return err
	})
	if err != nil {
		return View{}, err
	}
	return s.result(ctx, added)
}

// AddAll makes several users members, each by itself, and returns why some could not be,
// by their names: a Refusal or FieldErrors. A Refusal of all is the error.
func (s *Service) AddAll(ctx context.Context, by rights.Caller, on rights.Ref, who []identity.Claim, g Grant) (refused map[string]error, err error) {
	err = s.unitOfWork(ctx, func(tx Tx) error {
		refused = map[string]error{}
		c, err := s.begin(ctx, tx, by, on, audit.Create)
		if err != nil {
			return err
		}
		for _, one := range who {
			name, err := c.addOne(ctx, one, g)
			if _, isRow := errors.AsType[domain.FieldErrors](err); isRow || errors.Is(err, rights.ErrMember) || errors.Is(err, errNoUser) {
				refused[name] = err
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	return refused, err
}

// Update changes the role of a direct member, and the day on which the membership ends
// unless expiresAt is nil; the zero time is never. It may return a Refusal or FieldErrors.
func (s *Service) Update(ctx context.Context, by rights.Caller, on rights.Ref, user identity.UserID, role source.Role, expiresAt *time.Time) (View, error) {
	var changed change
	err := s.unitOfWork(ctx, func(tx Tx) (err error) {
		if changed, err = s.begin(ctx, tx, by, on, audit.Update); err == nil {
			err = changed.update(ctx, user, role, expiresAt)
		}
		return err
	})
	if err != nil {
		return View{}, err
	}
	return s.result(ctx, changed)
}

// Removal says how a member is removed.
type Removal struct {
	// KeepBelow keeps the memberships in groups and projects below the group.
	KeepBelow bool
	// UnmodifiedSince refuses to remove a membership that was changed after it; zero for
	// none.
	UnmodifiedSince time.Time
}

// Remove removes a direct member, or returns a Refusal. A membership that does not count
// any more, or not yet, can be removed too.
func (s *Service) Remove(ctx context.Context, by rights.Caller, on rights.Ref, user identity.UserID, r Removal) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		c, err := s.begin(ctx, tx, by, on, audit.Delete)
		if err != nil {
			return err
		}
		return c.remove(ctx, user, r)
	})
}

// result returns the member that a change was about.
func (s *Service) result(ctx context.Context, c change) (View, error) {
	f := Filter{Users: []identity.UserID{c.member.ID}}
	return only(s.views(ctx, c.right, c.at, f, application.Page{Order: "id", Size: 1}))
}

// standing returns a group or project with the caller's role there. One that does not
// exist is a standing too, which every rule refuses.
func standing(ctx context.Context, standings Standings, by rights.Caller, on rights.Ref, now time.Time) (rights.Standing, error) {
	at, err := standings.Standing(ctx, by.ID, on, now)
	if errors.Is(err, domain.NotFound) {
		return rights.Absent(on.Kind), nil
	}
	return at, err
}

// sourceOf returns what the members of a standing are members of.
func sourceOf(at rights.Standing) source.MemberSource {
	if at.Kind == rights.Project {
		return source.MemberSource{Project: source.ProjectID(at.ID)}
	}
	return source.MemberSource{Group: source.NamespaceID(at.ID)}
}
