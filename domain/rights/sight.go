package rights

import (
	"slices"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Sight is which groups and projects a list shows to an actor: those that Sees lets the
// actor know of.
type Sight struct {
	// All says that it is all of them.
	All bool
	// Visibilities are those of which it is all.
	Visibilities []source.Visibility
	// User is who sees what they have a role in; 0 for an actor who has not signed in.
	User identity.UserID
}

// Sight returns what the caller may know of.
func (c Caller) Sight() Sight {
	s := Sight{All: c.Admin, User: c.ID}
	for _, v := range source.Visibilities {
		if Sees(Case{Actor: c.Account, Subject: Subject{Visibility: v}}) {
			s.Visibilities = append(s.Visibilities, v)
		}
	}
	return s
}

// Sees says whether the sight has a group or project of that visibility, in which the user
// has the role.
func (s Sight) Sees(v source.Visibility, role source.Role) bool {
	return s.All || role >= source.Guest || slices.Contains(s.Visibilities, v)
}
