package cli_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// release8 returns the flag for a database of the release that had schema 8, with rows
// that a later schema forbids.
func release8(t *testing.T) string {
	t.Helper()
	dump, err := os.ReadFile("../../tests/upgrade/testdata/schema-8/doubles/sqlite.sql")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gatehouse.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), string(dump))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return "--database=" + file
}

func TestRun_migrateCheck(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	missing := "--database=" + filepath.Join(folder, "gatehouse.db")
	got := run(t.Context(), "", "migrate", "--check", missing)
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 || got.code != 0 || got.err != "" || !strings.Contains(got.out, "is not there yet; migrate will make it with schema version ") {
		t.Errorf("without a database: got %d, %q, %q, and the files %v, %v", got.code, got.out, got.err, entries, err)
	}
	if got := gatehouse(t, "", "migrate", "--check", filled(t)); !strings.HasSuffix(got, " is up to date\n") {
		t.Errorf("of this program's schema: got %q", got)
	}
	for _, args := range [][]string{{"migrate", "--check", "--database=memory:"}, {"migrate", "--check", "--database=mysql://u:s3cr3t@db/x"}} {
		if got := run(t.Context(), "", args...); got.code != 1 || got.out != "" || strings.Contains(got.err, "s3cr3t") {
			t.Errorf("%v: got %d, %q, %q", args, got.code, got.out, got.err)
		}
	}
	if got := run(t.Context(), "", "migrate", "--json", missing); got.code != 2 || !strings.Contains(got.err, "--json is for --check only") {
		t.Errorf("--json alone: got %d, %q", got.code, got.err)
	}
}

func TestRun_migrateCheck_conflicts(t *testing.T) {
	t.Parallel()
	database := release8(t)
	text := run(t.Context(), "", "migrate", "--check", database)
	lines := strings.Split(strings.TrimSpace(text.out), "\n")
	if text.code != 1 || text.err != "" || len(lines) != 5 || !strings.HasPrefix(lines[0], "schema version 8, this program's is ") || !strings.HasPrefix(lines[1], "3 conflicts are in the way of schema version ") {
		t.Fatalf("got %d, %q, %q", text.code, text.out, text.err)
	}
	var found struct {
		Schema, Target int64
		Missing, OK    bool
		Conflicts      []struct {
			Rule, Problem, Remedy string
			Rows                  []string
		}
		Unlisted map[string]int
	}
	asJSON := run(t.Context(), "", "migrate", "--check", "--json", database)
	if err := json.Unmarshal([]byte(asJSON.out), &found); err != nil || asJSON.code != 1 || found.Schema != 8 || found.OK || found.Missing || found.Unlisted == nil || len(found.Conflicts) != 3 {
		t.Fatalf("got %d, %s, %v", asJSON.code, asJSON.out, err)
	}
	for i, c := range found.Conflicts {
		if lines[2+i] != c.Problem+": "+c.Remedy || len(c.Rows) < 2 {
			t.Errorf("got %q, and as JSON %+v", lines[2+i], c)
		}
	}
	if diff := cmp.Diff([]string{`user 2 "one"`, `user 3 "two"`, `user 4 "three"`}, found.Conflicts[0].Rows); diff != "" || found.Conflicts[0].Rule != "email" {
		t.Errorf("the first conflict (-want +got):\n%s", diff)
	}
	for _, command := range []string{"migrate", "serve"} {
		got := run(t.Context(), "", command, database, "--set=shell.secret_file="+filepath.Join(t.TempDir(), "secret"), "--set=instance.key_file="+filepath.Join(t.TempDir(), "key"),
			"--set=kas.secret_file="+filepath.Join(t.TempDir(), "kas"), "--set=http.address=127.0.0.1:0")
		for _, line := range lines[2:] {
			if got.code != 1 || !strings.Contains(got.err, "gatehouse: "+line+"\n") || !strings.Contains(got.err, "it stays at schema 8") {
				t.Errorf("%s: got %d, %q, want %q", command, got.code, got.err, line)
			}
		}
	}
	if again := run(t.Context(), "", "migrate", "--check", database); again.out != text.out {
		t.Errorf("after the refusals (-before +after):\n%s", cmp.Diff(text.out, again.out))
	}
}
