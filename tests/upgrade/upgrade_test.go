// Package upgrade_test tests this source tree on databases of earlier releases.
// Each set in testdata is the database of a release with the release's answers.
// The tree migrates a copy and must give the same answers. testdata/README.md
// explains how to write a set.
package upgrade_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/tests/pgtest"
)

// program is the flag that makes the tests write the sets.
var program = flag.String("write", "", "write the sets anew with the gatehouse at this absolute `PATH`, then compare")

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// set is a world of one release, stored as a dump for each kind of database.
type set struct {
	// name is the set's folder in testdata.
	name string
	// fill fills an empty database through the program of the release.
	fill func(*writer)
	// refused are parts of what `gatehouse migrate` prints when it refuses the database as
	// the release left it, before remedy.sql mends that. Most sets have none.
	refused []string
	// explain are the options of `gatehouse explain`.
	explain [][]string
	// reads change only times of last use, writes come after them. sessions come
	// last, while Git requires a second factor.
	reads, writes, sessions []request
	// shown are the things to show before the requests, touched those that the
	// requests change.
	shown, touched []string
	// exported says that the tree exports what it can apply again: no rows that a world
	// file may have once are there twice.
	exported bool
}

var sets = []set{clean, doubles}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	for _, s := range sets {
		for _, e := range engines {
			t.Run(s.name+"/"+e.name, func(t *testing.T) {
				t.Parallel()
				base := filepath.Join("testdata", s.name, e.name)
				if *program != "" {
					write(t, s, e, base)
				}
				k := readSnapshot(t, base)
				compare(t, base+".txt", k.answers(t, s, e, newTree(k.Moment)))
			})
		}
	}
}

// snapshot is a database as a release left it.
type snapshot struct {
	// dump is the whole database as SQL.
	dump string
	// Moment is later than all times that the release wrote. It is the tree's
	// current time.
	Moment time.Time `json:"moment"`
	// Tokens are the texts of the tokens that the release made, by name.
	Tokens map[string]string `json:"tokens"`
}

func readSnapshot(t *testing.T, base string) snapshot {
	t.Helper()
	k := snapshot{dump: readFile(t, base+".sql")}
	if err := json.Unmarshal([]byte(readFile(t, base+".json")), &k); err != nil {
		t.Fatalf("%s.json: %v", base, err)
	}
	return k
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if diff := cmp.Diff(lines(readFile(t, path)), lines(got)); diff != "" {
		t.Errorf("the answers differ from %s (-release +tree):\n%s", path, diff)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
