package lookups_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/adapters/gormstore/lookups"
)

// rows is how many rows the plain store has.
const rows = 3

var (
	errOne  = errors.New("one failed")
	errMany = errors.New("many failed")
)

// absent is why there is no answer: the row of that version is deleted.
type absent struct{ version int }

func (a absent) Error() string { return fmt.Sprintf("no row in version %d", a.version) }

// request is a call of Ask. Its fields after mu of the model belong to it.
type request struct {
	id, row   int
	ctx       context.Context
	cancel    context.CancelFunc
	arrived   time.Time
	oldest    int       // version of the row on arrival
	cancelled time.Time // zero if it is not

	batched  *statement // that asked it with others
	single   bool       // whether a statement of its own asked it
	failed   bool       // whether that failed
	returned bool
}

// endedBefore says whether the context had ended before now.
func (r *request) endedBefore(now time.Time) bool {
	deadline, ok := r.ctx.Deadline()
	return ok && deadline.Before(now) || !r.cancelled.IsZero() && r.cancelled.Before(now)
}

// statement is one that is running.
type statement struct {
	started time.Time
	slot    bool // false if it is asked again, after a batch that failed or is overdue
	many    bool
}

// model is the plain store, a map of versions that change over time, with what
// is asked of it.
type model struct {
	script
	coalescer *lookups.Coalescer[*request, int]

	mu       sync.Mutex
	versions [rows]int
	requests []*request
	running  []*statement
	begun    int           // statements
	longest  time.Duration // of the statements that ended
	single   time.Duration // of the singles that ended
	asked    int           // last request that a statement with a slot asked
	findings []string
}

func (m *model) find(format string, args ...any) {
	m.findings = append(m.findings, fmt.Sprintf(format, args...))
}

// inFlight is how many statements of a near database may be in flight.
func (m *model) inFlight() int {
	if m.limits.Pool > 0 {
		return min(m.limits.InFlight, m.limits.Pool)
	}
	return m.limits.InFlight
}

// begin starts a statement, and returns what it costs.
func (m *model) begin(ctx context.Context, many bool, asked []*request) (*statement, cost) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	s := &statement{started: now, slot: many || asked[0].batched == nil, many: many}
	for i, r := range asked {
		if r.endedBefore(now) && (many || r.arrived.Before(now)) && !(m.limits.Forced && r.arrived.Equal(now)) {
			m.find("request %d is asked after its context ended", r.id)
		}
		if r.batched != nil && many || r.single {
			m.find("request %d is asked too often", r.id)
		}
		if i > 0 && r.id < asked[i-1].id {
			m.find("request %d comes after request %d", r.id, asked[i-1].id)
		}
		if many {
			r.batched = s
		} else {
			r.single = true
		}
		if s.slot {
			m.asked = max(m.asked, r.id)
		}
	}
	if many {
		m.checkBatch(ctx, asked)
	}
	m.running = append(m.running, s)
	m.checkLimit(now)
	m.begun++
	return s, m.costs[m.begun%len(m.costs)]
}

// checkBatch holds the size and the context of a batch that begins.
func (m *model) checkBatch(ctx context.Context, asked []*request) {
	if len(asked) > 64 || len(asked) < 2 && !m.limits.Forced {
		m.find("a batch of %d", len(asked))
	}
	if len(asked) == 1 {
		return
	}
	var latest time.Time
	bounded := true
	for _, r := range asked {
		deadline, ok := r.ctx.Deadline()
		bounded = bounded && ok
		if deadline.After(latest) {
			latest = deadline
		}
	}
	if got, ok := ctx.Deadline(); ok != bounded || ok && !got.Equal(latest) {
		m.find("a batch has deadline %v (%v), want %v (%v)", got, ok, latest, bounded)
	}
}

// checkLimit holds the statements in flight that cannot be overdue yet against
// the limit at the longest distance.
func (m *model) checkLimit(now time.Time) {
	young := 0
	for _, s := range m.running {
		if s.slot && now.Sub(s.started) < patience {
			young++
		}
	}
	limit := m.inFlight() * (1 + int(m.single/(500*time.Microsecond)))
	if m.limits.Pool > 0 {
		limit = min(limit, m.limits.Pool)
	}
	if limit > 0 && young > limit {
		m.find("%d statements in flight, at most %d", young, limit)
	}
}

// end ends a statement.
func (m *model) end(ctx context.Context, s *statement, asked []*request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	took := time.Since(s.started)
	m.longest = max(m.longest, took)
	if !s.many {
		m.single = max(m.single, took)
	}
	m.running = slices.DeleteFunc(m.running, func(other *statement) bool { return other == s })
	if ctx.Err() == nil {
		return
	}
	for _, r := range asked {
		if deadline, ok := r.ctx.Deadline(); r.ctx.Err() == nil && !(ok && !time.Now().Before(deadline)) {
			m.find("a statement is cancelled that request %d waits for", r.id)
		}
	}
}

// read reads the rows in the middle of a statement.
func (m *model) read(ctx context.Context, c cost, asked []*request) ([]lookups.Answer[int], error) {
	if err := c.sleep(ctx, c.before); err != nil {
		return nil, err
	}
	m.mu.Lock()
	var answers []lookups.Answer[int]
	for _, r := range asked {
		version := m.versions[r.row]
		if version%3 == 2 {
			answers = append(answers, lookups.Answer[int]{Err: absent{version}})
		} else {
			answers = append(answers, lookups.Answer[int]{Value: version})
		}
	}
	m.mu.Unlock()
	return answers, c.sleep(ctx, c.after)
}

func (m *model) one(ctx context.Context, r *request) (int, error) {
	if ctx != r.ctx {
		m.mu.Lock()
		m.find("request %d is asked with the context of another", r.id)
		m.mu.Unlock()
	}
	s, c := m.begin(ctx, false, []*request{r})
	defer m.end(ctx, s, []*request{r})
	answers, err := m.read(ctx, c, []*request{r})
	if err != nil {
		return 0, err
	}
	if c.outcome == fails || c.outcome == panics {
		m.mu.Lock()
		r.failed = true
		m.mu.Unlock()
		return 0, errOne
	}
	return answers[0].Value, answers[0].Err
}

func (m *model) many(ctx context.Context, asked []*request) ([]lookups.Answer[int], error) {
	s, c := m.begin(ctx, true, asked)
	defer m.end(ctx, s, asked)
	answers, err := m.read(ctx, c, asked)
	switch {
	case err != nil:
		return answers, err
	case c.outcome == fails:
		return answers, errMany
	case c.outcome == panics:
		panic(errMany)
	case c.outcome == isShort:
		return answers[1:], nil
	case c.outcome == isLong:
		return append(answers, answers[0]), nil
	}
	return answers, nil
}

// ask makes a request, and holds its answer against the plain store.
func (m *model) ask(e event) {
	r := &request{id: len(m.requests) + 1, row: e.row, arrived: time.Now()}
	if e.timeout > 0 {
		r.ctx, r.cancel = context.WithTimeout(context.Background(), e.timeout)
	} else {
		r.ctx, r.cancel = context.WithCancel(context.Background())
	}
	if e.ended {
		r.cancelled = time.Now()
		r.cancel()
	}
	m.mu.Lock()
	r.oldest = m.versions[r.row]
	m.requests = append(m.requests, r)
	m.mu.Unlock()
	go func() {
		version, err := m.coalescer.Ask(r.ctx, r)
		m.mu.Lock()
		defer m.mu.Unlock()
		r.returned = true
		missing, isAbsent := errors.AsType[absent](err)
		switch {
		case isAbsent:
			version = missing.version
		case err == errOne && r.failed, err != nil && err == r.ctx.Err():
			return
		case errors.Is(err, context.DeadlineExceeded) && !r.endedBefore(time.Now().Add(-1)) && e.timeout > 0 && time.Since(r.arrived) >= e.timeout:
			return // the timer of the context fires at the same time
		case err != nil:
			m.find("request %d: error %v", r.id, err)
			return
		}
		if newest := m.versions[r.row]; version < r.oldest || version > newest || isAbsent != (version%3 == 2) {
			m.find("request %d: version %d, want %d to %d", r.id, version, r.oldest, newest)
		}
	}()
	synctest.Wait()
}

// check holds the requests, while nothing moves.
func (m *model) check() {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	longest := max(8*m.longest, patience) // the mean is not above it
	slots := 0
	for _, s := range m.running {
		if s.slot && now.Sub(s.started) < longest {
			slots++
		}
	}
	for _, r := range m.requests {
		if r.returned || r.single {
			continue
		}
		if r.ctx.Err() != nil && !m.limits.Forced {
			m.find("request %d waits after its context ended", r.id)
		}
		switch {
		case r.batched == nil && r.id < m.asked:
			m.find("request %d waits, request %d does not", r.id, m.asked)
		case r.batched == nil && slots < m.inFlight() && !m.limits.Forced:
			m.find("request %d waits while %d of %d slots are taken", r.id, slots, m.inFlight())
		case r.batched != nil && now.Sub(r.batched.started) >= longest && !m.limits.Forced:
			m.find("request %d waits for an overdue batch", r.id)
		}
	}
}

// do does what an event says, after its delay.
func (m *model) do(e event) {
	time.Sleep(e.delay)
	switch e.kind {
	case asks:
		for range e.count {
			m.ask(e)
		}
	case writes:
		m.mu.Lock()
		m.versions[e.row]++
		m.mu.Unlock()
	case cancels:
		if len(m.requests) == 0 {
			return
		}
		r := m.requests[len(m.requests)-1-e.count%len(m.requests)]
		m.mu.Lock()
		r.cancelled = time.Now()
		m.mu.Unlock()
		r.cancel()
	}
}

// run plays a script, and returns what is wrong.
func run(t *testing.T, s script) (findings []string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		m := &model{script: s}
		m.coalescer = lookups.New(m.one, m.many, s.limits)
		for _, e := range s.events {
			m.do(e)
			m.check()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		for _, r := range m.requests {
			if !r.returned {
				m.find("request %d waits for ever", r.id)
			}
			r.cancel()
		}
		if len(m.running) > 0 {
			m.find("%d statements run for ever", len(m.running))
		}
		synctest.Wait()
		findings = m.findings
	})
	return findings
}
