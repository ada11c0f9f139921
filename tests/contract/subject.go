package contract

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gatehouse/application/directory"
	"gatehouse/application/pushes"
	"gatehouse/bootstrap"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// Subject is the store that a case is about, with what cases say of it. A seed
// or a question that fails ends the case; a wrong answer does not.
type Subject struct {
	*testing.T
	bootstrap.Ports
}

// now is when cases ask, unless they are about time.
var now = world.Now

// apply puts a world in.
func (s Subject) apply(texts ...string) {
	s.Helper()
	world.Apply(s, s.Registries, texts...)
}

// unit runs do in a transaction that has to succeed.
func (s Subject) unit(do func(r directory.Registry)) {
	s.Helper()
	if err := s.Registries(s.Context(), func(r directory.Registry) error { do(r); return nil }); err != nil {
		s.Fatalf("unit of work: %v", err)
	}
}

// try runs do in a transaction and returns its error.
func (s Subject) try(do func(r directory.Registry) error) error {
	return s.Registries(s.Context(), do)
}

// question asks for a claim in the forms key-7, user-7, username-dede or
// nobody, and for a target by gl_repository or path.
func question(who, where string) source.Inquiry {
	q := source.Inquiry{Claim: claim(who), Now: now}
	if repository, ok := source.ParseRepositoryID(where); ok {
		q.Target.Repository = repository
	} else {
		q.Target.Path = source.Path(where)
	}
	return q
}

// claim is in the forms key-7, user-7, username-dede and nobody.
func claim(who string) identity.Claim {
	if who == "nobody" {
		return identity.Claim{}
	}
	return identity.ClaimIdentifier(who)
}

func user(name string) string { return "username-" + name }

// ask returns the standing.
func (s Subject) ask(q source.Inquiry) source.Standing {
	s.Helper()
	standing, err := s.Directory.Standing(s.Context(), q)
	if err != nil {
		s.Fatalf("Standing(%s, %s): %v", q.Claim, q.Target, err)
	}
	return standing
}

// standing returns the standing of who at where, now.
func (s Subject) standing(who, where string) source.Standing {
	s.Helper()
	return s.ask(question(who, where))
}

// found returns the number of the project at where; 0 if none is known.
func (s Subject) found(where string) source.ProjectID {
	s.Helper()
	return s.standing("nobody", where).Project.ID
}

// scene returns the scene of a push.
func (s Subject) scene(who, repository string, now time.Time) pushes.Scene {
	s.Helper()
	id, ok := source.ParseRepositoryID(repository)
	if !ok {
		s.Fatalf("%q is no repository", repository)
	}
	scene, err := s.Scenes.Scene(s.Context(), claim(who), id, now)
	if err != nil {
		s.Fatalf("Scene(%s, %s): %v", who, repository, err)
	}
	return scene
}

// actor returns who stands behind a claim.
func (s Subject) actor(who string) identity.Actor {
	s.Helper()
	actor, err := s.People.Actor(s.Context(), claim(who))
	if err != nil {
		s.Fatalf("Actor(%s): %v", who, err)
	}
	return actor
}

// list reads a thing back, as one line for each record.
func (s Subject) list(thing string, fields ...string) []string {
	s.Helper()
	return s.listAt(now, thing, fields...)
}

func (s Subject) listAt(now time.Time, thing string, fields ...string) []string {
	s.Helper()
	records, err := s.Inventory.List(s.Context(), thing, now)
	if err != nil {
		s.Fatalf("List(%s): %v", thing, err)
	}
	lines := make([]string, len(records))
	for i, record := range records {
		lines[i] = line(record, fields...)
	}
	return lines
}

// records reads a thing back.
func (s Subject) records(thing string) []directory.Record {
	s.Helper()
	records, err := s.Inventory.List(s.Context(), thing, now)
	s.fine("List", err)
	return records
}

// line writes the values of the named fields, of all if none is named.
func line(record directory.Record, fields ...string) string {
	out := ""
	for _, field := range record {
		if len(fields) == 0 || slices.Contains(fields, field.Name) {
			out += fmt.Sprintf(" %v", shown(field.Value))
		}
	}
	return out[min(1, len(out)):]
}

func shown(value any) any {
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

// same fails the case unless got is what is wanted. An empty list is as good
// as none: the ports promise no difference.
func (s Subject) same(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, equalities...); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

var equalities = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

// utc fails the case unless a time is in UTC.
func (s Subject) utc(at time.Time) {
	s.Helper()
	if at.Location() != time.UTC {
		s.Errorf("%v is not in UTC", at)
	}
}

// kind fails the case unless the error is of that kind.
func (s Subject) kind(what string, err error, want domain.Kind) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s: got error %v, want kind %q", what, err, want)
	}
}

// fine fails the case on an error.
func (s Subject) fine(what string, err error) {
	s.Helper()
	if err != nil {
		s.Errorf("%s: %v", what, err)
	}
}
