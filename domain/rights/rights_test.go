package rights_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// outcomes are a letter for each actor: y for yes, 1 for Unauthenticated, 3 for Forbidden
// and 4 for NotFound.
var outcomes = map[byte]error{'y': nil, '1': domain.Unauthenticated, '3': domain.Forbidden, '4': domain.NotFound}

// The actors, in the order of the letters: an administrator, an owner, a maintainer, a
// developer, a guest, a user without a role, an external one, and a caller without a token.
var actors = []struct {
	name    string
	account identity.Account
	role    source.Role
}{
	{"administrator", identity.Account{User: identity.User{ID: 1, Admin: true}}, source.NoRole},
	{"owner", user(2), source.Owner},
	{"maintainer", user(3), source.Maintainer},
	{"developer", user(4), source.Developer},
	{"guest", user(5), source.Guest},
	{"user without a role", user(6), source.NoRole},
	{"external user", identity.Account{User: identity.User{ID: 7, External: true}, Profile: identity.Profile{CanCreateGroup: true}}, source.NoRole},
	{"caller without a token", identity.Account{}, source.NoRole},
}

func user(id identity.UserID) identity.Account {
	return identity.Account{User: identity.User{ID: id}, Profile: identity.Profile{CanCreateGroup: true}}
}

// private is a private group or project as it is made by default.
func private(kind rights.Kind) rights.Subject {
	return rights.Subject{
		Kind: kind, Known: true, Visibility: source.Private, Repository: source.FeatureEnabled,
		ProjectCreation: source.DeveloperProjects, SubgroupCreation: source.MaintainerSubgroups,
	}
}

func TestCase_Decide(t *testing.T) {
	t.Parallel()
	public, internal := private(rights.Group), private(rights.Group)
	public.Visibility, internal.Visibility = source.Public, source.Internal
	ownersOnly, noProjects, adminProjects := private(rights.Group), private(rights.Group), private(rights.Group)
	ownersOnly.SubgroupCreation, ownersOnly.ProjectCreation = source.OwnerSubgroups, source.OwnerProjects
	noProjects.ProjectCreation, adminProjects.ProjectCreation = source.NoProjects, source.AdminProjects
	instance := rights.Subject{Kind: rights.Instance, Known: true}
	openProject := private(rights.Project)
	openProject.Visibility = source.Public
	membersCode, noCode := openProject, openProject
	membersCode.Repository, noCode.Repository = source.FeaturePrivate, source.FeatureDisabled
	for name, tt := range map[string]struct {
		right   rights.Right
		subject rights.Subject
		// want has a letter for each of the actors.
		want string
	}{
		"users are listed":                         {rights.ReadUsers, instance, "yyyyyyy1"},
		"users are managed":                        {rights.AdminAllResources, instance, "y3333331"},
		"top-level group is created":               {rights.CreateGroup, instance, "yyyyyy31"},
		"keys of user 4 are changed":               {rights.UpdateUser, rights.Subject{Kind: rights.User, Known: true, User: 4}, "y33y3331"},
		"private group is read":                    {rights.ReadGroup, private(rights.Group), "yyyyy444"},
		"internal group is read":                   {rights.ReadGroup, internal, "yyyyyy44"},
		"public group is read":                     {rights.ReadGroup, public, "yyyyyyyy"},
		"absent group is read":                     {rights.ReadGroup, rights.Subject{Kind: rights.Group}, "44444444"},
		"members of a public group are read":       {rights.ReadGroupMember, public, "yyyyyyy1"},
		"subgroup is created":                      {rights.CreateSubgroup, private(rights.Group), "yyy33441"},
		"subgroup is created where owners do":      {rights.CreateSubgroup, ownersOnly, "yy333441"},
		"project is created":                       {rights.CreateProjects, private(rights.Group), "yyyy3441"},
		"project is created where owners do":       {rights.CreateProjects, ownersOnly, "yy333441"},
		"project is created where none is":         {rights.CreateProjects, noProjects, "33333441"},
		"project is created where admins do":       {rights.CreateProjects, adminProjects, "y3333441"},
		"group is changed":                         {rights.AdminGroup, private(rights.Group), "yy333441"},
		"members of a group are changed":           {rights.AdminGroupMember, private(rights.Group), "yy333441"},
		"members of a public group are changed":    {rights.AdminGroupMember, public, "yy333331"},
		"private project is read":                  {rights.ReadProject, private(rights.Project), "yyyyy444"},
		"members of a private project are read":    {rights.ReadProjectMember, private(rights.Project), "yyyyy441"},
		"members of a private project are changed": {rights.AdminProjectMember, private(rights.Project), "yyy33441"},
		"code of a private project is read":        {rights.ReadCode, private(rights.Project), "yyyy3441"},
		"code of a public project is read":         {rights.ReadCode, openProject, "yyyyyyy1"},
		"code for members is read":                 {rights.ReadCode, membersCode, "yyyy3331"},
		"code that is switched off is read":        {rights.ReadCode, noCode, "33333331"},
		"code of a public project is changed":      {rights.PushCode, openProject, "yyyy3331"},
		"project is changed":                       {rights.AdminProject, private(rights.Project), "yyy33441"},
		"visibility of a project is changed":       {rights.ChangeVisibility, private(rights.Project), "yy333441"},
		"project is archived":                      {rights.ArchiveProject, private(rights.Project), "yy333441"},
		"project is removed":                       {rights.RemoveProject, private(rights.Project), "yy333441"},
		"project is transferred":                   {rights.ChangeNamespace, openProject, "yy333331"},
		"agents are read":                          {rights.ReadClusterAgent, openProject, "yyyy4441"},
		"agents are changed":                       {rights.AdminCluster, private(rights.Project), "yyy33441"},
		"right on something of another kind":       {rights.AdminGroup, private(rights.Project), "33333333"},
		"unknown right":                            {"fly", instance, "33333333"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, actor := range actors {
				c := rights.Case{Right: tt.right, Actor: actor.account, Subject: tt.subject, Role: actor.role}
				got, want := c.Decide(), outcomes[tt.want[i]]
				if want == nil && got != nil || want != nil && !errors.Is(got, want) {
					t.Errorf("%s: got %v, want %v", actor.name, got, want)
				}
				refused := false
				for _, f := range c.Explain() {
					refused = refused || f.Outcome == rights.Refused
					if f.Outcome == rights.Refused && f.Message == "" {
						t.Errorf("%s: the rule %s refuses without a reason", actor.name, f.Rule)
					}
				}
				if _, known := rights.KindOf(tt.right); known && tt.subject.Kind == kind(tt.right) && refused != (got != nil) {
					t.Errorf("%s: explained %t, decided %v", actor.name, refused, got)
				}
			}
		})
	}
}

func kind(r rights.Right) rights.Kind {
	k, _ := rights.KindOf(r)
	return k
}

// A hidden subject and one that does not exist are refused in the same words.
func TestCase_Decide_hidden(t *testing.T) {
	t.Parallel()
	for right, kind := range map[rights.Right]rights.Kind{rights.AdminGroup: rights.Group, rights.AdminProjectMember: rights.Project} {
		stranger := rights.Caller{Account: user(6)}
		hidden := stranger.In(right, rights.Standing{Subject: private(kind)}).Decide()
		absent := stranger.In(right, rights.Absent(kind)).Decide()
		if hidden == nil || hidden.Error() != absent.Error() {
			t.Errorf("%s: got %v for a hidden one and %v for an absent one", right, hidden, absent)
		}
	}
}

// Whatever is given to a role is given to every higher one.
func TestCase_Decide_monotonic(t *testing.T) {
	t.Parallel()
	for _, right := range rights.Rights() {
		for _, visibility := range source.Visibilities {
			before := false
			for _, role := range []source.Role{source.NoRole, source.Minimal, source.Guest, source.Reporter, source.Developer, source.Maintainer, source.Owner} {
				subject := private(kind(right))
				subject.Visibility = visibility
				allowed := rights.Case{Right: right, Actor: user(9), Subject: subject, Role: role}.Decide() == nil
				if before && !allowed {
					t.Errorf("%s, %s: refused to %s, given to a lower role", right, visibility, role)
				}
				before = allowed
			}
		}
	}
}

func TestCase_Explain(t *testing.T) {
	t.Parallel()
	got := rights.Caller{Account: user(4)}.In(rights.AdminGroup, rights.Standing{Subject: private(rights.Group), Role: source.Developer}).Explain()
	want := []rights.Finding{
		{Rule: "signed_in", Outcome: rights.Passed}, {Rule: "visible", Outcome: rights.Passed},
		{Rule: "role_owner", Outcome: rights.Refused, Message: "the role in the group is developer, and it takes owner"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// Each refusal names the fact that decides.
func TestCase_Explain_reasons(t *testing.T) {
	t.Parallel()
	inGroup := func(right rights.Right, role source.Role, change func(*rights.Subject)) rights.Case {
		subject := private(rights.Group)
		change(&subject)
		return rights.Case{Right: right, Actor: user(4), Subject: subject, Role: role}
	}
	creation := func(level source.ProjectCreation) func(*rights.Subject) {
		return func(s *rights.Subject) { s.ProjectCreation = level }
	}
	onInstance := func(change func(*identity.Account)) rights.Case {
		account := user(4)
		change(&account)
		return rights.Caller{Account: account}.OnInstance(rights.CreateGroup)
	}
	for want, c := range map[string]rights.Case{
		"the user is external":                                                                               onInstance(func(a *identity.Account) { a.External, a.CanCreateGroup = true, true }),
		"can_create_group of the user is false":                                                              onInstance(func(a *identity.Account) { a.CanCreateGroup = false }),
		"the request is anonymous":                                                                           onInstance(func(a *identity.Account) { a.ID = 0 }),
		"project_creation_level of the group is noone: nobody may":                                           inGroup(rights.CreateProjects, source.Owner, creation(source.NoProjects)),
		"project_creation_level of the group is administrator: it takes an administrator":                    inGroup(rights.CreateProjects, source.Owner, creation(source.AdminProjects)),
		"the role in the group is developer, and it takes maintainer or more, by its project_creation_level": inGroup(rights.CreateProjects, source.Developer, creation(source.MaintainerProjects)),
		"the role in the group is maintainer, and it takes owner, by its subgroup_creation_level":            inGroup(rights.CreateSubgroup, source.Maintainer, func(s *rights.Subject) { s.SubgroupCreation = source.OwnerSubgroups }),
		"the group is private, and the role in it is none":                                                   inGroup(rights.ReadGroup, source.NoRole, func(*rights.Subject) {}),
	} {
		var last rights.Finding
		for _, f := range c.Explain() {
			if f.Outcome == rights.Refused {
				last = f
			}
		}
		if last.Message != want {
			t.Errorf("%s: got %q, want %q", c.Right, last.Message, want)
		}
	}
}
