package pushes_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/pushes"
	"gatehouse/domain"
)

// ids returns the identifiers of pushes, by which these tests tell them apart.
func ids(list []pushes.Push) (out []string) {
	for _, p := range list {
		out = append(out, p.Identifier)
	}
	return out
}

func TestReceiver_PostReceive_spool(t *testing.T) {
	t.Parallel()
	down, full := fmt.Errorf("refused: %w", domain.Unavailable), errors.New("no space left on device")
	for name, c := range map[string]struct {
		err, spoolErr            error
		others, same, apart      bool
		recorded, spooled, inLog int
		counted                  string
		warns                    bool
	}{
		"recorded":                             {recorded: 1, counted: "-project-42 with its record"},
		"recorded, Redis":                      {apart: true, recorded: 1, counted: "-project-42"},
		"others wait":                          {others: true, recorded: 1, counted: "-project-42 with its record"},
		"an earlier push waits":                {others: true, same: true, spooled: 1},
		"an earlier push waits, Redis":         {others: true, same: true, apart: true, spooled: 1, counted: "-project-42 for entry-1"},
		"an earlier one waits, spool full":     {others: true, same: true, spoolErr: full, recorded: 1, counted: "-project-42 with its record", warns: true},
		"database away":                        {err: down, recorded: 1, spooled: 1, warns: true},
		"database away, Redis":                 {err: down, apart: true, recorded: 1, spooled: 1, counted: "-project-42 for entry-1", warns: true},
		"database refuses this push":           {err: errors.New("x"), recorded: 1, spooled: 1, warns: true},
		"both away":                            {err: down, spoolErr: full, recorded: 1, inLog: 1, counted: "-project-42 for entry-1", warns: true},
		"both away, and an earlier push waits": {err: down, spoolErr: full, others: true, same: true, recorded: 1, inLog: 1, counted: "-project-42 for entry-1", warns: true},
	} {
		h := &fakePorts{err: c.err, spoolErr: c.spoolErr, others: c.others, same: c.same}
		rules := pushes.Rules{Expiry: time.Hour, NewID: newID, CountersApart: c.apart}
		report := pushes.New(h, h, h, h, h, rules, func() time.Time { return now }).PostReceive(t.Context(), push("project-42", "a"))
		if len(h.recorded) != c.recorded || len(h.spooled) != c.spooled || len(h.inLog) != c.inLog {
			t.Errorf("%s: %d attempts to record, %d in the spool, %d in the log", name, len(h.recorded), len(h.spooled), len(h.inLog))
		}
		if strings.Join(h.counted, ", ") != c.counted || (report.Warning != nil) != c.warns {
			t.Errorf("%s: counted %q, warning %v", name, h.counted, report.Warning)
		}
		for _, p := range append(h.spooled, h.inLog...) {
			if p.EntryID != "entry-1" || !p.ReceivedAt.Equal(now) || p.Repository != "project-42" || p.Changes != "x" || !cmp.Equal(p.Options, []string{"a"}) {
				t.Errorf("%s: kept %+v", name, p)
			}
		}
	}
}

// hanging is a database that takes no record until it is open, and a spool.
type hanging struct {
	fakePorts
	mu       sync.Mutex
	attempts int
	open     bool
	waiting  map[string]int
}

func (s *hanging) Record(ctx context.Context, p pushes.Push) error {
	s.mu.Lock()
	s.attempts++
	open := s.open
	if open {
		s.recorded = append(s.recorded, p)
	}
	s.mu.Unlock()
	if open {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s *hanging) Decrease(context.Context, string, time.Time) error { return nil }

func (s *hanging) DecreaseOnce(ctx context.Context, _, _ string, _, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func (s *hanging) Add(p pushes.Push) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spooled = append(s.spooled, p)
	s.waiting[p.Queue()]++
	return nil
}

func (s *hanging) Waiting(queue string) (others, same bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting) > 0, s.waiting[queue] > 0
}

func newHanging() (*hanging, *pushes.Receiver) {
	s := &hanging{waiting: map[string]int{}}
	return s, pushes.New(s, s, s, s, s, pushes.Rules{Expiry: time.Hour, NewID: newID, CountersApart: true}, time.Now)
}

// TestReceiver_PostReceive_outage pushes while the database hangs: the first pushes find
// it out, all at once, and the later ones do not wait for it.
func TestReceiver_PostReceive_outage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newHanging()
		start := time.Now()
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() { r.PostReceive(t.Context(), push(fmt.Sprint("project-", 1+i%20))) })
		}
		all.Wait()
		if took := time.Since(start); took > pushes.StepTimeout+5*time.Second {
			t.Errorf("the first pushes took %v", took)
		}
		for range 10 {
			start := time.Now()
			if r.PostReceive(t.Context(), push("project-99")); time.Since(start) > 3*time.Second {
				t.Errorf("a later push took %v", time.Since(start))
			}
		}
		if len(s.spooled) != 110 || s.attempts != 20 || len(s.recorded) > 0 {
			t.Errorf("%d pushes in the spool, after %d attempts to record one", len(s.spooled), s.attempts)
		}
		// The replay, perhaps that of another server, has recorded all.
		s.open, s.waiting = true, map[string]int{}
		if report := r.PostReceive(t.Context(), push("project-1")); report.Warning != nil || len(s.recorded) != 1 {
			t.Errorf("afterwards: got %v, recorded %v", report.Warning, s.recorded)
		}
	})
}

// TestReceiver_PostReceive_outageEnds pushes in an outage that no replay of this
// process finds out to be over: now and then a push tries.
func TestReceiver_PostReceive_outageEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newHanging()
		r.PostReceive(t.Context(), push("project-1"))
		s.open = true
		recorded := 0
		for i := range 60 {
			r.PostReceive(t.Context(), push(fmt.Sprint("project-", 10+i)))
			if len(s.recorded) > 0 {
				recorded++
			}
			time.Sleep(time.Second)
		}
		if recorded == 0 || recorded == 60 {
			t.Errorf("%d of 60 pushes found the outage to be over", recorded)
		}
	})
}

// TestReceiver_RecordWaiting_endsOutage wants a push to be recorded directly as soon as
// one of the spool was.
func TestReceiver_RecordWaiting_endsOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newHanging()
		r.PostReceive(t.Context(), push("project-1"))
		if err := r.RecordWaiting(t.Context(), push("project-1")); !errors.Is(err, domain.Unavailable) {
			t.Errorf("a database that hangs: got %v", err)
		}
		s.open = true
		if err := r.RecordWaiting(t.Context(), push("project-1")); err != nil {
			t.Error(err)
		}
		if r.PostReceive(t.Context(), push("project-2")); len(s.recorded) != 2 {
			t.Errorf("recorded %v", s.recorded)
		}
	})
}

// slowly records each push in a second, and the first to a repository in ten.
type slowly struct {
	fakePorts
	mu sync.Mutex
}

func (s *slowly) Record(_ context.Context, p pushes.Push) error {
	s.mu.Lock()
	first := len(s.recorded) == 0
	s.mu.Unlock()
	if time.Sleep(time.Second); first {
		time.Sleep(9 * time.Second)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded = append(s.recorded, p)
	return nil
}

func (s *slowly) Decrease(context.Context, string, time.Time) error { return nil }

// TestReceiver_PostReceive_order wants pushes to one repository, by whichever name, to
// be recorded in the order in which they came, and others not to wait for them.
func TestReceiver_PostReceive_order(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(slowly)
		r := pushes.New(s, s, s, s, s, pushes.Rules{NewID: newID}, time.Now)
		var all sync.WaitGroup
		var want []string
		for i := range 30 {
			p := pushes.Push{Repository: []string{"wiki-7", "project-7-wiki"}[i%2], Identifier: fmt.Sprint("user-", i)}
			want = append(want, p.Identifier)
			all.Go(func() { r.PostReceive(t.Context(), p) })
			synctest.Wait()
		}
		start := time.Now()
		if r.PostReceive(t.Context(), push("project-7")); time.Since(start) > 10*time.Second {
			t.Errorf("a push to another repository took %v", time.Since(start))
		}
		all.Wait()
		var got []string
		for _, id := range ids(s.recorded) {
			if id != "key-11" {
				got = append(got, id)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// TestReceiver_RecordWaiting_counter wants the record of a push of the spool to decrease
// the counter unless that has expired, and no other call to.
func TestReceiver_RecordWaiting_counter(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{0: "-project-42 with its record", time.Hour - 1: "-project-42 with its record", time.Hour: ""} {
		h := &fakePorts{}
		r := pushes.New(h, h, h, h, h, pushes.Rules{Expiry: time.Hour, NewID: newID}, func() time.Time { return now })
		p := push("project-42")
		p.ReceivedAt = now.Add(-age)
		if err := errors.Join(r.RecordWaiting(t.Context(), p), r.DecreaseWaiting(t.Context(), p)); err != nil || strings.Join(h.counted, ", ") != want {
			t.Errorf("%v later: counted %q, %v", age, h.counted, err)
		}
	}
}
