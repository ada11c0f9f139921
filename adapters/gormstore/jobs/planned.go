package jobs

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// plannedDriver is River's driver for PostgreSQL, but for one statement: the look for due
// jobs, which is planned anew each time. Connections do not plan statements for their
// arguments, and the plan for any number of jobs reads all that wait.
type plannedDriver struct{ riverdriver.Driver[*sql.Tx] }

// GetExecutor implements riverdriver.Driver.
func (d plannedDriver) GetExecutor() riverdriver.Executor {
	return plannedExecutor{d.Driver.GetExecutor()}
}

type plannedExecutor struct{ riverdriver.Executor }

// JobGetAvailable implements riverdriver.Executor.
func (e plannedExecutor) JobGetAvailable(ctx context.Context, params *riverdriver.JobGetAvailableParams) ([]*rivertype.JobRow, error) {
	tx, err := e.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(ctx) }() // nothing is left to roll back after the commit
	if err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = force_custom_plan"); err != nil {
		return nil, err
	}
	jobs, err := tx.JobGetAvailable(ctx, params)
	if err != nil {
		return nil, err
	}
	return jobs, tx.Commit(ctx)
}
