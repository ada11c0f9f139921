package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gatehouse/domain/identity"
)

// Finding is one rule's outcome in an explanation.
type Finding struct {
	Rule string
	// Ref is the full name of the ref that was judged; empty for rules on the
	// command as a whole.
	Ref     string
	Outcome Outcome
	// Message is what a refused user reads; of any other outcome why it is so, empty
	// where that is plain.
	Message string
	// Protections are those that match the ref, in the project's order. They are
	// empty for a rule that does not go by protections or is skipped.
	Protections []ProtectionMatch
}

// ProtectionMatch is a protection that matches a ref, as a rule sees it.
type ProtectionMatch struct {
	Pattern        Pattern
	AllowForcePush bool
	// Access has the entries for pushes to a branch, and for the creation of a tag.
	Access []AccessMatch
	// Grants says that this protection lets the change pass the rule, whatever the
	// others say.
	Grants bool
}

// AccessMatch is an entry of a protection.
type AccessMatch struct {
	Access
	// Name is the username, full path or title of the user, group or deploy key. It is
	// empty for a role, for what does not exist, and in what Case.Explain returns.
	Name string
	// Grants says that the entry gives the actor access.
	Grants bool
}

// Explain runs the same rules as Decide and returns what each of them found,
// also behind the first refusal, as far as there is anything to judge.
func (c *Case) Explain() []Finding {
	var findings []Finding
	reached := true
	for _, r := range accessRules {
		f := finding{outcome: NotReached}
		if reached {
			f = r.check(c)
		}
		findings = append(findings, f.explain(r.name, ""))
		if f.outcome == Refused && !c.Visible() {
			reached = false
		}
	}
	if !reached {
		return findings
	}
	for u := range c.updates() {
		for _, r := range changeRules {
			f := r.check(&u)
			out := f.explain(r.name, u.Ref.String())
			if r.protections != nil && f.outcome != Skipped {
				out.Protections = r.protections(&u)
			}
			findings = append(findings, out)
		}
	}
	return findings
}

func (f finding) explain(name, ref string) Finding {
	out := Finding{Rule: name, Ref: ref, Outcome: f.outcome, Message: f.reason}
	if f.refusal != nil {
		out.Message = f.refusal.Message
	}
	return out
}

// matches returns the protections on the ref; grants says which let the change pass.
func (u *update) matches(grants func(*Protection) bool) []ProtectionMatch {
	var out []ProtectionMatch
	for _, p := range u.protections {
		m := ProtectionMatch{Pattern: p.Pattern, AllowForcePush: p.AllowForcePush, Grants: grants(p)}
		for _, a := range slices.Concat(p.Push, p.Create) { // a protection has one of them
			m.Access = append(m.Access, AccessMatch{Access: a, Grants: u.grant(a)})
		}
		out = append(out, m)
	}
	return out
}

func matchPush(u *update) []ProtectionMatch {
	return u.matches(func(p *Protection) bool { return u.grants(p.Push) })
}

func matchCreate(u *update) []ProtectionMatch {
	return u.matches(func(p *Protection) bool { return u.grants(p.Create) })
}

func matchForcePush(u *update) []ProtectionMatch {
	return u.matches(func(p *Protection) bool { return p.AllowForcePush })
}

// matchOnly is for rules of which no protection makes an exception.
func matchOnly(u *update) []ProtectionMatch {
	return u.matches(func(*Protection) bool { return false })
}

// String names the pattern and what its protection allows: "release/* (maintainer,
// force)".
func (m ProtectionMatch) String() string {
	var words []string
	for _, a := range m.Access {
		words = append(words, a.String())
	}
	if len(words) == 0 {
		words = []string{NoRole.accessName()}
	}
	if m.AllowForcePush {
		words = append(words, "force")
	}
	return fmt.Sprintf("%s (%s)", m.Pattern, strings.Join(words, ", "))
}

// String names what the entry is open to: "maintainer", "user dede".
func (a AccessMatch) String() string {
	switch {
	case a.Name == "":
		return a.Access.String()
	case a.User != 0:
		return "user " + a.Name
	case a.Group != 0:
		return "group " + a.Name
	default:
		return fmt.Sprintf("%s %q", a.Access, a.Name)
	}
}

// String names what the entry is open to.
func (a Access) String() string {
	switch {
	case a.User != 0:
		return fmt.Sprintf("user %d", a.User)
	case a.Group != 0:
		return fmt.Sprintf("group %d", a.Group)
	case a.DeployKey != 0:
		return fmt.Sprintf("deploy key %d", a.DeployKey)
	default:
		return a.Role.accessName()
	}
}

// accessName is the word for a role in a protection.
func (r Role) accessName() string {
	switch r {
	case NoRole:
		return "no one"
	case AdminsOnly:
		return "admin"
	default:
		return r.String()
	}
}

// place names the project for messages, or what was asked for if there is none.
func (c *Case) place() string { return cmp.Or(c.Project.Path, c.Target.String()) }

// keyName names the key that was used.
func keyName(k identity.Key) string {
	return fmt.Sprintf("%s %d", strings.ReplaceAll(string(k.Kind), "_", " "), k.ID)
}
