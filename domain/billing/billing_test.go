package billing_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func TestNamespace_CheckReader(t *testing.T) {
	t.Parallel()
	group, own := billing.Namespace{ID: 5, Top: true}, billing.Namespace{ID: 6, Top: true, Owner: 7}
	for _, c := range []struct {
		of   billing.Namespace
		who  identity.User
		role source.Role
		want error
	}{
		{group, identity.User{ID: 1, Admin: true}, source.NoRole, nil},
		{group, identity.User{ID: 7}, source.Owner, nil},
		{group, identity.User{ID: 7}, source.Maintainer, domain.Forbidden},
		{group, identity.User{ID: 7}, source.Guest, domain.Forbidden},
		{group, identity.User{ID: 7}, source.NoRole, domain.NotFound},
		{own, identity.User{ID: 7}, source.NoRole, nil},
		{own, identity.User{ID: 8}, source.NoRole, domain.NotFound},
		{own, identity.User{ID: 1, Admin: true}, source.NoRole, nil},
	} {
		if got := c.of.CheckReader(c.who, c.role); !errors.Is(got, c.want) {
			t.Errorf("user %d, role %v, in %+v: got %v, want %v", c.who.ID, c.role, c.of, got, c.want)
		}
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	if _, ok := plans.Find("Premium"); ok {
		t.Error("codes differ by letter case")
	}
	if p, ok := plans.Find("gold"); !ok || !p.Top {
		t.Errorf("got %+v, %t", p, ok)
	}
	if got := plans.PaidCodes(); !slices.Equal(got, []string{"premium", "gold"}) {
		t.Errorf("got %v", got)
	}
}

func TestPack_Valid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*billing.MinutesPack)
		want   bool
	}{
		"good":           {func(*billing.MinutesPack) {}, true},
		"no minutes":     {func(p *billing.MinutesPack) { p.NumberOfMinutes = 0 }, true},
		"less than none": {func(p *billing.MinutesPack) { p.NumberOfMinutes = -1 }, false},
		"expired":        {func(p *billing.MinutesPack) { p.ExpiresAt = dayOf(1, 1).AddDate(-9, 0, 0) }, true},
		"no expiry":      {func(p *billing.MinutesPack) { p.ExpiresAt = time.Time{} }, false},
		"a blank xid":    {func(p *billing.MinutesPack) { p.PurchaseXID = " " }, false},
		"a long xid":     {func(p *billing.MinutesPack) { p.PurchaseXID = strings.Repeat("ü", 32) }, true},
		"too long a xid": {func(p *billing.MinutesPack) { p.PurchaseXID = strings.Repeat("x", 33) }, false},
	} {
		p := billing.MinutesPack{NumberOfMinutes: 1, ExpiresAt: dayOf(1, 1), PurchaseXID: "x"}
		c.change(&p)
		if got := p.Valid(); got != c.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestReconciliation_CheckDates(t *testing.T) {
	t.Parallel()
	if got := (billing.Reconciliation{}).CheckDates(); len(got) != 2 || !strings.HasPrefix(got[0], "Next") {
		t.Errorf("got %v", got)
	}
	if got := (billing.Reconciliation{Next: dayOf(1, 1), AlertFrom: dayOf(2, 1)}).CheckDates(); got != nil {
		t.Errorf("days in any order: got %v", got)
	}
}
