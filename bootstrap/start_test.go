package bootstrap_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// observedStore closes connecting when Connect begins, and closed when Close does.
type observedStore struct {
	bootstrap.Store
	connecting, closed chan struct{}
}

// Connect implements bootstrap.Store.
func (s observedStore) Connect(ctx context.Context) error {
	close(s.connecting)
	return s.Store.Connect(ctx)
}

// Close implements bootstrap.Store.
func (s observedStore) Close(ctx context.Context) error {
	close(s.closed)
	if ctx.Err() != nil {
		return errors.New("the store has no time to close")
	}
	return s.Store.Close(ctx)
}

// TestRun_interruptedStart asks a server to stop while it waits for its database.
// Run gives up the wait, closes the store and fails.
func TestRun_interruptedStart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// database returns a database that cannot be opened before the test ends, and a
		// function that returns once the server waits for it.
		database func(t *testing.T) (url string, waiting func())
		want     string
	}{
		"PostgreSQL accepts a connection and never answers": {silentPostgres, "the PostgreSQL database"},
		"SQLite is locked, and has no write-ahead log yet": {func(t *testing.T) (string, func()) {
			return lockedSQLite(t, "delete"), func() {}
		}, "the SQLite database"},
		"SQLite is locked by another migration": {func(t *testing.T) (string, func()) {
			return lockedSQLite(t, "wal"), func() {}
		}, "the SQLite database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, waiting := test.database(t)
			c := settings(t)
			c.Database = config.Database{URL: config.URL(url), Migrate: true}
			store := observedStore{nil, make(chan struct{}), make(chan struct{})}
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			ended := make(chan error, 1)
			go func() {
				ended <- bootstrap.Run(ctx, c,
					bootstrap.WithLog(zap.NewNop()),
					fx.Decorate(func(inner bootstrap.Store) bootstrap.Store { store.Store = inner; return store }),
					bootstrap.WhenListening(func(bootstrap.Addresses) { t.Error("the server listens without a database") }))
			}()
			<-store.connecting
			waiting()
			stop(errors.New("please stop"))
			err := <-ended
			if err == nil || !strings.HasPrefix(err.Error(), "the start was interrupted (please stop): ") || !strings.Contains(err.Error(), test.want) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want that it was interrupted, and %q", err, test.want)
			}
			select {
			case <-store.closed:
			default:
				t.Error("the store was not closed")
			}
		})
	}
}

// silentPostgres accepts connections until the test ends, and reads and writes
// nothing.
func silentPostgres(t *testing.T) (url string, waiting func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return "postgres://gatehouse@" + listener.Addr().String() + "/gatehouse?sslmode=disable&connect_timeout=86400", func() {
		conn, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() {
			if _, err := io.Copy(io.Discard, conn); err != nil { // returns once the server has closed it
				t.Errorf("the connection: %v", err)
			}
			_ = conn.Close()
		})
	}
}

// lockedSQLite makes an SQLite file without tables, with that journal mode, and
// locks it until the test ends.
func lockedSQLite(t *testing.T, journal string) (file string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for os.RemoveAll(folder) != nil {
			// SQLite still makes files for the connection that the server gave up.
			runtime.Gosched()
		}
	})
	file = filepath.Join(folder, "gatehouse.db")
	pool, err := sql.Open("sqlite", "file:"+file+"?_txlock=exclusive&_pragma=journal_mode("+journal+")")
	if err != nil {
		t.Fatal(err)
	}
	lock, err := pool.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(lock.Rollback(), pool.Close()); err != nil {
			t.Error(err)
		}
	})
	return file
}

// TestRun_badSecretOpensNothing starts a server whose secret cannot be made. It
// makes no database either.
func TestRun_badSecretOpensNothing(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]func(*config.Config) *string{
		"shell.secret_file": func(c *config.Config) *string { return &c.Shell.SecretFile },
		"kas.secret_file":   func(c *config.Config) *string { return &c.Kas.SecretFile },
	} {
		c := settings(t)
		c.Database.URL = config.URL(filepath.Join(t.TempDir(), "gatehouse.db"))
		*secret(&c) = "/nowhere/at/all/secret"
		err := bootstrap.Run(t.Context(), c, bootstrap.WithLog(zap.NewNop()))
		if err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := os.Stat(string(c.Database.URL)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the database was made", name)
		}
	}
}
