package spool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gatehouse/adapters/memory"
	"gatehouse/adapters/spool"
	"gatehouse/application/pushes"
	"gatehouse/domain"
)

// died is what a step of a server panics with that ends there.
type died struct{}

// database is a store that survives its servers. A call fails while it is away; a
// server ends before or after a call, or the answer is lost.
type database struct {
	*memory.Store
	// counting has the counters: the same store, or one of its own.
	counting *memory.Store
	t        *rapid.T
	// away makes all calls fail.
	away bool
	// faults says whether servers end, and answers get lost.
	faults bool
}

func (d *database) call(name string, do func() error) error {
	if d.away {
		return domain.Unavailable
	}
	fault := 0
	if d.faults {
		fault = rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 2, 3, 4}).Draw(d.t, name)
	}
	switch fault {
	case 1:
		panic(died{})
	case 4:
		if name == "record" {
			return errors.New("refused")
		}
	}
	err := do()
	switch fault {
	case 2:
		panic(died{})
	case 3:
		return errors.Join(domain.Unavailable, errors.New("the answer was lost"))
	}
	return err
}

func (d *database) Record(ctx context.Context, p pushes.Push) error {
	return d.call("record", func() error { return d.Recorder.Record(ctx, p) })
}

func (d *database) Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error {
	return d.counting.Counters.Increase(ctx, repository, now, expiry)
}

func (d *database) Decrease(ctx context.Context, repository string, now time.Time) error {
	return d.call("decrease", func() error { return d.counting.Counters.Decrease(ctx, repository, now) })
}

func (d *database) DecreaseOnce(ctx context.Context, repository, entry string, until, now time.Time) error {
	return d.call("decrease once", func() error { return d.counting.Counters.DecreaseOnce(ctx, repository, entry, until, now) })
}

func (d *database) Ping(context.Context) error { return nil }

// world is a database and the server that runs now.
type world struct {
	database
	path     string
	apart    bool
	receiver *pushes.Receiver
	replayer *spool.Replayer
	pushed   int
}

// start replaces the server, which may have died, by a new one.
func (w *world) start() {
	if w.replayer != nil {
		w.replayer.Release()
	}
	folder := newFolder(w.path)
	rules := pushes.Rules{Expiry: time.Hour, CountersApart: w.apart, NewID: func() string { return fmt.Sprint("entry-", w.pushed) }}
	w.receiver = pushes.New(w, w, folder, w.PushContexts, w.Notices, rules, func() time.Time { return now })
	w.replayer = spool.NewReplayer(folder, w.receiver, time.Hour)
	away := w.away
	w.away = true // a start finds out what waits before requests come
	w.replayer.Replay(context.Background())
	w.away = away
}

// survives calls a step of the server, and replaces the server if it died there.
func (w *world) survives(step func()) (ok bool) {
	defer func() {
		switch end := recover(); end.(type) {
		case nil:
		case died:
			w.start()
		default:
			panic(end)
		}
	}()
	step()
	return true
}

// TestSpool_crashes ends servers at any step of recording, and lets the database go away
// and lose answers: each push that was acknowledged is recorded once, those to one
// repository in order, and its counter goes down once.
func TestSpool_crashes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path, err := os.MkdirTemp(folder, "")
		if err != nil {
			t.Fatal(err)
		}
		store := memory.New()
		w := &world{database: database{Store: store, counting: store, t: t, faults: true}, path: path, apart: rapid.Bool().Draw(t, "counters apart")}
		if w.apart {
			w.counting = memory.New()
		}
		w.start()
		repositories := []string{"project-1", "project-2", "wiki-1"}
		const running = 50 // pushes that do not end
		for _, repository := range repositories {
			for range running {
				_ = w.Increase(t.Context(), repository, now, time.Hour)
			}
		}
		acknowledged, died := map[string][]string{}, map[string]int64{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"push", "push", "push", "push", "replay", "replay", "away", "back", "restart"}).Draw(t, "step") {
			case "push":
				repository := rapid.SampledFrom(repositories).Draw(t, "repository")
				w.pushed++
				id := fmt.Sprint("user-", w.pushed)
				_ = w.Increase(t.Context(), repository, now, time.Hour)
				if w.survives(func() {
					w.receiver.PostReceive(t.Context(), pushes.Push{Repository: repository, Identifier: id})
				}) {
					acknowledged[repository] = append(acknowledged[repository], id)
				} else {
					died[repository]++
				}
			case "replay":
				w.survives(func() { w.replayer.Replay(t.Context()) })
			case "away":
				w.away = true
			case "back":
				w.away = false
			case "restart":
				w.start()
			}
		}
		w.away, w.faults = false, false
		w.start()
		w.replayer.Replay(t.Context())
		if left, err := spool.Inspect(path); err != nil || left.Waiting > 0 || len(left.Broken) > 0 {
			t.Errorf("left in the spool: %+v, %v", left, err)
		}
		w.wantRecorded(t, acknowledged)
		for _, repository := range repositories {
			// A server that died before it decreased leaves the count to expire, unless
			// the push is in the spool.
			if got := w.counter(t, repository); got < running || got > running+died[repository] {
				t.Errorf("the counter of %s is %d, with %d pushes running and %d that ended with their server", repository, got, running, died[repository])
			}
		}
	})
}

// wantRecorded fails the test unless each acknowledged push is recorded once, in order.
// One that was not acknowledged may be recorded, once.
func (w *world) wantRecorded(t *rapid.T, acknowledged map[string][]string) {
	records, err := w.Records.List(t.Context(), "pushes", now)
	if err != nil {
		t.Fatal(err)
	}
	seen, got := map[string]bool{}, map[string][]string{}
	last := map[string]int{}
	for _, r := range records {
		repository, id := r[1].Value.(string), r[2].Value.(string)
		var number int
		if _, err := fmt.Sscanf(id, "user-%d", &number); err != nil || seen[id] || number < last[repository] {
			t.Errorf("%s: %s is recorded twice, or out of order", repository, id)
		}
		seen[id], last[repository] = true, number
		if slices.Contains(acknowledged[repository], id) {
			got[repository] = append(got[repository], id)
		}
	}
	if diff := cmp.Diff(acknowledged, got); diff != "" {
		t.Errorf("acknowledged and recorded, -want +got\n%s", diff)
	}
}

func (w *world) counter(t *rapid.T, repository string) int64 {
	records, err := w.counting.Records.List(t.Context(), "counters", now)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r[0].Value == repository {
			return r[1].Value.(int64)
		}
	}
	return 0
}
