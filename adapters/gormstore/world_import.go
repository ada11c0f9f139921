package gormstore

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
)

const (
	// attempts is how often a unit of work is begun before it fails.
	attempts = 5
	// manyRows are so many that the tables may have become much larger.
	manyRows = 1000
	// directoryLock is PostgreSQL's number for the lock on the directory.
	directoryLock = 0x67617465
)

// analyze counts the tables that Standing reads.
const analyze = `ANALYZE users, namespaces, namespace_closure, projects, redirects, members, shares, keys,
	deploy_key_projects, protections, protection_entries`

// WorldImport returns the unit of work on a worldimport.Tx. Units take
// turns, on both databases: what one has looked up stays true until it ends,
// so that nothing has to fail on a unique index.
func (s *Store) WorldImport() worldimport.UnitOfWork {
	return func(ctx context.Context, do func(worldimport.Tx) error) error {
		return retry(ctx, func() error { return s.unit(ctx, do) })
	}
}

// retry calls do again as long as it fails by chance.
func retry(ctx context.Context, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || attempt == attempts || !transient(err) {
			return err
		}
		if err := pause(ctx, time.Duration(attempt)*20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *Store) unit(ctx context.Context, do func(worldimport.Tx) error) error {
	done, err := s.turn(ctx)
	if err != nil {
		return fault(err, "change the directory")
	}
	defer done()
	var failure error
	var written int
	err = s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if s.dialect == onPostgres {
			if err := tx.Exec("SELECT pg_advisory_xact_lock(?)", directoryLock).Error; err != nil {
				return err
			}
		}
		r := &worldTx{tx: tx, dialect: s.dialect, enqueue: s.enqueue, seen: map[row]bool{}, numbered: map[string]bool{}}
		if failure = do(worldimport.Tx{Users: r, Namespaces: r, Projects: r, Keys: r, Credentials: r, Jobs: r, Hooks: r, Billing: r}); failure != nil {
			return failure
		}
		written = r.written
		return r.advance(ctx)
	})
	switch gone := ctx.Err(); {
	case failure != nil && gone != nil:
		return fmt.Errorf("%w (%w)", failure, gone) // by itself it may say that the transaction is over
	case failure != nil:
		return failure
	}
	if err == nil && written >= manyRows && s.dialect == onPostgres {
		// Until PostgreSQL counts again by itself, it would go on with plans
		// that were good for tables as small as they used to be. If it cannot,
		// that only takes longer.
		_ = s.db.WithContext(ctx).Exec(analyze).Error
	}
	return fault(err, "change the directory")
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// worldTx is the directory within one transaction.
type worldTx struct {
	tx      *gorm.DB
	dialect dialect
	enqueue Enqueuer
	// seen are rows that are known to be there: nobody takes them away while
	// this transaction runs.
	seen map[row]bool
	// numbered are the tables in which rows were put by number.
	numbered map[string]bool
	// written is how many rows were put.
	written int
}

// row names one row.
type row struct {
	table string
	id    int64
}

// The tables that rows refer to, in words for messages too.
const (
	users        = "users"
	namespaces   = "namespaces"
	projectTable = "projects"
	keys         = "keys"
	agentTable   = "agents"

	accessTokens = "access_tokens"
	agentTokens  = "agent_tokens"

	groups     = "groups"      // the namespaces that are no user's
	deployKeys = "deploy keys" // the keys that are no user's
)

// there counts the rows of a table by number.
var there = map[string]string{
	users:        "SELECT count(*) FROM users WHERE id = ?",
	namespaces:   "SELECT count(*) FROM namespaces WHERE id = ?",
	projectTable: "SELECT count(*) FROM projects WHERE id = ?",
	groups:       "SELECT count(*) FROM namespaces WHERE id = ? AND owner_id IS NULL",
	deployKeys:   "SELECT count(*) FROM keys WHERE id = ? AND kind = 'deploy_key'",
}

// exists returns domain.NotFound unless the table has a row of that number.
func (r *worldTx) exists(ctx context.Context, table string, id int64) error {
	if r.seen[row{table, id}] {
		return nil
	}
	var count int
	if err := r.tx.WithContext(ctx).Raw(there[table], id).Scan(&count).Error; err != nil {
		return fault(err, "%s %d", table, id)
	}
	if count == 0 {
		return missing("%s: number %d", table, id)
	}
	r.seen[row{table, id}] = true
	return nil
}

// find returns the row that the condition picks, or nil.
func find[Row any](ctx context.Context, tx *gorm.DB, condition string, args ...any) (*Row, error) {
	for _, arg := range args {
		if text, ok := arg.(string); ok && !storable(text) {
			return nil, nil
		}
	}
	found, err := gorm.G[Row](tx).Where(condition, args...).Limit(1).Find(ctx)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// put writes a row, over the one that has its number.
func put[Row any](ctx context.Context, r *worldTx, row *Row) error {
	return putOver(ctx, r, row, clause.OnConflict{UpdateAll: true})
}

// putOver writes a row, over one that it is in conflict with.
func putOver[Row any](ctx context.Context, r *worldTx, row *Row, conflict clause.OnConflict) error {
	r.written++
	return gorm.G[Row](r.tx, conflict).Create(ctx, row)
}

// number gives a row that is going to be put its number, unless it has one.
// Where no number was given in this transaction, the database will know one.
// SQLite always does.
func (r *worldTx) number(ctx context.Context, table string, id *int64) error {
	switch {
	case r.dialect != onPostgres:
		return nil
	case *id != 0:
		r.numbered[table] = true
		return nil
	case !r.numbered[table]:
		return nil
	}
	query := fmt.Sprintf("SELECT greatest((SELECT max(id) FROM %[1]s), (SELECT last_value FROM %[1]s_id_seq)) + 1", table)
	return r.tx.WithContext(ctx).Raw(query).Scan(id).Error
}

// advance lets the database's own numbers go on behind those that were given.
// PostgreSQL does not take this back, so it is done last.
func (r *worldTx) advance(ctx context.Context) error {
	for table := range r.numbered {
		query := fmt.Sprintf("SELECT setval('%[1]s_id_seq', greatest((SELECT max(id) FROM %[1]s), (SELECT last_value FROM %[1]s_id_seq)))", table)
		if err := r.exec(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

func (r *worldTx) exec(ctx context.Context, query string, args ...any) error {
	return r.tx.WithContext(ctx).Exec(query, args...).Error
}

func missing(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), domain.NotFound)
}

func conflict(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), domain.Conflict)
}
