package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// History knows what is in a repository now.
type History interface {
	// LastCommit returns the short name of the default branch and the last commit
	// there. It fails with domain.NotFound if the repository has no commits.
	LastCommit(ctx context.Context, p source.Project) (branch string, last source.Commit, err error)
}

// historyTimeout is how long a test waits for the last commit.
const historyTimeout = 5 * time.Second

// TestResult is what a test sent and what came back.
type TestResult struct {
	Event hooks.Event
	// Placeholder is why a placeholder event was sent; empty for another one.
	Placeholder string
	// Status is that of the answer, 0 if there was none.
	Status int
}

// Test sends an event to a hook, whatever its branch filter: the last commit of the
// default branch as if it had just been pushed, or else a placeholder event. History is
// nil without a Gitaly. A success enables a hook that was disabled; the audit log tells
// who caused that. If there is no such hook, or no project for it, nothing is sent and the
// error is a *domain.Refusal.
func (d *Dispatcher) Test(ctx context.Context, by audit.Cause, id hooks.HookID, history History) (TestResult, error) {
	hook, project, err := d.tested(ctx, id)
	if err != nil {
		return TestResult{}, err
	}
	var result TestResult
	result.Event, result.Placeholder = d.testEvent(ctx, hook, project, history)
	return d.sendTest(ctx, by, hook, result)
}

// tested returns a hook and a project for a test of it, or a Refusal.
func (d *Dispatcher) tested(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error) {
	hook, project, err := d.deliveries.Hook(ctx, id)
	switch {
	case errors.Is(err, domain.NotFound):
		err = domain.Refuse(domain.NotFound, "there is no hook %d", id)
	case err == nil && !project.Known():
		err = domain.Refuse(domain.Unprocessable, "there is no project below the group of hook %d", id)
	}
	return hook, project, err
}

func (d *Dispatcher) sendTest(ctx context.Context, by audit.Cause, hook hooks.Hook, result TestResult) (TestResult, error) {
	var err error
	result.Status, err = d.attempt(ctx, by, hooks.Delivery{Hook: hook, Event: result.Event, EventID: d.rules.NewID(), Key: d.rules.NewID()})
	return result, err
}

// errNoCommits refuses the test of a push where nothing was ever pushed.
var errNoCommits = domain.Refuse(domain.Unprocessable, "Ensure the project has at least one commit.")

// TestPush does what Test does with the event of a push to a branch, or with a placeholder
// of a pushed tag, whatever events the hook wants. A repository that has no commits is a
// Refusal.
func (d *Dispatcher) TestPush(ctx context.Context, by audit.Cause, id hooks.HookID, kind source.RefKind, history History) (TestResult, error) {
	hook, project, err := d.tested(ctx, id)
	if err != nil {
		return TestResult{}, err
	}
	asked := hook
	asked.Push, asked.TagPush = kind == source.Branch, kind == source.Tag
	if history != nil {
		if _, _, err := lastCommit(ctx, history, project); errors.Is(err, domain.NotFound) {
			return TestResult{}, errNoCommits
		}
	}
	var result TestResult
	result.Event, result.Placeholder = d.testEvent(ctx, asked, project, history)
	return d.sendTest(ctx, by, hook, result)
}

// Resend sends a delivery of a hook at once, whether it waits or was given up. It is a
// Refusal if an earlier event of the ref waits, or if a later one was accepted or is on its
// way. If there is no such delivery the error is
// domain.NotFound.
func (d *Dispatcher) Resend(ctx context.Context, by audit.Cause, id hooks.HookID, number int64) (status int, err error) {
	delivery, err := d.deliveries.Delivery(ctx, number)
	switch {
	case err != nil:
		return 0, err
	case delivery.Hook.ID != id:
		return 0, domain.NotFound
	case delivery.Turn == hooks.TurnPassed:
		return 0, domain.Refuse(domain.Unprocessable, "The hook has accepted a later event of %s", delivery.Event.Change.Ref)
	case delivery.Turn != hooks.TurnNow:
		return 0, domain.Refuse(domain.Unprocessable, "Another event of %s is sent first", delivery.Event.Change.Ref)
	}
	return d.attempt(ctx, by, delivery)
}

// testEvent returns the event for a test, and why it is a placeholder if it is one.
func (d *Dispatcher) testEvent(ctx context.Context, hook hooks.Hook, project source.Project, history History) (event hooks.Event, placeholder string) {
	kind := source.Branch
	if hook.TagPush && !hook.Push {
		kind = source.Tag
		placeholder = "the hook hears of tags only"
	} else if history == nil {
		placeholder = "no Gitaly is connected"
	} else if branch, last, err := lastCommit(ctx, history, project); err == nil {
		project.DefaultBranch = branch
		return hooks.NewTestEvent(project, branch, last), ""
	} else if errors.Is(err, domain.NotFound) {
		placeholder = "the repository has no commits"
	} else {
		placeholder = fmt.Sprintf("the last commit is not known: %v", err)
	}
	return hooks.NewPlaceholderEvent(project, kind, d.now()), placeholder
}

func lastCommit(ctx context.Context, history History, p source.Project) (string, source.Commit, error) {
	ctx, cancel := context.WithTimeout(ctx, historyTimeout)
	defer cancel()
	return history.LastCommit(ctx, p)
}
