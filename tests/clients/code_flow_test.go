//lint:file-ignore SA1019 what is deprecated is what the clients in the field still use

package clients_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// TestClient_code runs codeFlow with a Gitaly that calls this server's hooks.
func TestClient_code(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) string{"SQLite": stores.SQLiteFile, "PostgreSQL": stores.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gitalytest.Start(t)
			g.Put(source.Project{ID: 60}.RelativePath(source.Code))
			i := newInstance(t, open(t), false, `gitaly.storages=[{name: default, address: "`+g.Address()+`"}]`, "jobs.poll_interval=20ms")
			largeFileFlow(i, g)
			codeFlow(i, g)
		})
	}
}

// hooks are those of Gitaly, which count the pushes that are judged.
func (i instance) hooks(judged *atomic.Int64) gitalytest.Hooks {
	hooks := i.GitalyHooks(i.T)
	judge := hooks.PreReceive
	hooks.PreReceive = func(p gitalytest.Push) error {
		judged.Add(1)
		return judge(p)
	}
	return hooks
}

// codeFlow commits to a repository and reads it.
func codeFlow(i instance, g *gitalytest.Server) {
	var judged atomic.Int64
	g.CallHooks(i.hooks(&judged))
	mia, hers := i.newUser("mia")
	max, his := i.newUser("max")
	i.newGroup(i.admin, "acme", 0)
	i.data.Apply(i.T, `
projects: [{id: 60, path: acme/app, default_branch: main, empty: true, protected_branches: [{name: main, push: maintainer, merge: developer}]}]
members: [{user: mia, project: acme/app, role: maintainer}, {user: max, project: acme/app, role: developer}]
`)
	sameList(i, "branches of an empty repository", read[[]*gitlab.Branch](i, "branches")(hers.Branches.ListBranches(60, nil)))
	absent(i, "branch of an empty repository")(hers.Branches.GetBranch(60, "main"))
	absent(i, "file of an empty repository")(hers.RepositoryFiles.GetFile(60, "README.md", &gitlab.GetFileOptions{Ref: gitlab.Ptr("main")}))
	absent(i, "folder of an empty repository")(hers.Repositories.ListTree(60, nil))

	commit := func(branch, start string, actions ...*gitlab.CommitActionOptions) *gitlab.CreateCommitOptions {
		options := &gitlab.CreateCommitOptions{Branch: &branch, CommitMessage: gitlab.Ptr("Change " + branch), Actions: actions}
		if start != "" {
			options.StartBranch = &start
		}
		return options
	}
	create := func(path, content string) *gitlab.CommitActionOptions {
		return &gitlab.CommitActionOptions{Action: gitlab.Ptr(gitlab.FileCreate), FilePath: &path, Content: &content}
	}
	first := made[*gitlab.Commit](i, "first commit")(hers.Commits.CreateCommit("acme/app", commit("main", "", create("README.md", "# App\n"), create("docs/a.md", "a"))))
	same(i, "title", first.Title, "Change main")
	same(i, "committer", first.CommitterEmail, "mia@example.com")
	same(i, "parents", len(first.ParentIDs), 0)
	recent(i, "created_at", first.CreatedAt)
	same(i, "pushes that were judged", judged.Load(), 1)

	main := read[*gitlab.Branch](i, "branch")(hers.Branches.GetBranch(60, "main"))
	same(i, "commit of the branch", main.Commit.ID, first.ID)
	wantEqual(i, "dates of the commit", main.Commit.CommittedDate, first.CommittedDate)
	same(i, "main, for a maintainer", fmt.Sprint(main.Default, main.Protected, main.CanPush, main.DevelopersCanPush, main.DevelopersCanMerge), "true true true false true")
	seen := read[*gitlab.Branch](i, "branch")(his.Branches.GetBranch(60, "main"))
	same(i, "main may be pushed to by a developer", seen.CanPush, false)
	refused(i, "commit to a protected branch", 403, "403 Forbidden", `protected branch "main"`)(his.Commits.CreateCommit(60, commit("main", "", create("x", "x"))))
	i.pushesTo("developer", actor(max), "main", false)

	topic := made[*gitlab.Commit](i, "commit to a new branch")(his.Commits.CreateCommit(60, commit("feature/x", "main",
		&gitlab.CommitActionOptions{Action: gitlab.Ptr(gitlab.FileCreate), FilePath: gitlab.Ptr("bin/run"), Content: gitlab.Ptr(base64.StdEncoding.EncodeToString([]byte("#!\x00"))), Encoding: gitlab.Ptr("base64"), ExecuteFilemode: gitlab.Ptr(true)},
		&gitlab.CommitActionOptions{Action: gitlab.Ptr(gitlab.FileUpdate), FilePath: gitlab.Ptr("README.md"), Content: gitlab.Ptr("# Tool\n"), LastCommitID: &first.ID},
		&gitlab.CommitActionOptions{Action: gitlab.Ptr(gitlab.FileMove), FilePath: gitlab.Ptr("docs/b.md"), PreviousPath: gitlab.Ptr("docs/a.md")},
	)))
	sameList(i, "parent of the commit", topic.ParentIDs, first.ID)
	refused(i, "file that exists", 400, "A file with this name already exists")(his.Commits.CreateCommit(60, commit("feature/x", "", create("README.md", ""))))
	refused(i, "branch without a base", 400, "You can only create or edit files when you are on a branch")(his.Commits.CreateCommit(60, commit("new", "", create("x", ""))))
	branches := func(options gitlab.ListBranchesOptions) []string {
		return names(read[[]*gitlab.Branch](i, "branches")(his.Branches.ListBranches(60, &options)), func(b *gitlab.Branch) string { return b.Name })
	}
	sameList(i, "branches", branches(gitlab.ListBranchesOptions{}), "feature/x", "main")
	sameList(i, "branches by a term", branches(gitlab.ListBranchesOptions{Search: gitlab.Ptr("X$")}), "feature/x")
	sameList(i, "branches by a pattern", branches(gitlab.ListBranchesOptions{Regex: gitlab.Ptr("^ma")}), "main")

	readFiles(i, his, topic, first)
	writeFiles(i, his)
	i.pushesTo("developer", actor(max), "feature/x", true)
	i.data.Apply(i.T, `projects: [{path: acme/app, default_branch: main, protected_branches: [{name: main, push: maintainer, merge: developer}, {name: "feature/*", push: maintainer}]}]`)
	i.pushesTo("developer, once it is protected", actor(max), "feature/x", false)
	refused(i, "commit once it is protected", 403, `protected branch "feature/x"`)(his.Commits.CreateCommit(60, commit("feature/x", "", create("x", "x"))))
	same(i, "can_push once it is protected", read[*gitlab.Branch](i, "branch")(his.Branches.GetBranch(60, "feature/x")).CanPush, false)
	i.pushesTo("maintainer, once it is protected", actor(mia), "feature/x", true)

	stopped := time.Now()
	g.Stop()
	refused(i, "branch without a Gitaly", 503)(hers.Branches.GetBranch(60, "main"))
	refused(i, "commit without a Gitaly", 503)(hers.Commits.CreateCommit(60, commit("main", "", create("x", "x"))))
	if took := time.Since(stopped); took > 20*time.Second {
		i.Errorf("it took %s to see that Gitaly is gone", took)
	}
}

// pushesTo is pushes to a branch of project 60 that exists.
func (i instance) pushesTo(what, actor, branch string, want bool) {
	i.Helper()
	body := fmt.Sprintf(`{%s, "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh", "changes": "%s %s refs/heads/%s"}`,
		actor, servertest.OldID, servertest.OldID, branch)
	if got := i.Post(i.T, "/allowed", body).Status == http.StatusOK; got != want {
		i.Errorf("%s may push to %s: got %t, want %t", what, branch, got, want)
	}
	// Without a Gitaly explain knows no fast-forward, so that it is asked about a new branch.
	if got := i.explained(actor, "acme/app", "--ref", "refs/heads/"+branch, "--change", "create"); got != want {
		i.Errorf("explain says that %s may push to %s: %t, want %t", what, branch, got, want)
	}
}

// largeFileFlow reads a file that is too large to be shown.
func largeFileFlow(i instance, g *gitalytest.Server) {
	const size = 10<<20 + 1
	id := strings.Repeat("4", 40)
	r := g.Put(source.Project{ID: 61}.RelativePath(source.Code))
	r.Refs["refs/heads/main"] = id
	r.Commits[id] = gitalytest.Commit{Files: map[string]gitalytest.File{"large": {Content: make([]byte, size)}}, Added: []string{"large"}}
	i.newGroup(i.admin, "large", 0)
	i.data.Apply(i.T, "projects: [{id: 61, path: large/large, default_branch: main, empty: false}]")
	files := i.admin.RepositoryFiles
	refused(i, "large file", 422, "The file has 10485761 bytes")(files.GetFile(61, "large", &gitlab.GetFileOptions{Ref: gitlab.Ptr("main")}))
	same(i, "size of a large file", read[*gitlab.File](i, "metadata")(files.GetFileMetaData(61, "large", &gitlab.GetFileMetaDataOptions{Ref: gitlab.Ptr("main")})).Size, size)
	same(i, "raw large file", len(read[[]byte](i, "raw")(files.GetRawFile(61, "large", nil))), size)
}

func readFiles(i instance, client *gitlab.Client, topic, first *gitlab.Commit) {
	i.Helper()
	files := client.RepositoryFiles
	run := read[*gitlab.File](i, "file")(files.GetFile("acme/app", "bin/run", &gitlab.GetFileOptions{Ref: gitlab.Ptr("feature/x")}))
	content, err := base64.StdEncoding.DecodeString(run.Content)
	if err != nil || string(content) != "#!\x00" {
		i.Errorf("content: got %q, %v", content, err)
	}
	same(i, "file", fmt.Sprint(run.FileName, " ", run.FilePath, " ", run.Size, " ", run.Ref, " ", run.CommitID == topic.ID, run.LastCommitID == topic.ID, run.ExecuteFilemode),
		"run bin/run 3 feature/x true true true")
	meta := read[*gitlab.File](i, "metadata")(files.GetFileMetaData(60, "bin/run", &gitlab.GetFileMetaDataOptions{Ref: gitlab.Ptr("feature/x")}))
	run.Content = ""
	wantEqual(i, "metadata", meta, run)
	raw := read[*gitlab.File](i, "metadata of a raw file")(files.GetRawFileMetaData(60, "bin/run", &gitlab.GetRawFileOptions{Ref: &topic.ID}))
	same(i, "blob of a raw file", raw.BlobID, run.BlobID)
	same(i, "raw file", string(read[[]byte](i, "raw")(files.GetRawFile(60, "bin/run", &gitlab.GetRawFileOptions{Ref: gitlab.Ptr("feature/x")}))), "#!\x00")
	reader := read[io.ReadCloser](i, "raw")(files.GetRawFileReader(60, "README.md", nil))
	text, err := io.ReadAll(reader)
	if closed := reader.Close(); string(text) != "# App\n" || err != nil || closed != nil {
		i.Errorf("raw file at HEAD: got %q, %v, %v", text, err, closed)
	}
	readme := read[*gitlab.File](i, "file")(files.GetFile(60, "README.md", &gitlab.GetFileOptions{Ref: &first.ID}))
	same(i, "last commit of a file at an old commit", readme.LastCommitID, first.ID)
	absent(i, "absent file")(files.GetFile(60, "none", &gitlab.GetFileOptions{Ref: gitlab.Ptr("main")}))
	absent(i, "absent ref")(files.GetFile(60, "README.md", &gitlab.GetFileOptions{Ref: gitlab.Ptr("none")}))

	tree := func(options gitlab.ListTreeOptions) []string {
		return names(read[[]*gitlab.TreeNode](i, "tree")(client.Repositories.ListTree(60, &options)), func(n *gitlab.TreeNode) string { return n.Type + " " + n.Path })
	}
	sameList(i, "root", tree(gitlab.ListTreeOptions{}), "tree docs", "blob README.md")
	sameList(i, "folder", tree(gitlab.ListTreeOptions{Ref: gitlab.Ptr("feature/x"), Path: gitlab.Ptr("docs")}), "blob docs/b.md")
	sameList(i, "all", tree(gitlab.ListTreeOptions{Ref: gitlab.Ptr("feature/x"), Recursive: gitlab.Ptr(true)}), "tree bin", "tree docs", "blob README.md", "blob bin/run", "blob docs/b.md")
	absent(i, "absent folder")(client.Repositories.ListTree(60, &gitlab.ListTreeOptions{Path: gitlab.Ptr("none")}))
}

// writeFiles creates, changes and removes a file of the branch feature/x, each by a commit.
func writeFiles(i instance, client *gitlab.Client) {
	i.Helper()
	files, branch, message := client.RepositoryFiles, gitlab.Ptr("feature/x"), gitlab.Ptr("Say it")
	const path = ".gitlab/agents/prod/config.yaml"
	content := func() string {
		return string(read[[]byte](i, "raw")(files.GetRawFile(60, path, &gitlab.GetRawFileOptions{Ref: branch})))
	}
	created := made[*gitlab.FileInfo](i, "create a file")(files.CreateFile(60, path, &gitlab.CreateFileOptions{Branch: branch, CommitMessage: message, Content: gitlab.Ptr("one")}))
	wantEqual(i, "created", created, &gitlab.FileInfo{FilePath: path, Branch: "feature/x"})
	same(i, "created", content(), "one")
	refused(i, "create it again", 400, "A file with this name already exists")(files.CreateFile(60, path, &gitlab.CreateFileOptions{Branch: branch, CommitMessage: message, Content: gitlab.Ptr("two")}))
	changed := read[*gitlab.FileInfo](i, "change a file")(files.UpdateFile(60, path, &gitlab.UpdateFileOptions{
		Branch: branch, CommitMessage: message, Content: gitlab.Ptr(base64.RawStdEncoding.EncodeToString([]byte("two "))), Encoding: gitlab.Ptr("base64"), ExecuteFilemode: gitlab.Ptr(true),
	}))
	wantEqual(i, "changed", changed, created)
	same(i, "changed", content(), "two ")
	same(i, "executable", read[*gitlab.File](i, "file")(files.GetFile(60, path, &gitlab.GetFileOptions{Ref: branch})).ExecuteFilemode, true)
	done(i, "remove a file", http.StatusNoContent)(files.DeleteFile(60, path, &gitlab.DeleteFileOptions{Branch: branch, CommitMessage: message}))
	absent(i, "removed file")(files.GetFile(60, path, &gitlab.GetFileOptions{Ref: branch}))
	refused(i, "change it", 400, "A file with this name doesn't exist")(files.UpdateFile(60, path, &gitlab.UpdateFileOptions{Branch: branch, CommitMessage: message, Content: gitlab.Ptr("x")}))
	refused(i, "file of a protected branch", 403, `protected branch "main"`)(files.CreateFile(60, path, &gitlab.CreateFileOptions{Branch: gitlab.Ptr("main"), CommitMessage: message, Content: gitlab.Ptr("x")}))
}
