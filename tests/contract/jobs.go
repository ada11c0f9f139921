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
	"gatehouse/domain/audit"
	"gatehouse/tests/stores"
)

// startWorker starts a pool whose worker for push jobs is do, and stops it with
// the case.
func (s Subject) startWorker(do application.Worker) (stop func()) {
	s.Helper()
	return s.startPool(application.WorkerPool{Workers: map[application.JobKind]application.Worker{pushes.PushReceived: do}})
}

func (s Subject) startPool(pool application.WorkerPool) (stop func()) {
	s.Helper()
	pool.Concurrency, pool.PollInterval, pool.RetryDelay = 4, 10*time.Millisecond, time.Millisecond
	s.Fine("Start", s.Jobs.Start(s.Context(), pool, zap.NewNop()))
	stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), jobTimeout)
		defer cancel()
		s.Fine("Stop", s.Jobs.Stop(ctx))
	})
	s.Cleanup(stop)
	return stop
}

// jobTimeout is far longer than any job takes.
const jobTimeout = time.Minute

// enqueuePushes records pushes and returns the numbers of their jobs.
func (s Subject) enqueuePushes(count int) (ids []int64) {
	s.Helper()
	for range count {
		s.Fine("Record", s.Recorder.Record(s.Context(), pushOf("project-60")))
	}
	for _, record := range s.Read("jobs") {
		ids = append(ids, record[0].Value.(int64))
	}
	return ids[len(ids)-count:]
}

// receive waits for a value.
func receive[T any](s Subject, from <-chan T) (value T) {
	s.Helper()
	select {
	case value = <-from:
	case <-time.After(jobTimeout):
		s.Fatal("timeout")
	}
	return value
}

// awaitState waits until a job has that state.
func (s Subject) awaitState(id int64, want string) {
	s.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(jobTimeout); ; <-ticker.C {
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

// queues returns the counts of each queue, and whether its first job is due for an hour
// when that has passed.
func (s Subject) queues() []string {
	s.Helper()
	queues, err := s.Inventory.Queues(s.Context(), time.Now().Add(time.Hour))
	s.Fine("Queues", err)
	out := []string{}
	for _, q := range queues {
		late := q.Latency > 59*time.Minute
		out = append(out, fmt.Sprintf("%s %d %d %d %d %v", q.Name, q.Waiting, q.Running, q.Completed, q.Discarded, late))
	}
	return out
}

var jobCases = []Case{
	{Name: "push recorded: job enqueued", Check: func(s Subject) {
		s.enqueuePushes(2)
		pushed := s.List("pushes", "id")
		s.Same("jobs", s.List("jobs", "kind", "subject", "state", "attempt", "last_error"), []string{
			"push_received " + pushed[0] + " waiting 0 -", "push_received " + pushed[1] + " waiting 0 -",
		})
	}},
	{Name: "job: done once, by the worker of its kind", Check: func(s Subject) {
		done := make(chan int64, 10)
		ids := s.enqueuePushes(3)
		s.startWorker(func(_ context.Context, subject int64) error { done <- subject; return nil })
		got := []string{}
		for range ids {
			got = append(got, fmt.Sprint(receive(s, done)))
		}
		slices.Sort(got)
		s.Same("subjects", got, s.List("pushes", "id"))
		later := s.enqueuePushes(1)[0]
		receive(s, done)
		for _, id := range append(ids, later) {
			s.awaitState(id, "completed")
		}
		s.Same("attempts", s.List("jobs", "attempt", "last_error"), []string{"1 -", "1 -", "1 -", "1 -"})
		s.Same("done again", len(done), 0)
	}},
	{Name: "failing job: retried until it succeeds", Check: func(s Subject) {
		tries := make(chan int, 10)
		count := 0
		id := s.enqueuePushes(1)[0]
		s.startWorker(func(context.Context, int64) error {
			count++ // one worker at a time does a job
			tries <- count
			if count <= 3 {
				return fmt.Errorf("failure %d", count)
			}
			return nil
		})
		for want := range 4 {
			s.Same("try", receive(s, tries), want+1)
		}
		s.awaitState(id, "completed")
		s.Same("job", s.List("jobs", "attempt", "last_error"), []string{"4 failure 3"})
	}},
	{Name: "worker panics: job retried", Check: func(s Subject) {
		tries := make(chan int, 10)
		count := 0
		id := s.enqueuePushes(1)[0]
		s.startWorker(func(context.Context, int64) error {
			count++
			tries <- count
			if count == 1 {
				panic("oh no")
			}
			return nil
		})
		receive(s, tries)
		receive(s, tries)
		s.awaitState(id, "completed")
		s.Same("attempts", s.List("jobs", "attempt"), []string{"2"})
	}},
	{Name: "postponed job: attempt not counted", Check: func(s Subject) {
		tries := make(chan int, 10)
		count := 0
		id := s.enqueuePushes(1)[0]
		s.startWorker(func(context.Context, int64) error {
			count++
			tries <- count
			if count == 1 {
				return application.Postponed{For: time.Millisecond}
			}
			return nil
		})
		receive(s, tries)
		receive(s, tries)
		s.awaitState(id, "completed")
		s.Same("job", s.List("jobs", "attempt", "last_error"), []string{"1 -"})
	}},
	{Name: "worker returns Discarded: job discarded", Check: func(s Subject) {
		id := s.enqueuePushes(1)[0]
		s.startWorker(func(context.Context, int64) error { return application.Discarded{Reason: errors.New("no such thing")} })
		s.awaitState(id, "discarded")
		s.Same("attempts", s.List("jobs", "attempt"), []string{"1"})
		s.Same("error", len(s.List("jobs", "last_error")), 1)
	}},
	{Name: "job without a worker: waits", Check: func(s Subject) {
		id := s.enqueuePushes(1)[0]
		stop := s.startPool(application.WorkerPool{Workers: map[application.JobKind]application.Worker{
			"something_else": func(context.Context, int64) error { return nil },
		}})
		for s.List("jobs", "attempt")[0] == "0" {
		}
		stop()
		done := make(chan int64, 1)
		s.startWorker(func(_ context.Context, subject int64) error { done <- subject; return nil })
		receive(s, done)
		s.awaitState(id, "completed")
	}},
	{Name: "discarded job: done only after a retry", Check: func(s Subject) {
		ids := s.enqueuePushes(2)
		s.Fine("Discard", s.Jobs.Discard(s.Context(), ids[0], jobEvent))
		s.Same("states", s.jobStates(), map[int64]string{ids[0]: "discarded", ids[1]: "waiting"})
		s.Kind("Discard again", s.Jobs.Discard(s.Context(), ids[0], jobEvent), domain.Conflict)
		done := make(chan int64, 2)
		s.startWorker(func(_ context.Context, subject int64) error { done <- subject; return nil })
		receive(s, done)
		s.awaitState(ids[1], "completed")
		s.Same("discarded", s.jobStates()[ids[0]], "discarded")
		s.Kind("Discard one that is done", s.Jobs.Discard(s.Context(), ids[1], jobEvent), domain.Conflict)
		s.Fine("Retry", s.Jobs.Retry(s.Context(), ids[0], jobEvent))
		receive(s, done)
		s.awaitState(ids[0], "completed")
		s.Fine("Retry one that is done", s.Jobs.Retry(s.Context(), ids[1], jobEvent))
		receive(s, done)
	}},
	{Name: "discarded job retried: attempts start anew", Check: func(s Subject) {
		id := s.enqueuePushes(1)[0]
		s.Fine("Discard", s.Jobs.Discard(s.Context(), id, jobEvent))
		s.Fine("Retry", s.Jobs.Retry(s.Context(), id, jobEvent))
		tries := make(chan int, 10)
		count := 0
		s.startWorker(func(context.Context, int64) error {
			count++
			tries <- count
			if count <= 2 {
				return errors.New("failure")
			}
			return nil
		})
		for range 3 {
			receive(s, tries)
		}
		s.awaitState(id, "completed")
	}},
	{Name: "waiting job retried: done now", Check: func(s Subject) {
		tries := make(chan int, 10)
		count := 0
		id := s.enqueuePushes(1)[0]
		s.startWorker(func(context.Context, int64) error {
			count++
			tries <- count
			if count == 1 {
				return application.Postponed{For: time.Hour}
			}
			return nil
		})
		receive(s, tries)
		s.awaitState(id, "waiting")
		s.Fine("Retry", s.Jobs.Retry(s.Context(), id, jobEvent))
		receive(s, tries)
		s.awaitState(id, "completed")
	}},
	{Name: "running job: can be discarded, not retried", Check: func(s Subject) {
		begun, end := make(chan int64, 10), make(chan error)
		id := s.enqueuePushes(1)[0]
		s.startWorker(func(ctx context.Context, subject int64) error {
			begun <- subject
			select {
			case err := <-end:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		receive(s, begun)
		s.awaitState(id, "running")
		s.Kind("Retry", s.Jobs.Retry(s.Context(), id, jobEvent), domain.Conflict)
		s.Fine("Discard", s.Jobs.Discard(s.Context(), id, jobEvent))
		select {
		case end <- errors.New("too late"):
		case <-time.After(shortTimeout): // the context of the worker was cancelled
		}
		s.awaitState(id, "discarded")
	}},
	{Name: "jobs retried and discarded: an event of each, none of what fails", Check: func(s Subject) {
		id := s.enqueuePushes(1)[0]
		s.Fine("Discard", s.Jobs.Discard(s.Context(), id, jobEvent))
		s.Kind("Discard again", s.Jobs.Discard(s.Context(), id, jobEvent), domain.Conflict)
		s.Fine("Retry", s.Jobs.Retry(s.Context(), id, jobEvent))
		s.Kind("Retry nothing", s.Jobs.Retry(s.Context(), 404, jobEvent), domain.NotFound)
		want := func(before string) audit.Event {
			e := jobEvent
			e.Target, e.Before = audit.Object{Kind: "job", ID: id, Path: fmt.Sprint(pushes.PushReceived, " ", id)}, audit.Values{"state": before}
			return e
		}
		s.events(want("waiting"), want("discarded"))
	}},
	{Name: "unknown job: not found", Check: func(s Subject) {
		for _, id := range []int64{0, -1, 404} {
			s.Kind("Retry", s.Jobs.Retry(s.Context(), id, jobEvent), domain.NotFound)
			s.Kind("Discard", s.Jobs.Discard(s.Context(), id, jobEvent), domain.NotFound)
		}
	}},
	{Name: "Stop: waits for running jobs", Check: func(s Subject) {
		begun, end := make(chan int64, 10), make(chan struct{})
		ids := s.enqueuePushes(6) // more than workers
		stop := s.startWorker(func(_ context.Context, subject int64) error { begun <- subject; <-end; return nil })
		for range 4 {
			receive(s, begun)
		}
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		select {
		case <-stopped:
			s.Error("Stop did not wait")
		case <-time.After(shortTimeout):
		}
		close(end)
		receive(s, stopped)
		states := map[string]int{}
		for _, id := range ids {
			states[s.jobStates()[id]]++
		}
		s.Same("states", states, map[string]int{"completed": 4, "waiting": 2})
	}},
	{Name: "Stop with a cancelled context: jobs interrupted and done again", Check: func(s Subject) {
		begun := make(chan int64, 10)
		id := s.enqueuePushes(1)[0]
		pool := application.WorkerPool{Concurrency: 1, PollInterval: 10 * time.Millisecond, RetryDelay: time.Millisecond, Workers: map[application.JobKind]application.Worker{
			pushes.PushReceived: func(ctx context.Context, subject int64) error { begun <- subject; <-ctx.Done(); return ctx.Err() },
		}}
		s.Fine("Start", s.Jobs.Start(s.Context(), pool, zap.NewNop()))
		receive(s, begun)
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		if err := s.Jobs.Stop(ctx); err == nil {
			s.Error("Stop returns no error although it interrupted a job")
		}
		s.Same("state", s.jobStates()[id], "waiting")
		s.startWorker(func(_ context.Context, subject int64) error { begun <- subject; return nil })
		receive(s, begun)
		s.awaitState(id, "completed")
	}},
	{Name: "queues: jobs are counted by their states", Check: func(s Subject) {
		s.Same("queues", s.queues(), []string{})
		ids := s.enqueuePushes(3)
		s.Same("all wait", s.queues(), []string{"default 3 0 0 0 true"})
		s.Fine("Discard", s.Jobs.Discard(s.Context(), ids[0], jobEvent))
		started, finish := make(chan int64, 2), make(chan struct{}, 2)
		s.startWorker(func(_ context.Context, subject int64) error { started <- subject; <-finish; return nil })
		receive(s, started)
		receive(s, started)
		s.Same("two run", s.queues(), []string{"default 0 2 0 1 false"})
		finish <- struct{}{}
		finish <- struct{}{}
		s.awaitState(ids[1], "completed")
		s.awaitState(ids[2], "completed")
		s.Same("two are done", s.queues(), []string{"default 0 0 2 1 false"})
	}},
	{Name: "Stop without Start: no error", Check: func(s Subject) { s.Fine("Stop", s.Jobs.Stop(s.Context())) }},
}

// checkTwoPools has two pools on one database do many jobs: each is done once.
func checkTwoPools(t *testing.T, open stores.Factory) {
	s := openTwo(t, open)
	const many = 40
	done := make(chan int64, 2*many)
	for i := range s {
		s[i].startWorker(func(_ context.Context, subject int64) error { done <- subject; return nil })
	}
	for i := range many {
		s[i%2].Fine("Record", s[i%2].Recorder.Record(t.Context(), pushOf("project-60")))
	}
	times := map[int64]int{}
	for range many {
		times[receive(s[0], done)]++
	}
	for _, record := range s[0].Read("jobs") {
		s[1].awaitState(record[0].Value.(int64), "completed")
	}
	s[0].Same("subjects", len(times), many)
	s[0].Same("done again", len(done), 0)
}

// checkOtherStore closes the store that enqueued a job: another one does it.
func checkOtherStore(t *testing.T, open stores.Factory) {
	first := newSubject(t, open(t))
	id := first.enqueuePushes(1)[0]
	first.Fine("Close", first.Store.Close(t.Context()))
	second := newSubject(t, stores.Fresh(t, open))
	second.startWorker(func(context.Context, int64) error { return nil })
	second.awaitState(id, "completed")
}

// jobEvent is the event of a change to a job.
var jobEvent = audit.Cause{Actor: audit.Actor{Kind: audit.Operator, Username: "root"}}.Event(now, audit.Update,
	audit.Object{Kind: audit.Instance}, audit.Object{Kind: "job"}, nil, audit.Values{"state": "another"})
