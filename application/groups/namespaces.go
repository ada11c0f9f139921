package groups

import (
	"context"
	"errors"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// NamespaceDetail is a namespace as it is shown to a caller.
type NamespaceDetail struct {
	Namespace
	// Owner says whether the caller owns it.
	Owner bool
	// Counts is nil unless the caller owns the namespace.
	Counts *NamespaceCounts
}

var errNoNamespace = domain.Refuse(domain.NotFound, "Namespace Not Found")

// ListNamespaces returns a page of the namespaces that the filter picks among those of the
// caller; for an administrator among all.
func (s *Service) ListNamespaces(ctx context.Context, by rights.Caller, f NamespaceFilter, page application.Page) (application.Listed[NamespaceDetail], error) {
	f.User, f.All = by.ID, by.Admin
	found, err := s.namespaces.Namespaces(ctx, f, page, s.now())
	out := application.Listed[NamespaceDetail]{Total: found.Total, More: found.More}
	for _, n := range found.Items {
		out.Items = append(out.Items, NamespaceDetail{Namespace: n, Owner: n.ownedBy(by)})
	}
	return out, err
}

// ShowNamespace returns a namespace by its number or, if that is 0, by its full path, or a
// Refusal.
func (s *Service) ShowNamespace(ctx context.Context, by rights.Caller, id source.NamespaceID, path string) (NamespaceDetail, error) {
	n, err := s.namespace(ctx, by, id, path)
	if err != nil {
		return NamespaceDetail{}, err
	}
	out := NamespaceDetail{Namespace: n, Owner: n.ownedBy(by)}
	if out.Owner {
		counts, err := s.namespaces.Counts(ctx, n.ID, s.now())
		if err != nil {
			return NamespaceDetail{}, err
		}
		out.Counts = &counts
	}
	return out, nil
}

// namespace returns a namespace that the caller may know of, or a Refusal.
func (s *Service) namespace(ctx context.Context, by rights.Caller, id source.NamespaceID, path string) (Namespace, error) {
	n, err := s.namespaces.Namespace(ctx, id, path, by.ID, s.now())
	if errors.Is(err, domain.NotFound) || err == nil && !n.seenBy(by) {
		err = errNoNamespace
	}
	return n, err
}

// NamespaceExists says whether a group or, without a parent, a user has a path. Of a parent
// that the caller may not know of it says that there is none, and so of a namespace unless
// the caller could try to create one of that path.
func (s *Service) NamespaceExists(ctx context.Context, by rights.Caller, path string, parent source.NamespaceID) (bool, error) {
	mayCreate := by.OnInstance(rights.CreateGroup).Decide()
	if parent != 0 {
		standing, err := s.decide(ctx, s.standings, by, rights.CreateSubgroup, rights.Ref{ID: int64(parent)})
		if err != nil && !errors.Is(err, domain.Forbidden) {
			return false, ignoreNotFound(err)
		}
		mayCreate, path = err, standing.Path+"/"+path
	}
	n, err := s.namespaces.Namespace(ctx, 0, path, by.ID, s.now())
	return err == nil && (mayCreate == nil || n.seenBy(by)), ignoreNotFound(err)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}

// seenBy says whether the caller may know of the namespace. A personal one is its owner's
// affair.
func (n Namespace) seenBy(by rights.Caller) bool {
	if n.Owner != 0 {
		return by.OnUser(rights.UpdateUser, n.Owner).Decide() == nil
	}
	return by.Sight().Sees(n.Visibility, n.Viewer)
}

// ownedBy says whether the caller owns the namespace.
func (n Namespace) ownedBy(by rights.Caller) bool {
	if n.Owner != 0 {
		return n.seenBy(by)
	}
	return by.Admin || n.Viewer >= source.Owner
}
