package worldfile_test

import "strings"

const nameRule = `is made of letters, digits, "_", "-" and "."; it begins with a letter, a digit or "_" and does not end in ".", ".git" or ".atom"`

const pathRule = `is made of letters, digits, "_", "-" and "."; it does not begin with "-" and does not end in ".", ".git" or ".atom"`

// plain is what a setting of any name may be.
const plain = "a text, a whole number, true, false, null, or a list or mapping of these, without aliases"

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
			"line 4: id must be a whole number from 1 to 9007199254740992",
			`line 4: username must be text; put quotes around it`,
			"line 4: state must be active, blocked, ldap_blocked, banned, deactivated or blocked_pending_approval",
			"line 5: an entry of users needs username",
		},
	},
	"public_email": {
		"users:\n  - {username: a, email: a@x, public_email: A@X}\n  - {username: b, email: b@x, public_email: null}\n  - username: c\n    email: c@x\n    public_email: d@x\n    emails: [{email: d@x}]\n  - {username: d, public_email: e@x, email: null, emails: null}\n  - {username: e, public_email: 7}\n" +
			"  - {username: f, email: f@x, emails: [{email: g@x, confirmed_at: 2026-01-01}], public_email: G@x}\n  - {username: g, email: h@x, public_email: i@x}\n",
		[]string{
			`line 6: user "c": public_email must be the user's email, a confirmed one of the user's emails, or empty to tell no address`,
			`line 8: user "d": public_email must be the user's email, a confirmed one of the user's emails, or empty to tell no address`,
			"line 9: public_email must be text; put quotes around it",
		},
	},
	"emails": {
		"users:\n  - {username: a, email: Mia@x, emails: [{email: mIA@x}]}\n  - username: b\n    emails:\n      - {email: \"\", confirmed_at: soon}\n      - {email: c@x}\n      - {}\n" +
			"  - {username: c, email: C@x}\n  - {username: d, emails: d@x}\n  - {username: e, emails: [{email: e@x, at: 7}, {email: " + strings.Repeat("x", 2001) + "}]}\n",
		[]string{
			`line 2: this e-mail is already that of user "a" on line 2`,
			"line 5: email must not be empty",
			"line 5: confirmed_at must be a date such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z",
			"line 7: an entry of emails needs email",
			`line 8: this e-mail is already that of user "b" on line 6`,
			"line 9: emails must be a list",
			`line 10: an entry of emails has no at; there are email, confirmed_at`,
			`line 10: user "e": the e-mail is longer than 2000 bytes`,
		},
	},
	"email": {
		"users:\n  - {username: a, email: Mia@x}\n  - {username: b, email: \"\"}\n  - {username: c, email: null}\n  - username: d\n    email: mIA@X\n  - {username: e, email: ä@x}\n  - {username: f, email: Ä@x}\n" +
			"  - {username: g, email: " + strings.Repeat("x", 2000) + "}\n  - {username: h, email: " + strings.Repeat("ä", 1000) + "y}\n" +
			"projects:\n  - {path: a/p, protected_branches: [{name: " + strings.Repeat("x", 2000) + "}], protected_tags: [{name: " + strings.Repeat("x", 2001) + "}]}\n",
		[]string{
			`line 6: this e-mail is already that of user "a" on line 2`,
			`line 10: user "h": the e-mail is longer than 2000 bytes`,
			`line 12: project "a/p": its protected tag: the name is longer than 2000 bytes`,
		},
	},
	"unknown section": {
		"userz: []\n",
		[]string{"line 1: a world file has no userz; there are users, groups, projects, members, shares, keys, deploy_keys, access_tokens, agents, broadcast_messages, hooks, subscriptions, packs, reconciliations"},
	},
	"subscriptions": {
		"subscriptions:\n  - {}\n  - {namespace: a, start_date: 12/31/2018, seats: -1, plan_code: 7, trial: maybe}\n  - {namespace: A, start_date: 2026-01-01, max_seats_used: 2147483648, trial: true}\n" +
			"  - {namespace: b, start_date: 2026-01-01, trial_extension_type: 3, auto_renew: x, end_date: 2026-01-01T10:00:00Z, id: 3}\n",
		[]string{
			"line 2: an entry of subscriptions needs namespace",
			"line 2: an entry of subscriptions needs start_date",
			"line 3: plan_code must be text; put quotes around it",
			"line 3: start_date must be a date such as 2027-01-31",
			"line 3: seats must be a whole number from 0 to 2147483647",
			"line 3: trial must be true or false",
			"line 4: max_seats_used must be a whole number from 0 to 2147483647",
			"line 4: the subscription of a is already on line 3",
			"line 5: end_date must be a date such as 2027-01-31",
			"line 5: auto_renew must be true or false",
			"line 5: trial_extension_type must be a whole number from 0 to 2",
			"line 5: an entry of subscriptions has no id; there are namespace, plan_code, start_date, end_date, seats, seats_in_use, max_seats_used, seats_owed, auto_renew, trial, trial_starts_on, trial_ends_on, trial_extension_type",
		},
	},
	"packs": {
		"packs:\n  - {}\n  - {namespace: a, purchase_xid: 7, number_of_minutes: -1, expires_at: x}\n  - {namespace: a, purchase_xid: " + strings.Repeat("x", 33) + ", number_of_minutes: 1, expires_at: 2027-01-01}\n" +
			"  - {namespace: a, purchase_xid: x, number_of_minutes: 1, expires_at: 2027-01-01}\n  - {namespace: b, purchase_xid: x, number_of_minutes: 1, expires_at: 2027-01-01}\n",
		[]string{
			"line 2: an entry of packs needs number_of_minutes",
			"line 2: an entry of packs needs namespace",
			"line 2: an entry of packs needs purchase_xid",
			"line 2: an entry of packs needs expires_at",
			"line 3: purchase_xid must be text; put quotes around it",
			"line 3: number_of_minutes must be a whole number from 0 to 2147483647",
			"line 3: expires_at must be a date such as 2027-01-31",
			"line 4: purchase_xid is too long (maximum is 32 characters)",
			"line 6: this purchase is already on line 5",
		},
	},
	"reconciliations": {
		"reconciliations:\n  - {namespace: a}\n  - {namespace: A, next_reconciliation_date: 7, display_alert_from: 2026-01-01}\n",
		[]string{
			"line 2: an entry of reconciliations needs next_reconciliation_date",
			"line 2: an entry of reconciliations needs display_alert_from",
			"line 3: next_reconciliation_date must be a date such as 2027-01-31",
			"line 3: the reconciliation of a is already on line 2",
		},
	},
	"unknown key": {
		"members:\n  - {user: a, group: b, role: guest}\n  - user: a\n    project: b/c\n    rol: guest\n    role: guest\n",
		[]string{"line 5: an entry of members has no rol; there are user, role, state, expires_at, created_at, created_by, group, project"},
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
	"number":         {"groups:\n  - {id: 99999999999999999999, path: a}\n", []string{"line 2: id must be a whole number from 1 to 9007199254740992"}},
	"version": {
		"users:\n  - {username: a, credential_version: 0}\n",
		[]string{"line 2: credential_version must be a positive whole number"},
	},
	"numbers without a next one": {
		"users:\n  - {id: 9223372036854775807, username: a}\n  - {id: 9007199254740993, username: b, namespace_id: 9007199254740993}\n  - {id: 9007199254740992, username: c}\n" +
			"groups:\n  - {id: 9007199254740993, path: d}\nprojects:\n  - {id: 9007199254740993, path: d/e}\nkeys:\n  - {id: 9007199254740993, user: a, key: \"" + lineOne + "\"}\n" +
			"deploy_keys:\n  - {id: 9007199254740993, key: \"" + lineTwo + "\"}\nagents:\n  - {id: 9007199254740993, name: a, project: d/e}\n",
		[]string{
			"line 2: id must be a whole number from 1 to 9007199254740992",
			"line 3: id must be a whole number from 1 to 9007199254740992",
			"line 3: namespace_id must be a whole number from 1 to 9007199254740992",
			"line 6: id must be a whole number from 1 to 9007199254740992",
			"line 8: id must be a whole number from 1 to 9007199254740992",
			"line 10: id must be a whole number from 1 to 9007199254740992",
			"line 12: id must be a whole number from 1 to 9007199254740992",
			"line 14: id must be a whole number from 1 to 9007199254740992",
		},
	},
	"usernames": {
		"users:\n  - {username: -a}\n  - {username: a.GIT}\n  - {username: a b}\n  - {username: a/b}\n  - {username: _a.b-c}\n",
		[]string{
			`line 2: user "-a": a username ` + nameRule,
			`line 3: user "a.GIT": a username ` + nameRule,
			`line 4: user "a b": a username ` + nameRule,
			`line 5: user "a/b": a username ` + nameRule,
		},
	},
	"paths": {
		"groups:\n  - {path: ok}\n  - {path: ok//a}\n  - {path: ok/.}\n  - {path: ok/ä}\n  - {path: " + strings.Repeat("x/", 20) + "x}\n" +
			"projects:\n  - {path: single}\n  - {path: ok/a.atom}\n  - {path: ok/a, moved_from: [../x]}\n  - {path: ok/b, legacy_path: a/../b}\n" +
			"  - path: ok/c\n    default_branch: a..b\n    moved_from:\n      - fine/before\n      - ../y\n  - {legacy_path: /}\n",
		[]string{
			`line 3: group "ok//a": each part of a path ` + pathRule,
			`line 4: group "ok/.": each part of a path ` + pathRule,
			`line 5: group "ok/ä": each part of a path ` + pathRule,
			`line 6: group "` + strings.Repeat("x/", 20) + `x": groups can be nested 20 deep at most`,
			`line 8: project "single": the path must begin with a group or a user`,
			`line 9: project "ok/a.atom": each part of a path ` + pathRule,
			`line 10: project "ok/a": it cannot have moved from "../x"`,
			`line 11: project "ok/b": its legacy path is no path`,
			`line 13: project "ok/c": its default branch cannot be the name of a branch`,
			`line 16: project "ok/c": it cannot have moved from "../y"`,
			"line 17: an entry of projects needs path",
			"line 17: an entry of projects: its legacy path is no path",
		},
	},
	"of every kind at once": {
		"users:\n  - {username: a b}\ngroups:\n  - {path: -a}\nmembers:\n  - {user: x, group: y, role: boss}\n",
		[]string{
			`line 2: user "a b": a username ` + nameRule,
			`line 4: group "-a": each part of a path ` + pathRule,
			"line 6: role must be minimal, guest, planner, reporter, security_manager, developer, maintainer or owner",
		},
	},
	"full names of refs": {
		"projects:\n  - path: a/b\n    default_branch: refs/heads/main\n    protected_branches:\n      - {name: refs/heads/main}\n      - {name: refs/heads/}\n      - {name: refs/tags/v1}\n      - {name: a/refs/b}\n" +
			"    protected_tags:\n      - {name: refs/tags/v*}\n      - name: refs/*\n  - {default_branch: refs/keep-around/x}\n",
		[]string{
			`line 3: project "a/b": its default branch: write main, not refs/heads/main`,
			`line 5: project "a/b": its protected branch: write main, not refs/heads/main`,
			`line 6: project "a/b": its protected branch: names are short ones, such as main or v1.0, and do not begin with refs/`,
			`line 7: project "a/b": its protected branch: names are short ones, such as main or v1.0, and do not begin with refs/`,
			`line 10: project "a/b": its protected tag: write v*, not refs/tags/v*`,
			`line 11: project "a/b": its protected tag: names are short ones, such as main or v1.0, and do not begin with refs/`,
			"line 12: an entry of projects needs path",
			"line 12: an entry of projects: its default branch: names are short ones, such as main or v1.0, and do not begin with refs/",
		},
	},
	"what counts on the root only": {
		"groups:\n  - {path: a, allowed_ips: [192.0.2.0/24], protocols: ssh, require_ssh_certificates: true}\n" +
			"  - {path: a/b, allowed_ips: [], protocols: all, require_ssh_certificates: false}\n" +
			"  - path: a/c\n    allowed_ips: [192.0.2.0/24]\n    protocols: http\n    require_ssh_certificates: true\n",
		[]string{
			"line 5: allowed_ips counts on top-level groups only",
			"line 6: protocols counts on top-level groups only",
			"line 7: require_ssh_certificates counts on top-level groups only",
		},
	},
	"level": {"groups:\n  - {path: a, default_branch_protection: 5}\n", []string{"line 2: default_branch_protection must be a whole number from 0 to 4"}},
	"branch defaults": {
		"groups:\n  - {path: a, settings: {default_branch_protection_defaults: {allowed_to_push: [{access_level: 60}]}}}\n" +
			"  - {path: b, settings: {default_branch_protection_defaults: 2}}\n  - {path: c, settings: {default_branch_protection_defaults: null}}\n",
		[]string{
			"line 2: default_branch_protection_defaults must be a mapping: allowed_to_push and allowed_to_merge are lists of {access_level: 0, 30 or 40}, " +
				"allow_force_push and developer_can_initial_push true or false",
			"line 3: default_branch_protection_defaults must be a mapping of names to values",
			"line 4: default_branch_protection_defaults must be a mapping: allowed_to_push and allowed_to_merge are lists of {access_level: 0, 30 or 40}, " +
				"allow_force_push and developer_can_initial_push true or false",
		},
	},
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
		"keys:\n  - {user: a, key: ssh-ed25519 AAAA}\n  - {user: a}\ndeploy_keys:\n  - {key: 'command=\"x\" " + lineOne + "', usage: auth}\n" +
			"  - key: |\n      -----BEGIN OPENSSH PRIVATE KEY-----\n      AAAA\n      -----END OPENSSH PRIVATE KEY-----\n" +
			"  - key: |\n      " + lineOne + "\n      " + lineTwo + "\n  - key: " + lineOne + "\n      " + lineTwo + "\n" +
			"  - key: ---- BEGIN SSH2 PUBLIC KEY ----\n      AAAA\n      ---- END SSH2 PUBLIC KEY ----\n  - key: >\n      " + lineOne[:40] + "\n      " + lineOne[40:] + "\n",
		[]string{
			"line 2: key: its base64 is cut short; copy the whole line",
			"line 3: an entry of keys needs key",
			"line 5: key: something stands in front of its type, such as options, which are not supported; begin with ssh-ed25519",
			"line 5: an entry of deploy_keys has no usage; there are creator, id, title, created_at, expires_at, key, public, projects",
			"line 6: key: it is a private key, and whoever saw this text can use it: replace it by a new one and give the public key of that",
			"line 10: key: it is more than one key; give each an entry of its own",
			"line 13: key: it is more than one key; give each an entry of its own",
			"line 15: key: it has the form of RFC 4716 (BEGIN SSH2 PUBLIC KEY); give what ssh-keygen -i -f FILE makes of it",
			"line 18: key: its base64 is broken by blanks or ends of lines; write it without any",
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
			"      - {name: z, merge: [{deploy_key: 1}]}\n      - {name: w, push: [{user: a, group: b}], create: none, unprotect: [none, {deploy_key: 1}]}\n      - {name: u, unprotect: []}\n      - {name: t, unprotect: none}\n    protected_tags:\n      - {name: v, allow_force_push: true}\n",
		[]string{
			"line 4: an entry of protected_branches needs name",
			"line 4: push must be none, developer, maintainer or admin, or a list",
			"line 5: each of push must be none, developer, maintainer, admin, or one of {user: …}, {group: …} and {deploy_key: …}",
			"line 6: an entry of push needs one of user, group or deploy_key",
			"line 7: an entry of merge has no deploy_key; there are user, group",
			"line 7: an entry of merge needs one of user or group",
			"line 8: an entry of push needs one of user, group or deploy_key",
			"line 8: each of unprotect must be developer, maintainer, admin, or one of {user: …} and {group: …}",
			"line 8: an entry of unprotect has no deploy_key; there are user, group",
			"line 8: an entry of unprotect needs one of user or group",
			"line 8: an entry of protected_branches has no create; there are name, allow_force_push, push, merge, unprotect",
			"line 9: unprotect must not be an empty list",
			"line 10: unprotect must be developer, maintainer or admin, or a list",
			"line 12: an entry of protected_tags has no allow_force_push; there are name, create",
		},
	},
	"tokens": {
		"access_tokens:\n  - {user: a, name: b}\n  - {user: a, name: b, scopes: [API], token: x}\n  - {user: a, name: b, scopes: [], token: y}\nagents:\n  - {name: c, project: d/e, tokens: [{name: f}]}\n",
		[]string{
			"line 2: an entry of access_tokens needs either token or digest",
			"line 2: an entry of access_tokens needs scopes",
			"line 3: each of scopes must be a word such as read_api",
			"line 4: an entry of access_tokens needs scopes",
			"line 6: an entry of tokens needs either token or digest",
		},
	},
	"digests": {
		"access_tokens:\n  - {user: a, name: b, scopes: [api], digest: ABC}\n  - {user: a, name: b, scopes: [api], token: x, digest: " + strings.Repeat("0a", 32) + "}\n" +
			"  - {user: a, name: c, scopes: [api], digest: " + strings.Repeat("0a", 32) + "}\n  - {user: a, name: d, scopes: [api], digest: " + strings.Repeat("0a", 32) + "}\n  - {user: a, name: e, scopes: [api], digest: 7}\n",
		[]string{
			"line 2: digest must be 64 hexadecimal digits, the SHA-256 of the token",
			"line 3: an entry of access_tokens needs either token or digest",
			`line 5: this access token is already that of access token "c" of user "a" on line 4`,
			"line 6: digest must be text; put quotes around it",
		},
	},
	"settings": {
		"users:\n  - {username: a, settings: [x]}\n  - username: b\n    settings:\n      bio: 7\n      theme_id: x\n      private_profile: 1\n      unknown: 1\n      Bad-Name: 1\n      location: x\n      location: y\n" +
			"groups:\n  - {path: g, settings: {shared_runners_setting: x}}\nprojects:\n  - {path: g/a, settings: {a: 1.5, b: &b [1], c: *b, d: 2020-01-01, e: {1: x}, f: 9007199254740993}}\n",
		[]string{
			"line 2: settings must be a mapping of names to values",
			"line 5: bio must be text; put quotes around it",
			"line 6: theme_id must be a whole number",
			"line 7: private_profile must be true or false",
			"line 8: settings has no unknown; there are bio, location, linkedin, twitter, discord, github, skype, website_url, organization, job_title, pronouns, commit_email, private_profile, theme_id, color_scheme_id, view_diffs_file_by_file, extern_uid, provider, status_emoji, status_message, status_availability",
			"line 9: settings has a name that is not known",
			"line 11: location is given twice",
			"line 13: shared_runners_setting must be enabled, disabled_and_overridable, disabled_and_unoverridable or disabled_with_override",
			"line 15: a must be " + plain, "line 15: c must be " + plain, "line 15: d must be " + plain, "line 15: e must be " + plain, "line 15: f must be " + plain,
		},
	},
	"profiles": {
		"users:\n  - {username: a, projects_limit: -1, can_create_group: 1, created_at: x, created_by: 7}\ngroups:\n  - {path: g, project_creation: all, subgroup_creation: noone, lfs: 1}\n" +
			"projects:\n  - {path: g/a, object_format: md5, topics: [1], creator: 7}\n",
		[]string{
			"line 2: can_create_group must be true or false",
			"line 2: projects_limit must be a whole number from 0 to 9007199254740992",
			"line 2: created_at must be a date such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z",
			"line 2: created_by must be text; put quotes around it",
			"line 4: lfs must be true or false",
			"line 4: project_creation must be noone, owner, maintainer, developer or administrator",
			"line 4: subgroup_creation must be owner or maintainer",
			"line 6: creator must be text; put quotes around it",
			"line 6: each of topics must be text; put quotes around it",
			"line 6: object_format must be sha1 or sha256",
		},
	},
	"broadcast's end": {
		"broadcast_messages:\n  - {message: a, starts_at: 2027-01-02, ends_at: 2027-01-01}\n",
		[]string{"line 2: ends_at must be after starts_at"},
	},
	"names twice": {
		"projects:\n  - {path: a/b, moved_from: [c/d]}\n  - {path: A/B}\n  - {path: c/d}\ngroups:\n  - {path: DEV}\nusers:\n  - {username: dev}\n",
		[]string{
			`line 3: the path "a/b" is already that of project "a/b" on line 2`,
			`line 4: the path "c/d" is already that of project "a/b" on line 2`,
			`line 8: the path "dev" is already that of group "DEV" on line 6`,
		},
	},
	"numbers twice": {
		"users:\n  - {id: 1, username: a, namespace_id: 5}\n  - {id: 1, username: b}\ngroups:\n  - {id: 5, path: c}\nprojects:\n  - {id: 5, path: c/d}\n  - {id: 5, path: c/e}\n" +
			"keys:\n  - {id: 7, user: a, key: \"" + lineOne + "\"}\ndeploy_keys:\n  - {id: 7, key: \"" + lineTwo + "\"}\n" +
			"agents:\n  - {id: 9, name: x, project: c/d}\n  - {id: 9, name: y, project: c/d}\n",
		[]string{
			"line 3: user number 1 is already that of user \"a\" on line 2",
			"line 5: namespace number 5 is already that of user \"a\" on line 2",
			"line 8: project number 5 is already that of project \"c/d\" on line 7",
			"line 12: key number 7 is already that of another key of user \"a\" on line 10",
			"line 15: agent number 9 is already that of agent \"x\" on line 14",
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
		"keys:\n  - {user: a, title: laptop, key: \"" + lineOne + "\"}\n  - user: b\n    key: \"" + lineOne + " b\"\n" +
			"deploy_keys:\n  - {key: \"" + lineOne + "\"}\n  - {key: \"" + lineThree + "\", projects: [{project: a/b}, {project: A/b}]}\n" +
			"access_tokens:\n  - {user: a, name: b, scopes: [api], token: x}\n  - {user: c, name: d, scopes: [api], token: x}\n" +
			"agents:\n  - {name: e, project: f/g, tokens: [{name: h, token: x}]}\n  - {name: i, project: f/g, tokens: [{name: j, token: x}]}\n",
		[]string{
			"line 4: this key is already that of key \"laptop\" of user \"a\" on line 2",
			"line 6: this key is already that of key \"laptop\" of user \"a\" on line 2",
			"line 7: this key's project a/b is already on line 7",
			"line 10: this access token is already that of access token \"b\" of user \"a\" on line 9",
			"line 13: this agent token is already that of agent token \"h\" on line 12",
		},
	},
}
