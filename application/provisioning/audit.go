package provisioning

import (
	"context"
	"time"

	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
)

// What the portal changes of which a namespace has one.
const (
	auditedSubscription   audit.ObjectKind = "subscription"
	auditedReconciliation audit.ObjectKind = "reconciliation"
)

// record keeps the event of a write to what a namespace has, unless it changed
// nothing. Before is nil for what was created, after for what was deleted. All targets
// have changed alike.
func (s *Service) record(ctx context.Context, tx BillingTx, by audit.Cause, n billing.Namespace, before, after audit.Values, targets ...audit.Object) error {
	verb := audit.Update
	switch before, after = audit.Changes(before, after); {
	case before == nil:
		verb = audit.Create
	case after == nil:
		verb = audit.Delete
	case len(after) == 0:
		return nil
	}
	now, events := s.now(), make([]audit.Event, len(targets))
	for i, target := range targets {
		events[i] = by.Event(now, verb, auditedNamespace(n), target, before, after)
	}
	return tx.Audit.Append(ctx, events...)
}

// auditedNamespace returns the group, or the user of a personal namespace.
func auditedNamespace(n billing.Namespace) audit.Object {
	if n.Personal() {
		return audit.Object{Kind: audit.User, ID: int64(n.Owner), Path: string(n.Path)}
	}
	return audit.Object{Kind: audit.Group, ID: int64(n.ID), Path: string(n.Path)}
}

// only returns what a namespace has one of: its number is the namespace's.
func only(kind audit.ObjectKind, n billing.Namespace) audit.Object {
	return audit.Object{Kind: kind, ID: int64(n.ID), Path: string(n.Path)}
}

// subscriptionValues has the members by their names in requests and answers.
func subscriptionValues(s billing.Subscription) audit.Values {
	values := audit.Values{
		"plan_code": nil, "start_date": dayOrNil(s.StartDate), "end_date": dayOrNil(s.EndDate),
		"seats": int64(s.Seats), "max_seats_used": int64(s.MaxSeatsUsed), "seats_in_use": int64(s.SeatsInUse), "seats_owed": int64(s.SeatsOwed),
		"auto_renew": nil, "trial": s.Trial, "trial_starts_on": dayOrNil(s.TrialStartsOn), "trial_ends_on": dayOrNil(s.TrialEnds),
		"trial_extension_type": nil,
	}
	if s.Plan != "" {
		values["plan_code"] = s.Plan
	}
	if s.AutoRenew != nil {
		values["auto_renew"] = *s.AutoRenew
	}
	if s.TrialExtension != 0 {
		values["trial_extension_type"] = int64(s.TrialExtension)
	}
	return values
}

// auditedPack returns a pack, which has no number.
func auditedPack(xid string) audit.Object { return audit.Object{Kind: "minutes_pack", Path: xid} }

func packValues(p billing.MinutesPack) audit.Values {
	return audit.Values{"number_of_minutes": int64(p.NumberOfMinutes), "expires_at": dayOrNil(p.ExpiresAt)}
}

func reconciliationValues(r billing.Reconciliation) audit.Values {
	return audit.Values{"next_reconciliation_date": dayOrNil(r.Next), "display_alert_from": dayOrNil(r.AlertFrom)}
}

func dayOrNil(day time.Time) any {
	if day.IsZero() {
		return nil
	}
	return day.Format(time.DateOnly)
}
