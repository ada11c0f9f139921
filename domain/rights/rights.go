// Package rights says who may do what through the management API: a table of rules for
// each right, decided and explained like Git access.
package rights

import (
	"slices"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Right is what may be done, in GitLab's names of abilities.
type Right string

// The rights on the instance.
const (
	// ReadUsers is to list users and to read their public part.
	ReadUsers Right = "read_users_list"
	// AdminAllResources is all that only administrators do.
	AdminAllResources Right = "admin_all_resources"
	// CreateGroup is to create a top-level group.
	CreateGroup Right = "create_group"
)

// The rights on a user.
const (
	// UpdateUser is to change keys and tokens of a user.
	UpdateUser Right = "update_user"
)

// The rights on a group.
const (
	ReadGroup        Right = "read_group"
	ReadGroupMember  Right = "read_group_member"
	CreateSubgroup   Right = "create_subgroup"
	CreateProjects   Right = "create_projects"
	AdminGroup       Right = "admin_group"
	AdminGroupMember Right = "admin_group_member"
)

// The rights on a project.
const (
	ReadProject        Right = "read_project"
	ReadProjectMember  Right = "read_project_member"
	AdminProjectMember Right = "admin_project_member"
	// ReadCode is to read branches, tags and files, and what protects them.
	ReadCode Right = "read_code"
	// PushCode is to change branches and files, as far as no protection forbids it.
	PushCode Right = "push_code"
	// AdminProject is to change the project with its protections, deploy keys and hooks.
	AdminProject     Right = "admin_project"
	ChangeVisibility Right = "change_visibility_level"
	ArchiveProject   Right = "archive_project"
	RemoveProject    Right = "remove_project"
	// ChangeNamespace is to transfer the project to another group or user.
	ChangeNamespace  Right = "change_namespace"
	ReadClusterAgent Right = "read_cluster_agent"
	AdminCluster     Right = "admin_cluster"
)

// Kind is what a right is on.
type Kind string

// The kinds of what rights are on.
const (
	Instance Kind = "instance"
	User     Kind = "user"
	Group    Kind = "group"
	Project  Kind = "project"
)

// Subject is what a right is on.
type Subject struct {
	Kind Kind
	// User is the user that the right is on, or the owner of the personal namespace.
	User identity.UserID
	// Known is false if there is no such user, group or project.
	Known      bool
	Visibility source.Visibility
	// Repository says who may use the repository of a project.
	Repository source.Feature
	// ProjectCreation and SubgroupCreation are those of a group.
	ProjectCreation  source.ProjectCreation
	SubgroupCreation source.SubgroupCreation
	// MembershipLock says that the group, or one above, allows no members of single
	// projects.
	MembershipLock bool
}

// Case is one question: may the actor use the right on the subject?
type Case struct {
	Right Right
	// Actor is the zero Account for a caller who has not signed in.
	Actor   identity.Account
	Subject Subject
	// Role is the effective role of the actor in the group or project.
	Role source.Role
}

// Outcome is what a rule found.
type Outcome string

// The outcomes of a rule.
const (
	Passed  Outcome = "passed"
	Refused Outcome = "refused"
)

// Finding is the outcome of one rule.
type Finding struct {
	Rule    string
	Outcome Outcome
	// Message says why; it is empty for a rule that passes without a reason worth saying.
	Message string
}

// rule is one condition of a right.
type rule struct {
	name string
	// check returns why the case is refused, or nil.
	check func(Case) *domain.Refusal
	// reason says in words for an operator why check refuses.
	reason func(Case) string
}

// entry is a right with the kind that it is on and its rules, in order.
type entry struct {
	right Right
	kind  Kind
	rules []rule
}

// table is every right. The first rule that refuses decides.
var table = []entry{
	{ReadUsers, Instance, []rule{signedIn}},
	{AdminAllResources, Instance, []rule{signedIn, administrator}},
	{CreateGroup, Instance, []rule{signedIn, mayCreateGroup}},
	{UpdateUser, User, []rule{signedIn, selfOrAdministrator}},
	{ReadGroup, Group, []rule{visible}},
	{ReadGroupMember, Group, []rule{signedIn, visible}},
	{CreateSubgroup, Group, []rule{signedIn, visible, subgroupCreation}},
	{CreateProjects, Group, []rule{signedIn, visible, projectCreation}},
	{AdminGroup, Group, []rule{signedIn, visible, atLeast(source.Owner)}},
	{AdminGroupMember, Group, []rule{signedIn, visible, atLeast(source.Owner)}},
	{ReadProject, Project, []rule{visible}},
	{ReadProjectMember, Project, []rule{signedIn, visible}},
	{AdminProjectMember, Project, []rule{signedIn, visible, atLeast(source.Maintainer)}},
	{ReadCode, Project, []rule{signedIn, visible, repository}},
	{PushCode, Project, []rule{signedIn, visible, repository, atLeast(source.Developer)}},
	{AdminProject, Project, []rule{signedIn, visible, atLeast(source.Maintainer)}},
	{ChangeVisibility, Project, []rule{signedIn, visible, atLeast(source.Owner)}},
	{ArchiveProject, Project, []rule{signedIn, visible, atLeast(source.Owner)}},
	{RemoveProject, Project, []rule{signedIn, visible, atLeast(source.Owner)}},
	{ChangeNamespace, Project, []rule{signedIn, visible, atLeast(source.Owner)}},
	{ReadClusterAgent, Project, []rule{signedIn, visible, agentReader}},
	{AdminCluster, Project, []rule{signedIn, visible, atLeast(source.Maintainer)}},
}

// Rights lists every right, those on the instance first.
func Rights() []Right {
	all := make([]Right, len(table))
	for i, e := range table {
		all[i] = e.right
	}
	return all
}

// KindOf returns what a right is on; ok is false for an unknown right.
func KindOf(r Right) (kind Kind, ok bool) {
	e, ok := find(r)
	return e.kind, ok
}

func find(r Right) (entry, bool) {
	at := slices.IndexFunc(table, func(e entry) bool { return e.right == r })
	if at < 0 {
		return entry{}, false
	}
	return table[at], true
}

// errUnknown refuses a right that is not in the table.
var errUnknown = domain.Refuse(domain.Forbidden, "there is no such right")

// Decide returns why the actor may not, or nil. A refusal of kind NotFound says no more
// of a hidden subject than of one that does not exist.
func (c Case) Decide() error {
	e, ok := find(c.Right)
	if !ok || e.kind != c.Subject.Kind {
		return errUnknown
	}
	for _, r := range e.rules {
		if refusal := r.check(c); refusal != nil {
			return refusal
		}
	}
	return nil
}

// Explain returns the outcome of each rule, also behind the first refusal.
func (c Case) Explain() []Finding {
	e, _ := find(c.Right)
	findings := make([]Finding, len(e.rules))
	for i, r := range e.rules {
		findings[i] = Finding{Rule: r.name, Outcome: Passed}
		if r.check(c) != nil {
			findings[i].Outcome, findings[i].Message = Refused, r.reason(c)
		}
	}
	return findings
}
