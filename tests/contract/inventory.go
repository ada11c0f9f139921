package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/application/pushes"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// fullWorld has a record for every list of Inventory that a world file can fill.
var fullWorld = fmt.Sprintf(`
users:
  - {id: 901, username: Zoe, name: Zoë, email: z@example.com, public_email: Z@example.com, state: blocked, type: service_account, admin: true, external: true, namespace_id: 911,
     can_create_group: false, projects_limit: 3, note: hm, settings: {theme_id: 2, bio: x, pronouns: null}, created_at: 2026-01-02T03:04:05.678901Z, created_by: adam}
  - {id: 902, username: adam, namespace_id: 912}
groups:
  - {id: 921, path: inv, visibility: public, protocols: http, allowed_ips: [192.0.2.0/24, '2001:db8::/32'], name: Inv, description: d, lfs: false,
     project_creation: noone, subgroup_creation: owner, share_lock: true, membership_lock: true, require_two_factor: true, settings: {emails_enabled: false}, created_at: 2026-01-02}
  - {id: 922, path: inv/sub}
  - {id: 923, path: Zebra}
projects:
  - {id: 931, path: inv/sub/all, visibility: internal, archived: true, read_only: true, repository: private, wiki: disabled, default_branch: trunk, empty: true, storage: nfs,
     name: All, description: d, creator: Zoe, topics: [b, a], settings: {list: [x, 1], of: {b: true}}, object_format: sha256, created_at: 2026-01-02, updated_at: 2026-01-03,
     protected_branches: [{name: b, push: [none, admin, developer, {user: Zoe}, {group: inv/sub}, {deploy_key: 952}], merge: [], allow_force_push: true}, {name: a, unprotect: [admin, {user: Zoe}]}],
     protected_tags: [{name: "v*", create: developer}]}
  - {id: 932, path: inv/plain, protected_tags: []}
members:
  - {user: adam, group: inv, role: planner, state: awaiting, expires_at: 2030-01-02, created_at: 2026-01-02, created_by: Zoe}
  - {user: adam, project: inv/plain, role: owner}
  - {user: Zoe, group: Zebra, role: minimal}
shares:
  - {group: inv, with: Zebra, role: guest, expires_at: 2030-01-02, created_at: 2026-01-02, created_by: Zoe}
  - {project: inv/plain, with: Zebra, role: maintainer}
keys:
  - {id: 951, user: adam, title: laptop, usage: auth, expires_at: 2030-01-02T03:04:05.678901Z, key: %q}
deploy_keys:
  - {id: 952, title: robot, creator: Zoe, public: true, key: %q, projects: [{project: inv/plain}]}
  - {id: 953, title: orphan, key: %q}
access_tokens:
  - {user: adam, name: portal, scopes: [read_api, api], token: glpat-verysecret, expires_at: 2030-01-02, description: d, created_at: 2026-01-02}
agents:
  - {id: 961, name: prod, project: inv/plain, created_by: adam, created_at: 2026-01-02, tokens: [{name: b, token: agent-verysecret, description: d, created_at: 2026-01-03, creator: Zoe}, {name: a, token: agent-verysecret-2, revoked: true}]}
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
  - {id: 971, project: inv/plain, url: "https://verysecret@ci.example.com/hook?x=verysecret", token: hook-verysecret, branch_filter: "v*", enable_ssl_verification: false, name: n, description: d}
  - {id: 972, group: inv, url: "http://ci.example.com", push_events: false, tag_push_events: true}
`, world.Key(151), world.Key(152), world.Key(153))

// listedAt is world.Now as it is listed: the time of creation of a row that says none.
const listedAt = "2026-03-10T12:34:56.789012Z"

// wantListed are the lists of fullWorld, without those that have generated
// numbers.
var wantListed = map[string][]string{
	"groups": {
		"921 inv public http [192.0.2.0/24 2001:db8::/32] Inv d false noone owner true true true [{emails_enabled false}] 2026-01-02T00:00:00Z " + listedAt,
		"922 inv/sub private all [] sub \"\" - developer maintainer false false false [] " + listedAt + " " + listedAt,
		"923 Zebra private all [] Zebra \"\" - developer maintainer false false false [] " + listedAt + " " + listedAt,
	},
	"projects": {
		"931 inv/sub/all internal true true private disabled trunk true nfs - [] All d Zoe [b a] [{list [x 1]} {of [{b true}]}] sha256 2026-01-02T00:00:00Z 2026-01-03T00:00:00Z",
		"932 inv/plain private false false enabled enabled \"\" false default - [] plain \"\" - [] [] sha1 " + listedAt + " " + listedAt,
	},
	"members": {
		"Zoe Zebra - minimal active - " + listedAt + " - " + listedAt, "adam - inv/plain owner active - " + listedAt + " - " + listedAt,
		"adam inv - planner awaiting 2030-01-02T00:00:00Z 2026-01-02T00:00:00Z Zoe " + listedAt,
	},
	"shares": {"- inv/plain Zebra maintainer - " + listedAt + " -", "inv - Zebra guest 2030-01-02T00:00:00Z 2026-01-02T00:00:00Z Zoe"},
	"hooks": {
		"971 - inv/plain https://***@ci.example.com/hook?*** true false v* false active 0 - - - n d wildcard " + listedAt + " " + listedAt,
		"972 inv - http://ci.example.com false true \"\" true active 0 - - - \"\" \"\" wildcard " + listedAt + " " + listedAt,
	},
	"agents":      {"961 prod 932 false 2026-01-02T00:00:00Z"},
	"protections": {"inv/plain branch main false [maintainer] [maintainer] [maintainer] []", "inv/sub/all branch a false [maintainer] [maintainer] [admin user:Zoe] []", "inv/sub/all branch b true [none admin developer user:Zoe group:inv/sub deploy_key:952] [none] [maintainer] []", "inv/sub/all tag v* false [] [] [] [developer]"},
	"keys": {
		"951 key laptop " + string(fingerprint(151)) + " auth adam 2030-01-02T03:04:05.678901Z - false",
		"952 deploy_key robot " + string(fingerprint(152)) + " auth_and_signing Zoe - - true",
		"953 deploy_key orphan " + string(fingerprint(153)) + " auth_and_signing - - - false",
	},
	"agent-tokens": {"961 a true - \"\" " + listedAt + " -", "961 b false - d 2026-01-03T00:00:00Z Zoe"},
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
		s.Same("users", s.List("users")[:2], []string{
			"901 Zoe Zoë z@example.com Z@example.com blocked service_account true true 911 false 3 hm [{bio x} {pronouns <nil>} {theme_id 2}] 2026-01-02T03:04:05.678901Z " + listedAt + " - adam",
			"902 adam adam \"\" \"\" active human false false 912 true 100000 \"\" [] " + listedAt + " " + listedAt + " - -",
		})
		s.Same("ghost", s.List("users", "username")[2], "ghost")
		s.Same("access-tokens", s.List("access-tokens", "user", "name", "scopes", "expires_at", "revoked", "last_used_at", "description", "created_at"),
			[]string{"adam portal [read_api api] 2030-01-02T00:00:00Z false - d 2026-01-02T00:00:00Z"})
		s.Same("broadcasts", s.List("broadcasts", "message", "type", "starts_at", "ends_at", "target_path"), []string{"Hello notification 2026-01-01T00:00:00Z 2027-01-01T00:00:00Z inv/*"})
	}},
	{Name: "records: names and types of their fields", Check: func(s Subject) {
		s.Apply(fullWorld)
		s.Apply("subscriptions: [{namespace: inv, start_date: 2026-01-02, seats: 9}]")
		s.increase("project-1", now)
		s.Fine("Record", s.Recorder.Record(s.Context(), pushOf("project-1")))
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{ReceivedAt: now}))
		s.Fine("Append", s.AuditLog.Append(s.Context(), audit.Event{At: now}))
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
	case []inventory.Record:
		return value != nil
	case inventory.Record:
		return !slices.ContainsFunc(value, func(f inventory.Field) bool { return !plain(f.Value) })
	case time.Time:
		return value.Location() == time.UTC && !value.IsZero()
	}
	return false
}

// fullAuditEvent is an audit event with every member.
var fullAuditEvent = audit.Event{
	At: now, CorrelationID: "id\xff",
	Actor: audit.Actor{
		Kind: audit.Person, User: 7, Username: "dede", Sudo: 8, SudoName: "gus", Key: 11, KeyType: identity.UserKey, Token: 5, Address: "192.0.2.7",
	},
	Action: "git-\x00\xff", Verb: audit.Push, Outcome: audit.Refused,
	Entity: audit.Object{Kind: audit.Project, ID: 42, Path: "acme/p\xff"}, Target: audit.Object{Kind: "protection", ID: 9, Path: "main\x00"},
	Before: audit.Values{"a": "x\xff", "b": int64(1<<62 + 1), "c": true, "d": []string{"u", "\xfe"}, "e": nil}, After: audit.Values{},
	Git: &audit.GitCommand{Protocol: source.SSH, Repository: "project-42", Stats: audit.Stats{Wants: 1}},
	Decision: &audit.Decision{
		Rule: "protected branches", Ref: "refs/heads/\xff", Message: "no\x00\xff", Refs: []string{"0 1 refs/heads/\xff", "0 1 refs/heads/b"}, MoreRefs: 3,
		Findings: []source.Finding{
			{Rule: "block", Outcome: source.Passed},
			{Rule: "protected branches", Ref: "refs/heads/\xff", Outcome: source.Refused, Message: "no\x00\xff", Protections: []source.ProtectionMatch{{Pattern: "m*\xff"}, {Pattern: "main", Grants: true}}},
		},
		Facts: audit.Values{"role": "developer", "none": []string{}}, Unrecorded: 4,
	},
}

// write is an event of a user's write.
func write(user identity.UserID, entity audit.Object) audit.Event {
	return audit.Event{
		At: now, Actor: audit.Actor{Kind: audit.Person, User: user}, Action: "project.update", Verb: audit.Update, Outcome: audit.Done,
		Entity: entity, Target: entity, Before: audit.Values{"archived": false}, After: audit.Values{"archived": true},
	}
}

// events fails the case unless the audit log has these events.
func (s Subject) events(want ...audit.Event) {
	s.Helper()
	records := s.Read("audit")
	s.Same("audit events", len(records), len(want))
	for i, record := range records[:min(len(records), len(want))] {
		s.Same(fmt.Sprint("event ", i), record, inventory.AuditRecord(int64(i+1), want[i]))
	}
}

// auditEventCases are about what is kept of an audit event, and how it is found.
var auditEventCases = []Case{
	{Name: "every member: kept", Check: func(s Subject) {
		events := []audit.Event{
			fullAuditEvent, {At: now}, write(7, audit.Object{Kind: audit.Group, ID: 3, Path: "acme"}),
			{At: now, Action: "git-upload-pack", Git: &audit.GitCommand{Repository: "x\xff\x00"}, Outcome: audit.Done},
		}
		s.Fine("Append", s.AuditLog.Append(s.Context(), events...))
		s.events(events...)
		text, err := json.Marshal(s.Read("audit")[0])
		s.Fine("Marshal", err)
		s.Same("JSON", string(text), `{"id":1,"at":"2026-03-10T12:34:56.789Z","action":"git-\u0000\ufffd","verb":"push","protocol":"ssh","gl_repository":"project-42",`+
			`"username":"dede","key_id":11,"ip_address":"192.0.2.7","actor_kind":"user","user_id":7,"key_type":"key","sudo_id":8,"sudo":"gus","token_id":5,`+
			`"correlation_id":"id\ufffd","outcome":"refused","entity_kind":"project","entity_id":42,"entity_path":"acme/p\ufffd",`+
			`"target_kind":"protection","target_id":9,"target_path":"main\u0000",`+
			`"before":{"a":"x\ufffd","b":4611686018427387905,"c":true,"d":["u","\ufffd"],"e":null},"after":{},`+
			`"rule":"protected branches","ref":"refs/heads/\ufffd","refs":["0 1 refs/heads/\ufffd","0 1 refs/heads/b"],"more_refs":3,"message":"no\u0000\ufffd",`+
			`"findings":[{"rule":"block","ref":null,"outcome":"passed","message":null,"protections":[]},`+
			`{"rule":"protected branches","ref":"refs/heads/\ufffd","outcome":"refused","message":"no\u0000\ufffd",`+
			`"protections":[{"pattern":"m*\ufffd","grants":false},{"pattern":"main","grants":true}]}],`+
			`"facts":{"none":[],"role":"developer"},"unrecorded":4}`)
	}},
	{Name: "many events at once: in order", Check: func(s Subject) {
		var events []audit.Event
		for i := range 1200 {
			events = append(events, audit.Event{At: now, Action: fmt.Sprint(i)})
		}
		s.Fine("Append", s.AuditLog.Append(s.Context(), events...))
		got := s.List("audit", "action")
		s.Same("count", len(got), len(events))
		for i, action := range got {
			s.Same("action", action, events[i].Action)
		}
		s.Fine("Append nothing", s.AuditLog.Append(s.Context()))
	}},
	{Name: "cancelled context: none of several events", Check: func(s Subject) {
		gone, cancel := context.WithCancel(s.Context())
		cancel()
		if s.AuditLog.Append(gone, make([]audit.Event, 1200)...) == nil {
			s.Errorf("Append: got no error")
		}
		_, err := inventory.Collect(s.Inventory.AuditEvents(gone, inventory.AuditFilter{}))
		if err == nil {
			s.Errorf("AuditEvents: got no error")
		}
		s.Same("kept", len(s.List("audit")), 0)
	}},
	{Name: "value of another type: none of several events", Check: func(s Subject) {
		hash := audit.Event{At: now, After: audit.Values{"policy": map[string]any{"keep_n": int64(1)}}}
		if s.AuditLog.Append(s.Context(), audit.Event{At: now}, hash) == nil {
			s.Errorf("Append: got no error")
		}
		s.Same("kept", len(s.List("audit")), 0)
	}},
	{Name: "filters: texts that differ behind a long beginning", Check: func(s Subject) {
		long := strings.Repeat("x", 250)
		for _, end := range []string{"a", "b"} {
			e := write(0, audit.Object{Kind: audit.Project, Path: long + end})
			e.Actor.Username, e.Actor.SudoName = long+end, long+end
			other := audit.Event{At: now, Outcome: audit.Done, Git: &audit.GitCommand{Repository: long + end}}
			s.Fine("Append", s.AuditLog.Append(s.Context(), e, other))
		}
		for name, c := range map[string]struct {
			filter inventory.AuditFilter
			want   int
		}{
			"user": {inventory.AuditFilter{User: long + "b"}, 1}, "project": {inventory.AuditFilter{Project: long + "b"}, 2},
			"beginning": {inventory.AuditFilter{Project: long}, 0}, "a user's": {inventory.AuditFilter{User: long[:200]}, 0},
		} {
			records, err := inventory.Collect(s.Inventory.AuditEvents(s.Context(), c.filter))
			s.Fine(name, err)
			s.Same(name, len(records), c.want)
		}
	}},
	{Name: "filters", Check: func(s Subject) {
		s.Apply("users: [{id: 7, username: dede}]\ngroups: [{path: acme}]\nprojects: [{id: 42, path: acme/Tool}, {id: 3, path: acme/other}]")
		project := audit.Object{Kind: audit.Project, ID: 42, Path: "acme/old"}
		command := func(user, repository string, at time.Duration) audit.Event {
			return audit.Event{At: now.Add(at), Actor: audit.Actor{Username: user}, Git: &audit.GitCommand{Repository: repository}, Outcome: audit.Done}
		}
		sudo := write(1, audit.Object{Kind: audit.User, ID: 42})
		sudo.Actor.Sudo, sudo.Actor.SudoName = 7, "dede"
		refused := write(0, audit.Object{Kind: audit.Project, Path: "gone/away"})
		refused.Outcome = audit.Refused
		s.Fine("Append", s.AuditLog.Append(s.Context(),
			write(7, project), sudo, refused, command("gone", "project-42", -time.Hour), command("gone", "project-42-wiki", time.Hour), command("9", "project-421", 0)))
		before := len(s.List("audit")) - 6
		s.Same("nothing else", before, 0)
		for name, c := range map[string]struct {
			filter inventory.AuditFilter
			want   []int64
		}{
			"none":               {inventory.AuditFilter{}, []int64{1, 2, 3, 4, 5, 6}},
			"since":              {inventory.AuditFilter{Since: now}, []int64{1, 2, 3, 5, 6}},
			"until":              {inventory.AuditFilter{Until: now}, []int64{4}},
			"both":               {inventory.AuditFilter{Since: now, Until: now.Add(time.Microsecond)}, []int64{1, 2, 3, 6}},
			"user":               {inventory.AuditFilter{User: "DEDE"}, []int64{1, 2}},
			"user by number":     {inventory.AuditFilter{User: "7"}, []int64{1, 2}},
			"user of the past":   {inventory.AuditFilter{User: "gone"}, []int64{4, 5}},
			"name of digits":     {inventory.AuditFilter{User: "9"}, []int64{6}},
			"unknown user":       {inventory.AuditFilter{User: "x\xff\x00"}, nil},
			"project by path":    {inventory.AuditFilter{Project: "ACME/tool"}, []int64{1, 4, 5}},
			"its repository":     {inventory.AuditFilter{Project: "wiki-42"}, []int64{1, 4, 5}},
			"path of the past":   {inventory.AuditFilter{Project: "gone/away"}, []int64{3}},
			"unknown project":    {inventory.AuditFilter{Project: "x\xff\x00"}, nil},
			"refused":            {inventory.AuditFilter{Refused: true}, []int64{3}},
			"the newest":         {inventory.AuditFilter{Limit: 2}, []int64{5, 6}},
			"the newest of some": {inventory.AuditFilter{Project: "project-42", User: "gone", Limit: 1}, []int64{5}},
			"all together":       {inventory.AuditFilter{Project: "acme/tool", User: "dede", Since: now, Until: now.Add(1e9), Limit: 9}, []int64{1}},
			"nothing":            {inventory.AuditFilter{Refused: true, User: "dede"}, nil},
		} {
			records, err := inventory.Collect(s.Inventory.AuditEvents(s.Context(), c.filter))
			s.Fine(name, err)
			var got []int64
			for _, record := range records {
				got = append(got, record[0].Value.(int64))
			}
			s.Same(name, got, c.want)
		}
	}},
}
