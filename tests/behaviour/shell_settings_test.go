package behaviour_test

import (
	"errors"
	"fmt"
	"net/netip"

	"gatehouse/application/gitaccess"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// checkRoots reads projects two levels below the group with the setting. The
// subgroup between has other settings, which are ignored.
func checkRoots(s Subject) {
	text := "users: [{username: dev}, {username: bot, type: service_account}]\ngroups:"
	for root, setting := range map[string]string{
		"open": "", "ssh": "protocols: ssh", "http": "protocols: http", "here": "allowed_ips: [192.0.2.0/24, '2001:db8::/32', '10.0.0.1']", "certs": "require_ssh_certificates: true",
	} {
		text += fmt.Sprintf("\n  - {path: %s, %s}\n  - {path: %[1]s/mid}", root, setting)
	}
	text += "\nprojects:"
	for _, root := range []string{"open", "ssh", "http", "here", "certs"} {
		text += fmt.Sprintf("\n  - {path: %s/mid/p, visibility: public}", root)
	}
	s.Apply(text)
	s.Unit(func(tx worldimport.Tx) { // a world file refuses these settings on a subgroup
		for _, root := range []string{"open", "ssh", "http", "here", "certs"} {
			_, err := tx.Namespaces.PutGroup(s.Context(), worldimport.Group{Namespace: source.Namespace{
				Path: root + "/mid", Protocols: source.OnlyHTTP, RequireSSHCertificates: true,
				AllowedIPs: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")},
			}})
			s.Fine("PutGroup", err)
		}
	})
	g := s.server().Gatekeeper
	for _, row := range []struct {
		who, root, address, namespace string
		protocol                      source.Protocol
		want                          domain.Kind
	}{
		{"nobody", "open", "198.51.100.1", "", source.SSH, ok}, {"nobody", "open", "", "", source.HTTP, ok},
		{"nobody", "ssh", "", "", source.SSH, ok}, {"nobody", "ssh", "", "", source.HTTP, forbidden}, {"nobody", "ssh", "", "", source.Web, ok},
		{"nobody", "http", "", "", source.HTTP, ok}, {"nobody", "http", "", "", source.SSH, forbidden},
		{"nobody", "here", "192.0.2.255", "", source.SSH, ok}, {"nobody", "here", "2001:db8::1", "", source.SSH, ok}, {"nobody", "here", "10.0.0.1", "", source.SSH, ok},
		{"nobody", "here", "::ffff:192.0.2.1", "", source.SSH, ok}, {"nobody", "here", "", "", source.SSH, ok},
		{"nobody", "here", "192.0.3.0", "", source.SSH, hidden}, {"nobody", "here", "10.0.0.2", "", source.SSH, hidden}, {"nobody", "here", "203.0.113.7", "", source.SSH, hidden},
		{"username-dev", "certs", "", "", source.SSH, forbidden}, {"username-dev", "certs", "", "certs", source.SSH, ok}, {"username-bot", "certs", "", "", source.SSH, ok},
		{"username-dev", "certs", "", "", source.HTTP, ok}, {"username-dev", "certs", "", "open", source.SSH, forbidden},
		{"username-dev", "open", "", "OPEN", source.SSH, ok}, {"username-dev", "open", "", "open/mid", source.SSH, forbidden},
	} {
		q := subject.Inquiry(row.who, row.root+"/mid/p")
		req := gitaccess.Request{Request: source.Request{
			Claim: q.Claim, Target: q.Target, Command: source.UploadPack, Protocol: row.protocol, NamespacePath: row.namespace,
		}}
		if row.address != "" {
			req.AddressGiven, req.Address = true, netip.MustParseAddr(row.address)
		}
		_, err := g.Allow(s.Context(), req)
		got := ok
		if refusal, refused := errors.AsType[*domain.Refusal](err); refused {
			got = refusal.Kind
		}
		s.Same(fmt.Sprintf("%+v", row), got, row.want)
	}
}

// checkFirstPush creates the default branch of an empty project in a group of each
// protection level, then updates the branch of the project that is not empty.
func checkFirstPush(s Subject) {
	text := "users: [{username: maint}, {username: dev}, {username: rep}]\n"
	groups, projects, members := "groups:", "projects:", "members:"
	for level := range 6 {
		if level < 5 {
			groups += fmt.Sprintf("\n  - {path: g%d, default_branch_protection: %[1]d}", level)
		}
		projects += fmt.Sprintf("\n  - {path: g%d/p, empty: true}", level)
		members += fmt.Sprintf("\n  - {user: maint, group: g%d, role: maintainer}\n  - {user: dev, group: g%[1]d, role: developer}\n  - {user: rep, group: g%[1]d, role: reporter}", level)
	}
	groups += "\n  - {path: g5, settings: {default_branch_protection_defaults: {allow_force_push: true, developer_can_initial_push: true}}}"
	s.Apply(text + groups + "\n" + projects + "\n" + members)
	g := s.server().Gatekeeper
	pushes := func(change string) (rows []string) {
		for level := range 6 {
			row := fmt.Sprint(level, " ")
			for _, who := range []string{"username-maint", "username-dev", "username-rep"} {
				row += letters[s.outcome(g, who, fmt.Sprintf("g%d/p", level), command{source.ReceivePack, source.SSH, changes(change)})]
			}
			rows = append(rows, row)
		}
		return rows
	}
	s.Same("first", pushes("none a refs/heads/main"), []string{"0 ++-", "1 ++-", "2 +--", "3 +--", "4 ++-", "5 ++-"})
	for level := range 6 {
		s.Apply(fmt.Sprintf("projects: [{path: g%d/p, empty: false}]", level))
	}
	s.Same("next", pushes("a b refs/heads/main"), []string{"0 ++-", "1 ++-", "2 +--", "3 +--", "4 +--", "5 +--"})
	s.Same("force", pushes("b a refs/heads/main"), []string{"0 ++-", "1 ---", "2 ---", "3 ---", "4 ---", "5 +--"})
	s.Same("another branch", pushes("none a refs/heads/topic"), []string{"0 ++-", "1 ++-", "2 ++-", "3 ++-", "4 ++-", "5 ++-"})
	s.checkPushToCreate()
}

// checkPushToCreate pushes to create projects in the groups of checkFirstPush: a project
// is made where its first push would be allowed, and nothing elsewhere.
func (s Subject) checkPushToCreate() {
	s.Helper()
	g := s.server(func(c *config.Config) { c.Git.PushToCreate = true }).Gatekeeper
	before := len(s.List("projects", "path"))
	var got []string
	for level := range 6 {
		row := fmt.Sprint(level, " ")
		for _, who := range []string{"maint", "dev", "rep"} {
			row += letters[s.outcome(g, "username-"+who, fmt.Sprintf("g%d/of-%s", level, who), push)]
		}
		got = append(got, row)
	}
	s.Same("push to create", got, []string{"0 ++?", "1 ++?", "2 +-?", "3 +-?", "4 ++?", "5 ++?"})
	made := s.List("projects", "path")[before:]
	s.Same("projects", made, []string{"g0/of-maint", "g0/of-dev", "g1/of-maint", "g1/of-dev", "g2/of-maint", "g3/of-maint", "g4/of-maint", "g4/of-dev", "g5/of-maint", "g5/of-dev"})
	s.Same("jobs", len(s.List("jobs", "subject")), len(made))
}
