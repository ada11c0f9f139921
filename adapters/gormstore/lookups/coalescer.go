// Package lookups asks a database several questions in one statement when more
// callers ask at a time than statements may be in flight. It knows nothing of
// the questions, nor of the database.
package lookups

import (
	"context"
	"sync"
	"time"
)

// Answer is the answer to one question, or why there is none.
type Answer[A any] struct {
	Value A
	Err   error
}

// Limits say how far a Coalescer goes. With the zero value it asks every
// question by a statement of its own, at once.
type Limits struct {
	// InFlight is how many statements of a near database may be in flight.
	// Below 1 every question is a statement of its own, without a limit.
	InFlight int
	// Pool is how many statements may be in flight at any distance: the
	// connections of the pool. Below 1 there is no such bound.
	Pool int
	// Forced asks every question by many, even one alone. It is for tests.
	Forced bool
	// Failed, unless nil, is called with the error of each batch that failed
	// before its context ended. The callers get the answers of single
	// statements, so nothing else shows that the batch statement does not work.
	// It may be called by several goroutines at a time.
	Failed func(error)
}

// Coalescer asks questions Q of one kind, with answers A. It is safe for
// concurrent use. A statement that is in flight has a slot until it ends or is
// overdue; the number of slots is limited.
type Coalescer[Q, A any] struct {
	one    func(context.Context, Q) (A, error)
	many   func(context.Context, []Q) ([]Answer[A], error)
	limits Limits

	mu       sync.Mutex
	pace     pace
	lastSlot uint64
	inFlight []statement[Q, A] // those that have a slot, in the order of their start
	waiting  []*caller[Q, A]   // in the order of their arrival
	timer    *time.Timer       // looks for overdue statements; nil until first needed
	due      time.Time         // when timer fires; zero if it is stopped
}

// statement is a statement that has a slot.
type statement[Q, A any] struct {
	slot    uint64 // unique, above 0
	started time.Time
	batch   *batch[Q, A] // nil if its caller runs it itself
}

// caller is a call of Ask that found no slot free.
type caller[Q, A any] struct {
	ctx      context.Context // of this one call, to leave it out once it has ended
	question Q
	next     chan step[A]
	batch    *batch[Q, A] // that asks the question; nil if none does
}

// step says how a caller that waited goes on: with an answer, with a slot for a
// statement of its own, or, with neither, with a statement without a slot.
type step[A any] struct {
	answer *Answer[A]
	slot   uint64
}

// New makes a Coalescer. One answers one question. Many answers all of its
// questions, 1 to 64, in their order; if it fails, panics or returns another
// number of answers, each question is asked by one. Both are called by several
// goroutines at a time, and should read the database after they are called:
// then each answer is newer than its question.
func New[Q, A any](one func(context.Context, Q) (A, error), many func(context.Context, []Q) ([]Answer[A], error), limits Limits) *Coalescer[Q, A] {
	if limits.Pool > 0 {
		limits.InFlight = min(limits.InFlight, limits.Pool)
	}
	return &Coalescer[Q, A]{one: one, many: many, limits: limits, pace: newPace(limits)}
}

// Ask returns the answer to q, read from the database after the call. If a slot
// is free and no caller waits, it calls one with ctx and returns what one does.
// Otherwise it waits for a slot, and shares a statement with those that wait as
// well. If ctx ends while it waits for a slot or for the shared statement, it
// returns ctx.Err() at once.
func (c *Coalescer[Q, A]) Ask(ctx context.Context, q Q) (A, error) {
	if c.limits.InFlight < 1 {
		return c.ask(ctx, q)
	}
	now := time.Now()
	c.mu.Lock()
	if len(c.waiting) == 0 && len(c.inFlight) < c.pace.limit {
		slot := c.addStatement(now, nil)
		c.mu.Unlock()
		return c.askWithSlot(ctx, q, slot, now)
	}
	w := &caller[Q, A]{ctx: ctx, question: q, next: make(chan step[A], 1)}
	c.waiting = append(c.waiting, w)
	c.advance(now)
	c.mu.Unlock()
	select {
	case s := <-w.next:
		return c.resume(w, s)
	case <-ctx.Done():
		c.leave(w)
		var none A
		return none, ctx.Err()
	}
}

// resume takes the step that w waited for.
func (c *Coalescer[Q, A]) resume(w *caller[Q, A], s step[A]) (A, error) {
	if s.answer != nil {
		return s.answer.Value, s.answer.Err
	}
	now := time.Now()
	if err := ended(w.ctx, now); err != nil {
		c.giveBack(s.slot)
		var none A
		return none, err
	}
	if s.slot == 0 {
		return c.one(w.ctx, w.question)
	}
	return c.askWithSlot(w.ctx, w.question, s.slot, now)
}

// leave ends the wait of w, whose context has ended. The last caller to leave a
// batch cancels it. A caller that still waits for a slot stays in the queue,
// where handOn passes over it.
func (c *Coalescer[Q, A]) leave(w *caller[Q, A]) {
	c.mu.Lock()
	var slot uint64
	select {
	case s := <-w.next:
		slot = s.slot
	default:
		if w.batch != nil {
			w.batch.leave()
		}
	}
	c.mu.Unlock()
	c.giveBack(slot)
}

// giveBack frees a slot that was not used; 0 is none.
func (c *Coalescer[Q, A]) giveBack(slot uint64) {
	if slot == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removeStatement(slot)
	c.advance(time.Now())
}

// askWithSlot asks q in the caller, and then hands the slot on, even if one
// panics.
func (c *Coalescer[Q, A]) askWithSlot(ctx context.Context, q Q, slot uint64, started time.Time) (answer A, err error) {
	answered := false
	defer func() {
		now := time.Now()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.pace.addStatement(now, now.Sub(started), ended(ctx, now) != nil)
		if answered && !c.limits.Forced {
			c.pace.addSingle(now.Sub(started))
		}
		c.removeStatement(slot)
		c.advance(now)
	}()
	answer, err = c.ask(ctx, q)
	answered = err == nil
	return answer, err
}

// ask asks q in the caller: by one, or first by many if that is forced.
func (c *Coalescer[Q, A]) ask(ctx context.Context, q Q) (A, error) {
	if c.limits.Forced {
		answers, err := c.askMany(ctx, []Q{q})
		if err == nil {
			return answers[0].Value, answers[0].Err
		}
		if err := ended(ctx, time.Now()); err != nil {
			var none A
			return none, err
		}
		c.reportFailure(err)
	}
	return c.one(ctx, q)
}

// ended returns the error of ctx. A deadline that has passed counts at once, not
// when its timer fires: a batch ends at the deadline of a caller, which should
// then not ask again.
func ended(ctx context.Context, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !now.Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// addStatement takes a slot, and returns it.
func (c *Coalescer[Q, A]) addStatement(now time.Time, b *batch[Q, A]) uint64 {
	c.lastSlot++
	c.inFlight = append(c.inFlight, statement[Q, A]{slot: c.lastSlot, started: now, batch: b})
	return c.lastSlot
}
