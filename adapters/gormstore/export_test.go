package gormstore

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"gatehouse/domain/identity"
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
func (s *Store) Query(claim identity.Claim, target source.Target, refs bool) (string, []any, error) {
	a := asked{claim: claim, target: target}
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
	return open(ctx, d, newPool(wrap(connector), 0), true)
}
