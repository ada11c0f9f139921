package provisioning

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// PutReconciliations announces reconciliations. Those that cannot be kept come
// back as billing.Rejections, and the others are kept all the same: so does
// GitLab. If two are for one namespace, none is kept.
func (s *Service) PutReconciliations(ctx context.Context, by audit.Cause, list []billing.Reconciliation) error {
	var rejected billing.Rejections
	err := s.write(ctx, func(ctx context.Context, tx BillingTx) error {
		var valid []billing.Reconciliation
		valid, rejected = nil, nil // this may be the second try
		for _, r := range list {
			problems, err := checkReconciliation(ctx, tx.Billing, r)
			switch {
			case err != nil:
				return err
			case problems != nil:
				rejected = append(rejected, billing.Rejection{Namespace: r.Namespace, Messages: problems})
			default:
				valid = append(valid, r)
			}
		}
		if hasDuplicate(valid) {
			rejected = append(rejected, billing.Rejection{Whole: true, Messages: []string{"a namespace is there twice"}})
			return rejected
		}
		// In one order, so that two requests do not wait for each other.
		slices.SortFunc(valid, func(a, b billing.Reconciliation) int { return cmp.Compare(a.Namespace, b.Namespace) })
		for _, r := range valid {
			if err := s.putReconciliation(ctx, tx, by, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && rejected != nil {
		return rejected
	}
	return err
}

func (s *Service) putReconciliation(ctx context.Context, tx BillingTx, by audit.Cause, r billing.Reconciliation) error {
	var before audit.Values
	switch old, err := tx.Reconciliations.Lock(ctx, r.Namespace); {
	case err == nil:
		before = reconciliationValues(old)
	case !errors.Is(err, domain.NotFound):
		return err
	}
	if err := tx.Reconciliations.Put(ctx, r, s.now()); err != nil {
		return err
	}
	return s.recordReconciliation(ctx, tx, by, r.Namespace, before, reconciliationValues(r))
}

func (s *Service) recordReconciliation(ctx context.Context, tx BillingTx, by audit.Cause, of source.NamespaceID, before, after audit.Values) error {
	n, err := tx.Billing.Namespace(ctx, billing.NamespaceRef{ID: of})
	if err != nil {
		return err
	}
	return s.record(ctx, tx, by, n, before, after, only(auditedReconciliation, n))
}

// checkReconciliation returns what is wrong with a reconciliation.
func checkReconciliation(ctx context.Context, store Billing, r billing.Reconciliation) (problems []string, err error) {
	err = domain.NotFound // no namespace has the number 0
	if r.Namespace != 0 {
		_, err = store.Namespace(ctx, billing.NamespaceRef{ID: r.Namespace})
	}
	switch {
	case errors.Is(err, domain.NotFound):
		problems = append(problems, "Namespace can't be blank")
	case err != nil:
		return nil, err
	}
	return append(problems, r.CheckDates()...), nil
}

func hasDuplicate(list []billing.Reconciliation) bool {
	seen := map[source.NamespaceID]bool{}
	for _, r := range list {
		if seen[r.Namespace] {
			return true
		}
		seen[r.Namespace] = true
	}
	return false
}

// DeleteReconciliation takes the reconciliation of a namespace back, or returns
// a Refusal if there is none.
func (s *Service) DeleteReconciliation(ctx context.Context, by audit.Cause, of source.NamespaceID) error {
	return s.write(ctx, func(ctx context.Context, tx BillingTx) error {
		old, err := tx.Reconciliations.Lock(ctx, of)
		if err == nil {
			err = tx.Reconciliations.Remove(ctx, of)
		}
		switch {
		case errors.Is(err, domain.NotFound):
			return &domain.Refusal{Kind: domain.NotFound}
		case err != nil:
			return err
		}
		return s.recordReconciliation(ctx, tx, by, of, reconciliationValues(old), nil)
	})
}

// NamespaceID returns the number of a namespace, or a Refusal.
func (s *Service) NamespaceID(ctx context.Context, ref billing.NamespaceRef) (source.NamespaceID, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	n, err := find(ctx, s.billing, ref, "Namespace")
	return n.ID, unavailable(err)
}
