package worldimport

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Registry is where a world is kept, within one transaction. Every Put creates
// a row, or updates the one that has the same number or, if no number is
// given, the same natural key; it returns the row's number. A Put that would
// give two rows the same unique value fails with domain.Conflict, one that
// refers to what does not exist with domain.NotFound; both leave the
// transaction usable. Names and paths are compared without regard to letter
// case, and a path belongs to one user, group or project. Moments are kept to
// the microsecond, days in UTC.
type Registry struct {
	Users       Users
	Namespaces  Namespaces
	Projects    Projects
	Keys        Keys
	Credentials Credentials
	Work        Work
	Hooks       Hooks
	Sold        Sold
}

// Registries is a unit of work on a Registry.
type Registries = application.UnitOfWork[Registry]

// Work is what a transaction leaves to be done.
type Work interface {
	// Leave keeps the job if the transaction succeeds, and only then.
	Leave(ctx context.Context, job application.Job) error
}

// Users keeps users.
type Users interface {
	// UserID returns the number of the user of that name, or domain.NotFound.
	UserID(ctx context.Context, username string) (identity.UserID, error)
	// PutUser keeps the user and the personal namespace, whose path is the
	// username: a new name moves its projects along. The credentials' version
	// is 1 at first and never goes back; a user without a second factor has no
	// recovery codes and no sessions either, and what was tried is forgotten.
	// It conflicts with a group of that path, and where the namespace has
	// another number than the one that is given.
	PutUser(ctx context.Context, u User) (identity.UserID, error)
	// GhostID returns the ghost user's number and makes that user if needed,
	// under the name "ghost", or "ghost1", "ghost2" and so on where taken. It
	// is active, called "Ghost User", and has no e-mail address.
	GhostID(ctx context.Context) (identity.UserID, error)
}

// Namespaces keeps groups, who belongs to them, and what is said to everybody.
type Namespaces interface {
	// GroupID returns the number of the group at path, or domain.NotFound.
	GroupID(ctx context.Context, path string) (source.NamespaceID, error)
	// PutGroup keeps a group below the group that its path names; that one
	// missing is domain.NotFound. A new path moves all that is below along;
	// one below the group itself is domain.Conflict. Of the path only the last
	// segment is taken as it is written, the rest is the parent's.
	PutGroup(ctx context.Context, g Group) (source.NamespaceID, error)
	// PutMember keeps a membership; user and holder exist.
	PutMember(ctx context.Context, user identity.UserID, in Holder, m Member) error
	// PutShare keeps a share; holder and group exist.
	PutShare(ctx context.Context, in Holder, with source.NamespaceID, s Share) error
	// PutBroadcast keeps a message.
	PutBroadcast(ctx context.Context, b Broadcast) error
}

// Holder is what has members: a group or a project; the other is 0.
type Holder struct {
	Group   source.NamespaceID
	Project source.ProjectID
}

// Projects keeps projects.
type Projects interface {
	// ProjectID returns the number of the project that now has that path, or
	// domain.NotFound.
	ProjectID(ctx context.Context, path string) (source.ProjectID, error)
	// PutProject keeps a project in the group or personal namespace that its
	// path names; that one missing is domain.NotFound. Paths of the past move
	// here from wherever they led; one that is or becomes a project's own path,
	// however that happens, leads nowhere else. It says whether the project is
	// new.
	PutProject(ctx context.Context, p Project) (id source.ProjectID, fresh bool, err error)
	// PutProtections replaces the protections of the project. Two of one kind
	// and pattern conflict. The entries of each keep their order.
	PutProtections(ctx context.Context, id source.ProjectID, protections []source.Protection) error
}

// Keys keeps SSH keys.
type Keys interface {
	// PutKey keeps a user's key or a deploy key; key.Owner exists, and is 0 for
	// a deploy key whose creator is gone. The time of its creation and the
	// stamp of its last use stay. A user's key and a deploy key of one number
	// or fingerprint conflict.
	PutKey(ctx context.Context, key identity.Key) (identity.KeyID, error)
	// EnableKey replaces the projects on which a deploy key is enabled; the
	// value says whether it may push.
	EnableKey(ctx context.Context, id identity.KeyID, projects map[source.ProjectID]bool) error
	// DeployKeyExists says whether a deploy key has that number.
	DeployKeyExists(ctx context.Context, id identity.KeyID) (bool, error)
}

// Credentials keeps the digests of tokens. Only the digest is kept.
type Credentials interface {
	// PutAccessToken keeps a token of the user.
	PutAccessToken(ctx context.Context, user identity.UserID, t AccessToken) error
	// PutAgent keeps an agent of the project with its tokens; createdBy may
	// be 0. Tokens that are not named stay.
	PutAgent(ctx context.Context, project source.ProjectID, createdBy identity.UserID, a Agent) error
}

// Hooks keeps where events are sent.
type Hooks interface {
	// PutHook keeps a hook of a holder that exists. The natural key is the
	// holder with the URL, which minds letter case. How it did lately stays.
	PutHook(ctx context.Context, in Holder, h hooks.Hook) error
}

// Field is one member of a Record.
type Field struct {
	Name string
	// Value is nil, bool, int64, string, []string or time.Time (in UTC).
	Value any
}

// Record is one row as it is shown: its fields in a fixed order.
type Record []Field

// Inventory reads back what is kept.
type Inventory interface {
	// List returns all records of a thing, ordered by their fields from the
	// first on: texts byte by byte, nil before everything. It fails with
	// domain.NotFound for a thing that is not among Things. Counters that have
	// expired at now are left out. No secret and no digest is in any record.
	// A user, group or project is shown by name or path, a role by its word, an
	// entry of a protection as "maintainer", "admin" (for AdminsOnly),
	// "user:dev", "group:acme" or "deploy_key:7". A moment, a reference or a
	// number that is absent is nil; a list without entries is empty, not nil. The
	// state of a job is waiting, running, completed or discarded; that of a hook
	// active, paused or disabled. Of the URL of a hook user and query are hidden.
	List(ctx context.Context, thing string, now time.Time) ([]Record, error)
}

// Things are the names that Inventory knows, with the fields of their records.
var Things = map[string][]string{
	"users":         {"id", "username", "name", "email", "state", "type", "admin", "external", "namespace_id"},
	"groups":        {"id", "path", "visibility", "protocols", "allowed_ips"},
	"projects":      {"id", "path", "visibility", "archived", "read_only", "repository", "wiki", "default_branch", "empty", "storage", "last_activity_at"},
	"members":       {"user", "group", "project", "role", "state", "expires_at"},
	"shares":        {"group", "project", "with", "role", "expires_at"},
	"keys":          {"id", "type", "title", "fingerprint", "usage", "owner", "expires_at", "last_used_at"},
	"protections":   {"project", "kind", "name", "allow_force_push", "push", "merge", "create"},
	"counters":      {"gl_repository", "value"},
	"pushes":        {"id", "gl_repository", "identifier", "changes", "push_options", "received_at"},
	"jobs":          {"id", "kind", "subject", "state", "attempt", "due_at", "last_error"},
	"access-tokens": {"id", "user", "name", "scopes", "expires_at", "revoked", "last_used_at"},
	"audit":         {"id", "at", "action", "verb", "protocol", "gl_repository", "username", "key_id", "ip_address"},
	"broadcasts":    {"id", "message", "type", "starts_at", "ends_at", "target_path"},
	"hooks": {
		"id", "group", "project", "url", "push_events", "tag_push_events", "branch_filter", "enable_ssl_verification",
		"state", "failures", "paused_until", "last_status", "last_at",
	},

	"agents":               {"id", "name", "project_id", "has_vulnerabilities"},
	"agent-tokens":         {"agent_id", "name", "revoked", "last_used_at"},
	"agent-authorizations": {"agent_id", "access", "holder", "path"},
	"usage":                {"name", "value"},
	"findings": {
		"uuid", "project_id", "agent_id", "author", "state", "severity", "confidence", "title", "report_type",
		"resolved_on_default_branch", "scanner", "identifiers", "location",
	},

	"subscriptions": {
		"namespace_id", "plan_code", "start_date", "end_date", "seats", "seats_in_use", "max_seats_used", "seats_owed", "auto_renew", "trial",
		"trial_starts_on", "trial_ends_on", "trial_extension_type", "max_seats_used_changed_at", "updated_at",
	},
	"subscription-history": {
		"id", "changed_at", "namespace_id", "plan_code", "start_date", "end_date", "seats", "seats_in_use", "max_seats_used", "seats_owed",
		"auto_renew", "trial", "trial_starts_on", "trial_ends_on", "trial_extension_type", "max_seats_used_changed_at", "updated_at",
	},
	"packs":           {"namespace_id", "purchase_xid", "number_of_minutes", "expires_at"},
	"reconciliations": {"namespace_id", "next_reconciliation_date", "display_alert_from", "updated_at"},
}
