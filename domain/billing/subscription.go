package billing

import (
	"time"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// Subscription is what a namespace has subscribed to. Days are at their
// beginning in UTC, and zero for none.
type Subscription struct {
	Namespace source.NamespaceID
	// Plan is a plan's code; empty for none.
	Plan               string
	StartDate, EndDate time.Time
	// Seats were bought. SeatsInUse is the result of the last count,
	// MaxSeatsUsed the highest result in this term, and SeatsOwed how far that
	// is above Seats.
	Seats, MaxSeatsUsed, SeatsInUse, SeatsOwed int32
	// AutoRenew is nil if it is not known.
	AutoRenew                *bool
	Trial                    bool
	TrialStartsOn, TrialEnds time.Time
	// TrialExtension is 1 for an extended and 2 for a reactivated trial, 0 for
	// neither.
	TrialExtension int32
	// MaxChangedAt is when MaxSeatsUsed last changed by itself; zero for never
	// in this term.
	MaxChangedAt         time.Time
	CreatedAt, UpdatedAt time.Time
}

// Field is one member of a Change. Given is false for a member that the request
// leaves out; Value is nil for null.
type Field[T any] struct {
	Given bool
	Value *T
}

// to puts a given value, or otherwise for null, into a member.
func (f Field[T]) to(member *T, otherwise T) {
	switch {
	case !f.Given:
	case f.Value == nil:
		*member = otherwise
	default:
		*member = *f.Value
	}
}

// null says whether null was given.
func (f Field[T]) null() bool { return f.Given && f.Value == nil }

// Change is the portal's request to change a subscription. A field that is not
// given keeps its value.
type Change struct {
	Plan                     Field[string]
	StartDate, EndDate       Field[time.Time]
	Seats, MaxSeatsUsed      Field[int32]
	AutoRenew, Trial         Field[bool]
	TrialStartsOn, TrialEnds Field[time.Time]
	TrialExtension           Field[int32]
}

// UnknownPlan returns the code that c asks for if no plan has it; otherwise it
// is empty.
func (c Change) UnknownPlan(plans Plans) string {
	if c.Plan.Value == nil {
		return ""
	}
	if _, known := plans.Find(*c.Plan.Value); known {
		return ""
	}
	return *c.Plan.Value
}

// apply returns s with the fields that c gives.
func (c Change) apply(s Subscription, plans Plans) Subscription {
	if c.Plan.Given {
		code := FreePlan
		if c.Plan.Value != nil {
			code = *c.Plan.Value
		}
		plan, _ := plans.Find(code) // an unknown code means no plan, as in Rails
		s.Plan = plan.Code
	}
	c.StartDate.to(&s.StartDate, time.Time{})
	c.EndDate.to(&s.EndDate, time.Time{})
	c.Seats.to(&s.Seats, 0)
	c.MaxSeatsUsed.to(&s.MaxSeatsUsed, 0)
	if c.AutoRenew.Given {
		s.AutoRenew = c.AutoRenew.Value
	}
	c.Trial.to(&s.Trial, false)
	c.TrialStartsOn.to(&s.TrialStartsOn, time.Time{})
	c.TrialEnds.to(&s.TrialEnds, time.Time{})
	c.TrialExtension.to(&s.TrialExtension, 0)
	if c.Trial.Value != nil && *c.Trial.Value && !c.TrialStartsOn.Given && c.StartDate.Value != nil {
		s.TrialStartsOn = s.StartDate
	}
	return s
}

const negative = "must be greater than or equal to 0"

// fieldErrors returns what is wrong with s, the result of applying c. If
// strict, a trial must have both its days, in order.
func (c Change) fieldErrors(s Subscription, strict bool) (found domain.FieldErrors) {
	note := func(wrong bool, field, message string) {
		if wrong {
			found = append(found, domain.FieldError{Field: field, Message: message})
		}
	}
	note(c.Seats.null(), "seats", blank)
	note(s.Seats < 0, "seats", negative)
	note(s.StartDate.IsZero(), "start_date", blank)
	note(s.MaxSeatsUsed < 0, "max_seats_used", negative)
	note(s.Trial && s.TrialStartsOn.IsZero(), "trial_starts_on", blank)
	note(strict && s.Trial && s.TrialEnds.IsZero(), "trial_ends_on", blank)
	note(strict && s.Trial && !s.TrialEnds.IsZero() && !s.TrialEnds.After(s.TrialStartsOn), "trial_ends_on", "must be after trial_starts_on")
	note(s.TrialExtension < 0 || s.TrialExtension > 2, "trial_extension_type", "is not included in the list")
	return found
}

// Create returns the subscription that c asks for, complete but for its
// WithSeatsInUse. Mistakes in the fields are returned as FieldErrors.
func (c Change) Create(namespace source.NamespaceID, plans Plans, strict bool, now time.Time) (Subscription, error) {
	s := c.apply(Subscription{Namespace: namespace, StartDate: now.UTC().Truncate(24 * time.Hour)}, plans)
	if found := c.fieldErrors(s, strict); found != nil {
		return Subscription{}, found
	}
	s.CreatedAt, s.UpdatedAt = now, now
	return s, nil
}

// Update returns old with the fields that c gives. If needsSeats is true, the
// caller counts the seats and completes the subscription by WithSeatsReset.
// Mistakes in the fields are returned as FieldErrors.
func (c Change) Update(old Subscription, plans Plans, strict bool, now time.Time) (next Subscription, needsSeats bool, err error) {
	s := c.apply(old, plans)
	if found := c.fieldErrors(s, strict); found != nil {
		return Subscription{}, false, found
	}
	s.UpdatedAt = now
	if s.resets(old, plans) {
		return s, true, nil
	}
	if s.MaxSeatsUsed != old.MaxSeatsUsed {
		// SeatsOwed stays as it is: the portal changes it by itself.
		s.MaxChangedAt = now
	}
	return s, false, nil
}

// WithSeatsInUse returns s, which Create made, with the number of seats that are
// taken now.
func (s Subscription) WithSeatsInUse(taken int32) Subscription {
	s.SeatsInUse = taken
	return s
}

// WithSeatsReset returns s at the beginning of a new count of seats: the maximum
// is the number that are taken now.
func (s Subscription) WithSeatsReset(taken int32) Subscription {
	s.SeatsInUse, s.MaxSeatsUsed, s.MaxChangedAt = taken, taken, time.Time{}
	s.SeatsOwed = s.owed()
	return s
}

// resets says whether the count of seats of a paid plan starts again: with a
// new term, at the end of a trial, or if MaxSeatsUsed last changed before the
// term. It is the rule of GitLab 16.
func (s Subscription) resets(old Subscription, plans Plans) bool {
	if !s.Paid(plans) {
		return false
	}
	newTerm := !s.StartDate.Equal(old.StartDate) && !s.EndDate.Equal(old.EndDate) &&
		(old.EndDate.IsZero() || !s.StartDate.Before(old.EndDate))
	outdated := !old.MaxChangedAt.IsZero() && old.MaxChangedAt.Before(s.StartDate)
	return newTerm || old.Trial && !s.Trial || outdated
}

func (s Subscription) owed() int32 { return max(0, s.MaxSeatsUsed-s.Seats) }

// Recounted returns s after the seats that are taken were counted, and whether
// that changed anything.
func (s Subscription) Recounted(live int32, now time.Time) (Subscription, bool) {
	old := s
	if live > s.MaxSeatsUsed {
		s.MaxSeatsUsed, s.MaxChangedAt = live, now
	}
	s.SeatsInUse, s.SeatsOwed = live, s.owed()
	changed := s != old
	if changed {
		s.UpdatedAt = now
	}
	return s, changed
}

// SameAs says whether s equals o in all but their times of change.
func (s Subscription) SameAs(o Subscription) bool {
	renews := s.AutoRenew == o.AutoRenew || s.AutoRenew != nil && o.AutoRenew != nil && *s.AutoRenew == *o.AutoRenew
	s.AutoRenew, s.MaxChangedAt, s.CreatedAt, s.UpdatedAt = o.AutoRenew, o.MaxChangedAt, o.CreatedAt, o.UpdatedAt
	return renews && s == o
}

// Paid says whether the seats of s cost something.
func (s Subscription) Paid(plans Plans) bool {
	plan, _ := plans.Find(s.Plan)
	return !s.Trial && s.Seats > 0 && plan.Paid
}

// Upgradable says whether there is a better plan to buy on the day of now.
func (s Subscription) Upgradable(plans Plans, now time.Time) bool {
	plan, _ := plans.Find(s.Plan)
	expired := !s.EndDate.IsZero() && s.EndDate.Before(now.UTC().Truncate(24*time.Hour))
	return !plan.Top && s.Paid(plans) && !expired
}

// ExcludesGuests says whether guests of the namespace take no seats.
func (s Subscription) ExcludesGuests(plans Plans, of Namespace) bool {
	plan, _ := plans.Find(s.Plan)
	return plan.ExcludeGuests && !of.Personal()
}
