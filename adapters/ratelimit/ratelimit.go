// Package ratelimit limits what a client may ask for. It counts requests by the minute,
// within one process, and together with other servers if it has counters that they
// share. Within one process it bans addresses that fail too often, and limits the streams
// that are open at once.
package ratelimit

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application/gitaccess"
)

const (
	// maxBuckets is how many buckets have a count of their own in a minute.
	maxBuckets = 100_000
	// maxGroups is how many counts all other buckets of the minute share.
	maxGroups = 1 << 16
)

// Limiter allows a number of requests in each bucket per minute of the clock. Every
// bucket is empty again when the next minute begins. It is safe for concurrent use.
//
// What it keeps is bounded: once 100,000 buckets have a count, every further one
// shares its count with others, by chance, until the minute ends. So made-up names
// do not escape the limit, and are at worst refused earlier.
type Limiter struct {
	perMinute int64
	shared    *shared // nil without other servers
	seed      maphash.Seed

	mu     sync.Mutex
	minute int64
	counts map[gitaccess.Bucket]int64
}

// New makes a Limiter that counts alone. 0 requests per minute means no limit.
func New(perMinute int) *Limiter {
	return &Limiter{perMinute: int64(perMinute), seed: maphash.MakeSeed(), counts: map[gitaccess.Bucket]int64{}}
}

// NewShared makes a Limiter that counts together with all servers that have the
// same counters. It waits for them until timeout. While they fail it counts alone,
// and says so in the log, at most once a minute.
func NewShared(perMinute int, counters Counters, timeout time.Duration, log *zap.Logger) *Limiter {
	l := New(perMinute)
	l.shared = &shared{counters: counters, timeout: timeout, log: log}
	return l
}

// Count implements gitaccess.Limiter. A request that this process refuses counts on
// every server, too.
func (l *Limiter) Count(ctx context.Context, now time.Time, buckets ...gitaccess.Bucket) (allowed bool, confirm func() bool) {
	if l.perMinute == 0 {
		return true, yes
	}
	allowed, names := l.count(now.Unix()/60, buckets)
	if len(names) == 0 {
		return allowed, yes
	}
	return allowed, l.shared.count(ctx, names, l.perMinute)
}

func yes() bool { return true }

// count counts a request here, and returns the names of its buckets for the other
// servers. A bucket without a count of its own is not shared with them.
func (l *Limiter) count(minute int64, buckets []gitaccess.Bucket) (allowed bool, names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin(minute)
	allowed = true
	for _, bucket := range buckets {
		if _, counted := l.counts[bucket]; !counted && len(l.counts) >= maxBuckets {
			bucket = l.group(bucket)
		} else if l.shared != nil {
			names = append(names, name(l.minute, bucket))
		}
		l.counts[bucket]++
		allowed = allowed && l.counts[bucket] <= l.perMinute
	}
	return allowed, names
}

// begin forgets the counts of another minute. A request may come late, with the minute
// before; a clock that was set back further begins anew.
func (l *Limiter) begin(minute int64) {
	if minute > l.minute || minute < l.minute-1 {
		l.minute, l.counts = minute, map[gitaccess.Bucket]int64{}
	}
}

// number counts a request in one bucket, and returns how many there were.
func (l *Limiter) number(minute int64, bucket gitaccess.Bucket) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin(minute)
	if _, counted := l.counts[bucket]; !counted && len(l.counts) >= maxBuckets {
		bucket = l.group(bucket)
	}
	l.counts[bucket]++
	return l.counts[bucket]
}

// group returns the bucket that stands for many. It depends on a secret, so that a
// caller cannot choose whose.
func (l *Limiter) group(bucket gitaccess.Bucket) (group gitaccess.Bucket) {
	binary.LittleEndian.PutUint64(group[:], maphash.Bytes(l.seed, bucket[:])%maxGroups)
	return group
}
