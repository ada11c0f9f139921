package groups

import (
	"cmp"
	"context"
	"errors"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Rules are the instance's settings for groups.
type Rules struct {
	// RemoveRepository is the kind of job that removes the repository of a deleted
	// project; empty for none. Its subject is the project's number.
	RemoveRepository application.JobKind
}

// Service creates, changes and shows groups and namespaces. It is safe for concurrent use.
type Service struct {
	unitOfWork UnitOfWork
	records    Records
	namespaces Namespaces
	standings  Standings
	rules      Rules
	now        application.Clock
}

// New makes a Service.
func New(unitOfWork UnitOfWork, records Records, namespaces Namespaces, standings Standings, rules Rules, now application.Clock) *Service {
	return &Service{unitOfWork, records, namespaces, standings, rules, now}
}

// Detail is one group as it is shown to a caller.
type Detail struct {
	View
	// Links are the shares with groups that the caller may know of.
	Links []Link
	// Owner says whether the caller may change the group.
	Owner bool
}

// Show returns a group, or a Refusal.
func (s *Service) Show(ctx context.Context, by rights.Caller, ref rights.Ref) (Detail, error) {
	standing, err := s.decide(ctx, s.standings, by, rights.ReadGroup, ref)
	if err != nil {
		return Detail{}, err
	}
	return s.detail(ctx, by, source.NamespaceID(standing.ID), by.In(rights.AdminGroup, standing).Decide() == nil)
}

// detail returns a group as it is shown to a caller, who has been let in.
func (s *Service) detail(ctx context.Context, by rights.Caller, id source.NamespaceID, owner bool) (Detail, error) {
	view, err := s.records.View(ctx, id)
	if errors.Is(err, domain.NotFound) {
		err = errNoGroup
	}
	if err != nil {
		return Detail{}, err
	}
	links, err := s.records.Links(ctx, id, by.ID, s.now())
	if err != nil {
		return Detail{}, err
	}
	sight, out := by.Sight(), Detail{View: view, Owner: owner}
	for _, link := range links {
		if sight.Sees(link.Visibility, link.Viewer) {
			out.Links = append(out.Links, link)
		}
	}
	return out, nil
}

var errNoGroup = rights.Hidden(rights.Group)

// decide returns the standing of the caller in a group, or in what else ref names, if they
// have the right there, or a Refusal.
func (s *Service) decide(ctx context.Context, standings Standings, by rights.Caller, right rights.Right, ref rights.Ref) (rights.Standing, error) {
	ref.Kind = cmp.Or(ref.Kind, rights.Group)
	standing, err := standings.Standing(ctx, by.ID, ref, s.now())
	return by.Judge(right, ref.Kind, standing, err)
}

// List returns a page of the groups that the filter picks among those that the caller may
// know of.
func (s *Service) List(ctx context.Context, by rights.Caller, f Filter, page application.Page) (application.Listed[View], error) {
	f.Sight = by.Sight()
	return s.records.Views(ctx, f, page, s.now())
}

// Relation is how the groups of a list stand to a group.
type Relation string

// The relations of groups to a group.
const (
	// Subgroups are right below it, Descendants anywhere below.
	Subgroups   Relation = "subgroups"
	Descendants Relation = "descendants"
	// Invited are the groups whose members it lends a role, Sharing those that lend its
	// members one.
	Invited Relation = "invited"
	Sharing Relation = "sharing"
	// TransferTargets are the groups to which the caller may transfer it.
	TransferTargets Relation = "transfer targets"
)

// ListRelated returns a page of the groups that stand in a relation to a group, or a
// Refusal.
func (s *Service) ListRelated(ctx context.Context, by rights.Caller, ref rights.Ref, relation Relation, f Filter, page application.Page) (application.Listed[View], error) {
	right := rights.ReadGroup
	if relation == TransferTargets {
		right = rights.AdminGroup
	}
	standing, err := s.decide(ctx, s.standings, by, right, ref)
	if err != nil {
		return application.Listed[View]{}, err
	}
	switch id := source.NamespaceID(standing.ID); relation {
	case Subgroups:
		f.Parent = id
	case Descendants:
		f.Ancestor = id
	case Invited:
		f.SharedBy = id
	case Sharing:
		f.SharedWith = id
	case TransferTargets:
		f.TransferOf = id
	}
	return s.List(ctx, by, f, page)
}
