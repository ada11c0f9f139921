package gormstore_test

import (
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/inventory"
	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/application/retention"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// addOldEvents adds audit events of two hours before now, and one of now.
func addOldEvents(t *testing.T, s *gormstore.Store, count int) {
	t.Helper()
	_, err := s.Pool().ExecContext(t.Context(), `
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO audit_events (at, action, verb, protocol, repository, key_kind, wants, haves, payload_size, written_bytes, received_bytes)
		SELECT CASE WHEN i < $1 THEN '2026-03-10 10:00:00+00:00' ELSE '2026-03-10 12:00:00+00:00' END`+cast(s)+`, '', '', '', '', '', 0, 0, 0, 0, 0 FROM n`, count)
	if err != nil {
		t.Fatal(err)
	}
}

// cast makes PostgreSQL take a text for a time.
func cast(s *gormstore.Store) string {
	if s.OnPostgres() {
		return "::timestamptz"
	}
	return ""
}

func events(t *testing.T, s *gormstore.Store) (count int) {
	t.Helper()
	if err := s.Pool().QueryRowContext(t.Context(), "SELECT count(*) FROM audit_events").Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// TestRecords_AuditEvents_olderRows reads rows that earlier releases have written.
func TestRecords_AuditEvents_olderRows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		_, err := s.Pool().ExecContext(t.Context(), `
			INSERT INTO audit_events (at, action, verb, protocol, repository, user_id, username, key_id, key_kind, address, wants, haves, payload_size, written_bytes, received_bytes)
			VALUES ('2026-03-10 12:00:00+00:00', 'git-upload-pack', 'clone', 'ssh', 'project-7', 7, 'dede', 11, 'key', '192.0.2.7', 0, 0, 0, 0, 0),
				('2026-03-10 12:00:00+00:00', 'git-receive-pack', 'push', 'ssh', 'project-7', NULL, NULL, 12, 'deploy_key', NULL, 0, 0, 0, 0, 0)`)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
		command := &audit.GitCommand{Protocol: source.SSH, Repository: "project-7"}
		want := []inventory.Record{
			inventory.AuditRecord(1, audit.Event{
				At: at, Action: "git-upload-pack", Verb: audit.Clone, Outcome: audit.Done, Git: command,
				Actor: audit.Actor{Kind: audit.Person, User: 7, Username: "dede", Key: 11, KeyType: identity.UserKey, Address: "192.0.2.7"},
			}),
			inventory.AuditRecord(2, audit.Event{
				At: at, Action: "git-receive-pack", Verb: audit.Push, Outcome: audit.Done, Git: command,
				Actor: audit.Actor{Kind: audit.DeployKey, Key: 12, KeyType: identity.DeployKey},
			}),
		}
		got, err := inventory.Collect(s.Records.AuditEvents(t.Context(), inventory.AuditFilter{}))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, got (-want +got):\n%s", err, diff)
		}
	})
}

// TestRetention_batches removes more than one transaction does.
func TestRetention_batches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		addOldEvents(t, s, 2500)
		if n, err := s.Retention.RemoveAuditEvents(t.Context(), now.Add(-time.Hour), now); err != nil || n != 2500 || events(t, s) != 1 {
			t.Errorf("got %d, %v, and %d events are left; want 2500 and 1", n, err, events(t, s))
		}
	})
}

// TestRetention_otherProcess holds the lock that another server has while it removes.
func TestRetention_otherProcess(t *testing.T) {
	t.Parallel()
	s := open(t, databases[1].migrated(t))
	addOldEvents(t, s, 1)
	tx, err := s.Pool().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "SELECT pg_advisory_xact_lock($1)", gormstore.RetentionLock); err != nil {
		t.Fatal(err)
	}
	remove := func(want int) {
		t.Helper()
		if n, err := s.Retention.RemoveAuditEvents(t.Context(), now.Add(-time.Hour), now); err != nil || n != want {
			t.Errorf("got %d, %v, want %d", n, err, want)
		}
	}
	remove(0)
	if err := tx.Rollback(); err != nil && err != sql.ErrTxDone {
		t.Fatal(err)
	}
	remove(1)
}

// TestRetention_jobs takes the machine's clock, as River does.
func TestRetention_jobs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		for range 3 {
			if err := s.Pushes.Record(t.Context(), pushes.Push{Repository: "project-1", ReceivedAt: now}); err != nil {
				t.Fatal(err)
			}
		}
		states := func() (states []string) {
			t.Helper()
			records, err := s.Records.List(t.Context(), "jobs", now)
			if err != nil {
				t.Fatal(err)
			}
			for _, record := range records {
				states = append(states, record[3].Value.(string))
			}
			return states
		}
		for _, id := range []int64{1, 3} {
			if err := s.Jobs.Discard(t.Context(), id, audit.Event{At: world.Now}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			before time.Duration
			want   int
			left   []string
		}{{-time.Minute, 0, []string{"discarded", "waiting", "discarded"}}, {time.Minute, 2, []string{"waiting"}}} {
			at := time.Now().Add(c.before)
			if n, err := s.Retention.RemoveJobs(t.Context(), at, at); err != nil || n != c.want || !slices.Equal(states(), c.left) {
				t.Errorf("before %s from now: got %d, %v, left are %v, want %d, %v", c.before, n, err, states(), c.want, c.left)
			}
		}
	})
}

// TestRetention_clock sets the clock ahead while deliveries wait or were given up, for
// a few hours: none of them is old by it.
func TestRetention_clock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		world.Apply(t, s.WorldImport, "groups: [{path: a}]\nprojects: [{id: 1, path: a/p}]\nhooks: [{id: 2, project: a/p, url: \"https://ci.example.com\"}]")
		if err := s.Pushes.Record(t.Context(), pushes.Push{Repository: "project-1", ReceivedAt: now}); err != nil {
			t.Fatal(err)
		}
		delivery := hooks.Delivery{Hook: hooks.Hook{ID: 2}}
		if err := s.Pushes.Complete(t.Context(), 1, postreceive.ProjectUpdate{Project: 1, Deliveries: []hooks.Delivery{delivery, delivery}}, now); err != nil {
			t.Fatal(err)
		}
		records, err := s.Records.List(t.Context(), "jobs", now)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Jobs.Discard(t.Context(), records[len(records)-1][0].Value.(int64), audit.Event{At: world.Now}); err != nil {
			t.Fatal(err)
		}
		var elapsed, set time.Duration
		service := retention.New(s.Retention, s, retention.Rules{Deliveries: 31 * 24 * time.Hour, Jobs: 30 * 24 * time.Hour, Pushes: time.Hour},
			func() time.Time { return now.Add(elapsed + set) }, func() time.Duration { return elapsed })
		run := func(hours int, want retention.Removed) {
			t.Helper()
			var total retention.Removed
			for range hours {
				elapsed += time.Hour
				swept(t, s, elapsed, 0, set)
				removed, err := service.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				total.Pushes += removed.Pushes
				total.Deliveries += removed.Deliveries
				total.Jobs += removed.Jobs
			}
			if total != want {
				t.Errorf("after %s, the clock set by %s: removed %+v, want %+v", elapsed, set, total, want)
			}
		}
		run(1, retention.Removed{})
		for _, set = range []time.Duration{2 * time.Hour, 40 * 24 * time.Hour} {
			run(5, retention.Removed{Pushes: map[bool]int{true: 1}[set == 2*time.Hour]})
		}
		set = 0
		run(5, retention.Removed{})
		for id := range int64(2) {
			if _, err := s.Deliveries.Delivery(t.Context(), id+1); err != nil {
				t.Error(err)
			}
		}
		elapsed += 31 * 24 * time.Hour
		run(31*24, retention.Removed{Deliveries: 1})
		if _, err := s.Deliveries.Delivery(t.Context(), 1); err != nil {
			t.Errorf("the delivery that waits: %v", err)
		}
	})
}
