package deploykeys

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
	"gatehouse/domain/source"
)

// Service lists and changes deploy keys. It is safe for concurrent use.
type Service struct {
	unitOfWork UnitOfWork
	standings  Standings
	records    Records
	policy     identity.Policy
	now        application.Clock
}

// New makes a Service.
func New(unitOfWork UnitOfWork, standings Standings, records Records, policy identity.Policy, now application.Clock) *Service {
	return &Service{unitOfWork, standings, records, policy, now}
}

// The refusals of deploy keys.
var (
	errNone      = domain.Refuse(domain.NotFound, "Not found")
	errNotUsable = domain.Refuse(domain.NotFound, "Deploy key Not Found")
	errTaken     = domain.WrongField("fingerprint_sha256", "has already been taken")
)

// List returns a page of the deploy keys of a project, or a Refusal.
func (s *Service) List(ctx context.Context, by rights.Caller, on rights.Ref, page application.Page) (application.Listed[View], error) {
	now := s.now()
	at, err := decide(ctx, s.standings, by, on, now)
	if err != nil {
		return application.Listed[View]{}, err
	}
	return s.records.Views(ctx, Filter{Project: source.ProjectID(at.ID)}, page, now)
}

// Show returns a deploy key of a project, or a Refusal.
func (s *Service) Show(ctx context.Context, by rights.Caller, on rights.Ref, id identity.KeyID) (View, error) {
	at, err := decide(ctx, s.standings, by, on, s.now())
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, Filter{ID: id, Project: source.ProjectID(at.ID)})
}

// ListAll returns a page of the deploy keys of the instance, or of the public ones, with their
// projects; or a Refusal: it is for administrators.
func (s *Service) ListAll(ctx context.Context, by rights.Caller, public bool, page application.Page) (application.Listed[View], error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return application.Listed[View]{}, err
	}
	return s.records.Views(ctx, Filter{Public: public, WithProjects: true}, page, s.now())
}

// ListOf returns a page of the deploy keys of the projects that a user maintains and the
// caller too, or a Refusal. An administrator is shown those of all projects of the user.
func (s *Service) ListOf(ctx context.Context, by rights.Caller, who identity.Claim, page application.Page) (application.Listed[View], error) {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil {
		return application.Listed[View]{}, err
	}
	user, err := s.records.User(ctx, who)
	if errors.Is(err, domain.NotFound) {
		err = rights.Hidden(rights.User)
	}
	if err != nil {
		return application.Listed[View]{}, err
	}
	maintainers := []identity.UserID{user}
	if user != by.ID && !by.Admin {
		maintainers = append(maintainers, by.ID)
	}
	return s.records.Views(ctx, Filter{Maintainers: maintainers}, page, s.now())
}

// view returns the one deploy key that a filter picks, or a Refusal.
func (s *Service) view(ctx context.Context, f Filter) (View, error) {
	if f.ID == 0 {
		return View{}, errNone
	}
	l, err := s.records.Views(ctx, f, application.Page{Order: "id", Size: 1}, s.now())
	switch {
	case err != nil:
		return View{}, err
	case len(l.Items) == 0:
		return View{}, errNone
	}
	return l.Items[0], nil
}

func decide(ctx context.Context, standings Standings, by rights.Caller, on rights.Ref, now time.Time) (rights.Standing, error) {
	at, err := standings.Standing(ctx, by.ID, on, now)
	return by.Judge(rights.AdminProject, rights.Project, at, err)
}

// NewKey asks for a deploy key. The texts are as they came.
type NewKey struct {
	// Line is a public key with or without a comment.
	Line  string
	Title string
	// CanPush counts in a project.
	CanPush bool
	// ExpiresAt is zero for a key that does not expire.
	ExpiresAt time.Time
}

// newKey makes a deploy key, or returns FieldErrors.
func (s *Service) newKey(by rights.Caller, asked NewKey) (identity.Key, error) {
	line, print, err := identity.ParsePublicKey(asked.Line)
	if err != nil {
		return identity.Key{}, domain.FieldErrors{{Field: "key", Message: "is invalid"}, {Field: "key", Message: err.Error()}}
	}
	k := identity.Key{
		Kind: identity.DeployKey, Owner: by.ID, Line: line, Comment: identity.KeyComment(asked.Line), Fingerprint: print, Title: strings.TrimSpace(asked.Title),
		Usage: identity.AuthAndSigning, CreatedAt: s.now(), ExpiresAt: asked.ExpiresAt,
	}
	if wrong := s.policy.CheckNew(k, k.CreatedAt); len(wrong) > 0 {
		return k, wrong
	}
	return k, nil
}

// AddPublic adds a deploy key that maintainers of every project may enable, for
// administrators, or returns a Refusal or FieldErrors.
func (s *Service) AddPublic(ctx context.Context, by rights.Caller, asked NewKey) (View, error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return View{}, err
	}
	k, err := s.newKey(by, asked)
	if err != nil {
		return View{}, err
	}
	k.Public = true
	err = s.unitOfWork(ctx, func(tx Tx) error {
		if k.ID, err = tx.Keys.AddKey(ctx, k); errors.Is(err, domain.Conflict) {
			return errTaken
		}
		if err != nil {
			return err
		}
		instance := audit.Object{Kind: audit.Instance}
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Create, instance, keyObject(k), nil, keyValues(k)))
	})
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, Filter{ID: k.ID, WithProjects: true})
}

// Add adds a deploy key to a project, or returns a Refusal or FieldErrors, whose fields begin
// with "deploy_key.". One that the project has stays as it is, and one that the caller may
// enable is enabled and keeps its title.
func (s *Service) Add(ctx context.Context, by rights.Caller, on rights.Ref, asked NewKey) (View, error) {
	return s.change(ctx, by, on, func(c change) (identity.KeyID, error) {
		_, print, err := identity.ParsePublicKey(asked.Line)
		if err == nil {
			k, err := c.tx.Keys.KeyOf(ctx, print)
			if err == nil {
				return c.join(ctx, k, asked.CanPush)
			}
			if !errors.Is(err, domain.NotFound) {
				return 0, err
			}
		}
		k, err := s.newKey(by, asked)
		if err != nil {
			return 0, inDeployKey(err)
		}
		if k.ID, err = c.tx.Keys.AddKey(ctx, k); err != nil {
			return 0, err
		}
		return k.ID, c.enable(ctx, k, nil, asked.CanPush, keyValues(k))
	})
}

// inDeployKey returns FieldErrors as of the key below what is added.
func inDeployKey(err error) error {
	wrong, ok := errors.AsType[domain.FieldErrors](err)
	if !ok {
		return err
	}
	out := make(domain.FieldErrors, len(wrong))
	for i, f := range wrong {
		out[i] = domain.FieldError{Field: "deploy_key." + f.Field, Message: f.Message}
	}
	return out
}

// Enable enables a deploy key on a project, or returns a Refusal: the key has to be public, or
// one of a project that the caller maintains. One that is enabled stays as it is.
func (s *Service) Enable(ctx context.Context, by rights.Caller, on rights.Ref, id identity.KeyID) (View, error) {
	return s.change(ctx, by, on, func(c change) (identity.KeyID, error) {
		k, err := c.tx.Keys.Key(ctx, id)
		if errors.Is(err, domain.NotFound) || err == nil && k.Kind != identity.DeployKey {
			return 0, errNotUsable
		}
		if err != nil {
			return 0, err
		}
		if id, err = c.join(ctx, k, false); errors.Is(err, domain.Unprocessable) {
			err = errNotUsable
		}
		return id, err
	})
}

// Update is what changes of a deploy key; nil stays.
type Update struct {
	Title   *string
	CanPush *bool
}

// Update changes the title of a deploy key of a project and what it may do there, or returns a
// Refusal or FieldErrors, whose fields begin with "deploy_key.". The title of a public key is
// for administrators to change.
func (s *Service) Update(ctx context.Context, by rights.Caller, on rights.Ref, id identity.KeyID, asked Update) (View, error) {
	return s.change(ctx, by, on, func(c change) (identity.KeyID, error) {
		k, e, err := c.enabled(ctx, id)
		if err != nil {
			return 0, err
		}
		if asked.Title != nil {
			if err := c.rename(ctx, s.policy, k, strings.TrimSpace(*asked.Title)); err != nil {
				return 0, err
			}
		}
		if asked.CanPush == nil || *asked.CanPush == e.CanPush {
			return id, nil
		}
		return id, c.enable(ctx, k, &e, *asked.CanPush, nil)
	})
}

// Remove takes a deploy key from a project, or returns a Refusal. One that is not public and
// is enabled on no other project is removed. With a moment the project's part in it must not
// have been changed after that.
func (s *Service) Remove(ctx context.Context, by rights.Caller, on rights.Ref, id identity.KeyID, unmodifiedSince time.Time) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		c, err := s.begin(ctx, tx, by, on)
		if err != nil {
			return err
		}
		k, e, err := c.enabled(ctx, id)
		if err != nil {
			return err
		}
		if modified := domain.CheckUnmodified(unmodifiedSince, e.UpdatedAt, k.CreatedAt); modified != nil {
			return modified
		}
		return c.remove(ctx, k, e)
	})
}

// change runs do in a transaction and returns the key of the project that it leaves.
func (s *Service) change(ctx context.Context, by rights.Caller, on rights.Ref, do func(change) (identity.KeyID, error)) (View, error) {
	var f Filter
	err := s.unitOfWork(ctx, func(tx Tx) error {
		c, err := s.begin(ctx, tx, by, on)
		if err != nil {
			return err
		}
		f.Project = c.project()
		f.ID, err = do(c)
		return err
	})
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, f)
}
