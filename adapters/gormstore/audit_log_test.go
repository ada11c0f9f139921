package gormstore_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/inventory"
	"gatehouse/domain"
	"gatehouse/tests/stores"
)

// Many events are read page by page: others write, and remove events, meanwhile.
func TestRecords_AuditEvents_pages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		addOldEvents(t, s, 450)
		read := 0
		for _, err := range s.Records.AuditEvents(t.Context(), inventory.AuditFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if read++; read > 1 {
				continue
			}
			if n, err := s.Retention.RemoveAuditEvents(t.Context(), now, now); err != nil || n != 451 {
				t.Fatalf("removed %d events, %v", n, err)
			}
		}
		if read > 200 { // the first page
			t.Errorf("got %d events, want a page at once", read)
		}
	})
}

// The connection breaks behind the first number of an event: a part of the log must not
// look like the whole.
func TestRecords_AuditEvents_broken(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s, err := gormstore.OpenThrough(t.Context(), d.migrated(t), func(c driver.Connector) driver.Connector {
				return breakingConnector{countingConnector{c, new(atomic.Int64)}}
			}, stores.Sealer("one"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close(context.Background()) })
			addOldEvents(t, s, 3)
			records, err := inventory.Collect(s.Records.AuditEvents(counted(t), inventory.AuditFilter{}))
			if !errors.Is(err, domain.Unavailable) {
				t.Errorf("got %d events and %v, want %v", len(records), err, domain.Unavailable)
			}
		})
	}
}

// breakingConnector makes connections that break in the first query that is counted.
type breakingConnector struct{ countingConnector }

func (c breakingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.countingConnector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return breakingConn{conn.(*countingConn)}, nil
}

type breakingConn struct{ *countingConn }

func (c breakingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	before := c.counter.Load()
	rows, err := c.countingConn.QueryContext(ctx, query, args)
	if err == nil && before == 0 && c.counter.Load() == 1 {
		rows = &brokenRows{Rows: rows}
	}
	return rows, err
}

// brokenRows are those of a connection that breaks behind the first.
type brokenRows struct {
	driver.Rows
	read bool
}

func (r *brokenRows) Next(dest []driver.Value) error {
	if r.read {
		return io.ErrUnexpectedEOF
	}
	r.read = true
	return r.Rows.Next(dest)
}
