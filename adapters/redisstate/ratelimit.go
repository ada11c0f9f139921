package redisstate

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"gatehouse/domain"
)

const ratePrefix = "gatehouse-rate-limit:"

// increment adds one to each key. The first increment of a key sets its expiry.
var increment = redis.NewScript(`
	local values = {}
	for i, key in ipairs(KEYS) do
		values[i] = redis.call('INCR', key)
		if values[i] == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
	end
	return values`)

// Increment implements ratelimit.Counters.
func (s *State) Increment(ctx context.Context, names []string, expiry time.Duration) ([]int64, error) {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = ratePrefix + name
	}
	values, err := increment.Run(ctx, s.client, keys, expiry.Milliseconds()).Int64Slice()
	if err == nil && len(values) != len(keys) {
		return nil, fmt.Errorf("count requests: got %d values for %d names: %w", len(values), len(keys), domain.Unavailable)
	}
	return values, fault(err, "count requests")
}
