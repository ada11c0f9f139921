package rights

import (
	"slices"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// ProtectionChange is to change or to remove a protection that exists: may the actor do it?
type ProtectionChange struct {
	// Case is that of AdminProject.
	Case
	// Unprotecting are the entries of those who may. Member of one for a group says whether
	// the actor is a member of it.
	Unprotecting []source.Access
}

// Decide returns why the actor may not, or nil.
func (p ProtectionChange) Decide() error {
	if err := p.Case.Decide(); err != nil {
		return err
	}
	return orNil(p.check())
}

// Explain returns the outcome of each rule, also behind the first refusal.
func (p ProtectionChange) Explain() []Finding {
	f := Finding{Rule: "unprotect_access_level", Outcome: Passed}
	if p.check() != nil {
		f.Outcome, f.Message = Refused, "none of those who may unprotect is the user: "+entryList(p.Unprotecting)
	}
	return append(p.Case.Explain(), f)
}

func (p ProtectionChange) check() *domain.Refusal {
	if p.Actor.Admin || slices.ContainsFunc(p.Unprotecting, p.permits) {
		return nil
	}
	return errForbidden
}

// permits says whether the entry is for the actor.
func (p ProtectionChange) permits(a source.Access) bool {
	switch {
	case a.IsRole():
		return a.Role != source.NoRole && p.Role >= a.Role
	case a.User != 0:
		return a.User == p.Actor.ID
	default:
		return a.Group != 0 && a.Member
	}
}

func entryList(entries []source.Access) (text string) {
	for i, a := range entries {
		if i > 0 {
			text += ", "
		}
		text += a.String()
	}
	return text
}
