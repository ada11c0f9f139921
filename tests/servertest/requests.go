package servertest

import (
	"fmt"
	"strings"
)

// The object IDs of a push: of no object, of the old commit and of the new one.
var (
	ZeroID = strings.Repeat("0", 40)
	OldID  = strings.Repeat("1", 40)
	NewID  = strings.Repeat("2", 40)
)

// Bodies of requests on project 60 of World by its member dev, whose key is 102.
const (
	PreReceive      = `{"gl_repository": "project-60"}`
	LFSAuthenticate = `{"key_id": 102, "project": "acme/tools/cli", "operation": "upload"}`
	CreateToken     = `{"key_id": 102, "name": "mine", "scopes": ["read_api"]}`
	AuditEvent      = `{"key_id": 102, "gl_repository": "project-60", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any"}`

	pushBody        = `{"key_id": "102", "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh", "changes": "%s %s refs/heads/topic"}`
	postReceiveBody = `{"gl_repository": "project-60", "identifier": "user-4", "changes": "%s %s refs/heads/%s\n", "push_options": ["ci.skip"]}`
)

// Answers to /pre_receive and /post_receive.
const (
	Increased = `{"reference_counter_increased": true}`
	Decreased = `{"reference_counter_decreased": true}`
)

// Fetch returns the body of /allowed for a fetch from project 60. The actor is a
// JSON member, as `"key_id": 102`.
func Fetch(actor string) string {
	return fmt.Sprintf(`{%s, "project": "acme/tools/cli", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any"}`, actor)
}

// PostReceive returns the body of /post_receive after dev has pushed a branch.
func PostReceive(branch string) string { return fmt.Sprintf(postReceiveBody, OldID, NewID, branch) }

// KeyBlob returns the base64 part of a public key, as OpenSSH passes it on.
func KeyBlob(line string) string { return strings.Fields(line)[1] }

// The routes for vulnerabilities, and the body for the first one: a format with a
// number.
const (
	StarboardRoute  = "PUT /kubernetes/modules/starboard_vulnerability/"
	ScanResultRoute = "POST /kubernetes/modules/starboard_vulnerability/scan_result"
	Vulnerability   = `{"vulnerability": {"name": "CVE-%d in libc", "severity": "high", "location": {"kubernetes_resource": {"namespace": "production", "kind": "deployment", "name": "nginx"}},
		"identifiers": [{"type": "cve", "name": "CVE-%[1]d"}]}, "scanner": {"id": "starboard_trivy", "name": "Trivy"}}`
)
