package gormstore

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
)

const (
	// mostStamps is how many may wait; further ones get lost.
	mostStamps = 10_000
	// stampBatch is how many are written in one transaction, so that others
	// who write do not wait long.
	stampBatch = 200
)

// The tables whose rows are stamped.
const (
	keyTable         = "keys"
	accessTokenTable = "access_tokens"
	agentTokenTable  = "agent_tokens"
)

// writeStamp are the statements by table. Whether a stamp is worth writing the use
// case decides; here the latest stays.
var writeStamp = map[string]string{
	keyTable:         `UPDATE keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
	accessTokenTable: `UPDATE access_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
	agentTokenTable:  `UPDATE agent_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
}

// KeyUses are the last uses of keys and tokens that wait to be written.
type KeyUses struct {
	db      *database.DB
	mu      sync.Mutex
	waiting map[stamped]time.Time
	// flushing is held by the flush that is under way.
	flushing sync.Mutex
}

// stamped names the row that was used.
type stamped struct {
	table string
	id    int64
}

// Record implements gitaccess.KeyUses.
func (s *KeyUses) Record(id identity.KeyID, now time.Time) { s.add(stamped{keyTable, int64(id)}, now) }

func (s *KeyUses) add(what stamped, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = map[stamped]time.Time{}
	}
	if known, waits := s.waiting[what]; waits && !known.Before(now) || !waits && len(s.waiting) >= mostStamps {
		return
	}
	s.waiting[what] = now
}

// take returns all that wait, and leaves none.
func (s *KeyUses) take() map[stamped]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.waiting
	s.waiting = nil
	return taken
}

// flush writes what waits, after the flush that is under way: what came before the call
// is written when it returns. What fails waits again.
func (s *KeyUses) flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	taken := s.take()
	for batch := range slices.Chunk(slices.SortedFunc(maps.Keys(taken), compareStamped), stampBatch) {
		if err := s.write(ctx, batch, taken); err != nil {
			for what, now := range taken {
				s.add(what, now)
			}
			return database.Fault(err, "stamp keys and tokens that were used")
		}
		for _, what := range batch {
			delete(taken, what)
		}
	}
	return nil
}

// compareStamped gives the rows one order, so that two servers do not wait for
// each other's.
func compareStamped(a, b stamped) int {
	return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.id, b.id))
}

func (s *KeyUses) write(ctx context.Context, batch []stamped, used map[stamped]time.Time) error {
	inner := map[string]*sql.Stmt{}
	for table, query := range writeStamp {
		ready, err := s.db.Prepare(ctx, query)
		if err != nil {
			return err
		}
		inner[table] = ready.Stmt
	}
	unlock, err := s.db.LockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	tx, err := s.db.Pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left to roll back after the commit
	for table, stmt := range inner {
		inner[table] = tx.StmtContext(ctx, stmt)
	}
	for _, what := range batch {
		if _, err := inner[what.table].ExecContext(ctx, what.id, database.ToInstant(used[what])); err != nil {
			return err
		}
	}
	return tx.Commit()
}
