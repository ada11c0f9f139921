package contract

import (
	"context"
	"fmt"
	"slices"

	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/application/webhooks"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// deliver completes a push of project 22 with a delivery of each ref to the hook, and
// returns their numbers.
func (s Subject) deliver(hook hooks.HookID, refs ...string) []int64 {
	s.Helper()
	u := postreceive.ProjectUpdate{Project: 22, ActiveAt: now, PerHook: 1}
	for _, ref := range refs {
		event := hooks.Event{Change: source.Change{Ref: source.ParseRef("refs/heads/" + ref)}, Project: source.Project{ID: 22}}
		u.Deliveries = append(u.Deliveries, hooks.Delivery{Hook: hooks.Hook{ID: hook}, Event: event})
	}
	s.complete(s.recordPush(pushOf("project-22")), u)
	ids := s.jobSubjects("deliver_webhook")
	return ids[len(ids)-len(refs):]
}

// readTurn returns the turn of a delivery and how many events its hook has missed.
func (s Subject) readTurn(id int64) [2]int {
	s.Helper()
	d, err := s.Deliveries.Delivery(s.Context(), id)
	s.Fine("Delivery", err)
	return [2]int{int(d.Turn), d.Missed}
}

// startDeliveries starts workers that tell what was released, and wait for the end of
// each delivery.
func (s Subject) startDeliveries() (released chan int64, ends chan error) {
	s.Helper()
	released, ends = make(chan int64, 100), make(chan error, 100)
	s.startPool(application.WorkerPool{WebhookConcurrency: 10, Workers: map[application.JobKind]application.Worker{
		postreceive.DeliverWebhook: func(ctx context.Context, id int64) error {
			released <- id
			select {
			case err := <-ends:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}})
	return released, ends
}

// jobOn returns the number of the job on a delivery.
func (s Subject) jobOn(delivery int64) int64 { return s.job("deliver_webhook", delivery) }

// job returns the number of the job of that kind and subject.
func (s Subject) job(kind string, subject int64) int64 {
	s.Helper()
	for _, job := range s.Read("jobs") {
		if job[1].Value == kind && job[2].Value == subject {
			return job[0].Value.(int64)
		}
	}
	s.Fatalf("there is no job %s on %d", kind, subject)
	return 0
}

const turnNow, turnLater, turnSoon, turnPassed = int(hooks.TurnNow), int(hooks.TurnLater), int(hooks.TurnSoon), int(hooks.TurnPassed)

var orderCases = []Case{
	{Name: "deliveries of one ref: released one after the other", Check: func(s Subject) {
		s.Apply(hookTree)
		ids := append(s.deliver(32, "a"), s.deliver(32, "a", "a")...)
		other := s.deliver(31, "a")
		s.Same("turns", [][2]int{s.readTurn(ids[0]), s.readTurn(ids[1]), s.readTurn(other[0])}, [][2]int{{turnNow, 0}, {turnLater, 1}, {turnNow, 0}})
		released, ends := s.startDeliveries()
		both := []int64{receive(s, released), receive(s, released)}
		slices.Sort(both)
		s.Same("of each hook one", both, []int64{ids[0], other[0]})
		for i, id := range ids[1:] {
			s.setHealth(32, ids[i], hooks.Health{})
			s.Same("the next one", receive(s, released), id)
			s.Same("its turn", s.readTurn(id), [2]int{turnNow, 0})
		}
		s.Same("released besides", len(released), 0)
		close(ends)
	}},
	{Name: "delivery that failed: keeps the place in its ref, not that of the hook", Check: func(s Subject) {
		s.Apply(hookTree)
		ids := s.deliver(32, "a", "a", "b", "b", "c")
		released, ends := s.startDeliveries()
		s.Same("first", receive(s, released), ids[0])
		s.attempt(32, webhooks.Attempt{Delivery: ids[0], PerHook: 1}, hooks.Health{Failures: 1})
		s.Same("another ref", receive(s, released), ids[2])
		s.Same("behind the failure", s.readTurn(ids[1]), [2]int{turnLater, 1})
		s.setHealth(32, ids[2], hooks.Health{})
		s.Same("the same ref again", receive(s, released), ids[3])
		s.attempt(32, webhooks.Attempt{Delivery: ids[3], Accepted: true, PerHook: 3}, hooks.Health{})
		s.Same("a third one", receive(s, released), ids[4])
		s.attempt(32, webhooks.Attempt{Delivery: ids[0], Accepted: true, PerHook: 3}, hooks.Health{})
		s.Same("the one that waited", receive(s, released), ids[1])
		close(ends)
	}},
	{Name: "deliveries given up: a later one takes their place and tells", Check: func(s Subject) {
		s.Apply(hookTree)
		ids := s.deliver(32, "a", "a", "a", "a")
		for _, id := range ids[:2] {
			s.Fine("Discard", s.Jobs.Discard(s.Context(), s.jobOn(id), jobEvent))
		}
		s.Same("turns", [][2]int{s.readTurn(ids[2]), s.readTurn(ids[3])}, [][2]int{{turnNow, 2}, {turnLater, 3}})
		released, ends := s.startDeliveries()
		s.Fine("Release", s.Deliveries.Release(s.Context(), 1))
		s.Same("released", receive(s, released), ids[2])
		s.attempt(32, webhooks.Attempt{Delivery: ids[2], PerHook: 1}, hooks.Health{Failures: 1})
		s.Same("told again", s.readTurn(ids[2]), [2]int{turnNow, 2})
		s.setHealth(32, ids[2], hooks.Health{})
		s.Same("next", receive(s, released), ids[3])
		s.Same("not told again", s.readTurn(ids[3]), [2]int{turnNow, 0})
		s.Same("overtaken", []int{s.readTurn(ids[0])[0], s.readTurn(ids[1])[0]}, []int{turnPassed, turnPassed})
		s.Fine("Retry", s.Jobs.Retry(s.Context(), s.jobOn(ids[1]), jobEvent))
		s.Same("retried", receive(s, released), ids[1])
		s.Same("overtaken and retried", []int{s.readTurn(ids[1])[0], s.readTurn(ids[3])[0]}, []int{turnPassed, turnNow})
		close(ends)
	}},
	{Name: "delivery retried while a later one is sent: waits for it", Check: func(s Subject) {
		s.Apply(hookTree)
		ids := s.deliver(32, "a", "a")
		s.Fine("Discard", s.Jobs.Discard(s.Context(), s.jobOn(ids[0]), jobEvent))
		released, ends := s.startDeliveries()
		s.Fine("Release", s.Deliveries.Release(s.Context(), 1))
		s.Same("released", receive(s, released), ids[1])
		s.awaitState(s.jobOn(ids[1]), "running")
		s.Fine("Retry", s.Jobs.Retry(s.Context(), s.jobOn(ids[0]), jobEvent))
		s.Same("retried", receive(s, released), ids[0])
		s.Same("turns", []int{s.readTurn(ids[0])[0], s.readTurn(ids[1])[0]}, []int{turnSoon, turnLater})
		close(ends)
	}},
	{Name: "hook disabled: waiting deliveries discarded", Check: func(s Subject) {
		s.Apply(hookTree)
		ids := s.deliver(32, "a", "a", "b")
		s.attempt(32, webhooks.Attempt{Delivery: ids[0], PerHook: 1}, hooks.Health{Failures: 40, Disabled: true})
		states := s.jobStates()
		s.Same("states", []string{states[s.jobOn(ids[0])], states[s.jobOn(ids[1])], states[s.jobOn(ids[2])]}, []string{"waiting", "discarded", "discarded"})
		s.Same("why", slices.Contains(s.List("jobs", "subject", "last_error"), fmt.Sprint(ids[2], " hook 32 is disabled")), true)
		released, ends := s.startDeliveries()
		close(ends)
		s.Same("released", receive(s, released), ids[0])
		s.Fine("Retry", s.Jobs.Retry(s.Context(), s.jobOn(ids[2]), jobEvent))
		s.Same("retried", receive(s, released), ids[2])
	}},
	{Name: "pushes of one repository: completed in order", Check: func(s Subject) {
		s.Apply(hookTree)
		first, second, third := s.recordPush(pushOf("project-21")), s.recordPush(pushOf("project-21")), s.recordPush(pushOf("project-21"))
		other := s.recordPush(pushOf("project-22"))
		earlier := func(push int64) int64 {
			received, err := s.Pushes.ReceivedPush(s.Context(), push)
			s.Fine("ReceivedPush", err)
			return received.Earlier
		}
		s.Same("earlier", []int64{earlier(first), earlier(second), earlier(third), earlier(other)}, []int64{0, first, first, 0})
		s.Kind("Complete", s.Pushes.Complete(s.Context(), third, postreceive.ProjectUpdate{Project: 21, ActiveAt: now}, now), domain.Conflict)
		s.Same("activity", s.List("projects", "last_activity_at")[0], "-")
		s.complete(first, postreceive.ProjectUpdate{})
		s.Same("after the first", earlier(third), second)
		s.Fine("Discard", s.Jobs.Discard(s.Context(), s.job("push_received", second), jobEvent))
		s.Same("discarded", earlier(third), int64(0))
		s.complete(third, postreceive.ProjectUpdate{})
		s.complete(other, postreceive.ProjectUpdate{})
	}},
}
