package worldimport

import (
	"context"
	"slices"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Tx keeps a world within one transaction. Every Put creates a row, or updates
// the one that has the same number or, if no number is given, the same natural
// key; it returns the row's number. A Put that would give two rows the same
// unique value fails with domain.Conflict, one that refers to what does not
// exist with domain.NotFound; both leave the transaction usable. Names and
// paths are compared without regard to letter case, and a path belongs to one
// user, group or project. Moments are kept to the microsecond, days in UTC.
type Tx struct {
	Users       Users
	Emails      Emails
	Namespaces  Namespaces
	Projects    Projects
	Keys        Keys
	Credentials Credentials
	Jobs        Jobs
	Hooks       Hooks
	Billing     Billing
	Audit       AuditLog
	Settings    Settings
	// Current and CurrentBilling read what the others keep.
	Current        Current
	CurrentBilling CurrentBilling
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Scratch calls do with a Tx on a copy of what is kept, which is thrown away
// afterwards, also when do succeeds: no other caller ever sees its changes. Others
// go on writing other rows meanwhile. It returns the error of do.
type Scratch func(ctx context.Context, do func(Tx) error) error

// Settings knows what administrators have set for the instance.
type Settings interface {
	// DefaultBranchProtection returns how default branches are protected where groups do not
	// say; nil for the configuration's.
	DefaultBranchProtection(ctx context.Context) (*source.BranchProtection, error)
}

// Jobs keeps the jobs that a transaction enqueues.
type Jobs interface {
	// Enqueue keeps the job if the transaction succeeds, and only then.
	Enqueue(ctx context.Context, job application.Job) error
}

// AuditLog keeps audit events.
type AuditLog interface {
	// Append keeps the events in their order if the transaction succeeds, and only then.
	Append(ctx context.Context, events ...audit.Event) error
}

// Users keeps users.
type Users interface {
	// ID returns the number of the user of that name, or domain.NotFound.
	ID(ctx context.Context, username string) (identity.UserID, error)
	// Current returns the user that Put would update, as it is kept, or
	// domain.NotFound; CreatedBy and LastActivityOn are not filled in. A TOTPSecret that cannot be opened is
	// NoSecret.
	Current(ctx context.Context, u User) (User, error)
	// Put keeps the user and the personal namespace, whose path is the
	// username: a new name moves its projects along, as PutGroup does. The credentials' version
	// is 1 at first and never goes back; a user without a second factor has no
	// recovery codes and no sessions, and its failed attempts are reset. A TOTPSecret
	// that is NoSecret stays as it is kept, and so does LastActivityOn; a public e-mail that is not the user's is none. It
	// conflicts with a group of that path, with another user of one of its e-mails, where the namespace has another
	// number than the one that is given, and where the kept user's type may not
	// become that of u. The user has the secondary e-mails of u and no others afterwards,
	// none that is the primary one; those that are kept keep their numbers and their times
	// of creation.
	Put(ctx context.Context, u User) (identity.UserID, error)
	// NamespaceOwner returns the user whose personal namespace has that number, or
	// domain.NotFound.
	NamespaceOwner(ctx context.Context, id source.NamespaceID) (identity.UserID, error)
	// GhostID returns the ghost user's number and makes that user if needed,
	// under the name "ghost", or "ghost1", "ghost2" and so on where taken. It
	// is active, called "Ghost User", and has no e-mail address. The name that it was
	// made under is returned too; empty if it was there.
	GhostID(ctx context.Context) (id identity.UserID, made string, err error)
}

// Emails finds users by their e-mails, primary and secondary ones. Letters A to Z are the same in either case; an
// empty e-mail is none, and any number of users may have none.
type Emails interface {
	// UserOfEmail returns the number of the user who has that e-mail, or
	// domain.NotFound.
	UserOfEmail(ctx context.Context, email string) (identity.UserID, error)
}

// Namespaces keeps groups, memberships, shares and broadcast messages.
type Namespaces interface {
	// GroupID returns the number of the group at path, or domain.NotFound.
	GroupID(ctx context.Context, path string) (source.NamespaceID, error)
	// PutGroup keeps a group below the group that its path names; it fails with
	// domain.NotFound if that does not exist. A new path moves all that is
	// below along, and the old path of each project below becomes one of its paths
	// of the past; one below the group itself is domain.Conflict. Of the path
	// only the last segment is taken as it is written, the rest is the
	// parent's.
	PutGroup(ctx context.Context, g Group) (source.NamespaceID, error)
	// PutMember keeps a membership; user and member source exist. One of a user
	// of type ghost is a domain.Conflict.
	PutMember(ctx context.Context, user identity.UserID, in source.MemberSource, m Member) error
	// PutShare keeps a share; member source and group exist.
	PutShare(ctx context.Context, in source.MemberSource, with source.NamespaceID, s Share) error
	// PutBroadcast keeps a message.
	PutBroadcast(ctx context.Context, b Broadcast) error
}

// Current reads what Namespaces and Hooks keep. Each method returns the row that
// their Put would update, as it is kept, or domain.NotFound.
type Current interface {
	// Group returns a group; its Path is whole.
	Group(ctx context.Context, g Group) (Group, error)
	// Member returns the membership of a user, without names and paths. Those are
	// CreatedBy too.
	Member(ctx context.Context, user identity.UserID, in source.MemberSource) (Member, error)
	// Share returns a share, without names and paths.
	Share(ctx context.Context, in source.MemberSource, with source.NamespaceID) (Share, error)
	// Broadcast returns a message.
	Broadcast(ctx context.Context, b Broadcast) (Broadcast, error)
	// Hook returns a hook without its health: that of the number or, if it is 0, of those
	// with the URL the one with the lowest number. A URL or token that cannot be opened is
	// NoSecret, headers or variables are NoValues.
	Hook(ctx context.Context, in source.MemberSource, h hooks.Hook) (KeptHook, error)
}

// CurrentBilling reads what Billing keeps. Each method fails with domain.NotFound if there
// is none.
type CurrentBilling interface {
	// Subscription returns the subscription of a namespace.
	Subscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error)
	// MinutesPack returns the pack of a purchase.
	MinutesPack(ctx context.Context, purchase string) (billing.MinutesPack, error)
	// Reconciliation returns the reconciliation of a namespace.
	Reconciliation(ctx context.Context, of source.NamespaceID) (billing.Reconciliation, error)
}

// NoSecret stands for a secret that is kept and is not known here. No secret equals
// it; to put it leaves the secret as it is kept.
const NoSecret = "\x00"

// NoValues does for the headers or variables of a hook what NoSecret does for a secret.
var NoValues = []hooks.KeyValue{{Value: NoSecret}}

// AreNoValues says whether values are NoValues.
func AreNoValues(values []hooks.KeyValue) bool { return slices.Equal(values, NoValues) }

// Projects keeps projects.
type Projects interface {
	// ID returns the number of the project that now has that path, or
	// domain.NotFound.
	ID(ctx context.Context, path string) (source.ProjectID, error)
	// Put keeps a project in the group or personal namespace that its
	// path names; it fails with domain.NotFound if that does not exist. The protections
	// stay. Paths
	// of the past, among them the one that it has had until now, move here from
	// wherever they led; one that is or becomes a project's own path, however that
	// happens, leads nowhere else. It says whether the project is new.
	Put(ctx context.Context, p Project) (id source.ProjectID, fresh bool, err error)
	// Current returns the project that Put would update, as it is kept, or
	// domain.NotFound. Project.Protections are all that it has, Protections, Creator and
	// Root are not filled in; MovedFrom are all paths of the past, in lower case. A push
	// that changes the project waits until the transaction ends.
	Current(ctx context.Context, p Project) (Project, error)
	// Redirect returns the project to which a path of the past leads, or
	// domain.NotFound.
	Redirect(ctx context.Context, path source.Path) (source.ProjectID, error)
	// PutProtections replaces the protections of the project. Two of one kind
	// and pattern conflict. The entries of each keep their order. One that was there with
	// the same pattern keeps its number, and its UpdatedAt unless it says something else;
	// the entries of a verb keep their numbers if they are the same.
	PutProtections(ctx context.Context, id source.ProjectID, protections []source.Protection) error
}

// Keys keeps SSH keys.
type Keys interface {
	// Put keeps a user's key or a deploy key; key.Owner exists, and is 0 for
	// a deploy key whose creator was deleted. A user's key of a user of type
	// ghost is a domain.Conflict. The time of its creation, the
	// stamp of its last use and its comment stay. A user's key and a deploy key of one number
	// or fingerprint conflict.
	Put(ctx context.Context, key identity.Key) (identity.KeyID, error)
	// Current returns the key that Put would update, as it is kept, or
	// domain.NotFound.
	Current(ctx context.Context, key identity.Key) (identity.Key, error)
	// Enabled returns the projects on which a deploy key is enabled, as Enable takes
	// them.
	Enabled(ctx context.Context, id identity.KeyID) (map[source.ProjectID]bool, error)
	// Enable replaces the projects on which a deploy key is enabled; the
	// value says whether it may push.
	Enable(ctx context.Context, id identity.KeyID, projects map[source.ProjectID]bool) error
	// DeployKeyExists says whether a deploy key has that number.
	DeployKeyExists(ctx context.Context, id identity.KeyID) (bool, error)
}

// Credentials keeps the digests of tokens. Only the digest is kept.
type Credentials interface {
	// PutAccessToken keeps a token of the user; one of a user of type ghost is a
	// domain.Conflict.
	PutAccessToken(ctx context.Context, user identity.UserID, t AccessToken) error
	// AccessToken returns the token of that digest, or domain.NotFound.
	AccessToken(ctx context.Context, digest identity.TokenDigest) (identity.AccessToken, error)
	// PutAgent keeps an agent of the project with its tokens; createdBy may
	// be 0. Tokens that are not named stay.
	PutAgent(ctx context.Context, project source.ProjectID, createdBy identity.UserID, a Agent) error
	// Agent returns the agent that PutAgent would update, or domain.NotFound.
	Agent(ctx context.Context, project source.ProjectID, a Agent) (KeptAgent, error)
	// AgentToken returns the token of that digest, whatever agent it belongs to, or
	// domain.NotFound.
	AgentToken(ctx context.Context, digest identity.TokenDigest) (KeptAgentToken, error)
}

// KeptAgent is an agent as it is kept.
type KeptAgent struct {
	ID        int64
	Name      string
	Project   source.ProjectID
	CreatedBy identity.UserID
	CreatedAt time.Time
}

// KeptAgentToken is a token of an agent as it is kept, without the username of its
// creator.
type KeptAgentToken struct {
	AgentToken
	Agent int64
}

// KeptHook is a hook as it is kept; In is what it belongs to.
type KeptHook struct {
	hooks.Hook
	In source.MemberSource
}

// Hooks keeps webhooks.
type Hooks interface {
	// Put keeps a hook of a member source that exists, under its number. With the number 0
	// it is, of those of the member source with the URL in its letter case, the one with the
	// lowest number, or a new one. The hook's health stays, and so do a token that is
	// NoSecret, and headers and variables that are NoValues. None of these, nor the URL, is
	// written to a disk as it is.
	Put(ctx context.Context, in source.MemberSource, h hooks.Hook) error
}
