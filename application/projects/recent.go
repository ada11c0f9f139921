package projects

import (
	"sync"
	"time"

	"gatehouse/application"
	"gatehouse/domain/source"
)

const (
	// retryInterval is the time after which a project's job is made due again.
	retryInterval = time.Second
	// maxRecent is the number of projects after which all are forgotten.
	maxRecent = 10_000
)

// recent remembers for which projects something was done within retryInterval.
type recent struct {
	now   application.Clock
	mutex sync.Mutex
	until map[source.ProjectID]time.Time
}

func newRecent(now application.Clock) *recent {
	return &recent{now: now, until: map[source.ProjectID]time.Time{}}
}

// has returns whether the project is remembered, and remembers it if it is not.
func (r *recent) has(id source.ProjectID) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	now := r.now()
	if until, ok := r.until[id]; ok && now.Before(until) && until.Sub(now) <= retryInterval {
		return true
	}
	if len(r.until) >= maxRecent {
		clear(r.until)
	}
	r.until[id] = now.Add(retryInterval)
	return false
}
