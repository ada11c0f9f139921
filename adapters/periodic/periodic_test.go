package periodic_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/adapters/periodic"
)

func TestTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		task := periodic.New(time.Hour, func(ctx context.Context) {
			if calls.Add(1) == 2 {
				<-ctx.Done() // until Stop
			}
		})
		task.Stop() // has no effect before Start
		task.Start()
		time.Sleep(59 * time.Minute)
		if calls.Load() != 0 {
			t.Error("the work is done before the first interval is over")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		task.Stop()
		time.Sleep(2 * time.Hour)
		if got := calls.Load(); got != 2 {
			t.Errorf("the work was done %d times, want 2", got)
		}
	})
}
