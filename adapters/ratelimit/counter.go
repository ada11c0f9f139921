package ratelimit

import (
	"crypto/sha256"
	"time"

	"gatehouse/application/gitaccess"
)

// Counter counts requests by the minute, within one process and without a limit of its
// own. What it keeps is bounded as that of a Limiter. It is safe for concurrent use.
type Counter struct{ limiter *Limiter }

// NewCounter makes a Counter.
func NewCounter() *Counter { return &Counter{New(0)} }

// Count counts a request of the caller of that name, and returns how many there were in
// the minute of now, this one included.
func (c *Counter) Count(now time.Time, name string) int64 {
	digest := sha256.Sum256([]byte(name))
	bucket := gitaccess.Bucket(digest[:len(gitaccess.Bucket{})])
	return c.limiter.number(now.Unix()/60, bucket)
}
