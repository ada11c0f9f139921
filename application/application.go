// Package application defines what all use cases share: a clock, units of work
// and jobs.
package application

import (
	"context"
	"time"
)

// Clock tells the present moment, in UTC.
type Clock func() time.Time

// Elapsed tells for how long the process has run, by a clock that is never set.
type Elapsed func() time.Duration

// UnitOfWork calls do with repositories that share one transaction: it commits
// if do returns nil and rolls back otherwise. It may call do again after a
// serialization failure, so do must have no effect but through its repositories.
type UnitOfWork[R any] func(ctx context.Context, do func(R) error) error
