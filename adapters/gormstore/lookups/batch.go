package lookups

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// maxBatch is how many questions a batch has at most.
const maxBatch = 64

// errNoReturn is the error of a batch whose goroutine was ended by many.
var errNoReturn = errors.New("lookups: many ended its goroutine")

// batch is several callers whose questions are one statement.
type batch[Q, A any] struct {
	callers []*caller[Q, A]
	present int // callers that still wait
	ctx     context.Context
	cancel  context.CancelFunc
}

// newBatch makes the batch of callers. Its context carries no values and ends at
// the latest deadline of the callers; if one has no deadline, it has none.
func newBatch[Q, A any](callers []*caller[Q, A]) *batch[Q, A] {
	b := &batch[Q, A]{callers: callers, present: len(callers)}
	var latest time.Time
	bounded := true
	for _, w := range callers {
		w.batch = b
		deadline, ok := w.ctx.Deadline()
		bounded = bounded && ok
		if deadline.After(latest) {
			latest = deadline
		}
	}
	if bounded {
		b.ctx, b.cancel = context.WithDeadline(context.Background(), latest)
	} else {
		b.ctx, b.cancel = context.WithCancel(context.Background())
	}
	return b
}

// leave counts one caller less. Without any the statement is cancelled.
func (b *batch[Q, A]) leave() {
	b.present--
	if b.present == 0 {
		b.cancel()
	}
}

// release lets the callers go on: each with its answer, or by a statement of its
// own if answers is nil.
func (b *batch[Q, A]) release(answers []Answer[A]) {
	for i, w := range b.callers {
		var s step[A]
		if answers != nil {
			s.answer = &answers[i]
		}
		w.next <- s // has room: a caller is released once
	}
}

// removeStatement frees a slot, and returns the statement that had it. It
// returns false if the statement was overdue and has no slot any more.
func (c *Coalescer[Q, A]) removeStatement(slot uint64) (statement[Q, A], bool) {
	i := slices.IndexFunc(c.inFlight, func(s statement[Q, A]) bool { return s.slot == slot })
	if i < 0 {
		return statement[Q, A]{}, false
	}
	s := c.inFlight[i]
	c.inFlight = slices.Delete(c.inFlight, i, i+1)
	return s, true
}

// advance frees the slots of overdue statements, hands on the free slots, and
// sets the timer. It is called, with mu locked, after every change but the start
// of a statement that finds a slot free.
//
// An overdue statement is not cancelled: that would cost its connection. The
// callers of an overdue batch ask by statements of their own, and its answers
// are dropped.
func (c *Coalescer[Q, A]) advance(now time.Time) {
	for len(c.inFlight) > 0 && now.Sub(c.inFlight[0].started) >= c.pace.patience() {
		if b := c.inFlight[0].batch; b != nil {
			b.release(nil)
		}
		c.inFlight = slices.Delete(c.inFlight, 0, 1)
	}
	for len(c.waiting) > 0 && len(c.inFlight) < c.pace.limit {
		c.handOn(now)
	}
	c.setTimer(now)
}

// handOn gives a slot to those that wait longest, except those whose context has
// ended: one caller asks by itself, several are a batch.
func (c *Coalescer[Q, A]) handOn(now time.Time) {
	var callers []*caller[Q, A]
	seen := 0
	for ; seen < len(c.waiting) && len(callers) < maxBatch; seen++ {
		if w := c.waiting[seen]; ended(w.ctx, now) == nil {
			callers = append(callers, w)
		}
	}
	c.waiting = slices.Delete(c.waiting, 0, seen)
	switch {
	case len(callers) == 0:
	case len(callers) == 1 && !c.limits.Forced:
		callers[0].next <- step[A]{slot: c.addStatement(now, nil)}
	default:
		b := newBatch(callers)
		go c.run(b, c.addStatement(now, b), now)
	}
}

// run asks the questions of b, releases its callers and hands the slot on.
func (c *Coalescer[Q, A]) run(b *batch[Q, A], slot uint64, started time.Time) {
	defer b.cancel()
	var answers []Answer[A]
	err := errNoReturn
	defer func() {
		now := time.Now()
		late := ended(b.ctx, now) != nil
		c.mu.Lock()
		c.pace.addStatement(now, now.Sub(started), late)
		if _, ok := c.removeStatement(slot); ok {
			b.release(answers)
		}
		c.advance(now)
		c.mu.Unlock()
		if !late {
			c.reportFailure(err)
		}
	}()
	questions := make([]Q, len(b.callers))
	for i, w := range b.callers {
		questions[i] = w.question
	}
	answers, err = c.askMany(b.ctx, questions)
}

// askMany calls many. It returns as many answers as there are questions, or an
// error and no answers. A panic of many is an error, with the stack.
func (c *Coalescer[Q, A]) askMany(ctx context.Context, questions []Q) (answers []Answer[A], err error) {
	defer func() {
		if p := recover(); p != nil {
			answers, err = nil, fmt.Errorf("lookups: panic: %v\n%s", p, debug.Stack())
		}
	}()
	answers, err = c.many(ctx, questions)
	if err != nil {
		return nil, err
	}
	if len(answers) != len(questions) {
		return nil, fmt.Errorf("lookups: %d answers to %d questions", len(answers), len(questions))
	}
	return answers, nil
}

// reportFailure calls Failed, if there is one, with the error of a batch, if
// there is one.
func (c *Coalescer[Q, A]) reportFailure(err error) {
	if c.limits.Failed != nil && err != nil {
		c.limits.Failed(err)
	}
}

// setTimer makes the timer fire no later than the oldest statement is overdue,
// if a caller waits for a slot or for a batch. It may fire earlier, and is then
// set again. With no statement in flight it is stopped.
func (c *Coalescer[Q, A]) setTimer(now time.Time) {
	if len(c.inFlight) == 0 {
		if !c.due.IsZero() {
			c.timer.Stop()
			c.due = time.Time{}
		}
		return
	}
	if len(c.waiting) == 0 && !slices.ContainsFunc(c.inFlight, func(s statement[Q, A]) bool { return s.batch != nil }) {
		return
	}
	due := c.inFlight[0].started.Add(c.pace.patience())
	if !c.due.IsZero() && !due.Before(c.due) {
		return
	}
	c.due = due
	if c.timer == nil {
		c.timer = time.AfterFunc(due.Sub(now), c.findOverdue)
	} else {
		c.timer.Reset(due.Sub(now))
	}
}

// findOverdue is what the timer does.
func (c *Coalescer[Q, A]) findOverdue() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due = time.Time{}
	c.advance(time.Now())
}
