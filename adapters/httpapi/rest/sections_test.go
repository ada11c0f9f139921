package rest_test

import (
	"strings"
	"testing"

	"gatehouse/adapters/httpapi/rest"
)

// TestOperations_sections wants each operation in a section with a sentence, and some in
// the section where a reader looks for them.
func TestOperations_sections(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"getCurrentUser": "users", "addOwnKey": "users", "findKey": "users", "createUserPersonalAccessToken": "access tokens",
		"listGroups": "groups", "getNamespace": "groups", "listGroupMembers": "members", "removeProjectMember": "members", "listUserMemberships": "members",
		"getProject": "projects", "listGroupProjects": "projects", "listProjectUsers": "projects", "listProtectedTags": "protections", "listUserProjectDeployKeys": "deploy keys",
		"getMetadata": "server", "getSettings": "server",
		"listGroupVariables": "placeholders", "listRunners": "placeholders",
	}
	for _, o := range rest.Operations() {
		name, ok := strings.CutPrefix(o.Client.Name, "management: ")
		if !ok || !strings.HasSuffix(o.Client.About, ".") {
			t.Errorf("%s: got the section %v", o.Name, o.Client)
		}
		if section, listed := want[o.Name]; listed && name != section {
			t.Errorf("%s: got the section %s, want %s", o.Name, name, section)
		}
		delete(want, o.Name)
	}
	if len(want) > 0 {
		t.Errorf("no operations %v", want)
	}
}
