package source

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// Protection is a rule on the branches or tags whose short name its Pattern
// matches.
type Protection struct {
	// ID is the number of the protection; 0 for a new one, and where decisions go by what it
	// says alone.
	ID      int64
	Kind    RefKind
	Pattern Pattern
	// AllowForcePush counts for branches.
	AllowForcePush bool
	// Push, Merge and Unprotect count for branches, Create for tags. Without an entry no
	// user may do it, but of Unprotect: it is then for maintainers.
	Push, Merge, Unprotect, Create []Access
	// UpdatedAt is when it was changed last; zero if that is not known, and in decisions.
	UpdatedAt time.Time
}

// ProtectionVerb is what the entries of a protection permit.
type ProtectionVerb string

// The verbs of protections.
const (
	PushVerb  ProtectionVerb = "push"
	MergeVerb ProtectionVerb = "merge"
	// UnprotectVerb is to change the protection or to remove it.
	UnprotectVerb ProtectionVerb = "unprotect"
	CreateVerb    ProtectionVerb = "create"
)

// ProtectionVerbs returns the verbs that count for protections of a kind.
func ProtectionVerbs(kind RefKind) []ProtectionVerb {
	if kind == Tag {
		return []ProtectionVerb{CreateVerb}
	}
	return []ProtectionVerb{PushVerb, MergeVerb, UnprotectVerb}
}

// Entries returns where the entries of a verb are kept; nil for a verb that does not exist.
func (p *Protection) Entries(verb ProtectionVerb) *[]Access {
	switch verb {
	case PushVerb:
		return &p.Push
	case MergeVerb:
		return &p.Merge
	case UnprotectVerb:
		return &p.Unprotect
	case CreateVerb:
		return &p.Create
	}
	return nil
}

// Unprotecting returns who may change or remove the protection: Unprotect, or maintainers.
func (p Protection) Unprotecting() []Access {
	if len(p.Unprotect) == 0 {
		return []Access{{Role: Maintainer}}
	}
	return p.Unprotect
}

// Clone returns a copy; a change to either does not change the other.
func (p Protection) Clone() Protection {
	for _, verb := range allVerbs {
		entries := p.Entries(verb)
		*entries = slices.Clone(*entries)
	}
	return p
}

var allVerbs = []ProtectionVerb{PushVerb, MergeVerb, UnprotectVerb, CreateVerb}

// SameRefs says whether both are for the same branches or tags of a project, by the letter.
func (p Protection) SameRefs(o Protection) bool { return p.Kind == o.Kind && p.Pattern == o.Pattern }

// Equal says whether both say the same, whatever their numbers are and when they were
// changed.
func (p Protection) Equal(o Protection) bool {
	for _, verb := range allVerbs {
		if !slices.EqualFunc(*p.Entries(verb), *o.Entries(verb), Access.Same) {
			return false
		}
	}
	return p.SameRefs(o) && p.AllowForcePush == o.AllowForcePush
}

// Numbered returns a copy of the protection with the number of an old one, which is the zero
// Protection for none. The entries of a verb have the numbers of the old ones if they are the
// same, else none.
func (p Protection) Numbered(old Protection) Protection {
	p = p.Clone()
	p.ID = old.ID
	for _, verb := range allVerbs {
		entries, olds := *p.Entries(verb), *old.Entries(verb)
		same := slices.EqualFunc(entries, olds, Access.Same)
		for i := range entries {
			if entries[i].ID = 0; same {
				entries[i].ID = olds[i].ID
			}
		}
	}
	return p
}

// Protects says whether a protection of the project covers the ref.
func (p Project) Protects(ref Ref) bool {
	return slices.ContainsFunc(p.Protections, func(one Protection) bool { return one.covers(ref) })
}

func (p *Protection) covers(ref Ref) bool { return p.Kind == ref.Kind && p.Pattern.Covers(ref.Name) }

// MaxEntries is how many entries of a verb a protection may have that the management API
// makes.
const MaxEntries = 500

// Levels returns the levels of access that an entry of a verb may name.
func (v ProtectionVerb) Levels() []Role {
	levels := []Role{NoRole, Developer, Maintainer, AdminsOnly}
	if v == UnprotectVerb { // a protection that no user could change would be a trap
		return levels[1:]
	}
	return levels
}

// Field is the member of the API that has the entries of a verb, as "push_access_levels".
func (v ProtectionVerb) Field() string { return string(v) + "_access_levels" }

// TakesDeployKeys says whether deploy keys can be among the entries of a verb.
func (v ProtectionVerb) TakesDeployKeys() bool { return v == PushVerb || v == CreateVerb }

// Check returns what is wrong with a protection in itself as the management API takes it.
func (p Protection) Check() (wrong domain.FieldErrors) {
	add := func(field, message string) { wrong = append(wrong, domain.FieldError{Field: field, Message: message}) }
	switch name := string(p.Pattern); {
	case strings.TrimSpace(name) == "":
		add("name", "can't be blank")
	case len(name) > MaxPattern:
		add("name", fmt.Sprintf("is too long (maximum is %d bytes)", MaxPattern))
	case strings.HasPrefix(name, "refs/"):
		add("name", "must be a short one, such as main or v1.0, which does not begin with refs/")
	}
	for _, verb := range ProtectionVerbs(p.Kind) {
		entries := *p.Entries(verb)
		if len(entries) > MaxEntries {
			add(verb.Field(), fmt.Sprintf("are too many (maximum is %d)", MaxEntries))
			continue
		}
		for i, a := range entries {
			if message := checkEntry(verb, entries[:i], a); message != "" {
				add(verb.Field()+"."+a.field(), message)
			}
		}
	}
	return wrong
}

// checkEntry returns what is wrong with an entry behind others of its verb.
func checkEntry(verb ProtectionVerb, others []Access, a Access) string {
	switch {
	case a.IsRole() && !slices.Contains(verb.Levels(), a.Role):
		return "is not included in the list"
	case a.DeployKey != 0 && !verb.TakesDeployKeys():
		return "is not possible"
	case slices.ContainsFunc(others, a.Same):
		return isTaken
	}
	return ""
}

// field is what an entry names.
func (a Access) field() string {
	switch {
	case a.User != 0:
		return "user"
	case a.Group != 0:
		return "group"
	case a.DeployKey != 0:
		return "deploy_key"
	}
	return "access_level"
}

// ErrGrantee returns what is wrong with an entry for a user, group or deploy key that has no
// access to the project.
func (a Access) ErrGrantee(verb ProtectionVerb) domain.FieldErrors {
	why := map[string]string{
		"user": "is not a member of the project", "group": "does not have access to the project", "deploy_key": "is not enabled for this project",
	}
	return domain.WrongField(verb.Field()+"."+a.field(), why[a.field()])
}

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
	// ID is the number of the entry; 0 for a new one, and where that of the protection is.
	ID int64
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

// Same says whether both entries are for the same role, user, group or deploy key.
func (a Access) Same(b Access) bool {
	return a.User == b.User && a.Group == b.Group && a.DeployKey == b.DeployKey && (!a.IsRole() || a.Role == b.Role)
}

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
