package identity

import (
	"maps"
	"time"

	"gatehouse/domain/remembered"
)

// DefaultProjectsLimit is the number of personal projects that a user may have who was
// given no other: GitLab's own.
const DefaultProjectsLimit = 100_000

// Account is a user with the profile.
type Account struct {
	User
	Profile
}

// Profile is what is kept of a user beside that on which Git access depends.
type Profile struct {
	// CanCreateGroup lets the user create top-level groups. For an External user it
	// does not count.
	CanCreateGroup bool
	// ProjectsLimit is how many projects the personal namespace may have.
	ProjectsLimit int64
	// Note is what administrators have written about the user.
	Note string
	// Settings are parameters without an effect, as remembered.Users lists them.
	Settings remembered.Values
	// CreatedAt and UpdatedAt are zero for a user of an earlier release, or of a world
	// file, that does not say.
	CreatedAt, UpdatedAt time.Time
	// LastActivityOn is the day of the last Git command or request; zero for none.
	LastActivityOn time.Time
	// CreatedBy is who created the user; 0 if that is not known.
	CreatedBy UserID
}

// MayCreateGroup says whether the user may create top-level groups.
func (a Account) MayCreateGroup() bool { return a.Admin || a.CanCreateGroup && !a.External }

// Clone returns a copy whose Settings are its own.
func (a Account) Clone() Account {
	a.Settings = maps.Clone(a.Settings)
	return a
}
