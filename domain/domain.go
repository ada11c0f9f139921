// Package domain defines the kinds of failure and the refusals that all
// packages share.
package domain

import (
	"cmp"
	"fmt"
	"time"
)

// Kind says what the caller can do about a failure. It is itself an error, so
// errors.Is(err, domain.NotFound) sees it through any wrapping.
type Kind string

// The kinds of failure. A store returns the first two and Unavailable; a
// Refusal may carry any of them.
const (
	// NotFound: it does not exist, or the caller may not know that it does.
	NotFound Kind = "not found"
	// Conflict: the change contradicts what exists.
	Conflict Kind = "conflict"
	// Invalid: the request is malformed; repeating it will not help.
	Invalid Kind = "invalid"
	// Unauthenticated: the caller did not prove who they are.
	Unauthenticated Kind = "unauthenticated"
	// Forbidden: the caller is known and may not do this.
	Forbidden Kind = "forbidden"
	// Unprocessable: well-formed, allowed, and still not possible.
	Unprocessable Kind = "unprocessable"
	// TooMany: the caller asks too often; later it will work.
	TooMany Kind = "too many requests"
	// TooLarge: the request is bigger than we take.
	TooLarge Kind = "too large"
	// Unavailable: something we depend on is down or late; later it will work.
	Unavailable Kind = "unavailable"
)

// Kinds lists every Kind, so that a dialect can be checked for gaps.
var Kinds = []Kind{NotFound, Conflict, Invalid, Unauthenticated, Forbidden, Unprocessable, TooMany, TooLarge, Unavailable}

// Error makes a Kind an error.
func (k Kind) Error() string { return string(k) }

// Refusal is a failure written for the person at the other end. Its Message is
// the reason, in words that are part of the API: a dialect shows them as they
// stand, or behind the words that its callers expect for the Kind. A Refusal
// without a Message says no more than its Kind.
type Refusal struct {
	Kind    Kind
	Message string
}

// Error returns the message, or the kind if there is none.
func (r *Refusal) Error() string { return cmp.Or(r.Message, r.Kind.Error()) }

// Unwrap returns the kind, for errors.Is.
func (r *Refusal) Unwrap() error { return r.Kind }

// ErrModified refuses to delete a row that was changed after the moment that the caller
// names. Callers compare it by identity.
var ErrModified = Refuse(Conflict, "The row was changed meanwhile")

// CheckUnmodified returns ErrModified for a row that was changed in a later second than
// since, or nil; also for a zero since. A row without a moment of its last change counts
// from that of its creation, and one with neither as old.
func CheckUnmodified(since, updatedAt, createdAt time.Time) *Refusal {
	at := updatedAt
	if at.IsZero() {
		at = createdAt
	}
	if since.IsZero() || !at.Truncate(time.Second).After(since) {
		return nil
	}
	return ErrModified
}

// Because returns an error that wraps the refusal and its cause, in this order.
// The caller sees the refusal alone, the log both.
func (r *Refusal) Because(cause error) error { return fmt.Errorf("%w (%w)", r, cause) }

// Refuse makes a Refusal; its message is formatted as by fmt.Sprintf.
func Refuse(kind Kind, format string, args ...any) *Refusal {
	return &Refusal{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
