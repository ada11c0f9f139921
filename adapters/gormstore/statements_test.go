package gormstore_test

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
)

// TestStore_statements counts what really goes to the database.
func TestStore_statements(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s, counter := openCounted(t, d.migrated(t))
			populate(t, s)

			count := func(name string, least, most int64, do func(context.Context) error) {
				t.Helper()
				for range 2 { // the first time prepares, the second does not: neither asks more
					before := counter.Load()
					if err := do(counted(t)); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					if got := counter.Load() - before; got < least || got > most {
						t.Errorf("%s: got %d statements, want %d to %d", name, got, least, most)
					}
				}
			}
			for _, claim := range []identity.Claim{{}, identity.ClaimKey("102"), identity.ClaimKey("202"), identity.ClaimUser("2"), identity.ClaimName("dede"), identity.ClaimName("no")} {
				for _, target := range []source.Target{{}, byPath("acme/tools/cli"), byPath("old/cli.wiki"), byPath("no"), byNumber(source.Code, cli), byNumber(source.Code, 99)} {
					most := int64(1)
					hidden := target.Path == "no" || target.Path == "acme/tools/cli" && (claim.Kind == identity.Anonymous || claim.Name == "no")
					if deployKey := claim.ID == 202; hidden || deployKey && target.Path != "old/cli.wiki" {
						most = 2 // the answer shows that the question may be a rare one
					}
					for _, refs := range []bool{false, true} {
						count("Standing of "+claim.String()+" in "+target.String(), most, most, func(ctx context.Context) error {
							_, err := s.Directory.Standing(ctx, source.Inquiry{Claim: claim, Target: target, Refs: refs, Now: now})
							return err
						})
					}
				}
				count("Actor "+claim.String(), 1, 1, func(ctx context.Context) error { _, err := s.Actors.Actor(ctx, claim); return err })
				for _, withHooks := range []bool{false, true} {
					count("PushContext of "+claim.String(), 1, 1, func(ctx context.Context) error {
						_, err := s.PushContexts.PushContext(ctx, claim, source.RepositoryID{ID: int64(cli)}, withHooks, now)
						return err
					})
				}
			}
			count("KeyByFingerprint", 1, 1, func(ctx context.Context) error { _, err := s.Actors.KeyByFingerprint(ctx, "laptop"); return err })
			// That the counter counts more than one where there is more.
			count("a unit of work", 2, 100, func(ctx context.Context) error {
				return s.WorldImport(ctx, func(r worldimport.Tx) error {
					_, err := r.Users.ID(ctx, "dede")
					if err == nil {
						_, err = r.Namespaces.GroupID(ctx, "acme")
					}
					return err
				})
			})
		})
	}
}

// counting marks the contexts whose statements count: the store has work of its
// own in the background.
type counting struct{}

func counted(t *testing.T) context.Context { return context.WithValue(t.Context(), counting{}, true) }

func countStatement(ctx context.Context, counter *atomic.Int64) {
	if ctx.Value(counting{}) != nil {
		counter.Add(1)
	}
}

// openCounted opens a store, and counts the statements under counted contexts.
func openCounted(t *testing.T, url string) (*gormstore.Store, *atomic.Int64) {
	t.Helper()
	counter := new(atomic.Int64)
	s, err := gormstore.OpenThrough(t.Context(), url, func(c driver.Connector) driver.Connector {
		return countingConnector{c, counter}
	}, stores.Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s, counter
}

// countingConnector makes connections that count the statements they run.
type countingConnector struct {
	driver.Connector
	counter *atomic.Int64
}

func (c countingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &countingConn{conn, c.counter}, nil
}

// countingConn passes everything on that either driver knows.
type countingConn struct {
	driverConn
	counter *atomic.Int64
}

// driverConn has a name that is not that of a method.
type driverConn = driver.Conn

func (c *countingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	countStatement(ctx, c.counter)
	return c.driverConn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

// Conn returns the connection of pgx, which its callers ask one statement each time.
func (c *countingConn) Conn() *pgx.Conn {
	c.counter.Add(1)
	return c.driverConn.(*stdlib.Conn).Conn()
}

func (c *countingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	countStatement(ctx, c.counter)
	return c.driverConn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *countingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.driverConn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &countingStmt{stmt, c.counter}, nil
}

func (c *countingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.driverConn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c *countingConn) Ping(ctx context.Context) error { return c.driverConn.(driver.Pinger).Ping(ctx) }

func (c *countingConn) ResetSession(ctx context.Context) error {
	return c.driverConn.(driver.SessionResetter).ResetSession(ctx)
}

func (c *countingConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.driverConn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type countingStmt struct {
	driver.Stmt
	counter *atomic.Int64
}

func (s *countingStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	countStatement(ctx, s.counter)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s *countingStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	countStatement(ctx, s.counter)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}
