package security_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"gatehouse/domain/agents"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
)

// The namespaces of GitLab's environments.
var (
	production  = uuid.MustParse("58dc0f06-936c-43b3-93bb-71693f1b6570")
	development = uuid.MustParse("a143e9e2-41b3-47bc-9a19-081d089229f4")
	staging     = uuid.MustParse("a6930898-a1b2-4365-ab18-12aa474d9b26")
)

// TestIdentify holds the rule to the contract's vectors, of agent 5 in project 7.
func TestIdentify(t *testing.T) {
	t.Parallel()
	seed := security.Resource{Namespace: "production", Kind: "deployment", Name: "nginx", Container: "nginx"}
	for name, c := range map[string]struct {
		space uuid.UUID
		id    string
		at    security.Resource
		want  string
	}{
		"the seed's example":                {production, "CVE-123-4567", seed, "58bd4058-4ef1-54f9-af47-849177789f78"},
		"the seed's example in development": {development, "CVE-123-4567", seed, "121dba2c-1719-5089-b816-0bb28b2766c9"},
		"container_name does not count": {production, "CVE-123-4567",
			security.Resource{Namespace: "production", Kind: "deployment", Name: "nginx-ingress", Package: "libc"}, "e777e60b-d61a-537b-ae12-0a5eddeac3fa"},
		"as agents send it": {production, "CVE-2020-27350",
			security.Resource{Namespace: "default", Kind: "Deployment", Name: "nginx-deployment", Package: "apt"}, "78e66f3e-74ef-5988-8140-df12d33b73c9"},
	} {
		if got := security.FindingUUID(c.space, 7, 5, security.Identifier{Type: "any", Name: c.id, Value: "any"}, c.at); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// TestIdentify_library holds the library to the contract's self-test.
func TestIdentify_library(t *testing.T) {
	t.Parallel()
	for space, want := range map[uuid.UUID]string{
		production:  "4961388b-9d8e-5da0-a499-3ef5da58daf0",
		development: "5b593e54-90f5-504b-8805-5394a4d14b94",
		staging:     "dd190b37-7754-5c7c-80a0-85621a5823ad",
	} {
		if got := uuid.NewSHA1(space, []byte("GitLab")).String(); got != want {
			t.Errorf("%s: got %s, want %s", space, got, want)
		}
	}
}

// TestIdentify_parts changes one part after the other: each counts.
func TestIdentify_parts(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, part := range []string{"none", "agent", "project", "cve", "cwe", "other", "namespace", "kind", "name", "container", "package", "shifted"} {
		agent, project, id := 5, 7, "CVE-1"
		at := security.Resource{Namespace: "a", Kind: "b", Name: "c"}
		switch part {
		case "agent":
			agent++
		case "project":
			project++
		case "cve":
			id = "x-cVe-1"
		case "cwe":
			id = "CwE-1"
		case "other":
			id = "USN-1"
		case "namespace":
			at.Namespace = "z"
		case "kind":
			at.Kind = "z"
		case "name":
			at.Name = "z"
		case "container":
			at.Container = "z"
		case "package":
			at.Package = "z"
		case "shifted":
			at = security.Resource{Kind: "a", Name: "b", Container: "c"}
		}
		got := security.FindingUUID(production, source.ProjectID(project), agents.AgentID(agent), security.Identifier{Name: id}, at)
		if other, taken := seen[got]; taken {
			t.Errorf("%s and %s are the same", part, other)
		}
		seen[got] = part
	}
}

func TestUUIDs(t *testing.T) {
	t.Parallel()
	const one = "102e8a0a-fe29-59bd-b46c-57c3e9bc6411"
	got := security.UUIDs([]string{"x", "", strings.ToUpper(one), one, "{" + one + "}", "urn:uuid:" + one, strings.ReplaceAll(one, "-", ""), strings.Repeat("z", 36)})
	if diff := cmp.Diff([]string{one}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
