package directory

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Registry is where a world is kept, within one transaction. Every Put creates
// a row, or updates the one that has the same number or, if no number is
// given, the same natural key; it returns the row's number. A Put that would
// give two rows the same unique value fails with domain.Conflict and leaves
// the transaction usable. Names and paths are compared without regard to
// letter case.
type Registry struct {
	Users       Users
	Namespaces  Namespaces
	Projects    Projects
	Keys        Keys
	Credentials Credentials
}

// Registries is a unit of work on a Registry.
type Registries = application.UnitOfWork[Registry]

// Users keeps users.
type Users interface {
	// UserID returns the number of the user of that name, or domain.NotFound.
	UserID(ctx context.Context, username string) (identity.UserID, error)
	// PutUser keeps the user and the personal namespace, whose path is the
	// username. It conflicts with a group of that path.
	PutUser(ctx context.Context, u User) (identity.UserID, error)
	// GhostID returns the ghost user's number and makes that user if needed,
	// under the name "ghost", or "ghost1", "ghost2" and so on where taken.
	GhostID(ctx context.Context) (identity.UserID, error)
}

// Namespaces keeps groups, who belongs to them, and what is said to everybody.
type Namespaces interface {
	// GroupID returns the number of the group at path, or domain.NotFound.
	GroupID(ctx context.Context, path string) (source.NamespaceID, error)
	// PutGroup keeps a group below the group that its path names; that one
	// missing is domain.NotFound. A new path moves all that is below along.
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
	// here from wherever they led, and one that becomes a project's own path
	// leads nowhere else any more. It says whether the project is new.
	PutProject(ctx context.Context, p Project) (id source.ProjectID, fresh bool, err error)
	// PutProtections replaces the protections of the project.
	PutProtections(ctx context.Context, id source.ProjectID, protections []source.Protection) error
}

// Keys keeps SSH keys.
type Keys interface {
	// PutKey keeps a user's key or a deploy key; key.Owner exists. A stamp of
	// its last use stays.
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
	// List returns all records of a thing, ordered by their first fields. It
	// fails with domain.NotFound for a thing that is not among Things. Counters
	// that have expired at now are left out. No secret and no digest is in any
	// record.
	List(ctx context.Context, thing string, now time.Time) ([]Record, error)
}

// Things are the names that Inventory knows, with the fields of their records.
var Things = map[string][]string{
	"users":         {"id", "username", "name", "email", "state", "type", "admin", "external", "namespace_id"},
	"groups":        {"id", "path", "visibility", "protocols", "allowed_ips"},
	"projects":      {"id", "path", "visibility", "archived", "read_only", "repository", "wiki", "default_branch", "empty", "storage"},
	"members":       {"user", "group", "project", "role", "state", "expires_at"},
	"shares":        {"group", "project", "with", "role", "expires_at"},
	"keys":          {"id", "type", "title", "fingerprint", "usage", "owner", "expires_at", "last_used_at"},
	"protections":   {"project", "kind", "name", "allow_force_push", "push", "merge", "create"},
	"counters":      {"gl_repository", "value"},
	"pushes":        {"id", "gl_repository", "identifier", "changes", "push_options", "received_at"},
	"access-tokens": {"id", "user", "name", "scopes", "expires_at", "revoked", "last_used_at"},
	"agents":        {"id", "name", "project_id", "has_vulnerabilities"},
	"agent-tokens":  {"agent_id", "name", "revoked", "last_used_at"},
	"broadcasts":    {"id", "message", "type", "starts_at", "ends_at", "target_path"},
}
