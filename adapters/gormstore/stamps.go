package gormstore

import (
	"cmp"
	"context"
	"database/sql"
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
var stamp = map[string]string{
	keys:         `UPDATE keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
	accessTokens: `UPDATE access_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
	agentTokens:  `UPDATE agent_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
}

// stamps are the last uses of keys and tokens that wait to be written.
type stamps struct {
	mu      sync.Mutex
	waiting map[row]time.Time

	end  chan struct{}
	done chan struct{}
}

// KeyUsed implements gitaccess.Stamps.
func (s *Store) KeyUsed(id identity.KeyID, now time.Time) { s.stamps.add(row{keys, int64(id)}, now) }

// TokenUsed implements credentials.Tokens.
func (s *Store) TokenUsed(id int64, now time.Time) { s.stamps.add(row{accessTokens, id}, now) }

func (w *stamps) add(what row, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = map[row]time.Time{}
	}
	if known, waits := w.waiting[what]; waits && !known.Before(now) || !waits && len(w.waiting) >= mostStamps {
		return
	}
	w.waiting[what] = now
}

// take returns all that wait, and leaves none.
func (w *stamps) take() map[row]time.Time {
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

// stop ends what start began, and waits for its end. Without start it does
// nothing.
func (w *stamps) stop() {
	if w.end == nil {
		return
	}
	close(w.end)
	<-w.done
}

// flush writes what waits. What fails waits again.
func (w *stamps) flush(ctx context.Context, s *Store) error {
	taken := w.take()
	for batch := range slices.Chunk(slices.SortedFunc(maps.Keys(taken), inOrder), stampBatch) {
		if err := s.stamp(ctx, batch, taken); err != nil {
			for what, now := range taken {
				w.add(what, now)
			}
			return fault(err, "stamp keys and tokens that were used")
		}
		for _, what := range batch {
			delete(taken, what)
		}
	}
	return nil
}

// inOrder keeps two servers from waiting for each other's rows.
func inOrder(a, b row) int { return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.id, b.id)) }

func (s *Store) stamp(ctx context.Context, batch []row, used map[row]time.Time) error {
	inner := map[string]*sql.Stmt{}
	for table, query := range stamp {
		ready, err := s.plain(ctx, query)
		if err != nil {
			return err
		}
		inner[table] = ready.Stmt
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
	for table, stmt := range inner {
		inner[table] = tx.StmtContext(ctx, stmt)
	}
	for _, what := range batch {
		if _, err := inner[what.table].ExecContext(ctx, what.id, at(used[what])); err != nil {
			return err
		}
	}
	return tx.Commit()
}
