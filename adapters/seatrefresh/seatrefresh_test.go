package seatrefresh_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/seatrefresh"
	"gatehouse/application/provisioning"
)

func TestRefresher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zap.InfoLevel)
		var calls atomic.Int64
		r := seatrefresh.New(func(ctx context.Context) (provisioning.SeatRefresh, error) {
			if calls.Add(1) == 2 {
				<-ctx.Done() // until Stop
				return provisioning.SeatRefresh{}, ctx.Err()
			}
			return provisioning.SeatRefresh{Counted: 3, Changed: 1}, errors.New("one of four")
		}, time.Hour, zap.New(core))
		r.Stop() // has no effect before Start
		r.Start()
		time.Sleep(59 * time.Minute)
		if calls.Load() != 0 {
			t.Error("seats are counted before the first interval is over")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		r.Stop()
		time.Sleep(2 * time.Hour)
		if got := calls.Load(); got != 2 {
			t.Errorf("seats were counted %d times, want 2", got)
		}
		if lines := logged.FilterLevelExact(zap.ErrorLevel).All(); len(lines) != 1 || lines[0].ContextMap()["error"] != "one of four" {
			t.Errorf("got errors %v, want that of the first time", lines)
		}
		if lines := logged.FilterMessage("seats refreshed").All(); len(lines) != 2 || lines[0].ContextMap()["subscriptions"] != int64(3) || lines[0].ContextMap()["changed"] != int64(1) {
			t.Errorf("got %v, want the numbers of the first time", lines)
		}
	})
}
