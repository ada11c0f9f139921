package worldfile

import (
	"math"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
)

func subscription(e *entry) worldimport.Subscription {
	s := worldimport.Subscription{
		FileLine:  e.here(),
		Namespace: e.needText("namespace"),
		Subscription: billing.Subscription{
			Plan: e.text("plan_code"), StartDate: e.needDay("start_date"), EndDate: e.day("end_date"),
			Seats: e.count("seats"), SeatsInUse: e.count("seats_in_use"), MaxSeatsUsed: e.count("max_seats_used"), SeatsOwed: e.count("seats_owed"),
			AutoRenew: e.optionalFlag("auto_renew"), Trial: e.flag("trial", false),
			TrialStartsOn: e.day("trial_starts_on"), TrialEnds: e.day("trial_ends_on"),
		},
	}
	extension, _ := e.number("trial_extension_type", 0, 2)
	s.TrialExtension = int32(extension)
	if s.Namespace != "" {
		e.once(e.line, "the subscription of %s", identity.Fold(s.Namespace))
	}
	return s
}

func pack(e *entry) worldimport.MinutesPack {
	e.need("number_of_minutes")
	p := worldimport.MinutesPack{
		FileLine:  e.here(),
		Namespace: e.needText("namespace"),
		MinutesPack: billing.MinutesPack{
			PurchaseXID: e.needText("purchase_xid"), NumberOfMinutes: e.count("number_of_minutes"), ExpiresAt: e.needDay("expires_at"),
		},
	}
	if p.PurchaseXID == "" {
		return p
	}
	if message := billing.CheckPurchaseXID(p.PurchaseXID); message != "" {
		e.mistake(e.members["purchase_xid"].Line, "purchase_xid %s", message)
	}
	e.secretOnce(e.line, "this purchase", "purchase "+p.PurchaseXID)
	return p
}

func reconciliation(e *entry) worldimport.Reconciliation {
	r := worldimport.Reconciliation{
		FileLine:  e.here(),
		Namespace: e.needText("namespace"),
		Reconciliation: billing.Reconciliation{
			Next: e.needDay("next_reconciliation_date"), AlertFrom: e.needDay("display_alert_from"),
		},
	}
	if r.Namespace != "" {
		e.once(e.line, "the reconciliation of %s", identity.Fold(r.Namespace))
	}
	return r
}

// needDay returns a day that must be present.
func (e *entry) needDay(name string) time.Time {
	e.need(name)
	return e.day(name)
}

// count returns a number of at most 31 bits, 0 if it is absent.
func (e *entry) count(name string) int32 {
	value, _ := e.number(name, 0, math.MaxInt32)
	return int32(value)
}
