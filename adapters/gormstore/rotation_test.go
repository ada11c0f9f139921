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
	"gatehouse/domain/hooks"
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

// TestStore_RenewSeals_oneURL seals two hooks of one URL again, with their headers and
// variables.
func TestStore_RenewSeals_oneURL(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			world.Apply(t, sealed(t, url, stores.Sealer("one")).WorldImport, secretWorld, `
hooks:
  - {id: 8, project: acme/cli, url: "https://ci.example.com/{name}", url_variables: [{key: name, value: sesame}]}
  - {id: 9, project: acme/cli, url: "https://ci.example.com/{name}", url_variables: [{key: name, value: sesame-2}], custom_headers: [{key: X-Key, value: sesame-3}]}`)
			s := sealed(t, url, stores.Sealer("two", "one"))
			renew(t, s, 5) // the user and all hooks
			renew(t, s, 0)
			s = sealed(t, url, stores.Sealer("two"))
			variable := []hooks.KeyValue{{Key: "name", Value: "sesame"}}
			wantHook(t, s, hooks.Hook{ID: 8, URL: "https://ci.example.com/{name}", Variables: variable, Push: true, Strategy: hooks.WildcardBranches})
			wantHook(t, s, hooks.Hook{
				ID: 9, URL: "https://ci.example.com/{name}", Variables: []hooks.KeyValue{{Key: "name", Value: "sesame-2"}},
				Headers: []hooks.KeyValue{{Key: "X-Key", Value: "sesame-3"}}, Push: true, Strategy: hooks.WildcardBranches,
			})
			if got := fmt.Sprint(cells(t, s, "SELECT headers || variables || url || url_shown FROM hooks")); strings.Contains(got, "sesame") {
				t.Errorf("the rows have %s", got)
			}
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
