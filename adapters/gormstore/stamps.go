package gormstore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gatehouse/domain/identity"
)

const (
	// flushInterval is how long a stamp may wait.
	flushInterval = 5 * time.Second
	// mostStamps is how many may wait; further ones get lost.
	mostStamps = 10_000
	// stampBatch is how many are written in one transaction, so that others
	// who write do not wait long.
	stampBatch = 200
	// flushBudget bounds one flush in the background.
	flushBudget = 30 * time.Second
)

// Whether a stamp is worth writing the use case decides; here the latest stays.
const stamp = `UPDATE keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`

// stamps are the last uses of keys that wait to be written.
type stamps struct {
	mu      sync.Mutex
	waiting map[identity.KeyID]time.Time

	end  chan struct{}
	done chan struct{}
}

// KeyUsed implements gitaccess.Stamps.
func (s *Store) KeyUsed(id identity.KeyID, now time.Time) { s.stamps.add(id, now) }

func (w *stamps) add(id identity.KeyID, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = map[identity.KeyID]time.Time{}
	}
	if known, waits := w.waiting[id]; waits && !known.Before(now) || !waits && len(w.waiting) >= mostStamps {
		return
	}
	w.waiting[id] = now
}

// take returns all that wait, and leaves none.
func (w *stamps) take() map[identity.KeyID]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.waiting
	w.waiting = nil
	return taken
}

// start flushes now and then, until stop.
func (w *stamps) start(s *Store) {
	w.end, w.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(w.done)
		ticker := time.NewTicker(flushInterval)
		defer ticker.Stop()
		for {
			select {
			case <-w.end:
				return
			case <-ticker.C:
				ctx, cancel := context.WithTimeout(context.Background(), flushBudget)
				_ = w.flush(ctx, s)     // what could not be written waits for the next time
				_ = s.sweep.run(ctx, s) // and what is left lying too
				cancel()
			}
		}
	}()
}

// stop returns when the background has come to its end.
func (w *stamps) stop() {
	close(w.end)
	<-w.done
}

// flush writes what waits. What fails waits again.
func (w *stamps) flush(ctx context.Context, s *Store) error {
	taken := w.take()
	for batch := range slices.Chunk(slices.Sorted(maps.Keys(taken)), stampBatch) {
		if err := s.stampKeys(ctx, batch, taken); err != nil {
			for id, now := range taken {
				w.add(id, now)
			}
			return fault(err, "stamp keys that were used")
		}
		for _, id := range batch {
			delete(taken, id)
		}
	}
	return nil
}

func (s *Store) stampKeys(ctx context.Context, ids []identity.KeyID, used map[identity.KeyID]time.Time) error {
	stmt, err := s.plain(ctx, stamp)
	if err != nil {
		return err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	tx, err := s.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left to roll back after the commit
	inner := tx.StmtContext(ctx, stmt.Stmt)
	for _, id := range ids {
		if _, err := inner.ExecContext(ctx, int64(id), at(used[id])); err != nil {
			return err
		}
	}
	return tx.Commit()
}
