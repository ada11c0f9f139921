package contract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/application"
	"gatehouse/application/pushes"
	"gatehouse/domain"
	"gatehouse/tests/stores"
)

// work starts a shift in which jobs on pushes are done by do, and ends it with
// the case.
func (s Subject) work(do application.Worker) (stop func()) {
	s.Helper()
	return s.workAs(application.WorkerPool{Workers: map[application.JobKind]application.Worker{pushes.PushReceived: do}})
}

func (s Subject) workAs(shift application.WorkerPool) (stop func()) {
	s.Helper()
	shift.Concurrency, shift.PollInterval, shift.RetryDelay = 4, 10*time.Millisecond, time.Millisecond
	s.Fine("Start", s.Jobs.Start(s.Context(), shift, zap.NewNop()))
	stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		s.Fine("Stop", s.Jobs.Stop(ctx))
	})
	s.Cleanup(stop)
	return stop
}

// soon is far more than a job takes.
const soon = time.Minute

// push records pushes and returns the numbers of their jobs.
func (s Subject) push(count int) (ids []int64) {
	s.Helper()
	for range count {
		s.Fine("Record", s.Recorder.Record(s.Context(), pushOf("project-60")))
	}
	for _, record := range s.Read("jobs") {
		ids = append(ids, record[0].Value.(int64))
	}
	return ids[len(ids)-count:]
}

// takes waits for a value.
func takes[T any](s Subject, from <-chan T) (value T) {
	s.Helper()
	select {
	case value = <-from:
	case <-time.After(soon):
		s.Fatal("nothing came")
	}
	return value
}

// becomes waits until a job has that state.
func (s Subject) becomes(id int64, want string) {
	s.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(soon); ; <-look.C {
		states := s.jobStates()
		if states[id] == want {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("job %d is %q, want %q", id, states[id], want)
		}
	}
}

func (s Subject) jobStates() map[int64]string {
	s.Helper()
	states := map[int64]string{}
	for _, record := range s.Read("jobs") {
		states[record[0].Value.(int64)] = record[3].Value.(string)
	}
	return states
}

var jobCases = []Case{
	{Name: "a push leaves a job on it", Check: func(s Subject) {
		s.push(2)
		pushed := s.List("pushes", "id")
		s.Same("jobs", s.List("jobs", "kind", "subject", "state", "attempt", "last_error"), []string{
			"push_received " + pushed[0] + " waiting 0 -", "push_received " + pushed[1] + " waiting 0 -",
		})
	}},
	{Name: "a job is done once, by its kind, with its subject", Check: func(s Subject) {
		done := make(chan int64, 10)
		ids := s.push(3)
		s.work(func(_ context.Context, subject int64) error { done <- subject; return nil })
		got := []string{}
		for range ids {
			got = append(got, fmt.Sprint(takes(s, done)))
		}
		slices.Sort(got)
		s.Same("subjects", got, s.List("pushes", "id"))
		later := s.push(1)[0]
		takes(s, done)
		for _, id := range append(ids, later) {
			s.becomes(id, "completed")
		}
		s.Same("attempts", s.List("jobs", "attempt", "last_error"), []string{"1 -", "1 -", "1 -", "1 -"})
		s.Same("done again", len(done), 0)
	}},
	{Name: "what fails is done again until it succeeds", Check: func(s Subject) {
		tries := make(chan int, 10)
		count := 0
		id := s.push(1)[0]
		s.work(func(context.Context, int64) error {
			count++ // one job is done by one at a time
			tries <- count
			if count <= 3 {
				return fmt.Errorf("failure %d", count)
			}
			return nil
		})
		for want := range 4 {
			s.Same("try", takes(s, tries), want+1)
		}
		s.becomes(id, "completed")
		s.Same("job", s.List("jobs", "attempt", "last_error"), []string{"4 failure 3"})
	}},
	{Name: "a worker that panics fails", Check: func(s Subject) {
		tries := make(chan int, 10)
		count := 0
		id := s.push(1)[0]
		s.work(func(context.Context, int64) error {
			count++
			tries <- count
			if count == 1 {
				panic("oh no")
			}
			return nil
		})
		takes(s, tries)
		takes(s, tries)
		s.becomes(id, "completed")
		s.Same("attempts", s.List("jobs", "attempt"), []string{"2"})
	}},
	{Name: "what comes too early does not count as an attempt", Check: func(s Subject) {
		tries := make(chan int, 10)
		count := 0
		id := s.push(1)[0]
		s.work(func(context.Context, int64) error {
			count++
			tries <- count
			if count == 1 {
				return application.Postponed{For: time.Millisecond}
			}
			return nil
		})
		takes(s, tries)
		takes(s, tries)
		s.becomes(id, "completed")
		s.Same("job", s.List("jobs", "attempt", "last_error"), []string{"1 -"})
	}},
	{Name: "what is hopeless is discarded", Check: func(s Subject) {
		id := s.push(1)[0]
		s.work(func(context.Context, int64) error { return application.Discarded{Reason: errors.New("no such thing")} })
		s.becomes(id, "discarded")
		s.Same("attempts", s.List("jobs", "attempt"), []string{"1"})
		s.Same("error", len(s.List("jobs", "last_error")), 1)
	}},
	{Name: "a kind that nobody knows fails and waits", Check: func(s Subject) {
		id := s.push(1)[0]
		stop := s.workAs(application.WorkerPool{Workers: map[application.JobKind]application.Worker{
			"something_else": func(context.Context, int64) error { return nil },
		}})
		for s.List("jobs", "attempt")[0] == "0" {
		}
		stop()
		done := make(chan int64, 1)
		s.work(func(_ context.Context, subject int64) error { done <- subject; return nil })
		takes(s, done)
		s.becomes(id, "completed")
	}},
	{Name: "a job that was discarded is not done until it is retried", Check: func(s Subject) {
		ids := s.push(2)
		s.Fine("Discard", s.Jobs.Discard(s.Context(), ids[0]))
		s.Same("states", s.jobStates(), map[int64]string{ids[0]: "discarded", ids[1]: "waiting"})
		s.Kind("Discard again", s.Jobs.Discard(s.Context(), ids[0]), domain.Conflict)
		done := make(chan int64, 2)
		s.work(func(_ context.Context, subject int64) error { done <- subject; return nil })
		takes(s, done)
		s.becomes(ids[1], "completed")
		s.Same("discarded", s.jobStates()[ids[0]], "discarded")
		s.Kind("Discard one that is done", s.Jobs.Discard(s.Context(), ids[1]), domain.Conflict)
		s.Fine("Retry", s.Jobs.Retry(s.Context(), ids[0]))
		takes(s, done)
		s.becomes(ids[0], "completed")
		s.Fine("Retry one that is done", s.Jobs.Retry(s.Context(), ids[1]))
		takes(s, done)
	}},
	{Name: "a job that was discarded and retried has all its attempts", Check: func(s Subject) {
		id := s.push(1)[0]
		s.Fine("Discard", s.Jobs.Discard(s.Context(), id))
		s.Fine("Retry", s.Jobs.Retry(s.Context(), id))
		tries := make(chan int, 10)
		count := 0
		s.work(func(context.Context, int64) error {
			count++
			tries <- count
			if count <= 2 {
				return errors.New("failure")
			}
			return nil
		})
		for range 3 {
			takes(s, tries)
		}
		s.becomes(id, "completed")
	}},
	{Name: "a job that waits for its next attempt can be retried now", Check: func(s Subject) {
		tries := make(chan int, 10)
		count := 0
		id := s.push(1)[0]
		s.work(func(context.Context, int64) error {
			count++
			tries <- count
			if count == 1 {
				return application.Postponed{For: time.Hour}
			}
			return nil
		})
		takes(s, tries)
		s.becomes(id, "waiting")
		s.Fine("Retry", s.Jobs.Retry(s.Context(), id))
		takes(s, tries)
		s.becomes(id, "completed")
	}},
	{Name: "a job that is being done can be discarded, and not retried", Check: func(s Subject) {
		begun, end := make(chan int64, 10), make(chan error)
		id := s.push(1)[0]
		s.work(func(ctx context.Context, subject int64) error {
			begun <- subject
			select {
			case err := <-end:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		takes(s, begun)
		s.becomes(id, "running")
		s.Kind("Retry", s.Jobs.Retry(s.Context(), id), domain.Conflict)
		s.Fine("Discard", s.Jobs.Discard(s.Context(), id))
		select {
		case end <- errors.New("too late"):
		case <-time.After(shortly): // the worker was told to give up
		}
		s.becomes(id, "discarded")
	}},
	{Name: "jobs that are not there are not found", Check: func(s Subject) {
		for _, id := range []int64{0, -1, 404} {
			s.Kind("Retry", s.Jobs.Retry(s.Context(), id), domain.NotFound)
			s.Kind("Discard", s.Jobs.Discard(s.Context(), id), domain.NotFound)
		}
	}},
	{Name: "an end waits for what is under way", Check: func(s Subject) {
		begun, end := make(chan int64, 10), make(chan struct{})
		ids := s.push(6) // more than hands
		stop := s.work(func(_ context.Context, subject int64) error { begun <- subject; <-end; return nil })
		for range 4 {
			takes(s, begun)
		}
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		select {
		case <-stopped:
			s.Error("Stop did not wait")
		case <-time.After(shortly):
		}
		close(end)
		takes(s, stopped)
		states := map[string]int{}
		for _, id := range ids {
			states[s.jobStates()[id]]++
		}
		s.Same("states", states, map[string]int{"completed": 4, "waiting": 2})
	}},
	{Name: "an end that cannot wait cuts jobs off, which are done again", Check: func(s Subject) {
		begun := make(chan int64, 10)
		id := s.push(1)[0]
		shift := application.WorkerPool{Concurrency: 1, PollInterval: 10 * time.Millisecond, RetryDelay: time.Millisecond, Workers: map[application.JobKind]application.Worker{
			pushes.PushReceived: func(ctx context.Context, subject int64) error { begun <- subject; <-ctx.Done(); return ctx.Err() },
		}}
		s.Fine("Start", s.Jobs.Start(s.Context(), shift, zap.NewNop()))
		takes(s, begun)
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		if err := s.Jobs.Stop(ctx); err == nil {
			s.Error("Stop says nothing of jobs that it cut off")
		}
		s.Same("state", s.jobStates()[id], "waiting")
		s.work(func(_ context.Context, subject int64) error { begun <- subject; return nil })
		takes(s, begun)
		s.becomes(id, "completed")
	}},
	{Name: "an end without a beginning is none", Check: func(s Subject) { s.Fine("Stop", s.Jobs.Stop(s.Context())) }},
}

// checkCrews has two crews on one place do many jobs, each once.
func checkCrews(t *testing.T, open stores.Factory) {
	s := two(t, open)
	const many = 40
	done := make(chan int64, 2*many)
	for i := range s {
		s[i].work(func(_ context.Context, subject int64) error { done <- subject; return nil })
	}
	for i := range many {
		s[i%2].Fine("Record", s[i%2].Recorder.Record(t.Context(), pushOf("project-60")))
	}
	times := map[int64]int{}
	for range many {
		times[takes(s[0], done)]++
	}
	for _, record := range s[0].Read("jobs") {
		s[1].becomes(record[0].Value.(int64), "completed")
	}
	s[0].Same("subjects", len(times), many)
	s[0].Same("done again", len(done), 0)
}

// checkOrphan has a job whose server is gone done by another one.
func checkOrphan(t *testing.T, open stores.Factory) {
	first := on(t, open(t))
	id := first.push(1)[0]
	first.Fine("Close", first.Store.Close(t.Context()))
	second := on(t, stores.Fresh(t, open))
	second.work(func(context.Context, int64) error { return nil })
	second.becomes(id, "completed")
}
