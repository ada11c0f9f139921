package code

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// BranchView is a branch as the API shows it to a user.
type BranchView struct {
	Branch
	// Project is the full path of the project.
	Project string
	// Default says that it is the default branch, Protected that a protection covers it.
	Default, Protected bool
	// DevelopersPush and DevelopersMerge say that a protection lets developers in, by the
	// name of their role.
	DevelopersPush, DevelopersMerge bool
	// MayPush says whether the user may push to it.
	MayPush bool
}

// Branch returns the branch of that short name.
func (s *Service) Branch(ctx context.Context, by rights.Caller, on rights.Ref, name string) (BranchView, error) {
	at, err := s.standing(ctx, by, rights.ReadCode, on, true)
	if err != nil {
		return BranchView{}, err
	}
	b, err := s.branch(ctx, at.Project, name)
	if err != nil {
		return BranchView{}, absentAs(errNoBranch, err)
	}
	return s.view(at, b), nil
}

// branch returns a branch, or domain.NotFound, also for a name that no branch has.
func (s *Service) branch(ctx context.Context, p source.Project, name string) (Branch, error) {
	if !(source.Ref{Kind: source.Branch, Name: name}).ValidName() {
		return Branch{}, domain.NotFound
	}
	return s.repositories.Branch(ctx, p, name)
}

// Branches returns the branches that the query picks.
func (s *Service) Branches(ctx context.Context, by rights.Caller, on rights.Ref, q BranchQuery) (application.Listed[BranchView], error) {
	at, err := s.standing(ctx, by, rights.ReadCode, on, true)
	if err != nil {
		return application.Listed[BranchView]{}, err
	}
	found, total, err := s.repositories.Branches(ctx, at.Project, q)
	if err != nil && !errors.Is(err, domain.NotFound) {
		return application.Listed[BranchView]{}, errNoAnswer.Because(err)
	}
	l := application.Listed[BranchView]{Total: int64(total), More: q.Offset+len(found) < total}
	for _, b := range found {
		l.Items = append(l.Items, s.view(at, b))
	}
	return l, nil
}

func (s *Service) view(at source.Standing, b Branch) BranchView {
	ref := source.Ref{Kind: source.Branch, Name: b.Name}
	p := at.Project
	push := source.NewCommit{By: at.Actor.Person(), Branch: b.Name, At: s.now()}
	developers := func(of func(source.Protection) []source.Access) bool {
		return slices.ContainsFunc(p.Protections, func(one source.Protection) bool {
			return one.Kind == source.Branch && one.Pattern.Covers(b.Name) && slices.ContainsFunc(of(one), func(a source.Access) bool {
				return a.IsRole() && a.Role == source.Developer
			})
		})
	}
	return BranchView{
		Branch: b, Project: p.Path, Default: b.Name == p.HeadBranch(), Protected: p.Protects(ref),
		DevelopersPush:  developers(func(one source.Protection) []source.Access { return one.Push }),
		DevelopersMerge: developers(func(one source.Protection) []source.Access { return one.Merge }),
		MayPush:         push.Check(at, s.rules.Settings, s.rules.Keys, b.Commit.ID, true) == nil,
	}
}

// MatchTerm returns what says whether a branch is found by a term of a search: one with "^"
// in front is how the name begins, one with "$" behind how it ends, any other is a part of
// it, in which "*" is any text. Letter case does not count.
func MatchTerm(term string) func(name string) bool {
	term = strings.ToLower(term)
	term, begins := strings.CutPrefix(term, "^")
	term, ends := strings.CutSuffix(term, "$")
	if !begins {
		term = "*" + term
	}
	if !ends {
		term += "*"
	}
	return func(name string) bool { return source.Pattern(term).Covers(strings.ToLower(name)) }
}
