package postreceive

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// Landed is a push that was recorded.
type Landed struct {
	// Repository, Identifier and Changes are as Gitaly told them.
	Repository, Identifier, Changes string
	Options                         []string
	ReceivedAt                      time.Time
	// Settled says that its outcome was kept before.
	Settled bool
}

// Outcome is what there is to keep after a push.
type Outcome struct {
	// Project is 0 where there is none, and then only the push is settled.
	Project source.ProjectID
	// ActiveAt is when the project was last active, unless it was later still.
	ActiveAt time.Time
	// DefaultBranch is empty to be left as it is.
	DefaultBranch string
	// Empty is nil to be left as it is.
	Empty *bool
	// Deliveries are to be made; of each hook only the ID is read.
	Deliveries []hooks.Delivery
}

// Deliver is the job on a delivery.
const Deliver application.JobKind = "deliver_webhook"

// Records are the pushes, and what they have to do with.
type Records interface {
	// Landed returns the push of that number, or domain.NotFound.
	Landed(ctx context.Context, push int64) (Landed, error)
	// Standing returns who pushed and the project, with its protections.
	Standing(ctx context.Context, q source.Inquiry) (source.Standing, error)
	// Hooks returns those of the project and of all groups above it, by number;
	// disabled ones are left out. Their tokens are sealed.
	Hooks(ctx context.Context, project source.ProjectID) ([]hooks.Hook, error)
	// Settle keeps the outcome and leaves a job Deliver for each delivery whose
	// subject it is, in one transaction; hooks and projects that are gone
	// meanwhile are left out. It does nothing for a push that is settled.
	Settle(ctx context.Context, push int64, o Outcome, now time.Time) error
}

// History knows what is in a repository now. What is not there is
// domain.NotFound.
type History interface {
	// DefaultBranch returns a short name, empty while there is no branch.
	DefaultBranch(ctx context.Context, p source.Project) (string, error)
	// HasBranches says whether there is any.
	HasBranches(ctx context.Context, p source.Project) (bool, error)
	// History returns the newest commits of the span, limit at most, the oldest
	// of them first, and how many there are in all.
	History(ctx context.Context, p source.Project, span source.Span, limit int) ([]source.Commit, int, error)
}
