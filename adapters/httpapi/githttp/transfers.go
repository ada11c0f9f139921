package githttp

import (
	"context"
	"sync"
	"time"
)

// transfers are those under way. It is safe for concurrent use.
type transfers struct {
	// ctx ends when all transfers are cut off.
	ctx context.Context
	cut context.CancelCauseFunc

	mutex   sync.Mutex
	running int
	// draining refuses new operations; closed refuses every transfer.
	draining, closed bool
	// none is closed once draining finds no transfer.
	none chan struct{}
}

func newTransfers() *transfers {
	t := &transfers{none: make(chan struct{})}
	t.ctx, t.cut = context.WithCancelCause(context.Background())
	return t
}

// begin returns the context of a transfer, which ends with parent or when the transfer is cut
// off; end has to be called with its end. first says that a client begins an operation: while
// the server drains, only the further requests of older ones are taken.
func (t *transfers) begin(parent context.Context, first bool) (ctx context.Context, end func(), err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.closed || t.draining && first {
		return nil, nil, errStopping
	}
	t.running++
	ctx, cancel := context.WithCancelCause(parent)
	stop := context.AfterFunc(t.ctx, func() { cancel(context.Cause(t.ctx)) })
	return ctx, func() {
		stop()
		cancel(nil)
		t.mutex.Lock()
		defer t.mutex.Unlock()
		t.running--
		t.closeIfDrained()
	}, nil
}

// closeIfDrained ends the draining with the last transfer.
func (t *transfers) closeIfDrained() {
	if t.draining && !t.closed && t.running == 0 {
		t.closed = true
		close(t.none)
	}
}

func (t *transfers) isDraining() bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.draining
}

// cutTimeout is how long the handlers of transfers that are cut off may take to end.
const cutTimeout = 2 * time.Second

// drain returns when no transfer is under way. When ctx ends it cuts them off.
func (t *transfers) drain(ctx context.Context) {
	t.mutex.Lock()
	t.draining = true
	t.closeIfDrained()
	t.mutex.Unlock()
	select {
	case <-t.none:
		return
	case <-ctx.Done():
	}
	t.cut(errStopping)
	late := time.NewTimer(cutTimeout)
	defer late.Stop()
	select {
	case <-t.none:
	case <-late.C:
	}
}
