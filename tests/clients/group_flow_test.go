//lint:file-ignore SA1019 what is deprecated is what the clients in the field still use

package clients_test

import (
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/tests/servertest"
)

// groupFlow makes, reads, changes, shares and deletes a group.
func groupFlow(i instance) {
	groups := i.admin.Groups
	basic := made[*gitlab.Group](i, "create")(groups.CreateGroup(&gitlab.CreateGroupOptions{
		Name: gitlab.Ptr("Acme"), Path: gitlab.Ptr("acme"), Description: gitlab.Ptr("all of us"), Visibility: gitlab.Ptr(gitlab.PublicVisibility),
	}))
	recent(i, "created_at", basic.CreatedAt)
	wantGroup(i, "created group", basic, gitlab.Group{
		Name: "Acme", Path: "acme", FullName: "Acme", FullPath: "acme", Description: "all of us", Visibility: gitlab.PublicVisibility,
		WebURL: "https://git.example.com" + servertest.Root + "/groups/acme", ProjectCreationLevel: gitlab.DeveloperProjectCreation, SubGroupCreationLevel: gitlab.MaintainerSubGroupCreationLevelValue,
		DefaultBranchProtection: 2, RequestAccessEnabled: true, TwoFactorGracePeriod: 48, EmailsEnabled: true, SharedRunnersSetting: gitlab.EnabledSharedRunnersSettingValue,
		WikiAccessLevel: gitlab.EnabledAccessControl, LFSEnabled: basic.LFSEnabled, OrganizationID: 1, EnabledGitAccessProtocol: gitlab.EnabledGitAccessProtocolAll,
	})
	wantEqual(i, "group by number", read[*gitlab.Group](i, "get")(groups.GetGroup(basic.ID, nil)), basic)
	wantEqual(i, "group by path", read[*gitlab.Group](i, "get")(groups.GetGroup("ACME", &gitlab.GetGroupOptions{WithProjects: gitlab.Ptr(true)})), basic)
	creator := read[[]*gitlab.GroupMember](i, "members")(groups.ListGroupMembers(basic.ID, nil))
	if len(creator) != 1 || creator[0].Username != "root" || creator[0].AccessLevel != gitlab.OwnerPermissions {
		i.Errorf("members of a new group: got %v, want its creator as owner", creator)
	}

	want := *basic
	want.Name, want.FullName, want.Description, want.LFSEnabled, want.RequireTwoFactorAuth, want.TwoFactorGracePeriod = "Acme Ltd", "Acme Ltd", "", false, true, 56
	want.AutoDevopsEnabled, want.EmailsDisabled, want.EmailsEnabled, want.ShareWithGroupLock, want.DefaultBranchProtection = true, true, false, true, 1
	want.ProjectCreationLevel, want.SubGroupCreationLevel, want.MentionsDisabled, want.RequestAccessEnabled = gitlab.MaintainerProjectCreation, gitlab.OwnerSubGroupCreationLevelValue, true, false
	want.MembershipLock, want.PreventForkingOutsideGroup, want.SharedRunnersMinutesLimit, want.WikiAccessLevel = true, true, 1000, gitlab.DisabledAccessControl
	want.IPRestrictionRanges, want.EnabledGitAccessProtocol = "192.0.2.0/24,2001:db8::/32", gitlab.EnabledGitAccessProtocolSSH
	got := read[*gitlab.Group](i, "update")(groups.UpdateGroup(basic.ID, &gitlab.UpdateGroupOptions{
		Name: &want.Name, Description: gitlab.Ptr(""), LFSEnabled: gitlab.Ptr(false), RequireTwoFactorAuth: gitlab.Ptr(true), TwoFactorGracePeriod: gitlab.Ptr(int64(56)),
		AutoDevopsEnabled: gitlab.Ptr(true), EmailsDisabled: gitlab.Ptr(true), ShareWithGroupLock: gitlab.Ptr(true), DefaultBranchProtection: gitlab.Ptr(int64(1)),
		ProjectCreationLevel: gitlab.Ptr(gitlab.MaintainerProjectCreation), SubGroupCreationLevel: gitlab.Ptr(gitlab.OwnerSubGroupCreationLevelValue),
		MentionsDisabled: gitlab.Ptr(true), RequestAccessEnabled: gitlab.Ptr(false), MembershipLock: gitlab.Ptr(true), PreventForkingOutsideGroup: gitlab.Ptr(true),
		SharedRunnersMinutesLimit: gitlab.Ptr(int64(1000)), WikiAccessLevel: gitlab.Ptr(gitlab.DisabledAccessControl),
		IPRestrictionRanges: &want.IPRestrictionRanges, EnabledGitAccessProtocol: &want.EnabledGitAccessProtocol,
	}))
	wantGroup(i, "changed group", got, want)
	wantGroup(i, "changed group, read", read[*gitlab.Group](i, "get")(groups.GetGroup(basic.ID, nil)), want)
	want.DefaultBranchProtection, want.IPRestrictionRanges, want.EnabledGitAccessProtocol, want.LFSEnabled = 0, "", gitlab.EnabledGitAccessProtocolAll, true
	wantGroup(i, "changed group once more", read[*gitlab.Group](i, "update")(groups.UpdateGroup("acme", &gitlab.UpdateGroupOptions{
		DefaultBranchProtection: gitlab.Ptr(int64(0)), IPRestrictionRanges: gitlab.Ptr(""), EnabledGitAccessProtocol: gitlab.Ptr(gitlab.EnabledGitAccessProtocolAll), LFSEnabled: gitlab.Ptr(true),
	})), want)

	create := func(name, path string) (*gitlab.Group, *gitlab.Response, error) {
		return groups.CreateGroup(&gitlab.CreateGroupOptions{Name: &name, Path: &path})
	}
	refused(i, "taken path", 400, "Failed to save group", "path", "has already been taken")(create("Other", "ACME"))
	refused(i, "path of a user", 400, "has already been taken")(create("Other", "root"))
	refused(i, "reserved path", 400, "path")(create("Other", "dashboard"))
	refused(i, "malformed path", 400, "path")(create("Other", "a b"))
	refused(i, "without a path", 400, "path is missing")(groups.CreateGroup(&gitlab.CreateGroupOptions{Name: gitlab.Ptr("Other")}))
	refused(i, "without a name", 400, "name is missing")(groups.CreateGroup(&gitlab.CreateGroupOptions{Path: gitlab.Ptr("other")}))
	refused(i, "unknown visibility", 400, "visibility does not have a valid value")(groups.CreateGroup(&gitlab.CreateGroupOptions{Name: gitlab.Ptr("Other"), Path: gitlab.Ptr("other"), Visibility: gitlab.Ptr(gitlab.VisibilityValue("secret"))}))
	refused(i, "malformed addresses", 400, "ip_restrictions.range", "is an invalid IP address range")(groups.UpdateGroup("acme", &gitlab.UpdateGroupOptions{IPRestrictionRanges: gitlab.Ptr("192.0.2.300")}))
	absent(i, "below an absent group")(groups.CreateGroup(&gitlab.CreateGroupOptions{Name: gitlab.Ptr("Other"), Path: gitlab.Ptr("other"), ParentID: gitlab.Ptr(int64(999))}))
	absent(i, "update an absent group")(groups.UpdateGroup("none", &gitlab.UpdateGroupOptions{Name: gitlab.Ptr("X")}))
	refused(i, "archive", 422)(groups.ArchiveGroup("acme"))
	refused(i, "unarchive", 422)(groups.UnarchiveGroup("acme"))
	refused(i, "restore", 400)(groups.RestoreGroup("acme"))

	shareFlow(i, basic)
	done(i, "delete", 202)(groups.DeleteGroup("acme", &gitlab.DeleteGroupOptions{PermanentlyRemove: gitlab.Ptr(true), FullPath: gitlab.Ptr("acme")}))
	absent(i, "get a deleted group")(groups.GetGroup(basic.ID, nil))
	absent(i, "delete a deleted group")(groups.DeleteGroup(basic.ID, nil))
	made[*gitlab.Group](i, "create again at the free path")(create("Acme", "acme"))
}

// wantGroup fails the test unless a group is as wanted, in what a caller can set.
func wantGroup(i instance, what string, got *gitlab.Group, want gitlab.Group) {
	i.Helper()
	want.ID, want.CreatedAt, want.SharedWithGroups, want.Projects, want.SharedProjects = got.ID, got.CreatedAt, got.SharedWithGroups, got.Projects, got.SharedProjects
	want.DefaultBranch, want.DefaultBranchProtectionDefaults, want.MathRenderingLimitsEnabled = got.DefaultBranch, got.DefaultBranchProtectionDefaults, got.MathRenderingLimitsEnabled
	wantEqual(i, what, got, &want)
}

// shareFlow shares a group with another one, by each of the methods.
func shareFlow(i instance, acme *gitlab.Group) {
	friends := i.newGroup(i.admin, "friends", 0)
	max, _ := i.newUser("max")
	made[*gitlab.GroupMember](i, "add member")(i.admin.GroupMembers.AddGroupMember("friends", &gitlab.AddGroupMemberOptions{UserID: &max.ID, AccessLevel: gitlab.Ptr(gitlab.MaintainerPermissions)}))
	i.data.Apply(i.T, "projects: [{path: acme/app, visibility: private, default_branch: main, empty: false}]")
	i.fetches("before the share", actor(max), "acme/app", false)

	shared := made[*gitlab.Group](i, "share")(i.admin.Groups.ShareGroupWithGroup(acme.ID, &gitlab.ShareGroupWithGroupOptions{
		GroupID: &friends.ID, GroupAccess: gitlab.Ptr(gitlab.DeveloperPermissions), ExpiresAt: day(7),
	}))
	same(i, "the group itself is answered", shared.ID, acme.ID)
	want := []gitlab.SharedWithGroup{{GroupID: friends.ID, GroupName: "Group friends", GroupFullPath: "friends", GroupAccessLevel: 30, ExpiresAt: day(7)}}
	wantEqual(i, "shared_with_groups", shared.SharedWithGroups, want)
	wantEqual(i, "shared_with_groups, read", read[*gitlab.Group](i, "get")(i.admin.Groups.GetGroup("acme", nil)).SharedWithGroups, want)
	i.pushes("through the share", actor(max), "acme/app", true)
	refused(i, "share twice", 409, "Shared group has already been taken")(i.admin.Groups.ShareGroupWithGroup(acme.ID, &gitlab.ShareGroupWithGroupOptions{GroupID: &friends.ID, GroupAccess: gitlab.Ptr(gitlab.GuestPermissions)}))
	refused(i, "share with itself", 400)(i.admin.Groups.ShareGroupWithGroup(acme.ID, &gitlab.ShareGroupWithGroupOptions{GroupID: &acme.ID, GroupAccess: gitlab.Ptr(gitlab.GuestPermissions)}))
	refused(i, "share until yesterday", 400)(i.admin.Groups.ShareGroupWithGroup(friends.ID, &gitlab.ShareGroupWithGroupOptions{GroupID: &acme.ID, GroupAccess: gitlab.Ptr(gitlab.GuestPermissions), ExpiresAt: day(-1)}))
	absent(i, "share with an absent group")(i.admin.Groups.ShareGroupWithGroup(acme.ID, &gitlab.ShareGroupWithGroupOptions{GroupID: gitlab.Ptr(int64(999)), GroupAccess: gitlab.Ptr(gitlab.GuestPermissions)}))
	fullPath := func(g *gitlab.Group) string { return g.FullPath }
	sameList(i, "shared with it", names(read[[]*gitlab.Group](i, "groups shared with")(i.admin.Groups.ListGroupsSharedWith("friends", nil)), fullPath), "acme")
	sameList(i, "invited", names(read[[]*gitlab.Group](i, "invited groups")(i.admin.Groups.ListInvitedGroups("acme", nil)), fullPath), "friends")

	done(i, "unshare", 204)(i.admin.Groups.UnshareGroupFromGroup(acme.ID, friends.ID))
	i.fetches("behind the share", actor(max), "acme/app", false)
	absent(i, "unshare again")(i.admin.Groups.UnshareGroupFromGroup(acme.ID, friends.ID))
	made[*gitlab.Group](i, "share by the service of members")(i.admin.GroupMembers.ShareWithGroup("acme", &gitlab.ShareWithGroupOptions{GroupID: &friends.ID, GroupAccess: gitlab.Ptr(gitlab.GuestPermissions), ExpiresAt: gitlab.Ptr("")}))
	i.pushes("as a guest", actor(max), "acme/app", false)
	done(i, "unshare by the service of members", 204)(i.admin.GroupMembers.DeleteShareWithGroup("acme", friends.ID))
	done(i, "delete", 202)(i.admin.Groups.DeleteGroup("friends", nil))
}

// groupTreeFlow makes subgroups, and moves them with what lies in them.
func groupTreeFlow(i instance) {
	groups := i.admin.Groups
	mia, hers := i.newUser("mia")
	acme := i.newGroup(hers, "acme", 0)
	tools := i.newGroup(hers, "tools", acme.ID)
	deep := i.newGroup(hers, "deep", tools.ID)
	target := i.newGroup(i.admin, "target", 0)
	same(i, "full_path", deep.FullPath, "acme/tools/deep")
	same(i, "full_name", deep.FullName, "Group acme / Group tools / Group deep")
	same(i, "parent_id", deep.ParentID, tools.ID)
	i.data.Apply(i.T, "projects: [{path: acme/tools/cli, default_branch: main, empty: false}, {path: acme/tools/deep/lib, default_branch: main, empty: false}]")
	i.pushes("owner of the group above", actor(mia), "acme/tools/deep/lib", true)
	fullPath := func(g *gitlab.Group) string { return g.FullPath }
	sameList(i, "subgroups", names(read[[]*gitlab.Group](i, "subgroups")(groups.ListSubGroups("acme", nil)), fullPath), "acme/tools")
	sameList(i, "descendants", names(read[[]*gitlab.Group](i, "descendants")(groups.ListDescendantGroups("acme", nil)), fullPath), "acme/tools/deep", "acme/tools")

	refused(i, "name taken below the same group", 400, "name", "has already been taken")(hers.Groups.CreateGroup(&gitlab.CreateGroupOptions{Name: &tools.Name, Path: gitlab.Ptr("other"), ParentID: &acme.ID}))

	renamed := read[*gitlab.Group](i, "rename the path")(hers.Groups.UpdateGroup("acme/tools", &gitlab.UpdateGroupOptions{Path: gitlab.Ptr("kit")}))
	same(i, "new path", renamed.FullPath, "acme/kit")
	absent(i, "group by its old path")(groups.GetGroup("acme/tools", nil))
	i.pushes("at the new path", actor(mia), "acme/kit/deep/lib", true)
	i.pushes("at the old path", actor(mia), "acme/tools/deep/lib", true)
	same(i, "project by its old path", read[*gitlab.Project](i, "get")(i.admin.Projects.GetProject("acme/tools/cli", nil)).PathWithNamespace, "acme/kit/cli")

	absent(i, "transfer into a hidden group")(hers.Groups.TransferSubGroup("acme/kit", &gitlab.TransferSubGroupOptions{GroupID: &target.ID}))
	made[*gitlab.GroupMember](i, "add member")(i.admin.GroupMembers.AddGroupMember("target", &gitlab.AddGroupMemberOptions{UserID: &mia.ID, AccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions)}))
	refused(i, "transfer without the right to", 403)(hers.Groups.TransferSubGroup("acme/kit", &gitlab.TransferSubGroupOptions{GroupID: &target.ID}))
	read[*gitlab.GroupMember](i, "promote")(i.admin.GroupMembers.EditGroupMember("target", mia.ID, &gitlab.EditGroupMemberOptions{AccessLevel: gitlab.Ptr(gitlab.OwnerPermissions)}))
	places := read[[]*gitlab.TransferLocation](i, "transfer locations")(hers.Groups.ListTransferLocations("acme/kit", nil))
	if !slices.ContainsFunc(places, func(l *gitlab.TransferLocation) bool { return l.FullPath == "target" }) {
		i.Errorf("transfer locations: got %v, want target", places)
	}
	moved := made[*gitlab.Group](i, "transfer")(hers.Groups.TransferSubGroup("acme/kit", &gitlab.TransferSubGroupOptions{GroupID: &target.ID}))
	same(i, "path behind the transfer", moved.FullPath, "target/kit")
	i.pushes("at the path behind the transfer", actor(mia), "target/kit/deep/lib", true)
	i.pushes("at the path before the transfer", actor(mia), "acme/kit/cli", true)
	i.pushes("at the first path", actor(mia), "acme/tools/cli", true)
	refused(i, "transfer into a descendant", 400, "Failed to transfer group")(hers.Groups.TransferSubGroup("target", &gitlab.TransferSubGroupOptions{GroupID: &moved.ID}))
	refused(i, "transfer into itself", 400, "Failed to transfer group")(hers.Groups.TransferSubGroup("target/kit", &gitlab.TransferSubGroupOptions{GroupID: &moved.ID}))
	top := made[*gitlab.Group](i, "transfer to the top")(hers.Groups.TransferSubGroup("target/kit", &gitlab.TransferSubGroupOptions{}))
	same(i, "path at the top", top.FullPath, "kit")
	same(i, "parent at the top", top.ParentID, 0)
	i.newGroup(hers, "kit", acme.ID)
	refused(i, "transfer to a taken path", 400, "Failed to transfer group")(hers.Groups.TransferSubGroup("kit", &gitlab.TransferSubGroupOptions{GroupID: &acme.ID}))
	refused(i, "more visible than the group above", 400, "visibility_level", "is not allowed")(hers.Groups.UpdateGroup("acme/kit", &gitlab.UpdateGroupOptions{Visibility: gitlab.Ptr(gitlab.PublicVisibility)}))

	lib := read[*gitlab.Project](i, "get")(i.admin.Projects.GetProject("kit/deep/lib", nil))
	same(i, "group that got a project", made[*gitlab.Group](i, "transfer a project")(groups.TransferGroup("target", lib.ID)).FullPath, "target")
	i.pushes("at the new path of a project", actor(mia), "target/lib", true)
	i.pushes("at the old path of a project", actor(mia), "kit/deep/lib", true)
	refused(i, "transfer a project to where it is", 400, "Failed to transfer project", "already")(groups.TransferGroup("target", "target/lib"))
	refused(i, "transfer a project by its old path", 405)(groups.TransferGroup("kit", "kit/deep/lib"))
	refused(i, "transfer a project as an owner", 403)(hers.Groups.TransferGroup("kit", "target/lib"))
	absent(i, "transfer of no project")(groups.TransferGroup("target", "target/none"))
	made[*gitlab.Group](i, "transfer a project back")(groups.TransferGroup("kit/deep", "target/lib"))
	i.pushes("back at the old path", actor(mia), "kit/deep/lib", true)

	done(i, "delete", 202)(groups.DeleteGroup("kit", nil))
	absent(i, "subgroup of a deleted group")(groups.GetGroup(deep.ID, nil))
	absent(i, "project of a deleted group")(i.admin.Projects.GetProject("kit/deep/lib", nil))
	i.fetches("project of a deleted group", `"username": "root"`, "kit/cli", false)
}

// groupListFlow goes through lists of groups, page by page, and filters them.
func groupListFlow(i instance) {
	mia, hers := i.newUser("mia")
	paths := []string{"delta", "alpha", "charlie", "bravo", "echo"}
	for _, path := range paths {
		i.newGroup(i.admin, path, 0)
	}
	sub := i.newGroup(i.admin, "sub", read[*gitlab.Group](i, "get")(i.admin.Groups.GetGroup("alpha", nil)).ID)
	own := i.newGroup(hers, "mine", 0)
	read[*gitlab.Group](i, "open")(i.admin.Groups.UpdateGroup("echo", &gitlab.UpdateGroupOptions{Visibility: gitlab.Ptr(gitlab.PublicVisibility)}))
	made[*gitlab.GroupMember](i, "add member")(i.admin.GroupMembers.AddGroupMember("bravo", &gitlab.AddGroupMemberOptions{UserID: &mia.ID, AccessLevel: gitlab.Ptr(gitlab.GuestPermissions)}))
	list := func(client *gitlab.Client, options gitlab.ListGroupsOptions) []string {
		i.Helper()
		options.PerPage = 2
		return names(collect(i, "list", func(p gitlab.PaginationOptionFunc) ([]*gitlab.Group, *gitlab.Response, error) {
			return client.Groups.ListGroups(&options, p)
		}), func(g *gitlab.Group) string { return g.FullPath })
	}
	on := gitlab.Ptr(true)
	sameList(i, "all, by name", list(i.admin, gitlab.ListGroupsOptions{}), "alpha", "bravo", "charlie", "delta", "echo", "mine", "alpha/sub")
	sameList(i, "hers", list(hers, gitlab.ListGroupsOptions{}), "bravo", "echo", "mine")
	sameList(i, "her own", list(hers, gitlab.ListGroupsOptions{Owned: on}), "mine")
	sameList(i, "hers but the public ones", list(hers, gitlab.ListGroupsOptions{AllAvailable: gitlab.Ptr(false)}), "bravo", "mine")
	sameList(i, "hers by role", list(hers, gitlab.ListGroupsOptions{MinAccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions)}), "mine")
	sameList(i, "at the top", list(i.admin, gitlab.ListGroupsOptions{TopLevelOnly: on}), "alpha", "bravo", "charlie", "delta", "echo", "mine")
	sameList(i, "public", list(i.admin, gitlab.ListGroupsOptions{Visibility: gitlab.Ptr(gitlab.PublicVisibility)}), "echo")
	sameList(i, "but some", list(i.admin, gitlab.ListGroupsOptions{SkipGroups: &[]int64{sub.ID, own.ID}}), "alpha", "bravo", "charlie", "delta", "echo")
	sameList(i, "by path, downwards", list(i.admin, gitlab.ListGroupsOptions{OrderBy: gitlab.Ptr("path"), Sort: gitlab.Ptr("desc")}), "alpha/sub", "mine", "echo", "delta", "charlie", "bravo", "alpha")
	sameList(i, "by number", list(i.admin, gitlab.ListGroupsOptions{OrderBy: gitlab.Ptr("id")}), "delta", "alpha", "charlie", "bravo", "echo", "alpha/sub", "mine")
	sameList(i, "search", list(i.admin, gitlab.ListGroupsOptions{Search: gitlab.Ptr("HARL")}), "charlie")
	sameList(i, "search by full path", list(i.admin, gitlab.ListGroupsOptions{Search: gitlab.Ptr("alpha/s")}), "alpha/sub")
	sameList(i, "search by a method of its own", names(read[[]*gitlab.Group](i, "search")(i.admin.Groups.SearchGroup("delt")), func(g *gitlab.Group) string { return g.FullPath }), "delta")
	refused(i, "unknown order", 400, "order_by does not have a valid value")(i.admin.Groups.ListGroups(&gitlab.ListGroupsOptions{OrderBy: gitlab.Ptr("size")}))
	refused(i, "unknown visibility", 400, "visibility does not have a valid value")(i.admin.Groups.ListGroups(&gitlab.ListGroupsOptions{Visibility: gitlab.Ptr(gitlab.VisibilityValue("x"))}))

	projects := read[[]*gitlab.Project](i, "projects of a group without")(i.admin.Groups.ListGroupProjects("alpha", &gitlab.ListGroupProjectsOptions{IncludeSubGroups: on}))
	same(i, "projects", len(projects), 0)
	_, response, err := i.admin.Groups.ListGroups(&gitlab.ListGroupsOptions{ListOptions: gitlab.ListOptions{PerPage: 3, Page: 2}})
	if err != nil {
		i.Fatal(err)
	}
	same(i, "pages", [4]int64{response.TotalItems, response.TotalPages, response.NextPage, response.PreviousPage}, [4]int64{7, 3, 3, 1})
}
