package bench_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/bootstrap/config"
)

const (
	// tableInterval is how long one server is asked before another one is.
	tableInterval = time.Second
	// recordingInterval is the same for one that records decisions, which it writes after
	// its answers: it writes most of them while it is measured.
	recordingInterval = 3 * time.Second
	// largeWarmUp is how long a server is asked about the large world before it is measured.
	largeWarmUp = 30 * time.Second
	// tableRounds is how often each server is asked for one row. It is an even number: as
	// often as one server comes first, the other one does.
	tableRounds = 8
)

// pair is a server and the floor on one database. They start when they are first asked.
type pair struct {
	b     *yardstick
	world world
	// name is that of the database, and settings those of the server that are not the usual
	// ones.
	name     string
	settings []string
	// open makes the database and returns its URL.
	open                                func(testing.TB, world) (url string)
	url                                 string
	serverProcess, floorProcess, before *process
}

// pair returns a pair on the database that open makes, whose server has these settings.
func (b *yardstick) pair(w world, name string, open func(testing.TB, world) (url string), settings ...string) *pair {
	return &pair{b: b, world: w, name: name, settings: settings, open: open}
}

func (p *pair) database() (url string) {
	if p.url == "" {
		p.url = p.open(p.b.t, p.world)
	}
	return p.url
}

func (p *pair) server() *process {
	if p.serverProcess == nil {
		p.serverProcess = startServer(p.b.t, "server", p.b.program, p.database(), p.world, p.settings...)
	}
	return p.serverProcess
}

func (p *pair) floor() *process {
	if p.floorProcess == nil {
		p.floorProcess = startFloor(p.b.t, p.database(), p.world)
	}
	return p.floorProcess
}

// title is the beginning of the name of a row.
func (p *pair) title() string { return strings.Join(append([]string{p.name}, p.settings...), ", ") }

// ask is a server and what it is asked.
type ask struct {
	*process
	kind string
	// beside is what another client asks meanwhile; empty for nothing.
	beside string
}

// sample is a throughput, and how long the server and its PostgreSQL have run on a core for it.
type sample struct {
	throughput
	cpu, database time.Duration
}

// alternate lets the generator ask servers in turn, each for an interval, and returns the
// samples of each.
func (b *yardstick) alternate(interval time.Duration, connections int, asks ...ask) [][]sample {
	b.t.Helper()
	samples := make([][]sample, len(asks))
	for _, a := range asks {
		b.warmUp(a, connections)
	}
	for i := range alternately(tableRounds, len(asks)) {
		samples[i] = append(samples[i], b.ask(asks[i], connections, interval))
		b.awaitIdle(asks[i])
	}
	return samples
}

// awaitIdle waits, for five seconds at most, until the server has done what it does after
// its answers, so that it does not run while another one is measured.
func (b *yardstick) awaitIdle(a ask) {
	const idle = 10 * time.Millisecond // of the 50 between two looks
	before := b.ran(a)
	for range 100 {
		time.Sleep(50 * time.Millisecond)
		now := b.ran(a)
		if now.cpu+now.database-before.cpu-before.database <= idle {
			return
		}
		before = now
	}
}

func (a ask) order(connections int, interval time.Duration) order {
	return order{Address: a.address, World: a.world.name, Kind: a.kind, Beside: a.beside, Connections: connections, Interval: interval}
}

// warmUp opens the connections, and asks for a while that is not measured: of the large
// world for longer at first, as each process of PostgreSQL has to map the memory in which
// that lies, page by page, when it first reads it.
func (b *yardstick) warmUp(a ask, connections int) {
	b.t.Helper()
	o := a.order(connections, tableInterval)
	o.Fresh = true
	if a.world == large && !a.warm {
		o.Interval = largeWarmUp
	}
	a.warm = true
	if _, err := b.load.work(o); err != nil {
		b.t.Fatalf("%s, %s: %v", a.name, a.kind, err)
	}
}

func (b *yardstick) ask(a ask, connections int, interval time.Duration) sample {
	b.t.Helper()
	before := b.ran(a)
	done, err := b.load.work(a.order(connections, interval))
	if err != nil {
		b.t.Fatalf("%s, %s: %v", a.name, a.kind, err)
	}
	after := b.ran(a)
	return sample{done, after.cpu - before.cpu, after.database - before.database}
}

// ran is a sample without answers: how long the processes have run on a core since they
// started. Of a server on SQLite PostgreSQL is no part.
func (b *yardstick) ran(a ask) (s sample) {
	b.t.Helper()
	s.cpu = cpuTime(a.pid)
	if a.onPostgres {
		database, err := b.postgres.PIDs()
		if err != nil {
			b.t.Fatal(err)
		}
		s.database = cpuTime(database...)
	}
	return s
}

// compared is a reading of two servers: the median of a figure of each, and of the ratio
// within each round.
func compared(samples [][]sample, unit string, figure func(sample) float64) reading {
	var of [2][]float64
	var ratios []float64
	for round := range samples[0] {
		for i := range of {
			of[i] = append(of[i], figure(samples[i][round]))
		}
		ratios = append(ratios, of[0][round]/of[1][round])
	}
	return reading{Figure: median(of[0]), Floor: median(of[1]), Unit: unit, Ratio: median(ratios)}
}

func speedOf(samples [][]sample) reading {
	return compared(samples, "req/s", func(s sample) float64 { return float64(s.Answers) / s.Took.Seconds() })
}

func slowestOf(samples [][]sample) reading {
	return compared(samples, "ms", func(s sample) float64 { return float64(s.P99) / float64(time.Millisecond) })
}

// cpuOf is the time on a core for each answer, of the server and its PostgreSQL together.
func cpuOf(samples [][]sample) reading {
	return compared(samples, "µs", func(s sample) float64 { return s.perAnswer(s.cpu + s.database) })
}

// databaseOf is PostgreSQL's part of it.
func databaseOf(samples [][]sample) reading {
	return compared(samples, "µs", func(s sample) float64 { return s.perAnswer(s.database) })
}

func (s sample) perAnswer(d time.Duration) float64 {
	return float64(d) / float64(time.Microsecond) / float64(s.Answers)
}

// speed is what the server does on so many connections, as a ratio to the floor. The goal is
// a part of what it must reach; 0 is none.
func (p *pair) speed(connections int, part float64) measurement {
	name := fmt.Sprintf("%s, %d connections", p.title(), connections)
	m := measurement{rows: []heading{{name, atLeast(part * must[p.name][connections])}}}
	figures := []func([][]sample) reading{speedOf}
	switch {
	case connections != 32 || len(p.settings) > 0:
	case p.name == "PostgreSQL":
		m.rows = append(m.rows, heading{name + ", CPU per call, server and database", atMost(0.7)}, heading{name + ", CPU per call, database alone", goal{}})
		figures = append(figures, cpuOf, databaseOf)
	default:
		m.rows, figures = append(m.rows, heading{name + ", CPU per call", goal{}}), append(figures, cpuOf)
	}
	if connections == 64 {
		m.rows, figures = append(m.rows, heading{name + ", p99", atMost(1.2 / part)}), append(figures, slowestOf)
	}
	m.do = func() (out []reading) {
		interval := tableInterval
		if len(p.settings) > 0 {
			interval = recordingInterval
		}
		samples := p.b.alternate(interval, connections, ask{process: p.server(), kind: "mix"}, ask{process: p.floor(), kind: "mix"})
		for _, figure := range figures {
			out = append(out, figure(samples))
		}
		return out
	}
	return m
}

// keys is how fast keys are found by fingerprint, as a ratio to the floor.
func (p *pair) keys() measurement {
	return measurement{rows: []heading{{p.title() + ", 32 connections, key by fingerprint", goal{}}}, do: func() []reading {
		return []reading{speedOf(p.b.alternate(tableInterval, 32, ask{process: p.server(), kind: "key"}, ask{process: p.floor(), kind: "key"}))}
	}}
}

// unusual are users with many memberships and projects below many groups, as a ratio to a
// plain fetch.
func (p *pair) unusual(g goal) []measurement {
	var all []measurement
	for _, kind := range []string{"heavy", "deep"} {
		name := map[string]string{"heavy": "user with 10,000 memberships", "deep": fmt.Sprintf("project %d groups deep", depth)}[kind]
		all = append(all, measurement{rows: []heading{{p.title() + ", 32 connections, " + name + ", of a plain fetch", g}}, do: func() []reading {
			return []reading{speedOf(p.b.alternate(tableInterval, 32, ask{process: p.server(), kind: kind}, ask{process: p.server(), kind: "plain"}))}
		}})
	}
	return all
}

// ofOther is the speed of the server as a ratio to that on another world.
func (p *pair) ofOther(other *pair, g goal) measurement {
	return measurement{rows: []heading{{fmt.Sprintf("%s, 32 connections, of the %s world", p.title(), other.world.name), g}}, do: func() []reading {
		return []reading{speedOf(p.b.alternate(tableInterval, 32, ask{process: p.server(), kind: "mix"}, ask{process: other.server(), kind: "mix"}))}
	}}
}

// ofBefore is the time on a core for each call, as a ratio to the program of an earlier
// commit. Both read the same database.
func (p *pair) ofBefore(commit string, g goal) measurement {
	return measurement{rows: []heading{{fmt.Sprintf("%s, 32 connections, CPU per call, of %s", p.title(), commit), g}}, do: func() []reading {
		server := p.server() // which migrates the database
		if p.before == nil {
			p.before = startServer(p.b.t, commit, p.b.buildBefore(commit), p.database(), p.world, slices.Concat(p.settings, []string{"database.migrate=false"})...)
		}
		return []reading{cpuOf(p.b.alternate(tableInterval, 32, ask{process: server, kind: "mix"}, ask{process: p.before, kind: "mix"}))}
	}}
}

// buildBefore builds the program of a commit.
func (b *yardstick) buildBefore(commit string) (path string) {
	b.t.Helper()
	dir := b.t.TempDir()
	script := exec.Command("sh", "-euc", `cd "$(git rev-parse --show-toplevel)"; git archive "$1" | tar -x -C "$2"; cd "$2"; CGO_ENABLED=0 go build -o gatehouse ./cmd/gatehouse`, "sh", commit, dir)
	var output bytes.Buffer
	script.Stdout, script.Stderr = &output, &output
	if err := script.Run(); err != nil {
		b.t.Fatalf("build %s: %v\n%s", commit, err, &output)
	}
	return filepath.Join(dir, "gatehouse")
}

// allocations is what one call allocates in a server that runs in this process, on SQLite.
// The ratio is to what it may be at most.
func (b *yardstick) allocations(w world) measurement {
	const allocations, kibibytes = 125, 10
	var p *process
	return measurement{rows: []heading{
		{"SQLite, allocations per call, of 125", atMost(1)},
		{"SQLite, bytes allocated per call, of 10 KiB", atMost(1)},
	}, do: func() []reading {
		if p == nil {
			p = &process{name: "server in this process", world: w, pid: os.Getpid()}
			p.address = serve(b.t, sqliteDatabase(b.t, w), func(c *config.Config) { c.Git.RateLimit = rateLimit })
		}
		server := ask{process: p, kind: "mix"}
		b.warmUp(server, 8)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		done := b.ask(server, 8, 2*tableInterval)
		runtime.ReadMemStats(&after)
		count := float64(after.Mallocs-before.Mallocs) / float64(done.Answers)
		size := float64(after.TotalAlloc-before.TotalAlloc) / float64(done.Answers) / 1024
		return []reading{{count, allocations, "", count / allocations}, {size, kibibytes, "KiB", size / kibibytes}}
	}}
}
