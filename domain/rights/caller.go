package rights

import (
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Caller is who asks for something through the management API.
type Caller struct {
	// Account is the user in whose name it is done: with sudo the other user. It is the
	// zero Account for a caller who has not signed in.
	identity.Account
	// Namespace is the number of the personal namespace.
	Namespace source.NamespaceID
	// Cause tells the audit log who caused it: with sudo both users.
	Cause audit.Cause
}

// OnInstance returns the case of a right on the instance.
func (c Caller) OnInstance(right Right) Case {
	return Case{Right: right, Actor: c.Account, Subject: Subject{Kind: Instance, Known: true}}
}

// OnUser returns the case of a right on a user.
func (c Caller) OnUser(right Right, user identity.UserID) Case {
	return Case{Right: right, Actor: c.Account, Subject: Subject{Kind: User, User: user, Known: user != 0}}
}

// OpenVisibilities returns the visibilities of groups and projects that the caller may see
// without a role in them.
func (c Caller) OpenVisibilities() (open []source.Visibility) {
	for _, v := range source.Visibilities {
		if Sees(Case{Actor: c.Account, Subject: Subject{Visibility: v}}) {
			open = append(open, v)
		}
	}
	return open
}

// Ref names a group or a project: by its number or, if that is 0, by its full path, in any
// letter case.
type Ref struct {
	Kind Kind
	ID   int64
	Path string
}

// Standing is a group or project with the role of the actor there.
type Standing struct {
	Subject
	ID int64
	// Path is the full path in its canonical letter case.
	Path string
	Role source.Role
}

// In returns the case of a right on a group or project.
func (c Caller) In(right Right, s Standing) Case {
	return Case{Right: right, Actor: c.Account, Subject: s.Subject, Role: s.Role}
}

// Absent is the Standing in a group or project that does not exist.
func Absent(kind Kind) Standing { return Standing{Subject: Subject{Kind: kind}} }

// Judge returns a standing that was looked up for the caller, if they have the right there,
// or a Refusal. The error is that of the look-up: domain.NotFound is the same as a standing
// that they may not know of.
func (c Caller) Judge(right Right, kind Kind, s Standing, err error) (Standing, error) {
	if errors.Is(err, domain.NotFound) {
		s, err = Absent(kind), nil
	}
	if err != nil {
		return Standing{}, err
	}
	return s, c.In(right, s).Decide()
}
