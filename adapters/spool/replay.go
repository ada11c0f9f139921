package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application/pushes"
	"gatehouse/domain"
)

// Receiver records the pushes of a spool.
type Receiver interface {
	// RecordWaiting records a push, unless that was done before. It fails with
	// domain.Unavailable if no push can be recorded now.
	RecordWaiting(ctx context.Context, p pushes.Push) error
	// DecreaseWaiting decreases the counter for a push that is recorded, unless that
	// was done before.
	DecreaseWaiting(ctx context.Context, p pushes.Push) error
}

// Interval is how often a server looks into the folder.
const Interval = time.Second

// Replayer has the pushes of a folder recorded, as long as a server runs.
type Replayer struct {
	folder   *Folder
	receiver Receiver
	interval time.Duration
	lock     folderLock
	// last is the queue that was found to be unavailable: the others come first.
	last string

	stop func()
	work sync.WaitGroup
}

// NewReplayer makes a Replayer that looks into the folder at an interval.
func NewReplayer(folder *Folder, receiver Receiver, interval time.Duration) *Replayer {
	return &Replayer{folder: folder, receiver: receiver, interval: interval, lock: folderLock{path: folder.path}, stop: func() {}}
}

// Start finds out which pushes wait, and then has them recorded in the background. It
// logs if the folder cannot be used, and does not fail.
func (r *Replayer) Start() {
	if r.folder.path == "" {
		return
	}
	if err := Usable(r.folder.path); err != nil {
		r.folder.log.Warn("the spool needs attention", zap.Error(err))
	}
	r.scan(false)
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.work.Go(func() {
		defer r.lock.release()
		ticker := time.NewTicker(r.interval)
		defer ticker.Stop()
		for {
			r.replay(ctx)
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
}

// Stop interrupts the record that is under way and waits for its end. It will be
// recorded by the next server.
func (r *Replayer) Stop() {
	r.stop()
	r.work.Wait()
}

// scan reads the folder. A problem is logged once.
func (r *Replayer) scan(cleanUp bool) {
	if err := r.folder.scan(cleanUp); err != nil {
		r.folder.report("", err)
	}
}

// replay has the entries recorded, if this process may do so. Entries of one queue wait
// for each other; those of other queues are recorded all the same.
func (r *Replayer) replay(ctx context.Context) {
	held, err := r.lock.hold()
	if err != nil {
		r.folder.report(lockName, err)
	}
	r.scan(held)
	if !held {
		return
	}
	blocked := map[string]bool{}
	var decreaseErr error
	for _, e := range r.folder.inOrder(r.last) {
		if ctx.Err() != nil {
			return
		}
		if blocked[e.queue] || e.recorded && decreaseErr != nil {
			continue
		}
		p, _, err := r.folder.load(e.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the next scan forgets it
		}
		if err == nil {
			err = r.record(ctx, e, p)
		}
		if err != nil {
			blocked[e.queue] = true
			if errors.Is(err, domain.Unavailable) {
				r.last = e.queue
				return
			}
			r.reportUnlessStopped(ctx, e, err)
			continue
		}
		if decreaseErr == nil {
			decreaseErr = r.receiver.DecreaseWaiting(ctx, p)
		}
		if decreaseErr == nil {
			if err := r.folder.remove(e); err != nil {
				r.folder.report(e.name, fmt.Errorf("the push is recorded, but its file stays: %w", err))
			}
		}
	}
}

// record records an entry, unless this process has done so.
func (r *Replayer) record(ctx context.Context, e *entry, p pushes.Push) error {
	if e.recorded {
		return nil
	}
	err := r.receiver.RecordWaiting(ctx, p)
	if err == nil {
		r.folder.setRecorded(e)
	}
	return err
}

func (r *Replayer) reportUnlessStopped(ctx context.Context, e *entry, problem error) {
	if ctx.Err() == nil {
		r.folder.report(e.name, problem)
	}
}
