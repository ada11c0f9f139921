package application_test

import (
	"testing"
	"time"

	"gatehouse/application"
)

func TestWorkerPool_RetryAfter(t *testing.T) {
	t.Parallel()
	pool := application.WorkerPool{RetryDelay: time.Second, MaxDelay: map[application.JobKind]time.Duration{"limited": time.Minute}}
	for _, c := range []struct {
		kind     application.JobKind
		failures int
		want     time.Duration
	}{
		{"other", 1, time.Second}, {"other", 2, 16 * time.Second}, {"other", 5, 625 * time.Second}, {"other", 25, 24 * time.Hour},
		{"limited", 1, time.Second}, {"limited", 2, 16 * time.Second}, {"limited", 3, time.Minute}, {"limited", 25, time.Minute},
	} {
		if got := pool.RetryAfter(c.kind, c.failures); got != c.want {
			t.Errorf("%s after %d failures: got %v, want %v", c.kind, c.failures, got, c.want)
		}
	}
}
