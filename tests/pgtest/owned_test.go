package pgtest_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/tests/pgtest"
)

// TestOwned stops a server at once and starts it again: what was committed is there. Then
// it pauses the server: a query has no answer until the server goes on.
func TestOwned(t *testing.T) {
	t.Parallel()
	o, err := pgtest.Start(t)
	if err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	dsn := o.Open(t, func(dsn string) error {
		c, err := pgx.Connect(context.Background(), dsn)
		if err != nil {
			return err
		}
		_, err = c.Exec(context.Background(), "CREATE TABLE things (number bigint)")
		return err
	})
	c := connect(t, dsn)
	if _, err := c.Exec(t.Context(), "INSERT INTO things VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	must(o.Stop())
	if _, err := c.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the server did not stop")
	}
	must(o.Start())
	c = connect(t, dsn)
	if got := query[int](t, c, "SELECT number FROM things"); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
	must(o.Pause())
	answered := make(chan error, 1)
	go func() {
		_, err := c.Exec(context.Background(), "SELECT 1")
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Errorf("a paused server answered: %v", err)
	case <-time.After(100 * time.Millisecond):
		defer func() { must(<-answered) }()
	}
	must(o.Resume())
}
