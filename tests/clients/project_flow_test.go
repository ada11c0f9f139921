//lint:file-ignore SA1019 what is deprecated is what the clients in the field still use

package clients_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/tests/servertest"
)

// projectFlow reads projects, which a world file has made.
func projectFlow(i instance) {
	mia, hers := i.newUser("mia")
	_, his := i.newUser("max")
	acme := i.newGroup(i.admin, "acme", 0)
	friends := i.newGroup(i.admin, "friends", 0)
	i.data.Apply(i.T, `
projects:
  - {id: 60, path: acme/app, visibility: private, default_branch: trunk, empty: false, lfs: false, wiki: disabled, moved_from: [acme/old]}
  - {id: 61, path: mia/own, visibility: private, default_branch: main, empty: false}
shares: [{project: acme/app, with: friends, role: reporter, expires_at: 2100-01-02}]
`)
	made[*gitlab.GroupMember](i, "add member")(i.admin.GroupMembers.AddGroupMember("acme", &gitlab.AddGroupMemberOptions{UserID: &mia.ID, AccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions)}))
	app := read[*gitlab.Project](i, "get")(i.admin.Projects.GetProject(60, nil))
	web := "https://git.example.com" + servertest.Root
	for what, pair := range map[string][2]any{
		"path":                        {app.PathWithNamespace, "acme/app"},
		"name":                        {app.NameWithNamespace, "Group acme / app"},
		"visibility":                  {app.Visibility, gitlab.PrivateVisibility},
		"default_branch":              {app.DefaultBranch, "trunk"},
		"web_url":                     {app.WebURL, web + "/acme/app"},
		"http_url_to_repo":            {app.HTTPURLToRepo, web + "/acme/app.git"},
		"ssh_url_to_repo":             {app.SSHURLToRepo, "git@git.example.com:acme/app.git"},
		"lfs_enabled":                 {app.LFSEnabled, false},
		"wiki_access_level":           {app.WikiAccessLevel, gitlab.DisabledAccessControl},
		"wiki_enabled":                {app.WikiEnabled, false},
		"repository_access_level":     {app.RepositoryAccessLevel, gitlab.EnabledAccessControl},
		"merge_requests_access_level": {app.MergeRequestsAccessLevel, gitlab.EnabledAccessControl},
		"pages_access_level":          {app.PagesAccessLevel, gitlab.PrivateAccessControl},
		"repository_storage":          {app.RepositoryStorage, "default"},
		"empty_repo":                  {app.EmptyRepo, false},
		"archived":                    {app.Archived, false},
		"import_status":               {app.ImportStatus, "none"},
		"namespace":                   {*app.Namespace, gitlab.ProjectNamespace{ID: acme.ID, Name: "Group acme", Path: "acme", Kind: "group", FullPath: "acme", WebURL: web + "/groups/acme"}},
		"merge_method":                {app.MergeMethod, gitlab.NoFastForwardMerge},
		"build_timeout":               {app.BuildTimeout, int64(3600)},
		"squash_option":               {app.SquashOption, gitlab.SquashOptionDefaultOff},
		"topics":                      {len(app.Topics), 0},
	} {
		if pair[0] != pair[1] {
			i.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
	if app.Owner != nil || app.Statistics != nil || app.Links == nil || app.ContainerExpirationPolicy == nil {
		i.Errorf("owner %v, statistics %v, links %v, policy %v", app.Owner, app.Statistics, app.Links, app.ContainerExpirationPolicy)
	}
	recent(i, "created_at", app.CreatedAt)
	if len(app.SharedWithGroups) != 1 || app.SharedWithGroups[0].GroupID != friends.ID || app.SharedWithGroups[0].GroupAccessLevel != 20 || app.SharedWithGroups[0].GroupFullPath != "friends" {
		i.Errorf("shared_with_groups: got %v", app.SharedWithGroups)
	}
	wantEqual(i, "project by path", read[*gitlab.Project](i, "get")(i.admin.Projects.GetProject("ACME/app", nil)), app)
	wantEqual(i, "project by its old path", read[*gitlab.Project](i, "get")(i.admin.Projects.GetProject("acme/old", nil)), app)

	seen := read[*gitlab.Project](i, "get as a developer")(hers.Projects.GetProject("acme/app", &gitlab.GetProjectOptions{Statistics: gitlab.Ptr(true)}))
	if p := seen.Permissions; p == nil || p.ProjectAccess != nil || p.GroupAccess == nil || p.GroupAccess.AccessLevel != gitlab.DeveloperPermissions {
		i.Errorf("permissions: got %v", p)
	}
	same(i, "repository_storage, for a developer", seen.RepositoryStorage, "")
	if seen.Statistics == nil {
		i.Error("statistics are missing")
	}
	own := read[*gitlab.Project](i, "get an own project")(hers.Projects.GetProject("mia/own", nil))
	same(i, "owner", own.Owner.Username, "mia")
	same(i, "kind of the namespace", own.Namespace.Kind, "user")
	absent(i, "private project, by a stranger")(his.Projects.GetProject(60, nil))
	absent(i, "private project by its old path, by a stranger")(his.Projects.GetProject("acme/old", nil))
	absent(i, "absent project")(i.admin.Projects.GetProject("acme/none", nil))

	users := read[[]*gitlab.ProjectUser](i, "users")(i.admin.Projects.ListProjectsUsers(60, nil))
	sameList(i, "users", slices.Sorted(slices.Values(names(users, func(u *gitlab.ProjectUser) string { return u.Username }))), "mia", "root")
	groupPath := func(g *gitlab.ProjectGroup) string { return g.FullPath }
	sameList(i, "groups", names(read[[]*gitlab.ProjectGroup](i, "groups")(i.admin.Projects.ListProjectsGroups(60, &gitlab.ListProjectGroupOptions{WithShared: gitlab.Ptr(true)})), groupPath), "acme", "friends")
	sameList(i, "groups but shared ones", names(read[[]*gitlab.ProjectGroup](i, "groups")(i.admin.Projects.ListProjectsGroups(60, nil)), groupPath), "acme")
	sameList(i, "invited groups", names(read[[]*gitlab.ProjectGroup](i, "invited groups")(i.admin.Projects.ListProjectsInvitedGroups(60, nil)), groupPath), "friends")
	same(i, "languages", len(*read[*gitlab.ProjectLanguages](i, "languages")(i.admin.Projects.GetProjectLanguages(60))), 0)
	same(i, "forks", len(read[[]*gitlab.Project](i, "forks")(i.admin.Projects.ListProjectForks(60, nil))), 0)
	same(i, "starrers", len(read[[]*gitlab.ProjectStarrer](i, "starrers")(i.admin.Projects.ListProjectStarrers(60, nil))), 0)
	absent(i, "push rules")(i.admin.Projects.GetProjectPushRules(60))
	absent(i, "avatar of a project")(i.admin.Projects.DownloadAvatar(60))
	absent(i, "avatar of a group")(i.admin.Groups.DownloadAvatar("acme"))

	path := func(p *gitlab.Project) string { return p.PathWithNamespace }
	sameList(i, "shared projects", names(read[[]*gitlab.Project](i, "shared projects")(i.admin.Groups.ListGroupSharedProjects("friends", nil)), path), "acme/app")
	sameList(i, "projects of a group with shared ones", names(read[[]*gitlab.Project](i, "projects")(i.admin.Groups.ListGroupProjects("friends", nil)), path), "acme/app")
	sameList(i, "projects of a group", names(read[[]*gitlab.Project](i, "projects")(i.admin.Groups.ListGroupProjects("friends", &gitlab.ListGroupProjectsOptions{WithShared: gitlab.Ptr(false)})), path))
	detail := read[*gitlab.Group](i, "group with projects")(i.admin.Groups.GetGroup("acme", nil))
	sameList(i, "projects of the entity of a group", names(detail.Projects, path), "acme/app")
}

// projectListFlow goes through lists of projects, page by page in both ways, and filters
// them.
func projectListFlow(i instance) {
	const many = 25
	mia, hers := i.newUser("mia")
	var world strings.Builder
	world.WriteString("groups: [{path: acme}, {path: acme/sub}]\nprojects:\n")
	for n := range many {
		fmt.Fprintf(&world, "  - {path: acme/p%02d, visibility: %s}\n", n, []string{"private", "internal", "public"}[n%3])
	}
	world.WriteString("  - {path: acme/sub/deep, archived: true}\n  - {path: mia/own}\n")
	i.data.Apply(i.T, world.String())
	made[*gitlab.ProjectMember](i, "add member")(i.admin.ProjectMembers.AddProjectMember("acme/p03", &gitlab.AddProjectMemberOptions{UserID: mia.ID, AccessLevel: gitlab.Ptr(gitlab.ReporterPermissions)}))
	path := func(p *gitlab.Project) string { return p.PathWithNamespace }
	list := func(client *gitlab.Client, options gitlab.ListProjectsOptions) []string {
		i.Helper()
		if options.PerPage == 0 {
			options.PerPage = 10
		}
		return names(collect(i, "list", func(p gitlab.PaginationOptionFunc) ([]*gitlab.Project, *gitlab.Response, error) {
			page := options
			return client.Projects.ListProjects(&page, p)
		}), path)
	}
	all := list(i.admin, gitlab.ListProjectsOptions{ListOptions: gitlab.ListOptions{OrderBy: "id", Sort: "asc"}})
	same(i, "projects", len(all), many+2)
	for _, order := range []string{"id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count"} {
		got := list(i.admin, gitlab.ListProjectsOptions{ListOptions: gitlab.ListOptions{OrderBy: order, PerPage: 4}})
		slices.Sort(got)
		sameList(i, "by "+order+", as a set", got, slices.Sorted(slices.Values(all))...)
	}
	search := func(client *gitlab.Client, term string) []string {
		return names(read[[]*gitlab.Project](i, "search")(client.Search.Projects(term, &gitlab.SearchOptions{})), path)
	}
	sameList(i, "search for a path", search(i.admin, "SUB/d"), "acme/sub/deep")
	sameList(i, "search for a hidden one", search(hers, "sub/d"))
	sameList(i, "search for an own one", search(hers, "own"), "mia/own")
	for _, sort := range []string{"asc", "desc"} {
		got := list(i.admin, gitlab.ListProjectsOptions{ListOptions: gitlab.ListOptions{Pagination: "keyset", OrderBy: "id", Sort: sort, PerPage: 7}})
		if sort == "desc" {
			slices.Reverse(got)
		}
		sameList(i, "keyset "+sort, got, all...)
	}
	refused(i, "keyset by name", 405, "Keyset pagination is not yet available for this type of request")(i.admin.Projects.ListProjects(&gitlab.ListProjectsOptions{ListOptions: gitlab.ListOptions{Pagination: "keyset", OrderBy: "name"}}))
	refused(i, "too far", 405, "Offset pagination has a maximum allowed offset of 50000")(i.admin.Projects.ListProjects(&gitlab.ListProjectsOptions{ListOptions: gitlab.ListOptions{Page: 1000, PerPage: 100}}))
	_, response, err := i.admin.Projects.ListProjects(&gitlab.ListProjectsOptions{ListOptions: gitlab.ListOptions{Pagination: "keyset", OrderBy: "id", Sort: "asc", PerPage: 100}})
	if err != nil || response.NextLink != "" {
		i.Errorf("last page by keyset: next %q, %v", response.NextLink, err)
	}

	on := gitlab.Ptr(true)
	for what, c := range map[string]struct {
		options gitlab.ListProjectsOptions
		want    []string
	}{
		"membership":        {gitlab.ListProjectsOptions{Membership: on}, []string{"mia/own", "acme/p03"}},
		"owned":             {gitlab.ListProjectsOptions{Owned: on}, []string{"mia/own"}},
		"least role":        {gitlab.ListProjectsOptions{MinAccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions)}, []string{"mia/own"}},
		"search":            {gitlab.ListProjectsOptions{Search: gitlab.Ptr("P0")}, nil}, // set below
		"search in paths":   {gitlab.ListProjectsOptions{Search: gitlab.Ptr("mia/o"), SearchNamespaces: on}, []string{"mia/own"}},
		"private":           {gitlab.ListProjectsOptions{Visibility: gitlab.Ptr(gitlab.PrivateVisibility)}, []string{"mia/own", "acme/p03"}},
		"starred":           {gitlab.ListProjectsOptions{Starred: on}, nil},
		"topic":             {gitlab.ListProjectsOptions{Topic: gitlab.Ptr("go")}, nil},
		"language":          {gitlab.ListProjectsOptions{WithProgrammingLanguage: gitlab.Ptr("Go")}, nil},
		"archived":          {gitlab.ListProjectsOptions{Archived: on}, nil},
		"later":             {gitlab.ListProjectsOptions{LastActivityAfter: gitlab.Ptr(time.Now().Add(time.Hour))}, nil},
		"hers, not p03":     {gitlab.ListProjectsOptions{Membership: on, Search: gitlab.Ptr("own"), Simple: on}, []string{"mia/own"}},
		"of merge requests": {gitlab.ListProjectsOptions{Membership: on, WithMergeRequestsEnabled: on, WithIssuesEnabled: on}, []string{"mia/own", "acme/p03"}},
	} {
		if what == "search" { // p01, p02, p04, p05, p07, p08 and the one in which she has a role
			c.want = []string{"acme/p08", "acme/p07", "acme/p05", "acme/p04", "acme/p03", "acme/p02", "acme/p01"}
		}
		c.options.OrderBy = gitlab.Ptr("id")
		sameList(i, what, list(hers, c.options), c.want...)
	}
	sameList(i, "archived, for the administrator", list(i.admin, gitlab.ListProjectsOptions{Archived: on}), "acme/sub/deep")
	one := read[[]*gitlab.Project](i, "numbers")(i.admin.Projects.ListProjects(&gitlab.ListProjectsOptions{Search: gitlab.Ptr("p05")}))
	sameList(i, "between numbers", list(i.admin, gitlab.ListProjectsOptions{IDAfter: gitlab.Ptr(one[0].ID - 1), IDBefore: gitlab.Ptr(one[0].ID + 1)}), "acme/p05")
	same(i, "those that she sees", len(list(hers, gitlab.ListProjectsOptions{})), 16+2) // internal, public, and her two

	sameList(i, "of a user", names(read[[]*gitlab.Project](i, "list")(i.admin.Projects.ListUserProjects("mia", nil)), path), "mia/own")
	sameList(i, "of a user by number", names(read[[]*gitlab.Project](i, "list")(hers.Projects.ListUserProjects(mia.ID, nil)), path), "mia/own")
	same(i, "contributed", len(read[[]*gitlab.Project](i, "list")(hers.Projects.ListUserContributedProjects("mia", nil))), 0)
	same(i, "starred", len(read[[]*gitlab.Project](i, "list")(hers.Projects.ListUserStarredProjects("mia", nil))), 0)
	inGroup := func(options gitlab.ListGroupProjectsOptions) int {
		options.PerPage = 9
		return len(collect(i, "projects of the group", func(p gitlab.PaginationOptionFunc) ([]*gitlab.Project, *gitlab.Response, error) {
			return i.admin.Groups.ListGroupProjects("acme", &options, p)
		}))
	}
	same(i, "in the group", inGroup(gitlab.ListGroupProjectsOptions{}), many)
	same(i, "in the group and below", inGroup(gitlab.ListGroupProjectsOptions{IncludeSubGroups: on}), many+1)
	same(i, "in the group and below, archived", inGroup(gitlab.ListGroupProjectsOptions{IncludeSubGroups: on, Archived: on}), 1)
	same(i, "in the group, found", inGroup(gitlab.ListGroupProjectsOptions{Search: gitlab.Ptr("p2")}), 5)
}

// namespaceFlow reads namespaces.
func namespaceFlow(i instance) {
	mia, hers := i.newUser("mia")
	acme := i.newGroup(hers, "acme", 0)
	i.newGroup(hers, "tools", acme.ID)
	i.newGroup(i.admin, "other", 0)
	fullPath := func(n *gitlab.Namespace) string { return n.FullPath }
	sorted := func(list []*gitlab.Namespace) []string { return slices.Sorted(slices.Values(names(list, fullPath))) }
	sameList(i, "all", sorted(read[[]*gitlab.Namespace](i, "list")(i.admin.Namespaces.ListNamespaces(nil))), "acme", "acme/tools", "mia", "other", "root")
	sameList(i, "hers", sorted(collect(i, "list", func(p gitlab.PaginationOptionFunc) ([]*gitlab.Namespace, *gitlab.Response, error) {
		return hers.Namespaces.ListNamespaces(&gitlab.ListNamespacesOptions{ListOptions: gitlab.ListOptions{PerPage: 1}}, p)
	})), "acme", "acme/tools", "mia")
	sameList(i, "at the top", sorted(read[[]*gitlab.Namespace](i, "list")(hers.Namespaces.ListNamespaces(&gitlab.ListNamespacesOptions{TopLevelOnly: gitlab.Ptr(true)}))), "acme", "mia")
	sameList(i, "owned", sorted(read[[]*gitlab.Namespace](i, "list")(hers.Namespaces.ListNamespaces(&gitlab.ListNamespacesOptions{OwnedOnly: gitlab.Ptr(true)}))), "acme", "acme/tools", "mia")
	sameList(i, "search", sorted(read[[]*gitlab.Namespace](i, "search")(hers.Namespaces.SearchNamespace("OOL"))), "acme/tools")

	tools := read[*gitlab.Namespace](i, "get")(hers.Namespaces.GetNamespace("acme/tools"))
	for what, pair := range map[string][2]any{
		"name": {tools.Name, "Group tools"}, "path": {tools.Path, "tools"}, "kind": {tools.Kind, "group"}, "parent_id": {tools.ParentID, acme.ID},
		"web_url": {tools.WebURL, "https://git.example.com" + servertest.Root + "/groups/acme/tools"}, "members": {tools.MembersCountWithDescendants, int64(1)},
	} {
		if pair[0] != pair[1] {
			i.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
	personal := read[*gitlab.Namespace](i, "get own")(hers.Namespaces.GetNamespace(mia.NamespaceID))
	same(i, "kind", personal.Kind, "user")
	same(i, "path", personal.FullPath, "mia")
	same(i, "web_url", personal.WebURL, mia.WebURL)
	absent(i, "hidden namespace")(hers.Namespaces.GetNamespace("other"))
	absent(i, "absent namespace")(hers.Namespaces.GetNamespace("none"))

	exists := func(path string, parent *int64) bool {
		i.Helper()
		return read[*gitlab.NamespaceExistance](i, "exists")(hers.Namespaces.NamespaceExists(path, &gitlab.NamespaceExistsOptions{ParentID: parent})).Exists
	}
	same(i, "at the top", exists("ACME", nil), true)
	same(i, "not at the top", exists("tools", nil), false)
	same(i, "below", exists("tools", &acme.ID), true)
	same(i, "nowhere", exists("none", nil), false)
}

// deletionFlow deletes a user with what is theirs: it ends with the next request.
func deletionFlow(i instance) {
	mia, hers := i.newUser("mia")
	max, _ := i.newUser("max")
	acme := i.newGroup(i.admin, "acme", 0)
	solo := i.newGroup(hers, "solo", 0)
	i.data.Apply(i.T, `
projects: [{path: mia/own, default_branch: main, empty: false}, {path: acme/app, default_branch: main, empty: false}]
members: [{user: max, project: mia/own, role: developer}]
`)
	made[*gitlab.GroupMember](i, "add member")(i.admin.GroupMembers.AddGroupMember(acme.ID, &gitlab.AddGroupMemberOptions{UserID: &mia.ID, AccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions)}))
	i.pushes("before the deletion", actor(mia), "acme/app", true)
	i.pushes("in the personal project", actor(max), "mia/own", true)
	refused(i, "sole owner of a group", 409, "User cannot be removed while is the sole-owner of a group")(i.admin.Users.DeleteUser(mia.ID))
	read[*gitlab.User](i, "the refused deletion deletes nothing")(hers.Users.CurrentUser())
	done(i, "delete the group", 202)(i.admin.Groups.DeleteGroup(solo.ID, nil))
	done(i, "delete", 204)(i.admin.Users.DeleteUser(mia.ID))
	refused(i, "the token", 401)(hers.Users.CurrentUser())
	i.pushes("the user", actor(mia), "acme/app", false)
	i.fetches("the personal project", actor(max), "mia/own", false)
	absent(i, "the personal project")(i.admin.Projects.GetProject("mia/own", nil))
	absent(i, "the namespace")(i.admin.Namespaces.GetNamespace("mia"))
	absent(i, "the member")(i.admin.GroupMembers.GetGroupMember("acme", mia.ID))
	i.newGroup(i.admin, "mia", 0) // the path is free
}
