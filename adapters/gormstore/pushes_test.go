package gormstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/inventory"
	"gatehouse/application/pushes"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// counter is the value that is shown, or -1 for none.
func counter(t *testing.T, s *gormstore.Store, name string, when time.Time) int64 {
	t.Helper()
	records, err := s.Records.List(t.Context(), "counters", when)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r[0].Value == name {
			return r[1].Value.(int64)
		}
	}
	return -1
}

func TestStore_countersAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		const workers, rounds = 8, 25
		run := func(do func() error) {
			t.Helper()
			var wg sync.WaitGroup
			errs := make([]error, workers)
			for i := range errs {
				wg.Go(func() {
					for range rounds {
						errs[i] = errors.Join(errs[i], do())
					}
				})
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
		}
		up := func() error { return s.Counters.Increase(t.Context(), "project-1", now, time.Minute) }
		down := func() error { return s.Counters.Decrease(t.Context(), "project-1", now) }
		run(up)
		if got := counter(t, s, "project-1", now); got != workers*rounds {
			t.Errorf("after increases: got %d", got)
		}
		run(func() error { return errors.Join(up(), down()) })
		if got := counter(t, s, "project-1", now); got != workers*rounds {
			t.Errorf("after as many of both: got %d", got)
		}
		run(down)
		if got := counter(t, s, "project-1", now); got != 0 {
			t.Errorf("after decreases: got %d", got)
		}
		// At zero, decreases that take the counter away meet increases.
		run(func() error { return errors.Join(down(), up(), down()) })
		if got := counter(t, s, "project-1", now); got > 0 {
			t.Errorf("after more decreases than increases: got %d", got)
		}
	})
}

// swept sweeps for so many hours, every ten minutes, with a clock that was set, and
// returns for how long the process has run then.
func swept(t *testing.T, s *gormstore.Store, from time.Duration, hours int, set time.Duration) time.Duration {
	t.Helper()
	end := from + time.Duration(hours)*time.Hour
	for elapsed := from; elapsed <= end; elapsed += 10 * time.Minute {
		if err := s.Sweep(t.Context(), now.Add(elapsed+set), elapsed); err != nil {
			t.Fatal(err)
		}
	}
	return end
}

// expiring returns how many rows the tables have that are swept.
func expiring(t *testing.T, s *gormstore.Store) (counters, notices int) {
	t.Helper()
	query := "SELECT (SELECT count(*) FROM reference_counters), (SELECT count(*) FROM notices)"
	if err := s.Pool().QueryRowContext(t.Context(), query).Scan(&counters, &notices); err != nil {
		t.Fatal(err)
	}
	return counters, notices
}

func TestStore_sweep(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		const lifetime = 10 * time.Minute
		add := func(elapsed time.Duration, repository string) {
			t.Helper()
			if err := s.Counters.Increase(t.Context(), repository, now.Add(elapsed), lifetime); err != nil {
				t.Fatal(err)
			}
		}
		add(0, "project-1")
		add(0, "project-2")
		add(40*24*time.Hour, "project-3") // by a clock that was wrong
		notice := source.Notice{User: 1, Repository: source.RepositoryID{ID: 1}, ExpiresAt: now.Add(time.Minute)}
		if err := s.Notices.Add(t.Context(), notice); err != nil {
			t.Fatal(err)
		}
		for elapsed, want := range [][2]int{{3, 1}, {3, 1}, {1, 1}, {1, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 0}} {
			elapsed := time.Duration(elapsed) * 10 * time.Minute
			if elapsed == 2*lifetime {
				add(elapsed, "project-2")
			}
			swept(t, s, elapsed, 0, 0)
			if counters, notices := expiring(t, s); counters != want[0] || notices != want[1] {
				t.Errorf("after %s: got %d counters, %d notices, want %v", elapsed, counters, notices, want)
			}
		}
	})
}

// TestStore_sweep_shortLifetime has a counter of a wrong clock: it goes soon, where
// counters live shortly.
func TestStore_sweep_shortLifetime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		if err := s.Counters.Increase(t.Context(), "project-1", now.Add(40*24*time.Hour), time.Minute); err != nil {
			t.Fatal(err)
		}
		for elapsed := time.Duration(0); elapsed <= 2*time.Minute; elapsed += 10 * time.Second {
			if err := s.Sweep(t.Context(), now, elapsed); err != nil {
				t.Fatal(err)
			}
			want := 1
			if elapsed == 2*time.Minute {
				want = 0
			}
			if counters, _ := expiring(t, s); counters != want {
				t.Errorf("after %s: got %d counters, want %d", elapsed, counters, want)
			}
		}
	})
}

// TestStore_sweep_clock sets the clock ahead for hours, and back: what lives stays.
func TestStore_sweep_clock(t *testing.T) {
	t.Parallel()
	for _, set := range []time.Duration{2 * time.Hour, 40 * 24 * time.Hour, -2 * time.Hour} {
		t.Run(set.String(), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, s *gormstore.Store) {
				world.Apply(t, s.WorldImport, "users: [{id: 7, username: dede, two_factor: {webauthn: true}}]")
				renew := func(elapsed time.Duration) {
					t.Helper()
					err := s.Accounts.UpdateTwoFactor(t.Context(), 7, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
						return f, &identity.OTPSession{User: 7, Key: 11, ExpiresAt: now.Add(elapsed + 15*time.Minute)}
					})
					notice := source.Notice{User: 7, Repository: source.RepositoryID{ID: 1}, ExpiresAt: now.Add(elapsed + 5*time.Minute)}
					if err := errors.Join(err, s.Notices.Add(t.Context(), notice)); err != nil {
						t.Fatal(err)
					}
				}
				elapsed := swept(t, s, 0, 2, 0)
				for range 3 {
					for range 5 { // 50 minutes ahead
						elapsed += 10 * time.Minute
						if err := s.Counters.Increase(t.Context(), "project-1", now.Add(elapsed), 20*time.Minute); err != nil {
							t.Fatal(err)
						}
						renew(elapsed)
						swept(t, s, elapsed, 0, set)
						if counters, notices := expiring(t, s); counters != 1 || notices != 1 || len(sessions(t, s)) != 1 {
							t.Fatalf("after %s: got %d counters, %d notices, %d sessions, want 1 each", elapsed, counters, notices, len(sessions(t, s)))
						}
					}
					if got := counter(t, s, "project-1", now.Add(elapsed)); got != 5 {
						t.Errorf("after %s: got %d, want 5 pushes", elapsed, got)
					}
					elapsed = swept(t, s, elapsed+10*time.Minute, 2, 0)
				}
				if counters, notices := expiring(t, s); counters != 0 || notices != 0 || len(sessions(t, s)) != 0 {
					t.Errorf("at the end: got %d counters, %d notices, %d sessions, want none", counters, notices, len(sessions(t, s)))
				}
			})
		})
	}
}

// TestStore_sweep_lifetime wants that a process in which no push began removes no
// counter: it does not know how long others let them live.
func TestStore_sweep_lifetime(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			one, other := open(t, url), open(t, url)
			if err := one.Counters.Increase(t.Context(), "project-1", now, 3*time.Hour); err != nil {
				t.Fatal(err)
			}
			swept(t, other, 0, 10, 0)
			swept(t, one, 0, 5, 0)
			if got, _ := expiring(t, one); got != 1 {
				t.Errorf("within two lifetimes: got %d counters, want 1", got)
			}
			swept(t, one, 6*time.Hour, 0, 0)
			if got, _ := expiring(t, one); got != 0 {
				t.Errorf("after two lifetimes: got %d counters, want none", got)
			}
		})
	}
}

// TestStore_sweep_jobs wants that a job does not wait for the day on which a wrong clock
// was.
func TestStore_sweep_jobs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		for range 3 {
			if err := s.Pushes.Record(t.Context(), pushes.Push{Repository: "project-1", ReceivedAt: now}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Pool().ExecContext(t.Context(), `
			UPDATE river_job SET scheduled_at = CASE WHEN id = 1 THEN '2026-03-11 11:00:00.000' ELSE '2026-04-19 12:00:00.000' END`+cast(s)+`,
				state = CASE WHEN id = 3 THEN 'available' ELSE 'retryable' END`+strings.ReplaceAll(cast(s), "timestamptz", "river_job_state"))
		if err != nil {
			t.Fatal(err)
		}
		swept(t, s, 0, 0, 0)
		records, err := s.Records.List(t.Context(), "jobs", now)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []time.Time{now.Truncate(24 * time.Hour).Add(35 * time.Hour), now, now} {
			if got := records[i][5].Value.(time.Time); !got.Truncate(time.Millisecond).Equal(want.Truncate(time.Millisecond)) {
				t.Errorf("job %d is due at %v, want %v", i+1, got, want)
			}
		}
	})
}

// TestStore_sweep_killed has a server killed while its clock is ahead: other servers need
// not wait for that day to run its job again, and to elect a leader.
func TestStore_sweep_killed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		count := func(query string) (n int) {
			t.Helper()
			if err := s.Pool().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for i, c := range []struct {
			ahead time.Duration
			want  int
		}{{24 * time.Hour, 0}, {time.Minute, 1}} {
			if err := s.Pushes.Record(t.Context(), pushes.Push{Repository: "project-1", ReceivedAt: now}); err != nil {
				t.Fatal(err)
			}
			at := "'" + now.Add(c.ahead).Format("2006-01-02 15:04:05.000") + "'" + cast(s)
			for _, query := range []string{
				"UPDATE river_job SET state = 'running', attempted_at = " + at,
				"INSERT INTO river_leader (leader_id, elected_at, expires_at) VALUES ('killed', " + at + ", " + at + ")",
			} {
				if _, err := s.Pool().ExecContext(t.Context(), query); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Sweep(t.Context(), now, time.Duration(i)*10*time.Minute); err != nil {
				t.Fatal(err)
			}
			running, leaders := count("SELECT count(*) FROM river_job WHERE state = 'running' AND attempted_at = "+at), count("SELECT count(*) FROM river_leader")
			if running != c.want || leaders != c.want {
				t.Errorf("%s ahead: %d jobs run since then, and there are %d leaders, want %d", c.ahead, running, leaders, c.want)
			}
			for _, table := range []string{"river_job", "river_leader"} {
				if _, err := s.Pool().ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestStore_Record_bytes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		p := pushes.Push{
			Repository: "project-1\x00\xff", Identifier: "key-\xfe", Changes: "0 1 refs/heads/\xe9\x00\n", ReceivedAt: now,
			Options: []string{"", "a b", "two\nlines", "quote\"\\", "nul\x00", "\xff", "é 🦊", "ci.variable=K=V"},
		}
		if err := s.Pushes.Record(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		records, err := s.Records.List(t.Context(), "pushes", now)
		if err != nil || len(records) != 1 {
			t.Fatalf("got %v, %v", records, err)
		}
		var got []any
		for _, field := range records[0][1:] {
			got = append(got, field.Value)
		}
		if diff := cmp.Diff([]any{p.Repository, p.Identifier, p.Changes, p.Options, now}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// stamped is when the laptop was used, as another store on the same database
// sees it.
func stamped(t *testing.T, s *gormstore.Store) time.Time {
	t.Helper()
	card, err := s.Actors.KeyByFingerprint(t.Context(), "laptop")
	if err != nil {
		t.Fatal(err)
	}
	return card.Key.LastUsedAt
}

func TestStore_KeyUsed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		populate(t, s)
		s.KeyUses.Record(laptop, now)
		s.KeyUses.Record(laptop, now.Add(-time.Hour)) // late: it does not turn time back
		s.KeyUses.Record(999, now)                    // there is no such key
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := stamped(t, s); !got.Equal(now) || s.Waiting() != 0 {
			t.Errorf("got %v, and %d stamps wait", got, s.Waiting())
		}
		for id := range identity.KeyID(gormstore.MostStamps + 500) {
			s.KeyUses.Record(id+1000, now)
		}
		s.KeyUses.Record(1000, now.Add(time.Hour)) // one that waits already
		if s.Waiting() != gormstore.MostStamps {
			t.Errorf("%d stamps wait", s.Waiting())
		}
	})
}

func TestStore_KeyUsed_laterFlush(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		populate(t, s)
		s.KeyUses.Record(laptop, now)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Flush(ctx); err == nil || s.Waiting() != 1 {
			t.Errorf("cancelled: got %v, and %d stamps wait", err, s.Waiting())
		}
		if err := s.Flush(t.Context()); err != nil || !stamped(t, s).Equal(now) {
			t.Errorf("then: got %v, %v", err, stamped(t, s))
		}
	})
}

// TestStore_Close counts goroutines, so it is not parallel to others.
func TestStore_Close(t *testing.T) {
	url := filepath.Join(t.TempDir(), "gatehouse.db")
	before := goleak.IgnoreCurrent()
	s, err := gormstore.Open(t.Context(), url, 4, true, stores.Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	populate(t, s)
	s.KeyUses.Record(laptop, now)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
	if got := stamped(t, open(t, url)); !got.Equal(now) {
		t.Errorf("the stamp that waited: got %v", got)
	}
}

func TestStore_List_unknownThing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		if _, err := s.Records.List(t.Context(), "nothing", now); !errors.Is(err, domain.NotFound) {
			t.Errorf("got %v", err)
		}
		for thing, fields := range inventory.Lists {
			if _, err := s.Records.List(t.Context(), thing, now); err != nil {
				t.Errorf("%s %v: %v", thing, fields, err)
			}
		}
	})
}
