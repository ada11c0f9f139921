package bench_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatehouse/tests/pgtest"
	"gatehouse/tests/servertest"
)

var (
	runsFlag   = flag.Int("runs", 1, "how often to measure each row of the table")
	rowsFlag   = flag.String("rows", "", "measure only rows of the table whose name contains this")
	worldFlag  = flag.String("world", "small", "whose rows: small, or large, as a big customer's")
	beforeFlag = flag.String("before", "", "a commit whose program is measured beside this one")
	linesFlag  = flag.Bool("lines", false, "print the table as JSON, one row a line")
)

// BenchmarkTable prints the table: what the server does, as a ratio to the floor. It runs
// once, with -benchtime 1x. No goal that is missed fails it: on a busy machine that says
// nothing.
func BenchmarkTable(t *testing.B) {
	w, err := worldNamed(*worldFlag)
	if err != nil {
		t.Fatal(err)
	}
	out := table{title: w.name + " world", before: loadAverage()}
	b := newYardstick(t, w)
	var measurements []measurement
	for _, m := range b.measurements(w) {
		if m.named && *rowsFlag == "" {
			continue
		}
		for _, h := range m.rows {
			if strings.Contains(h.name, *rowsFlag) {
				measurements = append(measurements, m)
				break
			}
		}
	}
	defer out.print(t) // what was measured, even if something fails
	for run := range *runsFlag {
		for i, m := range measurements {
			fmt.Fprintf(os.Stderr, "bench: run %d of %d, %d of %d: %s\n", run+1, *runsFlag, i+1, len(measurements), m.rows[0].name)
			out.add(m.rows, m.do())
		}
	}
}

// measurement is rows that are measured together.
type measurement struct {
	rows []heading
	do   func() []reading
	// named ones are measured only with -rows: the whole table takes long enough.
	named bool
}

// yardstick is what the table is measured with. What it starts ends with the test.
type yardstick struct {
	t        testing.TB
	program  string // the server
	load     *generator
	postgres *pgtest.Owned
}

func newYardstick(t testing.TB, w world) *yardstick {
	t.Helper()
	b := &yardstick{t: t}
	dir := t.TempDir()
	servertest.Build(t, dir, "gatehouse/cmd/gatehouse")
	b.program = filepath.Join(dir, "gatehouse")
	var err error
	if b.load, err = startGenerator(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.load.close)
	if b.postgres, err = pgtest.Start(t, "shared_buffers="+w.buffers()); err != nil {
		t.Fatal(err)
	}
	return b
}

// postgresDatabase makes a database with a world on the server of the table.
func (b *yardstick) postgresDatabase(t testing.TB, w world) (url string) {
	t.Helper()
	url = b.postgres.Open(t)
	fillPostgres(t, w, url)
	return url
}

// must are the ratios to the floor that the server has to reach on PostgreSQL and, as it
// did before, on SQLite, by connections.
var must = map[string]map[int]float64{
	"PostgreSQL": {1: 0.85, 8: 0.9, 32: 1.4, 64: 1.7},
	"SQLite":     {1: 1.4, 8: 1.2, 32: 1.3},
}

// audited is which part of these ratios the server has to reach while it records all
// decisions.
const audited = 0.9

// measurements are all rows of a world.
func (b *yardstick) measurements(w world) []measurement {
	postgres := b.pair(w, "PostgreSQL", b.postgresDatabase)
	if w == large {
		return slices.Concat(
			[]measurement{postgres.speed(32, 0), postgres.ofOther(b.pair(small, "PostgreSQL", b.postgresDatabase), atLeast(0.85))},
			postgres.unusual(atLeast(1)))
	}
	sqlite := b.pair(w, "SQLite", sqliteDatabase)
	var all []measurement
	for _, connections := range []int{1, 8, 32, 64} {
		all = append(all, postgres.speed(connections, 1))
	}
	for _, connections := range []int{1, 8, 32} {
		all = append(all, sqlite.speed(connections, 1))
	}
	if *beforeFlag != "" {
		all = append(all, sqlite.ofBefore(*beforeFlag, atMost(0.78)))
	}
	all = append(all, b.allocations(w), postgres.keys())
	all = append(all, b.push(w, "PostgreSQL", b.postgresDatabase), b.push(w, "SQLite", sqliteDatabase))
	all = append(all, b.deliveries(w)...)
	all = append(all, postgres.unusual(goal{})...)
	recording := b.pair(w, "PostgreSQL", b.postgresDatabase, "audit.enabled=true")
	for _, connections := range []int{1, 8, 32, 64} {
		all = append(all, recording.speed(connections, audited))
	}
	return append(all, b.lookups(postgres)...)
}
