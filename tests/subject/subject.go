// Package subject is a store under test, with functions that read it and functions
// that compare the results.
package subject

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gatehouse/application/credentials"
	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// Subject is the store under test. A failing import or read ends the case, a wrong
// result does not.
type Subject struct {
	*testing.T
	bootstrap.Ports
}

// Apply puts worlds into the store.
func (s Subject) Apply(texts ...string) {
	s.Helper()
	world.Apply(s, s.WorldImport, texts...)
}

// Unit runs do in a transaction that has to succeed.
func (s Subject) Unit(do func(tx worldimport.Tx)) {
	s.Helper()
	if err := s.WorldImport(s.Context(), func(tx worldimport.Tx) error { do(tx); return nil }); err != nil {
		s.Fatalf("unit of work: %v", err)
	}
}

// Try runs do in a transaction and returns its error.
func (s Subject) Try(do func(tx worldimport.Tx) error) error {
	return s.WorldImport(s.Context(), do)
}

// Inquiry is an inquiry about a claim in the form of Claim, and a target by
// gl_repository or path, at world.Now.
func Inquiry(who, where string) source.Inquiry {
	q := source.Inquiry{Claim: Claim(who), Now: world.Now}
	if repository, ok := source.ParseRepositoryID(where); ok {
		q.Target.Repository = repository
	} else {
		q.Target.Path = source.Path(where)
	}
	return q
}

// Claim reads the forms key-7, user-7, username-dede and "nobody".
func Claim(who string) identity.Claim {
	if who == "nobody" {
		return identity.Claim{}
	}
	return identity.ClaimIdentifier(who)
}

// Ask returns the standing that answers q.
func (s Subject) Ask(q source.Inquiry) source.Standing {
	s.Helper()
	standing, err := s.Directory.Standing(s.Context(), q)
	if err != nil {
		s.Fatalf("Standing(%s, %s): %v", q.Claim, q.Target, err)
	}
	return standing
}

// Standing returns the standing of who at where, at world.Now.
func (s Subject) Standing(who, where string) source.Standing {
	s.Helper()
	return s.Ask(Inquiry(who, where))
}

// HasOTPSession asks whether an actor has a session of a second factor at a moment.
func (s Subject) HasOTPSession(who, where string, at time.Time) bool {
	s.Helper()
	q := Inquiry(who, where)
	q.OTP, q.Now = true, at
	return s.Ask(q).OTPSession
}

// Actor returns the user and the key that a claim names.
func (s Subject) Actor(who string) identity.Actor {
	s.Helper()
	actor, err := s.Actors.Actor(s.Context(), Claim(who))
	if err != nil {
		s.Fatalf("Actor(%s): %v", who, err)
	}
	return actor
}

// Account returns the account of a claim.
func (s Subject) Account(who string) credentials.Account {
	s.Helper()
	h, err := s.Accounts.Account(s.Context(), Claim(who))
	s.Fine("Account", err)
	return h
}

// UpdateFactor changes the second factor of a user, without a session.
func (s Subject) UpdateFactor(user identity.UserID, change func(identity.TwoFactor) identity.TwoFactor) error {
	return s.Accounts.UpdateTwoFactor(s.Context(), user, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
		return change(f), nil
	})
}

// OpenSession opens the OTP session of a user's key.
func (s Subject) OpenSession(user identity.UserID, key identity.KeyID, until time.Time) {
	s.Helper()
	s.Fine("UpdateFactor", s.Accounts.UpdateTwoFactor(s.Context(), user, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
		return f, &identity.OTPSession{User: user, Key: key, ExpiresAt: until}
	}))
}

// List reads a thing back at world.Now, one line a record, with the values of
// the named fields, or of all.
func (s Subject) List(thing string, fields ...string) []string {
	s.Helper()
	return s.ListAt(world.Now, thing, fields...)
}

// ListAt is List at another moment.
func (s Subject) ListAt(now time.Time, thing string, fields ...string) []string {
	s.Helper()
	records := s.ReadAt(now, thing)
	lines := make([]string, len(records))
	for i, record := range records {
		lines[i] = Line(record, fields...)
	}
	return lines
}

// Read returns the records of a thing at world.Now.
func (s Subject) Read(thing string) []inventory.Record {
	s.Helper()
	return s.ReadAt(world.Now, thing)
}

// ReadAt is Read at another moment.
func (s Subject) ReadAt(now time.Time, thing string) []inventory.Record {
	s.Helper()
	records, err := s.Inventory.List(s.Context(), thing, now)
	if err != nil {
		s.Fatalf("List(%s): %v", thing, err)
	}
	return records
}

// Line writes the values of the named fields of a record, or of all.
func Line(record inventory.Record, fields ...string) string {
	out := ""
	for _, field := range record {
		if len(fields) == 0 || slices.Contains(fields, field.Name) {
			out += fmt.Sprintf(" %v", visible(field.Value))
		}
	}
	return out[min(1, len(out)):]
}

// visible returns a value as text that shows empty values too.
func visible(value any) any {
	switch value := value.(type) {
	case nil:
		return "-"
	case time.Time:
		return value.Format(time.RFC3339Nano)
	case string:
		if value == "" {
			return `""`
		}
	}
	return value
}

// Same fails the case unless got equals want. An empty list equals none.
func (s Subject) Same(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, equalities...); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

var equalities = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

// UTC fails the case unless a time is in UTC.
func (s Subject) UTC(at time.Time) {
	s.Helper()
	if at.Location() != time.UTC {
		s.Errorf("%v is not in UTC", at)
	}
}

// Kind fails the case unless the error is of that kind.
func (s Subject) Kind(what string, err error, want domain.Kind) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s: got error %v, want kind %q", what, err, want)
	}
}

// Fine fails the case on an error.
func (s Subject) Fine(what string, err error) {
	s.Helper()
	if err != nil {
		s.Errorf("%s: %v", what, err)
	}
}

// Refused fails the case unless err is a Refusal of that kind whose message
// contains all the words.
func (s Subject) Refused(what string, err error, kind domain.Kind, words ...string) {
	s.Helper()
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok || refusal.Kind != kind {
		s.Errorf("%s: got %v, want a refusal of kind %q", what, err, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(refusal.Message, w) {
			s.Errorf("%s: got %q, want %q in it", what, refusal.Message, w)
		}
	}
}

// Goroutines is the number of goroutines that Concurrently starts.
const Goroutines = 8

// Rounds is how often each of them usually repeats its work.
const Rounds = 15

// Concurrently runs do in several goroutines, each with its number, and waits.
func Concurrently(do func(me int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for me := range Goroutines {
		all.Go(func() {
			<-start
			do(me)
		})
	}
	close(start)
	all.Wait()
}

// SwapCase returns a text with every ASCII letter in the other case.
func SwapCase(text string) string {
	out := []byte(text)
	for i, c := range out {
		if 'a' <= c|0x20 && c|0x20 <= 'z' {
			out[i] = c ^ 0x20
		}
	}
	return string(out)
}
