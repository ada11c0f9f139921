// Package postreceive processes received pushes in the background: it updates
// the project and creates deliveries to webhooks.
package postreceive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Worker processes received pushes. It is safe for concurrent use.
type Worker struct {
	pushes  Pushes
	history History
	rules   Rules
	now     application.Clock

	mu sync.Mutex
	// busy are the repositories of which a push is being processed, with how many jobs
	// were postponed for that.
	busy map[string]int
}

// Rules are the instance's settings.
type Rules struct {
	// HooksLimit is how many branches, and how many tags, one push may have for
	// hooks to receive events of them.
	HooksLimit int
	// PerHook is how many deliveries of a hook may be released at once; 0 is one.
	PerHook int
	// NewID makes unique names.
	NewID func() string
}

// New makes a Worker. Without a history, which may be nil, events tell no
// commits, and the default branch stays what it is.
func New(pushes Pushes, history History, rules Rules, now application.Clock) *Worker {
	rules.PerHook = max(1, rules.PerHook)
	return &Worker{pushes: pushes, history: history, rules: rules, now: now, busy: map[string]int{}}
}

// After these times since a push its events are sent without commits, rather than
// retried: historyTimeout if Gitaly is unavailable, failureTimeout if it fails and
// does not tell whether that will pass.
const (
	historyTimeout = time.Hour
	failureTimeout = time.Minute
)

const (
	// maxEarlier is how many earlier pushes one job processes.
	maxEarlier = 100
	// busyDelay is how long a job waits while another one processes pushes of its
	// repository, at least; busyShare how much longer for each other that waits; and
	// maxBusyDelay how long at most.
	busyDelay    = time.Second
	busyShare    = 20 * time.Millisecond
	maxBusyDelay = 30 * time.Second
)

// Process does the job of a received push. Pushes of one repository are processed in
// the order in which they were received: the job first processes those that came
// before and are not processed yet, and fails where one of them does.
func (w *Worker) Process(ctx context.Context, push int64) error {
	for range maxEarlier {
		received, err := w.pushes.ReceivedPush(ctx, push)
		switch {
		case errors.Is(err, domain.NotFound):
			return application.Discarded{Reason: err}
		case err != nil || received.Processed:
			return err
		}
		if done, err := w.processNext(ctx, push, received); done || err != nil {
			return err
		}
	}
	return application.Postponed{For: busyDelay}
}

// processNext processes the earliest push up to this one, unless another job
// processes one of the repository at the moment. It is done when that was this one.
func (w *Worker) processNext(ctx context.Context, push int64, received ReceivedPush) (done bool, err error) {
	if wait := w.occupy(received.Repository); wait > 0 {
		return false, application.Postponed{For: wait}
	}
	defer w.leave(received.Repository)
	next := push
	if received.Earlier != 0 {
		next = received.Earlier
		received, err = w.pushes.ReceivedPush(ctx, next)
	}
	if err != nil || received.Processed {
		return false, err
	}
	update, err := w.update(ctx, received)
	if err != nil {
		return false, fmt.Errorf("push %d: %w", next, err)
	}
	update.PerHook = w.rules.PerHook
	err = w.pushes.Complete(ctx, next, update, w.now())
	if errors.Is(err, domain.Conflict) {
		return false, nil // one before it has appeared, and is next
	}
	return next == push, err
}

// occupy marks a repository as busy, or returns how long to wait while it is.
func (w *Worker) occupy(repository string) (wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting, isBusy := w.busy[repository]
	if !isBusy {
		w.busy[repository] = 0
		return 0
	}
	w.busy[repository] = waiting + 1
	return min(busyDelay+time.Duration(waiting)*busyShare, maxBusyDelay)
}

func (w *Worker) leave(repository string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, repository)
}

// update is empty unless the push was to the code of a project: wikis have no
// events.
func (w *Worker) update(ctx context.Context, push ReceivedPush) (ProjectUpdate, error) {
	repository, ok := source.ParseRepositoryID(push.Repository)
	if !ok || !repository.OfProject() {
		return ProjectUpdate{}, nil
	}
	standing, err := w.pushes.Standing(ctx, source.Inquiry{
		Claim: identity.ClaimIdentifier(push.Identifier), Target: source.Target{Repository: repository}, Refs: true, Now: w.now(),
	})
	if err != nil || !standing.Project.Known() {
		return ProjectUpdate{}, err
	}
	update := ProjectUpdate{Project: standing.Project.ID, ActiveAt: push.ReceivedAt}
	if repository.Kind != source.Code {
		return update, nil
	}
	p := pushWork{worker: w, push: push, standing: standing, changes: source.ParseReceivedChanges(push.Changes)}
	if err := p.refreshBranches(ctx, &update); err != nil {
		return ProjectUpdate{}, err
	}
	update.Deliveries, err = p.deliveries(ctx)
	return update, err
}

// pushWork is the work on one push to a project's code.
type pushWork struct {
	worker   *Worker
	push     ReceivedPush
	standing source.Standing
	changes  []source.Change
}

// goOnWithout says whether to go on after an error of history: the error is
// permanent, or the push is too old to be retried.
func (p *pushWork) goOnWithout(err error) bool {
	age := p.worker.now().Sub(p.push.ReceivedAt)
	switch kind, known := errors.AsType[domain.Kind](err); {
	case kind == domain.Unavailable:
		return age > historyTimeout
	case !known:
		return age > failureTimeout
	default:
		return true
	}
}

// refreshBranches updates the default branch, and whether there is any branch,
// after a push that created or deleted one.
func (p *pushWork) refreshBranches(ctx context.Context, update *ProjectUpdate) error {
	project := &p.standing.Project
	branchesChanged := slices.ContainsFunc(p.changes, func(c source.Change) bool {
		return c.Ref.Kind == source.Branch && (!c.Updates() || project.DefaultBranch == "")
	})
	if p.worker.history == nil || !branchesChanged {
		return nil
	}
	branch, err := p.worker.history.DefaultBranch(ctx, *project)
	var hasBranches bool
	if err == nil {
		hasBranches, err = p.worker.history.HasBranches(ctx, *project)
	}
	if err != nil {
		if p.goOnWithout(err) {
			return nil
		}
		return err
	}
	empty := !hasBranches
	update.Empty = &empty
	if branch != "" && branch != project.DefaultBranch {
		update.DefaultBranch, project.DefaultBranch = branch, branch
	}
	return nil
}

// deliveries returns the deliveries of the push, ref by ref.
func (p *pushWork) deliveries(ctx context.Context) (all []hooks.Delivery, err error) {
	sendable := hooks.Sendable(p.changes, p.worker.rules.HooksLimit)
	if len(sendable) == 0 {
		return nil, nil
	}
	projectHooks, err := p.worker.pushes.Hooks(ctx, p.standing.Project.ID)
	if err != nil {
		return nil, err
	}
	for _, change := range sendable {
		event := hooks.Delivery{EventID: p.worker.rules.NewID()}
		built := false
		for _, hook := range projectHooks {
			if !hook.Wants(change) {
				continue
			}
			if !built {
				if event.Event, err = p.event(ctx, change); err != nil {
					return nil, err
				}
				built = true
			}
			event.Hook, event.Key = hook, p.worker.rules.NewID()
			all = append(all, event)
		}
	}
	return all, nil
}

func (p *pushWork) event(ctx context.Context, change source.Change) (hooks.Event, error) {
	event := hooks.Event{
		Change: change, User: p.standing.Actor.User, Project: p.standing.Project, Options: p.push.Options,
		Protected: p.standing.Project.Protects(change.Ref),
	}
	event.Project.Protections = nil
	if change.Deletes() {
		return event, nil
	}
	event.Checkout = change.New
	if p.worker.history == nil {
		return event, nil
	}
	addHistory := p.addCommits
	if event.Tag() {
		addHistory = p.addTag
	}
	if err := addHistory(ctx, &event); err != nil && !p.goOnWithout(err) {
		return hooks.Event{}, err
	}
	return event, nil
}

func (p *pushWork) addCommits(ctx context.Context, event *hooks.Event) (err error) {
	event.Commits, event.Total, err = p.worker.history.History(ctx, event.Project, p.span(event.Change), hooks.MaxCommits)
	return err
}

// addTag adds the message of a tag and the commit that it leads to.
func (p *pushWork) addTag(ctx context.Context, event *hooks.Event) error {
	tag, err := p.worker.history.Tag(ctx, event.Project, event.Change.Ref.Name)
	switch {
	case errors.Is(err, domain.NotFound):
		tag.Commit = event.Change.New // the tag was deleted meanwhile, its object may exist
	case err != nil:
		return err
	case tag.Object != event.Change.New:
		tag = source.PeeledTag{Commit: event.Change.New} // the tag was moved meanwhile
	}
	event.Message, event.Checkout = tag.Message, tag.Commit
	if tag.Commit == "" {
		return nil // a tag of a tree or a blob
	}
	event.Commits, _, err = p.worker.history.History(ctx, event.Project, source.Span{To: string(tag.Commit)}, 1)
	event.Total = len(event.Commits)
	for _, commit := range event.Commits {
		event.Checkout = commit.ID // of a tag that is gone it may be a tag object
	}
	return err
}

// span returns the commits that the change of a branch adds: for a new branch, those that the
// default branch does not have.
func (p *pushWork) span(change source.Change) source.Span {
	span := source.Span{To: string(change.New)}
	base := source.Ref{Kind: source.Branch, Name: p.standing.Project.HeadBranch()}
	switch {
	case change.Updates():
		span.From = string(change.Old)
	case change.Ref != base:
		span.From = base.String()
	}
	return span
}
