// Package worldimport applies a world file: users, groups, projects and what
// belongs to them are created, or updated where they exist. It also says how what
// is kept is read as such a world.
package worldimport

import (
	"slices"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// World describes users, groups, projects and what belongs to them. References
// are by username or path; applying it creates what is missing and updates what
// exists.
type World struct {
	Users        []User
	Groups       []Group
	Projects     []Project
	Members      []Member
	Shares       []Share
	Keys         []Key
	DeployKeys   []DeployKey
	AccessTokens []AccessToken
	Agents       []Agent
	Broadcasts   []Broadcast
	Hooks        []Hook

	Subscriptions   []Subscription
	Packs           []MinutesPack
	Reconciliations []Reconciliation

	// Mistakes are what was found wrong when the world was read. With one an import
	// changes nothing, and looks for those that only the store can tell.
	Mistakes Mistakes
}

// FileLine is what every description has: the line it came from, 0 if it came
// from no file, for the messages about it.
type FileLine struct {
	Line int
	// Malformed descriptions have one of the world's Mistakes. They are not applied;
	// only what they refer to is looked up. Those that refer to them are not blamed,
	// and without a name any that is unknown may be theirs.
	Malformed bool
	// Given are the members that the entry has, also those that are null; nil for a
	// description that has every member. What a description leaves out of a row that
	// exists stays as it is.
	Given []GivenMember
}

// GivenMember is the name of a member of an entry with its line.
type GivenMember struct {
	Name string
	Line int
}

// MarkMalformed makes a description Malformed.
func (l *FileLine) MarkMalformed() { l.Malformed = true }

// SetGiven sets the members that the entry has; nil is none here.
func (l *FileLine) SetGiven(members []GivenMember) {
	if l.Given = members; members == nil {
		l.Given = []GivenMember{}
	}
}

// Gives says whether the description has a member of that name.
func (l FileLine) Gives(name string) bool {
	return l.Given == nil || slices.ContainsFunc(l.Given, func(m GivenMember) bool { return m.Name == name })
}

func (l FileLine) malformed() bool { return l.Malformed }

// lineOf returns the line of a member, or that of the entry if it has none of that name.
func (l FileLine) lineOf(name string) int {
	for _, m := range l.Given {
		if m.Name == name {
			return m.Line
		}
	}
	return l.Line
}

// User describes a user and their personal namespace. The natural key is the
// username.
type User struct {
	FileLine
	// User.ID is 0 for the next free number.
	User identity.User
	// Emails are all secondary e-mails. Their numbers and users are not read from here.
	Emails []identity.Email
	// NamespaceID is the personal namespace's number, 0 for the next free.
	NamespaceID source.NamespaceID
	// Profile is what is kept of the user beside that. Its UpdatedAt and LastActivityOn
	// are not read from here.
	Profile identity.Profile
	// CreatedBy is the username of Profile.CreatedBy, which is not read from here; empty
	// if it is not known who created the user.
	CreatedBy string
	// TOTPSecret is the secret of one-time passwords in base32, empty for none. No
	// store writes it to a disk as it is.
	TOTPSecret string
}

// Group describes a group; its parent is named by its path. The natural key is
// the path.
type Group struct {
	FileLine
	// Namespace.ID is 0 for the next free number.
	Namespace  source.Namespace
	Visibility source.Visibility
	// DefaultBranchProtection is nil for the instance's.
	DefaultBranchProtection *source.BranchProtection
	// PendingDelete hides every project below the group.
	PendingDelete bool
	// Profile is what is kept of the group beside that. Its UpdatedAt is not read from
	// here.
	Profile source.GroupProfile
}

// Project describes a project in the namespace of its path. The natural key is
// the path.
type Project struct {
	FileLine
	// Project.ID is 0 for the next free number. Root and Protections are not
	// read from here.
	Project       source.Project
	PendingDelete bool
	// Profile is what is kept of the project beside Project.
	Profile source.ProjectProfile
	// Creator is the username of Profile.Creator, which is not read from here; empty if
	// the creator is not known.
	Creator string
	// MovedFrom are paths of the past that lead here.
	MovedFrom []source.Path
	// Protections replace all that the project has; nil leaves a project as
	// it is, and gives a new one the protection of its default branch.
	Protections []Protection
	// ProtectDefault adds to Protections the one that a new project gets.
	ProtectDefault bool
}

// Protection describes a protected branch or tag.
type Protection struct {
	FileLine
	Kind           source.RefKind
	Pattern        source.Pattern
	AllowForcePush bool
	// Those of Unprotect are maintainers if it is empty.
	Push, Merge, Unprotect, Create []Access
}

// Entries returns where the entries of a verb are kept; nil for a verb that does not exist.
func (p *Protection) Entries(verb source.ProtectionVerb) *[]Access {
	switch verb {
	case source.PushVerb:
		return &p.Push
	case source.MergeVerb:
		return &p.Merge
	case source.UnprotectVerb:
		return &p.Unprotect
	case source.CreateVerb:
		return &p.Create
	}
	return nil
}

// Access describes one entry of a protection; exactly one of User, Group and
// DeployKey is set, or none of them for a role.
type Access struct {
	FileLine
	Role source.Role
	// User is a username, Group a path.
	User, Group string
	DeployKey   identity.KeyID
}

// Member describes a user's role in a group or in a project. The natural key
// is the user with the group or project.
type Member struct {
	FileLine
	User string
	// Group or Project is a path; the other is empty.
	Group, Project string
	Role           source.Role
	State          MemberState
	// ExpiresAt is the day with whose beginning the membership ends; zero for
	// never.
	ExpiresAt time.Time
	Creation
	// UpdatedAt is not read from here.
	UpdatedAt time.Time
}

// MemberState says whether a membership counts.
type MemberState = source.MemberState

// The states of a membership. Only active ones count.
const (
	MemberActive                = source.MemberActive
	MemberRequested MemberState = "requested"
	MemberInvited   MemberState = "invited"
	MemberAwaiting  MemberState = "awaiting"
)

// MemberStates lists every MemberState.
var MemberStates = []MemberState{MemberActive, MemberRequested, MemberInvited, MemberAwaiting}

// Share lends a group's members a role in another group or in a project, and
// no more than they have in their own. The natural key is all but the role.
type Share struct {
	FileLine
	// Group or Project is the path of what is shared; the other is empty.
	Group, Project string
	// With is the path of the group that gets access.
	With string
	// Role is the highest role that the share gives.
	Role source.Role
	// ExpiresAt is the day with whose beginning the share ends; zero for never.
	ExpiresAt time.Time
	Creation
}

// Creation says when a row was created, and by which user.
type Creation struct {
	// CreatedAt is zero if it is not known.
	CreatedAt time.Time
	// CreatedBy is the username of Creator, which is not read from a description; empty
	// if it is not known who created the row.
	CreatedBy string
	Creator   identity.UserID
}

// Key describes a user's SSH key. The natural key is the fingerprint.
type Key struct {
	FileLine
	User string
	// Key.ID is 0 for the next free number; Owner is not read from here.
	Key identity.Key
}

// DeployKey describes a deploy key. The natural key is the fingerprint.
type DeployKey struct {
	FileLine
	// Creator is a username; empty if the creator was deleted.
	Creator string
	// Key.ID is 0 for the next free number; Owner is not read from here.
	Key identity.Key
	// Projects are all on which the key is enabled.
	Projects []DeployKeyProject
}

// DeployKeyProject enables a deploy key on the project at Path.
type DeployKeyProject struct {
	FileLine
	Path    string
	CanPush bool
}

// AccessToken describes a personal access token. The natural key is the
// digest.
type AccessToken struct {
	FileLine
	User        string
	Name        string
	Description string
	Scopes      []string
	Digest      identity.TokenDigest
	// CreatedAt is zero if it is not known, ExpiresAt for a token that does not end.
	CreatedAt, ExpiresAt time.Time
	Revoked              bool
}

// Agent describes a Kubernetes agent. The natural key is its name within the
// project.
type Agent struct {
	FileLine
	// ID is 0 for the next free number.
	ID      int64
	Name    string
	Project string
	// CreatedBy is a username; empty if the creator was deleted.
	CreatedBy string
	// CreatedAt is zero if it is not known.
	CreatedAt time.Time
	Tokens    []AgentToken
}

// AgentToken describes a token of an agent. The natural key is the digest.
type AgentToken struct {
	FileLine
	Name        string
	Description string
	Digest      identity.TokenDigest
	Revoked     bool
	Creation
}

// Broadcast describes a broadcast message. The natural key is the message with
// its type and target path.
type Broadcast struct {
	FileLine
	Message string
	Type    BroadcastType
	// StartsAt and EndsAt are zero for always.
	StartsAt, EndsAt time.Time
	// TargetPath is empty for all projects.
	TargetPath source.Pattern
	// ShowInGit shows a banner after a push.
	ShowInGit bool
}

// BroadcastType says where a message is shown.
type BroadcastType string

// The types of broadcast. Notifications are never shown in Git.
const (
	BannerBroadcast       BroadcastType = "banner"
	NotificationBroadcast BroadcastType = "notification"
)

// BroadcastTypes lists every BroadcastType.
var BroadcastTypes = []BroadcastType{BannerBroadcast, NotificationBroadcast}
