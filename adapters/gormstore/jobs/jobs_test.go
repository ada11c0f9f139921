package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"
	"gatehouse/application"
	"gatehouse/application/pushes"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// TestMain lets all tests run on a machine whose time is not UTC: River takes some times
// from the clock as they are.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("far west", -9*60*60)
	os.Exit(pgtest.Main(m))
}

// each runs a test on a new database of each kind.
func each(t *testing.T, test func(t *testing.T, url string)) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"SQLite":     func(t testing.TB) string { return filepath.Join(t.TempDir(), "gatehouse.db") },
		"PostgreSQL": func(t testing.TB) string { return pgtest.Open(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, url(t))
		})
	}
}

// TestQueue_Wake releases a job long before the next poll: it is done as soon as the
// queue is woken.
func TestQueue_Wake(t *testing.T) { each(t, wake) }

func wake(t *testing.T, url string) {
	q, db := openQueue(t, url)
	done := make(chan int64, 10)
	pool := application.WorkerPool{Concurrency: 1, PollInterval: time.Hour, RetryDelay: time.Millisecond, Workers: map[application.JobKind]application.Worker{
		"deliver": func(_ context.Context, subject int64) error { done <- subject; return nil },
	}}
	if err := q.Start(t.Context(), pool, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	for subject := int64(1); subject <= 3; subject++ {
		change(t, db, func(tx *sql.Tx) error {
			return q.Hold(t.Context(), tx, application.Job{Kind: "deliver", Subject: subject})
		})
		q.Wake()
		change(t, db, func(tx *sql.Tx) error {
			var id int64
			query := "SELECT j.id FROM river_job j WHERE j.kind = 'deliver' AND j.state = 'pending' AND " + q.Subject() + " = $1"
			if err := tx.QueryRowContext(t.Context(), query, subject).Scan(&id); err != nil {
				return err
			}
			return q.Release(t.Context(), tx, id)
		})
		q.Wake()
		select {
		case got := <-done:
			if got != subject {
				t.Errorf("got %d, want %d", got, subject)
			}
		case <-time.After(2 * time.Minute):
			t.Fatal("the job was not done")
		}
	}
	if err := q.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// openQueue makes the Queue of a new database, and opens that for what the test does
// to it.
func openQueue(t *testing.T, url string) (*jobs.Queue, *database.DB) {
	t.Helper()
	if _, err := gormstore.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return jobs.New(db), db
}

// change does something in a transaction.
func change(t *testing.T, db *database.DB, do func(tx *sql.Tx) error) {
	t.Helper()
	tx, err := db.Pool.BeginTx(t.Context(), nil)
	if err == nil {
		err = errors.Join(do(tx), tx.Commit())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestQueue_rescue makes a job look as if its server had died while it ran it:
// another server runs it again.
func TestQueue_rescue(t *testing.T) { each(t, rescue) }

func rescue(t *testing.T, url string) {
	s, err := gormstore.Open(t.Context(), url, 4, true, stores.Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := s.Pushes.Record(t.Context(), pushes.Push{Repository: "project-1", ReceivedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	markRunning(t, url)
	done := make(chan int64, 1)
	workers := application.WorkerPool{Concurrency: 1, PollInterval: 10 * time.Millisecond, RetryDelay: time.Millisecond, Workers: map[application.JobKind]application.Worker{
		pushes.PushReceived: func(_ context.Context, subject int64) error { done <- subject; return nil },
	}}
	if err := s.Jobs.Start(t.Context(), workers, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Error("the job was not run again")
	}
	if err := s.Jobs.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestQueue_postponed postpones a job for an hour: it is due in an hour, whatever the
// time zone of the machine is.
func TestQueue_postponed(t *testing.T) { each(t, postponed) }

func postponed(t *testing.T, url string) {
	q, db := openQueue(t, url)
	change(t, db, func(tx *sql.Tx) error {
		return q.Enqueue(t.Context(), tx, application.Job{Kind: "deliver", Subject: 1})
	})
	begun := make(chan struct{}, 1)
	pool := application.WorkerPool{Concurrency: 1, PollInterval: time.Hour, Workers: map[application.JobKind]application.Worker{
		"deliver": func(context.Context, int64) error {
			begun <- struct{}{}
			return application.Postponed{For: time.Hour}
		},
	}}
	if err := q.Start(t.Context(), pool, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-begun:
	case <-time.After(servertest.WaitTimeout):
		t.Fatal("the job was not begun")
	}
	if err := q.Stop(t.Context()); err != nil { // waits until the job's state is stored
		t.Fatal(err)
	}
	query := "SELECT state, scheduled_at BETWEEN datetime('now', '30 minutes') AND datetime('now', '90 minutes') FROM river_job"
	if db.Dialect == database.Postgres {
		query = "SELECT state, scheduled_at BETWEEN now() + interval '30 minutes' AND now() + interval '90 minutes' FROM river_job"
	}
	var state string
	var inAnHour bool
	if err := db.Pool.QueryRowContext(t.Context(), query).Scan(&state, &inAnHour); err != nil {
		t.Fatal(err)
	}
	if state != "scheduled" || !inAnHour {
		t.Errorf("the job is %s, in an hour: %t", state, inAnHour)
	}
}

// TestQueue_failure runs a job that fails: the log says which and why.
func TestQueue_failure(t *testing.T) { each(t, failure) }

func failure(t *testing.T, url string) {
	q, db := openQueue(t, url)
	change(t, db, func(tx *sql.Tx) error {
		return q.Enqueue(t.Context(), tx, application.Job{Kind: "deliver", Subject: 1})
	})
	pool := application.WorkerPool{Concurrency: 1, PollInterval: time.Hour, RetryDelay: time.Hour, Workers: map[application.JobKind]application.Worker{
		"deliver": func(context.Context, int64) error { return errors.New("it does not work") },
	}}
	core, lines := observer.New(zap.InfoLevel)
	if err := q.Start(t.Context(), pool, zap.New(core)); err != nil {
		t.Fatal(err)
	}
	servertest.Await(t, "a line", func() bool { return lines.Len() > 0 })
	if err := q.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	want := map[string]any{"job": int64(1), "kind": "deliver", "attempt": int64(1), "error": "it does not work"}
	if got := lines.All(); len(got) != 1 || got[0].Level != zap.WarnLevel || !reflect.DeepEqual(got[0].ContextMap(), want) {
		t.Errorf("got %v, want one warning with %v", got, want)
	}
}

// TestQueue_cleaning has River remove the jobs that it does not keep: of those that are
// over the completed ones only.
func TestQueue_cleaning(t *testing.T) { each(t, cleaning) }

func cleaning(t *testing.T, url string) {
	q, db := openQueue(t, url)
	for i, state := range []string{"completed", "cancelled", "discarded"} {
		change(t, db, func(tx *sql.Tx) error {
			if err := q.Enqueue(t.Context(), tx, application.Job{Kind: "deliver", Subject: int64(i)}); err != nil {
				return err
			}
			_, err := tx.ExecContext(t.Context(), "UPDATE river_job SET finalized_at = '2021-01-02 03:04:05', state = '"+state+"' WHERE state = 'available'")
			return err
		})
	}
	pool := application.WorkerPool{Concurrency: 1, PollInterval: time.Hour, Workers: map[application.JobKind]application.Worker{"deliver": nil}}
	if err := q.Start(t.Context(), pool, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	left := func() (states string) {
		query := "SELECT coalesce(group_concat(state), '') FROM (SELECT state FROM river_job ORDER BY id)"
		if db.Dialect == database.Postgres {
			query = "SELECT coalesce(string_agg(state::text, ',' ORDER BY id), '') FROM river_job"
		}
		if err := db.Pool.QueryRowContext(t.Context(), query).Scan(&states); err != nil {
			t.Fatal(err)
		}
		return states
	}
	servertest.Await(t, "River to clean", func() bool { return left() != "completed,cancelled,discarded" })
	if got := left(); got != "cancelled,discarded" {
		t.Errorf("left are %s", got)
	}
	if err := q.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestQueue_backlog runs some of many jobs that wait: the looks for them do not read all
// others each time.
func TestQueue_backlog(t *testing.T) {
	t.Parallel()
	url := pgtest.Open(t)
	q, db := openQueue(t, url)
	const waiting, done = 20_000, 60
	for _, query := range []string{
		fmt.Sprintf("INSERT INTO river_job (args, kind, max_attempts, queue) SELECT '{}', 'deliver', 5, '%s' FROM generate_series(1, %d)", application.DefaultQueue, waiting),
		"ANALYZE river_job",
	} {
		if _, err := db.Pool.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	before := readInTurn(t, url)
	ran := make(chan struct{})
	pool := application.WorkerPool{Concurrency: 1, PollInterval: time.Millisecond, Workers: map[application.JobKind]application.Worker{
		"deliver": func(context.Context, int64) error { ran <- struct{}{}; return nil },
	}}
	if err := q.Start(t.Context(), pool, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	for range done {
		select {
		case <-ran:
		case <-time.After(servertest.WaitTimeout):
			t.Fatal("no job was run")
		}
	}
	go func() {
		for range ran { // those that were fetched before the stop
		}
	}()
	if err := errors.Join(q.Stop(t.Context()), db.Close()); err != nil { // a connection counts what it read when it ends
		t.Fatal(err)
	}
	close(ran)
	// River's own maintenance may read them all a few times.
	if read := readInTurn(t, url) - before; read > 3*waiting {
		t.Errorf("%d looks read %d rows in turn, of %d", done, read, waiting)
	}
}

// readInTurn returns how many rows of jobs were read without an index, by connections
// that have ended.
func readInTurn(t *testing.T, url string) (rows int) {
	t.Helper()
	db, err := database.Open(t.Context(), url, 1)
	if err == nil {
		err = db.Pool.QueryRowContext(t.Context(), "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'river_job'").Scan(&rows)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// markRunning makes all jobs running since four minutes ago, by a server that is
// gone.
func markRunning(t *testing.T, url string) {
	t.Helper()
	db, err := database.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	query := `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = datetime('now', '-4 minutes'), attempted_by = json('["x"]')`
	if db.Dialect == database.Postgres {
		query = `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '4 minutes', attempted_by = '{x}'`
	}
	if _, err := db.Pool.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}
