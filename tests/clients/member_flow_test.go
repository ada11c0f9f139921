package clients_test

import (
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// groupMemberFlow adds, reads, changes and removes members of a group. What a member may do
// changes with the next request.
func groupMemberFlow(i instance) {
	mia, hers := i.newUser("mia")
	max, his := i.newUser("max")
	acme := i.newGroup(hers, "acme", 0)
	i.newGroup(hers, "tools", acme.ID)
	i.data.Apply(i.T, "projects: [{path: acme/tools/cli, default_branch: main, empty: false}]")
	members := hers.GroupMembers
	level := func(value gitlab.AccessLevelValue) *gitlab.AccessLevelValue { return &value }
	i.fetches("a stranger", actor(max), "acme/tools/cli", false)
	absent(i, "members, by a stranger")(his.Groups.ListGroupMembers("acme", nil))

	added := made[*gitlab.GroupMember](i, "add")(members.AddGroupMember("acme", &gitlab.AddGroupMemberOptions{UserID: &max.ID, AccessLevel: level(gitlab.DeveloperPermissions), ExpiresAt: gitlab.Ptr(day(30).String())}))
	recent(i, "created_at", added.CreatedAt)
	wantEqual(i, "added member", added, &gitlab.GroupMember{
		ID: max.ID, Username: "max", Name: "The max", State: "active", WebURL: max.WebURL, AccessLevel: gitlab.DeveloperPermissions, ExpiresAt: day(30), Email: "max@example.com",
		CreatedAt: added.CreatedAt, CreatedBy: &gitlab.MemberCreatedBy{ID: mia.ID, Username: "mia", Name: "The mia", State: "active", WebURL: mia.WebURL},
	})
	i.pushes("as a developer", actor(max), "acme/tools/cli", true)
	wantEqual(i, "member, read", read[*gitlab.GroupMember](i, "get")(members.GetGroupMember("acme", max.ID)), added)
	inherited := read[*gitlab.GroupMember](i, "get inherited")(members.GetInheritedGroupMember("acme/tools", max.ID))
	same(i, "inherited level", inherited.AccessLevel, gitlab.DeveloperPermissions)
	absent(i, "inherited member, as a direct one")(members.GetGroupMember("acme/tools", max.ID))
	same(i, "no e-mail for a developer", read[*gitlab.GroupMember](i, "get")(his.GroupMembers.GetGroupMember("acme", mia.ID)).Email, "")

	add := func(client *gitlab.Client, options gitlab.AddGroupMemberOptions) (*gitlab.GroupMember, *gitlab.Response, error) {
		return client.GroupMembers.AddGroupMember("acme", &options)
	}
	refused(i, "add twice", 409, "Member already exists")(add(hers, gitlab.AddGroupMemberOptions{UserID: &max.ID, AccessLevel: level(30)}))
	absent(i, "add an absent user")(add(hers, gitlab.AddGroupMemberOptions{UserID: gitlab.Ptr(int64(999)), AccessLevel: level(30)}))
	refused(i, "level that does not exist", 400, "access_level", "is not included in the list")(add(hers, gitlab.AddGroupMemberOptions{Username: gitlab.Ptr("root"), AccessLevel: level(31)}))
	refused(i, "no level", 400, "access_level is missing")(add(hers, gitlab.AddGroupMemberOptions{Username: gitlab.Ptr("root")}))
	refused(i, "neither number nor name", 400, "user_id, username")(add(hers, gitlab.AddGroupMemberOptions{AccessLevel: level(30)}))
	refused(i, "number and name", 400, "user_id, username are mutually exclusive")(add(hers, gitlab.AddGroupMemberOptions{UserID: gitlab.Ptr(int64(1)), Username: gitlab.Ptr("root"), AccessLevel: level(30)}))
	refused(i, "until yesterday", 400, "expires_at", "cannot be a date in the past")(add(hers, gitlab.AddGroupMemberOptions{Username: gitlab.Ptr("root"), AccessLevel: level(30), ExpiresAt: gitlab.Ptr(day(-1).String())}))
	refused(i, "add, by a developer", 403)(add(his, gitlab.AddGroupMemberOptions{Username: gitlab.Ptr("root"), AccessLevel: level(10)}))
	refused(i, "lower than inherited", 400, "access_level", "should be greater than or equal to Developer inherited membership from group Group acme")(
		members.AddGroupMember("acme/tools", &gitlab.AddGroupMemberOptions{UserID: &max.ID, AccessLevel: level(20)}))

	changed := read[*gitlab.GroupMember](i, "edit")(members.EditGroupMember("acme", max.ID, &gitlab.EditGroupMemberOptions{AccessLevel: level(gitlab.ReporterPermissions)}))
	same(i, "new level", changed.AccessLevel, gitlab.ReporterPermissions)
	sameDay(i, "the expiry stays", changed.ExpiresAt, day(30))
	i.pushes("as a reporter", actor(max), "acme/tools/cli", false)
	i.fetches("as a reporter", actor(max), "acme/tools/cli", true)
	changed = read[*gitlab.GroupMember](i, "edit")(members.EditGroupMember("acme", max.ID, &gitlab.EditGroupMemberOptions{AccessLevel: level(gitlab.MaintainerPermissions), ExpiresAt: gitlab.Ptr("")}))
	sameDay(i, "the expiry is cleared", changed.ExpiresAt, nil)
	i.pushes("as a maintainer", actor(max), "acme/tools/cli", true)
	refused(i, "demote the last owner", 400)(members.EditGroupMember("acme", mia.ID, &gitlab.EditGroupMemberOptions{AccessLevel: level(30)}))
	refused(i, "remove the last owner", 403)(i.admin.GroupMembers.RemoveGroupMember("acme", mia.ID, nil))
	absent(i, "edit a stranger")(members.EditGroupMember("acme", 1, &gitlab.EditGroupMemberOptions{AccessLevel: level(30)}))

	made[*gitlab.GroupMember](i, "add by name")(add(hers, gitlab.AddGroupMemberOptions{Username: gitlab.Ptr("ROOT"), AccessLevel: level(gitlab.GuestPermissions)}))
	made[*gitlab.GroupMember](i, "add below")(members.AddGroupMember("acme/tools", &gitlab.AddGroupMemberOptions{UserID: &max.ID, AccessLevel: level(gitlab.OwnerPermissions)}))
	username := func(m *gitlab.GroupMember) string { return m.Username }
	all := func(group string, options gitlab.ListGroupMembersOptions, list func(any, *gitlab.ListGroupMembersOptions, ...gitlab.RequestOptionFunc) ([]*gitlab.GroupMember, *gitlab.Response, error)) []string {
		i.Helper()
		options.PerPage = 1
		found := names(collect(i, "members", func(p gitlab.PaginationOptionFunc) ([]*gitlab.GroupMember, *gitlab.Response, error) {
			return list(group, &options, p)
		}), username)
		slices.Sort(found)
		return found
	}
	groups := hers.Groups
	sameList(i, "direct", all("acme", gitlab.ListGroupMembersOptions{}, groups.ListGroupMembers), "max", "mia", "root")
	sameList(i, "direct, below", all("acme/tools", gitlab.ListGroupMembersOptions{}, groups.ListGroupMembers), "max", "mia")
	sameList(i, "all, below", all("acme/tools", gitlab.ListGroupMembersOptions{}, groups.ListAllGroupMembers), "max", "mia", "root")
	sameList(i, "search", all("acme", gitlab.ListGroupMembersOptions{Query: gitlab.Ptr("MA")}, groups.ListGroupMembers), "max")
	sameList(i, "by numbers", all("acme", gitlab.ListGroupMembersOptions{UserIDs: &[]int64{1, mia.ID, 999}}, groups.ListGroupMembers), "mia", "root")
	highest := read[*gitlab.GroupMember](i, "get the highest level")(members.GetInheritedGroupMember("acme/tools", max.ID))
	same(i, "the highest level counts", highest.AccessLevel, gitlab.OwnerPermissions)

	done(i, "remove", 204)(members.RemoveGroupMember("acme", max.ID, &gitlab.RemoveGroupMemberOptions{SkipSubresources: gitlab.Ptr(true)}))
	i.pushes("as an owner below only", actor(max), "acme/tools/cli", true)
	absent(i, "get a removed member")(members.GetGroupMember("acme", max.ID))
	absent(i, "remove a removed member")(members.RemoveGroupMember("acme", max.ID, nil))
	made[*gitlab.GroupMember](i, "add again")(add(hers, gitlab.AddGroupMemberOptions{UserID: &max.ID, AccessLevel: level(30)}))
	done(i, "remove here and below", 204)(members.RemoveGroupMember("acme", max.ID, nil))
	i.fetches("removed everywhere", actor(max), "acme/tools/cli", false)
	absent(i, "the group, by a stranger again")(his.Groups.GetGroup("acme", nil))
}

// projectMemberFlow adds, reads, changes and removes members of a project.
func projectMemberFlow(i instance) {
	mia, hers := i.newUser("mia")
	max, his := i.newUser("max")
	acme := i.newGroup(hers, "acme", 0)
	i.data.Apply(i.T, `
projects: [{id: 60, path: acme/app, default_branch: main, empty: false}, {id: 61, path: mia/own, default_branch: main, empty: false}]
`)
	members := hers.ProjectMembers
	level := func(value gitlab.AccessLevelValue) *gitlab.AccessLevelValue { return &value }
	absent(i, "members, by a stranger")(his.ProjectMembers.ListProjectMembers(60, nil))
	added := made[*gitlab.ProjectMember](i, "add")(members.AddProjectMember("acme/app", &gitlab.AddProjectMemberOptions{UserID: max.ID, AccessLevel: level(gitlab.DeveloperPermissions), ExpiresAt: gitlab.Ptr("")}))
	recent(i, "created_at", added.CreatedAt)
	wantEqual(i, "added member", added, &gitlab.ProjectMember{
		ID: max.ID, Username: "max", Name: "The max", State: "active", WebURL: max.WebURL, AccessLevel: gitlab.DeveloperPermissions, Email: "max@example.com",
		CreatedAt: added.CreatedAt, CreatedBy: &gitlab.MemberCreatedBy{ID: mia.ID, Username: "mia", Name: "The mia", State: "active", WebURL: mia.WebURL},
	})
	i.pushes("as a developer", actor(max), "acme/app", true)
	wantEqual(i, "member, read", read[*gitlab.ProjectMember](i, "get")(members.GetProjectMember(60, max.ID)), added)
	same(i, "inherited owner", read[*gitlab.ProjectMember](i, "get inherited")(members.GetInheritedProjectMember(60, mia.ID)).AccessLevel, gitlab.OwnerPermissions)
	absent(i, "inherited owner, as a direct member")(members.GetProjectMember(60, mia.ID))
	refused(i, "add twice", 409, "Member already exists")(members.AddProjectMember(60, &gitlab.AddProjectMemberOptions{UserID: max.ID, AccessLevel: level(30)}))
	refused(i, "add, by a developer", 403)(his.ProjectMembers.AddProjectMember(60, &gitlab.AddProjectMemberOptions{UserID: 1, AccessLevel: level(10)}))
	refused(i, "the least level, which only groups have", 400, "access_level")(members.AddProjectMember(60, &gitlab.AddProjectMemberOptions{UserID: 1, AccessLevel: level(5)}))

	changed := read[*gitlab.ProjectMember](i, "edit")(members.EditProjectMember(60, max.ID, &gitlab.EditProjectMemberOptions{AccessLevel: level(gitlab.MaintainerPermissions), ExpiresAt: gitlab.Ptr(day(3).String())}))
	sameDay(i, "expiry", changed.ExpiresAt, day(3))
	refused(i, "make an owner, by a maintainer", 403)(his.ProjectMembers.AddProjectMember(60, &gitlab.AddProjectMemberOptions{UserID: 1, AccessLevel: level(50)}))
	made[*gitlab.ProjectMember](i, "add, by a maintainer")(his.ProjectMembers.AddProjectMember(60, &gitlab.AddProjectMemberOptions{Username: gitlab.Ptr("root"), AccessLevel: level(40)}))
	username := func(m *gitlab.ProjectMember) string { return m.Username }
	sorted := func(members []*gitlab.ProjectMember) []string {
		return slices.Sorted(slices.Values(names(members, username)))
	}
	sameList(i, "direct", sorted(read[[]*gitlab.ProjectMember](i, "list")(members.ListProjectMembers(60, nil))), "max", "root")
	sameList(i, "all", sorted(collect(i, "list", func(p gitlab.PaginationOptionFunc) ([]*gitlab.ProjectMember, *gitlab.Response, error) {
		return members.ListAllProjectMembers(60, &gitlab.ListProjectMembersOptions{ListOptions: gitlab.ListOptions{PerPage: 1}}, p)
	})), "max", "mia", "root")
	sameList(i, "search", sorted(read[[]*gitlab.ProjectMember](i, "list")(members.ListAllProjectMembers(60, &gitlab.ListProjectMembersOptions{Query: gitlab.Ptr("E MI")}))), "mia")

	read[*gitlab.Group](i, "lock the membership")(hers.Groups.UpdateGroup(acme.ID, &gitlab.UpdateGroupOptions{MembershipLock: gitlab.Ptr(true)}))
	done(i, "remove", 204)(members.DeleteProjectMember(60, max.ID))
	i.fetches("removed", actor(max), "acme/app", false)
	absent(i, "remove again")(members.DeleteProjectMember(60, max.ID))
	absent(i, "get a removed member")(members.GetProjectMember(60, max.ID))
	refused(i, "add to a locked project", 405)(members.AddProjectMember(60, &gitlab.AddProjectMemberOptions{UserID: max.ID, AccessLevel: level(30)}))

	owner := read[[]*gitlab.ProjectMember](i, "members of a personal project")(hers.ProjectMembers.ListProjectMembers("mia/own", nil))
	if len(owner) != 1 || owner[0].Username != "mia" || owner[0].AccessLevel != gitlab.OwnerPermissions {
		i.Errorf("members of a personal project: got %v, want its owner", owner)
	}
	refused(i, "remove the owner of the namespace", 403)(i.admin.ProjectMembers.DeleteProjectMember("mia/own", mia.ID))
	made[*gitlab.ProjectMember](i, "add to a personal project")(hers.ProjectMembers.AddProjectMember("mia/own", &gitlab.AddProjectMemberOptions{UserID: max.ID, AccessLevel: level(30)}))
	i.pushes("member of a personal project", actor(max), "mia/own", true)
}
