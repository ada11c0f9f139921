// Package identity describes users and their state, SSH keys, access tokens and
// second factors.
package identity

import "time"

// UserID is the number of a user; 0 means none.
type UserID int64

// User is a person or a bot. The zero User is none.
type User struct {
	ID       UserID
	Username string
	Name     string
	Email    string
	// PublicEmail is the address of theirs that webhooks are told; empty for none.
	PublicEmail string
	State       State
	Type        UserType
	// Admin users have full rights on every project, also in admin mode,
	// which Git bypasses.
	Admin bool
	// External users see internal projects only as members.
	External bool
	// TermsAccepted counts only where the instance enforces its terms.
	TermsAccepted bool
	// EmailConfirmed is false until the user followed the confirmation link.
	EmailConfirmed bool
	// PasswordExpiresAt is zero for a password that does not expire.
	PasswordExpiresAt time.Time
	// CredentialVersion changes with the password; tokens that were derived
	// from an older one are no longer valid.
	CredentialVersion int64
	// TwoFactor says whether the user has a second factor.
	TwoFactor bool
}

// Known says whether u is a user at all.
func (u User) Known() bool { return u.ID != 0 }

// State is whether a user may use the instance, in GitLab's words.
type State string

// The states of a user.
const (
	Active          State = "active"
	Blocked         State = "blocked"
	LDAPBlocked     State = "ldap_blocked"
	Banned          State = "banned"
	Deactivated     State = "deactivated"
	PendingApproval State = "blocked_pending_approval"
)

// States lists every State.
var States = []State{Active, Blocked, LDAPBlocked, Banned, Deactivated, PendingApproval}

// UserType tells people from accounts that the instance keeps for itself.
type UserType string

// The types of a user.
const (
	Human UserType = "human"
	// ServiceAccount is a machine's account; it uses Git as a human does.
	ServiceAccount UserType = "service_account"
	// ProjectBot belongs to a project or group access token.
	ProjectBot UserType = "project_bot"
	// Ghost replaces deleted users; it never logs in.
	Ghost UserType = "ghost"
	// Internal accounts act inside the instance only.
	Internal UserType = "internal"
)

// UserTypes lists every UserType.
var UserTypes = []UserType{Human, ServiceAccount, ProjectBot, Ghost, Internal}

// IsInternal says whether accounts of the type are the instance's own, which never use
// Git.
func (t UserType) IsInternal() bool { return t == Ghost || t == Internal }

// MayBecome says whether an account may change its type: no internal account becomes
// another one, and no other one internal, so that none takes over what the other has.
func (t UserType) MayBecome(other UserType) bool {
	return t == other || !t.IsInternal() && !other.IsInternal()
}
