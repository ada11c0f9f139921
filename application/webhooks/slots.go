package webhooks

import (
	"maps"
	"sync"
	"time"

	"gatehouse/domain/hooks"
)

// slots limit how many deliveries this process sends at once, to each hook and to
// each host.
type slots struct {
	perHook, perHost int

	mu    sync.Mutex
	hooks map[hooks.HookID]int
	hosts map[string]*host
}

// host is a receiver that is being sent something.
type host struct {
	used int
	// waiting are the deliveries that found no slot, and until when they may look again:
	// another process may send them.
	waiting map[int64]time.Time
}

func newSlots(perHook, perHost int) *slots {
	return &slots{perHook: perHook, perHost: perHost, hooks: map[hooks.HookID]int{}, hosts: map[string]*host{}}
}

const (
	// slotDelay is how long a delivery waits that finds no slot, at least.
	slotDelay = time.Second
	// slotShare is how much longer for each other one that waits for the host: so at
	// most a hundred in a second look again.
	slotShare = 10 * time.Millisecond
	// slotGrace is how late a delivery may be that looks again.
	slotGrace = time.Minute
)

// take takes a slot of the hook and one of its host, until free is called. If one is
// missing it returns nil, and how long to wait.
func (s *slots) take(d hooks.Delivery, now time.Time) (free func(), wait time.Duration) {
	name := d.Hook.Host()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooks[d.Hook.ID] >= s.perHook {
		return nil, spread(slotDelay, d.ID)
	}
	h := s.hosts[name]
	if h == nil {
		h = &host{waiting: map[int64]time.Time{}}
		s.hosts[name] = h
	}
	if h.used >= s.perHost {
		maps.DeleteFunc(h.waiting, func(_ int64, until time.Time) bool { return now.After(until) })
		h.waiting[d.ID] = time.Time{} // it counts itself
		wait = spread(slotDelay+time.Duration(len(h.waiting))*slotShare, d.ID)
		h.waiting[d.ID] = now.Add(wait + slotGrace)
		return nil, wait
	}
	delete(h.waiting, d.ID)
	h.used++
	s.hooks[d.Hook.ID]++
	return func() { s.free(d.Hook.ID, name) }, 0
}

func (s *slots) free(hook hooks.HookID, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooks[hook]--; s.hooks[hook] == 0 {
		delete(s.hooks, hook)
	}
	if s.hosts[name].used--; s.hosts[name].used == 0 {
		delete(s.hosts, name)
	}
}

// spread adds up to half of the wait, so that deliveries which found no slot at the
// same time do not all look again at the same time.
func spread(wait time.Duration, id int64) time.Duration {
	const parts = 64
	return wait + wait/2*time.Duration(id%parts)/parts
}
