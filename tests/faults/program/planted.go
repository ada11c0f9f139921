package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/fx"

	"gatehouse/application/gitaccess"
	"gatehouse/application/pushes"
	"gatehouse/bootstrap"
	"gatehouse/domain/source"
)

// planted are the faults that the harness has to find.
var planted = map[string]bootstrap.Option{
	"early-answer":    fx.Decorate(func(r pushes.Recorder) pushes.Recorder { return earlyAnswer{r} }),
	"cached-standing": fx.Decorate(func(d gitaccess.Directory) gitaccess.Directory { return &cachedStanding{Directory: d} }),
	"endless-counter": fx.Decorate(func(c pushes.Counters) pushes.Counters { return endlessCounter{c} }),
}

// earlyAnswer records a push after the answer.
type earlyAnswer struct{ pushes.Recorder }

// Record implements pushes.Recorder.
func (e earlyAnswer) Record(_ context.Context, p pushes.Push) error {
	time.AfterFunc(30*time.Millisecond, func() { _ = e.Recorder.Record(context.Background(), p) })
	return nil
}

// cachedStanding answers from what it read up to five seconds ago.
type cachedStanding struct {
	gitaccess.Directory
	answers sync.Map // of cachedAnswer by the text of the inquiry
}

type cachedAnswer struct {
	standing source.Standing
	at       time.Time
}

// Standing implements gitaccess.Directory.
func (c *cachedStanding) Standing(ctx context.Context, q source.Inquiry) (source.Standing, error) {
	asked := q
	asked.Now = time.Time{}
	key := fmt.Sprint(asked)
	if known, ok := c.answers.Load(key); ok && time.Since(known.(cachedAnswer).at) < 5*time.Second {
		return known.(cachedAnswer).standing, nil
	}
	standing, err := c.Directory.Standing(ctx, q)
	if err == nil {
		c.answers.Store(key, cachedAnswer{standing, time.Now()})
	}
	return standing, err
}

// endlessCounter lets counters live for a year.
type endlessCounter struct{ pushes.Counters }

// Increase implements pushes.Counters.
func (e endlessCounter) Increase(ctx context.Context, repository string, now time.Time, _ time.Duration) error {
	return e.Counters.Increase(ctx, repository, now, 365*24*time.Hour)
}
