package provisioning_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gatehouse/application/provisioning"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

func TestService_RefreshSeats(t *testing.T) {
	t.Parallel()
	c := newService(t)
	c.mustSubscribe(t, acme, year)
	c.mustSubscribe(t, own, year)
	c.mustSubscribe(t, other, billing.Change{})
	trial := year
	trial.Trial = to(true)
	c.mustSubscribe(t, billing.NamespaceRef{ID: 203}, trial)
	for _, step := range []struct {
		name string
		add  string
		want provisioning.SeatRefresh
	}{
		{"the most so far was never kept", "", provisioning.SeatRefresh{Counted: 2, Changed: 2}},
		{"nothing new", "", provisioning.SeatRefresh{Counted: 2}},
		{"one more member", "members: [{user: stranger, group: acme, role: reporter}]", provisioning.SeatRefresh{Counted: 2, Changed: 1}},
	} {
		c.now = c.now.Add(time.Hour)
		world.Apply(t, c.store.WorldImport, step.add)
		if got, err := c.RefreshSeats(t.Context()); err != nil || got != step.want {
			t.Errorf("%s: got %+v, %v, want %+v", step.name, got, err, step.want)
		}
	}
	got, _, err := c.Subscription(t.Context(), identity.User{Admin: true}, acme)
	if err != nil || got.SeatsInUse != 4 || got.MaxSeatsUsed != 4 || !got.MaxChangedAt.Equal(c.now) {
		t.Errorf("got %+v, %v", got, err)
	}
}

var errStore = errors.New("connection refused")

// failingSeats count the seats of a group unless fail returns an error.
type failingSeats struct {
	provisioning.Billing
	fail func(group source.NamespaceID) error
}

func (b failingSeats) CountSeats(ctx context.Context, group source.NamespaceID, guests bool, now time.Time) (int32, error) {
	if err := b.fail(group); err != nil {
		return 0, err
	}
	return b.Billing.CountSeats(ctx, group, guests, now)
}

func TestService_RefreshSeats_fails(t *testing.T) {
	t.Parallel()
	fail := func(source.NamespaceID) error { return nil }
	c := newService(t, changeBilling(func(b provisioning.Billing) provisioning.Billing { return failingSeats{b, fail} }))
	c.mustSubscribe(t, acme, year)
	c.mustSubscribe(t, other, year)
	fail = func(group source.NamespaceID) error {
		if group == 10 {
			return errStore
		}
		return nil
	}
	if got, err := c.RefreshSeats(t.Context()); !errors.Is(err, errStore) || got.Counted != 1 {
		t.Errorf("got %+v, %v, want the other one counted", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var counted []source.NamespaceID
	fail = func(group source.NamespaceID) error {
		counted = append(counted, group)
		cancel()
		return ctx.Err()
	}
	if got, err := c.RefreshSeats(ctx); err != context.Canceled || got.Counted != 0 || len(counted) != 1 { // that error alone
		t.Errorf("cancelled: got %+v, %v after %v", got, err, counted)
	}
	if _, err := c.RefreshSeats(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: got %v", err)
	}
}

// pagedBilling list the namespaces up to most as subscribers. Most of them do not
// exist when their seats are counted.
type pagedBilling struct {
	provisioning.Billing
	last  source.NamespaceID
	asked *[]source.NamespaceID
}

func (b pagedBilling) Subscribers(_ context.Context, _ []string, after source.NamespaceID, most int) (page []source.NamespaceID, err error) {
	*b.asked = append(*b.asked, after)
	for id := after + 1; id <= b.last && len(page) < most; id++ {
		page = append(page, id)
	}
	return page, nil
}

func TestService_RefreshSeats_pages(t *testing.T) {
	t.Parallel()
	for most, want := range map[source.NamespaceID]int{499: 1, 500: 2, 501: 2, 1001: 3} {
		var asked []source.NamespaceID
		c := newService(t, changeBilling(func(b provisioning.Billing) provisioning.Billing { return pagedBilling{b, most, &asked} }))
		c.mustSubscribe(t, acme, year)
		c.mustSubscribe(t, other, billing.Change{}) // changed since the page was read
		got, err := c.RefreshSeats(t.Context())
		if err != nil || got.Counted != 1 || len(asked) != want || asked[len(asked)-1] != source.NamespaceID(500*(want-1)) {
			t.Errorf("%d subscribers: got %+v, %v, asked for those after %v", most, got, err, asked)
		}
	}
}
