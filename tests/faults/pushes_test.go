package faults_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// change is the change of a ref. No other change of an attempt has the same objects.
type change struct {
	ref, old, new string
	// number counts the changes of one ref.
	number int
}

func (c change) line() string { return c.old + " " + c.new + " " + c.ref }

// maxRefs is how many refs a pusher changes at most.
const maxRefs = 100

// changesOf are the changes of a pusher in their order: each ref is created and updated
// twice, and every other one is deleted. The rest are protected, so that Gitaly is asked
// about their history.
func changesOf(pusher int) (changes []change) {
	id := func(n, step int) string { return fmt.Sprintf("%08x%032x", 0xc0000+pusher, n*8+step) }
	for n := range maxRefs {
		ref := fmt.Sprintf("refs/heads/kept/%d-%d", pusher, n)
		if n%2 == 0 {
			ref = fmt.Sprintf("refs/heads/topic-%d-%d", pusher, n)
		}
		changes = append(changes, change{ref, zeroID, id(n, 1), 0}, change{ref, id(n, 1), id(n, 2), 1}, change{ref, id(n, 2), id(n, 3), 2})
		if n%2 == 0 {
			changes = append(changes, change{ref, id(n, 3), zeroID, 3})
		}
	}
	return changes
}

// push is a push that was reported by /post_receive.
type push struct {
	change
	repository, identifier string
	// server is the one that got it, and may have logged it.
	server *server
	// acknowledged says that the answer was 200.
	acknowledged bool
}

// pushes are the pushes of an attempt. They are safe for concurrent use.
type pushes struct {
	mu   sync.Mutex
	list []*push
}

func (p *pushes) add(made *push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, made)
}

// find returns the number of the change that an event tells of.
func (p *pushes) find(e event) (number int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, made := range p.list {
		if made.ref == e.Ref && made.old == e.Before && made.new == e.After {
			return made.number, true
		}
	}
	return 0, false
}

// makePushes pushes until the attempt ends. A repository's pushes go to one server, as
// each waits for the one before.
func (a *attempt) makePushes(pusher int, random *rand.Rand) {
	to := a.servers[pusher%len(a.servers)]
	project := firstPushed + pusher
	repository, identifier := fmt.Sprint("project-", project), fmt.Sprint("key-", keyMaint)
	begin := fmt.Sprintf(`{"gl_repository": %q}`, repository)
	for _, c := range a.changes[pusher] {
		for {
			if a.pause(random, 25*time.Millisecond) {
				return
			}
			if random.IntN(6) == 0 { // a push that breaks off: its counter has to expire
				a.ask(to, "/pre_receive", fmt.Sprintf(`{"gl_repository": "wiki-%d"}`, 1+random.IntN(1000)))
			}
			status, text := a.ask(to, "/allowed", changesBody(keyMaint, project, c))
			if status == http.StatusUnauthorized || status == http.StatusNotFound {
				a.report(checkRights, "a maintainer's push is refused: %s", text)
			}
			// Without an answer this may be a push that was allowed before the fault.
			if status != http.StatusOK && random.IntN(2) == 0 {
				continue
			}
			if status, _ := a.ask(to, "/pre_receive", begin); status == http.StatusOK {
				break
			}
		}
		made := &push{change: c, repository: repository, identifier: identifier, server: to}
		a.pushes.add(made)
		status, _ := a.ask(to, "/post_receive", fmt.Sprintf(`{"gl_repository": %q, "identifier": %q, "changes": %q}`, repository, identifier, c.line()+"\n"))
		made.acknowledged = status == http.StatusOK
	}
}

// checkPushes waits until each acknowledged push is recorded, or in the log.
func (a *attempt) checkPushes() {
	var missing []*push
	for deadline, looks := time.Now().Add(a.patience), 0; ; looks++ {
		recorded := map[string]int{}
		for _, r := range a.show("pushes") {
			recorded[strings.TrimSpace(fmt.Sprint(r["changes"]))]++
		}
		missing = nil
		a.figures.acknowledged, a.figures.recorded, a.figures.logged = 0, 0, 0
		for _, p := range a.pushes.list {
			if p.acknowledged {
				a.figures.acknowledged++
			}
			switch n := recorded[p.line()]; {
			case n > 1:
				a.report(checkPushes, "push %s is recorded %d times", p.line(), n)
			case n == 1:
				a.figures.recorded++
			case p.acknowledged && p.server.log.holds(p.old, p.new, p.ref, p.repository, p.identifier):
				a.figures.logged++
			case p.acknowledged:
				missing = append(missing, p)
			}
		}
		if len(missing) == 0 {
			return
		}
		if looks > 5 && time.Now().After(deadline) {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	a.figures.lost = len(missing)
	for _, p := range missing {
		a.report(checkPushes, "push %s was acknowledged, and is neither recorded nor in the log", p.line())
	}
}

// checkCounters waits until every counter has expired.
func (a *attempt) checkCounters() {
	var stuck []string
	for deadline, looks := time.Now().Add(counterExpiry+a.patience), 0; ; looks++ {
		stuck = nil
		for _, r := range a.show("counters") {
			if value, _ := r["value"].(float64); value < 0 {
				a.report(checkCounters, "counter %v is negative: %v", r["gl_repository"], value)
			} else if value > 0 {
				stuck = append(stuck, fmt.Sprintf("counter %v is %v", r["gl_repository"], value))
			}
		}
		if len(stuck) == 0 {
			return
		}
		if looks > 5 && time.Now().After(deadline) {
			break
		}
		time.Sleep(300 * time.Millisecond)
	}
	for _, s := range stuck {
		a.report(checkCounters, "%s long after the last push, with an expiry of %v", s, counterExpiry)
	}
}

// show returns what `gatehouse show THING --json` prints.
func (a *attempt) show(thing string) (records []map[string]any) {
	out, err := a.gatehouse("show", thing, "--json")
	if err == nil {
		err = json.Unmarshal([]byte(out), &records)
	}
	if err != nil {
		a.report(checkHealth, "show %s: %v: %s", thing, err, out)
	}
	return records
}

// event is an event as the receiver reads it.
type event struct{ Ref, Before, After string }

// receiver gets the events of hooks, and checks their order.
type receiver struct {
	*httptest.Server
	a *attempt

	mu     sync.Mutex
	random *rand.Rand
	events int
	last   map[string]int  // the newest accepted change by hook and ref
	keys   map[string]bool // of what was accepted
}

func (a *attempt) startReceiver(t *testing.T, random *rand.Rand) *receiver {
	r := &receiver{a: a, random: random, last: map[string]int{}, keys: map[string]bool{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP accepts most events. It is an error if an event comes after a newer one of
// the same ref was accepted, unless it was accepted itself before.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	var e event
	if err != nil || json.Unmarshal(body, &e) != nil {
		return // the connection was cut
	}
	number, known := r.a.pushes.find(e)
	key, ref := q.Header.Get("Idempotency-Key"), q.URL.Path+" "+cmp.Or(e.Ref, "?")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events++
	newest, any := r.last[ref]
	switch {
	case !known:
		r.a.report(checkEvents, "hook %s: an event of no push: %s", q.URL.Path, body)
	case any && number < newest && !r.keys[key]:
		r.a.report(checkEvents, "hook %s: change %d came after %d was accepted", ref, number, newest)
	}
	if r.random.IntN(10) == 0 {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	r.keys[key], r.last[ref] = true, max(newest, number)
}

// awaitEvents waits until both hooks know the newest change of each ref.
func (a *attempt) awaitEvents() {
	want := map[string]int{}
	for _, p := range a.pushes.list {
		if !p.acknowledged {
			continue
		}
		want["/1 "+p.ref] = p.number
		if strings.HasPrefix(p.ref, "refs/heads/kept/0-") || strings.HasPrefix(p.ref, "refs/heads/topic-0-") {
			want["/2 "+p.ref] = p.number
		}
	}
	var missing []string
	for deadline := time.Now().Add(a.patience); ; time.Sleep(20 * time.Millisecond) {
		missing = nil
		a.receiver.mu.Lock()
		for ref, number := range want {
			if last, ok := a.receiver.last[ref]; !ok || last < number {
				missing = append(missing, fmt.Sprintf("hook %s: change %d never came", ref, number))
			}
		}
		a.receiver.mu.Unlock()
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	slices.Sort(missing)
	for _, m := range missing {
		a.report(checkEvents, "%s", m)
	}
}
