package upgrade_test

// doubles has duplicate rows that a later release may forbid.
var doubles = set{
	name: "schema-8/doubles", fill: func(w *writer) { w.apply() },
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
