// Package worldtx writes what a world describes into the database, in one
// transaction: it is the worldimport.Tx of PostgreSQL and SQLite.
package worldtx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/clusters"
	"gatehouse/application/deploykeys"
	"gatehouse/application/groups"
	"gatehouse/application/members"
	"gatehouse/application/protections"
	"gatehouse/application/provisioning"
	"gatehouse/application/webhooks"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

const (
	// manyRows are so many that the tables may have become much larger.
	manyRows = 1000
	// importLock is PostgreSQL's number for the lock that one import holds.
	importLock = 0x67617465
	// scratchLock is that for the lock that one scratch holds.
	scratchLock = importLock + 1
	// longestGap is the longest pause between two transactions.
	longestGap = time.Second
)

// analyze counts the tables that Standing reads.
const analyze = `ANALYZE users, namespaces, namespace_closure, projects, routes, redirects, members, shares, keys,
	deploy_key_projects, protections, protection_entries`

// importer runs units of work on a worldimport.Tx.
type importer struct {
	db      *database.DB
	queue   *jobs.Queue
	billing func(*gorm.DB) provisioning.BillingTx
	sealer  seals.Sealer
}

// New returns the unit of work, which enqueues jobs in queue, writes what was sold by
// what billing makes of its transaction, and seals secrets by sealer. Units of work run
// one after the other, on both databases: what one has looked up stays true until it
// ends, so that none fails on a unique index.
func New(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) worldimport.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).ports)
}

// NewAccounts returns the unit of work on accounts beside the one that New returns of the
// same arguments.
func NewAccounts(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) accounts.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).accountPorts)
}

// NewMembers returns the unit of work on members beside the one that New returns of the
// same arguments.
func NewMembers(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) members.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).memberPorts)
}

// NewGroups returns the unit of work on groups beside the one that New returns of the same
// arguments.
func NewGroups(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) groups.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).groupPorts)
}

// NewHooks returns the unit of work on hooks beside the one that New returns of the same
// arguments.
func NewHooks(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) webhooks.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).hookPorts)
}

// NewAgents returns the unit of work on agents beside the one that New returns of the same
// arguments.
func NewAgents(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) clusters.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).agentPorts)
}

// NewProtections returns the unit of work on protections beside the one that New returns of
// the same arguments.
func NewProtections(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) protections.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).protectionPorts)
}

// NewDeployKeys returns the unit of work on deploy keys beside the one that New returns of the
// same arguments.
func NewDeployKeys(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) deploykeys.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).deployKeyPorts)
}

func unitOfWork[Tx any](im *importer, ports func(*writer) Tx) application.UnitOfWork[Tx] {
	return func(ctx context.Context, do func(Tx) error) error {
		return database.Retry(ctx, func() error {
			return im.attempt(ctx, func(w *writer) error { return do(ports(w)) })
		})
	}
}

// NewScratch returns the scratch beside the unit of work that New returns of the same
// arguments. On SQLite it is a copy of the file, which is removed as soon as it is open.
// On PostgreSQL it is a transaction that is rolled back: others read the rows that it
// has changed as they were, but wait to change them. Two scratches run one after the
// other there.
func NewScratch(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) worldimport.Scratch {
	return func(ctx context.Context, do func(worldimport.Tx) error) error {
		im := &importer{db, queue, billing, sealer}
		if db.Dialect == database.Postgres {
			return database.Retry(ctx, func() error { return im.try(ctx, do) })
		}
		scratch, err := db.Copy(ctx)
		if err != nil {
			return database.Fault(err, "copy the directory")
		}
		im.db = scratch
		return errors.Join(im.try(ctx, do), scratch.Close())
	}
}

// errRollback ends a transaction that succeeded.
var errRollback = errors.New("roll back")

// try runs do in a transaction that is rolled back.
func (im *importer) try(ctx context.Context, do func(worldimport.Tx) error) error {
	var failure error
	err := im.db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if im.db.Dialect == database.Postgres {
			if err := tx.Exec("SELECT pg_advisory_xact_lock(?)", scratchLock).Error; err != nil {
				return err
			}
		}
		if failure = do(im.writer(tx).ports()); failure != nil {
			return failure
		}
		return errRollback
	})
	switch {
	case failure != nil:
		return failure
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errRollback):
		return nil
	}
	return database.Fault(err, "try to change the directory")
}

// GiveWay returns unitOfWork, of which each transaction on SQLite begins no sooner
// after the one before than half of what that took: writers of other processes look for
// the lock now and then, and would not find it free between two that follow each other
// at once.
func GiveWay(db *database.DB, unitOfWork worldimport.UnitOfWork) worldimport.UnitOfWork {
	if db.Dialect == database.Postgres {
		return unitOfWork
	}
	var mu sync.Mutex
	var next time.Time
	return func(ctx context.Context, do func(worldimport.Tx) error) error {
		mu.Lock()
		gap := time.Until(next)
		mu.Unlock()
		if err := database.Pause(ctx, min(gap, longestGap)); err != nil {
			return err
		}
		began := time.Now()
		err := unitOfWork(ctx, do)
		mu.Lock()
		defer mu.Unlock()
		ended := time.Now()
		next = ended.Add(ended.Sub(began) / 2)
		return err
	}
}

func (im *importer) attempt(ctx context.Context, do func(*writer) error) error {
	unlock, err := im.db.LockWrites(ctx)
	if err != nil {
		return database.Fault(err, "change the directory")
	}
	defer unlock()
	var failure error
	var written int
	err = im.db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if im.db.Dialect == database.Postgres {
			if err := tx.Exec("SELECT pg_advisory_xact_lock(?)", importLock).Error; err != nil {
				return err
			}
		}
		w := im.writer(tx)
		w.locks = im.db.Dialect == database.Postgres
		if failure = do(w); failure != nil {
			return failure
		}
		written = w.written
		return w.advance(ctx)
	})
	switch gone := ctx.Err(); {
	case failure != nil && gone != nil:
		return fmt.Errorf("%w (%w)", failure, gone) // by itself it may say that the transaction is over
	case failure != nil:
		return failure
	}
	if err == nil && written >= manyRows && im.db.Dialect == database.Postgres {
		// Until PostgreSQL counts again by itself, it would go on with plans that
		// were good for the smaller tables. A failure only costs time.
		_ = im.db.Gorm.WithContext(ctx).Exec(analyze).Error
	}
	return database.Fault(err, "change the directory")
}

func (im *importer) writer(tx *gorm.DB) *writer {
	return &writer{
		tx: tx, dialect: im.db.Dialect, queue: im.queue, billing: im.billing(tx), sealer: im.sealer,
		known: map[row]bool{}, numbered: map[string]bool{},
	}
}

func (w *writer) ports() worldimport.Tx {
	return worldimport.Tx{
		Users: usersTx{w}, Emails: w, Projects: projectsTx{w}, Keys: keysTx{w}, Hooks: hooksTx{w},
		Namespaces: w, Credentials: w, Jobs: w, Billing: w, Audit: w, Settings: w, Current: currentTx{w}, CurrentBilling: currentBillingTx{w},
	}
}

// writer writes in one transaction.
type writer struct {
	tx      *gorm.DB
	dialect database.Dialect
	queue   *jobs.Queue
	billing provisioning.BillingTx
	sealer  seals.Sealer
	// known are rows that exist, and that no other transaction removes while this
	// one runs.
	known map[row]bool
	// numbered are the tables in which rows were put with a given number.
	numbered map[string]bool
	// written is how many rows were put.
	written int
	// locks says that others may write meanwhile what the transaction is going to change.
	locks bool
}

// usersTx, projectsTx, keysTx and hooksTx are the ports whose methods are named
// alike.
type (
	usersTx    struct{ *writer }
	projectsTx struct{ *writer }
	keysTx     struct{ *writer }
	hooksTx    struct{ *writer }
)

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

	people     = "people"      // the users that are of another type than ghost
	groupTable = "groups"      // the namespaces that are no user's
	deployKeys = "deploy keys" // the keys that are no user's
)

// countByID counts the rows of a table with a number.
var countByID = map[string]string{
	users:        "SELECT count(*) FROM users WHERE id = ?",
	people:       "SELECT count(*) FROM users WHERE id = ? AND type <> 'ghost'",
	namespaces:   "SELECT count(*) FROM namespaces WHERE id = ?",
	projectTable: "SELECT count(*) FROM projects WHERE id = ?",
	groupTable:   "SELECT count(*) FROM namespaces WHERE id = ? AND owner_id IS NULL",
	deployKeys:   "SELECT count(*) FROM keys WHERE id = ? AND kind = 'deploy_key'",
}

// exists returns domain.NotFound unless the table has a row of that number.
func (w *writer) exists(ctx context.Context, table string, id int64) error {
	if w.known[row{table, id}] {
		return nil
	}
	var count int
	if err := w.tx.WithContext(ctx).Raw(countByID[table], id).Scan(&count).Error; err != nil {
		return database.Fault(err, "%s %d", table, id)
	}
	if count == 0 {
		return database.NotFound("%s: number %d", table, id)
	}
	w.known[row{table, id}] = true
	return nil
}

// personExists is exists for a user; one of type ghost is a domain.Conflict.
func (w *writer) personExists(ctx context.Context, id identity.UserID) error {
	err := w.exists(ctx, people, int64(id))
	if errors.Is(err, domain.NotFound) && w.exists(ctx, users, int64(id)) == nil {
		return database.Conflict("user %d is of type ghost", id)
	}
	return err
}

// put writes a row, over the one that has its number.
func put[Row any](ctx context.Context, w *writer, row *Row) error {
	return upsert(ctx, w, row, clause.OnConflict{UpdateAll: true})
}

// upsert writes a row, over one that it is in conflict with.
func upsert[Row any](ctx context.Context, w *writer, row *Row, conflict clause.OnConflict) error {
	w.written++
	return gorm.G[Row](w.tx, conflict).Create(ctx, row)
}

// number gives a row that is going to be put its number, unless it has one. If no
// row of the table was given a number in this transaction, and always on SQLite,
// the database itself chooses one.
func (w *writer) number(ctx context.Context, table string, id *int64) error {
	switch {
	case w.dialect != database.Postgres:
		return nil
	case *id != 0:
		w.numbered[table] = true
		return nil
	case !w.numbered[table]:
		return nil
	}
	query := fmt.Sprintf("SELECT greatest((SELECT max(id) FROM %[1]s), (SELECT last_value FROM %[1]s_id_seq)) + 1", table)
	return w.tx.WithContext(ctx).Raw(query).Scan(id).Error
}

// advance makes the database choose numbers behind those that were given.
// PostgreSQL does not roll this back, so it comes last.
func (w *writer) advance(ctx context.Context) error {
	for table := range w.numbered {
		query := fmt.Sprintf("SELECT setval('%[1]s_id_seq', greatest((SELECT max(id) FROM %[1]s), (SELECT last_value FROM %[1]s_id_seq)))", table)
		if err := w.exec(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) exec(ctx context.Context, query string, args ...any) error {
	return w.tx.WithContext(ctx).Exec(query, args...).Error
}

// Enqueue implements worldimport.Jobs.
func (w *writer) Enqueue(ctx context.Context, job application.Job) error {
	return w.queue.Enqueue(ctx, w.tx.Statement.ConnPool.(*sql.Tx), job)
}

// Append implements worldimport.AuditLog.
func (w *writer) Append(ctx context.Context, events ...audit.Event) error {
	return auditlog.Append(ctx, w.tx, events...)
}

// found returns a row, or domain.NotFound for none.
func found[Row any](row *Row, err error) (*Row, error) {
	if err == nil && row == nil {
		err = gorm.ErrRecordNotFound
	}
	return row, err
}

// opened opens a sealed text; one that cannot be opened is worldimport.NoSecret.
func (w *writer) opened(column seals.Column, id int64, sealed string) string {
	if sealed == "" {
		return ""
	}
	text, err := column.Open(w.sealer, id, sealed)
	if err != nil {
		return worldimport.NoSecret
	}
	return text
}
