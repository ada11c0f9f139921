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
	// last is when the last one ended.
	last time.Time
	// draining refuses new operations; closed refuses every transfer.
	draining, closed bool
	// ended has a value after a transfer has ended.
	ended chan struct{}
}

func newTransfers() *transfers {
	t := &transfers{ended: make(chan struct{}, 1)}
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
		t.end()
	}, nil
}

func (t *transfers) end() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.running--
	t.last = time.Now()
	select {
	case t.ended <- struct{}{}:
	default: // one is enough to look again
	}
}

// count returns how many transfers are under way.
func (t *transfers) count() int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.running
}

func (t *transfers) isDraining() bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.draining
}

const (
	// betweenRequests is how long a client may take from one request of an operation to the
	// next one.
	betweenRequests = 2 * time.Second
	// cutTimeout is how long the handlers of transfers that are cut off may take to end.
	cutTimeout = 2 * time.Second
)

// drain returns when no transfer is under way, and no further request of one is to come. When
// ctx ends it cuts them off.
func (t *transfers) drain(ctx context.Context) {
	t.mutex.Lock()
	t.draining = true
	t.mutex.Unlock()
	t.wait(ctx, betweenRequests)
	t.cut(errStopping)
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutTimeout)
	defer cancel()
	t.wait(late, 0)
}

// wait returns when there was no transfer for a time, after which none is taken, or when ctx
// ends.
func (t *transfers) wait(ctx context.Context, quiet time.Duration) {
	for {
		left, none := t.close(quiet)
		if none {
			return
		}
		again := time.NewTimer(left)
		select {
		case <-t.ended:
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			t.closeAll()
			return
		}
		again.Stop()
	}
}

// close takes no more transfers if there was none for a time. Otherwise it returns after what
// time to look again.
func (t *transfers) close(quiet time.Duration) (left time.Duration, none bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.running > 0 {
		return time.Hour, false // or when one ends
	}
	if left = quiet - time.Since(t.last); left > 0 {
		return left, false
	}
	t.closed = true
	return 0, true
}

func (t *transfers) closeAll() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.closed = true
}
