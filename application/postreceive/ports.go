package postreceive

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// ReceivedPush is a push that was recorded.
type ReceivedPush struct {
	// Repository, Identifier and Changes are as Gitaly sent them.
	Repository, Identifier, Changes string
	Options                         []string
	ReceivedAt                      time.Time
	// Processed says that the push is processed already.
	Processed bool
	// Earlier is the first push of the same repository that was received before this
	// one and is still to be processed: its job is neither over nor discarded. It is 0
	// if there is none.
	Earlier int64
}

// ProjectUpdate is what a push changes.
type ProjectUpdate struct {
	// Project is 0 if there is none; then only the push is marked as processed.
	Project source.ProjectID
	// ActiveAt is when the project was last active, unless it was later still.
	ActiveAt time.Time
	// DefaultBranch is empty to be left as it is.
	DefaultBranch string
	// Empty is nil to be left as it is.
	Empty *bool
	// Deliveries are to be made; of each hook only the ID is read.
	Deliveries []hooks.Delivery
	// PerHook is how many deliveries of a hook may be released.
	PerHook int
}

// DeliverWebhook is the kind of the job that sends a delivery; its subject is
// the delivery.
const DeliverWebhook application.JobKind = "deliver_webhook"

// Pushes keeps received pushes and knows their projects and hooks.
type Pushes interface {
	// ReceivedPush returns the push of that number, or domain.NotFound.
	ReceivedPush(ctx context.Context, push int64) (ReceivedPush, error)
	// Standing returns the pusher and the project, with its protections.
	Standing(ctx context.Context, q source.Inquiry) (source.Standing, error)
	// Hooks returns those of the project and of all groups above it, by number;
	// disabled ones are left out. They come without their URLs and tokens.
	Hooks(ctx context.Context, project source.ProjectID) ([]hooks.Hook, error)
	// Complete keeps the update and enqueues a job DeliverWebhook for each
	// delivery, in one transaction; hooks and projects that were deleted
	// meanwhile are left out. The jobs wait until they are released, and it releases
	// those that may go now. It does nothing for a push that is processed already,
	// and fails with domain.Conflict while there is an Earlier one.
	Complete(ctx context.Context, push int64, update ProjectUpdate, now time.Time) error
}

// History knows what is in a repository now. What is not there is
// domain.NotFound. An error of kind domain.Unavailable passes by itself, one of
// another kind does not, and one without a kind may.
type History interface {
	// DefaultBranch returns a short name, empty while there is no branch.
	DefaultBranch(ctx context.Context, p source.Project) (string, error)
	// HasBranches says whether there is any.
	HasBranches(ctx context.Context, p source.Project) (bool, error)
	// Tag returns a tag by its short name.
	Tag(ctx context.Context, p source.Project, name string) (source.PeeledTag, error)
	// History returns the newest commits of the span, limit at most, the oldest
	// of them first, and how many there are in all.
	History(ctx context.Context, p source.Project, span source.Span, limit int) ([]source.Commit, int, error)
}
