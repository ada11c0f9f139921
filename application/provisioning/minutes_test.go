package provisioning_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/provisioning"
	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const unsaved = "Unable to save additional packs: "

func pack(xid string, minutes int32) billing.Purchase {
	return billing.Purchase{XID: xid, NumberOfMinutes: &minutes, ExpiresAt: dayOf(12, 31)}
}

func packIn(namespace source.NamespaceID, xid string, minutes int32) billing.MinutesPack {
	return billing.MinutesPack{Namespace: namespace, PurchaseXID: xid, NumberOfMinutes: minutes, ExpiresAt: dayOf(12, 31)}
}

// packs are the namespaces of the packs that are kept, by their purchase.
func (c *testService) packs(t *testing.T, xids ...string) map[string]source.NamespaceID {
	t.Helper()
	found := map[string]source.NamespaceID{}
	err := c.store.BillingUnitOfWork(t.Context(), func(l provisioning.BillingTx) error {
		for _, xid := range xids {
			for _, of := range []source.NamespaceID{10, 12, 202} {
				if _, err := l.MinutesPacks.Find(t.Context(), of, xid); err == nil {
					found[xid] = of
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestService_AddMinutesPacks(t *testing.T) {
	t.Parallel()
	c := newService(t)
	for _, step := range []struct {
		name  string
		ref   billing.NamespaceRef
		packs []billing.Purchase
		want  []billing.MinutesPack
	}{
		{"nothing", acme, nil, nil},
		{"new ones", acme, []billing.Purchase{pack("a", 1), pack("b", 2)}, []billing.MinutesPack{packIn(10, "a", 1), packIn(10, "b", 2)}},
		{"once more, with other minutes", acme, []billing.Purchase{pack("a", 7)}, []billing.MinutesPack{packIn(10, "a", 1)}},
		{"once more, with none that could be kept", acme, []billing.Purchase{pack("a", -1)}, []billing.MinutesPack{packIn(10, "a", 1)}},
		{"twice at once", acme, []billing.Purchase{pack("c", 3), pack("c", 4)}, []billing.MinutesPack{packIn(10, "c", 3), packIn(10, "c", 3)}},
		{"another namespace's", other, []billing.Purchase{pack("d", 1)}, []billing.MinutesPack{packIn(12, "d", 1)}},
		{"a person's", own, []billing.Purchase{pack("e", 1)}, []billing.MinutesPack{packIn(202, "e", 1)}},
	} {
		got, err := c.AddMinutesPacks(t.Context(), admin, step.ref, step.packs)
		if diff := cmp.Diff(step.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", step.name, err, diff)
		}
	}
}

func TestService_AddMinutesPacks_refuses(t *testing.T) {
	t.Parallel()
	c := newService(t)
	if _, err := c.AddMinutesPacks(t.Context(), admin, other, []billing.Purchase{pack("theirs", 1)}); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		ref     billing.NamespaceRef
		packs   []billing.Purchase
		kind    domain.Kind
		message string
	}{
		"no namespace, a bad pack": {absent, []billing.Purchase{pack("a", -1)}, domain.NotFound, "Namespace Not Found"},
		"a subgroup, a bad pack":   {sub, []billing.Purchase{pack("a", -1)}, domain.Unprocessable, "Namespace must be a top-level namespace"},
		"a bad pack behind a good": {acme, []billing.Purchase{pack("a", 1), pack("b", -1)}, domain.Unprocessable,
			unsaved + `packs[1] (purchase_xid "b"): number_of_minutes must be greater than or equal to 0`},
		"another one's purchase": {acme, []billing.Purchase{pack("a", 1), pack("theirs", 1)}, domain.Unprocessable,
			unsaved + `packs[1] (purchase_xid "theirs"): purchase_xid has already been taken`},
		"several bad ones": {acme, []billing.Purchase{{}, pack("a", 1), pack("theirs", 1)}, domain.Unprocessable,
			unsaved + `packs[0] (purchase_xid ""): number_of_minutes can't be blank, expires_at can't be blank, purchase_xid can't be blank; ` +
				`packs[2] (purchase_xid "theirs"): purchase_xid has already been taken`},
	} {
		_, err := c.AddMinutesPacks(t.Context(), admin, r.ref, r.packs)
		wantRefusal(t, name, err, r.kind, r.message)
	}
	if diff := cmp.Diff(map[string]source.NamespaceID{"theirs": 12}, c.packs(t, "a", "b", "theirs")); diff != "" {
		t.Errorf("what was kept (-want +got):\n%s", diff)
	}
}

// racedPacks are packs to which another request adds the same purchase first.
type racedPacks struct {
	provisioning.MinutesPacks
	in source.NamespaceID
}

func (p racedPacks) Add(ctx context.Context, added billing.MinutesPack) error {
	if err := p.MinutesPacks.Add(ctx, packIn(p.in, added.PurchaseXID, 77)); err != nil {
		return err
	}
	return p.MinutesPacks.Add(ctx, added)
}

func TestService_AddMinutesPacks_race(t *testing.T) {
	t.Parallel()
	raced := func(in source.NamespaceID) func(*provisioning.BillingTx) {
		return func(l *provisioning.BillingTx) { l.MinutesPacks = racedPacks{l.MinutesPacks, in} }
	}
	got, err := newService(t, raced(10)).AddMinutesPacks(t.Context(), admin, acme, []billing.Purchase{pack("a", 1)})
	if diff := cmp.Diff([]billing.MinutesPack{packIn(10, "a", 77)}, got); diff != "" || err != nil {
		t.Errorf("by a request for the same namespace: %v (-want +got):\n%s", err, diff)
	}
	_, err = newService(t, raced(12)).AddMinutesPacks(t.Context(), admin, acme, []billing.Purchase{pack("a", 1)})
	wantRefusal(t, "for another namespace", err, domain.Unprocessable, unsaved+`packs[0] (purchase_xid "a"): purchase_xid has already been taken`)
}

// retrying runs each unit of work twice, as after a serialization failure.
func retrying(c *testService) *provisioning.Service {
	inner := c.store.BillingUnitOfWork
	again := errors.New("serialization failure")
	work := func(ctx context.Context, do func(provisioning.BillingTx) error) error {
		_ = inner(ctx, func(l provisioning.BillingTx) error {
			_ = do(l)
			return again
		})
		return inner(ctx, do)
	}
	return provisioning.New(c.store.Billing, work, provisioning.Rules{Plans: plans}, func() time.Time { return world.Now })
}

func TestService_AddMinutesPacks_secondTry(t *testing.T) {
	t.Parallel()
	got, err := retrying(newService(t)).AddMinutesPacks(t.Context(), admin, acme, []billing.Purchase{pack("a", 1)})
	if diff := cmp.Diff([]billing.MinutesPack{packIn(10, "a", 1)}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestService_MoveMinutesPacks(t *testing.T) {
	t.Parallel()
	c := newService(t)
	if _, err := c.AddMinutesPacks(t.Context(), admin, acme, []billing.Purchase{pack("a", 1), pack("b", 1)}); err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		name     string
		from, to billing.NamespaceRef
		kind     domain.Kind
		message  string
	}{
		{"neither is there", absent, absent, domain.NotFound, "Namespace Not Found"},
		{"from a subgroup to nowhere", sub, absent, domain.NotFound, "Target namespace Not Found"},
		{"from a subgroup to itself", sub, sub, domain.Unprocessable, "Namespace must be a top-level namespace"},
		{"to a subgroup", acme, sub, domain.Unprocessable, "Target namespace must be a top-level namespace"},
		{"to itself, by another name", acme, billing.NamespaceRef{Path: "Acme"}, domain.Unprocessable, "Namespace and target must be different"},
	} {
		wantRefusal(t, m.name, c.MoveMinutesPacks(t.Context(), admin, m.from, m.to), m.kind, m.message)
	}
	if diff := cmp.Diff(map[string]source.NamespaceID{"a": 10, "b": 10}, c.packs(t, "a", "b")); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if err := c.MoveMinutesPacks(t.Context(), admin, acme, own); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]source.NamespaceID{"a": 202, "b": 202}, c.packs(t, "a", "b")); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}
