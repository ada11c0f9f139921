package jobs_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
	"gatehouse/application/pushes"
	"gatehouse/tests/stores"
)

// received is a job of a push as River knows it.
type received struct {
	Subject int64 `json:"subject"`
}

func (received) Kind() string { return string(pushes.PushReceived) }

// TestQueue_insertion wants jobs to be kept as River's own client keeps them.
func TestQueue_insertion(t *testing.T) { each(t, insertion) }

func insertion(t *testing.T, url string) {
	q, db := openQueue(t, url)
	s, err := gormstore.Open(t.Context(), url, 4, true, stores.Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	var driver riverdriver.Driver[*sql.Tx] = riversqlite.New(db.Pool)
	if db.Dialect == database.Postgres {
		driver = riverdatabasesql.New(db.Pool)
	}
	client, err := river.NewClient(driver, &river.Config{MaxAttempts: application.MaxAttempts})
	if err != nil {
		t.Fatal(err)
	}
	background, held := &river.InsertOpts{Priority: 2}, &river.InsertOpts{Queue: string(application.WebhookQueue), Pending: true}
	job := application.Job{Kind: pushes.PushReceived, Subject: 1}
	for name, c := range map[string]struct {
		river *river.InsertOpts
		ours  func(tx *sql.Tx) error
	}{
		"a push":  {nil, nil}, // which is not recorded in a transaction of the test
		"at once": {nil, func(tx *sql.Tx) error { return q.Enqueue(t.Context(), tx, job) }},
		"background": {background, func(tx *sql.Tx) error {
			return q.Enqueue(t.Context(), tx, application.Job{Kind: job.Kind, Subject: 1, Background: true})
		}},
		"held": {held, func(tx *sql.Tx) error { return q.Hold(t.Context(), tx, job) }},
	} {
		change(t, db, func(tx *sql.Tx) error {
			_, err := client.InsertTx(t.Context(), tx, received{1}, c.river)
			return err
		})
		want := lastJob(t, db)
		if c.ours == nil {
			if err := s.Pushes.Record(t.Context(), pushes.Push{Repository: "project-1", ReceivedAt: time.Now()}); err != nil {
				t.Fatal(err)
			}
		} else {
			change(t, db, c.ours)
		}
		if got := lastJob(t, db); got != want || strings.Count(want, "now") != 2 {
			t.Errorf("%s: got\n%s, want\n%s", name, got, want)
		}
	}
}

// lastJob returns all columns of the job that was added last, without its number and what
// River finds its own row by. Times are only told to be now.
func lastJob(t *testing.T, db *database.DB) (row string) {
	t.Helper()
	query := `SELECT quote(args) || typeof(metadata) || json_remove(CAST(metadata AS text), '$."river:unique_nonce"') || concat_ws(' ',
		attempt, attempted_at, attempted_by, errors, finalized_at, kind, max_attempts, priority, queue, state, quote(tags), unique_key, unique_states,
		iif(abs(julianday(created_at) - julianday('now')) < 0.01, 'now', created_at),
		iif(abs(julianday(scheduled_at) - julianday('now')) < 0.01, 'now', scheduled_at), length(scheduled_at), typeof(scheduled_at))
		FROM river_job ORDER BY id DESC LIMIT 1`
	if db.Dialect == database.Postgres {
		query = `SELECT (to_jsonb(j) - 'id' || jsonb_build_object(
			'created_at', CASE WHEN created_at BETWEEN now() - interval '5 minutes' AND now() + interval '5 minutes' THEN 'now' END,
			'scheduled_at', CASE WHEN scheduled_at BETWEEN now() - interval '5 minutes' AND now() + interval '5 minutes' THEN 'now' END))::text
			FROM river_job j ORDER BY id DESC LIMIT 1`
	}
	if err := db.Pool.QueryRowContext(t.Context(), query).Scan(&row); err != nil {
		t.Fatal(err)
	}
	return row
}
