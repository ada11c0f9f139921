// Package auditqueue writes decisions on Git commands to the audit log in the
// background, so that no command waits for it.
package auditqueue

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/audit"
)

// Log keeps events.
type Log interface {
	// Append keeps all events durably, or none of them.
	Append(ctx context.Context, events ...audit.Event) error
}

// Settings say which decisions are recorded.
type Settings struct {
	// Everything records every decision. Otherwise Refusals records refusals, at most
	// refusalsPerSecond.
	Everything, Refusals bool
}

const (
	// refusalsPerSecond is how many refusals are recorded in any second.
	refusalsPerSecond = 10
	// capacity is how many decisions wait at most.
	capacity = 1000
	// batchSize is how many events are written at once, and batchInterval how long a
	// batch waits for more.
	batchSize     = 200
	batchInterval = 200 * time.Millisecond
	// rest is how many times as long as a batch took the next one waits: the writer does
	// not slow down the commands, of which a full queue loses some.
	rest = 7
	// writeTimeout is how long one write may take. After a failure the next one waits
	// for retryInterval.
	writeTimeout  = 10 * time.Second
	retryInterval = time.Second
	// reportInterval is how often it is logged that decisions were not recorded.
	reportInterval = time.Minute
)

// Queue holds decisions until they are written. When it is full, further decisions are
// only counted. It is safe for concurrent use.
type Queue struct {
	settings Settings
	log      Log
	logger   *zap.Logger
	waiting  chan entry

	mu sync.Mutex
	// recent are the times of the last refusals that were recorded, as a ring.
	recent [refusalsPerSecond]time.Time
	next   int
	// unrecorded are decisions that the next event has to mention; throttled and lost
	// those that the next line of the log has to.
	unrecorded, throttled, lost int

	stop func(context.Context)
}

// entry is a decision with the number of those before it that were only counted.
type entry struct {
	kept       *gitaccess.Kept
	unrecorded int
}

// New makes a Queue. Until Start, decisions wait.
func New(settings Settings, log Log, logger *zap.Logger) *Queue {
	return &Queue{settings: settings, log: log, logger: logger, waiting: make(chan entry, capacity)}
}

// Record implements gitaccess.Decisions.
func (q *Queue) Record(d gitaccess.Decision) {
	if !q.settings.Everything && !(q.settings.Refusals && d.Refused()) {
		return
	}
	unrecorded, ok := q.admit()
	if !ok {
		return
	}
	select {
	case q.waiting <- entry{d.Keep(), unrecorded}:
	default:
		q.lose(1, 1+unrecorded)
	}
}

// admit says whether a decision is to be recorded, and counts it if not. It returns
// how many were only counted before.
func (q *Queue) admit() (unrecorded int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case !q.settings.Everything && !q.takeTurn():
		q.throttled++
	case len(q.waiting) == cap(q.waiting):
		q.lost++
	default:
		unrecorded, q.unrecorded = q.unrecorded, 0
		return unrecorded, true
	}
	q.unrecorded++
	return 0, false
}

// lose counts lost decisions; unrecorded are those that the next event has to mention.
func (q *Queue) lose(lost, unrecorded int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost += lost
	q.unrecorded += unrecorded
}

// takeTurn says whether another refusal may be recorded within this second.
func (q *Queue) takeTurn() bool {
	now := time.Now()
	if now.Sub(q.recent[q.next]) < time.Second {
		return false
	}
	q.recent[q.next], q.next = now, (q.next+1)%len(q.recent)
	return true
}

// Start writes in the background, until Stop. It is called once.
func (q *Queue) Start() {
	ctx, interrupt := context.WithCancel(context.Background())
	stopping, stopped := make(chan struct{}), make(chan struct{})
	q.stop = func(giveUp context.Context) {
		defer context.AfterFunc(giveUp, interrupt)()
		close(stopping)
		<-stopped
		interrupt()
	}
	go func() {
		defer close(stopped)
		w := writer{Queue: q, due: time.NewTimer(0)}
		w.run(ctx, stopping)
		w.finish(ctx)
	}()
}

// Stop writes what waits, and gives up when ctx ends. It is called once, after Start
// and the last Record.
func (q *Queue) Stop(ctx context.Context) { q.stop(ctx) }

// writer writes what waits in a queue.
type writer struct {
	*Queue
	batch []audit.Event
	// due is when the batch is written.
	due *time.Timer
	// busy is the time that the batch has taken, and earliest when it may be written.
	busy     time.Duration
	earliest time.Time
	// failure is why the last write failed.
	failure error
}

// run writes batches until stopping is closed.
func (w *writer) run(ctx context.Context, stopping <-chan struct{}) {
	defer w.due.Stop()
	report := time.NewTicker(reportInterval)
	defer report.Stop()
	for {
		waiting := w.waiting
		if len(w.batch) == batchSize {
			waiting = nil
		}
		select {
		case <-stopping:
			return
		case <-report.C:
			w.report()
		case e := <-waiting:
			w.add(e)
		case <-w.due.C:
			w.write(ctx)
		}
	}
}

// add adds an event to the batch. The first one sets when the batch is due, and the
// last one makes it due.
func (w *writer) add(e entry) {
	begin := time.Now()
	event := e.kept.Event()
	w.busy += time.Since(begin)
	event.Decision.Unrecorded = e.unrecorded
	w.batch = append(w.batch, event)
	switch {
	case len(w.batch) == 1:
		w.due.Reset(max(batchInterval, time.Until(w.earliest)))
	case len(w.batch) == batchSize && w.failure == nil:
		w.due.Reset(time.Until(w.earliest))
	}
}

// write writes the batch. What fails as the log is unavailable is tried again, so that
// the queue fills; what the log does not take is lost.
func (w *writer) write(ctx context.Context) {
	if len(w.batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	begin := time.Now()
	w.failure = w.log.Append(ctx, w.batch...)
	w.earliest, w.busy = time.Now().Add(rest*(w.busy+time.Since(begin))), 0
	switch {
	case w.failure == nil:
		w.batch = w.batch[:0]
	case errors.Is(w.failure, domain.Unavailable), ctx.Err() != nil:
		w.due.Reset(retryInterval)
	default:
		w.loseBatch()
	}
}

// loseBatch counts the events of the batch as lost.
func (w *writer) loseBatch() {
	unrecorded := len(w.batch)
	for _, e := range w.batch {
		unrecorded += e.Decision.Unrecorded
	}
	w.lose(len(w.batch), unrecorded)
	w.batch = w.batch[:0]
}

// finish writes what waits, up to the first failure.
func (w *writer) finish(ctx context.Context) {
	for {
		for len(w.batch) < batchSize && len(w.waiting) > 0 {
			w.add(<-w.waiting)
		}
		if len(w.batch) == 0 {
			break
		}
		if w.write(ctx); len(w.batch) > 0 { // not written
			w.loseBatch()
			w.lose(len(w.waiting), 0)
			break
		}
	}
	w.report()
}

// report logs how many decisions were not recorded since the last report.
func (w *writer) report() {
	w.mu.Lock()
	throttled, lost := w.throttled, w.lost
	w.throttled, w.lost = 0, 0
	w.mu.Unlock()
	if throttled == 0 && lost == 0 {
		return
	}
	w.logger.Warn("decisions are missing in the audit log", zap.Int("over_limit", throttled), zap.Int("lost", lost), zap.NamedError("last_error", w.failure))
}
