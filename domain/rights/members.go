package rights

import (
	"errors"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// MemberChange is one change to the members of a group or project: may the actor make it?
type MemberChange struct {
	// Case is that of ChangeMembers.
	Case
	// Verb says whether a member is added, changed or removed.
	Verb audit.Verb
	// Member is whose membership it is.
	Member identity.User
	// Old is the role that the member has by the membership itself; NoRole for a user who
	// is to be added, unless the user is a member already.
	Old source.Role
	// New is the role that the member gets; NoRole to remove the member.
	New source.Role
	// ExpiresAt is the day with whose beginning the membership is going to end; zero for
	// never. KeepsExpiry says that it stays as it was.
	ExpiresAt   time.Time
	KeepsExpiry bool
	// Inherited is the member's highest role by memberships in the groups above, and
	// InheritedFrom the name of the group where it is.
	Inherited     source.Role
	InheritedFrom string
	// OtherOwner says that the group has another owner who can act, here or in a group
	// above.
	OtherOwner bool
	Now        time.Time
}

// ChangeMembers returns the right to change the members of a group or project.
func ChangeMembers(kind Kind) Right {
	if kind == Group {
		return AdminGroupMember
	}
	return AdminProjectMember
}

// ReadMembers returns the right to list the members of a group or project.
func ReadMembers(kind Kind) Right {
	if kind == Group {
		return ReadGroupMember
	}
	return ReadProjectMember
}

// SeesEmails says whether the actor is told the e-mails of members: owners are.
func (c Case) SeesEmails() bool { return checkRole(c, source.Owner) == nil }

// memberRule is one condition of a MemberChange.
type memberRule struct {
	name string
	// check returns why the change is refused, or nil: FieldErrors for a membership that
	// cannot be as it is wanted.
	check func(MemberChange) error
}

// least is the role that the actor needs for a rule that goes by it.
func (r memberRule) least(m MemberChange) source.Role {
	if r.name == ownRole {
		return m.New
	}
	return source.Owner
}

// ownRole is the rule that goes by the role which the member gets.
const ownRole = "own_role"

// memberRules judge a change after the rules of its right. The first that refuses
// decides; FieldErrors are collected.
var memberRules = []memberRule{
	{"membership_lock", checkMembershipLock},
	{"namespace_owner", checkNamespaceOwner},
	{"new_member", checkNewMember},
	{ownRole, checkOwnRole},
	{"owners", checkOwners},
	{"last_owner", checkLastOwner},
	{"access_level", checkAccessLevel},
	{"inherited", checkInherited},
	{"expires_at", checkExpiry},
}

// ErrMembershipLocked refuses new members of a project in a group that allows none.
// Callers compare it by identity.
var ErrMembershipLocked = domain.Refuse(domain.Forbidden, "The group does not allow members of single projects")

// ErrMember refuses to add a user who is a member already.
var ErrMember = domain.Refuse(domain.Conflict, "Member already exists")

// Decide returns why the change is refused, or nil: a Refusal, or all FieldErrors.
func (m MemberChange) Decide() error {
	if !m.leaves() {
		if err := m.Case.Decide(); err != nil {
			return err
		}
	} else if refusal := checkVisible(m.Case); refusal != nil {
		return refusal
	}
	var wrong domain.FieldErrors
	for _, r := range memberRules {
		err := r.check(m)
		more, isRow := errors.AsType[domain.FieldErrors](err)
		if err != nil && !isRow {
			return err
		}
		wrong = append(wrong, more...)
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// Explain returns the outcome of each rule, also behind the first refusal.
func (m MemberChange) Explain() []Finding {
	findings := m.Case.Explain()
	if m.leaves() {
		findings = []Finding{{Rule: "leave", Outcome: Passed, Message: "every member may leave"}}
	}
	for _, r := range memberRules {
		f := Finding{Rule: r.name, Outcome: Passed}
		if err := r.check(m); err != nil {
			f.Outcome, f.Message = Refused, err.Error()
			if err == error(errForbidden) {
				f.Message = whyRole(m.Case, r.least(m))
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// leaves says whether the actor gives up a membership of their own, which takes no role.
func (m MemberChange) leaves() bool {
	return m.Verb == audit.Delete && m.Actor.Known() && m.Member.ID == m.Actor.ID && m.Old != source.NoRole
}

func checkMembershipLock(m MemberChange) error {
	if m.Verb == audit.Create && m.Subject.Kind == Project && m.Subject.MembershipLock {
		return ErrMembershipLocked
	}
	return nil
}

// checkNamespaceOwner keeps the owner of a personal namespace in its projects.
func checkNamespaceOwner(m MemberChange) error {
	switch {
	case m.Subject.Kind != Project || m.Subject.User == 0 || m.Subject.User != m.Member.ID:
		return nil
	case m.Verb == audit.Create:
		return ErrMember
	default:
		return domain.Refuse(domain.Forbidden, "The owner of a personal namespace stays the owner of its projects")
	}
}

func checkNewMember(m MemberChange) error {
	switch {
	case m.Verb != audit.Create:
		return nil
	case m.Old != source.NoRole:
		return ErrMember
	case m.Member.Type.IsInternal():
		return domain.WrongField("user", "is an internal account of the instance")
	}
	return nil
}

// checkOwnRole refuses to give a role above the actor's own.
func checkOwnRole(m MemberChange) error {
	if m.New == source.NoRole || checkAccessLevel(m) != nil {
		return nil
	}
	return orNil(checkRole(m.Case, m.New))
}

// checkOwners lets owners alone make and touch owners.
func checkOwners(m MemberChange) error {
	if m.Old != source.Owner && m.New != source.Owner || m.leaves() {
		return nil
	}
	return orNil(checkRole(m.Case, source.Owner))
}

// checkLastOwner keeps a group from losing its last owner, whoever asks. It does not lose one
// who is an owner by a group above anyway.
func checkLastOwner(m MemberChange) error {
	switch {
	case m.Subject.Kind != Group || m.Old != source.Owner || m.New == source.Owner || m.OtherOwner || m.Inherited >= source.Owner:
		return nil
	case m.Verb == audit.Delete:
		return domain.Refuse(domain.Forbidden, "The last owner of a group cannot be removed")
	default:
		return domain.WrongField("access_level", "cannot be lowered: last owner")
	}
}

func checkAccessLevel(m MemberChange) error {
	minimal := m.New == source.Minimal && m.Subject.Kind == Group
	if m.Verb == audit.Delete || minimal || IsMemberRole(m.New) {
		return nil
	}
	return domain.WrongField("access_level", "is not included in the list")
}

// IsMemberRole says whether members can have the role; of groups also Minimal.
func IsMemberRole(role source.Role) bool {
	_, ok := roleTitles[role]
	return ok && role > source.Minimal
}

// roleTitles are GitLab's names of roles, as people read them.
var roleTitles = map[source.Role]string{
	source.Minimal: "Minimal Access", source.Guest: "Guest", source.Planner: "Planner", source.Reporter: "Reporter",
	source.SecurityManager: "Security Manager", source.Developer: "Developer", source.Maintainer: "Maintainer", source.Owner: "Owner",
}

// checkInherited refuses a role below the one that the member has from above anyway.
func checkInherited(m MemberChange) error {
	if m.Verb == audit.Delete || m.New >= m.Inherited || checkAccessLevel(m) != nil {
		return nil
	}
	return domain.WrongField("access_level",
		"should be greater than or equal to "+roleTitles[m.Inherited]+" inherited membership from group "+m.InheritedFrom)
}

// checkExpiry refuses a membership that would have ended already: it ends with the
// beginning of its day.
func checkExpiry(m MemberChange) error {
	if m.Verb == audit.Delete || m.KeepsExpiry || m.ExpiresAt.IsZero() || m.ExpiresAt.After(m.Now) {
		return nil
	}
	return domain.WrongField("expires_at", "cannot be a date in the past")
}

// orNil returns a refusal as an error.
func orNil(refusal *domain.Refusal) error {
	if refusal == nil {
		return nil
	}
	return refusal
}
