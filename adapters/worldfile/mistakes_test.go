package worldfile_test

// mistaken are world files with what is wrong with each.
var mistaken = map[string]struct {
	text string
	want []string
}{
	"all at once, by line": {
		"shares:\n  - {with: a}\nusers:\n  - {id: 0, username: 7, state: asleep}\n  - name: Nobody\n",
		[]string{
			"line 2: an entry of shares needs role",
			"line 2: an entry of shares needs either group or project",
			"line 4: id must be a positive whole number",
			`line 4: username must be text; put quotes around it`,
			"line 4: state must be active, blocked, ldap_blocked, banned, deactivated or blocked_pending_approval",
			"line 5: an entry of users needs username",
		},
	},
	"unknown section": {
		"userz: []\n",
		[]string{"line 1: a world file has no userz; there are users, groups, projects, members, shares, keys, deploy_keys, access_tokens, agents, broadcast_messages"},
	},
	"unknown key": {
		"members:\n  - {user: a, group: b, role: guest}\n  - user: a\n    project: b/c\n    rol: guest\n    role: guest\n",
		[]string{"line 5: an entry of members has no rol; there are user, role, state, expires_at, group, project"},
	},
	"odd key":        {"users:\n  - {username: a, 7: b, [x]: y, <<: {}}\n", []string{"line 2: an entry of users has a key that is not known"}},
	"key twice":      {"users:\n  - {username: a,\n     username: b}\n", []string{"line 3: username is given twice"}},
	"section twice":  {"users: []\nusers: []\n", []string{"line 2: users is given twice"}},
	"no mapping":     {"- users\n", []string{"line 1: a world file must be a mapping of names to values"}},
	"no list":        {"users: {username: a}\n", []string{"line 1: users must be a list"}},
	"no entry":       {"users:\n  - a\n  -\n", []string{"line 2: an entry of users must be a mapping of names to values", "line 3: an entry of users must be a mapping of names to values"}},
	"two documents":  {"users: []\n---\nusers: []\n", []string{"line 2: a world file is a single YAML document"}},
	"no YAML":        {"users:\n  - {username: a\n", []string{"line 2: not YAML: did not find expected ',' or '}'"}},
	"unknown anchor": {"users: *a\n", []string{"line 1: not YAML: an alias has no anchor"}},
	"empty text":     {"users:\n  - username: ''\n", []string{"line 2: username must not be empty"}},
	"NUL":            {"users:\n  - username: \"a\\0b\"\n", []string{"line 2: username must not contain a NUL character"}},
	"null":           {"users:\n  - username: null\n", []string{"line 2: an entry of users needs username"}},
	"flag":           {"users:\n  - {username: a, admin: yes please}\n", []string{"line 2: admin must be true or false"}},
	"number":         {"groups:\n  - {id: 99999999999999999999, path: a}\n", []string{"line 2: id must be a positive whole number"}},
	"level":          {"groups:\n  - {path: a, default_branch_protection: 5}\n", []string{"line 2: default_branch_protection must be a whole number from 0 to 4"}},
	"addresses": {
		"groups:\n  - path: a\n    allowed_ips:\n      - 192.0.2.0/33\n      - fe80::1%eth0\n      - 192\n      - ''\n      - 7\n",
		[]string{
			"line 4: each of allowed_ips must be an address or a range such as 192.0.2.0/24",
			"line 5: each of allowed_ips must be an address or a range such as 192.0.2.0/24",
			"line 6: each of allowed_ips must be text; put quotes around it",
			"line 7: each of allowed_ips must not be empty",
			"line 8: each of allowed_ips must be text; put quotes around it",
		},
	},
	"times": {
		"keys:\n  - user: a\n    key: \"" + lineOne + "\"\n    expires_at: 2027-02-30\n    created_at: 0001-01-01\nmembers:\n  - {user: a, group: b, role: guest, expires_at: 2027-01-01T12:00:00Z}\n",
		[]string{
			"line 4: expires_at must be a date such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z",
			"line 5: created_at must be a date such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z",
			"line 7: expires_at must be a date such as 2027-01-31",
		},
	},
	"public keys": {
		"keys:\n  - {user: a, key: ssh-ed25519 AAAA}\n  - {user: a}\ndeploy_keys:\n  - {key: 'command=\"x\" " + lineOne + "', usage: auth}\n",
		[]string{
			"line 2: key is not an SSH public key",
			"line 3: an entry of keys needs key",
			"line 5: key is not an SSH public key",
			"line 5: an entry of deploy_keys has no usage; there are creator, id, title, created_at, expires_at, key, projects",
		},
	},
	"words": {
		"users:\n  - {username: a, type: alien}\ngroups:\n  - {path: b, visibility: secret, protocols: ftp}\nprojects:\n  - {path: b/c, repository: true}\n" +
			"keys:\n  - {user: a, key: \"" + lineOne + "\", usage: all}\nbroadcast_messages:\n  - {message: x, type: shout}\n",
		[]string{
			"line 2: type must be human, service_account, project_bot, ghost or internal",
			"line 4: protocols must be all, ssh or http",
			"line 4: visibility must be private, internal or public",
			"line 6: repository must be disabled, private or enabled",
			"line 8: usage must be auth_and_signing, auth or signing",
			"line 10: type must be banner or notification",
		},
	},
	"roles": {
		"members:\n  - {user: a, group: b, role: none}\n  - {user: a, group: c, role: 30}\n  - {user: a, group: d, role: null}\n",
		[]string{
			"line 2: role must be minimal, guest, planner, reporter, security_manager, developer, maintainer or owner",
			"line 3: role must be minimal, guest, planner, reporter, security_manager, developer, maintainer or owner",
			"line 4: an entry of members needs role",
		},
	},
	"holders": {
		"members:\n  - {user: a, role: guest}\n  - {user: a, role: guest, group: b, project: b/c}\n",
		[]string{
			"line 2: an entry of members needs either group or project",
			"line 3: an entry of members needs either group or project",
		},
	},
	"protections": {
		"projects:\n  - path: a/b\n    protected_branches:\n      - {push: owner}\n      - {name: x, push: [maintainer, 40]}\n      - {name: y, push: [{}]}\n" +
			"      - {name: z, merge: [{deploy_key: 1}]}\n      - {name: w, push: [{user: a, group: b}], create: none}\n    protected_tags:\n      - {name: v, allow_force_push: true}\n",
		[]string{
			"line 4: an entry of protected_branches needs name",
			"line 4: push must be none, developer, maintainer or admin, or a list",
			"line 5: each of push must be none, developer, maintainer, admin, or one of {user: …}, {group: …} and {deploy_key: …}",
			"line 6: an entry of push needs one of user, group or deploy_key",
			"line 7: an entry of merge has no deploy_key; there are user, group",
			"line 7: an entry of merge needs one of user or group",
			"line 8: an entry of push needs one of user, group or deploy_key",
			"line 8: an entry of protected_branches has no create; there are name, allow_force_push, push, merge",
			"line 10: an entry of protected_tags has no allow_force_push; there are name, create",
		},
	},
	"tokens": {
		"access_tokens:\n  - {user: a, name: b}\n  - {user: a, name: b, scopes: [API], token: x}\n  - {user: a, name: b, scopes: [], token: y}\nagents:\n  - {name: c, project: d/e, tokens: [{name: f}]}\n",
		[]string{
			"line 2: an entry of access_tokens needs token",
			"line 2: an entry of access_tokens needs scopes",
			"line 3: each of scopes must be a word such as read_api",
			"line 4: an entry of access_tokens needs scopes",
			"line 6: an entry of tokens needs token",
		},
	},
	"broadcast's end": {
		"broadcast_messages:\n  - {message: a, starts_at: 2027-01-02, ends_at: 2027-01-01}\n",
		[]string{"line 2: ends_at must be after starts_at"},
	},
	"names twice": {
		"projects:\n  - {path: a/b, moved_from: [c/d]}\n  - {path: A/B}\n  - {path: c/d}\ngroups:\n  - {path: DEV}\nusers:\n  - {username: dev}\n",
		[]string{
			`line 3: the path "a/b" is already on line 2`,
			`line 4: the path "c/d" is already on line 2`,
			`line 8: the path "dev" is already on line 6`,
		},
	},
	"numbers twice": {
		"users:\n  - {id: 1, username: a, namespace_id: 5}\n  - {id: 1, username: b}\ngroups:\n  - {id: 5, path: c}\nprojects:\n  - {id: 5, path: c/d}\n  - {id: 5, path: c/e}\n" +
			"keys:\n  - {id: 7, user: a, key: \"" + lineOne + "\"}\ndeploy_keys:\n  - {id: 7, key: \"" + lineTwo + "\"}\n" +
			"agents:\n  - {id: 9, name: x, project: c/d}\n  - {id: 9, name: y, project: c/d}\n",
		[]string{
			"line 3: user number 1 is already on line 2",
			"line 5: namespace number 5 is already on line 2",
			"line 8: project number 5 is already on line 7",
			"line 12: key number 7 is already on line 10",
			"line 15: agent number 9 is already on line 14",
		},
	},
	"rows twice": {
		"members:\n  - {user: a, group: b, role: guest}\n  - {user: A, group: B, role: owner}\n  - {user: a, project: b, role: guest}\n" +
			"shares:\n  - {group: a, with: b, role: guest}\n  - {group: a, with: B, role: owner}\n" +
			"agents:\n  - {name: x, project: a/b}\n  - {name: x, project: A/b}\n" +
			"broadcast_messages:\n  - {message: a}\n  - {message: a, target_path: b}\n  - {message: a}\n" +
			"projects:\n  - path: a/b\n    protected_tags: [{name: x}]\n    protected_branches:\n      - {name: x}\n      - {name: X}\n      - {name: x}\n",
		[]string{
			"line 3: a in group b is already on line 2",
			"line 7: the share of group a with group b is already on line 6",
			`line 10: agent "x" of project "a/b" is already on line 9`,
			"line 14: this message is already on line 12",
			`line 21: protected branch "x" of project a/b is already on line 19`,
		},
	},
	"secrets twice": {
		"keys:\n  - {user: a, key: \"" + lineOne + "\"}\n  - user: b\n    key: \"" + lineOne + " b\"\n" +
			"deploy_keys:\n  - {key: \"" + lineOne + "\"}\n  - {key: \"" + lineThree + "\", projects: [{project: a/b}, {project: A/b}]}\n" +
			"access_tokens:\n  - {user: a, name: b, scopes: [api], token: x}\n  - {user: c, name: d, scopes: [api], token: x}\n" +
			"agents:\n  - {name: e, project: f/g, tokens: [{name: h, token: x}]}\n  - {name: i, project: f/g, tokens: [{name: j, token: x}]}\n",
		[]string{
			"line 4: this key is already on line 2",
			"line 6: this key is already on line 2",
			"line 7: this key's project a/b is already on line 7",
			"line 10: this access token is already on line 9",
			"line 13: this agent token is already on line 12",
		},
	},
}
