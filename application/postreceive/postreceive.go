// Package postreceive does what a push entails once it has landed: the project
// notes that it is alive, and those who asked for it are told.
package postreceive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Desk works on pushes that landed. It is safe for concurrent use.
type Desk struct {
	records Records
	history History
	rules   Rules
	now     application.Clock
}

// Rules are the instance's settings.
type Rules struct {
	// HooksLimit is how many branches, and how many tags, one push may have for
	// hooks to hear of them.
	HooksLimit int
	// NewID makes names that nobody else has.
	NewID func() string
}

// New makes a Desk. Without a history, which may be nil, events tell no
// commits, and the default branch stays what it is.
func New(records Records, history History, rules Rules, now application.Clock) *Desk {
	return &Desk{records, history, rules, now}
}

// historyPatience is how long after a push its history is asked for in vain;
// then events go without commits rather than never.
const historyPatience = time.Hour

// Received does the job on a push that was received.
func (d *Desk) Received(ctx context.Context, push int64) error {
	landed, err := d.records.Landed(ctx, push)
	switch {
	case errors.Is(err, domain.NotFound):
		return application.Hopeless{Reason: err}
	case err != nil || landed.Settled:
		return err
	}
	outcome, err := d.outcome(ctx, landed)
	if err != nil {
		return fmt.Errorf("push %d: %w", push, err)
	}
	return d.records.Settle(ctx, push, outcome, d.now())
}

// outcome is empty where no project's code was pushed: of wikis nobody hears.
func (d *Desk) outcome(ctx context.Context, landed Landed) (Outcome, error) {
	repository, ok := source.ParseRepositoryID(landed.Repository)
	if !ok || !repository.OfProject() {
		return Outcome{}, nil
	}
	standing, err := d.records.Standing(ctx, source.Inquiry{
		Claim: identity.ClaimIdentifier(landed.Identifier), Target: source.Target{Repository: repository}, Refs: true, Now: d.now(),
	})
	if err != nil || !standing.Project.Known() {
		return Outcome{}, err
	}
	outcome := Outcome{Project: standing.Project.ID, ActiveAt: landed.ReceivedAt}
	if repository.Kind != source.Code {
		return outcome, nil
	}
	p := pushed{desk: d, landed: landed, standing: standing, changes: source.ParseReceivedChanges(landed.Changes)}
	if err := p.refresh(ctx, &outcome); err != nil {
		return Outcome{}, err
	}
	outcome.Deliveries, err = p.deliveries(ctx)
	return outcome, err
}

// pushed is the work on one push to a project's code.
type pushed struct {
	desk     *Desk
	landed   Landed
	standing source.Standing
	changes  []source.Change
}

// unknown says whether to go on without an answer of history: one that will not
// come, or did not for too long.
func (p *pushed) unknown(err error) bool {
	return !errors.Is(err, domain.Unavailable) || p.desk.now().Sub(p.landed.ReceivedAt) > historyPatience
}

// refresh looks whether the default branch is another one, and whether there
// is any branch, after a push that made or removed one.
func (p *pushed) refresh(ctx context.Context, o *Outcome) error {
	project := &p.standing.Project
	moved := slices.ContainsFunc(p.changes, func(c source.Change) bool {
		return c.Ref.Kind == source.Branch && (!c.Updates() || project.DefaultBranch == "")
	})
	if p.desk.history == nil || !moved {
		return nil
	}
	branch, err := p.desk.history.DefaultBranch(ctx, *project)
	var has bool
	if err == nil {
		has, err = p.desk.history.HasBranches(ctx, *project)
	}
	if err != nil {
		if p.unknown(err) {
			return nil
		}
		return err
	}
	empty := !has
	o.Empty = &empty
	if branch != "" && branch != project.DefaultBranch {
		o.DefaultBranch, project.DefaultBranch = branch, branch
	}
	return nil
}

// deliveries are those to make, ref by ref.
func (p *pushed) deliveries(ctx context.Context) (all []hooks.Delivery, err error) {
	sendable := hooks.Sendable(p.changes, p.desk.rules.HooksLimit)
	if len(sendable) == 0 {
		return nil, nil
	}
	listening, err := p.desk.records.Hooks(ctx, p.standing.Project.ID)
	if err != nil {
		return nil, err
	}
	for _, change := range sendable {
		event := hooks.Delivery{EventID: p.desk.rules.NewID()}
		told := false
		for _, hook := range listening {
			if !hook.Wants(change) {
				continue
			}
			if !told {
				if event.Event, err = p.event(ctx, change); err != nil {
					return nil, err
				}
				told = true
			}
			event.Hook, event.Key = hook, p.desk.rules.NewID()
			all = append(all, event)
		}
	}
	return all, nil
}

func (p *pushed) event(ctx context.Context, change source.Change) (hooks.Event, error) {
	event := hooks.Event{
		Change: change, User: p.standing.Actor.User, Project: p.standing.Project, Options: p.landed.Options,
		Protected: slices.ContainsFunc(p.standing.Project.Protections, func(r source.Protection) bool {
			return r.Kind == change.Ref.Kind && r.Pattern.Covers(change.Ref.Name)
		}),
	}
	event.Project.Protections = nil
	if change.Deletes() {
		return event, nil
	}
	event.Checkout = change.New
	if p.desk.history == nil {
		return event, nil
	}
	limit := hooks.MostCommits
	if event.Tag() {
		limit = 1 // the commit that the tag is on
	}
	commits, total, err := p.desk.history.History(ctx, event.Project, p.span(change), limit)
	switch {
	case err == nil:
	case p.unknown(err):
		return event, nil
	default:
		return hooks.Event{}, err
	}
	event.Commits, event.Total = commits, total
	if event.Tag() {
		event.Total = len(commits)
		for _, commit := range commits {
			event.Checkout = commit.ID // the tag may be an object of its own
		}
	}
	return event, nil
}

// span is what is new by a change: of a new branch, what the default branch
// does not have.
func (p *pushed) span(change source.Change) source.Span {
	span := source.Span{To: string(change.New)}
	base := source.Ref{Kind: source.Branch, Name: p.standing.Project.HeadBranch()}
	switch {
	case change.Ref.Kind == source.Tag:
	case change.Updates():
		span.From = string(change.Old)
	case change.Ref != base:
		span.From = base.String()
	}
	return span
}
