package source

import (
	"maps"
	"math"
	"slices"

	"gatehouse/domain/identity"
)

// HintKind says what a Hint would change.
type HintKind string

// The kinds of hints.
const (
	// HintWait: the time, as the condition passes by itself.
	HintWait HintKind = "wait"
	// HintCommand: what the client asks for, and how or from where it does.
	HintCommand HintKind = "command"
	// HintRef: the name of the ref, or what is pushed to it.
	HintRef HintKind = "ref"
	// HintKey: the key or the access token.
	HintKey HintKind = "key"
	// HintUser: the account.
	HintUser HintKind = "user"
	// HintRole: the role of the user, or the access of a deploy key.
	HintRole HintKind = "role"
	// HintProtection: the protected branches and tags.
	HintProtection HintKind = "protection"
	// HintProject: the project or its repository.
	HintProject HintKind = "project"
	// HintGroup: the settings of the top-level group, or of the one that a project is created in.
	HintGroup HintKind = "group"
	// HintInstance: the settings of the instance.
	HintInstance HintKind = "instance"
)

// HintKinds lists every HintKind.
var HintKinds = []HintKind{
	HintWait, HintCommand, HintRef, HintKey, HintUser, HintRole, HintProtection, HintProject, HintGroup, HintInstance,
}

// Hint is a change of the facts after which a rule no longer refuses.
type Hint struct {
	Kind HintKind
	// Text says what it takes, as in "the role developer or more in acme/cli".
	Text string
}

// Remedy is what would have one rule pass: any one of its hints.
type Remedy struct {
	// Rule and Ref are those of the rule's Finding.
	Rule, Ref string
	AnyOf     []Hint
}

// hint is a Hint with the change itself. A change leaves alone what the Case shares
// with others: it replaces slices and maps.
type hint struct {
	Hint
	change func(*Case)
}

// maxRemedies is how many remedies are listed: a push may have a hundred thousand refs.
const maxRemedies = 20

// Remedies returns what would have the command allowed, which takes all of them: the
// remedy of the rule that refuses; then that of the rule that would refuse after the
// first hint of the one before; and so on. Any other hint does in place of the first of
// its remedy. enough is false if more may be needed: there were too many, or Gitaly has
// to answer first.
func (c *Case) Remedies() (remedies []Remedy, enough bool) {
	changed := *c
	var steps [][]hint
	for len(steps) < maxRemedies {
		name, ref, hints := changed.settledRefusal()
		if len(hints) == 0 {
			break
		}
		remedies, steps = append(remedies, Remedy{Rule: name, Ref: ref}), append(steps, hints)
		hints[0].change(&changed)
	}
	name, _, _ := changed.settledRefusal()
	for i, hints := range steps {
		for j, h := range hints {
			if j == 0 || name != "" || c.allowedBy(steps, i, j) {
				remedies[i].AnyOf = append(remedies[i].AnyOf, h.Hint)
			}
		}
	}
	return remedies, name == "" && len(changed.Decide().Open) == 0
}

// allowedBy says whether the first hint of each step, but the other one of one step,
// has the command allowed.
func (c *Case) allowedBy(steps [][]hint, step, other int) bool {
	changed := *c
	for i, hints := range steps {
		h := hints[0]
		if i == step {
			h = hints[other]
		}
		h.change(&changed)
	}
	name, _, _ := changed.settledRefusal()
	return name == ""
}

// settledRefusal is firstRefusal after the questions that are open without a Gitaly
// have the answer Unknown.
func (c *Case) settledRefusal() (name, ref string, hints []hint) {
	for {
		name, ref, hints = c.firstRefusal()
		if name != "" || c.Settings.Connected {
			return name, ref, hints
		}
		open := c.Decide().Open
		if len(open) == 0 {
			return "", "", nil
		}
		c.setAnswers(open, Unknown)
	}
}

// firstRefusal returns the rule that refuses and its hints; no hints if none does.
func (c *Case) firstRefusal() (name, ref string, hints []hint) {
	for _, r := range accessRules {
		if r.check(c).outcome == Refused {
			return r.name, "", r.hints(c)
		}
	}
	for u := range c.updates() {
		for _, r := range changeRules {
			if r.check(&u).outcome == Refused {
				return r.name, u.Ref.String(), r.hints(&u)
			}
		}
	}
	return "", "", nil
}

// anyUser is an account that may use Git.
var anyUser = identity.User{
	ID: math.MaxInt64, State: identity.Active, Type: identity.Human, EmailConfirmed: true, TermsAccepted: true,
}

// beMember makes a user who has at least that role the actor.
func (c *Case) beMember(role Role) {
	if !c.Actor.Person().Known() {
		c.Actor = identity.Actor{User: anyUser}
		c.Role = NoRole
	}
	c.Role = max(c.Role, role)
}

// setAnswer sets the answer to a question.
func (c *Case) setAnswer(q Question, a Answer) { c.setAnswers([]Question{q}, a) }

func (c *Case) setAnswers(questions []Question, a Answer) {
	c.Answers = maps.Clone(c.Answers)
	if c.Answers == nil {
		c.Answers = make(map[Question]Answer, len(questions))
	}
	for _, q := range questions {
		c.Answers[q] = a
	}
}

// editChanges changes what is pushed to a ref.
func (c *Case) editChanges(of Ref, edit func(*Change)) {
	c.Changes = slices.Clone(c.Changes)
	for i := range c.Changes {
		if c.Changes[i].Ref == of {
			edit(&c.Changes[i])
		}
	}
}

// editProtections changes the protections on a ref.
func (c *Case) editProtections(of Ref, edit func(*Protection)) {
	c.Project.Protections = slices.Clone(c.Project.Protections)
	for i := range c.Project.Protections {
		if p := &c.Project.Protections[i]; p.covers(of) {
			edit(p)
		}
	}
}

// unprotect removes the protections on a ref.
func (c *Case) unprotect(ref Ref) {
	c.Project.Protections = slices.DeleteFunc(slices.Clone(c.Project.Protections), func(p Protection) bool { return p.covers(ref) })
}
