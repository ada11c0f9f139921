package bootstrap

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/application/provisioning"
)

func TestRefreshSeats_log(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.InfoLevel)
	ctx, cancel := context.WithCancel(t.Context())
	refresh := refreshSeats(func(context.Context) (provisioning.SeatRefresh, error) {
		return provisioning.SeatRefresh{Counted: 3, Changed: 1}, errors.New("one of four")
	}, zap.New(core))
	refresh(ctx)
	cancel()
	refresh(ctx) // an interruption is no failure
	if lines := logged.FilterLevelExact(zap.ErrorLevel).All(); len(lines) != 1 || lines[0].ContextMap()["error"] != "one of four" {
		t.Errorf("got errors %v, want that of the first time", lines)
	}
	if lines := logged.FilterMessage("seats refreshed").All(); len(lines) != 2 || lines[0].ContextMap()["subscriptions"] != int64(3) || lines[0].ContextMap()["changed"] != int64(1) {
		t.Errorf("got %v, want the numbers both times", lines)
	}
}
