package integration_test

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/fx"

	"gatehouse/application"
	"gatehouse/bootstrap"
)

// clock is the machine's clock, which a test can put forward.
type clock struct{ ahead atomic.Int64 }

func newClock() *clock { return new(clock) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// option makes a server use the clock.
func (c *clock) option() bootstrap.Option {
	return fx.Replace(application.Clock(func() time.Time {
		return time.Now().UTC().Add(time.Duration(c.ahead.Load()))
	}))
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
