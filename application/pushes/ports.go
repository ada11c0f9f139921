// Package pushes handles pre-receive and post-receive: it counts running
// pushes, records received ones and collects messages for the pusher.
package pushes

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Counters knows how many pushes are under way in each repository. The names
// are taken as the caller gave them: wiki-7 and project-7-wiki are two.
type Counters interface {
	// Increase adds one and lets the counter live until expiry has passed from
	// now. A counter that has expired counts as zero. Concurrent calls all
	// count.
	Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error
	// Decrease takes one away and leaves the expiry alone. A counter that
	// would become negative, is missing or has expired is removed.
	Decrease(ctx context.Context, repository string, now time.Time) error
	// DecreaseOnce is Decrease for a push that may be decreased for again, also by
	// another process: of all calls for an entry one takes one away. From until on,
	// when the count of that push has expired, it does nothing.
	DecreaseOnce(ctx context.Context, repository, entry string, until, now time.Time) error
	// Ping fails if the counters cannot be reached.
	Ping(ctx context.Context) error
}

// Push is a received push, as Gitaly reports it. Texts are kept as they came.
type Push struct {
	// EntryID tells this push from all others; empty for none. It has letters,
	// digits and dashes alone.
	EntryID    string
	Repository string
	Identifier string
	Changes    string
	// Options are the "git push -o" options.
	Options    []string
	ReceivedAt time.Time
	// DecreaseAt is the time at which one is taken from the counter of Repository; zero
	// if none is.
	DecreaseAt time.Time
	// NonEmptyProject is the project that has a branch after this push; 0 if
	// the push creates and updates none.
	NonEmptyProject source.ProjectID
}

// Queue names the pushes among which this one keeps its place: those to the same
// repository, however its name is written.
func (p Push) Queue() string {
	if repository, ok := source.ParseRepositoryID(p.Repository); ok {
		return repository.String()
	}
	return p.Repository
}

// PushReceived is the kind of the job that processes a recorded push; its
// subject is the push.
const PushReceived application.JobKind = "push_received"

// Recorder keeps pushes for the worker of postreceive.
type Recorder interface {
	// Record keeps the push durably. In the same transaction NonEmptyProject, if
	// there is one, stops being empty, a job PushReceived is enqueued, and one is
	// taken from the counter as Counters.Decrease does at DecreaseAt. If a
	// push with that EntryID is recorded already it changes nothing and succeeds.
	// A push without an EntryID is recorded another time if called again.
	Record(ctx context.Context, p Push) error
}

// Spool keeps pushes that could not be recorded until they are.
type Spool interface {
	// Add keeps the push behind all that were added before. When it returns nil, the
	// push survives the end of the process and of the machine.
	Add(p Push) error
	// Waiting says whether there are pushes that are not recorded yet, and whether
	// one of them is in that queue. It costs no system call: what another process
	// adds or records it may learn a second later.
	Waiting(queue string) (others, same bool)
	// LogPush writes all of a push to the log, in the form of the spool, since it
	// could neither be recorded nor added.
	LogPush(p Push, why error)
}

// PushContext is the actor and project of a push, with the current banners.
type PushContext struct {
	// Actor is unknown if there is none behind the identifier.
	Actor identity.Actor
	// Project is unknown if there is none; only its ID, Path and DefaultBranch
	// are filled in.
	Project source.Project
	// Banners are the broadcast messages of type banner, for Git, that have
	// started and not ended; the latest start comes first, always comes last,
	// then the higher id.
	Banners []source.Banner
	// Hooks are those of the project and of all groups above it, without disabled
	// ones and in any order. Only what Hook.Wants reads is filled in, and of equal
	// hooks there is one.
	Hooks []hooks.Hook
}

// PushContexts looks up what the messages after a push depend on.
type PushContexts interface {
	// PushContext looks up the actor and the repository's project. What does not
	// exist, or is going to be deleted, is unknown in the answer, never an
	// error. Hooks are looked up only if withHooks.
	PushContext(ctx context.Context, claim identity.Claim, repository source.RepositoryID, withHooks bool, now time.Time) (PushContext, error)
}

// Notices keeps notices for users' next pushes.
type Notices interface {
	// Take removes the notice for that user and repository and returns it, or
	// domain.NotFound if there is none or it has expired at now. Of several
	// callers one gets it.
	Take(ctx context.Context, user identity.UserID, repository source.RepositoryID, now time.Time) (source.Notice, error)
}
