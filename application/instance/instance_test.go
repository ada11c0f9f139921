package instance_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application/instance"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// log is an audit log that tells of each event.
type log struct {
	instance.AuditLog
	events *[]audit.Event
}

// Append implements instance.AuditLog.
func (l log) Append(ctx context.Context, events ...audit.Event) error {
	*l.events = append(*l.events, events...)
	return l.AuditLog.Append(ctx, events...)
}

func TestService(t *testing.T) {
	t.Parallel()
	store := memory.New()
	var events []audit.Event
	service := instance.New(func(ctx context.Context, do func(instance.Tx) error) error {
		return store.SettingChanges(ctx, func(tx instance.Tx) error {
			tx.Audit = log{tx.Audit, &events}
			return do(tx)
		})
	}, store.Settings, world.Clock)
	admin := rights.Caller{
		Account: identity.Account{User: identity.User{ID: 1, Username: "root", State: identity.Active, Admin: true}},
		Cause:   audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: 1, Username: "root"}, CorrelationID: "c1"},
	}
	change := func(s *instance.Settings) {
		s.DefaultBranchProtection = new(source.DevelopersMerge)
		s.Remembered = s.Remembered.With(remembered.Values{"gravatar_enabled": false})
	}
	want := instance.Settings{DefaultBranchProtection: new(source.DevelopersMerge), Remembered: remembered.Values{"gravatar_enabled": false}}
	for range 2 { // the second time nothing changes
		got, err := service.Change(t.Context(), admin, change)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Change (-want +got):\n%s%v", diff, err)
		}
	}
	if got, err := service.Show(t.Context(), admin); !cmp.Equal(got, want) || err != nil {
		t.Errorf("Show: got %+v, %v", got, err)
	}
	object := audit.Object{Kind: audit.Instance}
	event := audit.Event{
		At: world.Now, CorrelationID: "c1", Actor: admin.Cause.Actor, Action: "instance.update", Verb: audit.Update, Outcome: audit.Done, Entity: object, Target: object,
		Before: audit.Values{"default_branch_protection": nil, "gravatar_enabled": nil},
		After:  audit.Values{"default_branch_protection": int64(source.DevelopersMerge), "gravatar_enabled": false},
	}
	if diff := cmp.Diff([]audit.Event{event}, events); diff != "" {
		t.Errorf("audit events (-want +got):\n%s", diff)
	}
	if _, err := service.Change(t.Context(), admin, func(s *instance.Settings) { s.DefaultBranchProtection = new(source.BranchProtection(5)) }); !errors.Is(err, domain.Invalid) {
		t.Errorf("a level that there is not: got %v, want invalid", err)
	}
	user := admin
	user.Admin = false
	if _, err := service.Show(t.Context(), user); !errors.Is(err, domain.Forbidden) {
		t.Errorf("Show to a user: got %v, want forbidden", err)
	}
	if _, err := service.Change(t.Context(), user, func(*instance.Settings) { t.Error("a user changes settings") }); !errors.Is(err, domain.Forbidden) {
		t.Errorf("Change by a user: got %v, want forbidden", err)
	}
}
