package webhooks

import (
	"context"
	"errors"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Service shows, changes and tests the hooks of groups and projects for the management API.
// It is safe for concurrent use.
type Service struct {
	unitOfWork UnitOfWork
	records    Records
	backlog    Backlog
	standings  Standings
	receivers  Receivers
	dispatcher *Dispatcher
	history    History
	now        application.Clock
}

// NewService makes a Service. History is nil without a Gitaly.
func NewService(unitOfWork UnitOfWork, records Records, backlog Backlog, standings Standings, receivers Receivers, dispatcher *Dispatcher, history History, now application.Clock) *Service {
	return &Service{unitOfWork, records, backlog, standings, receivers, dispatcher, history, now}
}

// errNoHook refuses a hook that the group or project does not have.
var errNoHook = domain.Refuse(domain.NotFound, "Not found")

// place is the group or project whose hooks are shown or changed.
type place struct {
	in     source.MemberSource
	entity audit.Object
}

// place returns the group or project if the caller may change its hooks, or a Refusal.
func (s *Service) place(ctx context.Context, standings Standings, by rights.Caller, on rights.Ref) (place, error) {
	right, kind := rights.AdminProject, audit.Project
	if on.Kind == rights.Group {
		right, kind = rights.AdminGroup, audit.Group
	}
	standing, err := standings.Standing(ctx, by.ID, on, s.now())
	standing, err = by.Judge(right, on.Kind, standing, err)
	if err != nil {
		return place{}, err
	}
	out := place{entity: audit.Object{Kind: kind, ID: standing.ID, Path: standing.Path}}
	if on.Kind == rights.Group {
		out.in.Group = source.NamespaceID(standing.ID)
	} else {
		out.in.Project = source.ProjectID(standing.ID)
	}
	return out, nil
}

// List returns a page of the hooks of a group or project, or a Refusal.
func (s *Service) List(ctx context.Context, by rights.Caller, on rights.Ref, page application.Page) (application.Listed[View], error) {
	at, err := s.place(ctx, s.standings, by, on)
	if err != nil {
		return application.Listed[View]{}, err
	}
	found, err := s.records.Views(ctx, at.in, page)
	for i := range found.Items {
		found.Items[i].Health = found.Items[i].Health.EndPause(s.now())
	}
	return found, err
}

// Show returns a hook of a group or project, or a Refusal.
func (s *Service) Show(ctx context.Context, by rights.Caller, on rights.Ref, id hooks.HookID) (View, error) {
	at, err := s.place(ctx, s.standings, by, on)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, at, id)
}

func (s *Service) view(ctx context.Context, at place, id hooks.HookID) (View, error) {
	view, err := s.records.View(ctx, at.in, id)
	view.Health = view.Health.EndPause(s.now())
	return view, orNoHook(err)
}

// orNoHook returns errNoHook in place of domain.NotFound.
func orNoHook(err error) error {
	if errors.Is(err, domain.NotFound) {
		return errNoHook
	}
	return err
}

// Add adds a hook to a group or project, or returns a Refusal or FieldErrors. What the change
// does not mention is as that of the zero Hook.
func (s *Service) Add(ctx context.Context, by rights.Caller, on rights.Ref, change hooks.Change) (View, error) {
	var at place
	var id hooks.HookID
	err := s.unitOfWork(ctx, func(tx Tx) (err error) {
		if at, err = s.place(ctx, tx.Standings, by, on); err != nil {
			return err
		}
		now := s.now()
		h := hooks.Hook{}.With(change)
		h.CreatedAt, h.UpdatedAt = now, now
		if err := s.check(hooks.Hook{}, h); err != nil {
			return err
		}
		if h.ID, err = tx.Hooks.PutHook(ctx, at.in, h); err != nil {
			return err
		}
		id = h.ID
		return tx.Audit.Append(ctx, by.Cause.Event(now, audit.Create, at.entity, object(h), nil, values(h)))
	})
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, at, id)
}

// check returns why a hook cannot take the place of the old one: a Refusal or FieldErrors.
func (s *Service) check(old, h hooks.Hook) error {
	if err := h.Check(old); err != nil {
		return err
	}
	if target := h.Target(); target != old.Target() && s.receivers.CheckTarget(target) != nil {
		return hooks.ErrURL
	}
	return nil
}

// Update changes a hook of a group or project by the change that is returned for it, or
// returns a Refusal or FieldErrors. What the change does not mention stays. Deliveries that
// wait go by what the hook has become.
func (s *Service) Update(ctx context.Context, by rights.Caller, on rights.Ref, id hooks.HookID, change func(hooks.Hook) (hooks.Change, error)) (View, error) {
	var at place
	err := s.unitOfWork(ctx, func(tx Tx) (err error) {
		if at, err = s.place(ctx, tx.Standings, by, on); err != nil {
			return err
		}
		old, err := tx.Hooks.Hook(ctx, at.in, id)
		if err != nil {
			return orNoHook(err)
		}
		c, err := change(old)
		if err != nil {
			return err
		}
		h := old.With(c)
		if err := s.check(old, h); err != nil {
			return err
		}
		was, is := differences(old, h)
		if len(is) == 0 {
			return nil
		}
		h.UpdatedAt = s.now()
		if _, err := tx.Hooks.PutHook(ctx, at.in, h); err != nil {
			return err
		}
		return tx.Audit.Append(ctx, by.Cause.Event(h.UpdatedAt, audit.Update, at.entity, object(h), was, is))
	})
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, at, id)
}

// Remove removes a hook of a group or project with its deliveries, or returns a Refusal. With
// a moment the hook must not have been changed after that.
func (s *Service) Remove(ctx context.Context, by rights.Caller, on rights.Ref, id hooks.HookID, unmodifiedSince time.Time) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		at, err := s.place(ctx, tx.Standings, by, on)
		if err != nil {
			return err
		}
		shown, err := tx.Hooks.Shown(ctx, at.in, id)
		if err != nil {
			return orNoHook(err)
		}
		if modified := domain.CheckUnmodified(unmodifiedSince, shown.UpdatedAt, shown.CreatedAt); modified != nil {
			return modified
		}
		if err := tx.Hooks.RemoveHook(ctx, at.in, id); err != nil {
			return err
		}
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Delete, at.entity, object(shown.Hook), values(shown.Hook), nil))
	})
}

// Test sends a hook of a group or project the event of a push to a branch, or of a pushed
// tag, or returns a Refusal, also if the receiver does not accept it.
func (s *Service) Test(ctx context.Context, by rights.Caller, on rights.Ref, id hooks.HookID, kind source.RefKind) error {
	at, err := s.place(ctx, s.standings, by, on)
	if err != nil {
		return err
	}
	if _, err := s.view(ctx, at, id); err != nil {
		return err
	}
	_, err = s.dispatcher.TestPush(ctx, by.Cause, id, kind, s.history)
	return refused(err)
}

// refused returns a Refusal in place of the error of an attempt.
func refused(err error) error {
	if failed, ok := errors.AsType[*attemptError](err); ok {
		return domain.Refuse(domain.Unprocessable, "Hook execution failed: %s", failed)
	}
	return err
}

// Undelivered returns a page of the deliveries to a hook of a group or project which it has
// not accepted, or a Refusal.
func (s *Service) Undelivered(ctx context.Context, by rights.Caller, on rights.Ref, id hooks.HookID, page application.Page) (View, application.Listed[Undelivered], error) {
	view, err := s.Show(ctx, by, on, id)
	if err != nil {
		return View{}, application.Listed[Undelivered]{}, err
	}
	listed, err := s.backlog.Undelivered(ctx, id, page)
	return view, listed, err
}

// Resend sends a delivery of a hook of a group or project again, at once, and returns the
// status of the answer. It returns a Refusal if there is none, if it is not its turn, or if
// the receiver does not accept it.
func (s *Service) Resend(ctx context.Context, by rights.Caller, on rights.Ref, id hooks.HookID, delivery int64) (status int, err error) {
	at, err := s.place(ctx, s.standings, by, on)
	if err != nil {
		return 0, err
	}
	if _, err := s.view(ctx, at, id); err != nil {
		return 0, err
	}
	status, err = s.dispatcher.Resend(ctx, by.Cause, id, delivery)
	return status, refused(orNoHook(err))
}
