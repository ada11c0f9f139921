package provisioning_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/provisioning"
	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

func reconciliation(of source.NamespaceID) billing.Reconciliation {
	return billing.Reconciliation{Namespace: of, Next: dayOf(6, 1), AlertFrom: dayOf(5, 1)}
}

// recorder notes what is put, in its order.
type recorder struct {
	provisioning.Reconciliations
	put *[]source.NamespaceID
}

func (r recorder) Put(ctx context.Context, one billing.Reconciliation, now time.Time) error {
	*r.put = append(*r.put, one.Namespace)
	return r.Reconciliations.Put(ctx, one, now)
}

func recording(put *[]source.NamespaceID) func(*provisioning.BillingTx) {
	return func(l *provisioning.BillingTx) { l.Reconciliations = recorder{l.Reconciliations, put} }
}

func TestService_PutReconciliations(t *testing.T) {
	t.Parallel()
	dateless := billing.Reconciliation{Namespace: 202, Next: dayOf(6, 1)}
	for name, c := range map[string]struct {
		list     []billing.Reconciliation
		rejected billing.Rejections
		put      []source.NamespaceID
	}{
		"none": {},
		"in the order of the numbers": {
			list: []billing.Reconciliation{reconciliation(202), reconciliation(10), reconciliation(11)}, put: []source.NamespaceID{10, 11, 202},
		},
		"the others are kept": {
			list: []billing.Reconciliation{reconciliation(404), reconciliation(12), {}, dateless},
			rejected: billing.Rejections{
				{Namespace: 404, Messages: []string{"Namespace can't be blank"}},
				{Messages: []string{"Namespace can't be blank", "Next reconciliation date can't be blank", "Display alert from can't be blank"}},
				{Namespace: 202, Messages: []string{"Display alert from can't be blank"}},
			},
			put: []source.NamespaceID{12},
		},
		"a namespace twice": {
			list: []billing.Reconciliation{reconciliation(404), reconciliation(10), reconciliation(12), reconciliation(10)},
			rejected: billing.Rejections{
				{Namespace: 404, Messages: []string{"Namespace can't be blank"}},
				{Whole: true, Messages: []string{"a namespace is there twice"}},
			},
		},
		"twice, but once rejected": {
			list:     []billing.Reconciliation{reconciliation(202), dateless},
			rejected: billing.Rejections{{Namespace: 202, Messages: []string{"Display alert from can't be blank"}}},
			put:      []source.NamespaceID{202},
		},
	} {
		var put []source.NamespaceID
		err := newService(t, recording(&put)).PutReconciliations(t.Context(), admin, c.list)
		rejected, _ := errors.AsType[billing.Rejections](err)
		if diff := cmp.Diff(c.rejected, rejected); diff != "" || (err != nil) != (c.rejected != nil) {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
		if diff := cmp.Diff(c.put, put); diff != "" {
			t.Errorf("%s: what was put (-want +got):\n%s", name, diff)
		}
	}
}

// billingWithoutZero is a Billing that fails for a namespace without a number.
type billingWithoutZero struct {
	provisioning.Billing
	t *testing.T
}

func (b billingWithoutZero) Namespace(ctx context.Context, ref billing.NamespaceRef) (billing.Namespace, error) {
	if ref == (billing.NamespaceRef{}) {
		b.t.Error("the namespace without number or path was asked for")
	}
	return b.Billing.Namespace(ctx, ref)
}

func TestService_PutReconciliations_secondTry(t *testing.T) {
	t.Parallel()
	c := newService(t)
	err := retrying(c).PutReconciliations(t.Context(), admin, []billing.Reconciliation{reconciliation(404), reconciliation(10)})
	if rejected, _ := errors.AsType[billing.Rejections](err); len(rejected) != 1 {
		t.Errorf("got %v, want one rejection", err)
	}
	none := newService(t, changeBilling(func(b provisioning.Billing) provisioning.Billing { return billingWithoutZero{b, t} }))
	if err := none.PutReconciliations(t.Context(), admin, []billing.Reconciliation{reconciliation(0)}); err == nil || !strings.Contains(err.Error(), "Namespace can't be blank") {
		t.Errorf("got %v", err)
	}
}

func TestService_DeleteReconciliation(t *testing.T) {
	t.Parallel()
	c := newService(t)
	if err := c.PutReconciliations(t.Context(), admin, []billing.Reconciliation{reconciliation(10)}); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteReconciliation(t.Context(), admin, 10); err != nil {
		t.Error(err)
	}
	wantRefusal(t, "once more", c.DeleteReconciliation(t.Context(), admin, 10), domain.NotFound, "")
	wantRefusal(t, "no namespace", c.DeleteReconciliation(t.Context(), admin, 404), domain.NotFound, "")
}
