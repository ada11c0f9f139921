package cli

import "net/http"

// The words of the examples for the Kubernetes agent server.
const (
	jwtWord        = "<JWT token>"
	agentTokenWord = "<agent token>"
)

const (
	withJWT        = "Gitlab-Kas-Api-Request: " + jwtWord
	withAgentToken = "Authorization: Bearer " + agentTokenWord
	withJSON       = "Content-Type: application/json"
)

// kasExamples are those of the Kubernetes agent server. Most are documented
// without an answer, which is then of the demo's world.
var kasExamples = []example{
	{
		title:  "GitLab agent information",
		method: http.MethodGet, path: "/api/v4/internal/kubernetes/agent_info", headers: []string{withJWT, withAgentToken},
		status: http.StatusOK,
		answer: `{
  "project_id": 7,
  "agent_id": 1,
  "agent_name": "production",
  ` + demoProject,
	},
	{
		title:  "GitLab agent project information",
		method: http.MethodGet, path: "/api/v4/internal/kubernetes/project_info?id=7", headers: []string{withJWT, withAgentToken},
		status: http.StatusOK,
		answer: `{
  "project_id": 7,
  ` + demoProject,
	},
	{
		title:  "GitLab agent usage metrics",
		method: http.MethodPost, path: "/api/v4/internal/kubernetes/usage_metrics", headers: []string{withJWT, withJSON},
		data:   []string{`{"gitops_sync_count":1}`},
		status: http.StatusNoContent,
	},
	{
		title:  "Create Starboard vulnerability",
		method: http.MethodPut, path: "/api/v4/internal/kubernetes/modules/starboard_vulnerability",
		headers: []string{withJWT, withAgentToken, withJSON},
		data: []string{`{
  "vulnerability": {
    "name": "CVE-123-4567 in libc",
    "severity": "high",
    "confidence": "unknown",
    "location": {
      "kubernetes_resource": {
        "namespace": "production",
        "kind": "deployment",
        "name": "nginx",
        "container": "nginx"
      }
    },
    "identifiers": [
      {
        "type": "cve",
        "name": "CVE-123-4567",
        "value": "CVE-123-4567"
      }
    ]
  },
  "scanner": {
    "id": "starboard_trivy",
    "name": "Trivy (via Starboard Operator)",
    "vendor": "GitLab"
  }
}`},
		status: http.StatusOK,
		answer: `{
  "uuid": "4773b2ee-5ba5-5e9f-b48c-5f7a17f0faac"
}`,
		fresh: []string{"uuid"}, // it depends on the numbers of agent and project
	},
	{
		title:  "Resolve Starboard vulnerabilities",
		method: http.MethodPost, path: "/api/v4/internal/kubernetes/modules/starboard_vulnerability/scan_result",
		headers: []string{withJWT, withAgentToken, withJSON},
		data:    []string{`{ "uuids": ["102e8a0a-fe29-59bd-b46c-57c3e9bc6411", "5eb12985-0ed5-51f4-b545-fd8871dc2870"] }`},
		status:  http.StatusOK,
		answer:  `200`,
	},
}

const demoProject = `"gitaly_info": {
    "address": "unix:/Users/bvl/repos/gitlab/gitaly.socket",
    "token": null,
    "features": {}
  },
  "gitaly_repository": {
    "storage_name": "default",
    "relative_path": "@hashed/79/02/7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451.git",
    "gl_repository": "project-7",
    "gl_project_path": "gnuwget/wget"
  },
  "default_branch": "main"
}`
