package gormstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/inventory"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
)

// Pool is the store's own connections.
func (s *Store) Pool() *sql.DB { return s.db.Pool }

// Waiting is how many stamps wait to be written.
func (s *Store) Waiting() int {
	s.KeyUses.mu.Lock()
	defer s.KeyUses.mu.Unlock()
	return len(s.KeyUses.waiting)
}

// MostStamps is how many stamps may wait.
const MostStamps = mostStamps

// Sweep removes what has expired, as the background does, when the clock tells now
// and the process has run for elapsed. From the first call on the background, which
// has a clock of its own, does nothing.
func (s *Store) Sweep(ctx context.Context, now time.Time, elapsed time.Duration) error {
	if s.background != nil {
		s.background.stop()
		s.background = nil
		s.sweeper.next, s.sweeper.nextCounters, s.sweeper.readings, s.sweeper.counters = 0, 0, nil, nil
	}
	return s.sweeper.sweep(ctx, reading{now, elapsed})
}

// NextDeliveries returns the text of the query for the deliveries of a hook that may go.
func (s *Store) NextDeliveries() string {
	return strings.NewReplacer("hook_id = ?", "hook_id = $1", "LIMIT ?", "LIMIT $2").Replace(s.Deliveries.next())
}

// Query returns the text of the statement that Standing runs, with what is rare or without
// it, and its arguments.
func (s *Store) Query(claim identity.Claim, target source.Target, now time.Time, refs, rare bool) (string, []any, error) {
	return planned(s.Directory.standings, question{claim, target, now}, parts{refs, rare})
}

// BatchQuery is Query for the same question three times.
func (s *Store) BatchQuery(claim identity.Claim, target source.Target, now time.Time, refs, rare bool) (string, []any, error) {
	q := question{claim, target, now}
	l, err := s.Directory.standings.lookup(q.shape(parts{refs, rare}))
	if err != nil {
		return "", nil, err
	}
	values := q.values(l.Args)
	text, args := l.Batch([][]any{values, values, values})
	return text, args, nil
}

// PushContextQuery returns the text and the arguments of the query for a push context
// with hooks.
func (s *Store) PushContextQuery(claim identity.Claim, repository source.RepositoryID, now time.Time) (string, []any, error) {
	return planned(s.PushContexts.contexts, question{claim, source.Target{Repository: repository}, now}, parts{refs: true, rare: true})
}

func planned[A any](v *variants[A], q question, p parts) (string, []any, error) {
	l, err := v.lookup(q.shape(p))
	if err != nil {
		return "", nil, err
	}
	return l.One(), q.values(l.Args), nil
}

// RoleSourcesQuery returns the text and the arguments of the query for role sources.
func (s *Store) RoleSourcesQuery(ctx context.Context, user identity.UserID, p source.Project) (string, []any) {
	dry := s.db.Gorm.WithContext(ctx).Session(&gorm.Session{DryRun: true})
	statement := s.Directory.roleSources(dry, user, p).Find(&[]map[string]any{}).Statement
	return statement.SQL.String(), statement.Vars
}

// OpenThrough opens the database at url through the connector that wrap makes
// of the usual one.
func OpenThrough(ctx context.Context, url string, wrap func(driver.Connector) driver.Connector, sealer Sealer) (*Store, error) {
	d, connector, err := database.ConnectorFor(url)
	if err != nil {
		return nil, err
	}
	return newStore(database.New(d, wrap(connector), Limits{}), true, sealer).connected(ctx)
}

// MigrateDown takes the database at url back to no tables at all.
func MigrateDown(ctx context.Context, url string) error { return MigrateDownTo(ctx, url, 0) }

// MigrateDownTo takes the database at url back to an earlier version.
func MigrateDownTo(ctx context.Context, url string, version int64) error {
	_, err := withDB(ctx, url, func(db *database.DB) (Schema, error) {
		provider, err := provider(db)
		if err != nil {
			return Schema{}, err
		}
		_, err = provider.DownTo(ctx, version)
		return Schema{}, err
	})
	return err
}

// AgentBearerQuery is the text of the statement that AgentBearer runs.
func (s *Store) AgentBearerQuery() string { return s.Agents.bearers.One() }

// WriteEvent returns an event as it is kept.
var WriteEvent = writeEvent

// ReadEvent reads an event as it is kept.
func ReadEvent(text []byte) (e hooks.Event, err error) {
	err = eventColumn{&e}.Scan(text)
	return e, err
}

// WriteIdentifiers returns the identifiers of a finding as they are kept.
var WriteIdentifiers = writeIdentifiers

// ReadIdentifiers reads the identifiers of a finding as they are kept.
func ReadIdentifiers(text string) (list []security.Identifier, err error) {
	err = identifierColumn{&list}.Scan(text)
	return list, err
}

// RetentionLock is the number of PostgreSQL's lock that a removal of old records holds.
const RetentionLock = retentionLock

// OnPostgres says whether the database is PostgreSQL.
func (s *Store) OnPostgres() bool { return s.db.Dialect == database.Postgres }

// AuditQuery returns the text and the arguments of the query for audit events.
func (s *Store) AuditQuery(ctx context.Context, f inventory.AuditFilter) (string, []any, error) {
	query, err := auditlog.Query(ctx, s.db.Gorm, f)
	if err != nil {
		return "", nil, err
	}
	statement := query.Session(&gorm.Session{DryRun: true}).Find(&[]map[string]any{}).Statement
	return statement.SQL.String(), statement.Vars, nil
}
