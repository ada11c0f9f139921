package provisioning_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gatehouse/adapters/memory"
	"gatehouse/application/provisioning"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// customers are two groups, a group below one of them, and people with their
// own namespaces. Three people are members of acme.
const customers = `
users:
  - {id: 1, username: root, admin: true, namespace_id: 201}
  - {id: 2, username: own, namespace_id: 202}
  - {id: 3, username: dev, namespace_id: 203}
  - {id: 4, username: guest, namespace_id: 204}
  - {id: 5, username: stranger, namespace_id: 205}
groups:
  - {id: 10, path: acme}
  - {id: 11, path: acme/sub}
  - {id: 12, path: other}
members:
  - {user: own, group: acme, role: owner}
  - {user: dev, group: acme, role: developer}
  - {user: guest, group: acme, role: guest}
`

var plans = billing.Plans{
	{Code: "free"}, {Code: "premium", Paid: true}, {Code: "gold", Paid: true, Top: true, ExcludeGuests: true},
}

// testService is a Service with its store and its clock.
type testService struct {
	*provisioning.Service
	store *memory.Store
	now   time.Time
}

// newService makes a testService. The changes apply to the BillingTx of each
// unit of work, and to the Billing that is read outside of one.
func newService(t *testing.T, changes ...func(*provisioning.BillingTx)) *testService {
	t.Helper()
	c := &testService{store: memory.New(), now: world.Now}
	world.Apply(t, c.store.WorldImport, customers)
	change := func(l *provisioning.BillingTx) {
		for _, change := range changes {
			change(l)
		}
	}
	inner := c.store.BillingUnitOfWork
	work := func(ctx context.Context, do func(provisioning.BillingTx) error) error {
		return inner(ctx, func(l provisioning.BillingTx) error {
			change(&l)
			return do(l)
		})
	}
	reading := provisioning.BillingTx{Billing: c.store.Billing}
	change(&reading)
	c.Service = provisioning.New(reading.Billing, work, provisioning.Rules{Plans: plans}, func() time.Time { return c.now })
	return c
}

// changeBilling changes the Billing of a BillingTx.
func changeBilling(change func(provisioning.Billing) provisioning.Billing) func(*provisioning.BillingTx) {
	return func(l *provisioning.BillingTx) { l.Billing = change(l.Billing) }
}

// failingBilling fail to look a namespace up.
type failingBilling struct {
	provisioning.Billing
	err error
}

func (b failingBilling) Namespace(context.Context, billing.NamespaceRef) (billing.Namespace, error) {
	return billing.Namespace{}, b.err
}

// countingBilling count how often seats and roles are asked for.
type countingBilling struct {
	provisioning.Billing
	seats, roles *int
}

func (b countingBilling) CountSeats(ctx context.Context, group source.NamespaceID, guests bool, now time.Time) (int32, error) {
	*b.seats++
	return b.Billing.CountSeats(ctx, group, guests, now)
}

func (b countingBilling) Role(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (source.Role, error) {
	*b.roles++
	return b.Billing.Role(ctx, user, group, now)
}

func to[T any](value T) billing.Field[T] { return billing.Field[T]{Given: true, Value: &value} }

func dayOf(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
}

// admin is who sells in these tests.
var admin = audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: 1, Username: "root", Token: 3}, CorrelationID: "r-1"}

var (
	acme   = billing.NamespaceRef{ID: 10}
	sub    = billing.NamespaceRef{Path: "acme/sub"}
	other  = billing.NamespaceRef{Path: "OTHER"}
	absent = billing.NamespaceRef{Path: "absent"}
	own    = billing.NamespaceRef{ID: 202}
	// year buys ten seats of premium for this year.
	year = billing.Change{Plan: to("premium"), Seats: to(int32(10)), StartDate: to(dayOf(1, 1)), EndDate: to(dayOf(12, 31))}
)

// wantRefusal checks that err is a refusal of that kind with exactly that
// message.
func wantRefusal(t *testing.T, name string, err error, kind domain.Kind, message string) {
	t.Helper()
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok || refusal.Kind != kind || refusal.Message != message {
		t.Errorf("%s: got %v, want a refusal of kind %q: %q", name, err, kind, message)
	}
}

func (c *testService) mustSubscribe(t *testing.T, ref billing.NamespaceRef, change billing.Change) {
	t.Helper()
	if _, err := c.CreateSubscription(t.Context(), admin, ref, change); err != nil {
		t.Fatal(err)
	}
}

func TestService_CreateSubscription_refuses(t *testing.T) {
	t.Parallel()
	c := newService(t)
	faulty := billing.Change{Seats: to(int32(-1))}
	_, err := c.CreateSubscription(t.Context(), admin, absent, faulty)
	wantRefusal(t, "no namespace, faulty", err, domain.NotFound, "Namespace Not Found")
	_, err = c.CreateSubscription(t.Context(), admin, sub, faulty)
	wantRefusal(t, "a subgroup, faulty", err, domain.Unprocessable, "Must be root namespace")
	_, err = c.CreateSubscription(t.Context(), admin, acme, faulty)
	if faults, ok := errors.AsType[domain.FieldErrors](err); !ok || faults[0].Field != "seats" {
		t.Errorf("faulty: got %v", err)
	}
	if _, ok, err := c.Subscription(t.Context(), identity.User{Admin: true}, acme); ok || err != nil {
		t.Errorf("a refused subscription was kept: %v", err)
	}
	c.mustSubscribe(t, acme, billing.Change{})
	_, err = c.CreateSubscription(t.Context(), admin, acme, year)
	if faults, ok := errors.AsType[domain.FieldErrors](err); !ok || faults[0] != billing.ErrSubscriptionTaken[0] {
		t.Errorf("twice: got %v", err)
	}
}

func TestService_UpdateSubscription_refuses(t *testing.T) {
	t.Parallel()
	c := newService(t)
	faulty := billing.Change{Seats: to(int32(-1))}
	_, err := c.UpdateSubscription(t.Context(), admin, absent, faulty)
	wantRefusal(t, "no namespace, faulty", err, domain.NotFound, "Namespace Not Found")
	_, err = c.UpdateSubscription(t.Context(), admin, sub, faulty)
	wantRefusal(t, "a subgroup, faulty", err, domain.Unprocessable, "Must be root namespace")
	_, err = c.UpdateSubscription(t.Context(), admin, acme, faulty)
	wantRefusal(t, "no subscription, faulty", err, domain.NotFound, "GitlabSubscription Not Found")
	c.mustSubscribe(t, acme, billing.Change{})
	if _, err = c.UpdateSubscription(t.Context(), admin, acme, faulty); !errors.Is(err, domain.Unprocessable) {
		t.Errorf("faulty: got %v", err)
	}
}

// Seats are counted where they have to be: for a new subscription, for a new
// term, and for the answer about a plan that costs nothing.
func TestService_seats(t *testing.T) {
	t.Parallel()
	var seats, roles int
	c := newService(t, changeBilling(func(b provisioning.Billing) provisioning.Billing { return countingBilling{b, &seats, &roles} }))
	next := billing.Change{StartDate: to(dayOf(12, 31)), EndDate: to(dayOf(12, 31).AddDate(1, 0, 0))}
	for _, step := range []struct {
		name     string
		do       func(context.Context, audit.Cause, billing.NamespaceRef, billing.Change) (provisioning.SubscriptionView, error)
		in       billing.NamespaceRef
		change   billing.Change
		counted  int
		use, max int32
	}{
		{"a free plan", c.CreateSubscription, other, billing.Change{}, 2, 0, 0},
		{"a free plan, changed", c.UpdateSubscription, other, billing.Change{Seats: to(int32(3))}, 1, 0, 0},
		{"a paid plan", c.CreateSubscription, acme, year, 1, 3, 0},
		{"more seats in the same term", c.UpdateSubscription, acme, billing.Change{Seats: to(int32(20))}, 0, 3, 0},
		{"a new term", c.UpdateSubscription, acme, next, 1, 3, 3},
		{"a plan without guests", c.UpdateSubscription, acme, billing.Change{Plan: to("gold"), StartDate: to(dayOf(12, 31).AddDate(1, 0, 0)), EndDate: to(dayOf(12, 31).AddDate(2, 0, 0))}, 1, 2, 2},
		{"a personal namespace", c.CreateSubscription, own, year, 0, 1, 0},
		{"a new term of one", c.UpdateSubscription, own, next, 0, 1, 1},
	} {
		seats = 0
		got, err := step.do(t.Context(), admin, step.in, step.change)
		if err != nil || seats != step.counted || got.SeatsInUse != step.use || got.MaxSeatsUsed != step.max {
			t.Errorf("%s: %v, counted %d times, %d in use, at most %d; want %d times, %d and %d",
				step.name, err, seats, got.SeatsInUse, got.MaxSeatsUsed, step.counted, step.use, step.max)
		}
	}
}

func TestService_unknownPlan(t *testing.T) {
	t.Parallel()
	c := newService(t)
	got, err := c.CreateSubscription(t.Context(), admin, acme, billing.Change{Plan: to("platinum")})
	if err != nil || got.UnknownPlan != "platinum" || got.Plan.Code != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = c.UpdateSubscription(t.Context(), admin, acme, billing.Change{Plan: to("gold")}); err != nil || got.UnknownPlan != "" || !got.ExcludesGuests {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestService_Subscription(t *testing.T) {
	t.Parallel()
	var seats, roles int
	c := newService(t, changeBilling(func(b provisioning.Billing) provisioning.Billing { return countingBilling{b, &seats, &roles} }))
	c.mustSubscribe(t, acme, year)
	c.mustSubscribe(t, own, year)
	const hidden = "Namespace Not Found"
	for name, r := range map[string]struct {
		who     identity.UserID
		ref     billing.NamespaceRef
		kind    domain.Kind // empty where the subscription may be read
		message string
		none    bool
		asked   int // for roles
	}{
		"administrator":                  {who: 1, ref: acme},
		"administrator, no subscription": {who: 1, ref: other, none: true},
		"owner":                          {who: 2, ref: acme, asked: 1},
		"owner, of the group below":      {who: 2, ref: sub, none: true, asked: 1},
		"developer":                      {who: 3, ref: acme, kind: domain.Forbidden, asked: 1},
		"guest":                          {who: 4, ref: acme, kind: domain.Forbidden, asked: 1},
		"stranger":                       {who: 5, ref: acme, kind: domain.NotFound, message: hidden, asked: 1},
		"no namespace":                   {who: 2, ref: absent, kind: domain.NotFound, message: hidden},
		"no namespace, administrator":    {who: 1, ref: absent, kind: domain.NotFound, message: hidden},
		"one's own namespace":            {who: 2, ref: own},
		"another person's namespace":     {who: 3, ref: own, kind: domain.NotFound, message: hidden},
	} {
		roles = 0
		got, ok, err := c.Subscription(t.Context(), identity.User{ID: r.who, Admin: r.who == 1}, r.ref)
		switch {
		case r.kind != "":
			wantRefusal(t, name, err, r.kind, r.message)
		case err != nil || ok == r.none:
			t.Errorf("%s: got %t, %v", name, ok, err)
		case ok && got.Plan.Code != "premium":
			t.Errorf("%s: got %+v", name, got)
		}
		if roles != r.asked {
			t.Errorf("%s: the role was asked for %d times, want %d", name, roles, r.asked)
		}
	}
}

func TestService_Resolve(t *testing.T) {
	t.Parallel()
	c := newService(t)
	if id, err := c.NamespaceID(t.Context(), billing.NamespaceRef{Path: "Acme/SUB"}); err != nil || id != 11 {
		t.Errorf("got %d, %v", id, err)
	}
	_, err := c.NamespaceID(t.Context(), absent)
	wantRefusal(t, "no namespace", err, domain.NotFound, "Namespace Not Found")
}

// asks are all questions that begin with a namespace.
var asks = map[string]func(context.Context, *provisioning.Service) error{
	"CreateSubscription": func(ctx context.Context, c *provisioning.Service) error {
		_, err := c.CreateSubscription(ctx, admin, acme, year)
		return err
	},
	"UpdateSubscription": func(ctx context.Context, c *provisioning.Service) error {
		_, err := c.UpdateSubscription(ctx, admin, acme, year)
		return err
	},
	"Subscription": func(ctx context.Context, c *provisioning.Service) error {
		_, _, err := c.Subscription(ctx, identity.User{ID: 2}, acme)
		return err
	},
	"NamespaceID": func(ctx context.Context, c *provisioning.Service) error {
		_, err := c.NamespaceID(ctx, acme)
		return err
	},
	"AddMinutesPacks": func(ctx context.Context, c *provisioning.Service) error {
		_, err := c.AddMinutesPacks(ctx, admin, acme, []billing.Purchase{pack("a", 1)})
		return err
	},
	"MoveMinutesPacks": func(ctx context.Context, c *provisioning.Service) error {
		return c.MoveMinutesPacks(ctx, admin, acme, other)
	},
	"PutReconciliations": func(ctx context.Context, c *provisioning.Service) error {
		return c.PutReconciliations(ctx, admin, []billing.Reconciliation{{Namespace: 10, Next: dayOf(6, 1), AlertFrom: dayOf(5, 1)}})
	},
}

// A store that is down or late makes a refusal that keeps the cause. Any other
// error of a store stays as it is.
func TestService_storeFails(t *testing.T) {
	t.Parallel()
	for name, ask := range asks {
		for what, c := range map[string]struct {
			err     error
			refused bool
		}{
			"down":   {domain.Unavailable, true},
			"late":   {context.DeadlineExceeded, true},
			"broken": {errors.New("disk full"), false},
		} {
			broken := newService(t, changeBilling(func(b provisioning.Billing) provisioning.Billing { return failingBilling{b, c.err} }))
			err := ask(t.Context(), broken.Service)
			if !errors.Is(err, c.err) {
				t.Errorf("%s, %s: the cause is lost in %v", name, what, err)
			}
			if c.refused {
				wantRefusal(t, name+", "+what, err, domain.Unavailable, "Nothing can be booked at the moment. Try again later.")
			} else if _, refused := errors.AsType[*domain.Refusal](err); refused {
				t.Errorf("%s, %s: got the refusal %v", name, what, err)
			}
		}
	}
}

// deadlineBilling note how long they may take.
type deadlineBilling struct {
	provisioning.Billing
	left *time.Duration
}

func (b deadlineBilling) Namespace(ctx context.Context, ref billing.NamespaceRef) (billing.Namespace, error) {
	if end, ok := ctx.Deadline(); ok {
		*b.left = time.Until(end)
	}
	return b.Billing.Namespace(ctx, ref)
}

func TestService_timeouts(t *testing.T) {
	t.Parallel()
	for name, ask := range asks {
		var left time.Duration
		c := newService(t, changeBilling(func(b provisioning.Billing) provisioning.Billing { return deadlineBilling{b, &left} }))
		_ = ask(t.Context(), c.Service) // whatever is found, it is asked for within a time
		most := 30 * time.Second
		if name == "Subscription" || name == "NamespaceID" {
			most = 10 * time.Second
		}
		if left <= 0 || left > most {
			t.Errorf("%s may take %v, want at most %v", name, left, most)
		}
	}
}
