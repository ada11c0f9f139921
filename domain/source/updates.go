package source

import (
	"iter"
	"slices"
	"strings"

	"gatehouse/domain"
)

// update is one change of a push and the protections on its ref.
type update struct {
	*Case
	Change
	protections []*Protection
	// updatesBranch says that the push changes an existing branch, so that the
	// repository is not empty, whatever the stored project says.
	updatesBranch bool
}

// judgesRefs says whether the changes of this push are judged one by one: a
// wiki has no protected refs, and upload has no changes.
func (c *Case) judgesRefs() bool {
	return c.Pushes() && c.Repository.Kind == Code && len(c.Changes) > 0
}

// updates are the changes to be judged, in the order of the push.
func (c *Case) updates() iter.Seq[update] {
	return func(yield func(update) bool) {
		if !c.judgesRefs() {
			return
		}
		updatesBranch := slices.ContainsFunc(c.Changes, func(ch Change) bool { return ch.Ref.Kind == Branch && !ch.Old.IsZero() })
		var matching []*Protection
		for _, change := range c.Changes {
			matching = matching[:0]
			for i := range c.Project.Protections {
				if p := &c.Project.Protections[i]; p.covers(change.Ref) {
					matching = append(matching, p)
				}
			}
			if !yield(update{c, change, matching, updatesBranch}) {
				return
			}
		}
	}
}

// changeRules judge one ref's change, in GitLab's order.
var changeRules = []rule[update]{
	{name: "push_code", check: checkPushCode, hints: hintPushCode},
	{name: "default_branch_delete", check: checkDefaultBranchDelete, hints: hintDefaultBranch},
	{name: "branch_like_sha", check: checkBranchLikeSHA, hints: hintName},
	{name: "branch_name", check: checkBranchName, hints: hintName},
	{name: "force_push", check: checkForcePush, hints: hintForcePush, protections: matchForcePush},
	{name: "empty_repository", check: checkEmptyRepository, hints: hintEmptyRepository, protections: matchPush},
	{name: "protected_branch_create", check: checkProtectedBranchCreate, hints: hintProtectedPush, protections: matchPush},
	{name: "protected_branch_delete", check: checkProtectedBranchDelete, hints: hintProtectedDelete, protections: matchOnly},
	{name: "protected_branch_update", check: checkProtectedBranchUpdate, hints: hintProtectedPush, protections: matchPush},
	{name: "tag_change", check: checkTagChange, hints: hintPushCode},
	{name: "tag_name", check: checkTagName, hints: hintName},
	{name: "protected_tag_update", check: checkProtectedTagUpdate, hints: hintProtectedTagUpdate, protections: matchOnly},
	{name: "protected_tag_delete", check: checkProtectedTagDelete, hints: hintProtectedDelete, protections: matchOnly},
	{name: "protected_tag_create", check: checkProtectedTagCreate, hints: hintProtectedTagCreate, protections: matchCreate},
	{name: "hidden_ref", check: checkHiddenRef, hints: hintHiddenRef},
}

// initial says whether the rules for a repository without branches decide
// instead of the protections.
func (u *update) initial() bool {
	return u.mayBeInitial() && u.isEmpty() != No
}

// mayBeInitial says whether it makes a difference that the repository has no
// branch. For a maintainer it does only if a protection matches the ref.
func (u *update) mayBeInitial() bool {
	return !u.updatesBranch && u.Ref.Kind == Branch && u.branchDefaults().Protects() && (len(u.protections) > 0 || !u.isMaintainer())
}

var branchesQuestion = Question{About: Branches}

// isEmpty says whether the repository has no branch yet. The stored project
// stops being empty after its first branch is received, so that Gitaly is asked
// only if it is stored as empty; without a Gitaly the stored value counts. The
// answer is Unknown while the question is open.
func (c *Case) isEmpty() Answer {
	if !c.Project.Empty {
		return No
	}
	switch answer, open := c.answer(branchesQuestion); {
	case open:
		return Unknown
	case answer == Yes:
		return No
	default:
		return Yes
	}
}

// isDefault says whether the change's name is that of the default branch: the
// stored one if no Gitaly is connected. It is Unknown while the question is
// open.
func (u *update) isDefault() Answer {
	answer, open := u.answer(u.defaultQuestion())
	switch {
	case open || answer != Unknown:
		return answer
	case u.Ref.Name == u.Project.HeadBranch():
		return Yes
	default:
		return No
	}
}

func (u *update) defaultQuestion() Question { return Question{About: Default, Branch: u.Ref.Name} }

func (c *Case) branchDefaults() BranchDefaults {
	if own := c.Project.BranchDefaults; own != nil {
		return *own
	}
	return c.Settings.DefaultBranchProtection.Defaults()
}

// protected says whether protections decide on this change.
func (u *update) protected() bool { return len(u.protections) > 0 && !u.initial() }

// skipUnprotected skips a rule on protections where none decides.
func (u *update) skipUnprotected() finding {
	if len(u.protections) == 0 {
		return finding{outcome: Skipped, reason: "No protection matches this ref."}
	}
	return finding{outcome: Skipped, reason: "The repository has no branch yet: empty_repository decides."}
}

// granted says whether one of the matching protections grants the access that
// of picks: the most permissive one counts.
func (u *update) granted(of func(*Protection) []Access) bool {
	for _, p := range u.protections {
		if u.grants(of(p)) {
			return true
		}
	}
	return false
}

func pushAccess(p *Protection) []Access   { return p.Push }
func createAccess(p *Protection) []Access { return p.Create }

func checkPushCode(u *update) finding {
	if !u.mayPush() {
		return errNoPush
	}
	return pass
}

func checkDefaultBranchDelete(u *update) finding {
	if u.Ref.Kind != Branch || !u.Deletes() {
		return skip
	}
	switch u.isDefault() {
	case Unknown:
		return wait(u.defaultQuestion())
	case Yes:
		return refuse(domain.Forbidden, "The default branch %q cannot be deleted.", u.Ref.Name)
	}
	return pass
}

func checkBranchLikeSHA(u *update) finding {
	switch {
	case u.Ref.Kind != Branch || u.Deletes():
		return skip
	case u.Ref.LooksLikeSHA():
		return refuse(domain.Forbidden, "A branch may not be named like a commit: %q.", u.Ref.Name)
	}
	return pass
}

func checkBranchName(u *update) finding {
	switch {
	case u.Ref.Kind != Branch || !u.Creates():
		return skip
	case !u.Ref.ValidName():
		return refuse(domain.Forbidden, "%q is not a valid branch name.", u.Ref.Name)
	}
	return pass
}

// checkForcePush lets an update of a protected branch pass if a matching
// protection allows force pushes or history says that it is none.
func checkForcePush(u *update) finding {
	switch {
	case u.Ref.Kind != Branch || !u.Updates() || u.Old == u.New:
		return skip
	case !u.protected():
		return u.skipUnprotected()
	}
	for _, p := range u.protections {
		if p.AllowForcePush {
			return pass
		}
	}
	question := Question{Old: u.Old, New: u.New}
	answer, asked := u.Answers[question]
	switch {
	case !asked: // also without a Gitaly: refusals of later rules say more
		return wait(question)
	case answer == Unknown:
		return refuse(domain.Forbidden, "The protected branch %q forbids force pushes, and whether this is one cannot be told: no Gitaly is connected to look at its history. Ask an administrator.", u.Ref.Name)
	case answer == No:
		return refuse(domain.Forbidden, "You are not allowed to force push to the protected branch %q. Rebase or merge, then push again.", u.Ref.Name)
	}
	return finding{outcome: Passed, reason: "The push is a fast-forward."}
}

// checkEmptyRepository judges the first branch of a repository whose default
// branch is going to be protected.
func checkEmptyRepository(u *update) finding {
	switch {
	case !u.mayBeInitial():
		return skip
	case u.isEmpty() == Unknown:
		return wait(branchesQuestion)
	case !u.initial():
		return skip
	case u.isMaintainer(), u.branchDefaults().InitialPush && u.mayPush() && !u.Actor.IsDeployKey(), u.granted(pushAccess):
		return pass
	}
	return refuse(domain.Forbidden, "The first push to this project is a maintainer's. Ask a maintainer or owner to make it.")
}

// checkProtectedBranchCreate refuses actors without push access. GitLab also
// lets merge access create, over the web and from a commit of a protected
// branch; nothing here can tell that a commit is, so it is refused.
func checkProtectedBranchCreate(u *update) finding {
	switch {
	case u.Ref.Kind != Branch || !u.Creates():
		return skip
	case !u.protected():
		return u.skipUnprotected()
	case !u.granted(pushAccess):
		return refuse(domain.Forbidden, "You are not allowed to create the protected branch %q.", u.Ref.Name)
	}
	return pass
}

func checkProtectedBranchDelete(u *update) finding {
	switch {
	case u.Ref.Kind != Branch || !u.Deletes():
		return skip
	case !u.protected():
		return u.skipUnprotected()
	case u.Protocol != Web:
		return refuse(domain.Forbidden, "The protected branch %q can be deleted on the web only.", u.Ref.Name)
	case !u.isMaintainer():
		return refuse(domain.Forbidden, "You are not allowed to delete the protected branch %q. Ask a maintainer.", u.Ref.Name)
	}
	return pass
}

func checkProtectedBranchUpdate(u *update) finding {
	switch {
	case u.Ref.Kind != Branch || !u.Updates():
		return skip
	case !u.protected():
		return u.skipUnprotected()
	case !u.granted(pushAccess):
		return refuse(domain.Forbidden, "You are not allowed to push to the protected branch %q. Push to another branch and open a merge request.", u.Ref.Name)
	}
	return pass
}

func checkTagChange(u *update) finding {
	switch {
	case u.Ref.Kind != Tag || u.Creates():
		return skip
	case !u.mayPush():
		return refuse(domain.Forbidden, "You are not allowed to change existing tags of this project.")
	}
	return pass
}

func checkTagName(u *update) finding {
	switch {
	case u.Ref.Kind != Tag || u.Deletes():
		return skip
	case !u.Ref.ValidName():
		return refuse(domain.Forbidden, "%q is not a valid tag name.", u.Ref.Name)
	case strings.HasPrefix(u.Ref.Name, headsPrefix), strings.HasPrefix(u.Ref.Name, tagsPrefix):
		return refuse(domain.Forbidden, "A tag may not be named like a full ref: %q.", u.Ref.Name)
	case u.Ref.LooksLikeSHA():
		return refuse(domain.Forbidden, "A tag may not be named like a commit: %q.", u.Ref.Name)
	}
	switch u.isDefault() {
	case Unknown:
		return wait(u.defaultQuestion())
	case Yes:
		return refuse(domain.Forbidden, "A tag may not have the name of the default branch, %q.", u.Ref.Name)
	}
	return pass
}

func checkProtectedTagUpdate(u *update) finding {
	switch {
	case u.Ref.Kind != Tag || !u.Updates():
		return skip
	case !u.protected():
		return u.skipUnprotected()
	}
	return refuse(domain.Forbidden, "The protected tag %q cannot be changed.", u.Ref.Name)
}

func checkProtectedTagDelete(u *update) finding {
	switch {
	case u.Ref.Kind != Tag || !u.Deletes():
		return skip
	case !u.protected():
		return u.skipUnprotected()
	case u.Protocol != Web:
		return refuse(domain.Forbidden, "The protected tag %q can be deleted on the web only.", u.Ref.Name)
	case !u.isMaintainer():
		return refuse(domain.Forbidden, "You are not allowed to delete the protected tag %q. Ask a maintainer.", u.Ref.Name)
	}
	return pass
}

// checkProtectedTagCreate lets deploy keys with write access pass, as newer
// GitLab does.
func checkProtectedTagCreate(u *update) finding {
	switch {
	case u.Ref.Kind != Tag || !u.Creates():
		return skip
	case !u.protected():
		return u.skipUnprotected()
	case u.granted(createAccess):
		return pass
	case u.Actor.IsDeployKey():
		return finding{outcome: Passed, reason: "A deploy key with write access creates protected tags."}
	}
	return refuse(domain.Forbidden, "You are not allowed to create the protected tag %q.", u.Ref.Name)
}

func checkHiddenRef(u *update) finding {
	switch {
	case u.Ref.Kind != Other:
		return skip
	case u.Protocol != Web && u.Ref.Hidden():
		return refuse(domain.Forbidden, "Refs like %q belong to the server and cannot be pushed.", u.Ref.Name)
	}
	return pass
}
