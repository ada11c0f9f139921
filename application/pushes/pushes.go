package pushes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Bracket is what happens around a push. It is safe for concurrent use.
type Bracket struct {
	counters Counters
	journal  Journal
	scenes   Scenes
	notices  Notices
	rules    Rules
	now      application.Clock
}

// Rules are the instance's settings for pushes.
type Rules struct {
	// Expiry is how long a counter lives that nobody increases.
	Expiry time.Duration
	// FailOpen lets pushes go on that could not be counted.
	FailOpen bool
	// CloneURL returns where a project is cloned from over a protocol.
	CloneURL func(path string, protocol source.Protocol) string
	// WebURL returns where people look at a project.
	WebURL func(path string) string
	// MergeRequestURL returns where a merge request is made of a branch; nil if
	// nobody is to be invited to make one.
	MergeRequestURL func(path, branch string) string
}

// New makes a Bracket.
func New(counters Counters, journal Journal, scenes Scenes, notices Notices, rules Rules, now application.Clock) *Bracket {
	return &Bracket{counters, journal, scenes, notices, rules, now}
}

// Patience is how long each step of the work around a push may take: whoever
// waits for it has a repository locked.
const Patience = 15 * time.Second

// Healthy says whether pushes can be counted. It knows within three seconds.
func (b *Bracket) Healthy(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return b.counters.Ping(ctx) == nil
}

// PreReceive counts a push that is about to land. Whether it may go on is the
// answer; if it could not be counted, the error says why and is for the log
// only: false would decline the push without a word.
func (b *Bracket) PreReceive(ctx context.Context, repository string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if err := b.counters.Increase(ctx, repository, b.now(), b.rules.Expiry); err != nil {
		return b.rules.FailOpen, err
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

// Report is what there is to say after a push.
type Report struct {
	Messages []Message
	// Warning is everything that went wrong, for the log: the refs are
	// written, so that nothing may fail the call any more.
	Warning error
}

// PostReceive takes note of a push that landed: the counter goes down, the
// push is recorded, messages are collected. Its ReceivedAt is set here. It
// does as much of this as it can, also if the caller hangs up, and never fails.
func (b *Bracket) PostReceive(ctx context.Context, p Push) Report {
	ctx = context.WithoutCancel(ctx)
	p.ReceivedAt, p.Filled = b.now(), filled(p)
	// What would be lost for good comes first, and each has its own time: one
	// that waits in vain must not use up that of the others.
	recorded := patiently(ctx, func(ctx context.Context) error { return b.journal.Record(ctx, p) })
	counted := patiently(ctx, func(ctx context.Context) error { return b.counters.Decrease(ctx, p.Repository, p.ReceivedAt) })
	var messages []Message
	told := patiently(ctx, func(ctx context.Context) (err error) {
		messages, err = b.messages(ctx, p)
		return err
	})
	return Report{Messages: messages, Warning: errors.Join(recorded, counted, told)}
}

// filled is the project that is not empty after the push.
func filled(p Push) source.ProjectID {
	repository, ok := source.ParseRepositoryID(p.Repository)
	if !ok || repository.Kind != source.Code || !source.CreatesBranch(source.LandedChanges(p.Changes)) {
		return 0
	}
	return source.ProjectID(repository.ID)
}

func patiently(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	return do(ctx)
}

// messages are alerts first, the instance's before those on push options, then
// what is for this user alone. A repository without a project has none.
func (b *Bracket) messages(ctx context.Context, p Push) ([]Message, error) {
	repository, ok := source.ParseRepositoryID(p.Repository)
	if !ok || !repository.OfProject() {
		return nil, nil
	}
	scene, err := b.scenes.Scene(ctx, identity.ClaimIdentifier(p.Identifier), repository, p.ReceivedAt)
	if err != nil || !scene.Project.Known() {
		return nil, err
	}
	var messages []Message
	if banner, ok := source.PickBanner(scene.Banners, scene.Project.Path); ok {
		messages = append(messages, Message{banner, Alert})
	}
	if warning := optionsWarning(repository, p.Options); warning != "" {
		messages = append(messages, Message{warning, Alert})
	}
	for _, invitation := range b.invitations(p, scene, repository) {
		messages = append(messages, Message{invitation, Basic})
	}
	notice, err := b.notice(ctx, scene, repository, p.ReceivedAt)
	if notice != "" {
		messages = append(messages, Message{notice, Basic})
	}
	return messages, err
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

// mostInvitations bounds what a push of many branches prints.
const mostInvitations = 10

// invitations are to make merge requests of the branches of a push, but for
// the default one.
func (b *Bracket) invitations(p Push, scene Scene, repository source.RepositoryID) (texts []string) {
	if b.rules.MergeRequestURL == nil || repository.Kind != source.Code || !scene.Actor.Person().Known() {
		return nil
	}
	for _, change := range source.LandedChanges(p.Changes) {
		if change.Ref.Kind != source.Branch || change.Deletes() || change.Ref.Name == scene.Project.HeadBranch() {
			continue
		}
		if len(texts) == mostInvitations {
			break
		}
		texts = append(texts, fmt.Sprintf("Create a merge request for %s at:\n  %s", change.Ref.Name, b.rules.MergeRequestURL(scene.Project.Path, change.Ref.Name)))
	}
	return texts
}

// notice takes the notice that waits for the pusher and puts it into words.
func (b *Bracket) notice(ctx context.Context, scene Scene, repository source.RepositoryID, now time.Time) (string, error) {
	person := scene.Actor.Person()
	if !person.Known() {
		return "", nil
	}
	n, err := b.notices.Take(ctx, person.ID, repository, now)
	switch {
	case errors.Is(err, domain.NotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	url := b.rules.CloneURL(scene.Project.FullPath(repository.Kind), n.Protocol)
	if n.OldPath == "" {
		return fmt.Sprintf("The private project '%s' was created:\n\n  %s\n\nTo push there later on, add it as a remote:\n\n  git remote add origin %s\n",
			scene.Project.Path, b.rules.WebURL(scene.Project.Path), url), nil
	}
	return fmt.Sprintf("Project '%s' has moved to '%s'.\n\nPoint your remote at its new place:\n\n  git remote set-url origin %s\n",
		n.OldPath, scene.Project.FullPath(repository.Kind), url), nil
}
