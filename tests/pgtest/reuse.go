package pgtest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Reuse is Open for tests that change rows and nothing else: to empty a database
// costs a tenth of making one. It returns the URL of a database that an earlier
// test has given back, or of a copy of the template. Tables that have rows in
// the template keep theirs, all others are empty and count from 1. The database
// of a test that fails is dropped.
func Reuse(t testing.TB, migrate func(dsn string) error) string {
	t.Helper()
	s, err := find(t.Context())
	if err != nil {
		skipOrFail(t)
	}
	template, err := s.template(migrate)
	if err != nil {
		t.Fatalf("template database: %v", err)
	}
	name := s.takeIdle(template)
	if name == "" {
		if name, err = s.create(t.Context(), template); err != nil {
			t.Fatalf("test database: %v", err)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
		defer cancel()
		if !t.Failed() && s.empty(ctx, template, name) == nil {
			s.giveBack(template, name)
		} else if err := s.drop(ctx, name); err != nil {
			t.Errorf("test database: %v", err)
		}
	})
	return s.url(name)
}

// takeIdle returns a database that was emptied, or "".
func (s *server) takeIdle(template string) (name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if idle := s.idle[template]; len(idle) > 0 {
		name, s.idle[template] = idle[len(idle)-1], idle[:len(idle)-1]
	}
	return name
}

func (s *server) giveBack(template, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle[template] = append(s.idle[template], name)
}

// empty deletes the rows that a test has inserted into a database.
func (s *server) empty(ctx context.Context, template, name string) error {
	tables, err := s.emptyTables(ctx, template)
	if err != nil || len(tables) == 0 {
		return err
	}
	c, err := pgx.Connect(ctx, s.url(name))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	// A connection that the test left open may hold a lock.
	const disconnect = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();"
	const restart = "SELECT setval(quote_ident(sequencename)::regclass, start_value, false) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;"
	// DELETE on many empty tables is ten times faster than TRUNCATE. Only a
	// superuser may delete in any order.
	_, err = c.Exec(ctx, disconnect+"SET session_replication_role = replica; DELETE FROM "+strings.Join(tables, "; DELETE FROM ")+";"+restart)
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == "42501" { // insufficient_privilege
		_, err = c.Exec(ctx, disconnect+"TRUNCATE "+strings.Join(tables, ", ")+";"+restart)
	}
	return err
}

// emptyTables returns the tables without rows in a template.
func (s *server) emptyTables(ctx context.Context, template string) (tables []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tables, known := s.tables[template]; known {
		return tables, nil
	}
	name, err := s.create(ctx, template) // a template takes no connections
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, name)) }()
	c, err := pgx.Connect(ctx, s.url(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	rows, err := c.Query(ctx, `
		SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'
			AND (xpath('//n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I', tablename), false, true, '')))[1]::text = '0'`)
	if err == nil {
		tables, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err == nil {
		s.tables[template] = tables
	}
	return tables, err
}
