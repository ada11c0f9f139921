package gormstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// TestMigrate_deliveries migrates deliveries that a release without an order left: what
// was not begun waits for its turn, and the next one of each hook is released.
func TestMigrate_deliveries(t *testing.T) {
	t.Parallel()
	eachURL(t, migrateDeliveries)
}

func migrateDeliveries(t *testing.T, url string) {
	const before = 9
	ctx := t.Context()
	open := func() *gormstore.Store {
		t.Helper()
		s, err := gormstore.Open(ctx, url, 2, true, stores.Sealer("one"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	world.Apply(t, s.WorldImport, "groups: [{path: a}]\nprojects: [{id: 22, path: a/p}]\nhooks: [{id: 1, project: a/p, url: 'http://x'}]")
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := gormstore.MigrateDownTo(ctx, url, before); err != nil {
		t.Fatal(err)
	}
	old, err := gormstore.OpenAsIs(ctx, url, stores.Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	nul, err := gormstore.WriteEvent(hooks.Event{Change: source.Change{Ref: source.Ref{Kind: source.Branch, Name: "a\x00"}}, Project: source.Project{ID: 22}})
	if err != nil {
		t.Fatal(err)
	}
	finish := func(state string) string {
		if state == "completed" {
			return ", finalized_at"
		}
		return ""
	}
	for i, row := range []struct {
		event []byte
		state string
	}{
		{stored(t, "event.v1.json"), "available"}, {stored(t, "event.unversioned.json"), "scheduled"}, {stored(t, "event.v1.json"), "retryable"},
		{stored(t, "event.v1.json"), "running"}, {stored(t, "event.v1.json"), "completed"}, {nul, "available"},
	} {
		column := finish(row.state)
		for _, query := range []string{
			`INSERT INTO hook_deliveries (hook_id, event_id, key, event, created_at) VALUES (1, 'e', 'k', $1, '2026-03-10 12:00:00')`,
			fmt.Sprintf(`INSERT INTO river_job (kind, args, max_attempts, state%s) VALUES ('deliver_webhook', '{"subject": %d}', 25, '%s'%s)`,
				column, i+1, row.state, strings.Replace(column, "finalized_at", "CURRENT_TIMESTAMP", 1)),
		} {
			var args []any
			if strings.Contains(query, "$1") {
				args = append(args, row.event)
			}
			if _, err := old.Pool().ExecContext(ctx, query, args...); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := old.Close(ctx); err != nil {
		t.Fatal(err)
	}
	s = open()
	const states = "SELECT state || ' ' || queue FROM river_job ORDER BY id"
	want := []string{"pending webhooks", "pending webhooks", "retryable default", "running default", "completed default", "pending webhooks"}
	if diff := cmp.Diff(want, cells(t, s, states)); diff != "" {
		t.Errorf("jobs:\n%s", diff)
	}
	var project int64
	var ref []byte
	for id := 1; id <= 2; id++ {
		if err := s.Pool().QueryRowContext(ctx, "SELECT project_id, ref FROM hook_deliveries WHERE id = $1", id).Scan(&project, &ref); err != nil {
			t.Fatal(err)
		}
		if project != 22 || string(ref) != "refs/tags/ü\ufffd/\"x\"" {
			t.Errorf("delivery %d: got project %d, ref %q", id, project, ref)
		}
	}
	if err := s.Deliveries.Release(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if got := cells(t, s, states); got[0] != "available webhooks" || got[1] != "pending webhooks" {
		t.Errorf("released: got %q", got)
	}
	d, err := s.Deliveries.Delivery(ctx, 3)
	if err != nil || d.Turn != hooks.TurnLater {
		t.Errorf("the third one: got turn %d, %v", d.Turn, err)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := gormstore.MigrateDownTo(ctx, url, before); err != nil {
		t.Fatal(err)
	}
	old, err = gormstore.OpenAsIs(ctx, url, stores.Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	for i, state := range cells(t, old, states) {
		if state == "pending webhooks" || !strings.HasSuffix(state, " default") {
			t.Errorf("job %d after the way back: got %s", i+1, state)
		}
	}
	if err := old.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestDeliveries_plan lets many deliveries wait for the first one of their ref, and
// wants that finding the next one compares each with that alone, not all with each other.
func TestDeliveries_plan(t *testing.T) {
	t.Parallel()
	const waiting = 3000
	s := open(t, stores.PostgresURL(t))
	world.Apply(t, s.WorldImport, "groups: [{path: a}]\nprojects: [{id: 22, path: a/p}]\nhooks: [{id: 1, project: a/p, url: 'http://x'}]")
	for _, query := range []string{
		fmt.Sprintf(`INSERT INTO hook_deliveries (id, hook_id, project_id, ref, event_id, key, event, created_at)
			SELECT i, 1, 22, 'refs/heads/main', 'e', 'k', '{}', now() FROM generate_series(1, %d) i`, waiting),
		fmt.Sprintf(`INSERT INTO river_job (kind, args, max_attempts, state, queue)
			SELECT 'deliver_webhook', jsonb_build_object('subject', i), 25, CASE i WHEN 1 THEN 'retryable' ELSE 'pending' END::river_job_state, 'webhooks'
			FROM generate_series(1, %d) i`, waiting),
		"ANALYZE hook_deliveries", "ANALYZE river_job",
	} {
		if _, err := s.Pool().ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	postgresPlan(t, s, s.NextDeliveries(), []any{1, 1}).each(func(n planNode) {
		if n.Type == "Hash Join" {
			t.Errorf("all deliveries of the ref are compared with each other")
		}
	})
}
