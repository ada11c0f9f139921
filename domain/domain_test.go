package domain_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gatehouse/domain"
)

func TestRefusal_Error(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]*domain.Refusal{
		"Namespace Not Found": domain.Refuse(domain.NotFound, "%s Not Found", "Namespace"),
		"not found":           {Kind: domain.NotFound},
	} {
		if r.Error() != want || !errors.Is(r, domain.NotFound) {
			t.Errorf("got %q of kind %q, want %q", r, r.Kind, want)
		}
	}
}

func TestCheckUnmodified(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 12, 0, 0, 5e8, time.UTC)
	second := at.Truncate(time.Second)
	for name, c := range map[string]struct {
		since, updated, created time.Time
		want                    *domain.Refusal
	}{
		"no condition":                {time.Time{}, at, at, nil},
		"changed before":              {at.Add(time.Minute), at, time.Time{}, nil},
		"changed in that second":      {second, at, time.Time{}, nil},
		"changed later":               {second.Add(-time.Second), at, time.Time{}, domain.ErrModified},
		"created before, changed":     {second.Add(-time.Second), at, at.Add(-time.Hour), domain.ErrModified},
		"created later, not changed":  {second.Add(-time.Second), time.Time{}, at, domain.ErrModified},
		"created before, not changed": {second, time.Time{}, at, nil},
		"of unknown age":              {second, time.Time{}, time.Time{}, nil},
	} {
		if got := domain.CheckUnmodified(c.since, c.updated, c.created); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestRefusal_Because(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	refusal := domain.Refuse(domain.Unavailable, "Try again later.")
	for name, c := range map[string]struct {
		cause error
		text  string
		in    []error
	}{
		"a foreign error": {cause, "Try again later. (connection refused)", []error{cause}},
		"a wrapped error": {fmt.Errorf("project: %w", cause), "Try again later. (project: connection refused)", []error{cause}},
		"a kind":          {domain.NotFound, "Try again later. (not found)", []error{domain.NotFound}},
		"a timeout":       {context.DeadlineExceeded, "Try again later. (context deadline exceeded)", []error{context.DeadlineExceeded}},
		"another refusal": {domain.Refuse(domain.Conflict, "Taken."), "Try again later. (Taken.)", []error{domain.Conflict}},
	} {
		got := fmt.Errorf("key: %w", refusal.Because(c.cause))
		if want := "key: " + c.text; got.Error() != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if found, ok := errors.AsType[*domain.Refusal](got); !ok || found != refusal {
			t.Errorf("%s: got the refusal %v", name, found)
		}
		for _, want := range append(c.in, domain.Unavailable, refusal, c.cause) {
			if !errors.Is(got, want) {
				t.Errorf("%s: %v is not in the chain", name, want)
			}
		}
	}
}
