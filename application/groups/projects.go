package groups

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// deleted keeps the audit events of projects that went with a group, and enqueues the jobs
// that remove their repositories.
func (s *Service) deleted(ctx context.Context, tx Tx, by rights.Caller, projects []source.Project) error {
	if err := tx.Audit.Append(ctx, by.Cause.ProjectsDeleted(s.now(), projects)...); err != nil {
		return err
	}
	if s.rules.RemoveRepository == "" {
		return nil
	}
	for _, p := range projects {
		job := application.Job{Kind: s.rules.RemoveRepository, Subject: int64(p.ID), Background: true}
		if err := tx.Jobs.Enqueue(ctx, job); err != nil {
			return err
		}
	}
	return nil
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
