package contract

import (
	"fmt"
	"strings"
	"time"

	"gatehouse/application/gitaudit"
	"gatehouse/application/inventory"
	"gatehouse/application/pushes"
	"gatehouse/domain"
	"gatehouse/domain/security"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// fullWorld has a record for every list of Inventory that a world file can fill.
var fullWorld = fmt.Sprintf(`
users:
  - {id: 901, username: Zoe, name: Zoë, email: z@example.com, public_email: Z@example.com, state: blocked, type: service_account, admin: true, external: true, namespace_id: 911}
  - {id: 902, username: adam, namespace_id: 912}
groups:
  - {id: 921, path: inv, visibility: public, protocols: http, allowed_ips: [192.0.2.0/24, '2001:db8::/32']}
  - {id: 922, path: inv/sub}
  - {id: 923, path: Zebra}
projects:
  - {id: 931, path: inv/sub/all, visibility: internal, archived: true, read_only: true, repository: private, wiki: disabled, default_branch: trunk, empty: true, storage: nfs,
     protected_branches: [{name: b, push: [none, admin, developer, {user: Zoe}, {group: inv/sub}, {deploy_key: 952}], merge: [], allow_force_push: true}, {name: a}],
     protected_tags: [{name: "v*", create: developer}]}
  - {id: 932, path: inv/plain, protected_tags: []}
members:
  - {user: adam, group: inv, role: planner, state: awaiting, expires_at: 2030-01-02}
  - {user: adam, project: inv/plain, role: owner}
  - {user: Zoe, group: Zebra, role: minimal}
shares:
  - {group: inv, with: Zebra, role: guest, expires_at: 2030-01-02}
  - {project: inv/plain, with: Zebra, role: maintainer}
keys:
  - {id: 951, user: adam, title: laptop, usage: auth, expires_at: 2030-01-02T03:04:05.678901Z, key: %q}
deploy_keys:
  - {id: 952, title: robot, creator: Zoe, key: %q, projects: [{project: inv/plain}]}
  - {id: 953, title: orphan, key: %q}
access_tokens:
  - {user: adam, name: portal, scopes: [read_api, api], token: glpat-verysecret, expires_at: 2030-01-02}
agents:
  - {id: 961, name: prod, project: inv/plain, created_by: adam, tokens: [{name: b, token: agent-verysecret}, {name: a, token: agent-verysecret-2, revoked: true}]}
subscriptions:
  - {namespace: inv, plan_code: gold, start_date: 2026-01-02, end_date: 2027-01-02, seats: 5, seats_in_use: 4, max_seats_used: 7, seats_owed: 2, auto_renew: false,
     trial: true, trial_starts_on: 2026-01-03, trial_ends_on: 2026-02-03, trial_extension_type: 2}
  - {namespace: ADAM, start_date: 2026-01-02}
packs:
  - {namespace: adam, purchase_xid: b, number_of_minutes: 0, expires_at: 2027-01-02}
  - {namespace: INV, purchase_xid: a, number_of_minutes: 1000, expires_at: 2027-01-02}
reconciliations:
  - {namespace: inv/sub, next_reconciliation_date: 2026-06-13, display_alert_from: 2026-06-06}
broadcast_messages:
  - {message: Hello, type: notification, starts_at: 2026-01-01, ends_at: 2027-01-01, target_path: "inv/*"}
hooks:
  - {id: 971, project: inv/plain, url: "https://verysecret@ci.example.com/hook?x=verysecret", token: hook-verysecret, branch_filter: "v*", enable_ssl_verification: false}
  - {id: 972, group: inv, url: "http://ci.example.com", push_events: false, tag_push_events: true}
`, world.Key(151), world.Key(152), world.Key(153))

// wantListed are the lists of fullWorld, without those that have generated
// numbers.
var wantListed = map[string][]string{
	"groups":      {"921 inv public http [192.0.2.0/24 2001:db8::/32]", "922 inv/sub private all []", "923 Zebra private all []"},
	"projects":    {"931 inv/sub/all internal true true private disabled trunk true nfs -", `932 inv/plain private false false enabled enabled "" false default -`},
	"members":     {"Zoe Zebra - minimal active -", "adam - inv/plain owner active -", "adam inv - planner awaiting 2030-01-02T00:00:00Z"},
	"shares":      {"- inv/plain Zebra maintainer -", "inv - Zebra guest 2030-01-02T00:00:00Z"},
	"hooks":       {"971 - inv/plain https://***@ci.example.com/hook?*** true false v* false active 0 - - -", "972 inv - http://ci.example.com false true \"\" true active 0 - - -"},
	"agents":      {"961 prod 932 false"},
	"protections": {"inv/plain branch main false [maintainer] [maintainer] []", "inv/sub/all branch a false [maintainer] [maintainer] []", "inv/sub/all branch b true [none admin developer user:Zoe group:inv/sub deploy_key:952] [none] []", "inv/sub/all tag v* false [] [] [developer]"},
	"keys": {
		"951 key laptop " + string(fingerprint(151)) + " auth adam 2030-01-02T03:04:05.678901Z -",
		"952 deploy_key robot " + string(fingerprint(152)) + " auth_and_signing Zoe - -",
		"953 deploy_key orphan " + string(fingerprint(153)) + " auth_and_signing - - -",
	},
	"agent-tokens": {"961 a true -", "961 b false -"},
	"subscriptions": {
		"912 - 2026-01-02 - 0 0 0 0 - false - - - - 2026-03-10T12:34:56.789012Z",
		"921 gold 2026-01-02 2027-01-02 5 4 7 2 false true 2026-01-03 2026-02-03 2 - 2026-03-10T12:34:56.789012Z",
	},
	"packs":           {"912 b 0 2027-01-02", "921 a 1000 2027-01-02"},
	"reconciliations": {"922 2026-06-13 2026-06-06 2026-03-10T12:34:56.789012Z"},
}

var inventoryCases = []Case{
	{Name: "every list, in order", Check: func(s Subject) {
		s.Apply(fullWorld)
		for thing, want := range wantListed {
			s.Same(thing, s.List(thing), want)
		}
		s.Same("users", s.List("users")[:2], []string{"901 Zoe Zoë z@example.com Z@example.com blocked service_account true true 911", "902 adam adam \"\" \"\" active human false false 912"})
		s.Same("ghost", s.List("users", "username")[2], "ghost")
		s.Same("access-tokens", s.List("access-tokens", "user", "name", "scopes", "expires_at", "revoked", "last_used_at"), []string{"adam portal [read_api api] 2030-01-02T00:00:00Z false -"})
		s.Same("broadcasts", s.List("broadcasts", "message", "type", "starts_at", "ends_at", "target_path"), []string{"Hello notification 2026-01-01T00:00:00Z 2027-01-01T00:00:00Z inv/*"})
	}},
	{Name: "records: names and types of their fields", Check: func(s Subject) {
		s.Apply(fullWorld)
		s.Apply("subscriptions: [{namespace: inv, start_date: 2026-01-02}]")
		s.increase("project-1", now)
		s.Fine("Record", s.Recorder.Record(s.Context(), pushOf("project-1")))
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{ReceivedAt: now}))
		s.Fine("Append", s.AuditLog.Append(s.Context(), gitaudit.Event{At: now}))
		s.Fine("CountUsage", s.UsageCounters.Add(s.Context(), usageReport))
		s.Fine("Authorize", s.Agents.Authorize(s.Context(), 961, authorizations))
		s.Fine("AddFinding", s.Findings.Add(s.Context(), security.Finding{UUID: subject.FindingUUID(1), Project: 932, Agent: 961, DetectedAt: now}))
		for _, thing := range inventory.Names() {
			records, err := s.Inventory.List(s.Context(), thing, now)
			s.Fine(thing, err)
			s.Same(thing+" is there", len(records) > 0, true)
			for _, record := range records {
				var names []string
				for _, field := range record {
					names = append(names, field.Name)
					if !plain(field.Value) {
						s.Errorf("%s: %s is %#v", thing, field.Name, field.Value)
					}
				}
				s.Same(thing, names, inventory.Lists[thing])
			}
		}
	}},
	{Name: "empty store: empty lists", Check: func(s Subject) {
		for _, thing := range inventory.Names() {
			s.Same(thing, s.List(thing), []string{})
		}
	}},
	{Name: "unknown list: not found", Check: func(s Subject) {
		for _, thing := range []string{"", "user", "Users", "pg_user", "users; drop table users", "schema_migrations"} {
			_, err := s.Inventory.List(s.Context(), thing, now)
			s.Kind(thing, err, domain.NotFound)
		}
	}},
	{Name: "records: no secrets", Check: func(s Subject) {
		s.Apply(fullWorld)
		w := world.Parse(s, fullWorld)
		text := s.contents()
		for _, secret := range []string{"verysecret", string(w.AccessTokens[0].Digest), string(w.Agents[0].Tokens[0].Digest), "ssh-ed25519", strings.Fields(world.Key(151))[1]} {
			if strings.Contains(text, secret) {
				s.Errorf("%q is listed", secret)
			}
		}
	}},
	{Name: "texts: ordered by bytes", Check: func(s Subject) {
		// An English collation orders: a-b, a_b, aB, ab, b, B, é, z.
		paths := []string{"B0", "Z", "a", "a-b", "a.b", "aB", "a_c", "ab0", "b"}
		text := "users: [{username: u}]\ngroups:"
		for _, p := range paths {
			text += "\n  - {path: " + p + "}"
		}
		text += "\nprojects: [{path: a/p, protected_branches: [{name: B}, {name: a}, {name: _}, {name: é}, {name: z}, {name: -}]}]\nmembers:"
		for _, p := range paths {
			text += "\n  - {user: u, group: " + p + ", role: guest}"
		}
		s.Apply(text)
		s.Same("members", s.List("members", "group"), paths)
		s.Same("protections", s.List("protections", "name"), []string{"-", "B", "_", "a", "z", "é"})
		for _, name := range []string{"b", "B", "a-", "a_", "Z"} {
			s.increase(name, now)
		}
		s.counters("counters", now, "B 1", "Z 1", "a- 1", "a_ 1", "b 1")
	}},
	{Name: "numbers: ordered by value", Check: func(s Subject) {
		s.Apply("groups: [{id: 10, path: a}, {id: 9, path: b}, {id: 100, path: c}]")
		s.Same("groups", s.List("groups", "id"), []string{"9", "10", "100"})
	}},
	{Name: "list changed by the caller: store unchanged", Check: func(s Subject) {
		s.Apply(fullWorld)
		want := s.contents()
		for _, thing := range inventory.Names() {
			records, err := s.Inventory.List(s.Context(), thing, now)
			s.Fine(thing, err)
			for _, record := range records {
				for i := range record {
					if texts, ok := record[i].Value.([]string); ok {
						clear(texts)
					}
					record[i].Value = "spoilt"
				}
			}
			clear(records)
		}
		s.Same("everything", s.contents(), want)
	}},
}

// plain returns whether a value has one of the types of fields.
func plain(value any) bool {
	switch value := value.(type) {
	case nil, bool, int64, string:
		return true
	case []string:
		return value != nil
	case time.Time:
		return value.Location() == time.UTC && !value.IsZero()
	}
	return false
}
