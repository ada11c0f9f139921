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

func TestPurchase_Pack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*billing.Purchase)
		wrong  string
	}{
		"good":           {func(*billing.Purchase) {}, ""},
		"no minutes":     {func(p *billing.Purchase) { p.NumberOfMinutes = new(int32(0)) }, ""},
		"less than none": {func(p *billing.Purchase) { p.NumberOfMinutes = new(int32(-1)) }, "number_of_minutes must be greater than or equal to 0"},
		"no number":      {func(p *billing.Purchase) { p.NumberOfMinutes = nil }, "number_of_minutes can't be blank"},
		"expired":        {func(p *billing.Purchase) { p.ExpiresAt = dayOf(1, 1).AddDate(-9, 0, 0) }, ""},
		"no expiry":      {func(p *billing.Purchase) { p.ExpiresAt = time.Time{} }, "expires_at can't be blank"},
		"a blank xid":    {func(p *billing.Purchase) { p.XID = " " }, "purchase_xid can't be blank"},
		"a long xid":     {func(p *billing.Purchase) { p.XID = strings.Repeat("ü", 32) }, ""},
		"too long a xid": {func(p *billing.Purchase) { p.XID = strings.Repeat("x", 33) }, "purchase_xid is too long (maximum is 32 characters)"},
		"nothing": {func(p *billing.Purchase) { *p = billing.Purchase{} },
			"number_of_minutes can't be blank, expires_at can't be blank, purchase_xid can't be blank"},
	} {
		p := billing.Purchase{NumberOfMinutes: new(int32(1)), ExpiresAt: dayOf(1, 1), XID: "x"}
		c.change(&p)
		pack, wrong := p.Pack(5)
		if wrong.Error() != c.wrong {
			t.Errorf("%s: got %q, want %q", name, wrong, c.wrong)
		}
		if want := (billing.MinutesPack{Namespace: 5, PurchaseXID: p.XID, ExpiresAt: p.ExpiresAt}); c.wrong == "" {
			if want.NumberOfMinutes = *p.NumberOfMinutes; pack != want {
				t.Errorf("%s: got %v, want %v", name, pack, want)
			}
		}
	}
}

func TestPackErrors(t *testing.T) {
	t.Parallel()
	long := billing.PackError{Index: 7, PurchaseXID: "a\n" + strings.Repeat("ü", 99), Fields: billing.ErrPurchaseTaken}
	want := `Unable to save additional packs: packs[7] (purchase_xid "a\n` + strings.Repeat("ü", 38) + `"): purchase_xid has already been taken`
	errs := billing.PackErrors{long}
	refusal, ok := errors.AsType[*domain.Refusal](error(errs))
	if !ok || refusal.Kind != domain.Unprocessable || refusal.Message != want || errs.Error() != want {
		t.Errorf("got %q, want %q", errs, want)
	}
	for range 101 {
		errs = append(errs, long)
	}
	if text := errs.Error(); strings.Count(text, "; packs[7]") != 99 || !strings.HasSuffix(text, "; and 2 more") {
		t.Errorf("got %s", text)
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
