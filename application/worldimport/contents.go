package worldimport

import (
	"context"
	"iter"
)

// Snapshot calls do with all that is kept of what a world describes, as of one moment:
// others go on writing meanwhile. It returns the error of do. With secrets, those of
// one-time passwords and of hooks are opened; without them, and where one cannot be
// opened, a TOTPSecret or a token is NoSecret, and the URL of a hook is as
// hooks.Hook.DisplayURL shows it.
type Snapshot func(ctx context.Context, secrets bool, do func(Contents) error) error

// Contents reads rows as a world describes them: with usernames and full paths, with the
// numbers of those that have any, and with every member. Each method yields all rows of a
// kind in the order of their numbers, a few of which are in memory at once. An error is
// the last that it yields. One must end before the next one begins.
type Contents struct {
	Tree   TreeContents
	People PeopleContents
	Others OtherContents
}

// TreeContents reads groups, projects and what belongs to them.
type TreeContents interface {
	// Groups yields the groups.
	Groups(ctx context.Context) iter.Seq2[Group, error]
	// Projects yields the projects with all paths of the past and all protections. The
	// entries of each protection keep their order.
	Projects(ctx context.Context) iter.Seq2[Project, error]
	// Members yields the memberships in groups and then those in projects, of each in the
	// order of the users' numbers.
	Members(ctx context.Context) iter.Seq2[Member, error]
	// Shares yields the shares of groups and then those of projects, of each in the order
	// of the numbers of the groups that get access.
	Shares(ctx context.Context) iter.Seq2[Share, error]
	// Hooks yields the hooks without their health.
	Hooks(ctx context.Context) iter.Seq2[Hook, error]
}

// PeopleContents reads users and the credentials of users and machines.
type PeopleContents interface {
	// Users yields the users.
	Users(ctx context.Context) iter.Seq2[User, error]
	// Keys yields the keys of users.
	Keys(ctx context.Context) iter.Seq2[Key, error]
	// DeployKeys yields the deploy keys with their projects, in the order of the projects'
	// numbers.
	DeployKeys(ctx context.Context) iter.Seq2[DeployKey, error]
	// AccessTokens yields the personal access tokens.
	AccessTokens(ctx context.Context) iter.Seq2[AccessToken, error]
	// Agents yields the agents with their tokens.
	Agents(ctx context.Context) iter.Seq2[Agent, error]
}

// OtherContents reads broadcast messages, and what was sold to namespaces.
type OtherContents interface {
	// Broadcasts yields the broadcast messages.
	Broadcasts(ctx context.Context) iter.Seq2[Broadcast, error]
	// Subscriptions yields the subscriptions in the order of their namespaces' numbers.
	Subscriptions(ctx context.Context) iter.Seq2[Subscription, error]
	// Packs yields the packs in the order of their namespaces' numbers, those of one byte
	// by byte by their purchases.
	Packs(ctx context.Context) iter.Seq2[MinutesPack, error]
	// Reconciliations yields the reconciliations in the order of their namespaces' numbers.
	Reconciliations(ctx context.Context) iter.Seq2[Reconciliation, error]
}
