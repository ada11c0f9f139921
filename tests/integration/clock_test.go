package integration_test

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/fx"

	"gatehouse/application"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
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

// TestServer_clockStep sets the clock while pushes are under way: all of them count.
func TestServer_clockStep(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) { stepClock(t, servertest.Settings(t, database)) })
	t.Run("redis", func(t *testing.T) {
		redis := stores.RedisURL(miniredis.RunT(t).Addr())
		stepClock(t, servertest.Settings(t, stores.SQLiteFile(t), "redis.url="+redis))
	})
}

func stepClock(t *testing.T, config config.Config) {
	data, clock := servertest.OpenData(t, config), newClock()
	s := servertest.Start(t, config, clock.option())
	begin := servertest.Call{Route: "POST /pre_receive", By: servertest.BySecret, Body: servertest.PreReceive}
	end := servertest.Call{Route: "POST /post_receive", By: servertest.BySecret, Body: servertest.PostReceive("main")}
	var underWay int64
	for _, step := range []time.Duration{0, 2 * time.Hour, 40 * 24 * time.Hour, -50 * 24 * time.Hour} {
		clock.advance(step)
		for range 3 {
			s.Ask(t, begin).Want(t, "a push begins", 200, servertest.Increased)
		}
		s.Ask(t, end).Want(t, "a push ends", 200, servertest.Decreased)
		if underWay += 2; data.Counters(t)["project-60"] != underWay {
			t.Errorf("the clock set by %s: got %v, want %d pushes under way", step, data.Counters(t), underWay)
		}
	}
}
