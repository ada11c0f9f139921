package accountcases

import (
	"fmt"

	"gatehouse/application/accounts"
	"gatehouse/application/groups"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
	"gatehouse/tests/contract"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// owned has user 3 with all that may belong to a user, and projects 7 of theirs and 8 of
// a group.
var owned = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 3, username: dede, name: Dede, email: dede@example.com, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - {id: 4, username: gus}
groups: [{id: 50, path: acme}]
projects:
  - {id: 7, path: dede/own, moved_from: [old/own], storage: second, legacy_path: dede/older, protected_branches: [{name: main}]}
  - {id: 6, path: dede/more}
  - {id: 8, path: acme/cli, moved_from: [old/cli], protected_branches: [{name: main, push: [{user: dede}, {user: gus}], merge: [{user: dede}]}]}
members:
  - {user: dede, group: acme, role: owner}
  - {user: dede, project: acme/cli, role: developer}
  - {user: gus, project: dede/own, role: developer}
  - {user: gus, group: acme, role: guest}
shares: [{project: dede/own, with: acme, role: reporter}]
keys:
  - {id: 11, user: dede, title: laptop, key: "` + world.Key(1) + `"}
  - {id: 12, user: gus, title: other, key: "` + world.Key(2) + `"}
deploy_keys:
  - {id: 21, title: robot, creator: dede, key: "` + world.Key(3) + `", projects: [{project: dede/own, can_push: true}, {project: acme/cli}]}
access_tokens:
  - {user: dede, name: mine, scopes: [api], token: secret}
  - {user: gus, name: his, scopes: [api], token: other}
agents:
  - {id: 5, name: prod, project: dede/own, created_by: gus, tokens: [{name: default, token: agent-5}]}
  - {id: 6, name: test, project: acme/cli, created_by: dede, tokens: [{name: default, token: agent-6}]}
hooks:
  - {project: dede/own, url: "https://ci.example.com/own"}
  - {project: acme/cli, url: "https://ci.example.com/cli"}
subscriptions: [{namespace: dede, plan_code: gold, start_date: 2026-01-02}, {namespace: acme, plan_code: gold, start_date: 2026-01-02}]
packs: [{namespace: dede, purchase_xid: a, number_of_minutes: 1, expires_at: 2027-01-02}, {namespace: acme, purchase_xid: b, number_of_minutes: 2, expires_at: 2027-01-02}]
reconciliations: [{namespace: dede, next_reconciliation_date: 2026-06-13, display_alert_from: 2026-06-06}]
`

// remaining are the records that are left of owned, by things and their fields.
var remaining = map[string]struct {
	fields []string
	want   []string
}{
	"users":                {[]string{"id", "username"}, []string{"1 root", "4 gus"}},
	"projects":             {[]string{"id", "path", "moved_from"}, []string{"8 acme/cli [old/cli]"}},
	"members":              {[]string{"user", "group", "project"}, []string{"gus acme -"}},
	"shares":               {nil, nil},
	"keys":                 {[]string{"id", "owner"}, []string{"12 gus", "21 -"}},
	"protections":          {[]string{"project", "name", "push", "merge"}, []string{"acme/cli main [user:gus] []"}},
	"access-tokens":        {[]string{"user", "name"}, []string{"gus his"}},
	"agents":               {[]string{"id", "has_vulnerabilities"}, []string{"6 true"}},
	"agent-tokens":         {[]string{"agent_id"}, []string{"6"}},
	"agent-authorizations": {[]string{"agent_id"}, []string{"6"}},
	"findings":             {[]string{"uuid", "agent_id", "author"}, []string{subject.FindingUUID(2) + " 6 -"}},
	"hooks":                {[]string{"project"}, []string{"acme/cli"}},
	"subscriptions":        {[]string{"namespace_id"}, []string{"50"}},
	"packs":                {[]string{"purchase_xid"}, []string{"b"}},
	"reconciliations":      {nil, nil},
	"groups":               {[]string{"path"}, []string{"acme"}},
}

var deletionCases = []contract.Case{
	caseOf("user deleted: all that belongs to them goes, what they only made stays", func(s store) {
		s.Apply(owned)
		s.AddFinding(1, func(*security.Finding) {})
		s.AddFinding(2, func(f *security.Finding) { f.Agent, f.Project = 6, 8 })
		for _, id := range []agents.AgentID{5, 6} {
			s.Fine("Authorize", s.Agents.Authorize(s.Context(), id, []agents.Authorization{{Access: agents.CIAccess, Kind: agents.GroupAccess, Path: "acme"}}))
		}
		s.unit(func(tx accounts.Tx) error {
			for user, want := range map[identity.UserID][]source.Project{
				3:   {{ID: 6, Path: "dede/more", Visibility: source.Private, Storage: "default"}, {ID: 7, Path: "dede/own", Visibility: source.Private, Storage: "second"}},
				4:   nil,
				404: nil,
			} {
				got, err := tx.Projects.Owned(s.Context(), user)
				s.Fine("Owned", err)
				s.Same(fmt.Sprint("projects of ", user), got, want)
			}
			return tx.Users.Delete(s.Context(), 3, true)
		})
		for thing, left := range remaining {
			s.Same(thing, s.List(thing, left.fields...), left.want)
		}
		s.Kind("view", func() error { _, err := s.AccountRecords.View(s.Context(), byID(3), now); return err }(), domain.NotFound)
		s.Same("path", s.Standing("nobody", "dede/own").Project.Known(), false)
		s.Same("old path", s.Standing("nobody", "old/own").Project.Known(), false)
		s.Same("key", s.Actor("key-11").User.Known(), false)
		_, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("secret"))
		s.Kind("token", err, domain.NotFound)
	}),
	caseOf("user deleted: the name and the paths are free, the number is not", func(s store) {
		s.Apply(owned)
		s.unit(func(tx accounts.Tx) error { return tx.Users.Delete(s.Context(), 4, true) })
		s.unit(func(tx accounts.Tx) error { return tx.Users.Delete(s.Context(), 3, true) })
		again := newUser()
		again.Username, again.Email, again.CreatedBy = "dede", "dede@example.com", 0
		s.Same("number", s.put(again) > 4, true)
		s.Apply("projects: [{path: dede/own}]", "packs: [{namespace: dede, purchase_xid: a, number_of_minutes: 3, expires_at: 2027-01-02}]",
			`keys: [{user: dede, key: "`+world.Key(1)+`"}]`)
		s.Same("project", s.Standing("username-dede", "dede/own").Role, source.Owner)
		s.Same("number of the project", s.Standing("username-dede", "dede/own").Project.ID > 8, true)
	}),
	caseOf("user deleted: where the repositories lie stays known until it is forgotten", func(s store) {
		s.Apply(owned)
		_, err := s.Removed.Removed(s.Context(), 7)
		s.Kind("before", err, domain.NotFound)
		s.unit(func(tx accounts.Tx) error { return tx.Users.Delete(s.Context(), 3, true) })
		for id, want := range map[source.ProjectID]source.Project{
			6: {ID: 6, Storage: "default"}, 7: {ID: 7, Storage: "second", LegacyPath: "dede/older"},
		} {
			got, err := s.Removed.Removed(s.Context(), id)
			s.Fine("Removed", err)
			s.Same("project", got, want)
		}
		s.Fine("Forget", s.Removed.Forget(s.Context(), 7))
		s.Fine("Forget again", s.Removed.Forget(s.Context(), 7))
		_, err = s.Removed.Removed(s.Context(), 7)
		s.Kind("forgotten", err, domain.NotFound)
		_, err = s.Removed.Removed(s.Context(), 6)
		s.Fine("another", err)
	}),
	caseOf("user or group deleted: where the repositories lie is not remembered", func(s store) {
		s.Apply(owned, "groups: [{id: 90, path: brief}]\nprojects: [{id: 91, path: brief/p}]")
		s.unit(func(tx accounts.Tx) error { return tx.Users.Delete(s.Context(), 3, false) })
		s.Fine("unit of work", s.GroupUnitOfWork(s.Context(), func(tx groups.Tx) error {
			return tx.Groups.Delete(s.Context(), 90, false)
		}))
		for _, id := range []source.ProjectID{6, 7, 91} {
			_, err := s.Removed.Removed(s.Context(), id)
			s.Kind("Removed", err, domain.NotFound)
		}
	}),
}
