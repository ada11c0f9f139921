package agents

import "gatehouse/domain/source"

// Access is the way in which others may reach the cluster of an agent.
type Access string

// The ways: of CI jobs, and of people.
const (
	CIAccess   Access = "ci_access"
	UserAccess Access = "user_access"
)

// AccessKind says whether an authorization is for a project or for a group.
type AccessKind string

// The kinds of access.
const (
	ProjectAccess AccessKind = "project"
	GroupAccess   AccessKind = "group"
)

// Authorization lets a project or a group into the cluster of an agent. Path is
// the one in the configuration, in lower case; it need not exist.
type Authorization struct {
	Access Access
	Kind   AccessKind
	Path   source.Path
}

// maxPath is more than any path of a group or project has, in bytes.
const maxPath = 2048

// Authorize makes an Authorization of what a configuration names; ok is false
// for a text that cannot be a path.
func Authorize(access Access, kind AccessKind, path string) (a Authorization, ok bool) {
	parsed, ok := source.ParsePath(path)
	return Authorization{access, kind, source.Path(parsed.Fold())}, ok && len(path) <= maxPath
}
