package projects

import (
	"context"
	"errors"
	"slices"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Rules are the instance's settings for projects.
type Rules struct {
	// Connected says that repositories can be asked and changed, by Gitaly.
	Connected bool
	// Storages are the names of those that are configured, and NewStorage is that of new
	// projects.
	Storages   []string
	NewStorage string
	// Protection is that of the default branch of a new project, unless its group or the
	// instance has been given another one.
	Protection source.BranchProtection
}

// Service creates, changes and removes projects through the management API. It is safe for
// concurrent use.
type Service struct {
	unitOfWork ChangeUnitOfWork
	reader     *Reader
	heads      Heads
	starter    *Starter
	rules      Rules
	now        application.Clock
}

// NewService makes a Service, which shows projects by the reader.
func NewService(unitOfWork ChangeUnitOfWork, reader *Reader, heads Heads, starter *Starter, rules Rules, now application.Clock) *Service {
	return &Service{unitOfWork, reader, heads, starter, rules, now}
}

// decide returns the standing of the caller in a project, or in a group, if they have the
// right there, or a Refusal.
func (s *Service) decide(ctx context.Context, standings Standings, by rights.Caller, right rights.Right, ref rights.Ref) (rights.Standing, error) {
	at, err := standings.Standing(ctx, by.ID, ref, s.now())
	return by.Judge(right, ref.Kind, at, err)
}

// with calls do with a project on which the caller has the right, in one transaction, or
// returns a Refusal.
func (s *Service) with(ctx context.Context, by rights.Caller, right rights.Right, on rights.Ref, do func(ChangeTx, rights.Standing, source.ProjectRecord) error) error {
	return s.unitOfWork(ctx, func(tx ChangeTx) error {
		at, err := s.decide(ctx, tx.Standings, by, right, on)
		if err != nil {
			return err
		}
		p, err := tx.Projects.Record(ctx, source.ProjectID(at.ID))
		if err != nil {
			return err
		}
		return do(tx, at, p)
	})
}

// Change says how a project is to be changed.
type Change struct {
	// DefaultBranch is a branch of the repository; nil to keep the one that it is.
	DefaultBranch *string
	// Apply sets everything else, or returns FieldErrors. What it leaves alone stays as it is
	// in the same transaction.
	Apply func(*source.ProjectRecord) error
}

// Update changes a project, or returns a Refusal or FieldErrors.
func (s *Service) Update(ctx context.Context, by rights.Caller, on rights.Ref, change Change) (View, error) {
	if change.DefaultBranch != nil {
		if err := s.checkHead(ctx, by, on, *change.DefaultBranch); err != nil {
			return View{}, err
		}
	}
	return s.change(ctx, by, rights.AdminProject, on, func(tx ChangeTx, at rights.Standing, p *source.ProjectRecord) error {
		old := *p
		if branch := change.DefaultBranch; branch != nil && *branch != old.HeadBranch() {
			p.DefaultBranch = *branch
		}
		if err := change.Apply(p); err != nil {
			return err
		}
		if p.Visibility != old.Visibility {
			if err := by.In(rights.ChangeVisibility, at).Decide(); err != nil {
				return err
			}
		}
		if !by.Admin {
			p.Storage = old.Storage // as if it were not given
		}
		to, err := s.namespaceAt(ctx, tx, by, source.Path(old.Path).Parent())
		if err != nil {
			return err
		}
		place, err := s.place(ctx, tx, to, *p, old)
		if err != nil {
			return err
		}
		wrong := append(p.CheckChange(old, place), s.checkMove(*p, old)...)
		if len(wrong) > 0 {
			return wrong
		}
		return nil
	})
}

// change changes a project on which the caller has the right, in one transaction, and returns
// it, or a Refusal.
func (s *Service) change(ctx context.Context, by rights.Caller, right rights.Right, on rights.Ref, change func(ChangeTx, rights.Standing, *source.ProjectRecord) error) (View, error) {
	var id source.ProjectID
	err := s.with(ctx, by, right, on, func(tx ChangeTx, at rights.Standing, p source.ProjectRecord) error {
		id = p.ID
		old := p
		if err := change(tx, at, &p); err != nil {
			return err
		}
		return s.put(ctx, tx, by, p, old)
	})
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, by, id)
}

func (s *Service) show(ctx context.Context, by rights.Caller, id source.ProjectID) (View, error) {
	return s.reader.View(ctx, by, rights.Ref{Kind: rights.Project, ID: int64(id)})
}

// checkHead returns why a branch cannot become the default branch of a project, or nil: the
// repository is asked, outside of any transaction.
func (s *Service) checkHead(ctx context.Context, by rights.Caller, on rights.Ref, branch string) error {
	at, err := s.decide(ctx, s.reader.standings, by, rights.AdminProject, on)
	if err != nil {
		return err
	}
	p, err := s.reader.view(ctx, by.ID, source.ProjectID(at.ID))
	switch {
	case err != nil, branch == p.HeadBranch(), !s.rules.Connected:
		return err
	case source.CheckDefaultBranch(branch) != nil:
		return nil // the rules of a project refuse it
	}
	exists, err := s.heads.RefExists(ctx, p.Project, source.Ref{Kind: source.Branch, Name: branch})
	if errors.Is(err, domain.NotFound) || err == nil && !exists {
		return domain.WrongField("base", "Could not change HEAD: branch '"+branch+"' does not exist")
	}
	return err
}

// place returns what a project is judged by in its namespace; the old one is the zero
// ProjectRecord for a new project.
func (s *Service) place(ctx context.Context, tx ChangeTx, to source.ProjectDestination, p, old source.ProjectRecord) (out source.ProjectPlace, err error) {
	out.Namespace = string(to.Namespace)
	if to.Personal == nil {
		out.Visibility = to.Visibility
	}
	if p.Path != old.Path {
		if out.PathTaken, err = tx.Places.PathTaken(ctx, p.Path, p.ID); err != nil {
			return out, err
		}
	}
	if p.Name != old.Name {
		out.NameTaken, err = tx.Places.NameTaken(ctx, to.ID, p.Name, p.ID)
	}
	return out, err
}

// checkMove refuses another storage: repositories are not moved here.
func (s *Service) checkMove(p, old source.ProjectRecord) domain.FieldErrors {
	switch {
	case p.Storage == old.Storage:
		return nil
	case !s.isStorage(p.Storage):
		return domain.FieldErrors{{Field: "repository_storage", Message: "is invalid"}}
	}
	return domain.FieldErrors{{Field: "repository_storage", Message: "cannot be changed: repositories are not moved between storages here"}}
}

func (s *Service) isStorage(name string) bool {
	return name == s.rules.NewStorage || slices.Contains(s.rules.Storages, name)
}

// put keeps a project in place of the old one, with an audit event if anything differs, and
// with a job for another default branch.
func (s *Service) put(ctx context.Context, tx ChangeTx, by rights.Caller, p, old source.ProjectRecord) error {
	was, is := audit.Changes(values(old), values(p))
	if len(is) == 0 {
		return nil
	}
	p.UpdatedAt = s.now()
	if _, err := tx.Projects.Put(ctx, p); err != nil {
		return err
	}
	if p.DefaultBranch != old.DefaultBranch && s.rules.Connected {
		if err := tx.Jobs.Enqueue(ctx, application.Job{Kind: SetDefaultBranch, Subject: int64(p.ID)}); err != nil {
			return err
		}
	}
	return tx.Audit.Append(ctx, by.Cause.Event(p.UpdatedAt, audit.Update, object(p), object(p), was, is))
}

// Archive makes a project read-only, or no longer so, and returns it, or a Refusal. One that
// is so already stays as it is.
func (s *Service) Archive(ctx context.Context, by rights.Caller, on rights.Ref, archived bool) (View, error) {
	return s.change(ctx, by, rights.ArchiveProject, on, func(_ ChangeTx, _ rights.Standing, p *source.ProjectRecord) error {
		p.Archived = archived
		return nil
	})
}

// errFullPath refuses to delete a project at once whose path was not repeated.
var errFullPath = domain.Refuse(domain.Invalid, "`full_path` is incorrect. You must enter the complete path for the project.")

// Delete removes a project, or returns a Refusal. Its repositories go afterwards, by a job.
// With a moment the project must not have been changed after that; with a path it must be
// the project's, in any letter case.
func (s *Service) Delete(ctx context.Context, by rights.Caller, on rights.Ref, unmodifiedSince time.Time, path string) error {
	return s.with(ctx, by, rights.RemoveProject, on, func(tx ChangeTx, _ rights.Standing, p source.ProjectRecord) error {
		if path != "" && source.Path(path).Fold() != source.Path(p.Path).Fold() {
			return errFullPath
		}
		if modified := domain.CheckUnmodified(unmodifiedSince, p.UpdatedAt, p.CreatedAt); modified != nil {
			return modified
		}
		if err := tx.Projects.Delete(ctx, p.ID, s.rules.Connected); err != nil {
			return err
		}
		if s.rules.Connected {
			if err := tx.Jobs.Enqueue(ctx, application.Job{Kind: RemoveRepository, Subject: int64(p.ID), Background: true}); err != nil {
				return err
			}
		}
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Delete, object(p), object(p), values(p), nil))
	})
}

// errNotMarked refuses to bring a project back.
var errNotMarked = domain.Refuse(domain.Invalid, "Project has not been marked for deletion")

// Restore returns why a deleted project does not come back: projects are deleted at once.
func (s *Service) Restore(ctx context.Context, by rights.Caller, on rights.Ref) error {
	return s.with(ctx, by, rights.RemoveProject, on, func(ChangeTx, rights.Standing, source.ProjectRecord) error { return errNotMarked })
}
