package gormstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/inventory"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// TestStore_ForeignSeals wants the rows whose key is not there to be told from damaged
// ones, and RenewSeals to fail at them.
func TestStore_ForeignSeals(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			newer := sealed(t, url, stores.Sealer("two"))
			world.Apply(t, newer.WorldImport, secretWorld)
			exec(t, newer, 1, "UPDATE hooks SET url = 'v2:damaged' WHERE id = 4")
			before := cells(t, newer, allSealed)
			for key, want := range map[string]string{"two": "[]", "one": "[users/7 hooks/3]"} {
				s := sealed(t, url, stores.Sealer(key))
				if got, err := s.ForeignSeals(t.Context()); fmt.Sprint(got) != want || err != nil {
					t.Errorf("key %s: got %v, %v, want %s", key, got, err, want)
				}
			}
			renewed, damaged, err := sealed(t, url, stores.Sealer("one")).RenewSeals(t.Context())
			if renewed != 0 || len(damaged) != 0 || err == nil || !strings.Contains(err.Error(), "users/7 was sealed with another key") {
				t.Errorf("RenewSeals: got %d, %v, %v", renewed, damaged, err)
			}
			if got := cells(t, newer, allSealed); fmt.Sprint(got) != fmt.Sprint(before) {
				t.Errorf("got %q, want %q", got, before)
			}
		})
	}
}

// TestStore_RenewSeals_doubles applies hooks without numbers where only the old key is
// known, in the middle of a change of the key. Of each two the first one stays.
func TestStore_RenewSeals_doubles(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			unnumbered := strings.NewReplacer("id: 3, ", "", "id: 4, ", "").Replace(secretWorld)
			older, sealer := sealed(t, url, stores.Sealer("one")), stores.Sealer("two", "one")
			world.Apply(t, older.WorldImport, secretWorld)
			s := sealed(t, url, sealer)
			renew(t, s, 3)
			world.Apply(t, older.WorldImport, unnumbered)
			if got := cells(t, s, "SELECT url FROM hooks"); len(got) != 4 {
				t.Fatalf("got %d hooks, want each twice", len(got))
			}
			renew(t, s, 3) // the user, and two hooks less
			wantSealed(t, s, sealer, 4)
			renew(t, s, 0)
			events, err := inventory.Collect(s.Records.AuditEvents(t.Context(), inventory.AuditFilter{Project: "acme/cli"}))
			if err != nil || len(events) == 0 {
				t.Fatalf("audit events: got %v, %v", events, err)
			}
			for _, event := range events {
				text := fmt.Sprint(event)
				for _, part := range []string{"{action hook.delete}", "{actor_kind system}", "{entity_path acme/cli}", "{target_path https://***@ci.example.com/hook?***}"} {
					if !strings.Contains(text, part) || strings.Contains(text, "sesame") {
						t.Errorf("audit event without %s: %s", part, text)
					}
				}
			}
		})
	}
}

// TestStore_RenewSeals_doubleFirst has the outdated one of two hooks as the first.
func TestStore_RenewSeals_doubleFirst(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			sealer := stores.Sealer("two", "one")
			s := sealed(t, url, sealer)
			world.Apply(t, sealed(t, url, stores.Sealer("one")).WorldImport, secretWorld)
			world.Apply(t, sealed(t, url, stores.Sealer("two")).WorldImport, `
hooks: [{id: 9, project: acme/cli, url: "https://sesame-user@ci.example.com/hook?sesame-query", token: later}]`)
			renew(t, s, 4) // the user and both hooks, and one hook less
			wantSealed(t, s, sealer, 4)
		})
	}
}

// TestStore_RenewSeals_damagedToken wants the URL sealed of a hook whose token cannot
// be opened.
func TestStore_RenewSeals_damagedToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		world.Apply(t, s.WorldImport, secretWorld)
		asBefore(t, s)
		exec(t, s, 1, "UPDATE hooks SET token = 'v1:damaged' WHERE id = 3")
		renewed, damaged, err := s.RenewSeals(t.Context())
		if got := fmt.Sprint(renewed, damaged, err); got != "3 [hooks/3] <nil>" {
			t.Errorf("got %s", got)
		}
		if got := fmt.Sprint(cells(t, s, "SELECT url FROM hooks")); strings.Contains(got, "http") {
			t.Errorf("got the URLs %s", got)
		}
		if _, _, err := s.Deliveries.Hook(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "hooks.token/3") {
			t.Errorf("the hook: got %v", err)
		}
		world.Apply(t, s.WorldImport, secretWorld)
		wantSealed(t, s, stores.Sealer("one"), 4)
	})
}

// TestSQLite_Rewrite_leavesNothing writes many hooks as the release before did: without
// secure_delete, so that pages that are split keep what was moved.
func TestSQLite_Rewrite_leavesNothing(t *testing.T) {
	t.Parallel()
	url := stores.SQLiteFile(t)
	s := sealed(t, url, stores.Sealer("one"))
	world.Apply(t, s.WorldImport, "groups: [{id: 1, path: acme}]")
	earlier, err := sql.Open("sqlite", "file:"+url+"?_pragma=secure_delete(0)&_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	const n = 500
	_, err = earlier.ExecContext(t.Context(), `
		WITH RECURSIVE ids (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM ids WHERE id < $1)
		INSERT INTO hooks (id, group_id, url, token, push, tag_push, branches, trusting)
		SELECT id, 1, format('https://bot:sesame-%06d@ci-%d.example.com/hooks', id, id), '', true, true, '', false FROM ids`, n)
	if err := errors.Join(err, earlier.Close()); err != nil {
		t.Fatal(err)
	}
	renew(t, s, n)
	if err := s.Rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(url + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %q, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if got := strings.Count(string(content), "sesame"); err != nil || got > 0 {
			t.Errorf("%s has parts of secrets %d times, or %v", file, got, err)
		}
	}
}

// TestSQLite_Rewrite_busy reads from another connection: SQLite cannot empty its
// write-ahead log, which is an error, and harms nothing.
func TestSQLite_Rewrite_busy(t *testing.T) {
	t.Parallel()
	url := stores.SQLiteFile(t)
	s := sealed(t, url, stores.Sealer("one"))
	world.Apply(t, s.WorldImport, secretWorld)
	reader, err := sql.Open("sqlite", url)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	tx, err := reader.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM hooks").Scan(&n); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // it waits for the reader
	defer cancel()
	if err := s.Rewrite(short); err == nil {
		t.Error("it has emptied the log under a reader")
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.Rewrite(t.Context()); err != nil {
		t.Errorf("after the reader has ended: %v", err)
	}
	wantSealed(t, s, stores.Sealer("one"), 4)
}
