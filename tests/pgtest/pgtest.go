// Package pgtest gives every test a PostgreSQL database of its own.
//
// The first Open of a process finds a server: TEST_DATABASE_URL, a container,
// the machine's own PostgreSQL binaries as a throw-away cluster, or, as root on
// Debian, binaries installed for the purpose. TEST_POSTGRES=container or local
// selects one of these. Without a server a test is skipped with a message; if
// CI is set, it fails instead, so that skipped tests do not pass unnoticed.
//
// The caller fills the databases.
package pgtest

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"
)

// statementTimeout is the limit for a statement on a whole database.
const statementTimeout = time.Minute

var (
	starting sync.Mutex
	started  bool
	running  *server // nil if no source has one
	absence  error   // why not
)

// Open returns the URL of a fresh database and drops the database after the
// test. It is empty, or, with migrate, a copy of a template that migrate was
// run on once in this process. Copies are cheap, so parallel tests and the
// cases of a table can each have one. Two closures from one line of source
// count as the same migrate.
//
// Text sorts by the rules of English (ICU), as it does on many production
// servers: a query whose order matters has to say which order it means.
func Open(t testing.TB, migrate ...func(dsn string) error) string {
	t.Helper()
	s, err := find(t.Context())
	if err != nil {
		skipOrFail(t)
	}
	return s.open(t, migrate)
}

// open makes a database as Open says.
func (s *server) open(t testing.TB, migrate []func(dsn string) error) string {
	t.Helper()
	var template string
	if len(migrate) > 0 {
		migrated, err := s.template(migrate[0])
		if err != nil {
			t.Fatalf("template database: %v", err)
		}
		template = migrated
	}
	name, err := s.create(t.Context(), template)
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
		defer cancel()
		if err := s.drop(ctx, name); err != nil {
			t.Errorf("test database: %v", err)
		}
	})
	return s.url(name)
}

// Main runs the tests of a package and stops the server after them:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// A package that has a TestMain of its own calls Close instead.
func Main(m *testing.M) int {
	defer Close()
	return m.Run()
}

// Close stops the server if one was started, and drops the templates. A later
// Open finds a server anew.
func Close() {
	starting.Lock()
	defer starting.Unlock()
	if running != nil {
		if err := running.close(); err != nil {
			report("%v", err)
		}
	}
	started, running, absence = false, nil, nil
}

// find returns the server of this process, starting it if need be.
func find(ctx context.Context) (*server, error) {
	starting.Lock()
	defer starting.Unlock()
	if !started {
		running, absence = start(ctx)
		started = true
		if absence != nil {
			report("%v", absence)
		} else {
			report("PostgreSQL %s from %s", running.version, running.source)
		}
	}
	return running, absence
}

// skipOrFail ends a test that has no server: it fails if the environment demands a
// server, else it is skipped. The reasons were reported once.
func skipOrFail(t testing.TB) {
	t.Helper()
	for _, demand := range []string{"CI", "TEST_DATABASE_URL", "TEST_POSTGRES"} {
		if os.Getenv(demand) != "" {
			t.Fatalf("no PostgreSQL to test on, and %s is set", demand)
		}
	}
	t.Skip("no PostgreSQL to test on")
}
