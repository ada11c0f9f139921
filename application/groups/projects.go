package groups

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// TransferProject moves a project into a group, for administrators only, or returns a
// Refusal.
func (s *Service) TransferProject(ctx context.Context, by rights.Caller, group, project rights.Ref) (Detail, error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return Detail{}, err
	}
	var id source.NamespaceID
	err := s.unitOfWork(ctx, func(tx Tx) error {
		to, err := s.decide(ctx, tx.Standings, by, rights.ReadGroup, group)
		if err != nil {
			return err
		}
		what, err := s.decide(ctx, tx.Standings, by, rights.ReadProject, project)
		if err != nil {
			return err
		}
		id = source.NamespaceID(to.ID)
		return s.moveProject(ctx, tx, by, source.ProjectID(what.ID), id)
	})
	if err != nil {
		return Detail{}, err
	}
	return s.detail(ctx, by, id, true)
}

// moveProject moves a project into a group that it may go to.
func (s *Service) moveProject(ctx context.Context, tx Tx, by rights.Caller, id source.ProjectID, to source.NamespaceID) error {
	p, name, err := tx.Projects.Project(ctx, id)
	if err != nil {
		return err
	}
	g, err := tx.Groups.Group(ctx, to)
	if err != nil {
		return err
	}
	path := g.Path + "/" + source.Path(p.Path).Last()
	pathTaken, err := tx.Names.PathTaken(ctx, path, 0)
	if err != nil {
		return err
	}
	nameTaken, err := tx.Names.ProjectNameTaken(ctx, to, name)
	if err != nil {
		return err
	}
	if refusal := p.CheckTransfer(g, pathTaken, nameTaken); refusal != nil {
		return refusal
	}
	now := s.now()
	if err := tx.Projects.Move(ctx, id, to, now); err != nil {
		return err
	}
	return tx.Audit.Append(ctx, by.Cause.ProjectMoved(now, p, path))
}

// deleted keeps the audit events of projects that went with a group, and enqueues the jobs
// that remove their repositories.
func (s *Service) deleted(ctx context.Context, tx Tx, by rights.Caller, projects []source.Project) error {
	if err := tx.Audit.Append(ctx, by.Cause.ProjectsDeleted(s.now(), projects)...); err != nil {
		return err
	}
	return application.EnqueueInBackground(ctx, tx.Jobs.Enqueue, s.rules.RemoveRepository, source.ProjectIDs(projects)...)
}

// moved keeps the audit events of the projects below a group whose path was another one.
func (s *Service) moved(ctx context.Context, tx Tx, by rights.Caller, g source.Group, from string) error {
	if g.Path == from {
		return nil
	}
	projects, err := tx.Projects.Below(ctx, g.ID)
	if err != nil {
		return err
	}
	return tx.Audit.Append(ctx, by.Cause.ProjectsMoved(s.now(), projects, from, g.Path)...)
}
