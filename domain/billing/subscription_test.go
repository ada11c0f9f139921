package billing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain"
	"gatehouse/domain/billing"
)

var plans = billing.Plans{
	{Code: "free"}, {Code: "premium", Paid: true}, {Code: "gold", Paid: true, Top: true, ExcludeGuests: true},
}

var now = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

// dayOf is a day of 2026.
func dayOf(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
}

// to gives a member a value, toNull gives it none.
func to[T any](value T) billing.Field[T] { return billing.Field[T]{Given: true, Value: &value} }
func toNull[T any]() billing.Field[T]    { return billing.Field[T]{Given: true} }

// premium is a term of a year with ten seats, of which twelve were taken once.
func premium() billing.Subscription {
	return billing.Subscription{
		Namespace: 5, Plan: "premium", StartDate: dayOf(1, 1), EndDate: dayOf(12, 31),
		Seats: 10, MaxSeatsUsed: 12, SeatsInUse: 11, SeatsOwed: 2, CreatedAt: dayOf(1, 1), UpdatedAt: dayOf(1, 1),
	}
}

func TestChange_Create(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change billing.Change
		want   billing.Subscription
	}{
		"nothing said":      {billing.Change{}, billing.Subscription{StartDate: dayOf(5, 17)}},
		"no plan is free":   {billing.Change{Plan: toNull[string]()}, billing.Subscription{Plan: "free", StartDate: dayOf(5, 17)}},
		"an unknown plan":   {billing.Change{Plan: to("nope")}, billing.Subscription{StartDate: dayOf(5, 17)}},
		"seats and the max": {billing.Change{Seats: to(int32(4)), MaxSeatsUsed: to(int32(9))}, billing.Subscription{StartDate: dayOf(5, 17), Seats: 4, MaxSeatsUsed: 9}},
		"a trial starts with its term": {
			billing.Change{StartDate: to(dayOf(2, 3)), Trial: to(true)},
			billing.Subscription{StartDate: dayOf(2, 3), Trial: true, TrialStartsOn: dayOf(2, 3)},
		},
		"or when it is said to": {
			billing.Change{StartDate: to(dayOf(2, 3)), Trial: to(true), TrialStartsOn: to(dayOf(4, 5))},
			billing.Subscription{StartDate: dayOf(2, 3), Trial: true, TrialStartsOn: dayOf(4, 5)},
		},
	} {
		c.want.Namespace, c.want.SeatsInUse, c.want.CreatedAt, c.want.UpdatedAt = 5, 3, now, now
		got, err := c.change.Create(5, plans, false, now)
		if diff := cmp.Diff(c.want, got.WithSeatsInUse(3)); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestChange_faults(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		change billing.Change
		strict bool
	}{
		"seats can't be blank":                              {change: billing.Change{Seats: toNull[int32]()}},
		"start_date can't be blank":                         {change: billing.Change{StartDate: toNull[time.Time]()}},
		"seats must be greater than or equal to 0":          {change: billing.Change{Seats: to(int32(-1))}},
		"max_seats_used must be greater than or equal to 0": {change: billing.Change{MaxSeatsUsed: to(int32(-1))}},
		"trial_starts_on can't be blank":                    {change: billing.Change{Trial: to(true)}},
		"trial_ends_on can't be blank":                      {billing.Change{Trial: to(true), TrialStartsOn: to(dayOf(1, 2))}, true},
		"trial_ends_on must be after trial_starts_on":       {billing.Change{Trial: to(true), TrialStartsOn: to(dayOf(1, 2)), TrialEnds: to(dayOf(1, 2))}, true},
		"trial_extension_type is not included in the list":  {change: billing.Change{TrialExtension: to(int32(3))}},
	} {
		_, created := c.change.Create(5, plans, c.strict, now)
		_, _, updated := c.change.Update(premium(), plans, c.strict, now)
		for _, err := range []error{created, updated} {
			if !errors.Is(err, domain.Unprocessable) || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
	if _, _, err := (billing.Change{Seats: toNull[int32](), StartDate: toNull[time.Time]()}).Update(premium(), plans, false, now); err == nil || !strings.Contains(err.Error(), ", ") {
		t.Errorf("got %v, want both faults", err)
	}
}

func TestChange_Update_seats(t *testing.T) {
	t.Parallel()
	year := billing.Change{StartDate: to(dayOf(12, 31)), EndDate: to(dayOf(12, 31).AddDate(1, 0, 0))}
	for name, c := range map[string]struct {
		change func(*billing.Change)
		old    func(*billing.Subscription)
		anew   bool
	}{
		"a new term":                      {anew: true},
		"after one without an end":        {old: func(s *billing.Subscription) { s.EndDate = time.Time{} }, anew: true},
		"that begins before the old ends": {change: func(c *billing.Change) { c.StartDate = to(dayOf(12, 30)) }},
		"only another start":              {change: func(c *billing.Change) { c.EndDate.Given = false }},
		"only another end":                {change: func(c *billing.Change) { c.StartDate.Given = false }},
		"of a free plan":                  {change: func(c *billing.Change) { c.Plan = to("free") }},
		"without seats":                   {change: func(c *billing.Change) { c.Seats = to(int32(0)) }},
		"as a trial":                      {change: func(c *billing.Change) { c.Trial = to(true) }},
		"the end of a trial, in the same term": {
			change: func(c *billing.Change) { *c = billing.Change{Trial: to(false)} }, old: func(s *billing.Subscription) { s.Trial = true }, anew: true,
		},
		"a max of before the term": {
			change: func(c *billing.Change) { *c = billing.Change{} }, old: func(s *billing.Subscription) { s.MaxChangedAt = dayOf(1, 1).Add(-time.Second) }, anew: true,
		},
		"a max of the term": {
			change: func(c *billing.Change) { *c = billing.Change{} }, old: func(s *billing.Subscription) { s.MaxChangedAt = dayOf(1, 1) },
		},
	} {
		change, old := year, premium()
		if c.change != nil {
			c.change(&change)
		}
		if c.old != nil {
			c.old(&old)
		}
		got, needsSeats, err := change.Update(old, plans, false, now)
		if err != nil || needsSeats != c.anew || !got.UpdatedAt.Equal(now) {
			t.Errorf("%s: %v, needs seats %t, updated at %v", name, err, needsSeats, got.UpdatedAt)
		}
		want := []int32{old.SeatsInUse, old.MaxSeatsUsed, old.SeatsOwed}
		if diff := cmp.Diff(want, []int32{got.SeatsInUse, got.MaxSeatsUsed, got.SeatsOwed}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSubscription_WithSeatsReset(t *testing.T) {
	t.Parallel()
	for taken, owed := range map[int32]int32{0: 0, 10: 0, 15: 5} {
		old := premium()
		old.MaxChangedAt = dayOf(2, 1)
		want := premium()
		want.SeatsInUse, want.MaxSeatsUsed, want.SeatsOwed = taken, taken, owed
		if diff := cmp.Diff(want, old.WithSeatsReset(taken)); diff != "" {
			t.Errorf("%d taken (-want +got):\n%s", taken, diff)
		}
	}
}

// As the documentation's example has it: what is owed stays.
func TestChange_Update_max(t *testing.T) {
	t.Parallel()
	got, needsSeats, err := billing.Change{MaxSeatsUsed: to(int32(0))}.Update(premium(), plans, false, now)
	want := premium()
	want.MaxSeatsUsed, want.MaxChangedAt, want.UpdatedAt = 0, now, now
	if diff := cmp.Diff(want, got); diff != "" || err != nil || needsSeats {
		t.Errorf("%v, needs seats %t (-want +got):\n%s", err, needsSeats, diff)
	}
}

func TestSubscription_Recounted(t *testing.T) {
	t.Parallel()
	for live, want := range map[int32]struct {
		max, owed int32
		changed   bool
	}{11: {12, 2, false}, 3: {12, 2, true}, 14: {14, 4, true}} {
		got, changed := premium().Recounted(live, now)
		if got.SeatsInUse != live || got.MaxSeatsUsed != want.max || got.SeatsOwed != want.owed || changed != want.changed {
			t.Errorf("%d: got %+v, changed %t", live, got, changed)
		}
		if got.UpdatedAt.Equal(now) != changed || got.MaxChangedAt.Equal(now) != (live > 12) {
			t.Errorf("%d: updated at %v, max changed at %v", live, got.UpdatedAt, got.MaxChangedAt)
		}
	}
}

func TestSubscription_whatItIs(t *testing.T) {
	t.Parallel()
	group, own := billing.Namespace{ID: 5}, billing.Namespace{ID: 6, Owner: 7}
	for name, c := range map[string]struct {
		change                         func(*billing.Subscription)
		paid, upgradable, noGuestSeats bool
	}{
		"premium":        {func(*billing.Subscription) {}, true, true, false},
		"gold":           {func(s *billing.Subscription) { s.Plan = "gold" }, true, false, true},
		"free":           {func(s *billing.Subscription) { s.Plan = "free" }, false, false, false},
		"none":           {func(s *billing.Subscription) { s.Plan = "" }, false, false, false},
		"a trial":        {func(s *billing.Subscription) { s.Trial = true }, false, false, false},
		"no seats":       {func(s *billing.Subscription) { s.Seats = 0 }, false, false, false},
		"ends today":     {func(s *billing.Subscription) { s.EndDate = dayOf(5, 17) }, true, true, false},
		"over yesterday": {func(s *billing.Subscription) { s.EndDate = dayOf(5, 16) }, true, false, false},
		"without an end": {func(s *billing.Subscription) { s.EndDate = time.Time{} }, true, true, false},
	} {
		s := premium()
		c.change(&s)
		if s.Paid(plans) != c.paid || s.Upgradable(plans, now) != c.upgradable || s.ExcludesGuests(plans, group) != c.noGuestSeats {
			t.Errorf("%s: paid %t, upgradable %t, without guests %t", name, s.Paid(plans), s.Upgradable(plans, now), s.ExcludesGuests(plans, group))
		}
		if s.ExcludesGuests(plans, own) {
			t.Errorf("%s: a personal namespace has no guests", name)
		}
	}
}
