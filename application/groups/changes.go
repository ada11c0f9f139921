package groups

import (
	"context"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// NewGroup describes a group that is to be created.
type NewGroup struct {
	// Parent is the number of the group that it is in; 0 for a top-level group.
	Parent source.NamespaceID
	// Path is the last part of the path.
	Path string
	// Visibility is empty for source.Private.
	Visibility source.Visibility
	// Change sets everything else, or returns FieldErrors.
	Change func(*source.Group) error
}

// Create creates a group, whose owner the caller becomes, or returns a Refusal or
// FieldErrors.
func (s *Service) Create(ctx context.Context, by rights.Caller, n NewGroup) (Detail, error) {
	now := s.now()
	var id source.NamespaceID
	err := s.unitOfWork(ctx, func(tx Tx) error {
		parent, err := s.parent(ctx, tx, by, n.Parent)
		if err != nil {
			return err
		}
		g := source.Group{Namespace: source.Namespace{Path: n.Path, Protocols: source.AllProtocols}, Visibility: n.Visibility}
		if parent.Known() {
			g.Parent, g.Path = parent.ID, parent.Path+"/"+n.Path
		}
		if g.Visibility == "" {
			g.Visibility = source.Private
		}
		if err := n.Change(&g); err != nil {
			return err
		}
		if err := s.check(ctx, tx, source.Group{}, g, parent); err != nil {
			return err
		}
		g.GroupProfile = g.Complete(g.Path)
		g.CreatedAt, g.UpdatedAt = now, now
		if id, err = tx.Groups.PutGroup(ctx, g); err != nil {
			return err
		}
		g.ID = id
		if err := tx.Audit.Append(ctx, by.Cause.Event(now, audit.Create, object(g), object(g), nil, values(g))); err != nil {
			return err
		}
		return s.addOwner(ctx, tx, by, g)
	})
	if err != nil {
		return Detail{}, err
	}
	return s.detail(ctx, by, id, true)
}

// addOwner makes the caller an owner of a group.
func (s *Service) addOwner(ctx context.Context, tx Tx, by rights.Caller, g source.Group) error {
	now := s.now()
	if err := tx.Members.AddOwner(ctx, g.ID, by.ID, now); err != nil {
		return err
	}
	member := audit.Object{Kind: "member", ID: int64(by.ID), Path: by.Username}
	return tx.Audit.Append(ctx, by.Cause.Event(now, audit.Create, object(g), member, nil, audit.Values{
		"role": source.Owner.String(), "state": string(source.MemberActive),
	}))
}

// parent returns the group in which the caller may create one, or a Refusal. Without a
// number it returns the zero Group if the caller may create one at the top.
func (s *Service) parent(ctx context.Context, tx Tx, by rights.Caller, id source.NamespaceID) (source.Group, error) {
	if id == 0 {
		return source.Group{}, by.OnInstance(rights.CreateGroup).Decide()
	}
	if _, err := s.decide(ctx, tx.Standings, by, rights.CreateSubgroup, rights.Ref{ID: int64(id)}); err != nil {
		return source.Group{}, err
	}
	return tx.Groups.Group(ctx, id)
}

// check returns why a group cannot be kept in place of the old one: FieldErrors. What stays
// as it was is not judged.
func (s *Service) check(ctx context.Context, tx Tx, old, g, parent source.Group) error {
	place, err := s.place(ctx, tx, g, parent, old.Known() && g.Visibility != old.Visibility)
	if err != nil {
		return err
	}
	if wrong := g.CheckChange(old, place); len(wrong) > 0 {
		return wrong
	}
	return nil
}

// place returns what a group is judged by; below says whether what lies below it counts.
func (s *Service) place(ctx context.Context, tx Tx, g, parent source.Group, below bool) (out source.GroupPlace, err error) {
	out.Parent = parent
	if out.PathTaken, err = tx.Names.PathTaken(ctx, g.Path, g.ID); err != nil {
		return out, err
	}
	if parent.Known() { // at the top two groups may have one name
		if out.NameTaken, err = tx.Names.NameTaken(ctx, parent.ID, g.Name, g.ID); err != nil {
			return out, err
		}
	}
	if below {
		out.Below, err = tx.Groups.Subtree(ctx, g.ID)
	}
	return out, err
}

// Update changes a group by change, or returns a Refusal or FieldErrors. What change leaves
// alone stays as it is in the same transaction; it may return FieldErrors.
func (s *Service) Update(ctx context.Context, by rights.Caller, ref rights.Ref, change func(*source.Group) error) (Detail, error) {
	return s.change(ctx, by, ref, func(tx Tx, g *source.Group) error {
		old := *g
		if err := change(g); err != nil {
			return err
		}
		parent, err := s.groupAbove(ctx, tx, *g)
		if err != nil {
			return err
		}
		return s.check(ctx, tx, old, *g, parent)
	})
}

func (s *Service) groupAbove(ctx context.Context, tx Tx, g source.Group) (source.Group, error) {
	if g.Parent == 0 {
		return source.Group{}, nil
	}
	return tx.Groups.Group(ctx, g.Parent)
}

// Transfer moves a group with all that is below into another one, or with the number 0 to
// the top, or returns a Refusal. At the top a group without an owner of its own gets the
// caller as one.
func (s *Service) Transfer(ctx context.Context, by rights.Caller, ref rights.Ref, to source.NamespaceID) (Detail, error) {
	return s.change(ctx, by, ref, func(tx Tx, g *source.Group) error {
		parent, err := s.parent(ctx, tx, by, to)
		if err != nil {
			return err
		}
		moved := g.Under(parent)
		place, err := s.place(ctx, tx, moved, parent, true)
		if err != nil {
			return err
		}
		subscribed, err := tx.Groups.Subscribed(ctx, g.ID)
		if err != nil {
			return err
		}
		inside := parent.Known() && source.Paths{source.Path(g.Path)}.Cover(parent.Path)
		if refusal := g.CheckTransfer(place, inside, subscribed); refusal != nil {
			return refusal
		}
		*g = moved
		if parent.Known() {
			return nil
		}
		owned, err := tx.Members.HasOwner(ctx, g.ID, s.now())
		if err != nil || owned {
			return err
		}
		return s.addOwner(ctx, tx, by, *g)
	})
}

// change changes a group as its owner in one transaction, with an audit event if anything
// differs.
func (s *Service) change(ctx context.Context, by rights.Caller, ref rights.Ref, change func(Tx, *source.Group) error) (Detail, error) {
	var id source.NamespaceID
	err := s.own(ctx, by, ref, func(tx Tx, g source.Group) error {
		id = g.ID
		path, before := g.Path, values(g)
		if err := change(tx, &g); err != nil {
			return err
		}
		was, is := audit.Changes(before, values(g))
		if len(is) == 0 {
			return nil
		}
		g.UpdatedAt = s.now()
		if err := s.moved(ctx, tx, by, g, path); err != nil {
			return err
		}
		if _, err := tx.Groups.PutGroup(ctx, g); err != nil {
			return err
		}
		return tx.Audit.Append(ctx, by.Cause.Event(g.UpdatedAt, audit.Update, object(g), object(g), was, is))
	})
	if err != nil {
		return Detail{}, err
	}
	return s.detail(ctx, by, id, true)
}

// own calls do with a group of which the caller is an owner, in one transaction, or returns
// a Refusal.
func (s *Service) own(ctx context.Context, by rights.Caller, ref rights.Ref, do func(Tx, source.Group) error) error {
	return s.unitOfWork(ctx, func(tx Tx) error {
		standing, err := s.decide(ctx, tx.Standings, by, rights.AdminGroup, ref)
		if err != nil {
			return err
		}
		g, err := tx.Groups.Group(ctx, source.NamespaceID(standing.ID))
		if err != nil {
			return err
		}
		return do(tx, g)
	})
}

// errSubscribed refuses to remove what has been paid for.
var errSubscribed = domain.Refuse(domain.Invalid, "The group has a subscription: it cannot be removed before that has ended")

// Delete removes a group with all that is below, or returns a Refusal. With a moment the
// group must not have been changed after that.
func (s *Service) Delete(ctx context.Context, by rights.Caller, ref rights.Ref, unmodifiedSince time.Time) error {
	return s.own(ctx, by, ref, func(tx Tx, g source.Group) error {
		if modified := domain.CheckUnmodified(unmodifiedSince, g.UpdatedAt, g.CreatedAt); modified != nil {
			return modified
		}
		if subscribed, err := tx.Groups.Subscribed(ctx, g.ID); err != nil || subscribed {
			if err == nil {
				err = errSubscribed
			}
			return err
		}
		projects, err := tx.Projects.Below(ctx, g.ID)
		if err != nil {
			return err
		}
		if err := tx.Groups.Delete(ctx, g.ID, s.rules.RemoveRepository != ""); err != nil {
			return err
		}
		if err := s.deleted(ctx, tx, by, projects); err != nil {
			return err
		}
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Delete, object(g), object(g), values(g), nil))
	})
}

// The refusals of what groups cannot do here.
var (
	errNotMarked  = domain.Refuse(domain.Invalid, "Group has not been marked for deletion")
	errNoArchives = domain.Refuse(domain.Unprocessable, "Groups cannot be archived here; archive their projects")
)

// Restore returns why a deleted group does not come back: groups are deleted at once.
func (s *Service) Restore(ctx context.Context, by rights.Caller, ref rights.Ref) error {
	return s.own(ctx, by, ref, func(Tx, source.Group) error { return errNotMarked })
}

// Archive returns why a group cannot be archived, or no longer be.
func (s *Service) Archive(ctx context.Context, by rights.Caller, ref rights.Ref) error {
	return s.own(ctx, by, ref, func(Tx, source.Group) error { return errNoArchives })
}
