package code

import (
	"context"
	"errors"
	"strings"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Service reads code and commits to it. It is safe for concurrent use. A project whose
// repository does not exist, or whose storage is not configured, reads like one without
// branches. All methods may return a Refusal.
type Service struct {
	standings    Standings
	repositories Repositories
	contents     Contents
	committer    Committer
	rules        Rules
	now          application.Clock
}

// Rules are the instance's own settings by which Git access decides on a push.
type Rules struct {
	Settings source.Settings
	Keys     identity.Policy
}

// New makes a Service.
func New(standings Standings, repositories Repositories, contents Contents, committer Committer, rules Rules, now application.Clock) *Service {
	return &Service{standings, repositories, contents, committer, rules, now}
}

// errNoAnswer is for an error of Gitaly that says nothing of the repository.
var errNoAnswer = domain.Refuse(domain.Unavailable, "The repository cannot be reached at the moment. Try again later.")

// The refusals of what does not exist in a repository.
var (
	errNoBranch = domain.Refuse(domain.NotFound, "Branch Not Found")
	errNoCommit = domain.Refuse(domain.NotFound, "Commit Not Found")
	errNoFile   = domain.Refuse(domain.NotFound, "File Not Found")
	errNoTree   = domain.Refuse(domain.NotFound, "Tree Not Found")
)

// absentAs returns the refusal for an error of a repository, which is absent for
// domain.NotFound; nil for none.
func absentAs(absent *domain.Refusal, err error) error {
	switch _, refused := errors.AsType[*domain.Refusal](err); {
	case err == nil || refused:
		return err
	case errors.Is(err, domain.NotFound):
		return absent
	default:
		return errNoAnswer.Because(err)
	}
}

// standing returns the standing of the caller in a project where they have the right; with
// its protections, if they are asked for.
func (s *Service) standing(ctx context.Context, by rights.Caller, right rights.Right, on rights.Ref, protections bool) (source.Standing, error) {
	q := source.Inquiry{Refs: protections, Now: s.now(), Target: source.Target{Path: source.Path(on.Path)}}
	if on.ID != 0 {
		q.Target = source.Target{Repository: source.RepositoryID{Kind: source.Code, ID: on.ID}}
	}
	if by.Known() {
		q.Claim = identity.Claim{Kind: identity.ByUser, ID: int64(by.ID)}
	}
	found, err := s.standings.Standing(ctx, q)
	if err != nil {
		return source.Standing{}, err
	}
	at := rights.Absent(rights.Project)
	if p := found.Project; p.Known() && !found.Moved && found.Repository.Kind == source.Code {
		at.Known, at.ID, at.Path, at.Role = true, int64(p.ID), p.Path, found.Role
		at.Visibility, at.Repository = p.Visibility, p.Repository
	}
	_, err = by.Judge(right, rights.Project, at, nil)
	return found, err
}

// readable says whether a text can name a commit or a path. Gitaly has no answer of its own
// for others.
func readable(text string) bool { return !strings.ContainsAny(text, "\x00\n\r") }
