package contract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gatehouse/application"
	"gatehouse/application/inventory"
	"gatehouse/application/postreceive"
	"gatehouse/application/webhooks"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// contents returns all lists of the store as text.
func (s Subject) contents() string {
	s.Helper()
	var out strings.Builder
	for _, thing := range inventory.Names() {
		fmt.Fprintf(&out, "%s:\n", thing)
		for _, line := range s.List(thing) {
			fmt.Fprintf(&out, "  %s\n", line)
		}
	}
	return out.String()
}

func (s Subject) putUser(tx worldimport.Tx, id identity.UserID, name string) (identity.UserID, error) {
	return tx.Users.Put(s.Context(), worldimport.User{User: identity.User{ID: id, Username: name, State: identity.Active, Type: identity.Human}})
}

func (s Subject) putGroup(tx worldimport.Tx, id source.NamespaceID, path string) (source.NamespaceID, error) {
	return tx.Namespaces.PutGroup(s.Context(), group(id, path))
}

func (s Subject) putProject(tx worldimport.Tx, id source.ProjectID, path string) (source.ProjectID, error) {
	id, _, err := tx.Projects.Put(s.Context(), worldimport.Project{Project: source.Project{ID: id, Path: path, Visibility: source.Private}})
	return id, err
}

var errLate = errors.New("late failure")

var transactionCases = []Case{
	{Name: "failed transaction: no change", Check: func(s Subject) {
		s.Apply(world.Small)
		before := s.contents()
		err := s.Try(func(tx worldimport.Tx) error {
			within := func(_ context.Context, do func(worldimport.Tx) error) error { return do(tx) }
			world.Apply(s, within, fullWorld)
			_, err := s.putGroup(tx, 50, "moved")
			s.Fine("PutGroup", err)
			_, err = s.putUser(tx, 4, "renamed")
			s.Fine("PutUser", err)
			s.Fine("EnableKey", tx.Keys.Enable(s.Context(), 202, nil))
			s.Fine("PutProtections", tx.Projects.PutProtections(s.Context(), 60, nil))
			s.Fine("PutShare", tx.Namespaces.PutShare(s.Context(), source.MemberSource{Group: 51}, 52, worldimport.Share{Role: source.Guest}))
			p := worldimport.Project{Project: source.Project{ID: 61, Path: "moved/tools/lib"}, MovedFrom: []source.Path{"old/cli", "old/lib"}}
			_, _, err = tx.Projects.Put(s.Context(), p)
			s.Fine("PutProject", err)
			return fmt.Errorf("at last: %w", errLate)
		})
		if !errors.Is(err, errLate) {
			s.Errorf("got error %v, want that of the unit", err)
		}
		s.Same("everything", s.contents(), before)
		s.Same("lookup", s.lookup("acme/tools/cli"), lookup{"project-60", "acme/tools/cli", false})
		s.Same("redirects", []lookup{s.lookup("old/cli"), s.lookup("old/lib")}, []lookup{{"project-60", "acme/tools/cli", true}, {}})
		s.Same("role", s.Standing("username-dev", "acme/tools/cli").Role, source.Developer)
		s.Same("key", s.Standing("key-202", "acme/tools/cli").KeyCanPush, true)
	}},
	{Name: "transaction: changes visible to others after the commit", Check: func(s Subject) {
		s.Apply("groups: [{id: 1, path: acme}]\nprojects: [{id: 1, path: acme/p}]")
		s.Unit(func(tx worldimport.Tx) {
			_, err := s.putGroup(tx, 1, "beta")
			s.Fine("PutGroup", err)
			id, err := tx.Projects.ID(s.Context(), "beta/p")
			s.Fine("within", err)
			s.Same("within", id, source.ProjectID(1))
			_, err = tx.Projects.ID(s.Context(), "acme/p")
			s.Kind("within, old path", err, domain.NotFound)
			s.Same("outside", s.lookup("acme/p"), lookup{"project-1", "acme/p", false})
			s.Same("outside, new path", s.lookup("beta/p"), lookup{})
		})
		s.Same("after", s.lookup("beta/p"), lookup{"project-1", "beta/p", false})
	}},
	{Name: "transaction: continues after Conflict and NotFound", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Unit(func(tx worldimport.Tx) {
			ctx := s.Context()
			_, err := s.putUser(tx, 0, "early")
			s.Fine("before", err)
			_, err = s.putUser(tx, 1, "maint")
			s.Kind("user", err, domain.Conflict)
			_, err = s.putGroup(tx, 0, "dev")
			s.Kind("group", err, domain.Conflict)
			_, err = s.putGroup(tx, 0, "none/below")
			s.Kind("group without parent", err, domain.NotFound)
			_, err = s.putProject(tx, 60, "acme/q")
			s.Kind("project", err, domain.Conflict)
			_, err = s.putProject(tx, 0, "none/p")
			s.Kind("project without namespace", err, domain.NotFound)
			_, err = tx.Keys.Put(ctx, identity.Key{ID: 21, Kind: identity.UserKey, Owner: 1, Fingerprint: "new", Usage: identity.AuthOnly})
			s.Kind("key", err, domain.Conflict)
			s.Kind("member", tx.Namespaces.PutMember(ctx, 99, source.MemberSource{Group: 9}, worldimport.Member{Role: source.Owner, State: worldimport.MemberActive}), domain.NotFound)
			_, err = s.putUser(tx, 0, "later")
			s.Fine("after", err)
		})
		for _, who := range []string{"username-early", "username-later"} {
			s.Same(who, s.Actor(who).User.Known(), true)
		}
	}},
	{Name: "failed put: row unchanged", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		before := s.contents()
		s.Unit(func(tx worldimport.Tx) {
			u := worldimport.User{User: identity.User{ID: 1, Username: "maint", Name: "Changed", Admin: true, State: identity.Banned, Type: identity.Ghost}}
			_, err := tx.Users.Put(s.Context(), u)
			s.Kind("user", err, domain.Conflict)
			u.User.Username, u.NamespaceID = "dev", 9
			_, err = tx.Users.Put(s.Context(), u)
			s.Kind("user's namespace", err, domain.Conflict)
			p := worldimport.Project{Project: source.Project{ID: 60, Path: "acme/q", Archived: true}, MovedFrom: []source.Path{"was/p"}}
			_, _, err = tx.Projects.Put(s.Context(), p)
			s.Kind("project", err, domain.Conflict)
			s.Kind("keys", tx.Keys.Enable(s.Context(), 21, map[source.ProjectID]bool{60: true, 99: true}), domain.NotFound)
			err = tx.Credentials.PutAgent(s.Context(), 60, 99, worldimport.Agent{Name: "prod", Tokens: []worldimport.AgentToken{{Name: "t", Digest: "d"}}})
			s.Kind("agent", err, domain.NotFound)
		})
		s.Same("everything", s.contents(), before)
		s.Same("redirect", s.lookup("was/p"), lookup{})
		s.Same("key", s.Standing("key-21", "acme/p").KeyCanPush, false)
	}},
	{Name: "panic in a transaction: rolled back, store usable", Check: func(s Subject) {
		func() {
			defer func() { s.Same("panic", recover(), any("oh")) }()
			_ = s.Try(func(tx worldimport.Tx) error {
				_, err := s.putUser(tx, 1, "dev")
				s.Fine("PutUser", err)
				panic("oh")
			})
		}()
		s.Same("left", s.List("users"), []string{})
		s.Apply("users: [{id: 1, username: dev}]")
	}},
	{Name: "failed transaction: its numbers can be used again", Check: func(s Subject) {
		err := s.Try(func(tx worldimport.Tx) error {
			for i := range 3 {
				_, err := s.putUser(tx, 0, fmt.Sprintf("u%d", i))
				s.Fine("PutUser", err)
			}
			_, err := s.putUser(tx, 500, "high")
			s.Fine("PutUser", err)
			return errLate
		})
		s.Same("failed", errors.Is(err, errLate), true)
		s.Apply("users: [{username: a}, {username: b}, {id: 2, username: c}]", "users: [{username: d}, {id: 600, username: e}, {username: f}]")
		s.Same("users", len(s.List("users")), 6)
	}},
	{Name: "world applied again: no change", Check: func(s Subject) {
		s.Apply(world.Small, fullWorld)
		before := s.contents()
		s.Apply(fullWorld, world.Small)
		s.Same("everything", s.contents(), before)
	}},
	{Name: "world with a mistake: not applied", Check: func(s Subject) {
		s.Apply(world.Small)
		before := s.contents()
		err := world.Try(s.Context(), s.WorldImport, "broadcast_messages: [{message: x}]\nmembers: [{user: unknown, group: acme, role: owner}]")
		if _, ok := errors.AsType[worldimport.Mistakes](err); !ok {
			s.Errorf("got %v, want mistakes", err)
		}
		s.Same("everything", s.contents(), before)
	}},
}

var scratchCases = []Case{
	{Name: "scratch: changes seen within, gone afterwards", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		before := s.contents()
		for _, fails := range []bool{false, true} {
			err := s.WorldScratch(s.Context(), func(tx worldimport.Tx) error {
				_, err := s.putUser(tx, 1, "renamed")
				s.Fine("PutUser", err)
				_, err = s.putProject(tx, 0, "renamed/p")
				s.Fine("PutProject", err)
				_, err = tx.Users.ID(s.Context(), "renamed")
				s.Fine("within", err)
				s.Same("outside", s.contents(), before)
				if fails {
					return errLate
				}
				return nil
			})
			s.Same("fails as do does", errors.Is(err, errLate), fails)
			s.Same("everything", s.contents(), before)
		}
	}},
	{Name: "scratch: others write other rows meanwhile", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Fine("scratch", s.WorldScratch(s.Context(), func(tx worldimport.Tx) error {
			_, err := s.putUser(tx, 0, "one")
			s.Apply("users: [{id: 3, username: blocked, name: Other}]\ngroups: [{path: other}]")
			s.enqueuePushes(1)
			return err
		}))
		s.Same("written", s.Actor("username-blocked").User.Name, "Other")
	}},
	{Name: "scratch: usable after Conflict and NotFound", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Fine("scratch", s.WorldScratch(s.Context(), func(tx worldimport.Tx) error {
			_, err := s.putUser(tx, 1, "maint")
			s.Kind("user", err, domain.Conflict)
			_, err = s.putProject(tx, 0, "none/p")
			s.Kind("project", err, domain.NotFound)
			_, err = s.putUser(tx, 0, "later")
			return err
		}))
	}},
}

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
