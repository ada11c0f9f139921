package bootstrap

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestWarnOfBatches lets all look-ups that are asked together fail for a minute and a half:
// two warnings say why.
func TestWarnOfBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, lines := observer.New(zap.WarnLevel)
		warn := warnOfBatches(zap.New(core))
		for range 90 {
			warn(errors.New("no such column"))
			time.Sleep(time.Second)
		}
		got := lines.FilterMessage("look-ups could not be asked together").FilterField(zap.Error(errors.New("no such column")))
		if got.Len() != 2 || lines.Len() != 2 {
			t.Errorf("got %v", lines.All())
		}
	})
}
