package pushes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Receiver handles pre-receive and post-receive. It is safe for concurrent use.
type Receiver struct {
	counters Counters
	recorder Recorder
	spool    Spool
	contexts PushContexts
	notices  Notices
	rules    Rules
	now      application.Clock
	arrivals arrivals
	outage   outage
}

// Rules are the instance's settings for pushes.
type Rules struct {
	// Expiry is how long a counter lives after it was last increased.
	Expiry time.Duration
	// FailOpen lets pushes go on that could not be counted.
	FailOpen bool
	// CountersApart says that the counters are not where pushes are recorded: a record
	// decreases none, and they can be decreased while no push can be recorded.
	CountersApart bool
	// NewID returns an EntryID that no other push has.
	NewID func() string
	// CloneURL returns where a project is cloned from over a protocol.
	CloneURL func(path string, protocol source.Protocol) string
	// WebURL returns where people look at a project.
	WebURL func(path string) string
	// MergeRequestURL returns where a merge request is made of a branch; nil if
	// messages do not link to one.
	MergeRequestURL func(path, branch string) string
	// HooksLimit is how many branches, and how many tags, one push may have for
	// hooks to receive events of them. With 0 hooks receive no events at all, which
	// no pusher is told.
	HooksLimit int
	// LogUnsent logs a push with refs of which hooks receive no events.
	LogUnsent func(Unsent)
}

// Unsent is a push of more refs than HooksLimit, of which hooks receive no events.
type Unsent struct {
	Repository string
	// User is empty if the pusher is not known.
	User string
	// Branches and Tags count the refs of which hooks receive no events; 0 if they
	// receive those, or want none.
	Branches, Tags int
	Limit          int
}

// New makes a Receiver.
func New(counters Counters, recorder Recorder, spool Spool, contexts PushContexts, notices Notices, rules Rules, now application.Clock) *Receiver {
	return &Receiver{
		counters: counters, recorder: recorder, spool: spool, contexts: contexts, notices: notices, rules: rules, now: now,
		arrivals: arrivals{last: map[string]chan struct{}{}},
	}
}

// StepTimeout is how long each step of the work around a push may take: Gitaly
// locks the repository meanwhile.
const StepTimeout = 15 * time.Second

// Healthy says whether pushes can be counted. It knows within three seconds.
func (r *Receiver) Healthy(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return r.counters.Ping(ctx) == nil
}

// PreReceive counts a push before Gitaly writes its refs. Whether it may go on
// is the answer; if it could not be counted, the error says why and is for the
// log only: false would decline the push without a word.
func (r *Receiver) PreReceive(ctx context.Context, repository string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, StepTimeout)
	defer cancel()
	if err := r.counters.Increase(ctx, repository, r.now(), r.rules.Expiry); err != nil {
		return r.rules.FailOpen, err
	}
	return true, nil
}

// MessageType is how Gitaly prints a message. It knows no other than these.
type MessageType string

// The types of message.
const (
	Basic MessageType = "basic"
	Alert MessageType = "alert"
)

// Message is a text for the terminal of the pusher.
type Message struct {
	Text string
	Type MessageType
}

// Report is the result of a push.
type Report struct {
	Messages []Message
	// Warning is everything that went wrong, for the log: the refs are
	// written, so that nothing may fail the call any more.
	Warning error
}

// PostReceive records a received push, decreases its counter and collects
// messages. Its EntryID and ReceivedAt are set here. A push that cannot be recorded
// waits in the spool, and so do later ones to the same repository: they are recorded
// in order. PostReceive does as much of all this as it can, also if the caller hangs
// up, and never fails.
func (r *Receiver) PostReceive(ctx context.Context, p Push) Report {
	ctx = context.WithoutCancel(ctx)
	p.EntryID, p.ReceivedAt = r.rules.NewID(), r.now()
	// The record comes first, since it cannot be repeated, and each step has its own
	// time: one that waits in vain must not use up that of the others.
	at, recordErr := r.record(ctx, p)
	countErr := within(ctx, r.outage.timeout(), func(ctx context.Context) error { return r.decrease(ctx, p, at) })
	var messages []Message
	messagesErr := within(ctx, r.outage.timeout(), func(ctx context.Context) (err error) {
		messages, err = r.messages(ctx, p)
		return err
	})
	return Report{Messages: messages, Warning: errors.Join(recordErr, countErr, messagesErr)}
}

// projectWithBranch returns the project that has a branch after the push; 0 if
// there is none.
func projectWithBranch(p Push) source.ProjectID {
	repository, ok := source.ParseRepositoryID(p.Repository)
	if !ok || repository.Kind != source.Code || !source.CreatesBranch(source.ParseReceivedChanges(p.Changes)) {
		return 0
	}
	return source.ProjectID(repository.ID)
}

func within(ctx context.Context, timeout time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return do(ctx)
}

// messages returns alerts first, the banner before the warning on push options,
// then links to merge requests, the user's notice, and that hooks receive no events. A repository without a
// project has none.
func (r *Receiver) messages(ctx context.Context, p Push) ([]Message, error) {
	repository, ok := source.ParseRepositoryID(p.Repository)
	if !ok || !repository.OfProject() {
		return nil, nil
	}
	changes := source.ParseReceivedChanges(p.Changes)
	manyRefs := repository.Kind == source.Code && r.rules.HooksLimit > 0 && len(hooks.Sendable(changes, r.rules.HooksLimit)) < len(changes)
	pushContext, err := r.contexts.PushContext(ctx, identity.ClaimIdentifier(p.Identifier), repository, manyRefs, p.ReceivedAt)
	if err != nil || !pushContext.Project.Known() {
		return nil, err
	}
	var messages []Message
	if banner, ok := source.PickBanner(pushContext.Banners, pushContext.Project.Path); ok {
		messages = append(messages, Message{banner, Alert})
	}
	if warning := optionsWarning(repository, p.Options); warning != "" {
		messages = append(messages, Message{warning, Alert})
	}
	for _, link := range r.mergeRequestLinks(changes, pushContext, repository) {
		messages = append(messages, Message{link, Basic})
	}
	notice, err := r.notice(ctx, pushContext, repository, p.ReceivedAt)
	if notice != "" {
		messages = append(messages, Message{notice, Basic})
	}
	if unsent := r.unsent(p, changes, pushContext); unsent != "" {
		messages = append(messages, Message{unsent, Basic})
	}
	return messages, err
}

// unsent logs a push with refs of which hooks receive no events, and returns what to
// tell the pusher; nothing if hooks receive all that they want.
func (r *Receiver) unsent(p Push, changes []source.Change, pushContext PushContext) string {
	limit := r.rules.HooksLimit
	branches, tags := hooks.Unsent(changes, limit, pushContext.Hooks)
	var refs []string
	if branches > 0 {
		refs = append(refs, fmt.Sprintf("%d branches", branches))
	}
	if tags > 0 {
		refs = append(refs, fmt.Sprintf("%d tags", tags))
	}
	if len(refs) == 0 {
		return ""
	}
	r.rules.LogUnsent(Unsent{p.Repository, pushContext.Actor.User.Username, branches, tags, limit})
	ofEach := ""
	if len(refs) > 1 {
		ofEach = " of each"
	}
	return fmt.Sprintf("Webhooks receive no events of the %s in this push, because there are more than %d%s.\n\nPush fewer at once next time, or ask an administrator to raise webhooks.push_limit.\n",
		strings.Join(refs, " and "), limit, ofEach)
}

// optionsWarning says what becomes of options about merge requests.
func optionsWarning(repository source.RepositoryID, texts []string) string {
	var given []string
	for _, option := range source.ParsePushOptions(texts) {
		if option.Namespace == source.MergeRequestOptions {
			given = append(given, option.String())
		}
	}
	switch {
	case len(given) == 0:
		return ""
	case repository.Kind != source.Code:
		return "WARNING: " + strings.Join(given, ", ") + ": push options are supported for projects only."
	default:
		return "WARNING: " + strings.Join(given, ", ") + ": merge request push options are not supported."
	}
}

// maxLinks bounds what a push of many branches prints.
const maxLinks = 10

// mergeRequestLinks returns links to create a merge request for each branch of
// a push except the default branch.
func (r *Receiver) mergeRequestLinks(changes []source.Change, pushContext PushContext, repository source.RepositoryID) (texts []string) {
	if r.rules.MergeRequestURL == nil || repository.Kind != source.Code || !pushContext.Actor.Person().Known() {
		return nil
	}
	for _, change := range changes {
		if change.Ref.Kind != source.Branch || change.Deletes() || change.Ref.Name == pushContext.Project.HeadBranch() {
			continue
		}
		if len(texts) == maxLinks {
			break
		}
		texts = append(texts, fmt.Sprintf("Create a merge request for %s at:\n  %s", change.Ref.Name, r.rules.MergeRequestURL(pushContext.Project.Path, change.Ref.Name)))
	}
	return texts
}

// notice takes the pusher's notice and returns its text.
func (r *Receiver) notice(ctx context.Context, pushContext PushContext, repository source.RepositoryID, now time.Time) (string, error) {
	person := pushContext.Actor.Person()
	if !person.Known() {
		return "", nil
	}
	n, err := r.notices.Take(ctx, person.ID, repository, now)
	switch {
	case errors.Is(err, domain.NotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	url := r.rules.CloneURL(pushContext.Project.FullPath(repository.Kind), n.Protocol)
	if n.OldPath == "" {
		return fmt.Sprintf("The private project '%s' was created:\n\n  %s\n\nTo push there later on, add it as a remote:\n\n  git remote add origin %s\n",
			pushContext.Project.Path, r.rules.WebURL(pushContext.Project.Path), url), nil
	}
	return source.MovedMessage(n.OldPath, pushContext.Project.FullPath(repository.Kind), url), nil
}
