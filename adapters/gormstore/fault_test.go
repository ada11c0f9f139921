package gormstore_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

var deadlock = &pgconn.PgError{Code: "40P01", Message: "deadlock detected"}

func TestFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want domain.Kind // empty for none
	}{
		{gorm.ErrRecordNotFound, domain.NotFound},
		{sql.ErrNoRows, domain.NotFound},
		{&pgconn.PgError{Code: "23505"}, domain.Conflict},
		{&pgconn.PgError{Code: "23503"}, domain.NotFound},
		{deadlock, domain.Unavailable},
		{&pgconn.PgError{Code: "40001"}, domain.Unavailable},
		{&pgconn.PgError{Code: "57P01"}, domain.Unavailable},
		{&pgconn.PgError{Code: "53300"}, domain.Unavailable},
		{&pgconn.PgError{Code: "08006"}, domain.Unavailable},
		{&pgconn.PgError{Code: "25006"}, domain.Unavailable},
		{&pgconn.PgError{Code: "42601"}, ""},
		{&pgconn.PgError{Code: ""}, ""},
		{sql.ErrConnDone, domain.Unavailable},
		{io.ErrUnexpectedEOF, domain.Unavailable},
		{context.DeadlineExceeded, domain.Unavailable},
		{context.Canceled, ""},
		{errTest, ""},
	} {
		got := database.Fault(c.err, "what")
		for _, kind := range domain.Kinds {
			if is := errors.Is(got, kind); is != (kind == c.want) {
				t.Errorf("%v: is %q: %t, want kind %q", c.err, kind, is, c.want)
			}
		}
		if c.want != domain.NotFound && !errors.Is(got, c.err) {
			t.Errorf("%v: the cause is lost in %v", c.err, got)
		}
		if !strings.HasPrefix(got.Error(), "what: ") {
			t.Errorf("%v: got %q", c.err, got)
		}
	}
	if err := database.Fault(nil, "what"); err != nil {
		t.Errorf("nil: got %v", err)
	}
}

// TestFault_constraints provokes what the store never does by itself.
func TestFault_constraints(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		populate(t, s)
		for statement, want := range map[string]domain.Kind{
			"INSERT INTO redirects (path, project_id) VALUES ('old/cli', 42)":                                    domain.Conflict, // primary key
			"UPDATE users SET username = 'GUEST' WHERE id = 2":                                                   domain.Conflict, // unique index on lower()
			"UPDATE keys SET fingerprint = 'robot' WHERE id = 102":                                               domain.Conflict,
			"INSERT INTO redirects (path, project_id) VALUES ('older/cli', 999)":                                 domain.NotFound, // foreign key
			"INSERT INTO members (user_id, group_id, level, state) VALUES (2, 50, 10, 'active')":                 domain.Conflict,
			"INSERT INTO members (user_id, group_id, project_id, level, state) VALUES (2, 51, 42, 10, 'active')": "", // check
			"UPDATE keys SET user_id = NULL WHERE id = 102":                                                      "",
			"INSERT INTO deploy_key_projects (key_id, project_id, can_push) VALUES (201, 43, NULL)":              "",
			"SELECT nothing FROM nowhere":                                                                        "",
		} {
			_, err := s.Pool().ExecContext(t.Context(), statement)
			got := database.Fault(err, "what")
			if got == nil {
				t.Errorf("%s: got no error", statement)
			}
			for _, kind := range domain.Kinds {
				if is := errors.Is(got, kind); is != (kind == want) {
					t.Errorf("%s: got %v, want kind %q", statement, got, want)
				}
			}
		}
	})
}

// TestStore_deleted takes rows away behind the store's back.
func TestStore_deleted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		populate(t, s)
		if _, err := s.Pool().ExecContext(t.Context(), "DELETE FROM users WHERE id = 2"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Actors.KeyByFingerprint(t.Context(), "laptop"); !errors.Is(err, domain.NotFound) {
			t.Errorf("the user's key: got %v", err)
		}
		got, err := s.Directory.Standing(t.Context(), source.Inquiry{Claim: identity.ClaimKey("201"), Target: byNumber(source.Code, cli), Now: now, Refs: true})
		if err != nil || got.Actor.User.Type != identity.Ghost || !got.KeyCanPush || len(got.Project.Protections) != 3 {
			t.Errorf("the deploy key: got %+v, %v", got, err)
		}
		if _, err := s.Pool().ExecContext(t.Context(), "DELETE FROM namespaces WHERE id = 50"); err != nil {
			t.Fatal(err)
		}
		for _, thing := range []string{"groups", "projects", "protections"} {
			records, err := s.Records.List(t.Context(), thing, now)
			if want := map[string]int{"groups": 1, "projects": 1}[thing]; err != nil || len(records) != want {
				t.Errorf("%s: got %v, %v", thing, records, err)
			}
		}
	})
}

// TestStore_down asks a store whose database is gone, and one that is slow.
func TestStore_down(t *testing.T) {
	t.Parallel()
	url := databases[1].migrated(t)
	s := open(t, url)
	populate(t, s)
	ask := func(ctx context.Context) error {
		_, err := s.Directory.Standing(ctx, source.Inquiry{Claim: identity.ClaimUser("2"), Target: byNumber(source.Code, cli), Now: now})
		return err
	}
	if err := ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	lock, err := s.Pool().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.ExecContext(t.Context(), "LOCK TABLE projects IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := ask(ctx); !errors.Is(err, domain.Unavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("late: got %v", err)
	}
	if err := lock.Rollback(); err != nil {
		t.Error(err)
	}
	// Connections that were killed are replaced.
	conn, err := s.Pool().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 20 {
		if err := ask(t.Context()); err != nil {
			failed++
			if !errors.Is(err, domain.Unavailable) {
				t.Errorf("killed: got %v", err)
			}
		}
	}
	if failed > 8 || ask(t.Context()) != nil {
		t.Errorf("killed: %d of 20 failed", failed)
	}
}
