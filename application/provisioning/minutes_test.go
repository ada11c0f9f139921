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

const unsaved = "Unable to save additional packs"

func pack(xid string, minutes int32) billing.Pack {
	return billing.Pack{PurchaseXID: xid, NumberOfMinutes: minutes, ExpiresAt: on(12, 31)}
}

func packIn(namespace source.NamespaceID, xid string, minutes int32) billing.Pack {
	p := pack(xid, minutes)
	p.Namespace = namespace
	return p
}

// packs are the namespaces of the packs that are kept, by their purchase.
func (c *clerk) packs(t *testing.T, xids ...string) map[string]source.NamespaceID {
	t.Helper()
	found := map[string]source.NamespaceID{}
	err := c.store.Ledger()(t.Context(), func(l provisioning.Ledger) error {
		for _, xid := range xids {
			for _, of := range []source.NamespaceID{10, 12, 202} {
				if _, err := l.Packs.Pack(t.Context(), of, xid); err == nil {
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

func TestClerk_Purchase(t *testing.T) {
	t.Parallel()
	c := newClerk(t)
	for _, step := range []struct {
		name  string
		ref   billing.Ref
		packs []billing.Pack
		want  []billing.Pack
	}{
		{"nothing", acme, nil, nil},
		{"new ones", acme, []billing.Pack{pack("a", 1), pack("b", 2)}, []billing.Pack{packIn(10, "a", 1), packIn(10, "b", 2)}},
		{"once more, with other minutes", acme, []billing.Pack{pack("a", 7)}, []billing.Pack{packIn(10, "a", 1)}},
		{"once more, with none that could be kept", acme, []billing.Pack{pack("a", -1)}, []billing.Pack{packIn(10, "a", 1)}},
		{"twice at once", acme, []billing.Pack{pack("c", 3), pack("c", 4)}, []billing.Pack{packIn(10, "c", 3), packIn(10, "c", 3)}},
		{"under another namespace's number", other, []billing.Pack{packIn(10, "d", 1)}, []billing.Pack{packIn(12, "d", 1)}},
		{"a person's", own, []billing.Pack{pack("e", 1)}, []billing.Pack{packIn(202, "e", 1)}},
	} {
		got, err := c.Purchase(t.Context(), step.ref, step.packs)
		if diff := cmp.Diff(step.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", step.name, err, diff)
		}
	}
}

func TestClerk_Purchase_refuses(t *testing.T) {
	t.Parallel()
	c := newClerk(t)
	if _, err := c.Purchase(t.Context(), other, []billing.Pack{pack("theirs", 1)}); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		ref     billing.Ref
		packs   []billing.Pack
		kind    domain.Kind
		message string
	}{
		"no namespace, a bad pack": {absent, []billing.Pack{pack("a", -1)}, domain.NotFound, "Namespace Not Found"},
		"a subgroup, a bad pack":   {sub, []billing.Pack{pack("a", -1)}, domain.Unprocessable, "Namespace must be a top-level namespace"},
		"a bad pack behind a good": {acme, []billing.Pack{pack("a", 1), pack("b", -1)}, domain.Unprocessable, unsaved},
		"another one's purchase":   {acme, []billing.Pack{pack("a", 1), pack("theirs", 1)}, domain.Unprocessable, unsaved},
	} {
		_, err := c.Purchase(t.Context(), r.ref, r.packs)
		wantRefusal(t, name, err, r.kind, r.message)
	}
	if diff := cmp.Diff(map[string]source.NamespaceID{"theirs": 12}, c.packs(t, "a", "b", "theirs")); diff != "" {
		t.Errorf("what was kept (-want +got):\n%s", diff)
	}
}

// racedPacks are packs to which another request adds the same purchase first.
type racedPacks struct {
	provisioning.Packs
	in source.NamespaceID
}

func (p racedPacks) AddPack(ctx context.Context, added billing.Pack) error {
	if err := p.Packs.AddPack(ctx, packIn(p.in, added.PurchaseXID, 77)); err != nil {
		return err
	}
	return p.Packs.AddPack(ctx, added)
}

func TestClerk_Purchase_race(t *testing.T) {
	t.Parallel()
	raced := func(in source.NamespaceID) func(*provisioning.Ledger) {
		return func(l *provisioning.Ledger) { l.Packs = racedPacks{l.Packs, in} }
	}
	got, err := newClerk(t, raced(10)).Purchase(t.Context(), acme, []billing.Pack{pack("a", 1)})
	if diff := cmp.Diff([]billing.Pack{packIn(10, "a", 77)}, got); diff != "" || err != nil {
		t.Errorf("by the same request: %v (-want +got):\n%s", err, diff)
	}
	_, err = newClerk(t, raced(12)).Purchase(t.Context(), acme, []billing.Pack{pack("a", 1)})
	wantRefusal(t, "for another namespace", err, domain.Unprocessable, unsaved)
}

// twice runs each unit of work twice, as after a serialization failure.
func twice(c *clerk) *provisioning.Clerk {
	inner := c.store.Ledger()
	again := errors.New("serialization failure")
	work := func(ctx context.Context, do func(provisioning.Ledger) error) error {
		_ = inner(ctx, func(l provisioning.Ledger) error {
			_ = do(l)
			return again
		})
		return inner(ctx, do)
	}
	return provisioning.New(c.store.Books(), work, provisioning.Rules{Plans: plans}, func() time.Time { return world.Now })
}

func TestClerk_Purchase_secondTry(t *testing.T) {
	t.Parallel()
	got, err := twice(newClerk(t)).Purchase(t.Context(), acme, []billing.Pack{pack("a", 1)})
	if diff := cmp.Diff([]billing.Pack{packIn(10, "a", 1)}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestClerk_Move(t *testing.T) {
	t.Parallel()
	c := newClerk(t)
	if _, err := c.Purchase(t.Context(), acme, []billing.Pack{pack("a", 1), pack("b", 1)}); err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		name     string
		from, to billing.Ref
		kind     domain.Kind
		message  string
	}{
		{"neither is there", absent, absent, domain.NotFound, "Namespace Not Found"},
		{"from a subgroup to nowhere", sub, absent, domain.NotFound, "Target namespace Not Found"},
		{"from a subgroup to itself", sub, sub, domain.Unprocessable, "Namespace must be a top-level namespace"},
		{"to a subgroup", acme, sub, domain.Unprocessable, "Target namespace must be a top-level namespace"},
		{"to itself, by another name", acme, billing.Ref{Path: "Acme"}, domain.Unprocessable, "Namespace and target must be different"},
	} {
		wantRefusal(t, m.name, c.Move(t.Context(), m.from, m.to), m.kind, m.message)
	}
	if diff := cmp.Diff(map[string]source.NamespaceID{"a": 10, "b": 10}, c.packs(t, "a", "b")); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if err := c.Move(t.Context(), acme, own); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]source.NamespaceID{"a": 202, "b": 202}, c.packs(t, "a", "b")); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}
