package database_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// thing is a row of the table things.
type thing struct {
	ID    int64
	Level sql.Null[int64]
	On    sql.Null[bool]
	Name  string
	At    time.Time
	List  database.Texts
	Rest  database.Object
}

const thingColumns = "t.id, t.level, t.on_now, t.name, t.at, t.list, t.rest"

func readThing(r *database.Row) thing {
	return thing{r.Int(), r.NullInt(), r.NullBool(), r.Text(), r.Time(), database.ReadJSON[database.Texts](r), database.ReadJSON[database.Object](r)}
}

func thingByID(t *database.Text) string {
	return "SELECT " + t.Open() + thingColumns + t.Close() + " FROM things t WHERE t.id = " + t.Arg("id")
}

// opened opens each kind of database, with the table things.
func opened(t *testing.T, limits database.Limits, check func(*testing.T, *database.DB)) {
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return filepath.Join(t.TempDir(), "things.db") },
		"postgres": func(t testing.TB) string { return pgtest.Open(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, connector, err := database.ConnectorFor(url(t))
			if err != nil {
				t.Fatal(err)
			}
			db := database.New(d, connector, limits)
			t.Cleanup(func() { _ = db.Close() })
			if err := db.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			at := map[bool]string{false: "datetime", true: "timestamptz"}[d == database.Postgres]
			if _, err := db.Pool.ExecContext(t.Context(), "CREATE TABLE things (id bigint PRIMARY KEY, level smallint, on_now boolean, name text, at "+at+", list text, rest text)"); err != nil {
				t.Fatal(err)
			}
			check(t, db)
		})
	}
}

func insert(t *testing.T, db *database.DB, all ...thing) {
	t.Helper()
	for _, one := range all {
		level, on := any(nil), any(nil)
		if one.Level.Valid {
			level = one.Level.V
		}
		if one.On.Valid {
			on = one.On.V
		}
		_, err := db.Pool.ExecContext(t.Context(), "INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7)",
			one.ID, level, on, one.Name, database.ToInstant(one.At), one.List, one.Rest)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// both runs check with questions asked one by one, and with batches.
func both(t *testing.T, check func(*testing.T, *database.DB)) {
	t.Parallel()
	for name, limits := range map[string]database.Limits{"single": {Connections: 2}, "batched": {Connections: 2, Lookups: 2, Batched: true}} {
		t.Run(name, func(t *testing.T) {
			limits.Failed = noFailure(t)
			opened(t, limits, check)
		})
	}
}

// noFailure fails the test if a batch fails, which shows nowhere else. Rows that are to be
// misread are none.
func noFailure(t *testing.T) func(error) {
	return func(err error) {
		if !strings.Contains(err.Error(), "column") {
			t.Errorf("a batch failed: %v", err)
		}
	}
}

func TestLookup(t *testing.T) {
	both(t, func(t *testing.T, db *database.DB) {
		at := time.Date(1969, 7, 20, 20, 17, 40, 123456000, time.UTC)
		all := []thing{
			{ID: 1},
			{ID: -1 << 63, Level: sql.Null[int64]{V: -5, Valid: true}, On: sql.Null[bool]{V: true, Valid: true}, Name: `a "b" \c,[d]{e}: é` + "\n\t\x01", At: at, List: database.Texts{"x", `"`}},
			{ID: 1<<63 - 1, Level: sql.Null[int64]{Valid: true}, On: sql.Null[bool]{Valid: true}, Name: "null", At: at.AddDate(60, 0, 0), Rest: database.Object{"n": int64(1<<53 + 1)}},
		}
		insert(t, db, all...)
		l := database.MustLookup(db, thingByID, readThing)
		for _, want := range all {
			got, err := l.Ask(t.Context(), want.ID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if got, err := l.Ask(t.Context(), int64(2)); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("an unknown one: got %+v, %v", got, err)
		}
	})
}

// A row that is read wrongly is an error, never another value.
func TestLookup_misread(t *testing.T) {
	both(t, func(t *testing.T, db *database.DB) {
		insert(t, db, thing{ID: 1, Name: "name", At: time.Unix(1, 0)})
		for name, read := range map[string]func(*database.Row){
			"no column":          func(*database.Row) {},
			"too few":            func(r *database.Row) { r.Int(); r.NullInt() },
			"too many":           func(r *database.Row) { readThing(r); r.Text() },
			"a number as a text": func(r *database.Row) { r.Text() },
			"a text as a number": func(r *database.Row) { r.Int(); r.Int(); r.Bool(); r.Int() },
			"a text as a moment": func(r *database.Row) { r.Int(); r.Int(); r.Bool(); r.Time() },
			"a text as a truth":  func(r *database.Row) { r.Int(); r.Int(); r.Bool(); r.Bool() },
			"no JSON": func(r *database.Row) {
				r.Int()
				r.Int()
				r.Bool()
				_ = database.ReadJSON[database.Texts](r)
			},
		} {
			l := database.MustLookup(db, thingByID, func(r *database.Row) int { read(r); return 0 })
			if _, err := l.Ask(t.Context(), int64(1)); err == nil || errors.Is(err, sql.ErrNoRows) {
				t.Errorf("%s: got %v, want an error", name, err)
			}
		}
	})
}

// What is asked comes back, whatever text it is.
func TestLookup_texts(t *testing.T) {
	both(t, func(t *testing.T, db *database.DB) {
		insert(t, db, thing{ID: 1})
		l := database.MustLookup(db, func(t *database.Text) string {
			text := t.Arg("text")
			if t.Postgres() {
				text += "::text"
			}
			return "SELECT " + t.Open() + "t.id, " + text + ", t.id" + t.Close() + " FROM things t"
		}, func(r *database.Row) [3]any { return [3]any{r.Int(), r.Text(), r.Int()} })
		rapid.Check(t, func(r *rapid.T) {
			text := rapid.OneOf(rapid.String(), rapid.StringMatching(`["\\\[\]{},:nul0-9 ]*`)).Filter(database.Storable).Draw(r, "text")
			if got, err := l.Ask(t.Context(), text); err != nil || got != [3]any{int64(1), text, int64(1)} {
				r.Errorf("%q: got %v, %v", text, got, err)
			}
		})
	})
}

// Each question of a batch gets its own answer.
func TestLookup_batch(t *testing.T) {
	t.Parallel()
	opened(t, database.Limits{Connections: 4, Lookups: 1, Failed: noFailure(t)}, func(t *testing.T, db *database.DB) {
		const most = 100
		for i := range int64(most) {
			insert(t, db, thing{ID: i, Name: strings.Repeat("x", int(i))})
		}
		l := database.MustLookup(db, thingByID, readThing)
		failed := make(chan string, 2*most)
		done := make(chan struct{})
		for i := range int64(2 * most) { // every second one is unknown
			go func() {
				defer func() { done <- struct{}{} }()
				got, err := l.Ask(t.Context(), i)
				known := i < most
				if known != (err == nil) || !known && !errors.Is(err, sql.ErrNoRows) || known && (got.ID != i || len(got.Name) != int(i)) {
					failed <- got.Name
				}
			}()
		}
		for range 2 * most {
			<-done
		}
		if len(failed) > 0 {
			t.Errorf("%d questions got a wrong answer", len(failed))
		}
	})
}

// A statement for several questions that does not work shows, and does no other harm.
func TestLookup_failedBatch(t *testing.T) {
	t.Parallel()
	failures := make(chan error, 10)
	limits := database.Limits{Connections: 2, Lookups: 2, Batched: true, Failed: func(err error) { failures <- err }}
	opened(t, limits, func(t *testing.T, db *database.DB) {
		if db.Dialect != database.Postgres {
			return // which asks each question by itself
		}
		insert(t, db, thing{ID: 1})
		single := true
		l := database.MustLookup(db, func(t *database.Text) string {
			text := thingByID(t)
			if !single {
				text += " AND"
			}
			single = false
			return text
		}, readThing)
		if got, err := l.Ask(t.Context(), int64(1)); err != nil || got.ID != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
		if err := <-failures; !strings.Contains(err.Error(), "syntax error") {
			t.Errorf("got the failure %v, want a syntax error", err)
		}
		if _, err := db.Pool.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"); err == nil {
			t.Error("want that the connection is lost")
		}
		_, _ = l.Ask(t.Context(), int64(1)) // which may find out that its connection is lost
		for len(failures) > 0 {
			if err := <-failures; !strings.Contains(err.Error(), "syntax error") {
				t.Errorf("got the failure %v, want none of the database's", err)
			}
		}
	})
}

// A connection that was lost is noticed, and the next one asked.
func TestLookup_lostConnections(t *testing.T) {
	both(t, func(t *testing.T, db *database.DB) {
		if db.Dialect != database.Postgres {
			return // there are no connections to lose
		}
		insert(t, db, thing{ID: 1})
		l := database.MustLookup(db, thingByID, readThing)
		ask := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := l.Ask(ctx, int64(1))
			return err
		}
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Pool.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
			t.Fatal(err)
		}
		failures := 0
		for range 5 {
			if err := ask(); err != nil {
				failures++
			}
		}
		if failures > 1 { // the first may find out only while it asks
			t.Errorf("%d of 5 look-ups failed after the connections were lost", failures)
		}
	})
}
