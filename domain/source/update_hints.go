package source

import (
	"slices"
	"strings"
)

func hintPushCode(u *update) []hint { return []hint{u.roleHint(Developer)} }

func hintDefaultBranch(u *update) []hint {
	question := u.defaultQuestion()
	return oneHint(HintProject, func(c *Case) {
		c.setAnswer(question, No)
		c.Project.DefaultBranch = question.Branch + "-2"
	}, "a default branch other than %s", u.Ref.Name)
}

// hintName is for a name that the rules on names refuse.
func hintName(u *update) []hint {
	from, kind := u.Ref, "branch"
	if from.Kind == Tag {
		kind = "tag"
	}
	to := Ref{from.Kind, "renamed"}
	if to.Name == u.Project.HeadBranch() {
		to.Name += "-2"
	}
	return oneHint(HintRef, func(c *Case) { c.editChanges(from, func(ch *Change) { ch.Ref = to }) }, "another name for the %s", kind)
}

func hintHiddenRef(u *update) []hint {
	from := u.Ref
	return oneHint(HintRef, func(c *Case) { c.editChanges(from, func(ch *Change) { ch.Ref = Ref{Branch, "renamed"} }) }, "a ref that is not the server's own, as in %s", headsPrefix)
}

func hintForcePush(u *update) []hint {
	question, ref := Question{Old: u.Old, New: u.New}, u.Ref
	hints := oneHint(HintRef, func(c *Case) { c.setAnswer(question, Yes) }, "a fast-forward: rebase or merge before the push")
	if u.Answers[question] == Unknown {
		hints = oneHint(HintInstance, func(c *Case) { c.setAnswer(question, Yes) }, "a connected Gitaly that knows the push as a fast-forward")
	}
	return append(hints,
		newHint(HintProtection, func(c *Case) {
			c.editProtections(ref, func(p *Protection) { p.AllowForcePush = true })
		}, "force pushes allowed on %s", u.patterns("or")),
		u.unprotectHint())
}

func hintEmptyRepository(u *update) []hint {
	var hints []hint
	if !u.Actor.IsDeployKey() {
		hints = append(hints, u.roleHint(Maintainer))
	}
	if len(u.protections) > 0 {
		hints = append(hints, u.accessHint("push", func(p *Protection) *[]Access { return &p.Push }))
	}
	return append(hints, newHint(HintProject, func(c *Case) {
		c.Project.Empty = false
		c.setAnswer(branchesQuestion, Yes)
	}, "a first push of a maintainer or owner to %s", u.place()))
}

func hintProtectedPush(u *update) []hint {
	return u.grantHints("push", func(p *Protection) *[]Access { return &p.Push })
}

func hintProtectedTagCreate(u *update) []hint {
	return u.grantHints("create", func(p *Protection) *[]Access { return &p.Create })
}

// grantHints are for an actor who lacks the access that of picks: no protection grants
// it.
func (u *update) grantHints(verb string, of func(*Protection) *[]Access) []hint {
	var hints []hint
	if role := u.lowestRole(of); role == AdminsOnly {
		hints = oneHint(HintUser, func(c *Case) { c.Actor.User.Admin = true }, "an administrator's account")
	} else if role != NoRole {
		hints = append(hints, u.roleHint(role))
	}
	return append(hints, u.accessHint(verb, of), u.unprotectHint())
}

// lowestRole is the lowest role that has the access; NoRole if no higher role of a
// person has it.
func (u *update) lowestRole(of func(*Protection) *[]Access) Role {
	lowest := NoRole
	for _, p := range u.protections {
		for _, a := range *of(p) {
			if a.IsRole() && a.Role > u.Role && (lowest == NoRole || a.Role < lowest) {
				lowest = a.Role
			}
		}
	}
	if !u.Actor.Person().Known() {
		return NoRole
	}
	return lowest
}

// accessHint is the hint to add an entry for the actor to the protections.
func (u *update) accessHint(verb string, of func(*Protection) *[]Access) hint {
	ref := u.Ref
	if u.Actor.IsDeployKey() {
		key := u.Actor.Key.ID
		text := "%s access for deploy key %d on %s"
		if !u.creatorMayRead() {
			text += ", and a creator of the key who may read the project"
		}
		return newHint(HintProtection, func(c *Case) {
			if !c.creatorMayRead() {
				c.Actor.User, c.Role = anyUser, Guest
			}
			c.editProtections(ref, func(p *Protection) { *of(p) = append(slices.Clone(*of(p)), Access{DeployKey: key}) })
		}, text, verb, key, u.patterns("or"))
	}
	role := min(max(u.Role, Developer), Maintainer)
	return newHint(HintProtection, func(c *Case) {
		c.editProtections(ref, func(p *Protection) { *of(p) = append(slices.Clone(*of(p)), Access{Role: role}) })
	}, "%s access for the role %s on %s", verb, role, u.patterns("or"))
}

// unprotectHint is the hint to remove the protections of the ref.
func (u *update) unprotectHint() hint {
	ref := u.Ref
	return newHint(HintProtection, func(c *Case) { c.unprotect(ref) }, "no protection by %s", u.patterns("and"))
}

// patterns lists the patterns of the protections that match.
func (u *update) patterns(conjunction string) string {
	var all []string
	for _, p := range u.protections {
		if !slices.Contains(all, string(p.Pattern)) {
			all = append(all, string(p.Pattern))
		}
	}
	return strings.Join(all, " "+conjunction+" ")
}

func hintProtectedDelete(u *update) []hint {
	if u.Protocol != Web {
		return []hint{newHint(HintCommand, func(c *Case) { c.Protocol = Web }, "the deletion on the web, by a maintainer"), u.unprotectHint()}
	}
	if u.Actor.IsDeployKey() {
		return []hint{newHint(HintUser, func(c *Case) { c.beMember(Maintainer) }, "a user with the role %s or more in %s", Maintainer, u.place()), u.unprotectHint()}
	}
	return []hint{u.roleHint(Maintainer), u.unprotectHint()}
}

func hintProtectedTagUpdate(u *update) []hint {
	from := u.Ref
	return []hint{
		newHint(HintRef, func(c *Case) {
			c.editChanges(from, func(ch *Change) { ch.Old, ch.Ref = "0", Ref{Tag, "renamed"} })
		}, "a new tag of another name"),
		u.unprotectHint(),
	}
}
