package source

import (
	"slices"
	"strings"

	"gatehouse/domain/identity"
)

// Protection is a rule on the branches or tags whose short name its Pattern
// matches.
type Protection struct {
	Kind    RefKind
	Pattern Pattern
	// AllowForcePush counts for branches.
	AllowForcePush bool
	// Push and Merge count for branches, Create for tags.
	Push, Merge, Create []Access
}

// Protects says whether a protection of the project covers the ref.
func (p Project) Protects(ref Ref) bool {
	return slices.ContainsFunc(p.Protections, func(one Protection) bool { return one.covers(ref) })
}

func (p *Protection) covers(ref Ref) bool { return p.Kind == ref.Kind && p.Pattern.Covers(ref.Name) }

// Pattern is a name with "*" for any run of characters, "/" among them and
// the empty run too. It covers whole names and minds letter case; nothing
// else in it is special.
type Pattern string

// Covers says whether the pattern matches name.
func (p Pattern) Covers(name string) bool {
	head, rest, wild := strings.Cut(string(p), "*")
	if !wild {
		return name == head
	}
	name, ok := strings.CutPrefix(name, head)
	if !ok {
		return false
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], after
	}
}

// Access is one entry of a protection: exactly one of a role, a user, a group
// or a deploy key that the protected ref is open to.
type Access struct {
	// Role is meant where all others are zero: NoRole gives access to no user,
	// AdminsOnly to administrators.
	Role      Role
	User      identity.UserID
	Group     NamespaceID
	DeployKey identity.KeyID
	// Member tells whether the actor's user belongs to Group.
	Member bool
}

// AdminsOnly is the level of an entry for administrators of the instance.
const AdminsOnly Role = 60

// IsRole says whether the entry names a role rather than a user, group or key.
func (a Access) IsRole() bool { return a.User == 0 && a.Group == 0 && a.DeployKey == 0 }

// grants says whether one of the entries gives the actor access to the ref.
func (s *Standing) grants(entries []Access) bool { return slices.ContainsFunc(entries, s.grant) }

func (s *Standing) grant(a Access) bool {
	person := s.Actor.Person()
	switch {
	case a.DeployKey != 0:
		return s.Actor.IsDeployKey() && s.Actor.Key.ID == a.DeployKey && s.KeyCanPush && s.creatorMayRead()
	case !person.Known():
		return false
	case a.IsRole():
		return a.Role != NoRole && (person.Admin || s.Role >= a.Role)
	case a.User != 0:
		return a.User == person.ID && s.mayPush()
	default:
		return a.Member && s.mayPush()
	}
}

// mayPush says whether the actor may push to the project at all.
func (s *Standing) mayPush() bool {
	if s.Actor.IsDeployKey() {
		return s.KeyCanPush
	}
	person := s.Actor.Person()
	return person.Known() && (person.Admin || s.Role >= Developer)
}

// isMaintainer says whether the actor is a maintainer or more; a deploy key is
// not.
func (s *Standing) isMaintainer() bool {
	person := s.Actor.Person()
	return person.Known() && (person.Admin || s.Role >= Maintainer)
}

// creatorMayRead says whether the creator of a deploy key can still read the
// project.
func (s *Standing) creatorMayRead() bool {
	return s.Actor.User.Known() && s.Actor.User.Type != identity.Ghost && s.mayRead(s.Actor.User)
}

// mayRead says whether user may know of the project, in which s.Role is theirs.
func (s *Standing) mayRead(user identity.User) bool {
	switch {
	case s.Project.Visibility == Public, user.Admin && user.Known(), s.Role >= Guest:
		return true
	default:
		return s.Project.Visibility == Internal && user.Known() && !user.External
	}
}

// Visible says whether the actor may know that the project exists.
func (s *Standing) Visible() bool {
	switch {
	case !s.Project.Known():
		return false
	case s.Actor.IsDeployKey():
		return s.KeyEnabled || s.Project.Visibility == Public
	default:
		return s.mayRead(s.Actor.Person())
	}
}

// MayUse says whether the actor may use a feature of a visible project. A
// private project, and a feature for members only, require the reporter role.
func (s *Standing) MayUse(feature Feature) bool {
	person := s.Actor.Person()
	switch {
	case feature == FeatureDisabled:
		return false
	case s.KeyEnabled && s.Actor.IsDeployKey(), person.Known() && person.Admin:
		return true
	case feature == FeatureEnabled && s.Project.Visibility != Private:
		return true
	default:
		return person.Known() && s.Role >= Reporter
	}
}
