package redisstate_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/zap/zaptest"

	"gatehouse/adapters/ratelimit"
	"gatehouse/adapters/redisstate"
	"gatehouse/application/gitaccess"
	"gatehouse/tests/contract"
	"gatehouse/tests/stores"
)

// TestState_limiter runs the contract of the rate limit on two servers.
func TestState_limiter(t *testing.T) {
	t.Parallel()
	contract.RateLimit(t, func(t *testing.T, perMinute int) (limiters [2]gitaccess.Limiter) {
		server := miniredis.RunT(t)
		for i := range limiters {
			state, err := redisstate.Open(stores.RedisURL(server.Addr()))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = state.Close() })
			limiters[i] = ratelimit.NewShared(perMinute, state, time.Minute, zaptest.NewLogger(t))
		}
		return limiters
	})
}
