//lint:file-ignore SA1019 what is deprecated is what the clients in the field still use

package clients_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// newProject makes a private project in a group.
func (i instance) newProject(client *gitlab.Client, name string, group *gitlab.Group) *gitlab.Project {
	i.Helper()
	return made[*gitlab.Project](i, "create project "+name)(client.Projects.CreateProject(&gitlab.CreateProjectOptions{Name: &name, NamespaceID: &group.ID}))
}

// projectChangeFlow creates, changes, moves and removes projects; after each step Git access
// is what the step promises.
func projectChangeFlow(i instance) {
	mia, hers := i.newUser("mia")
	max, his := i.newUser("max")
	_, theirs := i.newUser("eve")
	acme, friends := i.newGroup(hers, "acme", 0), i.newGroup(hers, "friends", 0)
	refused(i, "create in a group of others", 400, "namespace", "is not valid")(theirs.Projects.CreateProject(&gitlab.CreateProjectOptions{Name: gitlab.Ptr("x"), NamespaceID: &acme.ID}))
	refused(i, "create without a name", 400, "name, path are missing")(hers.Projects.CreateProject(&gitlab.CreateProjectOptions{}))

	app := made[*gitlab.Project](i, "create")(hers.Projects.CreateProject(&gitlab.CreateProjectOptions{
		Name: gitlab.Ptr("My App"), NamespaceID: &acme.ID, Description: gitlab.Ptr("words"), Topics: &[]string{"go"}, LFSEnabled: gitlab.Ptr(false),
		IssuesAccessLevel: gitlab.Ptr(gitlab.DisabledAccessControl), MergeMethod: gitlab.Ptr(gitlab.FastForwardMerge), BuildTimeout: gitlab.Ptr(int64(60)),
		ContainerExpirationPolicyAttributes: &gitlab.ContainerExpirationPolicyAttributes{KeepN: gitlab.Ptr(int64(5))},
	}))
	same(i, "path", app.PathWithNamespace, "acme/my-app")
	same(i, "kept", values(app.Description, app.Topics, app.LFSEnabled, app.IssuesAccessLevel, app.IssuesEnabled, app.MergeMethod, app.BuildTimeout), "words [go] false disabled false ff 60")
	same(i, "policy kept", values(app.ContainerExpirationPolicy.KeepN, app.ContainerExpirationPolicy.Cadence), "5 1d")
	same(i, "defaults", values(app.Visibility, app.ImportStatus, app.EmptyRepo, app.Archived, app.DefaultBranch), "private none true false main")
	same(i, "creator", app.CreatorID, mia.ID)
	recent(i, "created_at", app.CreatedAt)
	i.pushes("creator", actor(mia), "acme/my-app", true)
	i.fetches("another user", actor(max), "acme/my-app", false)
	refused(i, "create again", 400, "has already been taken")(hers.Projects.CreateProject(&gitlab.CreateProjectOptions{Name: gitlab.Ptr("My App"), NamespaceID: &acme.ID}))

	own := made[*gitlab.Project](i, "create in the own namespace")(his.Projects.CreateProject(&gitlab.CreateProjectOptions{Path: gitlab.Ptr("own")}))
	same(i, "owner", own.Owner.Username, "max")
	given := made[*gitlab.Project](i, "create for a user")(i.admin.Projects.CreateProjectForUser(max.ID, &gitlab.CreateProjectForUserOptions{Name: gitlab.Ptr("Given")}))
	same(i, "path", given.PathWithNamespace, "max/given")
	refused(i, "create for a user, as a user", 403)(hers.Projects.CreateProjectForUser(max.ID, &gitlab.CreateProjectForUserOptions{Name: gitlab.Ptr("x")}))

	// Visible projects are fetched by whoever may see them.
	refused(i, "wider than the group", 400, "public is not allowed")(hers.Projects.EditProject(app.ID, &gitlab.EditProjectOptions{Visibility: gitlab.Ptr(gitlab.PublicVisibility)}))
	open := read[*gitlab.Project](i, "make visible")(his.Projects.EditProject(own.ID, &gitlab.EditProjectOptions{Visibility: gitlab.Ptr(gitlab.PublicVisibility)}))
	same(i, "visibility", open.Visibility, gitlab.PublicVisibility)
	i.fetches("another user from a public project", actor(mia), "max/own", true)
	read[*gitlab.Project](i, "hide code")(his.Projects.EditProject(own.ID, &gitlab.EditProjectOptions{RepositoryAccessLevel: gitlab.Ptr(gitlab.PrivateAccessControl)}))
	i.fetches("another user from hidden code", actor(mia), "max/own", false)

	// A changed path redirects, to Git as well.
	renamed := read[*gitlab.Project](i, "rename")(hers.Projects.EditProject("acme/my-app", &gitlab.EditProjectOptions{Name: gitlab.Ptr("Tool"), Path: gitlab.Ptr("tool")}))
	same(i, "path", renamed.PathWithNamespace, "acme/tool")
	same(i, "what was not given", renamed.Description, "words")
	same(i, "by the path of the past", read[*gitlab.Project](i, "get")(hers.Projects.GetProject("acme/my-app", nil)).ID, app.ID)
	refused(i, "change by the path of the past", 405, "moved")(hers.Projects.EditProject("acme/my-app", &gitlab.EditProjectOptions{Name: gitlab.Ptr("x")}))
	i.pushes("owner to the path of the past", actor(mia), "acme/my-app", true)

	archived := made[*gitlab.Project](i, "archive")(hers.Projects.ArchiveProject(app.ID))
	same(i, "archived", archived.Archived, true)
	i.pushes("owner to an archived project", actor(mia), "acme/tool", false)
	made[*gitlab.Project](i, "archive again")(hers.Projects.ArchiveProject(app.ID))
	made[*gitlab.Project](i, "unarchive")(hers.Projects.UnarchiveProject(app.ID))
	i.pushes("owner after that", actor(mia), "acme/tool", true)

	// Members of a group get what it is lent.
	made[*gitlab.GroupMember](i, "add member")(hers.GroupMembers.AddGroupMember(friends.ID, &gitlab.AddGroupMemberOptions{UserID: &max.ID, AccessLevel: gitlab.Ptr(gitlab.OwnerPermissions)}))
	share := &gitlab.ShareWithGroupOptions{GroupID: &friends.ID, GroupAccess: gitlab.Ptr(gitlab.MaintainerPermissions)}
	done(i, "share", http.StatusCreated)(hers.Projects.ShareProjectWithGroup(app.ID, share))
	i.pushes("member of the other group", actor(max), "acme/tool", true)
	shared := read[*gitlab.Project](i, "get")(hers.Projects.GetProject(app.ID, nil)).SharedWithGroups
	same(i, "shares", values(len(shared), shared[0].GroupID == friends.ID, shared[0].GroupAccessLevel), "1 true 40")
	refused(i, "share again", 409, "Group has already been taken")(hers.Projects.ShareProjectWithGroup(app.ID, share))
	done(i, "unshare", http.StatusNoContent)(hers.Projects.DeleteSharedProjectFromGroup(app.ID, friends.ID))
	i.fetches("member of the other group after that", actor(max), "acme/tool", false)
	absent(i, "unshare again")(hers.Projects.DeleteSharedProjectFromGroup(app.ID, friends.ID))
	read[*gitlab.Group](i, "lock shares")(hers.Groups.UpdateGroup(acme.ID, &gitlab.UpdateGroupOptions{ShareWithGroupLock: gitlab.Ptr(true)}))
	refused(i, "share where that is locked", 400, "disabled")(hers.Projects.ShareProjectWithGroup(app.ID, share))

	// Roles change with the namespace.
	refused(i, "transfer into a group of others", 400, "may not add")(his.Projects.TransferProject(own.ID, &gitlab.TransferProjectOptions{Namespace: i.publicGroup("open").ID}))
	moved := read[*gitlab.Project](i, "transfer")(hers.Projects.TransferProject(app.ID, &gitlab.TransferProjectOptions{Namespace: "friends"}))
	same(i, "path", moved.PathWithNamespace, "friends/tool")
	i.pushes("owner of the group where it went", actor(max), "friends/tool", true)
	same(i, "by the path of the past", read[*gitlab.Project](i, "get")(hers.Projects.GetProject("acme/tool", nil)).ID, app.ID)
	absent(i, "transfer to nowhere")(hers.Projects.TransferProject(app.ID, &gitlab.TransferProjectOptions{Namespace: "nowhere"}))

	storage := read[*gitlab.ProjectRepositoryStorage](i, "storage")(i.admin.Projects.GetRepositoryStorage(app.ID))
	same(i, "storage", values(storage.RepositoryStorage, strings.HasPrefix(storage.DiskPath, "@hashed/")), "default true")
	refused(i, "fork", 400, "cannot be forked")(his.Projects.ForkProject(app.ID, nil))
	refused(i, "restore", 400, "has not been marked")(hers.Projects.RestoreProject(app.ID))
	refused(i, "delete by a path that is another", 400, "full_path")(hers.Projects.DeleteProject(app.ID, &gitlab.DeleteProjectOptions{PermanentlyRemove: gitlab.Ptr(true), FullPath: gitlab.Ptr("acme/tool")}))
	refused(i, "delete by a guest", 404)(theirs.Projects.DeleteProject(app.ID, nil))
	done(i, "delete", http.StatusAccepted)(hers.Projects.DeleteProject(app.ID, nil))
	absent(i, "get after that")(hers.Projects.GetProject(app.ID, nil))
	absent(i, "get by a path of the past")(hers.Projects.GetProject("acme/tool", nil))
	i.fetches("owner after that", actor(mia), "friends/tool", false)
	same(i, "the path is free", i.newProject(hers, "Tool", friends).PathWithNamespace, "friends/tool")

	read[*gitlab.User](i, "limit projects")(i.admin.Users.ModifyUser(max.ID, &gitlab.ModifyUserOptions{ProjectsLimit: gitlab.Ptr(int64(2))}))
	refused(i, "create beyond the limit", 403, "as many personal projects as")(his.Projects.CreateProject(&gitlab.CreateProjectOptions{Name: gitlab.Ptr("Third")}))
}

// publicGroup makes a public group of the administrator's.
func (i instance) publicGroup(path string) *gitlab.Group {
	i.Helper()
	return made[*gitlab.Group](i, "create group "+path)(i.admin.Groups.CreateGroup(&gitlab.CreateGroupOptions{Name: &path, Path: &path, Visibility: gitlab.Ptr(gitlab.PublicVisibility)}))
}

// TestClient_repositories makes and removes the repositories of projects through a Gitaly that
// calls this server's hooks.
func TestClient_repositories(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) string{"SQLite": stores.SQLiteFile, "PostgreSQL": stores.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gitalytest.Start(t)
			i := newInstance(t, open(t), false, `gitaly.storages=[{name: default, address: "`+g.Address()+`"}]`, "jobs.poll_interval=20ms", "jobs.retry_delay=100ms")
			var judged atomic.Int64
			g.CallHooks(i.hooks(&judged))
			repositoryFlow(i, g)
			if got := judged.Load(); got < 3 { // a request and its job may both try the first commit
				t.Errorf("got %d pushes that were judged, want 3", got)
			}
		})
	}
}

// repositoryFlow makes projects with a first commit, and changes their default branch.
func repositoryFlow(i instance, g *gitalytest.Server) {
	mia, hers := i.newUser("mia")
	dev, _ := i.newUser("dev")
	acme := i.newGroup(hers, "acme", 0)
	made[*gitlab.GroupMember](i, "add member")(hers.GroupMembers.AddGroupMember(acme.ID, &gitlab.AddGroupMemberOptions{UserID: &dev.ID, AccessLevel: level(gitlab.DeveloperPermissions)}))
	app := made[*gitlab.Project](i, "create")(hers.Projects.CreateProject(&gitlab.CreateProjectOptions{
		Name: gitlab.Ptr("App"), NamespaceID: &acme.ID, Description: gitlab.Ptr("It does it."), InitializeWithReadme: gitlab.Ptr(true), DefaultBranch: gitlab.Ptr("trunk"),
	}))
	same(i, "empty", app.EmptyRepo, false)
	branch := read[*gitlab.Branch](i, "branch")(hers.Branches.GetBranch(app.ID, "trunk"))
	same(i, "the default branch", values(branch.Default, branch.Protected, branch.Commit.Title, branch.Commit.AuthorEmail), "true true Initial commit mia@example.com")
	text := read[[]byte](i, "README.md")(hers.RepositoryFiles.GetRawFile(app.ID, "README.md", &gitlab.GetRawFileOptions{Ref: gitlab.Ptr("trunk")}))
	same(i, "README.md", string(text), "# App\n\nIt does it.\n")

	same(i, "explain: a developer pushes to the branch of the README", i.explained(actor(dev), "acme/app", "--ref", "refs/heads/trunk", "--change", "create"), false)
	same(i, "explain: its maintainer does", i.explained(actor(mia), "acme/app", "--ref", "refs/heads/trunk", "--change", "create"), true)

	plain := i.newProject(hers, "Plain", acme)
	absent(i, "branch of an empty repository")(hers.Branches.GetBranch(plain.ID, "main"))
	made[*gitlab.Commit](i, "commit")(hers.Commits.CreateCommit(app.ID, &gitlab.CreateCommitOptions{
		Branch: gitlab.Ptr("next"), StartBranch: gitlab.Ptr("trunk"), CommitMessage: gitlab.Ptr("more"),
		Actions: []*gitlab.CommitActionOptions{{Action: gitlab.Ptr(gitlab.FileCreate), FilePath: gitlab.Ptr("a"), Content: gitlab.Ptr("a")}},
	}))
	refused(i, "a default branch that does not exist", 400, "base", "does not exist")(hers.Projects.EditProject(app.ID, &gitlab.EditProjectOptions{DefaultBranch: gitlab.Ptr("none")}))
	same(i, "explain: next is deleted", i.explained(actor(mia), "acme/app", "--ref", "refs/heads/next", "--change", "delete"), true)
	same(i, "default branch", read[*gitlab.Project](i, "change it")(hers.Projects.EditProject(app.ID, &gitlab.EditProjectOptions{DefaultBranch: gitlab.Ptr("next")})).DefaultBranch, "next")
	same(i, "explain: the default branch is deleted", i.explained(actor(mia), "acme/app", "--ref", "refs/heads/next", "--change", "delete"), false)
	servertest.Await(i.T, "HEAD of the repository", func() bool { return g.Put(i.storage(app)).Head == "refs/heads/next" })

	place := i.storage(app)
	done(i, "delete", http.StatusAccepted)(hers.Projects.DeleteProject(app.ID, nil))
	servertest.Await(i.T, "removal of the repository", func() bool { return !g.Has(place) })

	// The job does what the request could not.
	g.Fail(func(gitalytest.Call) error { return status.Error(codes.Unavailable, "not now") })
	late := made[*gitlab.Project](i, "create without Gitaly")(hers.Projects.CreateProject(&gitlab.CreateProjectOptions{Name: gitlab.Ptr("Late"), NamespaceID: &acme.ID, InitializeWithReadme: gitlab.Ptr(true)}))
	same(i, "empty", late.EmptyRepo, true)
	g.Fail(func(gitalytest.Call) error { return nil })
	servertest.Await(i.T, "the first commit", func() bool {
		_, _, err := hers.Branches.GetBranch(late.ID, "main")
		return err == nil
	})
	i.data.AwaitJobs(i.T)
}

// storage returns where the repository of a project lies.
func (i instance) storage(p *gitlab.Project) string {
	i.Helper()
	return read[*gitlab.ProjectRepositoryStorage](i, "storage")(i.admin.Projects.GetRepositoryStorage(p.ID)).DiskPath + ".git"
}

// values returns values as one text, with blanks between them.
func values(all ...any) string { return strings.TrimSuffix(fmt.Sprintln(all...), "\n") }
