package e2e_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/domain/source"
	"gatehouse/tests/servertest"
)

// TestAPIProject pushes to a project that was made, and is changed and removed, through the
// management API.
func TestAPIProject(t *testing.T) { each(t, apiProject) }

func apiProject(t *testing.T, s *site) {
	client, err := gitlab.NewClient(adminToken, gitlab.WithBaseURL(s.url+"/api/v4"), gitlab.WithoutRetries())
	if err != nil {
		t.Fatal(err)
	}
	made := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	group, _, err := client.Groups.CreateGroup(&gitlab.CreateGroupOptions{Name: gitlab.Ptr("Rockets"), Path: gitlab.Ptr("rockets")})
	made("group", err)
	project, _, err := client.Projects.CreateProject(&gitlab.CreateProjectOptions{
		Name: gitlab.Ptr("saturn"), NamespaceID: &group.ID, InitializeWithReadme: gitlab.Ptr(true), DefaultBranch: gitlab.Ptr("main"),
	})
	made("project", err)
	const origin = "ssh://git@git.example.com/rockets/saturn.git"
	s.refused(t, "The project was not found", "102", ".", "clone", origin, "none")
	_, _, err = client.ProjectMembers.AddProjectMember(project.ID, &gitlab.AddProjectMemberOptions{UserID: 2, AccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions)})
	made("member", err)
	servertest.Await(t, "the README", func() bool {
		_, _, err := client.Branches.GetBranch(project.ID, "main")
		return err == nil
	})
	s.must(t, "102", ".", "clone", origin, "saturn")
	if readme, err := os.ReadFile(s.path("saturn/README.md")); err != nil || !strings.HasPrefix(string(readme), "# saturn") {
		t.Errorf("README: got %q, %v", readme, err)
	}
	if author := s.must(t, "", "saturn", "log", "-1", "--format=%an <%ae>"); author != "Rita Root <root@example.com>\n" {
		t.Errorf("got the author %q", author)
	}
	s.commit(t, "saturn", "one")
	s.refused(t, `not allowed to push to the protected branch "main"`, "102", "saturn", "push", "origin", "HEAD:main")
	s.must(t, "102", "saturn", "push", "origin", "HEAD:refs/heads/release/1")

	_, _, err = client.ProtectedBranches.ProtectRepositoryBranches(project.ID, &gitlab.ProtectRepositoryBranchesOptions{Name: gitlab.Ptr("release/*")})
	made("protection", err)
	s.commit(t, "saturn", "two")
	s.refused(t, `not allowed to push to the protected branch "release/1"`, "102", "saturn", "push", "origin", "HEAD:release/1")
	_, err = client.ProtectedBranches.UnprotectRepositoryBranches(project.ID, "release/*")
	made("unprotect", err)
	s.must(t, "102", "saturn", "push", "origin", "HEAD:release/1")

	commit, _, err := client.Commits.CreateCommit(project.ID, &gitlab.CreateCommitOptions{
		Branch: gitlab.Ptr("main"), CommitMessage: gitlab.Ptr("Add three"),
		Actions: []*gitlab.CommitActionOptions{{Action: gitlab.Ptr(gitlab.FileCreate), FilePath: gitlab.Ptr("three"), Content: gitlab.Ptr("3")}},
	})
	made("commit", err)
	s.must(t, "102", "saturn", "fetch", "--quiet", "origin")
	if head := s.must(t, "", "saturn", "rev-parse", "origin/main"); head != commit.ID+"\n" {
		t.Errorf("main is at %s, want %s", head, commit.ID)
	}

	_, _, err = client.Projects.EditProject(project.ID, &gitlab.EditProjectOptions{DefaultBranch: gitlab.Ptr("release/1"), Path: gitlab.Ptr("saturn-v")})
	made("another default branch and path", err)
	servertest.Await(t, "HEAD", func() bool {
		return strings.Contains(s.must(t, "102", ".", "ls-remote", "--symref", strings.Replace(origin, "saturn", "saturn-v", 1), "HEAD"), "refs/heads/release/1")
	})
	s.commit(t, "saturn", "four")
	if out := s.must(t, "102", "saturn", "push", "origin", "HEAD:topic"); !strings.Contains(out, "rockets/saturn-v.git") {
		t.Errorf("the new path is not told:\n%s", out)
	}
	_, _, err = client.Projects.TransferProject(project.ID, &gitlab.TransferProjectOptions{Namespace: "acme"})
	made("transfer", err)
	s.must(t, "101", ".", "clone", strings.Replace(origin, "rockets/saturn", "acme/saturn-v", 1), "moved")
	_, _, err = client.Projects.ArchiveProject(project.ID)
	made("archive", err)
	s.refused(t, "archived", "102", "saturn", "push", "origin", "HEAD:late")

	repository := filepath.Join(s.path("repositories"), source.Project{ID: source.ProjectID(project.ID)}.RelativePath(source.Code))
	if _, err := os.Stat(repository); err != nil {
		t.Errorf("the repository: %v", err)
	}
	_, err = client.Projects.DeleteProject(project.ID, nil)
	made("delete", err)
	s.refused(t, "The project was not found", "101", "moved", "fetch", "origin")
	servertest.Await(t, "the removal of the repository", func() bool {
		_, err := os.Stat(repository)
		return errors.Is(err, fs.ErrNotExist)
	})
}
