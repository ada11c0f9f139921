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
	// mostActive is how many users are remembered whose day is known to wait or to be
	// written. Beyond that all are forgotten, and some are written twice.
	mostActive = 100_000
	// stampBatch is how many are written in one transaction, so that others
	// who write do not wait long.
	stampBatch = 200
)

// The tables whose rows are stamped.
const (
	keyTable         = "keys"
	accessTokenTable = "access_tokens"
	agentTokenTable  = "agent_tokens"
	userTable        = "users"
)

// writeStamp are the statements by table. Whether a stamp is worth writing the use
// case decides; here the latest stays.
var writeStamp = map[string]string{
	keyTable:         `UPDATE keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
	accessTokenTable: `UPDATE access_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
	agentTokenTable:  `UPDATE agent_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
	userTable:        `UPDATE users SET last_activity_on = $2 WHERE id = $1 AND (last_activity_on IS NULL OR last_activity_on < $2)`,
}

// KeyUses are the last uses of keys and tokens, and the last days of users, that wait to
// be written.
type KeyUses struct {
	db      *database.DB
	mu      sync.Mutex
	waiting map[stamped]time.Time
	// active are the users whose activity on day waits or is written: each request would
	// be a write otherwise.
	active map[identity.UserID]bool
	day    time.Time
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

// UserActive implements gitaccess.KeyUses. It adds a stamp once for each user and day.
func (s *KeyUses) UserActive(id identity.UserID, now time.Time) {
	day := database.ToDay(now).Time
	s.mu.Lock()
	defer s.mu.Unlock()
	if !day.Equal(s.day) || len(s.active) >= mostActive {
		s.active, s.day = map[identity.UserID]bool{}, day
	}
	if !s.active[id] {
		s.active[id] = s.addLocked(stamped{userTable, int64(id)}, day)
	}
}

func (s *KeyUses) add(what stamped, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addLocked(what, now)
}

// addLocked adds a stamp unless a later one of the same row waits; it returns false if too
// many others wait.
func (s *KeyUses) addLocked(what stamped, now time.Time) bool {
	if s.waiting == nil {
		s.waiting = map[stamped]time.Time{}
	}
	known, waits := s.waiting[what]
	if !waits && len(s.waiting) >= mostStamps {
		return false
	}
	if !waits || known.Before(now) {
		s.waiting[what] = now
	}
	return true
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
			return database.Fault(err, "note the last uses of keys and tokens, and the last days of users")
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
		at := any(database.ToInstant(used[what]))
		if what.table == userTable {
			at = database.ToDay(used[what])
		}
		if _, err := inner[what.table].ExecContext(ctx, what.id, at); err != nil {
			return err
		}
	}
	return tx.Commit()
}
