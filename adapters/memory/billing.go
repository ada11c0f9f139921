package memory

import (
	"context"
	"slices"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Billing implements provisioning.Billing. It reads the world of the moment, or
// that of a transaction.
type Billing struct{ world func() *world }

// Namespace implements provisioning.Billing.
func (b Billing) Namespace(ctx context.Context, ref billing.NamespaceRef) (billing.Namespace, error) {
	if err := ctx.Err(); err != nil {
		return billing.Namespace{}, err
	}
	w, id := b.world(), ref.ID
	if id == 0 {
		id = w.routes[ref.Path.Fold()].namespace
	}
	n, ok := w.namespaces.rows[id]
	if !ok {
		return billing.Namespace{}, notFound("namespace %v", ref)
	}
	return billing.Namespace{ID: n.ID, Path: source.Path(n.Path), Top: n.parent == 0, Owner: n.owner}, nil
}

// Role implements provisioning.Billing.
func (b Billing) Role(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (source.Role, error) {
	w, best := b.world(), source.NoRole
	for n := range w.selfAndAncestors(group) {
		in := source.MemberSource{Group: n.ID}
		best = max(best, w.memberRole(user, in, now), w.shareRole(user, in, now))
	}
	return best, ctx.Err()
}

// CountSeats implements provisioning.Billing.
func (b Billing) CountSeats(ctx context.Context, group source.NamespaceID, guests bool, now time.Time) (int32, error) {
	w, least := b.world(), source.NoRole+1
	if !guests {
		least = source.Guest + 1
	}
	seats := map[identity.UserID]bool{}
	for key, m := range w.members {
		u := w.users.rows[key.user]
		if m.state != worldimport.MemberActive || expired(m.expiry, now) || u.State != identity.Active || u.Type != identity.Human {
			continue
		}
		if w.sourceInTree(key.in, group) && m.role >= least || min(m.role, w.maxShareRole(key.in.Group, group, now)) >= least {
			seats[key.user] = true
		}
	}
	return int32(len(seats)), ctx.Err()
}

// sourceInTree says whether a group or project is the given group or below it.
func (w *world) sourceInTree(in source.MemberSource, group source.NamespaceID) bool {
	if in.Project != 0 {
		return w.inTree(w.projects.rows[in.Project].namespace, group)
	}
	return w.inTree(in.Group, group)
}

// maxShareRole returns the highest role that a share gives to the members of the
// group members, in root or in a group or project below it. Shares with groups
// below members count too: they inherit its members.
func (w *world) maxShareRole(members, root source.NamespaceID, now time.Time) source.Role {
	best := source.NoRole
	for in, shares := range w.shares {
		for with, s := range shares {
			if members != 0 && !expired(s.expiry, now) && w.sourceInTree(in, root) && w.inTree(with, members) {
				best = max(best, s.role)
			}
		}
	}
	return best
}

// Subscription implements provisioning.Billing.
func (b Billing) Subscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	return b.world().subscriptionOf(ctx, of)
}

// Subscribers implements provisioning.Billing.
func (b Billing) Subscribers(ctx context.Context, plans []string, after source.NamespaceID, limit int) ([]source.NamespaceID, error) {
	var ids []source.NamespaceID
	for id, s := range b.world().subscriptions {
		if id > after && slices.Contains(plans, s.Plan) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], ctx.Err()
}

// subscriptionOf returns a copy of the namespace's subscription, or
// domain.NotFound.
func (w *world) subscriptionOf(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return billing.Subscription{}, err
	}
	s, ok := w.subscriptions[of]
	if !ok {
		return billing.Subscription{}, notFound("subscription of namespace %d", of)
	}
	return toStored(s), nil
}

// toStored returns a copy of a subscription as stores keep it: days and moments
// in UTC, moments to the microsecond.
func toStored(s billing.Subscription) billing.Subscription {
	s.StartDate, s.EndDate, s.TrialStartsOn, s.TrialEnds = toDay(s.StartDate), toDay(s.EndDate), toDay(s.TrialStartsOn), toDay(s.TrialEnds)
	s.MaxChangedAt, s.CreatedAt, s.UpdatedAt = toInstant(s.MaxChangedAt), toInstant(s.CreatedAt), toInstant(s.UpdatedAt)
	s.AutoRenew = copyOf(s.AutoRenew)
	return s
}
