package upgrade_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

// The secrets of one-time passwords of dev, otto and lara.
const (
	otpOfDev  = "<otp JBSWY3DPEHPK3PXP>"
	otpOfOtto = "<otp GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ>"
	otpOfLara = "<otp MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK>"
)

// clean has records of every kind, and no duplicates.
var clean = set{
	name: "schema-8/clean", fill: fillClean, exported: true,
	explain: [][]string{
		{"--key", "102", "--project", "acme/tools/cli", "--action", "git-receive-pack", "--ref", "refs/heads/main"},
		{"--key", "202", "--project", "acme/tools/cli", "--action", "git-receive-pack", "--ref", "refs/heads/release/1"},
		{"--key", "104", "--gl-repository", "project-60"},
		{"--project", "fortress/keep", "--ip", "192.0.2.7"},
	},
	reads: cleanReads, writes: cleanWrites,
	sessions: []request{
		fetch("acme/tools/cli", "key_id", 107), // otto's session
		fetch("acme/tools/cli", "key_id", 102), // the session that the requests before began
		fetch("acme/tools/cli", "user_id", 4),
		fetch("acme/tools/cli", "key_id", 106), // without a second factor
	},
	shown: inventory.Names(),
	touched: []string{
		"access-tokens", "agent-authorizations", "agent-tokens", "agents", "audit", "counters", "findings", "keys",
		"packs", "projects", "protections", "pushes", "reconciliations", "subscription-history", "subscriptions", "usage",
	},
}

// vulnerability returns a report of an agent.
func vulnerability(name string, identifiers ...object) request {
	return kas("world-agent-prod", "PUT", "kubernetes/modules/starboard_vulnerability", object{
		"vulnerability": object{
			"name": name, "message": "m\nü", "description": "d", "solution": "s", "severity": "high", "confidence": "unknown",
			"location":    object{"image": "i", "kubernetes_resource": object{"namespace": "production", "kind": "deployment", "name": "nginx", "container_name": "nginx"}},
			"identifiers": identifiers, "links": []object{{"url": "https://example.com/" + name}},
		},
		"scanner": object{"id": "starboard_trivy", "name": "Trivy", "vendor": object{"name": "GitLab"}},
	})
}

func identifier(kind, value string) object {
	return object{"type": kind, "name": value + " <&> é", "value": value, "url": "https://example.com/?a=1&b=" + value}
}

func usage(count int, users ...int) request {
	return kas("", "POST", "kubernetes/usage_metrics", object{
		"counters": object{"gitops_sync": count, "k8s_api_proxy_request": 2}, "unique_counters": object{"agent_users_using_ci_tunnel": users},
	})
}

func agentEvents(users ...int) request {
	var events []object
	for _, user := range users {
		events = append(events, object{"user_id": user, "project_id": 60})
	}
	return kas("", "POST", "kubernetes/agent_events", object{"events": object{"k8s_api_proxy_requests_unique_users_via_ci_access": events}})
}

func agentConfiguration(project string) request {
	return kas("", "POST", "kubernetes/agent_configuration", object{"agent_id": 1, "agent_config": object{
		"ci_access":   object{"projects": []object{{"id": project}}, "groups": []object{{"id": "acme"}}},
		"user_access": object{"access_as": object{"agent": object{}}, "projects": []object{{"id": "Acme/Tools/Cli"}}},
	}})
}

func scanResult(uuids ...string) request {
	return kas("world-agent-prod", "POST", "kubernetes/modules/starboard_vulnerability/scan_result", object{"uuids": uuids})
}

func gitEvent(action, username string, key int) request {
	return post("shellhorse/git_audit_event", object{
		"action": action, "protocol": "ssh", "gl_repository": "project-60", "username": username, "key_id": key,
		"packfile_stats": object{"wants": 3, "haves": 2}, "check_ip": "198.51.100.7", "changes": "_any",
	})
}

func minutes(namespace int, xid string) request {
	return portal("world-token-of-root", "POST", fmt.Sprintf("/namespaces/%d/minutes", namespace), object{
		"packs": []object{{"number_of_minutes": 500, "expires_at": "2199-02-01", "purchase_xid": xid}},
	})
}

func reconciliation(namespace int) request {
	return portal("world-token-of-root", "PUT", "/internal/upcoming_reconciliations", object{"upcoming_reconciliations": []object{
		{"namespace_id": namespace, "next_reconciliation_date": "2199-08-13", "display_alert_from": "2199-08-06"},
	}})
}

func accessToken(user int, scopes ...string) request {
	return post("personal_access_token", object{"user_id": user, "name": "over SSH", "scopes": scopes, "expires_at": "2199-07-24"})
}

func otpCheck(key int, code string) request {
	return post("two_factor_manual_otp_check", object{"key_id": key, "otp_attempt": code})
}

// otpOfUser is like otpCheck for a user without a key.
func otpOfUser(user int, code string) request {
	return post("two_factor_manual_otp_check", object{"user_id": user, "otp_attempt": code})
}

// latin is a push to a branch whose name is not UTF-8.
var latin = request{shellCaller, "", "POST", "/internal/post_receive",
	"gl_repository=project-60&identifier=key-102&changes=" + none + "+" + next + "+refs/heads/caf%E9%0A"}

func fillClean(w *writer) {
	w.apply()
	w.token("token of the command line", "token", "create", "--user", "root", "--scope", "api")
	w.token("second token of prod", "agent", "token", "create", "--agent", "1", "--name", "second")
	w.serving(settings{"jobs.workers": "2"}.with(storage(history(w).Address())), func() {
		w.send(
			received("project-60", "key-102", updated("refs/heads/main")+"\n"+created("refs/tags/v1")+"\n", "ci.skip", "ci.variable=A=1", "ci.variable=B=\n"),
			latin)
		await(w.T, "first attempt at each delivery", func() bool { return failed(w) == 4 })
	})
	w.serving(settings{}, func() {
		w.send(
			post("pre_receive", object{"gl_repository": "project-60"}), post("pre_receive", object{"gl_repository": "project-60"}),
			post("pre_receive", object{"gl_repository": "wiki-60"}), post("pre_receive", object{"gl_repository": "project-62"}),
			received("project-62", "user-2", created("refs/tags/v2")+"\n"), // waits, as its job does
			received("project-60", "key-101", deleted("refs/heads/old")+"\n"+created("refs/heads/ü")+"\n", "mr.create"),
			push("old/cli.git", "key_id", 102), // leaves the notice
			otpCheck(107, otpOfOtto), otpCheck(102, "000000"),
			post("two_factor_recovery_codes", object{"key_id": 107}),
			fetch("acme/tools/cli", "key_id", 106),
			post("lfs_authenticate", object{"operation": "upload", "project": "acme/tools/cli", "key_id": 102}),
			gitEvent("git-upload-pack", "dev", 102), gitEvent("git-receive-pack", "otto", 107),
		)
		w.Tokens["token over SSH"] = w.member(w.send(accessToken(1, "api")), "token")
		w.send(
			kas("world-agent-prod", "GET", "kubernetes/agent_info", nil),
			usage(3, 4, 5), usage(4, 5, 6), agentEvents(4, 5), agentConfiguration("acme/tools/lib"))
		detected := w.member(w.send(vulnerability("CVE-1 in libc", identifier("cve", "CVE-1"), identifier("cwe", "CWE-1"))), "uuid")
		w.send(vulnerability("CVE-2 in libssl", identifier("cve", "CVE-2")), vulnerability("CVE-3", identifier("cve", "CVE-3")))
		w.send(scanResult(detected))
		w.send(vulnerability("CVE-4", identifier("cve", "CVE-4")))
		w.send(
			portal("world-token-of-root", "PUT", "/namespaces/50/gitlab_subscription", object{"seats": 90, "max_seats_used": 95}),
			portal("world-token-of-root", "POST", "/namespaces/54/gitlab_subscription", object{"start_date": "2020-02-01", "end_date": "2199-02-01", "plan_code": "ultimate", "seats": 7}),
			portal("world-token-of-root", "PUT", "/namespaces/54/gitlab_subscription", object{"plan_code": "premium"}),
			minutes(54, "pack-of-partners"), minutes(55, "pack-of-mixed"), reconciliation(54))
	})
	w.serving(storage("tcp://127.0.0.1:9"), func() {
		pushWhileStorageIsDown(w, "dev/sketch")
		pushWhileStorageIsDown(w, "dev/scrap")
		w.send(slices.Repeat([]request{otpOfUser(11, "wrong")}, 10)...) // locks the factor
	})
	jobs := w.jobs() // the last is that of dev/scrap
	w.command("jobs", "discard", strconv.FormatInt(jobs[len(jobs)-1].ID, 10))
}

// pushWhileStorageIsDown pushes to a new project while the storage does not
// answer: there are the project, a notice, and the job that is to make the
// repository.
func pushWhileStorageIsDown(w *writer, path string) {
	w.Helper()
	r := push(path, "key_id", 102)
	if status, body := w.recorder.send(w.url, r); status != http.StatusServiceUnavailable {
		w.Fatalf("%s: got %d %s", r, status, body)
	}
}

// history returns a Gitaly with the commits of the first push.
func history(w *writer) *gitalytest.Server {
	w.Helper()
	g := gitalytest.Start(w.T)
	for id := range 80 {
		g.Put(source.Project{ID: source.ProjectID(id)}.RelativePath(source.Code))
	}
	r := g.Put(source.Project{ID: 60}.RelativePath(source.Code))
	r.Refs["refs/heads/main"], r.Refs["refs/tags/v1"] = next, next
	at := time.Date(2024, 3, 1, 2, 3, 4, 0, time.UTC)
	r.Commits[first] = gitalytest.Commit{Message: "first\n", At: at, Zone: "+0000", Author: "A", Email: "a@example.com"}
	r.Commits[next] = gitalytest.Commit{
		Parents: []string{first}, Message: "next <&>\n\nü caf\xe9\x01", At: at, Zone: "+0530", Author: "Dédé", Email: "dev@example.com",
		Added: []string{"a b", "caf\xe9"}, Modified: []string{"é"}, Removed: []string{`\`},
	}
	return g
}

// failed counts the deliveries with one failed attempt.
func failed(w *writer) (count int) {
	w.Helper()
	for _, j := range w.jobs() {
		if j.Kind == "deliver_webhook" && j.State == "waiting" && j.Attempt == 1 {
			count++
		}
	}
	return count
}

var cleanReads = []request{
	get("check"),
	get("discover?key_id=101"), get("discover?key_id=108"), get("discover?user_id=5"), get("discover?username=camel.case"),
	get("discover?key_id=105"), get("discover?key_id=204"), get("discover?key_id=404"),
	get("authorized_keys?key=AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0"),   // dev's
	get("authorized_keys?key=AAAAC3NzaC1lZDI1NTE5AAAAIPOBYm5B5wJ%2BpDG/4wCelL3SWnRr7sRolI1sPHxdyaVL"), // signs only
	get("authorized_keys?key=AAAAC3NzaC1lZDI1NTE5AAAAIP1QuOOxROokT793N/VQvI3QwmULvBqtqDPKF/%2BNvzKb"), // expired
	get("authorized_keys?key=AAAAC3NzaC1lZDI1NTE5AAAAIJA13RPEyes9j3Gt%2Bc/WKau8toSaTY7J7XcplqrquPpl"), // a deploy key
	get("authorized_keys?key=AAAAC3NzaC1lZDI1NTE5AAAAILkqqnyNshE5qn1%2BwNqo1%2BYlGdbuRqRTTgdkTGg6AIOR"),
	post("two_factor_config", object{"key_id": 102}), post("two_factor_config", object{"key_id": 101}), post("two_factor_config", object{"user_id": 8}),

	fetch("acme/tools/cli", "key_id", 102), fetch("Acme/Tools/CLI.git", "key_id", 106), fetch("acme/tools/cli", "username", "sam"),
	fetch("acme/tools/site", "username", "sam"), fetch("acme/tools/lib", "username", "ext"), fetch("acme/tools/lib", "username", "sam"),
	fetch("acme/tools/cli", "key_id", 104), fetch("acme/tools/cli", "key_id", 105), fetch("acme/tools/cli", "user_id", 21),
	fetch("acme/tools/cli", "user_id", 22), fetch("acme/tools/site", "user_id", 23), fetch("acme/tools/site", "user_id", 24),
	fetch("acme/tools/cli", "user_id", 25), fetch("acme/tools/cli", "user_id", 26), fetch("acme/tools/cli", "key_id", 108),
	fetch("acme/tools/cli", "key_id", 201), fetch("acme/tools/legacy", "key_id", 201), fetch("acme/tools/cli", "key_id", 204),
	fetch("acme/tools/cli", "key_id", 206), fetch("older/cli", "key_id", 106), fetch("acme/tools/cli.wiki", "key_id", 106),
	fetch("acme/tools/small.wiki", "key_id", 102), fetch("acme/tools/gone", "key_id", 102), fetch("doomed/all", "key_id", 102),
	fetch("fortress/keep", "key_id", 102), command("git-upload-pack", "fortress/keep", object{"key_id": 102, "check_ip": "192.0.2.7"}),
	command("git-upload-pack", "fortress/keep", object{"user_id": 4, "check_ip": "2001:db8::1", "protocol": "http"}),
	fetch("mixed/case", "key_id", 102), fetch("partners/fresh", "key_id", 108), fetch("no/project", "key_id", 102),
	push("acme/tools/cli", "key_id", 102), push("acme/tools/cli", "key_id", 106), push("acme/tools/cli", "key_id", 201),
	push("acme/tools/cli", "key_id", 202), push("acme/tools/done", "key_id", 102), push("acme/tools/moving", "key_id", 102),

	pushed(60, "key_id", 102, created("refs/heads/topic")), pushed(60, "key_id", 102, updated("refs/heads/main")),
	pushed(60, "user_id", 3, updated("refs/heads/main")), pushed(60, "user_id", 3, deleted("refs/heads/main")),
	pushed(60, "key_id", 102, updated("refs/heads/release/1")), pushed(60, "key_id", 107, updated("refs/heads/release/1")),
	pushed(60, "key_id", 108, updated("refs/heads/release/1")), pushed(60, "key_id", 202, updated("refs/heads/release/1")),
	pushed(60, "key_id", 202, updated("refs/heads/main")), pushed(60, "user_id", 2, updated("refs/heads/locked")),
	pushed(60, "user_id", 2, updated("refs/heads/admins")), pushed(60, "key_id", 101, updated("refs/heads/admins")),
	pushed(60, "key_id", 102, created("refs/tags/v3")), pushed(60, "user_id", 3, created("refs/tags/v3")),
	pushed(60, "key_id", 102, created("refs/tags/nightly-1")), pushed(60, "key_id", 107, created("refs/tags/nightly-1")),
	pushed(60, "key_id", 202, created("refs/tags/nightly-1")), pushed(70, "user_id", 10, created("refs/heads/main")),
	pushed(61, "key_id", 102, updated("refs/heads/trunk")),

	kas("world-agent-prod", "GET", "kubernetes/agent_info", nil), kas("second token of prod", "GET", "kubernetes/agent_info", nil),
	kas("world-agent-revoked", "GET", "kubernetes/agent_info", nil), kas("world-agent-orphan", "GET", "kubernetes/agent_info", nil),
	kas("world-agent-prod", "GET", "kubernetes/project_info?id=60", nil), kas("world-agent-prod", "GET", "kubernetes/project_info?id=62", nil),
	kas("world-agent-prod", "GET", "kubernetes/project_info?id=acme%2Ftools%2Flib", nil),
	kas("world-agent-prod", "GET", "kubernetes/verify_project_access?id=62", nil), kas("world-agent-staging", "GET", "kubernetes/verify_project_access?id=69", nil),

	portal("world-token-of-root", "GET", "/namespaces/50/gitlab_subscription", nil), portal("world-token-of-root", "GET", "/namespaces/fortress/gitlab_subscription", nil),
	portal("world-token-of-root", "GET", "/namespaces/54/gitlab_subscription", nil), portal("world-token-of-root", "GET", "/namespaces/55/gitlab_subscription", nil),
	portal("world-token-of-root", "GET", "/namespaces/4/gitlab_subscription", nil), portal("world-token-of-own", "GET", "/namespaces/50/gitlab_subscription", nil),
	portal("world-token-of-own", "GET", "/namespaces/54/gitlab_subscription", nil), portal("world-token-expired", "GET", "/namespaces/50/gitlab_subscription", nil),
	portal("world-token-revoked", "GET", "/namespaces/50/gitlab_subscription", nil), portal("world-token-of-dev", "GET", "/namespaces/50/gitlab_subscription", nil),
	portal("token over SSH", "GET", "/namespaces/50/gitlab_subscription", nil), portal("token of the command line", "GET", "/namespaces/50/gitlab_subscription", nil),

	otpOfUser(11, otpOfLara),                                                  // right, but the factor is locked
	fetch("dev/sketch", "key_id", 102), fetch("Dev/Scrap.git", "key_id", 102), // without repositories
}

var cleanWrites = []request{
	otpCheck(102, otpOfDev), otpCheck(102, otpOfDev), // the second time it is used up
	post("two_factor_otp_check", object{"key_id": 107, "otp_attempt": "000000"}),
	post("two_factor_recovery_codes", object{"key_id": 107}), post("two_factor_recovery_codes", object{"user_id": 8}),
	post("two_factor_recovery_codes", object{"key_id": 101}),
	accessToken(5, "read_api", "read_repository"), accessToken(20, "api"),

	received("project-60", "key-102", updated("refs/heads/main")+"\n", "ci.skip"), // takes the notice
	received("project-60", "key-102", created("refs/heads/topic")+"\n"),
	received("wiki-60", "user-3", updated("refs/heads/main")+"\n"),
	post("pre_receive", object{"gl_repository": "project-60"}), post("pre_receive", object{"gl_repository": "project-61"}),
	received("project-60", "user-3", created("refs/tags/v4")+"\n"),
	received("project-72", "user-1", created("refs/heads/x")+"\n"),
	post("lfs_authenticate", object{"operation": "upload", "project": "acme/tools/cli", "key_id": 102}),
	post("lfs_authenticate", object{"operation": "download", "project": "acme/tools/legacy", "key_id": 201}),
	post("lfs_authenticate", object{"operation": "download", "project": "acme/tools/small", "key_id": 102}),
	gitEvent("git-upload-pack", "dev", 102),

	usage(5, 6, 7), agentEvents(5, 6), agentConfiguration("acme/tools/site"),
	vulnerability("CVE-1 in libc", identifier("cve", "CVE-1"), identifier("cwe", "CWE-1")), // known
	vulnerability("CVE-3", identifier("cve", "CVE-3")),                                     // resolved
	vulnerability("CVE-5", identifier("cve", "CVE-5")),
	scanResult("00000000-0000-5000-8000-000000000000"),

	portal("world-token-of-root", "PUT", "/namespaces/50/gitlab_subscription", object{"seats": 100, "end_date": "2199-07-16"}),
	portal("world-token-of-root", "PUT", "/namespaces/52/gitlab_subscription", object{"plan_code": "ultimate", "trial": false}),
	portal("world-token-of-root", "POST", "/namespaces/54/gitlab_subscription", object{"start_date": "2020-02-01", "plan_code": "free"}), // it exists
	portal("world-token-of-root", "POST", "/namespaces/55/gitlab_subscription", object{"start_date": "2020-02-01", "end_date": "2199-02-01", "plan_code": "premium", "seats": 3}),
	minutes(54, "pack-of-partners"), minutes(50, "pack-of-partners"), minutes(50, "another-pack"),
	portal("world-token-of-root", "PATCH", "/namespaces/54/minutes/move/55", nil),
	reconciliation(54), reconciliation(55), portal("world-token-of-root", "DELETE", "/internal/upcoming_reconciliations?namespace_id=52", nil),

	received("project-73", "key-102", created("refs/heads/main")+"\n"), // takes the notice about the new project
}
