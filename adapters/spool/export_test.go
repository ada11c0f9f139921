package spool

import "context"

// Replay looks into the folder once.
func (r *Replayer) Replay(ctx context.Context) { r.replay(ctx) }

// Release gives the lock back, as the end of the process does.
func (r *Replayer) Release() { r.lock.release() }
