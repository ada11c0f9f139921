package worldimport

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// BatchSize is the most changes in one batch, but for what no batch parts.
	BatchSize = 500
	// batchTime is how long a batch is added to: other writers wait for it.
	batchTime = 50 * time.Millisecond
)

// Incomplete is the error of an import that has written some of its changes, or none
// yet.
type Incomplete struct {
	Done, All int
	// Err is why it ended.
	Err error
}

// Error says what to do next.
func (e *Incomplete) Error() string {
	why := e.Err.Error()
	if errors.Is(e.Err, context.Canceled) {
		why = "it was interrupted"
	}
	if e.Done == 0 {
		return why + "\nnothing was changed; apply the world again"
	}
	return fmt.Sprintf("%s\n%d of %d changes were made and stay; apply the world again to complete it", why, e.Done, e.All)
}

// Unwrap returns the cause.
func (e *Incomplete) Unwrap() error { return e.Err }

// write writes what a check has found.
func (i *Importer) write(ctx context.Context, w World, p plan) error {
	at := Progress{Writing: true}
	stages := [][]unit{p.takes, p.moved, p.gives}
	for _, stage := range stages {
		for _, u := range stage {
			at.All += len(u)
		}
	}
	for _, stage := range stages {
		for len(stage) > 0 {
			i.report(at)
			units, changes, err := i.writeBatch(ctx, w, stage)
			if err != nil {
				return &Incomplete{at.Done, at.All, err}
			}
			stage = stage[units:]
			at.Done += changes
		}
	}
	return nil
}

// writeBatch writes as many units as fit into one batch, and returns how many these
// are, and how many changes.
func (i *Importer) writeBatch(ctx context.Context, w World, stage []unit) (units, changes int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	err = i.unitOfWork(ctx, func(tx Tx) error {
		units, changes = 0, 0
		began := i.now()
		on := i.importerOn(tx, writing, w)
		for _, u := range stage {
			if units > 0 && (changes+len(u) > i.batchSize || i.now().Sub(began) >= batchTime) {
				break
			}
			if err := on.run(ctx, u); err != nil {
				return err
			}
			units, changes = units+1, changes+len(u)
		}
		return tx.Audit.Append(ctx, on.events...)
	})
	return units, changes, err
}
