package projects

import (
	"context"
	"errors"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// The kinds of jobs about repositories that a change of a project leaves; their subject is the
// project's number.
const (
	// StartRepository creates the repository of a new project, with a first commit.
	StartRepository application.JobKind = "start_repository"
	// SetDefaultBranch sets the default branch of a repository.
	SetDefaultBranch application.JobKind = "set_default_branch"
)

// startTimeout is how long the creation of a project waits for its first commit.
const startTimeout = 10 * time.Second

// Starter brings repositories to what their projects say. It is safe for concurrent use.
type Starter struct {
	creator *Creator
	views   Views
	heads   Heads
	commits FirstCommits
	late    func(source.ProjectID, error)
	now     application.Clock
}

// NewStarter makes a Starter. It calls late, which may be called concurrently, for each new
// project that had no first commit within the request, with the reason: a job makes it later.
func NewStarter(creator *Creator, views Views, heads Heads, commits FirstCommits, late func(source.ProjectID, error), now application.Clock) *Starter {
	return &Starter{creator, views, heads, commits, late, now}
}

// StartRepository creates the repository of a project, and commits a README.md to its default
// branch as its creator, unless it has branches. It is the worker of the StartRepository jobs.
// For a project that no longer exists it does nothing. Where the creator may not push to the
// default branch, or is gone, the repository stays empty, and the job is given up.
func (s *Starter) StartRepository(ctx context.Context, subject int64) error {
	if err := s.creator.CreateRepository(ctx, subject); err != nil {
		return err
	}
	l, err := s.views.List(ctx, Filter{All: true, ID: source.ProjectID(subject)}, application.Page{Order: "id", Size: 1}, s.now())
	if err != nil || len(l.Items) == 0 {
		return err
	}
	p := l.Items[0]
	if started, err := s.heads.HasBranches(ctx, p.Project); err != nil || started {
		return err
	}
	err = s.commits.Commit(ctx, p.Project, FirstCommit{Author: p.Creator, Message: "Initial commit", File: "README.md", Text: readme(p)})
	refusal, refused := errors.AsType[*domain.Refusal](err)
	if err == nil || !refused || refusal.Kind == domain.Unavailable {
		return err
	}
	if started, failed := s.heads.HasBranches(ctx, p.Project); failed == nil && started {
		return nil // another attempt, or a push, was faster
	}
	return application.Discarded{Reason: err}
}

// readme is the text of a new project's README.md.
func readme(p View) string {
	text := "# " + p.Name + "\n"
	if description := strings.TrimSpace(p.Description); description != "" {
		text += "\n" + description + "\n"
	}
	return text
}

// startNow does what the job of a new project would do, so that its creator finds the commit.
// If that fails, the job does it later.
func (s *Starter) startNow(ctx context.Context, id source.ProjectID) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.StartRepository(ctx, int64(id)); err != nil {
		s.late(id, err)
	}
}

// SetDefaultBranch makes the default branch of a project that of its repository. It is the
// worker of the SetDefaultBranch jobs. For a project that no longer exists it does nothing.
func (s *Starter) SetDefaultBranch(ctx context.Context, subject int64) error {
	p, err := s.creator.destinations.Project(ctx, source.ProjectID(subject))
	switch {
	case errors.Is(err, domain.NotFound), err == nil && p.DefaultBranch == "":
		return nil
	case err != nil:
		return err
	}
	return s.heads.SetDefaultBranch(ctx, p, p.DefaultBranch)
}
