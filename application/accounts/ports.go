// Package accounts creates, changes and shows users, their SSH keys and their access
// tokens, for the management API.
package accounts

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Tx keeps accounts within one transaction. Units of work run one after the other: what
// one has looked up stays true until it ends.
type Tx struct {
	Users    Users
	Projects Projects
	Names    Names
	Emails   Emails
	Keys     Keys
	Tokens   Tokens
	Audit    AuditLog
	Jobs     Jobs
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Users keeps users.
type Users interface {
	// Account returns the user of that number without LastActivityOn, or domain.NotFound.
	Account(ctx context.Context, id identity.UserID) (identity.Account, error)
	// PutAccount keeps the user with the personal namespace, whose path is the username,
	// and returns the number; with the number 0 the user is new. A new name moves the
	// projects of the namespace along, and the old path of each leads to it. The
	// credentials' version is 1 at first and never goes back; a user who has no second
	// factor any more has no recovery codes and no sessions. A name or an e-mail that
	// another user has, a name that is a group's path, or a type that the user's may not
	// become, is domain.Conflict. A secondary e-mail that becomes the primary one is no
	// secondary one any more, and a public one that is none of theirs is none. The secret of
	// one-time passwords, other secondary e-mails and LastActivityOn stay.
	PutAccount(ctx context.Context, a identity.Account) (identity.UserID, error)
	// Delete removes the user with the personal namespace and the projects in it, with
	// secondary e-mails, keys, tokens, memberships and entries of protections; deploy keys
	// stay without a creator. If remember is set, where the repositories of the projects lie
	// stays known until they are removed. domain.NotFound if there is no such user.
	Delete(ctx context.Context, id identity.UserID, remember bool) error
	// SoleOwner returns the full paths of the groups that have the user as their only
	// direct owner who is active, in alphabetical order.
	SoleOwner(ctx context.Context, id identity.UserID, now time.Time) ([]string, error)
	// OtherAdministrators says whether another user than that one is an administrator and
	// in the state active.
	OtherAdministrators(ctx context.Context, id identity.UserID) (bool, error)
}

// Projects keeps the projects of users.
type Projects interface {
	// Owned returns the projects in the personal namespace of a user, in the order of their
	// numbers. Only ID, Path, Visibility and Storage are filled in.
	Owned(ctx context.Context, user identity.UserID) ([]source.Project, error)
}

// Names knows which names are taken. Letter case does not count.
type Names interface {
	// EmailOwner returns the user who has that e-mail, as primary or secondary one; 0 for
	// none.
	EmailOwner(ctx context.Context, email string) (identity.UserID, error)
	// PathTaken says whether a group, user or project has that full path, and whether it
	// is a user.
	PathTaken(ctx context.Context, path string) (taken, user bool, err error)
	// HasAdministrator says whether an active user other than an internal account is an
	// administrator.
	HasAdministrator(ctx context.Context) (bool, error)
}

// Emails keeps the secondary e-mails of users.
type Emails interface {
	// AddEmail keeps a new e-mail of the user e.User, and returns its number. One that a user
	// has, as primary or secondary one and in any letter case, is domain.Conflict, and a user
	// who does not exist domain.NotFound.
	AddEmail(ctx context.Context, e identity.Email) (int64, error)
	// Emails returns those of a user, in the order of their numbers.
	Emails(ctx context.Context, user identity.UserID) ([]identity.Email, error)
	// RemoveEmail removes the e-mail of that number; domain.NotFound if there is none. A
	// public e-mail stays until PutAccount is called.
	RemoveEmail(ctx context.Context, id int64) error
}

// Keys keeps the SSH keys of users.
type Keys interface {
	// AddKey keeps a new key of the user key.Owner, and returns its number. The
	// fingerprint of another key, a deploy key's too, is domain.Conflict.
	AddKey(ctx context.Context, key identity.Key) (identity.KeyID, error)
	// Key returns a user's key, or domain.NotFound; also for a deploy key.
	Key(ctx context.Context, id identity.KeyID) (identity.Key, error)
	// RemoveKey removes a user's key; domain.NotFound if there is none.
	RemoveKey(ctx context.Context, id identity.KeyID) error
}

// Tokens keeps personal access tokens. Of their texts only the digests are kept.
type Tokens interface {
	// AddToken keeps a new token and returns its number. A Family of 0 becomes that
	// number.
	AddToken(ctx context.Context, t identity.AccessToken) (int64, error)
	// Token returns the token of that number, or domain.NotFound.
	Token(ctx context.Context, id int64) (identity.AccessToken, error)
	// TokenOf returns the token of that digest, or domain.NotFound.
	TokenOf(ctx context.Context, digest identity.TokenDigest) (identity.AccessToken, error)
	// RevokeTokens revokes the token of that number and, unless family is 0, the tokens of
	// that family. It returns the numbers of those that were not revoked before, in
	// ascending order.
	RevokeTokens(ctx context.Context, id, family int64) ([]int64, error)
}

// AuditLog keeps audit events.
type AuditLog interface {
	// Append keeps the events in their order if the transaction succeeds, and only then.
	Append(ctx context.Context, events ...audit.Event) error
}

// Jobs keeps the jobs that a transaction enqueues.
type Jobs interface {
	// Enqueue keeps the job if the transaction succeeds, and only then.
	Enqueue(ctx context.Context, job application.Job) error
}

// View is a user as the API shows them.
type View struct {
	identity.Account
	// Namespace is the number of the personal namespace.
	Namespace source.NamespaceID
	// Creator is who created the user; the zero User if that is not known.
	Creator identity.User
	// HighestRole is the highest of the direct memberships that count, or Owner if there
	// are personal projects.
	HighestRole source.Role
}

// Filter picks users: those that all of its members pick.
type Filter struct {
	// Username picks the user of that name, in any letter case.
	Username string
	// Search picks users whose name, username or public e-mail contains it, or whose primary
	// or a secondary e-mail equals it if Emails is set; in any letter case of A to Z.
	Search string
	// ExactFirst lets one whose username is Search come before all others, unless the page
	// is by Keyset.
	ExactFirst bool
	// Emails lets Search look at every e-mail, not at public ones alone.
	Emails bool
	// PublicEmail picks the user with that public e-mail, in any letter case of A to Z.
	PublicEmail string
	// Each of these, if not nil, picks the users of which it is true, or false. Internal are
	// the accounts of the instance, Bots the bots of projects and groups.
	Active, External, Admins, Humans, TwoFactor, Bots, Internal *bool
	// Blocked picks those in the states blocked and ldap_blocked.
	Blocked bool
	// CreatedAfter and CreatedBefore pick by the moment of creation, the moment itself
	// included; zero for none. Users without a moment are not picked.
	CreatedAfter, CreatedBefore time.Time
	// ExternUID and Provider pick by the remembered identity; empty for none.
	ExternUID, Provider string
}

// Membership is a direct membership of a user.
type Membership struct {
	In source.MemberSource
	// Name is that of the group or project.
	Name string
	Role source.Role
}

// Associations count what a user has direct memberships in.
type Associations struct{ Groups, Projects int64 }

// Records reads accounts. A membership counts at now if it is active, has not expired and
// gives more than Minimal.
type Records interface {
	// View returns the user of a claim by number or by name, or domain.NotFound.
	View(ctx context.Context, who identity.Claim, now time.Time) (View, error)
	// Views returns a page of the users that the filter picks. Page.Order is id, name,
	// username, created_at or updated_at; texts are ordered byte by byte in lower case,
	// and a user without a moment as if it were before all others.
	Views(ctx context.Context, f Filter, page application.Page, now time.Time) (application.Listed[View], error)
	// Memberships returns a page of the direct memberships of a user that count: those in
	// groups and then those in projects, each in the order of the groups' and projects'
	// numbers.
	Memberships(ctx context.Context, user identity.UserID, kind MembershipKind, page application.Page, now time.Time) (application.Listed[Membership], error)
	// Associations counts the direct memberships of a user that count.
	Associations(ctx context.Context, user identity.UserID, now time.Time) (Associations, error)
	// HasAdministrator says whether an active user other than an internal account is an
	// administrator.
	HasAdministrator(ctx context.Context) (bool, error)
}

// MembershipKind is what a membership is in, in GitLab's words; empty for both.
type MembershipKind string

// The kinds of memberships.
const (
	InGroups   MembershipKind = "Namespace"
	InProjects MembershipKind = "Project"
)

// MembershipKinds lists every MembershipKind.
var MembershipKinds = []MembershipKind{InGroups, InProjects}

// Of returns the kind of a membership.
func (m Membership) Of() MembershipKind {
	if m.In.Project != 0 {
		return InProjects
	}
	return InGroups
}

// KeyView is a key with what it belongs to.
type KeyView struct {
	identity.Key
	// Owner is the user of a user's key; the zero View for a deploy key.
	Owner View
	// Projects are those on which a deploy key is enabled, in the order of their numbers.
	Projects []DeployKeyProject
}

// KeyClaim names a key by the first of its members that is not zero.
type KeyClaim struct {
	ID          identity.KeyID
	Fingerprint identity.Fingerprint
	MD5         identity.MD5
}

// DeployKeyProject is a project on which a deploy key is enabled.
type DeployKeyProject struct {
	Project source.ProjectID
	CanPush bool
}

// TokenFilter picks personal access tokens: those that all of its members pick.
type TokenFilter struct {
	// User picks the tokens of that user; 0 for all.
	User identity.UserID
	// Revoked and Active pick, if not nil, those of which it is true, or false. A token is
	// active until it is revoked or has expired.
	Revoked, Active *bool
	// Search picks tokens whose name contains it, in any letter case of A to Z.
	Search string
	// Moments pick tokens after or before them, the moment itself included; the zero one
	// picks all. Tokens without the moment are not picked then.
	CreatedAfter, CreatedBefore, LastUsedAfter, LastUsedBefore, ExpiresAfter, ExpiresBefore time.Time
}

// EmailFilter picks secondary e-mails: those that all of its members pick.
type EmailFilter struct {
	User identity.UserID
	// ID picks the e-mail of that number; 0 for all.
	ID int64
}

// Credentials reads secondary e-mails, SSH keys and access tokens.
type Credentials interface {
	// Emails returns a page of the secondary e-mails that the filter picks, in the order of
	// their numbers.
	Emails(ctx context.Context, f EmailFilter, page application.Page) (application.Listed[identity.Email], error)
	// Keys returns a page of the SSH keys of a user, in the order of their numbers.
	Keys(ctx context.Context, user identity.UserID, page application.Page) (application.Listed[identity.Key], error)
	// FindKey returns the key of the claim: a user's or a deploy key with its comment and
	// its projects, else domain.NotFound. By MD5 it reads every key.
	FindKey(ctx context.Context, which KeyClaim) (identity.Key, []DeployKeyProject, error)
	// Tokens returns a page of the personal access tokens that the filter picks at now.
	// Page.Order is id, created_at, expires_at, last_used_at or name, which is ordered byte
	// by byte in lower case. Tokens without a moment come last in either direction. There
	// is no Keyset.
	Tokens(ctx context.Context, f TokenFilter, page application.Page, now time.Time) (application.Listed[identity.AccessToken], error)
	// Token returns the personal access token of that number, or domain.NotFound.
	Token(ctx context.Context, id int64) (identity.AccessToken, error)
}
