package upgrade_test

// doubles has duplicate rows. Those that a later release forbids are gone before it
// migrates the database.
var doubles = set{
	name: "schema-8/doubles", fill: func(w *writer) { w.apply() },
	refused: []string{
		`user 2 "one", user 3 "two" and user 4 "three" have the same e-mail "same@example.com": `, ": UPDATE users SET email = '' WHERE id IN (3, 4)\n",
		`protection 1 (push: maintainer, merge: maintainer) and protection 5 (force push, push: developer) are for the same branch "main" in project 60 "acme/cli": `,
		": DELETE FROM protection_entries WHERE protection_id = 5; DELETE FROM protections WHERE id = 5\n",
		`protection 3 (create: maintainer) and protection 6 (create: developer) are for the same tag "v*" in project 60 "acme/cli": `,
	},
	explain: [][]string{
		{"--key", "102", "--project", "acme/cli", "--action", "git-receive-pack", "--ref", "refs/heads/main"},
	},
	reads: []request{
		get("discover?user_id=2"), get("discover?user_id=3"), get("discover?user_id=4"), get("discover?user_id=5"),
		fetch("acme/cli", "key_id", 102),
		// With two protections of a ref, one that allows the push suffices.
		pushed(60, "key_id", 102, updated("refs/heads/main")), pushed(60, "key_id", 103, updated("refs/heads/main")),
		pushed(60, "key_id", 102, updated("refs/heads/release/1")), pushed(60, "key_id", 102, created("refs/tags/v1")),
		pushed(61, "key_id", 102, updated("refs/heads/main")),
		kas("world-agent-one", "GET", "kubernetes/agent_info", nil), kas("world-agent-two", "GET", "kubernetes/agent_info", nil),
		portal("world-token-one", "GET", "/namespaces/50/gitlab_subscription", nil), portal("world-token-two", "GET", "/namespaces/50/gitlab_subscription", nil),
	},
	writes: []request{
		received("project-60", "key-102", updated("refs/heads/main")+"\n"),
		accessToken(3, "api"), accessToken(4, "api"),
	},
	shown:   []string{"access-tokens", "agent-tokens", "broadcasts", "keys", "protections", "users"},
	touched: []string{"access-tokens", "agent-tokens", "broadcasts", "protections", "pushes", "users"},
}
