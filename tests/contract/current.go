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
     email_confirmed: false, password_expires_at: 2027-01-01T01:02:03.456789Z, credential_version: 3, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - {id: 2, username: bot, type: service_account, two_factor: {webauthn: true}}
groups:
  - {id: 5, path: Acme, visibility: internal, default_branch_protection: 3, allowed_ips: [192.0.2.0/24, "2001:db8::/32"], protocols: ssh, require_ssh_certificates: true}
  - {id: 6, path: acme/Tools, visibility: public, pending_delete: true}
projects:
  - {id: 60, path: ACME/tools/Cli, visibility: internal, archived: true, read_only: true, repository: private, wiki: disabled, lfs: false,
     storage: other, legacy_path: old/disk, empty: true, default_branch: trunk, pending_delete: true, moved_from: [Old/cli, old/one],
     protected_branches: [{name: main, push: [none, {user: dev}, {group: acme}, {deploy_key: 72}], merge: [developer, admin], allow_force_push: true}],
     protected_tags: [{name: "v*", create: maintainer}]}
members:
  - {user: dev, group: acme, role: planner, state: requested, expires_at: 2027-01-02}
  - {user: bot, project: acme/tools/cli, role: owner}
shares: [{project: acme/tools/cli, with: acme, role: reporter, expires_at: 2027-01-03}, {group: acme/tools, with: acme, role: guest}]
keys: [{id: 71, user: dev, title: laptop, key: %q, usage: signing, created_at: 2026-01-01, expires_at: 2027-01-04T00:00:00.000001Z}]
deploy_keys:
  - {id: 72, title: robot, creator: bot, key: %q, expires_at: 2027-01-05, projects: [{project: acme/tools/cli, can_push: true}]}
  - {id: 73, key: %q}
access_tokens: [{user: dev, name: script, scopes: [read_api, api], token: one, expires_at: 2027-01-06, revoked: true}]
agents: [{id: 8, name: Prod, project: acme/tools/cli, created_by: dev, tokens: [{name: default, token: two, revoked: true}, {name: other, token: three}]}]
broadcast_messages: [{message: Hello, type: notification, target_path: "acme/*", starts_at: 2026-01-01, ends_at: 2027-01-07, show_in_git: false}]
hooks: [{id: 9, project: acme/tools/cli, url: "https://ci.example.com/secret", token: four, push_events: false, tag_push_events: true,
  branch_filter: "r/*", enable_ssl_verification: false}, {group: acme, url: "https://ci.example.com/"}]
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
	"user: dev", "user: eve", "created_by: dev", "created_by: bot",
	"visibility: internal, default_branch_protection: 3", "visibility: private, default_branch_protection: 2", ", \"2001:db8::/32\"", "", "protocols: ssh", "protocols: http",
	"require_ssh_certificates: true", "require_ssh_certificates: false", "pending_delete: true", "pending_delete: false", "path: acme/Tools", "path: acme/tools",
	"visibility: internal, archived: true, read_only: true, repository: private, wiki: disabled, lfs: false", "visibility: public, repository: disabled, wiki: enabled, lfs: true",
	"storage: other, legacy_path: old/disk, empty: true, default_branch: trunk", "storage: default, empty: false, default_branch: main", "Old/cli, old/one", "old/two",
	"merge: [developer, admin]", "merge: developer", "role: planner, state: requested, expires_at: 2027-01-02", "role: guest, state: active, expires_at: 2027-01-01",
	"role: reporter, expires_at: 2027-01-03", "role: developer", "title: laptop", "title: desk", "usage: signing", "usage: auth", "00.000001Z", "00.000002Z",
	"creator: bot", "creator: eve", "2027-01-05", "2027-01-06", "can_push: true", "can_push: false", "name: script, scopes: [read_api, api]", "name: text, scopes: [sudo]",
	"2027-01-06, revoked: true", "2027-01-05, revoked: false", "name: Prod", "name: prod", "token: two, revoked: true", "token: two, revoked: false", "name: other, token: three", "name: new, token: five",
	"ends_at: 2027-01-07, show_in_git: false", "ends_at: 2027-01-08, show_in_git: true", "token: four, push_events: false, tag_push_events: true", "token: six, push_events: true, tag_push_events: false",
	"{id: 9, project: acme/tools/cli", "{id: 9, group: acme/tools", "r/*", "s/*", "enable_ssl_verification: false", "enable_ssl_verification: true", "plan_code: premium, start_date: 2026-01-01, end_date: 2027-01-08, seats: 10, seats_in_use: 1, max_seats_used: 2, seats_owed: 3,",
	"plan_code: ultimate, start_date: 2026-01-02, seats: 11, seats_in_use: 2, max_seats_used: 3, seats_owed: 4,",
	"auto_renew: true, trial: true, trial_starts_on: 2026-01-02, trial_ends_on: 2026-01-03, trial_extension_type: 1", "trial: false, trial_extension_type: 2",
	"number_of_minutes: 100, expires_at: 2027-01-09", "number_of_minutes: 99, expires_at: 2027-01-10", "2027-01-10, display", "2027-01-12, display", "2027-01-11", "2027-01-13",
).Replace(current)

var currentChanges = []string{
	"group Acme visibility: internal -> private",
	"group Acme allowed_ips: [192.0.2.0/24 2001:db8::/32] -> [192.0.2.0/24]",
	"group Acme protocols: ssh -> http",
	"group Acme require_ssh_certificates: true -> false",
	"group Acme default_branch_protection: 3 -> 2",
	"group acme/tools path: Acme/Tools -> acme/tools",
	"group acme/tools pending_delete: true -> false",
	"user Eve username: Dev -> Eve",
	"user Eve name: Dede -> Eva",
	"user Eve email: d@example.com -> e@example.com",
	"user Eve public_email: d@example.com -> e@example.com",
	"user Eve state: blocked -> banned",
	"user Eve admin: true -> false",
	"user Eve external: true -> false",
	"user Eve terms_accepted: true -> false",
	"user Eve email_confirmed: false -> true",
	"user Eve password_expires_at: 2027-01-01T01:02:03.456789Z -> 2027-01-01T01:02:03.456788Z",
	"user Eve credential_version: 3 -> 4",
	"user Eve totp_secret: *** -> ***",
	"user bot type: service_account -> human",
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
	"project ACME/tools/Cli moved_from:  -> old/two",
	"key 71 title: laptop -> desk",
	"key 71 usage: signing -> auth",
	"key 71 expires_at: 2027-01-04T00:00:00.000001Z -> 2027-01-04T00:00:00.000002Z",
	"deploy key 72 owner: 2 -> 1",
	"deploy key 72 expires_at: 2027-01-05T00:00:00Z -> 2027-01-06T00:00:00Z",
	"projects of deploy key 72 projects: project 60, push to project 60 -> project 60",
	"protections ACME/tools/Cli protections: branch main push none, user 1, group 5, deploy key 72 merge developer, admin force push; tag v* create maintainer" +
		" -> branch main push none, user 1, group 5, deploy key 72 merge developer force push; tag v* create maintainer",
	"member eve role: planner -> guest",
	"member eve state: requested -> active",
	"member eve expires_at: 2027-01-02T00:00:00Z -> 2027-01-01T00:00:00Z",
	"share with acme role: reporter -> developer",
	"share with acme expires_at: 2027-01-03T00:00:00Z -> ",
	"access token text name: script -> text",
	"access token text scopes: api, read_api -> sudo",
	"access token text expires_at: 2027-01-06T00:00:00Z -> 2027-01-05T00:00:00Z",
	"access token text revoked: true -> false",
	"agent prod name: Prod -> prod",
	"agent prod created_by: 1 -> 2",
	"agent prod revoked token: true -> false",
	"agent prod token:  -> new",
	"broadcast message Hello ends_at: 2027-01-07T00:00:00Z -> 2027-01-08T00:00:00Z",
	"broadcast message Hello show_in_git: false -> true",
	"hook https://ci.example.com/secret owner: project 60 -> group 6",
	"hook https://ci.example.com/secret token: *** -> ***",
	"hook https://ci.example.com/secret push_events: false -> true",
	"hook https://ci.example.com/secret tag_push_events: true -> false",
	"hook https://ci.example.com/secret branch_filter: r/* -> s/*",
	"hook https://ci.example.com/secret skip_verification: true -> false",
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
