package clients_test

// row is a call and the status that each role gets for it.
type row struct {
	// call is a method and a path behind /api/v4.
	call string
	// body is JSON; empty for none.
	body string
	// want are the statuses in the order of roles.
	want string
	// absent is the path, and maybe behind a blank the body, for something that does not
	// exist, where the call is for something that a stranger may not see: both get the same
	// answer. Where it is empty the call is for nothing hidden.
	absent string
}

// The statuses of the usual rows: admin, owner, maintainer, developer, guest, stranger,
// anonymous.
const (
	signedIn    = "200 200 200 200 200 200 401"
	everyone    = "200 200 200 200 200 200 200"
	userMakes   = "201 201 201 201 201 201 401"
	membersRead = "200 200 200 200 200 404 401"
	seersRead   = "200 200 200 200 200 404 404"
	adminReads  = "200 403 403 403 403 403 401"
	adminMakes  = "201 403 403 403 403 403 401"
	adminDrops  = "204 403 403 403 403 403 401"
	ownerReads  = "200 200 403 403 403 404 401"
	ownerMakes  = "201 201 403 403 403 404 401"
	ownerDrops  = "204 204 403 403 403 404 401"

	codeReads       = "200 200 200 200 403 404 401"
	maintainerMakes = "201 201 201 403 403 404 401"
	maintainerDrops = "204 204 204 403 403 404 401"
)

// matrix has at least one row for each route of the management API. Its statuses come from
// the rights of GitLab, and not from the code.
var matrix = map[string][]row{
	"meta": {
		{"GET /version", "", signedIn, ""},
		{"GET /metadata", "", signedIn, ""},
		{"GET /openapi.json", "", everyone, ""},
	},
	"users": {
		{"GET /user", "", signedIn, ""},
		{"GET /users", "", signedIn, ""},
		{"GET /users?username=member", "", everyone, ""},
		{"GET /users/7", "", signedIn, ""},
		{"POST /users", `{"email": "new@example.com", "username": "new", "name": "New", "reset_password": true}`, adminMakes, ""},
		{"PUT /users/8", `{"note": "seen"}`, adminReads, ""},
		{"PUT /users/4", `{"name": "Mine"}`, adminReads, ""}, // not even the own one
		{"DELETE /users/8", "", adminDrops, ""},
		{"POST /users/8/block", "", adminMakes, ""},
		{"POST /users/9/unblock", "", adminMakes, ""},
		{"POST /users/8/deactivate", "", adminMakes, ""},
		{"POST /users/10/activate", "", adminMakes, ""},
		{"POST /users/8/ban", "", adminMakes, ""},
		{"POST /users/11/unban", "", adminMakes, ""},
		{"POST /users/12/approve", "", adminMakes, ""},
		{"POST /users/12/reject", "", adminReads, ""},
		{"PATCH /users/13/disable_two_factor", "", adminDrops, ""},
		{"GET /users/7/memberships", "", adminReads, ""},
		{"GET /users/4/associations_count", "", "200 403 403 200 403 403 401", ""},
		{"GET /user/emails", "", signedIn, ""},
		{"GET /user/emails/1", "", "404 404 404 200 404 404 401", "/user/emails/999"},
		{"POST /user/emails", `{"email": "new@example.com"}`, userMakes, ""},
		{"DELETE /user/emails/1", "", "404 404 404 204 404 404 401", "/user/emails/999"},
		{"GET /users/7/emails", "", adminReads, ""},
		{"GET /users/4/emails", "", adminReads, ""}, // not even the own ones
		{"POST /users/7/emails", `{"email": "new@example.com", "skip_confirmation": true}`, adminMakes, ""},
		{"DELETE /users/7/emails/2", "", adminDrops, ""},
		{"GET /user/status", "", signedIn, ""},
		{"PUT /user/status", `{"message": "away"}`, signedIn, ""},
		{"PATCH /user/status", `{"message": "away"}`, signedIn, ""},
		{"GET /users/7/status", "", signedIn, ""},
	},
	"keys": {
		{"GET /users/7/keys", "", signedIn, ""},
		{"GET /users/member/keys", "", signedIn, ""},
		{"GET /users/7/keys/41", "", signedIn, ""},
		{"POST /users/7/keys", `{"title": "new", "key": "` + newKey + `"}`, adminMakes, ""},
		{"DELETE /users/7/keys/41", "", adminDrops, ""},
		{"GET /user/keys", "", signedIn, ""},
		{"POST /user/keys", `{"title": "new", "key": "` + newKey + `"}`, userMakes, ""},
		{"GET /user/keys/40", "", "404 404 404 200 404 404 401", "/user/keys/999"},
		{"DELETE /user/keys/40", "", "404 404 404 204 404 404 401", "/user/keys/999"},
		{"GET /keys/41", "", adminReads, ""},
		{"GET /keys/42", "", adminReads, ""}, // a deploy key
		{"GET /keys?fingerprint=" + keyFingerprint, "", adminReads, ""},
	},
	"personal access tokens": {
		{"GET /personal_access_tokens", "", signedIn, ""},
		{"GET /personal_access_tokens?user_id=4", "", "200 401 401 200 401 401 401", ""},
		{"GET /personal_access_tokens/7", "", "200 401 401 200 401 401 401", "/personal_access_tokens/999"},
		{"GET /personal_access_tokens/self", "", signedIn, ""},
		{"POST /users/7/personal_access_tokens", `{"name": "new", "scopes": ["api"]}`, adminMakes, ""},
		{"POST /users/4/personal_access_tokens", `{"name": "new", "scopes": ["api"]}`, adminMakes, ""}, // not even for oneself
		{"POST /user/personal_access_tokens", `{"name": "new", "scopes": ["k8s_proxy"]}`, userMakes, ""},
		{"POST /personal_access_tokens/7/rotate", "", "200 401 401 200 401 401 401", "/personal_access_tokens/999/rotate"},
		{"POST /personal_access_tokens/self/rotate", "", signedIn, ""},
		{"DELETE /personal_access_tokens/7", "", "204 401 401 204 401 401 401", "/personal_access_tokens/999"},
		{"DELETE /personal_access_tokens/self", "", "204 204 204 204 204 204 401", ""},
	},
	"groups": {
		{"GET /groups", "", everyone, ""},
		{"POST /groups", `{"name": "New", "path": "new"}`, userMakes, ""},
		{"POST /groups", `{"name": "New", "path": "new", "parent_id": 20}`, "201 201 201 403 403 404 401", `/groups {"name": "New", "path": "new", "parent_id": 999}`},
		{"POST /groups", `{"name": "New", "path": "new", "parent_id": 27}`, "201 201 403 403 403 404 401", `/groups {"name": "New", "path": "new", "parent_id": 999}`},
		{"GET /groups/20", "", seersRead, "/groups/999"},
		{"GET /groups/acme%2Fsub", "", seersRead, "/groups/acme%2Fnone"},
		{"GET /groups/24", "", everyone, ""},
		{"GET /groups/25", "", "200 200 200 200 200 200 404", "/groups/999"},
		{"PUT /groups/20", `{"description": "new"}`, ownerReads, "/groups/999"},
		{"PUT /groups/acme", `{"path": "renamed"}`, ownerReads, "/groups/none"},
		{"PUT /groups/24", `{"description": "new"}`, adminReads, ""},
		{"DELETE /groups/20", "", "202 202 403 403 403 404 401", "/groups/999"},
		{"DELETE /groups/24", "", "202 403 403 403 403 403 401", ""},
		{"POST /groups/20/restore", "", "400 400 403 403 403 404 401", "/groups/999/restore"},
		{"POST /groups/20/archive", "", "422 422 403 403 403 404 401", "/groups/999/archive"},
		{"POST /groups/20/unarchive", "", "422 422 403 403 403 404 401", "/groups/999/unarchive"},
		{"GET /groups/20/subgroups", "", membersRead, "/groups/999/subgroups"},
		{"GET /groups/20/descendant_groups", "", membersRead, "/groups/999/descendant_groups"},
		{"GET /groups/20/transfer_locations", "", ownerReads, "/groups/999/transfer_locations"},
		{"GET /groups/20/invited_groups", "", membersRead, "/groups/999/invited_groups"},
		{"GET /groups/20/groups/shared", "", membersRead, "/groups/999/groups/shared"},
		{"POST /groups/21/transfer", `{"group_id": 22}`, ownerMakes, "/groups/999/transfer"},
		{"POST /groups/21/transfer", "", ownerMakes, "/groups/999/transfer"}, // to the top
		{"POST /groups/20/transfer", `{"group_id": 26}`, "201 404 403 403 403 404 401", `/groups/20/transfer {"group_id": 999}`},
		{"POST /groups/22/projects/30", "", adminMakes, ""},
		{"POST /groups/20/projects/acme%2Fsub%2Flib", "", adminMakes, ""},
		{"POST /groups/22/projects/old%2Fapp", "", "405 403 403 403 403 403 401", ""},
		{"POST /groups/20/share", `{"group_id": 26, "group_access": 30}`, "201 404 403 403 403 404 401", `/groups/20/share {"group_id": 999, "group_access": 30}`},
		{"POST /groups/20/share", `{"group_id": 22, "group_access": 30}`, ownerMakes, "/groups/999/share"},
		{"DELETE /groups/20/share/23", "", ownerDrops, "/groups/999/share/23"},
	},
	"members of groups": {
		{"GET /groups/20/members", "", membersRead, "/groups/999/members"},
		{"GET /groups/24/members", "", signedIn, ""},
		{"GET /groups/20/members/all", "", membersRead, "/groups/999/members/all"},
		{"GET /groups/20/members/7", "", membersRead, "/groups/999/members/7"},
		{"GET /groups/21/members/all/7", "", membersRead, "/groups/999/members/all/7"},
		{"POST /groups/20/members", `{"user_id": 8, "access_level": 30}`, ownerMakes, "/groups/999/members"},
		{"POST /groups/20/members", `{"user_id": 8, "access_level": 50}`, ownerMakes, "/groups/999/members"},
		{"POST /groups/24/members", `{"user_id": 8, "access_level": 30}`, adminMakes, ""},
		{"PUT /groups/20/members/7", `{"access_level": 30}`, ownerReads, "/groups/999/members/7"},
		{"DELETE /groups/20/members/7", "", ownerDrops, "/groups/999/members/7"},
		{"POST /groups/20/access_requests", "", "404 404 404 404 404 404 401", "/groups/999/access_requests"},
		{"POST /groups/20/invitations", `{"email": "x@example.com", "access_level": 30}`, "404 404 404 404 404 404 401", "/groups/999/invitations"},
		{"GET /groups/20/access_requests", "", membersRead, "/groups/999/access_requests"},
		{"GET /groups/20/invitations", "", membersRead, "/groups/999/invitations"},
	},
	"members of projects": {
		{"GET /projects/30/members", "", membersRead, "/projects/999/members"},
		{"GET /projects/32/members", "", signedIn, ""},
		{"GET /projects/acme%2Fapp/members/all", "", membersRead, "/projects/acme%2Fnone/members/all"},
		{"GET /projects/30/members/7", "", membersRead, "/projects/999/members/7"},
		{"GET /projects/30/members/all/3", "", membersRead, "/projects/999/members/all/3"},
		{"POST /projects/30/members", `{"user_id": 8, "access_level": 40}`, "201 201 201 403 403 404 401", "/projects/999/members"},
		{"POST /projects/30/members", `{"user_id": 8, "access_level": 50}`, ownerMakes, "/projects/999/members"},
		{"POST /projects/32/members", `{"user_id": 8, "access_level": 30}`, adminMakes, ""},
		{"POST /projects/old%2Fapp/members", `{"user_id": 8, "access_level": 30}`, "405 405 405 405 405 404 401", "/projects/old%2Fnone/members"},
		{"PUT /projects/30/members/7", `{"access_level": 40}`, "200 200 200 403 403 404 401", "/projects/999/members/7"},
		{"PUT /projects/30/members/7", `{"access_level": 50}`, ownerReads, "/projects/999/members/7"},
		{"DELETE /projects/30/members/7", "", "204 204 204 403 403 404 401", "/projects/999/members/7"},
		{"DELETE /projects/34/members/4", "", "403 404 404 403 404 404 401", "/projects/999/members/4"}, // the owner of the namespace
		{"POST /projects/30/access_requests", "", "404 404 404 404 404 404 401", "/projects/999/access_requests"},
		{"POST /projects/30/invitations", `{"email": "x@example.com", "access_level": 30}`, "404 404 404 404 404 404 401", "/projects/999/invitations"},
		{"GET /projects/30/access_requests", "", membersRead, "/projects/999/access_requests"},
		{"GET /projects/30/invitations", "", membersRead, "/projects/999/invitations"},
	},
	"projects": {
		{"GET /projects", "", everyone, ""},
		{"GET /search?scope=projects&search=a", "", signedIn, ""},
		{"GET /projects/30", "", seersRead, "/projects/999"},
		{"GET /projects/acme%2Fsub%2Flib", "", seersRead, "/projects/acme%2Fsub%2Fnone"},
		{"GET /projects/32", "", everyone, ""},
		{"GET /projects/33", "", "200 200 200 200 200 200 404", "/projects/999"},
		{"GET /projects/34", "", "200 404 404 200 404 404 404", "/projects/999"},
		{"GET /projects/old%2Fapp", "", "301 301 301 301 301 404 404", "/projects/old%2Fnone"},
		{"GET /projects/old%2Fsite", "", "301 301 301 301 301 301 301", ""},
		{"GET /projects/30/users", "", membersRead, "/projects/999/users"},
		{"GET /projects/30/groups", "", membersRead, "/projects/999/groups"},
		{"GET /projects/30/invited_groups", "", membersRead, "/projects/999/invited_groups"},
		{"GET /projects/30/languages", "", membersRead, "/projects/999/languages"},
		{"GET /projects/30/forks", "", membersRead, "/projects/999/forks"},
		{"GET /projects/30/starrers", "", membersRead, "/projects/999/starrers"},
		{"GET /users/4/projects", "", signedIn, ""},
		{"GET /users/developer/projects", "", signedIn, ""},
		{"GET /users/4/contributed_projects", "", signedIn, ""},
		{"GET /users/4/starred_projects", "", signedIn, ""},
		{"GET /groups/20/projects", "", seersRead, "/groups/999/projects"},
		{"GET /groups/24/projects", "", everyone, ""},
		{"GET /groups/20/projects/shared", "", membersRead, "/groups/999/projects/shared"},
	},
	"code": { // no Gitaly is connected, so that nothing is there
		{"GET /projects/30/repository/branches", "", "200 200 200 200 403 404 401", "/projects/999/repository/branches"},
		{"GET /projects/30/repository/branches/main", "", "404 404 404 404 403 404 401", "/projects/999/repository/branches/main"},
		{"GET /projects/30/repository/tree", "", "404 404 404 404 403 404 401", "/projects/999/repository/tree"},
		{"GET /projects/30/repository/files/README.md", "", "404 404 404 404 403 404 401", "/projects/999/repository/files/README.md"},
		{"GET /projects/30/repository/files/README.md/raw", "", "404 404 404 404 403 404 401", "/projects/999/repository/files/README.md/raw"},
		{"GET /projects/32/repository/branches", "", "200 200 200 200 200 200 401", ""},
		{"POST /projects/30/repository/files/README.md", `{"branch": "topic", "commit_message": "m", "content": "c"}`, "400 400 400 400 403 404 401", "/projects/999/repository/files/README.md"},
		{"PUT /projects/30/repository/files/README.md", `{"branch": "topic", "commit_message": "m", "content": "c"}`, "400 400 400 400 403 404 401", "/projects/999/repository/files/README.md"},
		{"DELETE /projects/30/repository/files/README.md?branch=topic&commit_message=m", "", "400 400 400 400 403 404 401", "/projects/999/repository/files/README.md?branch=topic&commit_message=m"},
		{"POST /projects/30/repository/commits", `{"branch": "topic", "commit_message": "m", "actions": []}`, "400 400 400 400 403 404 401", "/projects/999/repository/commits"},
	},
	"changes of projects": {
		{"POST /projects", `{"name": "Fresh", "namespace_id": 20}`, "201 201 201 201 400 400 401", `/projects {"name": "Fresh", "namespace_id": 999}`},
		{"POST /projects/user/7", `{"name": "Fresh"}`, adminMakes, ""},
		{"PUT /projects/30", `{"description": "words"}`, "200 200 200 403 403 404 401", "/projects/999"},
		{"DELETE /projects/30", "", "202 202 403 403 403 404 401", "/projects/999"},
		{"POST /projects/30/restore", "", "400 400 403 403 403 404 401", "/projects/999/restore"},
		{"POST /projects/30/archive", "", ownerMakes, "/projects/999/archive"},
		{"POST /projects/30/unarchive", "", ownerMakes, "/projects/999/unarchive"},
		{"PUT /projects/30/transfer", `{"namespace": 21}`, ownerReads, "/projects/999/transfer"},
		{"POST /projects/30/share", `{"group_id": 24, "group_access": 20}`, "201 201 201 403 403 404 401", "/projects/999/share"},
		{"DELETE /projects/30/share/24", "", "404 404 404 403 403 404 401", "/projects/999/share/24"},
		{"POST /projects/30/fork", "", "400 400 400 400 400 404 401", "/projects/999/fork"},
		{"GET /projects/30/storage", "", adminReads, ""},
		{"POST /projects/30/repository_size", "", "201 201 201 403 403 404 401", "/projects/999/repository_size"},
	},
	"hooks": {
		{"GET /projects/30/hooks", "", "200 200 200 403 403 404 401", "/projects/999/hooks"},
		{"GET /projects/30/hooks/50", "", "200 200 200 403 403 404 401", "/projects/999/hooks/50"},
		{"POST /projects/30/hooks", `{"url": "https://ci.example.com/new"}`, "201 201 201 403 403 404 401", "/projects/999/hooks"},
		{"PUT /projects/30/hooks/50", `{"name": "new"}`, "200 200 200 403 403 404 401", "/projects/999/hooks/50"},
		{"DELETE /projects/30/hooks/50", "", "204 204 204 403 403 404 401", "/projects/999/hooks/50"},
		{"POST /projects/30/hooks/50/test/push_events", "", "422 422 422 403 403 404 401", "/projects/999/hooks/50/test/push_events"},
		{"GET /projects/30/hooks/50/events", "", "200 200 200 403 403 404 401", "/projects/999/hooks/50/events"},
		{"POST /projects/30/hooks/50/events/1/resend", "", "404 404 404 403 403 404 401", "/projects/999/hooks/50/events/1/resend"},
		{"PUT /projects/30/hooks/50/custom_headers/X-Other", `{"value": "v"}`, "204 204 204 403 403 404 401", "/projects/999/hooks/50/custom_headers/X-Other"},
		{"DELETE /projects/30/hooks/50/custom_headers/X-Own", "", "204 204 204 403 403 404 401", "/projects/999/hooks/50/custom_headers/X-Own"},
		{"PUT /projects/30/hooks/50/url_variables/other", `{"value": "v"}`, "204 204 204 403 403 404 401", "/projects/999/hooks/50/url_variables/other"},
		{"DELETE /projects/30/hooks/50/url_variables/own", "", "204 204 204 403 403 404 401", "/projects/999/hooks/50/url_variables/own"},
		{"GET /groups/20/hooks", "", ownerReads, "/groups/999/hooks"},
		{"GET /groups/20/hooks/51", "", ownerReads, "/groups/999/hooks/51"},
		{"POST /groups/20/hooks", `{"url": "https://ci.example.com/new"}`, ownerMakes, "/groups/999/hooks"},
		{"PUT /groups/20/hooks/51", `{"name": "new"}`, ownerReads, "/groups/999/hooks/51"},
		{"DELETE /groups/20/hooks/51", "", ownerDrops, "/groups/999/hooks/51"},
		{"POST /groups/20/hooks/51/test/push_events", "", "422 422 403 403 403 404 401", "/groups/999/hooks/51/test/push_events"},
		{"GET /groups/20/hooks/51/events", "", ownerReads, "/groups/999/hooks/51/events"},
		{"POST /groups/20/hooks/51/events/1/resend", "", "404 404 403 403 403 404 401", "/groups/999/hooks/51/events/1/resend"},
		{"PUT /groups/20/hooks/51/custom_headers/X-Other", `{"value": "v"}`, ownerDrops, "/groups/999/hooks/51/custom_headers/X-Other"},
		{"DELETE /groups/20/hooks/51/custom_headers/X-Own", "", ownerDrops, "/groups/999/hooks/51/custom_headers/X-Own"},
		{"PUT /groups/20/hooks/51/url_variables/other", `{"value": "v"}`, ownerDrops, "/groups/999/hooks/51/url_variables/other"},
		{"DELETE /groups/20/hooks/51/url_variables/own", "", ownerDrops, "/groups/999/hooks/51/url_variables/own"},
	},
	"agents": {
		{"GET /projects/30/cluster_agents", "", "200 200 200 200 404 404 401", "/projects/30/cluster_agents/999"},
		{"GET /projects/30/cluster_agents/52", "", "200 200 200 200 404 404 401", "/projects/30/cluster_agents/999"},
		{"POST /projects/30/cluster_agents", `{"name": "new"}`, "201 201 201 403 403 404 401", "/projects/999/cluster_agents"},
		{"DELETE /projects/30/cluster_agents/52", "", "204 204 204 403 403 404 401", "/projects/999/cluster_agents/52"},
		{"GET /projects/30/cluster_agents/52/tokens", "", "200 200 200 200 404 404 401", "/projects/30/cluster_agents/999/tokens"},
		{"GET /projects/30/cluster_agents/52/tokens/1", "", "200 200 200 200 404 404 401", "/projects/30/cluster_agents/999/tokens/1"},
		{"POST /projects/30/cluster_agents/52/tokens", `{"name": "new"}`, "201 201 201 403 403 404 401", "/projects/999/cluster_agents/52/tokens"},
		{"DELETE /projects/30/cluster_agents/52/tokens/1", "", "204 204 204 403 403 404 401", "/projects/999/cluster_agents/52/tokens/1"},
	},
	"protections": {
		{"GET /projects/30/protected_branches", "", codeReads, "/projects/999/protected_branches"},
		{"GET /projects/32/protected_branches", "", signedIn, ""},
		{"GET /projects/30/protected_branches/main", "", codeReads, "/projects/999/protected_branches/main"},
		{"POST /projects/30/protected_branches", `{"name": "release/*"}`, maintainerMakes, "/projects/999/protected_branches"},
		{"POST /projects/32/protected_branches", `{"name": "release/*"}`, adminMakes, ""},
		{"PATCH /projects/30/protected_branches/main", `{"allow_force_push": true}`, "200 200 200 403 403 404 401", "/projects/999/protected_branches/main"},
		{"DELETE /projects/30/protected_branches/main", "", maintainerDrops, "/projects/999/protected_branches/main"},
		{"GET /projects/30/protected_tags", "", codeReads, "/projects/999/protected_tags"},
		{"GET /projects/30/protected_tags/none", "", "404 404 404 404 403 404 401", "/projects/999/protected_tags/none"},
		{"POST /projects/30/protected_tags", `{"name": "v*"}`, maintainerMakes, "/projects/999/protected_tags"},
		{"DELETE /projects/30/protected_tags/none", "", "404 404 404 403 403 404 401", "/projects/999/protected_tags/none"},
	},
	"deploy keys": {
		{"GET /deploy_keys", "", adminReads, ""},
		{"POST /deploy_keys", `{"title": "new", "key": "` + newKey + `"}`, adminMakes, ""},
		{"GET /users/7/project_deploy_keys", "", signedIn, ""},
		{"GET /projects/30/deploy_keys", "", "200 200 200 403 403 404 401", "/projects/999/deploy_keys"},
		{"GET /projects/32/deploy_keys", "", adminReads, ""},
		{"GET /projects/30/deploy_keys/999", "", "404 404 404 403 403 404 401", "/projects/999/deploy_keys/999"},
		{"POST /projects/30/deploy_keys", `{"title": "new", "key": "` + newKey + `"}`, maintainerMakes, "/projects/999/deploy_keys"},
		{"PUT /projects/30/deploy_keys/999", `{"title": "new"}`, "404 404 404 403 403 404 401", "/projects/999/deploy_keys/999"},
		{"POST /projects/30/deploy_keys/999/enable", "", "404 404 404 403 403 404 401", "/projects/999/deploy_keys/999/enable"},
		{"DELETE /projects/30/deploy_keys/999", "", "404 404 404 403 403 404 401", "/projects/999/deploy_keys/999"},
	},
	"namespaces": {
		{"GET /namespaces", "", signedIn, ""},
		{"GET /namespaces/20", "", membersRead, "/namespaces/999"},
		{"GET /namespaces/acme%2Fsub", "", membersRead, "/namespaces/acme%2Fnone"},
		{"GET /namespaces/acme/exists", "", signedIn, ""},
	},
	"fixed answers": {
		{"GET /license", "", "404 404 404 404 404 404 401", ""},
		{"GET /application/settings", "", adminReads, ""},
		{"PUT /application/settings", `{"gravatar_enabled": false}`, adminReads, ""},
		{"GET /sidekiq/queue_metrics", "", adminReads, ""},
		{"GET /sidekiq/process_metrics", "", adminReads, ""},
		{"GET /sidekiq/job_stats", "", adminReads, ""},
		{"GET /sidekiq/compound_metrics", "", adminReads, ""},
		{"GET /topics", "", signedIn, ""},
		{"GET /events", "", signedIn, ""},
		{"GET /users/7/events", "", signedIn, ""},
		{"GET /runners", "", signedIn, ""},
		{"GET /admin/ci/variables", "", adminReads, ""},
		{"GET /projects/30/variables", "", membersRead, "/projects/999/variables"},
		{"GET /projects/30/labels", "", membersRead, "/projects/999/labels"},
		{"GET /projects/30/badges", "", membersRead, "/projects/999/badges"},
		{"GET /projects/30/custom_attributes", "", adminReads, ""},
		{"GET /projects/30/import", "", membersRead, "/projects/999/import"},
		{"GET /projects/30/avatar", "", "404 404 404 404 404 404 401", "/projects/999/avatar"},
		{"GET /projects/30/push_rule", "", "404 404 404 404 404 404 401", "/projects/999/push_rule"},
		{"POST /projects/30/push_rule", `{"member_check": true}`, "404 404 404 404 404 404 401", "/projects/999/push_rule"},
		{"PUT /projects/30/push_rule", `{"member_check": true}`, "404 404 404 404 404 404 401", "/projects/999/push_rule"},
		{"DELETE /projects/30/push_rule", "", "404 404 404 404 404 404 401", "/projects/999/push_rule"},
		{"GET /groups/20/variables", "", ownerReads, "/groups/999/variables"},
		{"GET /groups/20/deploy_tokens", "", ownerReads, "/groups/999/deploy_tokens"},
		{"GET /projects/30/deploy_tokens", "", "200 200 200 403 403 404 401", "/projects/999/deploy_tokens"},
		{"GET /groups/20/avatar", "", "404 404 404 404 404 404 401", "/groups/999/avatar"},
	},
}

const (
	// newKey is in no world, and keyFingerprint is that of the key of member, encoded.
	newKey         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP3k+6AwrQAvfC99TDMfSdE/sOx0fs7r7GNPH/TLyp3v"
	keyFingerprint = "SHA256%3AmXhe4VT8IZgX1fUCWPH5SZ3xupG1AvwouipH1zOKCA0"
)
