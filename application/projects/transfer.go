package projects

import (
	"context"
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// errNoNamespace refuses a namespace that does not exist, or that the caller may not know of.
var errNoNamespace = domain.Refuse(domain.NotFound, "Namespace Not Found")

// Transfer moves a project into another group or personal namespace, by its number or its full
// path, or returns a Refusal.
func (s *Service) Transfer(ctx context.Context, by rights.Caller, on, to rights.Ref) (View, error) {
	return s.change(ctx, by, rights.ChangeNamespace, on, func(tx ChangeTx, _ rights.Standing, p *source.ProjectRecord) error {
		target, err := s.target(ctx, tx, by, to)
		if err != nil {
			return err
		}
		moved := p.In(target.Namespace, source.Path(p.Path).Last())
		pathTaken, err := tx.Places.PathTaken(ctx, moved.Path, p.ID)
		if err != nil {
			return err
		}
		nameTaken, err := tx.Places.NameTaken(ctx, target.ID, p.Name, p.ID)
		if err != nil {
			return err
		}
		if refusal := p.CheckMove(target, s.mayCreate(by, target), pathTaken, nameTaken); refusal != nil {
			return refusal
		}
		*p = moved
		return nil
	})
}

// target returns the namespace of a number or path, or errNoNamespace if there is none that
// the caller may know of.
func (s *Service) target(ctx context.Context, tx ChangeTx, by rights.Caller, to rights.Ref) (source.ProjectDestination, error) {
	path := source.Path(to.Path)
	if path == "" {
		var err error
		if path, err = tx.Places.Path(ctx, source.NamespaceID(to.ID)); err != nil {
			return source.ProjectDestination{}, hide(err)
		}
	}
	target, err := s.namespaceAt(ctx, tx, by, path)
	if err != nil {
		return source.ProjectDestination{}, hide(err)
	}
	at := rights.Standing{Subject: rights.Subject{Kind: rights.Group, Known: true, Visibility: target.Visibility}, Role: target.Role}
	if target.Personal == nil && by.In(rights.ReadGroup, at).Decide() != nil {
		return source.ProjectDestination{}, errNoNamespace
	}
	return target, nil
}

// hide returns errNoNamespace for what does not exist.
func hide(err error) error {
	if errors.Is(err, domain.NotFound) {
		return errNoNamespace
	}
	return err
}
