package groups

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
	errShared    = domain.Refuse(domain.Conflict, "Shared group has already been taken")
	errWithSelf  = domain.Refuse(domain.Invalid, "A group cannot be shared with itself")
	errNotShared = domain.Refuse(domain.NotFound, "Group Link Not Found")
)

// AddShare lends the members of another group a role in a group, or returns a Refusal or
// FieldErrors. A share that has expired is replaced.
func (s *Service) AddShare(ctx context.Context, by rights.Caller, ref rights.Ref, with source.NamespaceID, share Share) (Detail, error) {
	now := s.now()
	var id source.NamespaceID
	err := s.own(ctx, by, ref, func(tx Tx, g source.Group) error {
		id = g.ID
		other, err := s.decide(ctx, tx.Standings, by, rights.ReadGroup, rights.Ref{ID: int64(with)})
		switch {
		case err != nil:
			return err
		case with == g.ID:
			return errWithSelf
		case !share.ExpiresAt.IsZero() && share.ExpiresAt.Before(now.UTC().Truncate(24*time.Hour)):
			return domain.WrongField("expires_at", "cannot be a date in the past")
		}
		old, _, err := tx.Shares.Share(ctx, g.ID, with)
		var before audit.Values
		verb := audit.Create
		switch {
		case errors.Is(err, domain.NotFound):
		case err != nil:
			return err
		case old.ExpiresAt.IsZero() || now.Before(old.ExpiresAt):
			return errShared
		default:
			verb, before = audit.Update, shareValues(old)
		}
		if err := tx.Shares.PutShare(ctx, g.ID, with, share, by.ID, now); err != nil {
			return err
		}
		was, is := audit.Changes(before, shareValues(share))
		return tx.Audit.Append(ctx, by.Cause.Event(now, verb, object(g), shareObject(other), was, is))
	})
	if err != nil {
		return Detail{}, err
	}
	return s.detail(ctx, by, id, true)
}

// RemoveShare ends what a group lends the members of another one, or returns a Refusal. With
// a moment the share must not be younger than that.
func (s *Service) RemoveShare(ctx context.Context, by rights.Caller, ref rights.Ref, with source.NamespaceID, unmodifiedSince time.Time) error {
	return s.own(ctx, by, ref, func(tx Tx, g source.Group) error {
		old, since, err := tx.Shares.Share(ctx, g.ID, with)
		if errors.Is(err, domain.NotFound) {
			err = errNotShared
		}
		if err != nil {
			return err
		}
		if modified := domain.CheckUnmodified(unmodifiedSince, time.Time{}, since); modified != nil {
			return modified
		}
		other, err := tx.Groups.Group(ctx, with)
		if err != nil {
			return err
		}
		if err := tx.Shares.RemoveShare(ctx, g.ID, with); err != nil {
			return err
		}
		target := shareObject(rights.Standing{ID: int64(other.ID), Path: other.Path})
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Delete, object(g), target, shareValues(old), nil))
	})
}
