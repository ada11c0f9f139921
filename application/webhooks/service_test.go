package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/inventory"
	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/application/webhooks"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const hookWorld = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 2, username: own}
  - {id: 3, username: main}
  - {id: 4, username: dev}
  - {id: 5, username: plain}
groups: [{id: 11, path: acme}]
projects: [{id: 60, path: acme/cli}]
members:
  - {user: own, group: acme, role: owner}
  - {user: main, group: acme, role: maintainer}
  - {user: dev, group: acme, role: developer}
`

var (
	acme = rights.Ref{Kind: rights.Group, ID: 11}
	cli  = rights.Ref{Kind: rights.Project, Path: "acme/cli"}
)

// as returns the caller who is the user of that number; 0 is a stranger.
func as(id identity.UserID) rights.Caller {
	account := identity.Account{User: identity.User{ID: id, Admin: id == 1}}
	return rights.Caller{Account: account, Cause: audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: id}}}
}

// fixture is a Service over a store with hookWorld. Its dispatcher sends by fakePorts.
type fixture struct {
	*webhooks.Service
	store  *memory.Store
	sender *fakePorts
	now    time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{store: memory.New(), sender: &fakePorts{status: 200}, now: now}
	clock := func() time.Time { return f.now }
	dispatcher := webhooks.New(f.store.Deliveries, f.sender, webhooks.Rules{Pause: time.Minute, NewID: func() string { return "id" }}, clock)
	f.Service = webhooks.NewService(f.store.HookUnitOfWork, f.store.HookRecords, f.store.Deliveries, f.store.Standings, receivers{}, dispatcher, nil, clock)
	world.Apply(t, f.store.WorldImport, hookWorld)
	return f
}

// receivers refuses one host.
type receivers struct{}

func (receivers) CheckTarget(url string) error {
	if strings.Contains(url, "//local") {
		return errors.New("it is not public")
	}
	return nil
}

func (f *fixture) add(t *testing.T, change hooks.Change) hooks.HookID {
	t.Helper()
	view, err := f.Add(t.Context(), as(1), cli, change)
	if err != nil {
		t.Fatal(err)
	}
	return view.ID
}

// auditLines returns the audit events of hooks: action, before and after.
func (f *fixture) auditLines(t *testing.T) (lines []string) {
	t.Helper()
	events, err := inventory.Collect(f.store.Records.AuditEvents(t.Context(), inventory.AuditFilter{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events {
		line := map[string]any{}
		for _, field := range event {
			line[field.Name] = field.Value
		}
		if line["target_kind"] == "hook" {
			lines = append(lines, fmt.Sprint(line["action"], " ", line["before"], " ", line["after"]))
		}
	}
	return lines
}

func kindOf(err error) domain.Kind {
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok {
		return refusal.Kind
	}
	return ""
}

func TestService_rights(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	url := new("https://ci.example.com")
	for name, c := range map[string]struct {
		on   rights.Ref
		want map[identity.UserID]domain.Kind
	}{
		"project": {cli, map[identity.UserID]domain.Kind{0: domain.Unauthenticated, 1: "", 2: "", 3: "", 4: domain.Forbidden, 5: domain.NotFound}},
		"group":   {acme, map[identity.UserID]domain.Kind{0: domain.Unauthenticated, 1: "", 2: "", 3: domain.Forbidden, 4: domain.Forbidden, 5: domain.NotFound}},
	} {
		kept, err := f.Add(t.Context(), as(1), c.on, hooks.Change{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		for user, want := range c.want {
			added, addErr := f.Add(t.Context(), as(user), c.on, hooks.Change{URL: url})
			for call, err := range map[string]error{
				"Add":    addErr,
				"List":   second(f.List(t.Context(), as(user), c.on, application.Page{Order: "id", Size: 1})),
				"Show":   second(f.Show(t.Context(), as(user), c.on, kept.ID)),
				"Update": second(f.Update(t.Context(), as(user), c.on, kept.ID, noChange)),
				"Test":   f.Test(t.Context(), as(user), c.on, kept.ID, source.Branch),
			} {
				if got := kindOf(err); got != want {
					t.Errorf("%s, user %d: %s: got %v, want %q", name, user, call, err, want)
				}
			}
			if got := kindOf(f.Remove(t.Context(), as(user), c.on, max(added.ID, 1), time.Time{})); got != want {
				t.Errorf("%s, user %d: Remove: got %q, want %q", name, user, got, want)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func noChange(hooks.Hook) (hooks.Change, error) { return hooks.Change{}, nil }

func TestService_audit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	secret := []hooks.KeyValue{{Key: "X-Key", Value: "sesame-1"}}
	id := f.add(t, hooks.Change{URL: new("https://bot:sesame-2@ci.example.com/?k=sesame-3"), Token: new("sesame-4"), Headers: &secret})
	update := func(c hooks.Change) {
		t.Helper()
		if _, err := f.Update(t.Context(), as(2), cli, id, func(hooks.Hook) (hooks.Change, error) { return c, nil }); err != nil {
			t.Fatal(err)
		}
	}
	update(hooks.Change{Token: new("sesame-4")}) // as it is
	update(hooks.Change{Token: new("sesame-5")})
	update(hooks.Change{Rest: func(h *hooks.Hook) { h.TagPush = true }})
	update(hooks.Change{URL: new("https://bot:sesame-6@ci.example.com/?k=sesame-3")})
	if err := f.Remove(t.Context(), as(2), cli, id, time.Time{}); err != nil {
		t.Fatal(err)
	}
	got := f.auditLines(t)
	if text := fmt.Sprint(got); strings.Contains(text, "sesame") {
		t.Errorf("the audit log has a secret: %s", text)
	}
	if diff := cmp.Diff([]string{"[{token ***}] [{token ***}]", "[{tag_push_events false}] [{tag_push_events true}]"}, changesOf(got)[:2]); len(got) != 5 || diff != "" {
		t.Errorf("got %q\n%s", got, diff)
	}
	if last := got[3]; !strings.Contains(last, "{token ***}") || !strings.Contains(last, "{url ***}") || !strings.Contains(last, "{custom_headers [X-Key]}") {
		t.Errorf("another URL: got %s", last)
	}
}

// changesOf returns what the updates among the events changed.
func changesOf(events []string) (out []string) {
	for _, event := range events {
		if change, ok := strings.CutPrefix(event, "hook.update "); ok {
			out = append(out, change)
		}
	}
	return out
}

func TestService_refusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.add(t, hooks.Change{URL: new("https://ci.example.com")})
	for name, c := range map[string]struct{ got, want error }{
		"a local receiver":     {second(f.Add(t.Context(), as(1), cli, hooks.Change{URL: new("https://local")})), hooks.ErrURL},
		"no URL":               {second(f.Add(t.Context(), as(1), cli, hooks.Change{})), hooks.ErrURL},
		"a local one later":    {second(f.Update(t.Context(), as(1), cli, id, func(hooks.Hook) (hooks.Change, error) { return hooks.Change{URL: new("https://local")}, nil })), hooks.ErrURL},
		"a hook of a project":  {second(f.Show(t.Context(), as(1), acme, id)), domain.NotFound},
		"no hook":              {f.Remove(t.Context(), as(1), cli, 404, time.Time{}), domain.NotFound},
		"changed since":        {f.Remove(t.Context(), as(1), cli, id, now.Add(-time.Hour)), domain.ErrModified},
		"no delivery":          {second(f.Resend(t.Context(), as(1), cli, id, 404)), domain.NotFound},
		"a test of no hook":    {f.Test(t.Context(), as(1), cli, 404, source.Branch), domain.NotFound},
		"deliveries of a hook": {third(f.Undelivered(t.Context(), as(1), acme, id, application.Page{Size: 1})), domain.NotFound},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want)
		}
	}
	f.sender.status = 503
	if err := f.Test(t.Context(), as(1), cli, id, source.Tag); kindOf(err) != domain.Unprocessable || !strings.Contains(err.Error(), "503") {
		t.Errorf("a receiver that refuses: got %v", err)
	}
	if f.sender.sent[0].Event.Change.Ref.Kind != source.Tag {
		t.Errorf("a test of tags has sent %v", f.sender.sent[0].Event.Change.Ref)
	}
}

func third[T, U any](_ T, _ U, err error) error { return err }

func TestService_Resend(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.add(t, hooks.Change{URL: new("https://ci.example.com")})
	number := f.push(t, id)
	_, found, err := f.Undelivered(t.Context(), as(1), cli, id, application.Page{Order: "id", Size: 5})
	if err != nil || len(found.Items) != 1 || found.Items[0].ID != number || found.Items[0].GivenUp {
		t.Fatalf("before: got %+v, %v", found, err)
	}
	if status, err := f.Resend(t.Context(), as(1), cli, id, number); status != 200 || err != nil {
		t.Errorf("Resend: got %d, %v", status, err)
	}
	if _, found, err = f.Undelivered(t.Context(), as(1), cli, id, application.Page{Order: "id", Size: 5}); err != nil || len(found.Items) != 0 {
		t.Errorf("after: got %+v, %v", found, err)
	}
}

// push keeps a delivery of a push to a hook, and returns its number.
func (f *fixture) push(t *testing.T, id hooks.HookID) int64 {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if err := f.store.Recorder.Record(ctx, pushes.Push{Repository: "project-60", ReceivedAt: now}); err != nil {
		t.Fatal(err)
	}
	update := postreceive.ProjectUpdate{Project: 60, ActiveAt: now, PerHook: 1, Deliveries: []hooks.Delivery{{Hook: hooks.Hook{ID: id}, EventID: "e", Key: "k"}}}
	if err := f.store.Pushes.Complete(ctx, 1, update, now); err != nil {
		t.Fatal(err)
	}
	_, found, err := f.Undelivered(ctx, as(1), cli, id, application.Page{Order: "id", Size: 1})
	if err != nil || len(found.Items) == 0 {
		t.Fatalf("no delivery: %v", err)
	}
	return found.Items[0].ID
}
