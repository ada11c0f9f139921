package jobs_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/jobs"
	"gatehouse/application"
	"gatehouse/application/pushes"
	"gatehouse/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// each runs check on a fresh store in each kind of database, with its queue.
func each(t *testing.T, check func(t *testing.T, s *gormstore.Store, q *jobs.Queue)) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"SQLite":     func(t testing.TB) string { return filepath.Join(t.TempDir(), "gatehouse.db") },
		"PostgreSQL": func(t testing.TB) string { return pgtest.Open(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := gormstore.Open(t.Context(), url(t), 4, true)
			if err != nil {
				t.Fatal(err)
			}
			q := jobs.New(s.Database())
			s.EnqueueBy(q.Enqueue)
			t.Cleanup(func() {
				if err := s.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			check(t, s, q)
		})
	}
}

// TestQueue_rescue expects another run of a job whose server died during the first.
func TestQueue_rescue(t *testing.T) {
	each(t, func(t *testing.T, s *gormstore.Store, q *jobs.Queue) {
		if err := s.Record(t.Context(), pushes.Push{Repository: "project-1", ReceivedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		pool, postgres := s.Database()
		died := `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = datetime('now', '-4 minutes'), attempted_by = json('["x"]')`
		if postgres {
			died = `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '4 minutes', attempted_by = '{x}'`
		}
		if _, err := pool.ExecContext(t.Context(), died); err != nil {
			t.Fatal(err)
		}
		done := make(chan int64, 1)
		shift := application.WorkerPool{Concurrency: 1, PollInterval: 10 * time.Millisecond, RetryDelay: time.Millisecond, Workers: map[application.JobKind]application.Worker{
			pushes.PushReceived: func(_ context.Context, subject int64) error { done <- subject; return nil },
		}}
		if err := q.Start(t.Context(), shift, zap.NewNop()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-done:
		case <-time.After(2 * time.Minute):
			t.Error("no other server ran the job")
		}
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
