package code

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// CommitView is a commit of a project.
type CommitView struct {
	Commit
	// Project is the full path of the project, ProjectID its number.
	Project   string
	ProjectID source.ProjectID
}

// The refusals of a commit.
var (
	errNotOnBranch  = domain.Refuse(domain.Invalid, "You can only create or edit files when you are on a branch")
	errNoRepository = domain.Refuse(domain.Unprocessable, "There is no repository for this project yet. Try again in a minute; if that does not help, tell your administrator.")
	errNoMessage    = domain.Refuse(domain.Invalid, "commit_message is empty")
	errNoAddress    = domain.Refuse(domain.Invalid, "Your account has no name or no email address, which a commit needs")
)

// CreateCommit creates a commit in the name of the caller, and returns it. By and At of the
// commit are not read. The rules of Git access for the branch decide, before Gitaly is asked
// and again when Gitaly asks this server: nothing is locked meanwhile.
func (s *Service) CreateCommit(ctx context.Context, by rights.Caller, on rights.Ref, commit source.NewCommit) (CommitView, error) {
	at, err := s.standing(ctx, by, rights.PushCode, on, true)
	if err != nil {
		return CommitView{}, err
	}
	commit.By, commit.At = at.Actor.Person(), s.now().Truncate(time.Second)
	if err := check(commit); err != nil {
		return CommitView{}, err
	}
	parent, err := s.parent(ctx, at, commit)
	if err != nil {
		return CommitView{}, absentAs(errNoRepository, err)
	}
	id, err := s.committer.CommitFiles(ctx, at.Project, commit)
	if err != nil {
		return CommitView{}, absentAs(errNoRepository, err)
	}
	return CommitView{created(commit, id, parent), at.Project.Path, at.Project.ID}, nil
}

// check refuses what can be no commit.
func check(commit source.NewCommit) error {
	name := source.Ref{Kind: source.Branch, Name: commit.Branch}
	switch {
	case !name.ValidName():
		return domain.Refuse(domain.Invalid, "branch is invalid")
	case strings.TrimSpace(commit.Message) == "":
		return errNoMessage
	case !readableMessage(commit):
		return domain.Refuse(domain.Invalid, "commit_message, author_name or author_email has a character that no commit has")
	case blank(commit.By.Name) || blank(commit.By.Email):
		return errNoAddress
	}
	if slices.ContainsFunc(commit.Changes, func(c source.FileChange) bool { return !readable(c.Path) || !readable(c.PreviousPath) }) {
		return domain.Refuse(domain.Invalid, "file_path or previous_path has a character that no path has")
	}
	return nil
}

func readableMessage(commit source.NewCommit) bool {
	return !strings.ContainsRune(commit.Message, 0) && !strings.ContainsAny(commit.AuthorName+commit.AuthorEmail, "\x00\n<>")
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// parent returns the commit on which the new one is made, empty for none. It refuses what
// Gitaly would do in another way than GitLab, and what the rules of Git access refuse.
func (s *Service) parent(ctx context.Context, at source.Standing, commit source.NewCommit) (source.ObjectID, error) {
	old, err := s.lastCommit(ctx, at.Project, commit.Branch)
	if err != nil {
		return "", err
	}
	filled := old != ""
	if !filled {
		if filled, err = s.repositories.HasBranches(ctx, at.Project); err != nil {
			return "", err
		}
	}
	if err := commit.Check(at, s.rules.Settings, s.rules.Keys, old, filled); err != nil {
		return "", err
	}
	parent, elsewhere := old, commit.StartBranch != "" && commit.StartBranch != commit.Branch
	switch {
	case old != "" && elsewhere:
		return "", domain.Refuse(domain.Invalid, "A branch called '%s' already exists. Switch to that branch in order to make changes", commit.Branch)
	case old == "" && filled && !elsewhere:
		return "", errNotOnBranch
	case old == "" && filled:
		if parent, err = s.lastCommit(ctx, at.Project, commit.StartBranch); err != nil {
			return "", err
		}
		if parent == "" {
			return "", errNotOnBranch
		}
	}
	return parent, s.checkUnchanged(ctx, at.Project, parent, commit.Changes)
}

// lastCommit returns that of a branch; empty if the branch does not exist.
func (s *Service) lastCommit(ctx context.Context, p source.Project, branch string) (source.ObjectID, error) {
	b, err := s.branch(ctx, p, branch)
	if errors.Is(err, domain.NotFound) {
		return "", nil
	}
	return b.Commit.ID, err
}

// checkUnchanged refuses a change of a file that has changed since the caller saw it.
func (s *Service) checkUnchanged(ctx context.Context, p source.Project, parent source.ObjectID, changes []source.FileChange) error {
	for _, change := range changes {
		if change.LastCommit == "" || parent == "" || change.Action == source.CreateFile {
			continue
		}
		path := change.Path
		if change.Action == source.MoveFile {
			path = change.PreviousPath
		}
		last, err := s.contents.LastCommitOf(ctx, p, parent, cleanPath(path))
		if err != nil && !errors.Is(err, domain.NotFound) {
			return err
		}
		if last.ID != change.LastCommit {
			return domain.Refuse(domain.Invalid, "The file has changed since you started editing it: %s", change.Path)
		}
	}
	return nil
}

// created returns a commit as Gitaly made it.
func created(commit source.NewCommit, id, parent source.ObjectID) Commit {
	title, _, _ := strings.Cut(commit.Message, "\n")
	c := Commit{
		ID: id, Title: title, Message: commit.Message, Committer: signature(commit.By, commit.At), Author: signature(commit.By, commit.At),
	}
	if parent != "" {
		c.Parents = []source.ObjectID{parent}
	}
	if !blank(commit.AuthorName) {
		c.Author.Name = strings.TrimSpace(commit.AuthorName)
	}
	if !blank(commit.AuthorEmail) {
		c.Author.Email = strings.TrimSpace(commit.AuthorEmail)
	}
	return c
}

func signature(of identity.User, at time.Time) Signature {
	return Signature{Name: strings.TrimSpace(of.Name), Email: strings.TrimSpace(of.Email), At: at}
}
