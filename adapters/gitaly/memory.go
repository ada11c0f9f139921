package gitaly

import (
	"sync"
	"time"

	"gatehouse/application"
)

const (
	// keepTime is the time for which a remembered answer counts.
	keepTime = 10 * time.Minute
	// maxKept is the number of repositories after which all are forgotten.
	maxKept = 50_000
)

// memory remembers repositories for which the answer to one question is yes. It is for
// answers that hardly ever change.
type memory struct {
	now   application.Clock
	mutex sync.Mutex
	until map[string]time.Time
}

func newMemory(now application.Clock) *memory {
	return &memory{now: now, until: map[string]time.Time{}}
}

func (m *memory) has(key string) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.now().Before(m.until[key])
}

func (m *memory) keep(key string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if len(m.until) >= maxKept {
		clear(m.until)
	}
	m.until[key] = m.now().Add(keepTime)
}

func (m *memory) forget(key string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.until, key)
}
