package gitaly

import (
	"sync"
	"time"

	"gatehouse/application"
)

const (
	// memorable is for how long something is taken to be as it was.
	memorable = 10 * time.Minute
	// roomy is how much is kept in mind before all is forgotten.
	roomy = 50_000
)

// memory keeps in mind what was found true of repositories and hardly ever
// stops being so.
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
	if len(m.until) >= roomy {
		clear(m.until)
	}
	m.until[key] = m.now().Add(memorable)
}

func (m *memory) forget(key string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.until, key)
}
