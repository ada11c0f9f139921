package contract

import (
	"fmt"
	"strings"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// current is a world with a row of every kind, in which as little as possible has its
// default.
var current = fmt.Sprintf(`
users:
  - {id: 1, username: Dev, name: Dede, email: d@example.com, public_email: d@example.com, state: blocked, admin: true, external: true, terms_accepted: true,
     email_confirmed: false, password_expires_at: 2027-01-01T01:02:03.456789Z, credential_version: 3, two_factor: {totp_secret: JBSWY3DPEHPK3PXP},
     can_create_group: false, projects_limit: 3, note: hm, settings: {bio: x, pronouns: null, theme_id: 2}, created_at: 2026-01-02T03:04:05.678901Z, created_by: bot,
     emails: [{email: Work@example.com, confirmed_at: 2026-01-02T03:04:05.678901Z}, {email: home@example.com}]}
  - {id: 2, username: bot, type: service_account, two_factor: {webauthn: true}}
groups:
  - {id: 5, path: Acme, visibility: internal, default_branch_protection: 3, allowed_ips: [192.0.2.0/24, "2001:db8::/32"], protocols: ssh, require_ssh_certificates: true,
     name: A, description: d, lfs: false, project_creation: noone, subgroup_creation: owner, share_lock: true, membership_lock: true, require_two_factor: true,
     settings: {default_branch_protection_defaults: {allowed_to_push: [{access_level: 0}]}, emails_enabled: false}, created_at: 2026-01-02}
  - {id: 6, path: acme/Tools, visibility: public, pending_delete: true}
projects:
  - {id: 60, path: ACME/tools/Cli, visibility: internal, archived: true, read_only: true, repository: private, wiki: disabled, lfs: false,
     storage: other, legacy_path: old/disk, empty: true, default_branch: trunk, pending_delete: true, moved_from: [Old/cli, old/one],
     name: Shell, description: d, creator: dev, topics: [b, a], settings: {list: [x, 1], of: {b: true}, n: 7}, object_format: sha256, created_at: 2026-01-02, updated_at: 2026-01-03,
     protected_branches: [{name: main, push: [none, {user: dev}, {group: acme}, {deploy_key: 72}], merge: [developer, admin], allow_force_push: true}],
     protected_tags: [{name: "v*", create: maintainer}]}
members:
  - {user: dev, group: acme, role: planner, state: requested, expires_at: 2027-01-02, created_at: 2026-01-04, created_by: bot}
  - {user: bot, project: acme/tools/cli, role: owner}
shares: [{project: acme/tools/cli, with: acme, role: reporter, expires_at: 2027-01-03, created_at: 2026-01-05, created_by: bot}, {group: acme/tools, with: acme, role: guest}]
keys: [{id: 71, user: dev, title: laptop, key: %q, usage: signing, created_at: 2026-01-01, expires_at: 2027-01-04T00:00:00.000001Z}]
deploy_keys:
  - {id: 72, title: robot, creator: bot, public: true, key: %q, expires_at: 2027-01-05, projects: [{project: acme/tools/cli, can_push: true}]}
  - {id: 73, key: %q}
access_tokens: [{user: dev, name: script, scopes: [read_api, api], token: one, expires_at: 2027-01-06, revoked: true, description: d, created_at: 2026-01-06}]
agents: [{id: 8, name: Prod, project: acme/tools/cli, created_by: dev, created_at: 2026-01-07, tokens: [
  {name: default, token: two, revoked: true, description: d, created_at: 2026-01-08, creator: bot}, {name: other, token: three}]}]
broadcast_messages: [{message: Hello, type: notification, target_path: "acme/*", starts_at: 2026-01-01, ends_at: 2027-01-07, show_in_git: false}]
hooks: [{id: 9, project: acme/tools/cli, url: "https://ci.example.com/secret", token: four, push_events: false, tag_push_events: true,
  name: n, description: d, branch_filter: "r/*", enable_ssl_verification: false,
  branch_filter_strategy: regex, custom_headers: [{key: X-Key, value: five}], url_variables: [{key: a, value: six}], custom_webhook_template: t,
  settings: {issues_events: true}, created_at: 2026-01-09}, {group: acme, url: "https://ci.example.com/"}]
subscriptions: [{namespace: acme, plan_code: premium, start_date: 2026-01-01, end_date: 2027-01-08, seats: 10, seats_in_use: 1, max_seats_used: 2, seats_owed: 3,
  auto_renew: true, trial: true, trial_starts_on: 2026-01-02, trial_ends_on: 2026-01-03, trial_extension_type: 1}]
packs: [{namespace: bot, purchase_xid: x, number_of_minutes: 100, expires_at: 2027-01-09}]
reconciliations: [{namespace: acme, next_reconciliation_date: 2027-01-10, display_alert_from: 2027-01-11}]
`, world.Key(1), world.Key(2), world.Key(3))

// check returns what a world would change, a line for each field.
func (s Subject) check(text string) (lines []string) {
	s.Helper()
	importer := worldimport.New(s.WorldImport, source.FullyProtected, world.Clock)
	importer.InBatches(s.WorldScratch, worldimport.BatchSize)
	check, err := importer.Check(s.Context(), world.Parse(s, text))
	if err != nil {
		s.Fatalf("Check: %v", err)
	}
	for _, c := range check.Changes {
		for _, f := range c.Fields {
			lines = append(lines, fmt.Sprintf("%s %s %s: %s -> %s", c.Kind, c.Name, f.Name, f.Old, f.New))
		}
		if c.New {
			lines = append(lines, fmt.Sprintf("new %s %s", c.Kind, c.Name))
		}
	}
	return lines
}

var currentCases = []Case{
	{Name: "current row of every kind: as it was put", Check: func(s Subject) {
		s.Apply(current)
		s.Same("changes", s.check(current), []string(nil))
		withoutNumbers := strings.NewReplacer("id: 1, ", "", "id: 2, ", "", "id: 5, ", "", "id: 6, ", "", "id: 60, ", "", "id: 71, ", "", "id: 73, ", "", "id: 8, ", "", "id: 9, ", "").Replace(current)
		s.Same("changes without numbers", s.check(withoutNumbers), []string(nil))
	}},
	{Name: "current row of every kind: differs in each field", Check: func(s Subject) {
		s.Apply(current)
		s.Same("changes", s.check(changedCurrent), currentChanges)
	}},
	{Name: "current row of every kind: what a file leaves out stays", Check: func(s Subject) {
		s.Apply(current)
		s.Same("changes", s.check(leftOut), []string(nil))
		before := s.contents()
		s.Apply(leftOut)
		s.Same("everything", s.contents(), before)
		for _, c := range []struct{ text, want string }{
			{"users: [{username: Dev, note: other}]", "user Dev note: hm -> other"},
			{"users: [{username: Dev, email: null}]", "user Dev email: d@example.com -> \nuser Dev public_email: d@example.com -> "},
			{"users: [{username: Dev, email: WORK@example.com}]", "user Dev email: d@example.com -> WORK@example.com\nuser Dev public_email: d@example.com -> \n" +
				"user Dev emails: Work@example.com 2026-01-02T03:04:05.678901Z, home@example.com -> home@example.com"},
			{"users: [{username: Dev, public_email: work@example.com}]", "user Dev public_email: d@example.com -> work@example.com"},
			{"users: [{username: Dev, emails: []}]", "user Dev emails: Work@example.com 2026-01-02T03:04:05.678901Z, home@example.com -> "},
			{"users: [{username: Dev, two_factor: null}]", "user Dev two_factor: true -> false"},
			{"users: [{username: Dev, settings: null}]", "user Dev bio: x -> \nuser Dev pronouns: null -> \nuser Dev theme_id: 2 -> "},
			{"users: [{username: Dev, created_by: null}]", "creator of user Dev created_by: 2 -> "},
			{"users: [{username: bot, created_by: bot}]", "creator of user bot created_by:  -> 2"},
			{"groups: [{path: acme, name: null, lfs: null}]", "group acme path: Acme -> acme\ngroup acme name: A -> acme\ngroup acme lfs: false -> "},
			{"projects: [{path: acme/tools/Cli, default_branch: null, empty: null}]", "project acme/tools/Cli default_branch: trunk -> "},
			{"projects: [{path: acme/tools/Cli, creator: null, topics: [], created_at: null}]",
				"project acme/tools/Cli creator: 1 -> \nproject acme/tools/Cli topics: b, a -> \nproject acme/tools/Cli created_at: 2026-01-02T00:00:00Z -> "},
			{"projects: [{path: acme/tools/Cli, protected_tags: []}]", "protections acme/tools/Cli protections: " + currentProtections + " -> branch trunk push maintainer merge maintainer"},
			{"members: [{user: dev, group: acme, role: planner, state: active}]", "member dev state: requested -> active"},
			{fmt.Sprintf("deploy_keys: [{key: %q, creator: null, projects: []}]", world.Key(2)),
				"deploy key  owner: 2 -> 0\nprojects of deploy key  projects: project 60, push to project 60 -> "},
			{"hooks: [{project: acme/tools/cli, url: \"https://ci.example.com/secret\", token: null}]", "hook https://ci.example.com/secret token: *** -> "},
			{"subscriptions: [{namespace: acme, start_date: 2026-01-01, seats: 11}]", "subscription acme seats: 10 -> 11"},
		} {
			s.Same(c.text, strings.Join(s.check(c.text), "\n"), c.want)
		}
	}},
	{Name: "current rows: none", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		in := source.MemberSource{Group: 9}
		s.Unit(func(tx worldimport.Tx) {
			ctx := s.Context()
			for name, err := range map[string]error{
				"user":            second(tx.Users.Current(ctx, worldimport.User{User: identity.User{Username: "none"}})),
				"user by number":  second(tx.Users.Current(ctx, worldimport.User{User: identity.User{ID: 99, Username: "dev"}})),
				"group":           second(tx.Current.Group(ctx, group(0, "dev"))),
				"group by number": second(tx.Current.Group(ctx, group(99, "acme"))),
				"member":          second(tx.Current.Member(ctx, 1, in)),
				"share":           second(tx.Current.Share(ctx, in, 9)),
				"broadcast":       second(tx.Current.Broadcast(ctx, worldimport.Broadcast{Message: "none"})),
				"hook":            second(tx.Current.Hook(ctx, in, hooks.Hook{URL: "http://x"})),
				"project":         second(tx.Projects.Current(ctx, worldimport.Project{Project: source.Project{Path: "acme/none"}})),
				"redirect":        second(tx.Projects.Redirect(ctx, "acme/p")),
				"key":             second(tx.Keys.Current(ctx, identity.Key{Fingerprint: "none"})),
				"access token":    second(tx.Credentials.AccessToken(ctx, "none")),
				"agent token":     second(tx.Credentials.AgentToken(ctx, "none")),
				"agent":           second(tx.Credentials.Agent(ctx, 60, worldimport.Agent{Name: "none"})),
				"subscription":    second(tx.CurrentBilling.Subscription(ctx, 9)),
				"pack":            second(tx.CurrentBilling.MinutesPack(ctx, "none")),
				"reconciliation":  second(tx.CurrentBilling.Reconciliation(ctx, 9)),
			} {
				s.Kind(name, err, domain.NotFound)
			}
			enabled, err := tx.Keys.Enabled(ctx, 99)
			s.Fine("Enabled", err)
			s.Same("Enabled", len(enabled), 0)
		})
	}},
	{Name: "path of the past: where it leads", Check: func(s Subject) {
		s.Apply(current)
		s.Unit(func(tx worldimport.Tx) {
			id, err := tx.Projects.Redirect(s.Context(), "OLD/Cli")
			s.Fine("Redirect", err)
			s.Same("Redirect", id, source.ProjectID(60))
		})
	}},
}

// second returns the second of two values.
func second[T any](_ T, err error) error { return err }

// changedCurrent is the world current with other values.
var changedCurrent = strings.NewReplacer(
	"username: Dev", "username: Eve", "name: Dede", "name: Eva", "d@example", "e@example", "state: blocked", "state: banned", "admin: true", "admin: false",
	"external: true", "external: false", "terms_accepted: true", "terms_accepted: false", "email_confirmed: false", "email_confirmed: true",
	"456789Z", "456788Z", "credential_version: 3", "credential_version: 4", "JBSWY3DPEHPK3PXP", "JBSWY3DPEHPK3PXQ", "type: service_account", "type: human",
	"can_create_group: false, projects_limit: 3, note: hm, settings: {bio: x, pronouns: null, theme_id: 2}, created_at: 2026-01-02T03:04:05.678901Z, created_by: bot",
	"can_create_group: true, projects_limit: 4, note: hmm, settings: {bio: y, pronouns: x}, created_at: 2026-01-02T03:04:05.678902Z, created_by: eve",
	"name: A, description: d, lfs: false, project_creation: noone, subgroup_creation: owner, share_lock: true, membership_lock: true, require_two_factor: true",
	"name: B, description: e, lfs: true, project_creation: owner, subgroup_creation: maintainer, share_lock: false, membership_lock: false, require_two_factor: false",
	"emails_enabled: false}, created_at: 2026-01-02", "emails_enabled: true}, created_at: 2026-01-03",
	"name: Shell, description: d, creator: dev, topics: [b, a], settings: {list: [x, 1], of: {b: true}, n: 7}, object_format: sha256, created_at: 2026-01-02, updated_at: 2026-01-03",
	"name: Tool, description: e, creator: bot, topics: [a, b], settings: {list: [x, 2], of: {b: false}}, object_format: sha1, created_at: 2026-01-03, updated_at: 2026-01-04",
	"created_at: 2026-01-04, created_by: bot", "created_at: 2026-01-05, created_by: eve", "created_at: 2026-01-05, created_by: bot", "created_at: 2026-01-06, created_by: eve",
	"creator: bot, public: true", "creator: eve, public: false", "description: d, created_at: 2026-01-06", "description: e, created_at: 2026-01-07",
	"created_by: dev, created_at: 2026-01-07", "created_by: bot, created_at: 2026-01-08", "description: d, created_at: 2026-01-08, creator: bot", "description: e, created_at: 2026-01-09, creator: eve",
	"[{access_level: 0}]", "[{access_level: 30}]", "name: n, description: d, branch", "name: m, description: e, branch",
	"email: Work@example.com, confirmed_at: 2026-01-02T03:04:05.678901Z", "email: d@example.com, confirmed_at: 2026-01-02T03:04:05Z",
	"user: dev", "user: eve",
	"visibility: internal, default_branch_protection: 3", "visibility: private, default_branch_protection: 2", ", \"2001:db8::/32\"", "", "protocols: ssh", "protocols: http",
	"require_ssh_certificates: true", "require_ssh_certificates: false", "pending_delete: true", "pending_delete: false", "path: acme/Tools", "path: acme/tools",
	"visibility: internal, archived: true, read_only: true, repository: private, wiki: disabled, lfs: false", "visibility: public, archived: false, read_only: false, repository: disabled, wiki: enabled, lfs: true",
	"storage: other, legacy_path: old/disk, empty: true, default_branch: trunk", "storage: default, legacy_path: null, empty: false, default_branch: main", "Old/cli, old/one", "old/two",
	"merge: [developer, admin]", "merge: developer", "role: planner, state: requested, expires_at: 2027-01-02", "role: guest, state: active, expires_at: 2027-01-01",
	"role: reporter, expires_at: 2027-01-03", "role: developer, expires_at: null", "title: laptop", "title: desk", "usage: signing", "usage: auth", "00.000001Z", "00.000002Z",
	"2027-01-05", "2027-01-06", "can_push: true", "can_push: false", "name: script, scopes: [read_api, api]", "name: text, scopes: [sudo]",
	"2027-01-06, revoked: true", "2027-01-05, revoked: false", "name: Prod", "name: prod", "token: two, revoked: true", "token: two, revoked: false", "name: other, token: three", "name: new, token: five",
	"ends_at: 2027-01-07, show_in_git: false", "ends_at: 2027-01-08, show_in_git: true", "token: four, push_events: false, tag_push_events: true", "token: six, push_events: true, tag_push_events: false",
	"{id: 9, project: acme/tools/cli", "{id: 9, group: acme/tools", "r/*", "s/*", "enable_ssl_verification: false", "enable_ssl_verification: true",
	"branch_filter_strategy: regex", "branch_filter_strategy: wildcard", "value: five", "value: other", "value: six", "value: another", "custom_webhook_template: t", "custom_webhook_template: u",
	"issues_events: true", "issues_events: false", "created_at: 2026-01-09}, {group", "created_at: 2026-01-10}, {group", "plan_code: premium, start_date: 2026-01-01, end_date: 2027-01-08, seats: 10, seats_in_use: 1, max_seats_used: 2, seats_owed: 3,",
	"plan_code: ultimate, start_date: 2026-01-02, end_date: null, seats: 11, seats_in_use: 2, max_seats_used: 3, seats_owed: 4,",
	"auto_renew: true, trial: true, trial_starts_on: 2026-01-02, trial_ends_on: 2026-01-03, trial_extension_type: 1", "auto_renew: null, trial: false, trial_starts_on: null, trial_ends_on: null, trial_extension_type: 2",
	"number_of_minutes: 100, expires_at: 2027-01-09", "number_of_minutes: 99, expires_at: 2027-01-10", "2027-01-10, display", "2027-01-12, display", "2027-01-11", "2027-01-13",
).Replace(current)

// currentProtections are the protections of the project in current.
const currentProtections = "branch main push none, user 1, group 5, deploy key 72 merge developer, admin force push; tag v* create maintainer"

// leftOut has the rows of current with the members that name them, and no other that need
// not be there.
var leftOut = fmt.Sprintf(`
users: [{username: Dev}, {id: 2, username: bot}]
groups: [{path: Acme}, {id: 6, path: acme/Tools}]
projects: [{path: ACME/tools/Cli}]
members: [{user: dev, group: acme, role: planner}, {user: bot, project: acme/tools/cli, role: owner}]
shares: [{project: acme/tools/cli, with: acme, role: reporter}, {group: acme/tools, with: acme, role: guest}]
keys: [{user: dev, key: %q}]
deploy_keys: [{key: %q}, {id: 73, key: %q}]
access_tokens: [{user: dev, name: script, scopes: [read_api, api], token: one}]
agents: [{id: 8, name: Prod, project: acme/tools/cli, tokens: [{name: default, token: two}]}]
broadcast_messages: [{message: Hello, type: notification, target_path: "acme/*"}]
hooks: [{project: acme/tools/cli, url: "https://ci.example.com/secret"}, {group: acme, url: "https://ci.example.com/"}]
subscriptions: [{namespace: acme, start_date: 2026-01-01}]
packs: [{namespace: bot, purchase_xid: x, number_of_minutes: 100, expires_at: 2027-01-09}]
reconciliations: [{namespace: acme, next_reconciliation_date: 2027-01-10, display_alert_from: 2027-01-11}]
`, world.Key(1), world.Key(2), world.Key(3))

var currentChanges = []string{
	"group Acme visibility: internal -> private",
	"group Acme allowed_ips: [192.0.2.0/24 2001:db8::/32] -> [192.0.2.0/24]",
	"group Acme protocols: ssh -> http",
	"group Acme require_ssh_certificates: true -> false",
	"group Acme default_branch_protection: 3 -> 2",
	"group Acme name: A -> B",
	"group Acme description: d -> e",
	"group Acme lfs: false -> true",
	"group Acme project_creation: noone -> owner",
	"group Acme subgroup_creation: owner -> maintainer",
	"group Acme share_lock: true -> false",
	"group Acme membership_lock: true -> false",
	"group Acme require_two_factor: true -> false",
	"group Acme default_branch_protection_defaults: push: none, merge: maintainer -> push: developer, merge: maintainer",
	"group Acme emails_enabled: false -> true",
	"group Acme created_at: 2026-01-02T00:00:00Z -> 2026-01-03T00:00:00Z",
	"group acme/tools path: Acme/Tools -> acme/tools",
	"group acme/tools pending_delete: true -> false",
	"user Eve username: Dev -> Eve",
	"user Eve name: Dede -> Eva",
	"user Eve email: d@example.com -> e@example.com",
	"user Eve public_email: d@example.com -> e@example.com",
	"user Eve emails: Work@example.com 2026-01-02T03:04:05.678901Z, home@example.com -> d@example.com 2026-01-02T03:04:05Z, home@example.com",
	"user Eve state: blocked -> banned",
	"user Eve admin: true -> false",
	"user Eve external: true -> false",
	"user Eve terms_accepted: true -> false",
	"user Eve email_confirmed: false -> true",
	"user Eve password_expires_at: 2027-01-01T01:02:03.456789Z -> 2027-01-01T01:02:03.456788Z",
	"user Eve credential_version: 3 -> 4",
	"user Eve totp_secret: *** -> ***",
	"user Eve can_create_group: false -> true",
	"user Eve projects_limit: 3 -> 4",
	"user Eve note: hm -> hmm",
	"user Eve bio: x -> y",
	"user Eve pronouns: null -> x",
	"user Eve theme_id: 2 -> ",
	"user Eve created_at: 2026-01-02T03:04:05.678901Z -> 2026-01-02T03:04:05.678902Z",
	"user bot type: service_account -> human",
	"creator of user Eve created_by: 2 -> 1",
	"project ACME/tools/Cli visibility: internal -> public",
	"project ACME/tools/Cli archived: true -> false",
	"project ACME/tools/Cli read_only: true -> false",
	"project ACME/tools/Cli repository: private -> disabled",
	"project ACME/tools/Cli wiki: disabled -> enabled",
	"project ACME/tools/Cli lfs: false -> true",
	"project ACME/tools/Cli storage: other -> default",
	"project ACME/tools/Cli legacy_path: old/disk -> ",
	"project ACME/tools/Cli default_branch: trunk -> main",
	"project ACME/tools/Cli empty: true -> false",
	"project ACME/tools/Cli pending_delete: true -> false",
	"project ACME/tools/Cli name: Shell -> Tool",
	"project ACME/tools/Cli description: d -> e",
	"project ACME/tools/Cli creator: 1 -> 2",
	"project ACME/tools/Cli topics: b, a -> a, b",
	"project ACME/tools/Cli list: [x 1] -> [x 2]",
	"project ACME/tools/Cli n: 7 -> ",
	"project ACME/tools/Cli of: map[b:true] -> map[b:false]",
	"project ACME/tools/Cli object_format: sha256 -> sha1",
	"project ACME/tools/Cli created_at: 2026-01-02T00:00:00Z -> 2026-01-03T00:00:00Z",
	"project ACME/tools/Cli updated_at: 2026-01-03T00:00:00Z -> 2026-01-04T00:00:00Z",
	"project ACME/tools/Cli moved_from:  -> old/two",
	"key 71 title: laptop -> desk",
	"key 71 usage: signing -> auth",
	"key 71 expires_at: 2027-01-04T00:00:00.000001Z -> 2027-01-04T00:00:00.000002Z",
	"deploy key 72 owner: 2 -> 1",
	"deploy key 72 expires_at: 2027-01-05T00:00:00Z -> 2027-01-06T00:00:00Z",
	"deploy key 72 public: true -> false",
	"projects of deploy key 72 projects: project 60, push to project 60 -> project 60",
	"protections ACME/tools/Cli protections: " + currentProtections +
		" -> branch main push none, user 1, group 5, deploy key 72 merge developer force push; tag v* create maintainer",
	"member eve role: planner -> guest",
	"member eve state: requested -> active",
	"member eve expires_at: 2027-01-02T00:00:00Z -> 2027-01-01T00:00:00Z",
	"member eve created_at: 2026-01-04T00:00:00Z -> 2026-01-05T00:00:00Z",
	"member eve created_by: 2 -> 1",
	"share with acme role: reporter -> developer",
	"share with acme expires_at: 2027-01-03T00:00:00Z -> ",
	"share with acme created_at: 2026-01-05T00:00:00Z -> 2026-01-06T00:00:00Z",
	"share with acme created_by: 2 -> 1",
	"access token text name: script -> text",
	"access token text scopes: api, read_api -> sudo",
	"access token text expires_at: 2027-01-06T00:00:00Z -> 2027-01-05T00:00:00Z",
	"access token text revoked: true -> false",
	"access token text description: d -> e",
	"access token text created_at: 2026-01-06T00:00:00Z -> 2026-01-07T00:00:00Z",
	"agent prod name: Prod -> prod",
	"agent prod created_by: 1 -> 2",
	"agent prod created_at: 2026-01-07T00:00:00Z -> 2026-01-08T00:00:00Z",
	"agent prod description of token: d -> e",
	"agent prod revoked token: true -> false",
	"agent prod created_at of token: 2026-01-08T00:00:00Z -> 2026-01-09T00:00:00Z",
	"agent prod creator of token: 2 -> 1",
	"agent prod token:  -> new",
	"broadcast message Hello ends_at: 2027-01-07T00:00:00Z -> 2027-01-08T00:00:00Z",
	"broadcast message Hello show_in_git: false -> true",
	"hook https://ci.example.com/secret owner: project 60 -> group 6",
	"hook https://ci.example.com/secret name: n -> m",
	"hook https://ci.example.com/secret description: d -> e",
	"hook https://ci.example.com/secret token: *** -> ***",
	"hook https://ci.example.com/secret push_events: false -> true",
	"hook https://ci.example.com/secret tag_push_events: true -> false",
	"hook https://ci.example.com/secret branch_filter: r/* -> s/*",
	"hook https://ci.example.com/secret branch_filter_strategy: regex -> wildcard",
	"hook https://ci.example.com/secret skip_verification: true -> false",
	"hook https://ci.example.com/secret custom_headers: *** -> ***",
	"hook https://ci.example.com/secret url_variables: *** -> ***",
	"hook https://ci.example.com/secret custom_webhook_template: t -> u",
	"hook https://ci.example.com/secret issues_events: true -> false",
	"hook https://ci.example.com/secret created_at: 2026-01-09T00:00:00Z -> 2026-01-10T00:00:00Z",
	"subscription acme plan_code: premium -> ultimate",
	"subscription acme start_date: 2026-01-01T00:00:00Z -> 2026-01-02T00:00:00Z",
	"subscription acme end_date: 2027-01-08T00:00:00Z -> ",
	"subscription acme seats: 10 -> 11",
	"subscription acme seats_in_use: 1 -> 2",
	"subscription acme max_seats_used: 2 -> 3",
	"subscription acme seats_owed: 3 -> 4",
	"subscription acme auto_renew: true -> ",
	"subscription acme trial: true -> false",
	"subscription acme trial_starts_on: 2026-01-02T00:00:00Z -> ",
	"subscription acme trial_ends_on: 2026-01-03T00:00:00Z -> ",
	"subscription acme trial_extension_type: 1 -> 2",
	"pack 99 minutes number_of_minutes: 100 -> 99",
	"pack 99 minutes expires_at: 2027-01-09T00:00:00Z -> 2027-01-10T00:00:00Z",
	"reconciliation acme next_reconciliation_date: 2027-01-10T00:00:00Z -> 2027-01-12T00:00:00Z",
	"reconciliation acme display_alert_from: 2027-01-11T00:00:00Z -> 2027-01-13T00:00:00Z",
}
