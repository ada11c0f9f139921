package projects

import (
	"context"
	"errors"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// The refusals of shares.
var (
	errShared      = domain.Refuse(domain.Conflict, "Group has already been taken")
	errShareLocked = domain.Refuse(domain.Invalid, "The project sharing with group is disabled")
	errNotShared   = domain.Refuse(domain.NotFound, "Group Link Not Found")
	errTooMuch     = &domain.Refusal{Kind: domain.Forbidden}
)

// Shared is a share of a project with a group.
type Shared struct {
	Share
	ID      int64
	Project source.ProjectID
	Group   source.NamespaceID
}

// AddShare lends the members of a group a role in a project, or returns a Refusal or
// FieldErrors. The caller lends no higher role than their own. A share that has expired is
// replaced.
func (s *Service) AddShare(ctx context.Context, by rights.Caller, on rights.Ref, with source.NamespaceID, share Share) (Shared, error) {
	now := s.now()
	out := Shared{Share: share, Group: with}
	err := s.with(ctx, by, rights.AdminProject, on, func(tx ChangeTx, at rights.Standing, p source.ProjectRecord) error {
		out.Project = p.ID
		other, err := s.decide(ctx, tx.Standings, by, rights.ReadGroup, rights.Ref{Kind: rights.Group, ID: int64(with)})
		if err != nil {
			return err
		}
		to, err := s.namespaceAt(ctx, tx, by, source.Path(p.Path).Parent())
		switch {
		case err != nil:
			return err
		case to.ShareLock:
			return errShareLocked
		case !by.Admin && share.Role > at.Role:
			return errTooMuch
		case !share.ExpiresAt.IsZero() && share.ExpiresAt.Before(now.UTC().Truncate(24*time.Hour)):
			return domain.WrongField("expires_at", "cannot be a date in the past")
		}
		old, err := tx.Shares.Share(ctx, p.ID, with)
		var before audit.Values
		verb := audit.Create
		switch {
		case errors.Is(err, domain.NotFound):
		case err != nil:
			return err
		case old.ExpiresAt.IsZero() || now.Before(old.ExpiresAt):
			return errShared
		default:
			verb, before = audit.Update, shareValues(old.Share)
		}
		if out.ID, err = tx.Shares.PutShare(ctx, p.ID, with, share, by.ID, now); err != nil {
			return err
		}
		was, is := audit.Changes(before, shareValues(share))
		return tx.Audit.Append(ctx, by.Cause.Event(now, verb, object(p), audit.Object{Kind: "share", ID: other.ID, Path: other.Path}, was, is))
	})
	return out, err
}

// RemoveShare ends what a project lends the members of a group, or returns a Refusal. With a
// moment the share must not be younger than that.
func (s *Service) RemoveShare(ctx context.Context, by rights.Caller, on rights.Ref, with source.NamespaceID, unmodifiedSince time.Time) error {
	return s.with(ctx, by, rights.AdminProject, on, func(tx ChangeTx, _ rights.Standing, p source.ProjectRecord) error {
		old, err := tx.Shares.Share(ctx, p.ID, with)
		if errors.Is(err, domain.NotFound) {
			err = errNotShared
		}
		if err != nil {
			return err
		}
		if modified := domain.CheckUnmodified(unmodifiedSince, time.Time{}, old.Since); modified != nil {
			return modified
		}
		path, err := tx.Places.Path(ctx, with)
		if err != nil {
			return err
		}
		if err := tx.Shares.RemoveShare(ctx, p.ID, with); err != nil {
			return err
		}
		target := audit.Object{Kind: "share", ID: int64(with), Path: string(path)}
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Delete, object(p), target, shareValues(old.Share), nil))
	})
}
