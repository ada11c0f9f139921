package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// server is a PostgreSQL on which databases can be made.
type server struct {
	source  string       // a description for the report
	version string       // as the server reports it
	admin   *url.URL     // a database and a role from which others can be made
	stop    func() error // nil if this process did not start the server

	prefix string // of every database made here; processes may share a server
	last   atomic.Int64

	mu        sync.Mutex
	templates map[uintptr]func() (string, error)
	idle      map[string][]string // databases that are empty again, by template
	tables    map[string][]string // that are empty in a template
}

// newServer returns the server behind dsn as soon as it answers, which a server
// that is up does within seconds.
func newServer(ctx context.Context, source, dsn string, stop func() error) (*server, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	admin, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(admin.Scheme, "postgres") {
		return nil, fmt.Errorf("not a URL like postgres://user@host/database") // dsn may hold a password
	}
	s := &server{
		source: source, admin: admin, stop: stop,
		prefix:    "gatehouse_test_" + strings.ToLower(rand.Text()[:10]) + "_",
		templates: map[uintptr]func() (string, error){},
		idle:      map[string][]string{},
		tables:    map[string][]string{},
	}
	for {
		err := s.do(ctx, func(c *pgx.Conn) error {
			s.version, _, _ = strings.Cut(c.PgConn().ParameterStatus("server_version"), " ")
			return nil
		})
		if err == nil {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// url returns the URL of the database called name.
func (s *server) url(name string) string {
	u := *s.admin
	u.Path = "/" + name
	return u.String()
}

// template returns the name of the database that migrate was run on, once.
func (s *server) template(migrate func(dsn string) error) (string, error) {
	s.mu.Lock()
	key := reflect.ValueOf(migrate).Pointer()
	once, ok := s.templates[key]
	if !ok {
		once = sync.OnceValues(func() (string, error) { return s.migrated(migrate) })
		s.templates[key] = once
	}
	s.mu.Unlock()
	return once()
}

// migrated makes a template. Its context is independent of the test: the template
// must stay when the first test ends.
func (s *server) migrated(migrate func(dsn string) error) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	name, err := s.create(ctx, "")
	if err != nil {
		return "", err
	}
	if err := migrate(s.url(name)); err != nil {
		return "", errors.Join(fmt.Errorf("migrate: %w", err), s.drop(ctx, name))
	}
	// A connection that migrate left open would make every copy fail.
	return name, s.exec(ctx, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
}

// create makes a database, a copy of template unless that is empty.
func (s *server) create(ctx context.Context, template string) (string, error) {
	name := fmt.Sprintf("%s%d", s.prefix, s.last.Add(1))
	if template != "" {
		return name, s.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
	}
	empty := "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'"
	err := s.exec(ctx, empty+" LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
	if refused := new(pgconn.PgError); errors.As(err, &refused) {
		err = s.exec(ctx, empty) // before 15, or built without ICU
	}
	return name, err
}

// drop removes a database and closes its connections.
func (s *server) drop(ctx context.Context, name string) error {
	return s.exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

// close stops the server if this process started it, else it drops the databases
// of this process.
func (s *server) close() error {
	if s.stop != nil {
		return s.stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	var errs []error
	for _, idle := range s.idle {
		for _, name := range idle {
			errs = append(errs, s.drop(ctx, name))
		}
	}
	for _, once := range s.templates {
		if name, err := once(); err == nil {
			errs = append(errs, s.drop(ctx, name))
		}
	}
	return errors.Join(errs...)
}

// exec runs statements, each in a transaction of its own.
func (s *server) exec(ctx context.Context, statements ...string) error {
	return s.do(ctx, func(c *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := c.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

// do calls f with an administrator's connection. It uses no pool: tests that check
// for leaked goroutines would see a pool's.
func (s *server) do(ctx context.Context, f func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	return f(c)
}
