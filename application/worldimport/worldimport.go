package worldimport

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
)

// Importer applies descriptions of worlds. It is safe for concurrent use.
type Importer struct {
	unitOfWork UnitOfWork
	protection source.BranchProtection
	now        application.Clock
	// repositoryJob creates the repository of a new project; empty for none.
	repositoryJob application.JobKind
	// scratch is nil for an import in one transaction.
	scratch   Scratch
	batchSize int
	report    func(Progress)
	cause     audit.Cause
}

// New makes an Importer. The default branch of a new project is protected as
// protection says, unless the world gives its group another level.
func New(unitOfWork UnitOfWork, protection source.BranchProtection, now application.Clock) *Importer {
	return &Importer{
		unitOfWork: unitOfWork, protection: protection, now: now, report: func(Progress) {},
		cause: audit.Cause{Actor: audit.Actor{Kind: audit.System}},
	}
}

// CreateRepositories makes the Importer enqueue a job of that kind for each new
// project; its subject is the project's number. New projects are then empty at
// first. It is called before any other method, if a Gitaly is connected.
func (i *Importer) CreateRepositories(job application.JobKind) { i.repositoryJob = job }

// InBatches makes the Importer check a world on a scratch, and then write what it
// changes in many transactions of about size changes. It is called before Import.
func (i *Importer) InBatches(scratch Scratch, size int) { i.scratch, i.batchSize = scratch, size }

// Report makes the Importer call report often while it works. It is called before
// Import.
func (i *Importer) Report(report func(Progress)) { i.report = report }

// By makes the Importer record what it writes as caused by that. It is called before
// Import; without it the cause is the server itself.
func (i *Importer) By(cause audit.Cause) { i.cause = cause }

// Import creates what the world describes, or updates it where it exists: what a
// description does not give stays as the writing transaction finds it. If the
// world has mistakes it returns all of them as Mistakes, the world's own among them, and
// changes nothing; any other error is the store's. A mistake that follows from another
// one is left out.
//
// In batches, what was written stays when a later batch fails: the error is then
// Incomplete, and a second Import completes it. Between batches each decision is as
// before the Import, as after it, or a refusal. A batch has a new project together with
// its protections, members and shares. Rows that do not change are not written. Each
// change is recorded in the audit log, in the transaction that makes it; an import that is
// not in batches does not know what it changes, and records nothing.
func (i *Importer) Import(ctx context.Context, w World) (Summary, error) {
	if i.scratch == nil {
		err := i.unitOfWork(ctx, func(tx Tx) error { return i.importerOn(tx, whole, w).run(ctx, w.steps()) })
		if err != nil {
			return Summary{}, err
		}
		return w.summary(), nil
	}
	steps, err := i.check(ctx, w)
	if err == nil {
		err = i.write(ctx, w, newPlan(steps))
	}
	if err != nil {
		return Summary{}, err
	}
	summary, checked := w.summary(), newCheck(steps)
	summary.Changes, summary.Unchanged, summary.Warnings = len(checked.Changes), checked.Unchanged, checked.Warnings
	return summary, nil
}

// Check returns what Import would change, and changes nothing. It fails as Import
// does. The Importer must import in batches.
func (i *Importer) Check(ctx context.Context, w World) (Check, error) {
	steps, err := i.check(ctx, w)
	return newCheck(steps), err
}

// check imports the world on the scratch, and returns the steps with what they change.
func (i *Importer) check(ctx context.Context, w World) (steps []*step, err error) {
	if steps = w.steps(); len(steps) == 0 && len(w.Mistakes) > 0 {
		return nil, w.Mistakes.Sorted()
	}
	err = i.scratch(ctx, func(tx Tx) error {
		steps = w.steps()
		on := i.importerOn(tx, checking, w)
		for at, s := range steps {
			i.report(Progress{Done: at, All: len(steps)})
			on.put(ctx, s)
		}
		return on.err()
	})
	if err != nil && ctx.Err() != nil {
		err = &Incomplete{Err: err}
	}
	return steps, err
}
