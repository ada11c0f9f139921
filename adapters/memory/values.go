package memory

import (
	"time"
)

// toInstant returns t as stores keep it: in UTC, to the microsecond.
func toInstant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// toDay returns the beginning of t's day in UTC; the zero time stays zero.
func toDay(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(24 * time.Hour)
}

// expired says whether now is at or after expiry; a zero expiry never comes.
func expired(expiry, now time.Time) bool { return !expiry.IsZero() && !now.Before(expiry) }

// latest returns the later of two times.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// valueOr returns what p points to, or otherwise if p is nil.
func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// copyOf returns a pointer to a copy of what p points to, so that the caller
// cannot change what is kept.
func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
