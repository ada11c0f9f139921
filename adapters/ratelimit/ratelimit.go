// Package ratelimit counts requests by the minute, within one process.
package ratelimit

import (
	"sync"
	"time"
)

// Limiter allows a number of requests in each bucket per minute of the clock. Every
// bucket is empty again when the next minute begins. It is safe for concurrent use.
type Limiter struct {
	perMinute int

	mu     sync.Mutex
	minute int64
	counts map[string]int
}

// New makes a Limiter. 0 requests per minute means no limit.
func New(perMinute int) *Limiter {
	return &Limiter{perMinute: perMinute, counts: map[string]int{}}
}

// Allow counts one request in each bucket, and says whether none exceeds the limit.
func (l *Limiter) Allow(now time.Time, buckets ...string) bool {
	if l.perMinute == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if minute := now.Unix() / 60; minute != l.minute {
		l.minute = minute
		clear(l.counts)
	}
	allowed := true
	for _, bucket := range buckets {
		l.counts[bucket]++
		allowed = allowed && l.counts[bucket] <= l.perMinute
	}
	return allowed
}
