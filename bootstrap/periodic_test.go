package bootstrap

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/memory"
	"gatehouse/application/postreceive"
	"gatehouse/application/provisioning"
	"gatehouse/application/pushes"
	"gatehouse/application/retention"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/tests/world"
)

func TestRefreshSeats_log(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.InfoLevel)
	ctx, cancel := context.WithCancel(t.Context())
	refresh := refreshSeats(func(context.Context) (provisioning.SeatRefresh, error) {
		return provisioning.SeatRefresh{Counted: 3, Changed: 1}, errors.New("one of four")
	}, zap.New(core))
	refresh(ctx)
	cancel()
	refresh(ctx) // an interruption is no failure
	if lines := logged.FilterLevelExact(zap.ErrorLevel).All(); len(lines) != 1 || lines[0].ContextMap()["error"] != "one of four" {
		t.Errorf("got errors %v, want that of the first time", lines)
	}
	if lines := logged.FilterMessage("seats refreshed").All(); len(lines) != 2 || lines[0].ContextMap()["subscriptions"] != int64(3) || lines[0].ContextMap()["changed"] != int64(1) {
		t.Errorf("got %v, want the numbers both times", lines)
	}
}

func TestRemoveOldRecords_log(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		removed       retention.Removed
		err           error
		errors, lines int
	}{
		"nothing": {},
		"some":    {retention.Removed{Pushes: 1, AuditEvents: 2, Deliveries: 3, Jobs: 4}, nil, 0, 1},
		"failure": {retention.Removed{Pushes: 1, AuditEvents: 2, Deliveries: 3, Jobs: 4}, errors.New("the disk is full"), 1, 1},
	} {
		core, logged := observer.New(zap.InfoLevel)
		removeOldRecords(func(context.Context) (retention.Removed, error) { return c.removed, c.err }, zap.New(core))(t.Context())
		lines := logged.FilterMessage("old records removed").All()
		if failures := logged.FilterLevelExact(zap.ErrorLevel).Len(); failures != c.errors || len(lines) != c.lines {
			t.Errorf("%s: got %v", name, logged.All())
		}
		for _, line := range lines {
			if got := line.ContextMap(); got["pushes"] != int64(1) || got["audit_events"] != int64(2) || got["deliveries"] != int64(3) || got["jobs"] != int64(4) {
				t.Errorf("%s: got %v", name, got)
			}
		}
	}
}

// TestRetention_defaults wants that a server removes nothing by itself but events that
// were given up.
func TestRetention_defaults(t *testing.T) {
	t.Parallel()
	now, elapsed := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC), time.Duration(0)
	ports := MemoryPorts(memory.New())
	world.Apply(t, ports.WorldImport, "groups: [{path: a}]\nprojects: [{id: 1, path: a/p}]\nhooks: [{id: 2, project: a/p, url: \"https://ci.example.com\"}]")
	add := func(at time.Time) {
		t.Helper()
		err := errors.Join(
			ports.AuditLog.Append(t.Context(), audit.Event{At: at}),
			ports.Recorder.Record(t.Context(), pushes.Push{Repository: "project-1", ReceivedAt: at}),
		)
		for _, id := range ids(t, ports, "pushes") {
			update := postreceive.ProjectUpdate{Project: 1, Deliveries: []hooks.Delivery{{Hook: hooks.Hook{ID: 2}}}}
			err = errors.Join(err, ports.Pushes.Complete(t.Context(), id, update, at))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add(now.AddDate(-10, 0, 0))
	add(now.AddDate(0, 0, -32))
	add(now.AddDate(0, 0, -30))
	for _, id := range ids(t, ports, "jobs") {
		if err := ports.Jobs.Discard(t.Context(), id, audit.Event{At: world.Now}); err != nil {
			t.Fatal(err)
		}
	}
	service := Retention(config.Default(), ports.Retention, ports.Store, func() time.Time { return now.Add(elapsed) }, func() time.Duration { return elapsed })
	for _, want := range []retention.Removed{{}, {Deliveries: 2}, {}} {
		elapsed += retentionInterval
		if removed, err := service.Run(t.Context()); err != nil || removed != want {
			t.Errorf("after %s: removed %+v, %v, want %+v", elapsed, removed, err, want)
		}
	}
}

// ids returns the numbers of the records of a list.
func ids(t *testing.T, ports Ports, list string) (ids []int64) {
	t.Helper()
	listed, err := ports.Inventory.List(t.Context(), list, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range listed {
		ids = append(ids, record[0].Value.(int64))
	}
	return ids
}
