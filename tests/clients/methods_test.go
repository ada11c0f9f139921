package clients_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// services are those of client-go whose methods the flows call, by the fields of its
// client, and the methods that they leave out, by the reason.
var services = map[string]map[string][]string{
	"Version": nil, "Metadata": nil, "Keys": nil, "PersonalAccessTokens": nil, "Namespaces": nil, "ClusterAgents": nil, "GroupMembers": nil, "ProjectMembers": nil,
	"ProtectedBranches": nil, "ProtectedTags": nil, "DeployKeys": nil,
	"Users": {
		"there are no GPG keys": {
			"ListGPGKeys", "GetGPGKey", "AddGPGKey", "DeleteGPGKey", "ListGPGKeysForUser", "GetGPGKeyForUser", "AddGPGKeyForUser", "DeleteGPGKeyForUser",
		},
		"impersonation tokens come later": {
			"GetAllImpersonationTokens", "GetImpersonationToken", "CreateImpersonationToken", "RevokeImpersonationToken",
		},
		"there are no service accounts": {"CreateServiceAccountUser", "ListServiceAccounts", "UpdateInstanceServiceAccount"},
		"outside the tiers":             {"GetUserActivities", "CreateUserRunner", "UploadAvatar", "DeleteUserIdentity"},
	},
	"Groups": {
		"there are no links to LDAP or SAML": {
			"ListGroupLDAPLinks", "AddGroupLDAPLink", "DeleteGroupLDAPLink", "DeleteGroupLDAPLinkWithCNOrFilter", "DeleteGroupLDAPLinkForProvider", "SyncGroupWithLDAP",
			"ListGroupSAMLLinks", "GetGroupSAMLLink", "AddGroupSAMLLink", "DeleteGroupSAMLLink", "ListSAMLUsers", "ListProvisionedUsers",
		},
		"there are no push rules": {"GetGroupPushRules", "AddGroupPushRule", "EditGroupPushRule", "DeleteGroupPushRule"},
		"there are no service accounts": {
			"ListServiceAccounts", "CreateServiceAccount", "UpdateServiceAccount", "DeleteServiceAccount", "ListServiceAccountPersonalAccessTokens",
			"CreateServiceAccountPersonalAccessToken", "RevokeServiceAccountPersonalAccessToken", "RotateServiceAccountPersonalAccessToken",
		},
		"seats are the portal's": {"ListBillableGroupMembers", "ListMembershipsForBillableGroupMember", "RemoveBillableGroupMember"},
		"outside the tiers":      {"UploadAvatar"},
	},
	"Search": {
		"projects alone are searched for": {
			"ProjectsByGroup", "Issues", "IssuesByGroup", "IssuesByProject", "MergeRequests", "MergeRequestsByGroup", "MergeRequestsByProject",
			"Milestones", "MilestonesByGroup", "MilestonesByProject", "SnippetTitles", "NotesByProject", "WikiBlobs",
			"WikiBlobsByGroup", "WikiBlobsByProject", "Commits", "CommitsByGroup", "CommitsByProject", "Blobs", "BlobsByGroup", "BlobsByProject",
			"Users", "UsersByGroup", "UsersByProject",
		},
	},
	"Branches": {"branches are only read": {"CreateBranch", "DeleteBranch", "DeleteMergedBranches"}},
	"RepositoryFiles": {
		"outside the tiers": {"GetFileBlame"},
	},
	"Commits": {
		"commits are read later": {"ListCommits", "GetCommit", "GetCommitStatuses", "SetCommitStatus"},
		"outside the tiers": {
			"GetCommitRefs", "GetCommitDiff", "GetCommitComments", "PostCommitComment", "ListMergeRequestsByCommit", "CherryPickCommit", "RevertCommit", "GetGPGSignature",
		},
	},
	"Repositories": {
		"archives are sent later": {"Archive", "StreamArchive"},
		"outside the tiers":       {"Blob", "RawBlobContent", "Compare", "Contributors", "MergeBase", "AddChangelog", "GenerateChangelogData"},
	},
	"Projects": {
		"forks and housekeeping come later": {"CreateProjectForkRelation", "DeleteProjectForkRelation", "StartHousekeepingProject"},
		"there are no service accounts": {
			"ListProjectServiceAccounts", "CreateProjectServiceAccount", "UpdateProjectServiceAccount", "DeleteProjectServiceAccount",
			"ListProjectServiceAccountPersonalAccessTokens", "CreateProjectServiceAccountPersonalAccessToken",
			"RevokeProjectServiceAccountPersonalAccessToken", "RotateProjectServiceAccountPersonalAccessToken",
		},
		"there are no push rules": {"AddProjectPushRule", "EditProjectPushRule", "DeleteProjectPushRule"},
		"there are no approvals": {
			"GetApprovalConfiguration", "ChangeApprovalConfiguration", "GetProjectApprovalRules", "GetProjectApprovalRule",
			"CreateProjectApprovalRule", "UpdateProjectApprovalRule", "DeleteProjectApprovalRule",
		},
		"outside the tiers": {
			"StarProject", "UnstarProject", "UploadAvatar", "GetProjectPullMirrorDetails", "ConfigureProjectPullMirror", "StartMirroringProject",
			"ListProjectTargetBranchRules", "CreateTargetBranchRule", "DeleteTargetBranchRule",
		},
	},
}

// TestClient_methods fails for a method of client-go that no flow calls and that is not
// left out for a reason, and for one that does not exist.
func TestClient_methods(t *testing.T) {
	t.Parallel()
	called := calledMethods(t)
	client := reflect.TypeFor[gitlab.Client]()
	for service, out := range services {
		field, ok := client.FieldByName(service)
		if !ok {
			t.Errorf("client-go has no service %s", service)
			continue
		}
		leftOut := map[string]bool{}
		for _, methods := range out {
			for _, method := range methods {
				leftOut[method] = true
				if _, ok := field.Type.MethodByName(method); !ok {
					t.Errorf("%s has no method %s", service, method)
				}
			}
		}
		for n := range field.Type.NumMethod() {
			method := field.Type.Method(n).Name
			if !leftOut[method] && !slices.Contains(called, method) {
				t.Errorf("no flow calls %s.%s", service, method)
			}
		}
	}
}

// calledMethods returns the names of everything that the flows select: methods that are
// called and those that are handed on.
func calledMethods(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*_flow_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no flows", err)
	}
	for _, file := range append(files, "instance_test.go") {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				names = append(names, selector.Sel.Name)
			}
			return true
		})
	}
	return names
}
