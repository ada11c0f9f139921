// Package faults_test breaks whole servers and looks whether they keep their promises.
// README.md says how to run it and how to read what it prints.
package faults_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gatehouse/tests/servertest"
)

const (
	pauseSignal  = syscall.SIGSTOP
	resumeSignal = syscall.SIGCONT
)

// programs is the folder of the programs, which are built once.
var (
	programs string
	building sync.Once
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		panic(err)
	}
	programs = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// The variables that make sets. Without them the run is a short one.
const (
	countVariable   = "FAULTS_N"
	seedVariable    = "FAULTS_SEED"
	kindVariable    = "FAULTS_KIND"
	workersVariable = "FAULTS_WORKERS"
)

// fromEnvironment returns a number of the environment.
func fromEnvironment(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestFaults makes attempts, several at once. Each has a seed of its own, which decides
// everything that the harness does.
func TestFaults(t *testing.T) {
	count := fromEnvironment(t, countVariable, uint64(len(kinds)))
	first := fromEnvironment(t, seedVariable, uint64(time.Now().Unix())*1000)
	workers := min(fromEnvironment(t, workersVariable, 3), count)
	run := newRun(t)
	var next atomic.Uint64
	var work sync.WaitGroup
	began := time.Now()
	for range workers {
		w := startWorker(t)
		work.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= count || !run.attempt(t, w, first+n) {
					return
				}
			}
		})
	}
	work.Wait()
	fmt.Print(run.table(time.Since(began)))
}

// TestFaults_planted plants a fault of the program in each server, and wants it found
// within 200 attempts by the check that is made for it.
func TestFaults_planted(t *testing.T) {
	const most = 200
	run := newRun(t)
	w := startWorker(t)
	for _, c := range []struct{ fault, kind, check string }{
		{"early-answer", "server-killed", checkPushes},
		{"cached-standing", "none", checkRights},
		{"endless-counter", "none", checkCounters},
	} {
		run.named, run.planted, run.patience = c.kind, c.fault, 3*time.Second
		seed := uint64(1)
		for ; seed <= most; seed++ {
			if a := run.try(t, w, seed); a.found(c.check) > 0 {
				t.Logf("%s: found in attempt %d:%s", c.fault, seed, a.evidence())
				break
			}
		}
		if seed > most {
			t.Errorf("%s: not found in %d attempts", c.fault, most)
		}
		run.planted, run.patience = "", patience
		if a := run.try(t, w, seed); a.found(c.check) > 0 {
			t.Errorf("%s: found although it is not planted:%s", c.fault, a.evidence())
		}
	}
}

// patience is far longer than anything takes that a server does later.
const patience = time.Minute

// run are the attempts of one test.
type run struct {
	// binary is the program of cmd/gatehouse, and stepped the one whose clock can be
	// stepped and in which faults can be planted.
	binary, stepped string
	// named is the only kind; empty for all.
	named string
	// planted is a fault of the program.
	planted string
	// patience is that of attempts.
	patience time.Duration

	mu   sync.Mutex
	sums map[[2]string]*sum
}

func newRun(t *testing.T) *run {
	building.Do(func() { servertest.Build(t, programs, "gatehouse/cmd/gatehouse", "gatehouse/tests/faults/program") })
	return &run{
		binary: filepath.Join(programs, "gatehouse"), stepped: filepath.Join(programs, "program"),
		named: os.Getenv(kindVariable), patience: patience, sums: map[[2]string]*sum{},
	}
}

// attempt makes an attempt, and fails the test with the evidence if anything is wrong.
func (r *run) attempt(t *testing.T, w *worker, seed uint64) (goOn bool) {
	k, database, err := choose(seed, r.named, w)
	if err != nil {
		t.Error(err)
		return false
	}
	if why := k.absence(w); why != "" {
		r.skip(k, why)
		return true
	}
	t.Run(fmt.Sprintf("%s/%d", k.name, seed), func(t *testing.T) {
		a := r.try(t, w, seed)
		r.add(a)
		if len(a.findings) > 0 {
			t.Errorf("make faults N=1 SEED=%d KIND=%s (%s, Redis: %t):%s", seed, a.kind.name, database, a.withRedis, a.evidence())
		}
	})
	return true
}

// try makes an attempt in a test of its own.
func (r *run) try(t *testing.T, w *worker, seed uint64) (a *attempt) {
	k, database, err := choose(seed, r.named, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("attempt", func(t *testing.T) {
		a = &attempt{t: t, kind: k, seed: seed, worker: w, database: database, binary: r.binary}
		a.withRedis = w.redis != nil && (k.redis || rand.New(rand.NewPCG(seed, 2)).IntN(3) == 0)
		if k.stepped || r.planted != "" {
			a.binary = r.stepped
		}
		a.plant, a.patience = r.planted, r.patience
		if a.dir, err = filepath.Abs(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		a.run()
	})
	return a
}
