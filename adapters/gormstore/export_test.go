package gormstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"

	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
)

// Pool is the store's own connections.
func (s *Store) Pool() *sql.DB { return s.pool }

// Waiting is how many stamps wait to be written.
func (s *Store) Waiting() int {
	s.stamps.mu.Lock()
	defer s.stamps.mu.Unlock()
	return len(s.stamps.waiting)
}

// MostStamps is how many stamps may wait.
const MostStamps = mostStamps

// Sweep removes what has expired, as the background does.
func (s *Store) Sweep(ctx context.Context) error { return s.sweep.run(ctx, s) }

// Query returns the text of the statement that Standing runs, and its
// arguments.
func (s *Store) Query(claim identity.Claim, target source.Target, now time.Time, refs bool) (string, []any, error) {
	a := asked{claim, target, now}
	sh := a.shape("standing")
	sh.refs = refs
	query, names, err := s.dialect.write(sh)
	return query, a.values(names), err
}

// OpenThrough opens the database at url through the connector that wrap makes
// of the usual one.
func OpenThrough(ctx context.Context, url string, wrap func(driver.Connector) driver.Connector) (*Store, error) {
	d, connector, err := connectorFor(url)
	if err != nil {
		return nil, err
	}
	return newStore(d, newPool(wrap(connector), 0), true).connected(ctx)
}

// MigrateDown takes the database at url back to no tables at all.
func MigrateDown(ctx context.Context, url string) error {
	_, err := withPool(url, func(d dialect, pool *sql.DB) (any, error) {
		provider, err := provider(d, pool)
		if err != nil {
			return nil, err
		}
		_, err = provider.DownTo(ctx, 0)
		return nil, err
	})
	return err
}

// Fault is how the store puts an error into the domain's words.
func Fault(err error) error { return fault(err, "what") }

// AgentBearerQuery is the text of the statement that AgentBearer runs.
const AgentBearerQuery = agentBearer

// Attempts is how often a unit of work is begun.
const Attempts = attempts

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
