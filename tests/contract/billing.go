package contract

import (
	"errors"
	"time"

	"gatehouse/application/provisioning"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// customers has groups, a group below one, and a user's own namespace.
const customers = `
users: [{id: 1, username: own, namespace_id: 21}, {id: 2, username: Dev}]
groups: [{id: 11, path: acme}, {id: 12, path: acme/sub}, {id: 13, path: Other}, {id: 14, path: kit}]
projects: [{id: 31, path: acme/cli}]
members: [{user: own, group: acme, role: owner}, {user: Dev, group: acme, role: guest}, {user: Dev, group: acme/sub, role: developer, expires_at: 2026-03-11}]
`

// inBillingTx runs do in a billing transaction that has to succeed.
func (s Subject) inBillingTx(do func(tx provisioning.BillingTx)) {
	s.Helper()
	s.Fine("unit of work", s.BillingUnitOfWork(s.Context(), func(tx provisioning.BillingTx) error { do(tx); return nil }))
}

// subscription returns the subscription of a namespace.
func (s Subject) subscription(of source.NamespaceID) billing.Subscription {
	s.Helper()
	got, err := s.Billing.Subscription(s.Context(), of)
	s.Fine("Subscription", err)
	return got
}

func march(day int) time.Time { return time.Date(2026, time.March, day, 0, 0, 0, 0, time.UTC) }

// fullSubscription has a value in every field.
func fullSubscription(of source.NamespaceID) billing.Subscription {
	renew := true
	return billing.Subscription{
		Namespace: of, Plan: "premium", StartDate: march(1), EndDate: march(31),
		Seats: 10, MaxSeatsUsed: 12, SeatsInUse: 11, SeatsOwed: 2, AutoRenew: &renew,
		Trial: true, TrialStartsOn: march(2), TrialEnds: march(3), TrialExtension: 2,
		MaxChangedAt: precise, CreatedAt: precise, UpdatedAt: precise,
	}
}

// minimalSubscription has only a namespace and dates.
func minimalSubscription(of source.NamespaceID) billing.Subscription {
	return billing.Subscription{Namespace: of, StartDate: march(1), CreatedAt: now, UpdatedAt: now}
}

// billingCases are about the ports of provisioning.
var billingCases = []Case{
	{Name: "subscription added: read back to the microsecond", Check: func(s Subject) {
		s.Apply(customers)
		s.inBillingTx(func(tx provisioning.BillingTx) {
			s.Fine("Add", tx.Subscriptions.Add(s.Context(), fullSubscription(11)))
		})
		want := fullSubscription(11)
		want.MaxChangedAt, want.CreatedAt, want.UpdatedAt = kept, kept, kept
		got := s.subscription(11)
		s.Same("read", got, want)
		for _, at := range []time.Time{got.StartDate, got.TrialEnds, got.MaxChangedAt, got.UpdatedAt} {
			s.UTC(at)
		}
		s.inBillingTx(func(tx provisioning.BillingTx) {
			locked, err := tx.Subscriptions.Lock(s.Context(), 11)
			s.Fine("LockSubscription", err)
			s.Same("locked", locked, want)
		})
	}},
	{Name: "subscription updated: every field replaced, previous state in the history", Check: func(s Subject) {
		s.Apply(customers)
		s.inBillingTx(func(tx provisioning.BillingTx) {
			s.Fine("Add", tx.Subscriptions.Add(s.Context(), fullSubscription(11)))
			s.Fine("Change", tx.Subscriptions.Update(s.Context(), minimalSubscription(11)))
		})
		got := s.subscription(11)
		want := minimalSubscription(11)
		want.CreatedAt = got.CreatedAt // the port promises neither value
		s.Same("changed to nothing", got, want)
		s.Same("history", s.List("subscription-history", "namespace_id", "plan_code", "seats", "max_seats_used"), []string{"11 premium 10 12"})
		s.inBillingTx(func(tx provisioning.BillingTx) {
			s.Fine("Change", tx.Subscriptions.Update(s.Context(), fullSubscription(11)))
		})
		s.Same("history, in order", s.List("subscription-history", "plan_code", "seats"), []string{"premium 10", "- 0"})
		s.Same("changed back", s.subscription(11).MaxChangedAt, kept)
	}},
	{Name: "one subscription for each namespace", Check: func(s Subject) {
		s.Apply(customers)
		s.inBillingTx(func(tx provisioning.BillingTx) {
			s.Kind("Change", tx.Subscriptions.Update(s.Context(), minimalSubscription(11)), domain.NotFound)
			_, err := tx.Subscriptions.Lock(s.Context(), 11)
			s.Kind("LockSubscription", err, domain.NotFound)
			s.Fine("Add", tx.Subscriptions.Add(s.Context(), fullSubscription(11)))
			s.Kind("Add again", tx.Subscriptions.Add(s.Context(), minimalSubscription(11)), domain.Conflict)
			s.Fine("Add another's, after a conflict", tx.Subscriptions.Add(s.Context(), minimalSubscription(21)))
		})
		s.Same("the first stays", s.subscription(11).Seats, int32(10))
		_, err := s.Billing.Subscription(s.Context(), 13)
		s.Kind("none", err, domain.NotFound)
	}},
	{Name: "minutes packs: purchase_xid unique over all namespaces", Check: func(s Subject) {
		s.Apply(customers)
		pack := billing.MinutesPack{Namespace: 11, PurchaseXID: "xid-ä", NumberOfMinutes: 10, ExpiresAt: march(1)}
		other, upper := pack, pack
		other.Namespace, other.NumberOfMinutes = 13, 20
		upper.PurchaseXID = "XID-ä"
		s.inBillingTx(func(tx provisioning.BillingTx) {
			s.Fine("Add", tx.MinutesPacks.Add(s.Context(), pack))
			s.Kind("Add again", tx.MinutesPacks.Add(s.Context(), pack), domain.Conflict)
			s.Kind("Add in another namespace", tx.MinutesPacks.Add(s.Context(), other), domain.Conflict)
			s.Fine("Add in another letter case", tx.MinutesPacks.Add(s.Context(), upper))
			got, err := tx.MinutesPacks.Find(s.Context(), 11, "xid-ä")
			s.Fine("Pack", err)
			s.Same("pack", got, pack)
			for of, xid := range map[source.NamespaceID]string{13: "xid-ä", 11: "xid"} {
				_, err := tx.MinutesPacks.Find(s.Context(), of, xid)
				s.Kind(xid, err, domain.NotFound)
			}
			for _, want := range [][]string{{"XID-ä", "xid-ä"}, nil} {
				moved, err := tx.MinutesPacks.Move(s.Context(), 11, 13)
				s.Fine("Move", err)
				s.Same("moved", moved, want)
			}
		})
		s.Same("moved", s.List("packs", "namespace_id", "number_of_minutes"), []string{"13 10", "13 10"})
	}},
	{Name: "minutes pack moved: still found for each namespace that had it, as it was", Check: func(s Subject) {
		s.Apply(customers)
		pack := billing.MinutesPack{Namespace: 11, PurchaseXID: "x", NumberOfMinutes: 10, ExpiresAt: march(1)}
		find := func(tx provisioning.BillingTx, of source.NamespaceID) {
			want := pack
			want.Namespace = of
			got, err := tx.MinutesPacks.Find(s.Context(), of, "x")
			s.Fine("Find", err)
			s.Same("found", got, want)
		}
		s.inBillingTx(func(tx provisioning.BillingTx) {
			move := func(from, to source.NamespaceID) {
				xids, err := tx.MinutesPacks.Move(s.Context(), from, to)
				s.Fine("Move", err)
				s.Same("moved", xids, []string{"x"})
			}
			s.Fine("Add", tx.MinutesPacks.Add(s.Context(), pack))
			move(11, 13)
			move(13, 21)
			move(21, 11)
			move(11, 13)
		})
		s.inBillingTx(func(tx provisioning.BillingTx) {
			for _, of := range []source.NamespaceID{11, 13, 21} {
				find(tx, of)
			}
			for of, xid := range map[source.NamespaceID]string{14: "x", 11: "X"} {
				_, err := tx.MinutesPacks.Find(s.Context(), of, xid)
				s.Kind(xid, err, domain.NotFound)
			}
			s.Kind("Add", tx.MinutesPacks.Add(s.Context(), pack), domain.Conflict)
		})
		s.Same("where it is", s.List("packs", "namespace_id", "purchase_xid"), []string{"13 x"})
		s.Apply("packs: [{namespace: kit, purchase_xid: x, number_of_minutes: 10, expires_at: 2026-03-01}]")
		s.inBillingTx(func(tx provisioning.BillingTx) {
			for _, of := range []source.NamespaceID{11, 13, 14} {
				find(tx, of)
			}
		})
	}},
	{Name: "reconciliation put again: replaced", Check: func(s Subject) {
		s.Apply(customers)
		days := func() []string {
			return s.List("reconciliations", "namespace_id", "next_reconciliation_date", "display_alert_from")
		}
		s.inBillingTx(func(tx provisioning.BillingTx) {
			for i, of := range []source.NamespaceID{11, 13, 11} {
				r := billing.Reconciliation{Namespace: of, Next: march(10 + i), AlertFrom: march(1 + i)}
				s.Fine("Put", tx.Reconciliations.Put(s.Context(), r, now))
			}
		})
		s.Same("put", days(), []string{"11 2026-03-12 2026-03-03", "13 2026-03-11 2026-03-02"})
		s.inBillingTx(func(tx provisioning.BillingTx) {
			got, err := tx.Reconciliations.Lock(s.Context(), 11)
			s.Fine("Lock", err)
			s.Same("locked", got, billing.Reconciliation{Namespace: 11, Next: march(12), AlertFrom: march(3)})
			for _, of := range []source.NamespaceID{12, 404} {
				_, err = tx.Reconciliations.Lock(s.Context(), of)
				s.Kind("Lock of none", err, domain.NotFound)
			}
			s.Fine("Remove", tx.Reconciliations.Remove(s.Context(), 11))
			s.Kind("Remove again", tx.Reconciliations.Remove(s.Context(), 11), domain.NotFound)
		})
		s.Same("removed", days(), []string{"13 2026-03-11 2026-03-02"})
	}},
	{Name: "subscribers: in order, by page", Check: func(s Subject) {
		s.Apply(customers)
		s.inBillingTx(func(tx provisioning.BillingTx) {
			for of, plan := range map[source.NamespaceID]string{21: "premium", 11: "ultimate", 13: "free", 12: "premium"} {
				subscription := minimalSubscription(of)
				subscription.Plan = plan
				s.Fine("Add", tx.Subscriptions.Add(s.Context(), subscription))
			}
		})
		for _, c := range []struct {
			plans []string
			after source.NamespaceID
			most  int
			want  []source.NamespaceID
		}{
			{[]string{"premium", "ultimate"}, 0, 2, []source.NamespaceID{11, 12}},
			{[]string{"premium", "ultimate"}, 12, 2, []source.NamespaceID{21}},
			{[]string{"premium", "ultimate"}, 21, 2, nil},
			{nil, 0, 9, nil},
		} {
			got, err := s.Billing.Subscribers(s.Context(), c.plans, c.after, c.most)
			s.Fine("Subscribers", err)
			s.Same("subscribers", got, c.want)
		}
	}},
	{Name: "namespace by number or path, ignoring letter case", Check: func(s Subject) {
		s.Apply(customers)
		for _, c := range []struct {
			ref  billing.NamespaceRef
			want billing.Namespace
		}{
			{billing.NamespaceRef{ID: 11}, billing.Namespace{ID: 11, Path: "acme", Top: true}},
			{billing.NamespaceRef{Path: "ACME/Sub"}, billing.Namespace{ID: 12, Path: "acme/sub"}},
			{billing.NamespaceRef{Path: "other"}, billing.Namespace{ID: 13, Path: "Other", Top: true}},
			{billing.NamespaceRef{Path: "OWN"}, billing.Namespace{ID: 21, Path: "own", Top: true, Owner: 1}},
			{billing.NamespaceRef{ID: 11, Path: "other"}, billing.Namespace{ID: 11, Path: "acme", Top: true}},
		} {
			got, err := s.Billing.Namespace(s.Context(), c.ref)
			s.Fine("Namespace", err)
			s.Same("namespace", got, c.want)
		}
		for _, ref := range []billing.NamespaceRef{{}, {ID: 1}, {ID: 31}, {Path: "acme/cli"}, {Path: "acm_"}, {Path: "\u212ait"}, {Path: "a\x00"}} {
			_, err := s.Billing.Namespace(s.Context(), ref)
			s.Kind(string(ref.Path), err, domain.NotFound)
		}
	}},
	{Name: "highest role in a group, until it expires", Check: func(s Subject) {
		s.Apply(customers)
		for _, c := range []struct {
			who  string
			in   source.NamespaceID
			at   time.Time
			want source.Role
		}{
			{"own", 11, now, source.Owner},
			{"own", 12, now, source.Owner},
			{"dev", 11, now, source.Guest},
			{"dev", 12, now, source.Developer},
			{"dev", 12, march(11), source.Guest},
			{"dev", 13, now, source.NoRole},
		} {
			got, err := s.Billing.Role(s.Context(), s.Actor(user(c.who)).User.ID, c.in, c.at)
			s.Fine("Role", err)
			s.Same(c.who, got, c.want)
		}
	}},
	{Name: "audit events of a billing transaction: kept with it, in order", Check: func(s Subject) {
		events := []audit.Event{write(1, audit.Object{Kind: audit.Group, ID: 11}), write(2, audit.Object{Kind: audit.User, ID: 21}), {At: now}}
		s.inBillingTx(func(tx provisioning.BillingTx) {
			s.Fine("Append", tx.Audit.Append(s.Context(), events[:2]...))
			s.Fine("Append", tx.Audit.Append(s.Context(), events[2]))
			s.Fine("Append none", tx.Audit.Append(s.Context()))
		})
		s.events(events...)
	}},
	{Name: "failed billing transaction: no change", Check: func(s Subject) {
		s.Apply(customers)
		late := errors.New("late")
		err := s.BillingUnitOfWork(s.Context(), func(tx provisioning.BillingTx) error {
			s.Fine("subscription", tx.Subscriptions.Add(s.Context(), fullSubscription(11)))
			s.Fine("pack", tx.MinutesPacks.Add(s.Context(), billing.MinutesPack{Namespace: 11, PurchaseXID: "x", ExpiresAt: march(1)}))
			s.Fine("reconciliation", tx.Reconciliations.Put(s.Context(), billing.Reconciliation{Namespace: 11, Next: march(1), AlertFrom: march(1)}, now))
			s.Fine("audit", tx.Audit.Append(s.Context(), write(1, audit.Object{Kind: audit.Group, ID: 11})))
			return late
		})
		s.Same("the error", errors.Is(err, late), true)
		s.Same("billing records", len(s.List("subscriptions"))+len(s.List("packs"))+len(s.List("reconciliations"))+len(s.List("audit")), 0)
	}},
}
