package source_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// refusedCases has, for each rule, cases that it refuses.
func refusedCases() map[string][]*source.Case {
	full := source.FullyProtected
	feature, newFeature, noFeature := changes(one, two, "refs/heads/feature"), changes(zero, one, "refs/heads/feature"), changes(one, zero, "refs/heads/feature")
	main := protect(branch("feature", by(source.Maintainer)), tag("v*", by(source.Maintainer)))
	protocols := func(instance, group source.Protocols) with {
		return func(c *source.Case) { c.Settings.Protocols, c.Project.Root.Protocols = instance, group }
	}
	key := func(change func(*source.Case)) with {
		return func(c *source.Case) {
			c.Actor.Key = identity.Key{ID: 11, Kind: identity.UserKey, Line: "ssh-ed25519 AAAA", Fingerprint: "f"}
			change(c)
		}
	}
	personal := func(c *source.Case) { c.Project.Root.Personal = true }
	missing := connected(map[source.Question]source.Answer{{About: source.Existence}: source.No})
	creation := func(level source.ProjectCreation) with {
		return func(c *source.Case) { c.Project.Creation = level }
	}
	planned := func(r source.Role) with {
		return func(c *source.Case) {
			c.Settings.PushToCreate = true
			c.Project = source.Project{}
			c.PlanProject(source.ProjectDestination{Path: "acme/new", Root: source.Namespace{Path: "acme", Protocols: source.AllProtocols}, Role: r}, "default")
		}
	}
	overLimit := func(c *source.Case) { c.Project.Personal = &source.PersonalProjects{Count: 7, Limit: 5} }
	return map[string][]*source.Case{
		"rate_limit":              {{Throttled: true}},
		"otp_session":             {pull(otpDemanded, twoFactor)},
		"protocol":                {pull(protocols(source.OnlyHTTP, source.AllProtocols)), pull(protocols(source.AllProtocols, source.OnlyHTTP)), pull(protocols(source.OnlyHTTP, source.OnlySSH)), pull(withProtocol("ftp"))},
		"key":                     {pull(key(func(c *source.Case) { c.Actor.Key.ExpiresAt = now })), pull(key(func(c *source.Case) { c.Keys.BannedKeys, c.Actor.Key.ExpiresAt = []identity.Fingerprint{"f"}, now })), pull(key(func(c *source.Case) { c.Keys.MinimumBits = map[string]int{"ed25519": identity.Forbidden} })), pull(robot(true, false), func(c *source.Case) { c.Keys.BannedKeys, c.Actor.Key.Fingerprint = []identity.Fingerprint{"f"}, "f" })},
		"user":                    {pull(blocked), pull(blocked, user(func(u *identity.User) { u.EmailConfirmed, u.PasswordExpiresAt = false, now }))},
		"http_command":            {push(withProtocol(source.HTTP), func(c *source.Case) { c.Settings.HTTPReceivePackOff = true }), pull(withProtocol(source.HTTP), func(c *source.Case) { c.Settings.HTTPUploadPackOff = true }), push(protocols(source.AllProtocols, source.OnlyHTTP), withProtocol(source.HTTP), func(c *source.Case) { c.Settings.HTTPReceivePackOff = true })},
		"command":                 {pull(command("git-shell"))},
		"namespace":               {pull(namespace("other")), pull(namespace("other"), personal), pull(absent, namespace("other"))},
		"project":                 {pull(absent), push(absent, anonymous), push(absent, func(c *source.Case) { c.Target = source.Target{Repository: source.RepositoryID{ID: 99}} }), pull(anonymous), pull(role(source.NoRole)), pull(robot(false, false)), push(robot(false, false)), pull(wiki, role(source.NoRole), is(source.Internal), external)},
		"push":                    {push(role(source.Guest)), push(wiki, is(source.Public), role(source.NoRole)), push(repository(source.FeatureDisabled), role(source.Guest)), push(wiki, wikiFeature(source.FeatureDisabled)), push(planned(source.Developer))},
		"archived":                {push(archived)},
		"deploy_key":              {push(robot(true, false))},
		"anonymous":               {push(is(source.Public), anonymous)},
		"download":                {pull(role(source.Guest)), pull(repository(source.FeatureDisabled)), pull(wiki, wikiFeature(source.FeatureDisabled), role(source.Guest)), pull(is(source.Public), repository(source.FeaturePrivate), anonymous), pull(is(source.Public), repository(source.FeaturePrivate), robot(false, false))},
		"repository":              {pull(missing), push(missing)},
		"ip_allow_list":           {pull(allowList, from("198.51.100.1")), pull(allowList, from("2001:db9::1%eth0")), pull(allowList, from("")), pull(from("192.0.2.7"), func(c *source.Case) { c.Project.Root.AllowedIPs = []netip.Prefix{{}} })},
		"instance_read_only":      {push(func(c *source.Case) { c.Settings.ReadOnly = true })},
		"push_to_create":          {push(planned(source.Guest)), push(planned(source.Developer), creation(source.MaintainerProjects)), push(planned(source.Owner), creation(source.NoProjects)), push(planned(source.NoRole), creation(source.AdminProjects)), push(planned(source.Owner), overLimit), push(planned(source.NoRole), admin, overLimit), push(planned(source.Guest), overLimit)},
		"ssh_certificate":         {pull(certificates)},
		"repository_type":         {pull(func(c *source.Case) { c.Repository.Kind = source.Design }), pull(func(c *source.Case) { c.Repository.Kind = source.Snippet })},
		"token_scope":             {pull(token("read_user")), pull(token()), push(token(identity.ScopeReadRepository)), push(planned(source.Owner), token(identity.ScopeReadAPI))},
		"repository_read_only":    {push(func(c *source.Case) { c.Project.ReadOnly = true })},
		"push_code":               {push(role(source.Reporter), feature), push(role(source.Reporter), feature, main)},
		"default_branch_delete":   {push(changes(one, zero, "refs/heads/master")), push(changes(one, zero, "refs/heads/x"), connected(map[source.Question]source.Answer{{About: source.Default, Branch: "x"}: source.Yes}))},
		"branch_like_sha":         {push(changes(zero, one, "refs/heads/"+one)), push(changes(zero, one, "refs/heads/"+one), func(c *source.Case) { c.Project.DefaultBranch = "renamed" })},
		"branch_name":             {push(changes(zero, one, "refs/heads/a..b"))},
		"force_push":              {push(role(source.Owner), main, feature, answer(source.No)), push(role(source.Owner), main, feature, answer(source.Unknown))},
		"empty_repository":        {push(newFeature, empty(&full)), push(newFeature, empty(&full), main), push(newFeature, empty(&full), main, robot(true, true)), push(newFeature, empty(&full), robot(true, true))},
		"protected_branch_create": {push(newFeature, main), push(newFeature, main, robot(true, true)), push(newFeature, main, robot(true, true), role(source.Reporter))},
		"protected_branch_delete": {push(noFeature, main), push(noFeature, main, withProtocol(source.Web)), push(noFeature, main, robot(true, true)), push(noFeature, main, robot(true, true), withProtocol(source.Web))},
		"protected_branch_update": {push(feature, main), push(role(source.Owner), feature, protect(branch("feature", by(source.NoRole)), branch("f*"))), push(role(source.Owner), feature, protect(branch("*", by(source.AdminsOnly)))), push(admin, feature, protect(branch("*", by(source.NoRole)))), push(feature, protect(branch("*", source.Access{User: 8}, source.Access{Group: 5})))},
		"tag_change":              {},
		"tag_name":                {push(changes(zero, one, "refs/tags/a..b")), push(changes(zero, one, "refs/tags/refs/heads/x")), push(changes(zero, one, "refs/tags/master"))},
		"protected_tag_update":    {push(role(source.Owner), main, changes(one, two, "refs/tags/v1")), push(protect(tag("*", by(source.Developer))), changes(one, two, "refs/tags/v1"))},
		"protected_tag_delete":    {push(main, changes(one, zero, "refs/tags/v1")), push(main, changes(one, zero, "refs/tags/v1"), withProtocol(source.Web), robot(true, true))},
		"protected_tag_create":    {push(main, changes(zero, one, "refs/tags/v1")), push(changes(zero, one, "refs/tags/v1"), protect(tag("v1", by(source.NoRole))))},
		"hidden_ref":              {push(changes(zero, one, "refs/keep-around/x"))},
	}
}

// askAbsent asks for a path at which no project is.
func askAbsent(path source.Path) with {
	return func(c *source.Case) {
		absent(c)
		c.Target = source.Target{Path: path}
	}
}

// A case is refused by every rule, but for tag_change, before which push_code always
// refuses. Each hint changes the facts so that the rule passes.
func TestCase_Remedies_everyRule(t *testing.T) {
	t.Parallel()
	all := refusedCases()
	for _, name := range source.RuleNames() {
		cases, known := all[name]
		if !known || len(cases) == 0 && name != "tag_change" {
			t.Errorf("%s: no case is refused by the rule", name)
		}
		for i, c := range cases {
			if got := c.FirstRefusal().Rule; got != name {
				t.Errorf("%s: case %d is refused by %q", name, i, got)
				continue
			}
			checkHints(t, fmt.Sprintf("%s, case %d", name, i), c, 3)
			checkRemedies(t, fmt.Sprintf("%s, case %d", name, i), c)
		}
	}
}

// checkHints applies each hint of the rule that refuses. If the rule then refuses for
// another reason, its other hints are applied, up to the depth.
func checkHints(t rapid.TB, what string, c *source.Case, depth int) {
	t.Helper()
	refusal := c.FirstRefusal()
	if len(refusal.Texts) == 0 {
		t.Errorf("%s: no hint for %s", what, refusal.Rule)
	}
	for i, change := range refusal.Changes {
		before := fmt.Sprintf("%+v", c)
		changed := *c
		change(&changed)
		if after := fmt.Sprintf("%+v", c); after != before {
			t.Errorf("%s: %q changes the case itself:\n%s", what, refusal.Texts[i], cmp.Diff(before, after))
		}
		switch next := changed.FirstRefusal(); {
		case next.Rule != refusal.Rule:
		case depth == 0 || slices.Contains(next.Texts, refusal.Texts[i]):
			t.Errorf("%s: after %q the rule %s still refuses", what, refusal.Texts[i], refusal.Rule)
		default:
			checkHints(t, what, &changed, depth-1)
		}
		if text := refusal.Texts[i]; text == "" || strings.Contains(text, "%!") || strings.HasSuffix(text, " ") || strings.Contains(text, "  ") {
			t.Errorf("%s: %s has the hint %q", what, refusal.Rule, text)
		}
	}
}

// checkRemedies wants the first hints, taken together, to have the command allowed, and
// each other hint to do in place of the first one of its remedy.
func checkRemedies(t rapid.TB, what string, c *source.Case) {
	t.Helper()
	remedies, enough := c.Remedies()
	changed := *c
	var applied []func(*source.Case)
	var others [][]func(*source.Case)
	for _, r := range remedies {
		refusal := settled(&changed)
		if refusal.Rule != r.Rule || len(r.AnyOf) == 0 {
			t.Fatalf("%s: got the remedy %+v of a case that %s refuses", what, r, refusal.Rule)
		}
		var rest []func(*source.Case)
		for _, h := range r.AnyOf[1:] {
			rest = append(rest, refusal.Changes[slices.Index(refusal.Texts, h.Text)])
		}
		applied, others = append(applied, refusal.Changes[0]), append(others, rest)
		refusal.Changes[0](&changed)
	}
	if refusal := settled(&changed); refusal.Rule != "" || enough && c.Settings.Connected && len(changed.Decide().Open) > 0 {
		t.Errorf("%s: after %+v: got %+v, open %v", what, remedies, refusal, changed.Decide().Open)
	}
	if !enough && !c.Settings.Connected {
		t.Errorf("%s: %+v is not enough", what, remedies)
	}
	for i, rest := range others {
		for j, other := range rest {
			changed := *c
			for k, change := range applied {
				if k == i {
					change = other
				}
				change(&changed)
			}
			if refusal := settled(&changed); refusal.Rule != "" {
				t.Errorf("%s: of %+v, %q does not do: %s refuses", what, remedies, remedies[i].AnyOf[j+1].Text, refusal.Rule)
			}
		}
	}
}

// settled returns the first refusal after open questions are answered as without a
// Gitaly.
func settled(c *source.Case) source.Refusal {
	for {
		refusal, open := c.FirstRefusal(), c.Decide().Open
		if refusal.Rule != "" || len(open) == 0 || c.Settings.Connected {
			return refusal
		}
		answers := map[source.Question]source.Answer{}
		maps.Copy(answers, c.Answers)
		for _, q := range open {
			answers[q] = source.Unknown
		}
		c.Answers = answers
	}
}

func TestCase_Remedies_ofAnyCase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := randomCase(t)
		c.Settings.PushToCreate = false
		c.Settings.Protocols = rapid.SampledFrom(source.ProtocolSettings).Draw(t, "the instance's protocols")
		c.Project.Root.Protocols = rapid.SampledFrom(source.ProtocolSettings).Draw(t, "the group's protocols")
		c.Settings.HTTPUploadPackOff, c.Settings.HTTPReceivePackOff = rapid.Bool().Draw(t, "no fetches over HTTP"), rapid.Bool().Draw(t, "no pushes over HTTP")
		if len(c.Changes) > 1 {
			c.Changes = c.Changes[:1]
		}
		if c.FirstRefusal().Rule != "" {
			checkHints(t, "a random case", c, 3)
		}
		checkRemedies(t, "a random case", c)
	})
}

func TestCase_Remedies_texts(t *testing.T) {
	t.Parallel()
	feature := changes(one, two, "refs/heads/feature")
	for name, test := range map[string]struct {
		c    *source.Case
		want []string
	}{
		"allowed":     {pull(), nil},
		"a stranger":  {pull(role(source.NoRole)), []string{"project: the role reporter or more in acme/tools/cli"}},
		"expired key": {pull(func(c *source.Case) { c.Actor.Key = identity.Key{ID: 102, Kind: identity.UserKey, ExpiresAt: now} }), []string{"key: key 102 renewed, which expired on 2026-05-01, or another key"}},
		"address":     {pull(allowList, from("198.51.100.1")), []string{"ip_allow_list: an address in 192.0.2.0/24 or 2001:db8::/32 | 198.51.100.1 in the IP allow-list of the group acme | no IP allow-list of the group acme"}},
		"a protocol whose command is off": {push(withProtocol(source.SSH), func(c *source.Case) { c.Settings.Protocols, c.Settings.HTTPReceivePackOff = source.OnlyHTTP, true }), []string{
			"protocol: access over http", "http_command: pushes over HTTP switched on in the configuration",
		}},
		"no project":                     {pull(absent), []string{"project: a public project at acme/tools/cli, where there is none, or any other there and the role reporter or more in acme/tools/cli"}},
		"no project, an admin":           {pull(absent, admin), []string{"project: a project at acme/tools/cli, where there is none"}},
		"no project, a push":             {push(absent), []string{"project: a project at acme/tools/cli, where there is none", "push: the role developer or more in acme/tools/cli"}},
		"no project of the wiki":         {push(askAbsent("acme/none.Wiki")), []string{"project: a project at acme/none, where there is none", "push: the role developer or more in acme/none"}},
		"no project can be there":        {pull(askAbsent("acme")), []string{"project: another path: no project can be at acme"}},
		"no project can be pushed to":    {push(askAbsent("acme")), []string{"project: another path: no project can be at acme", "push: the role developer or more in the other project"}},
		"no project can have the suffix": {pull(askAbsent("acme/none.wiki.wiki")), []string{"project: another path: no project can be at acme/none.wiki"}},
		"no number":                      {pull(func(c *source.Case) { absent(c); c.Target = source.Target{Repository: source.RepositoryID{ID: 99}} }), []string{"project: another repository: there is no project-99"}},
		"empty wiki":                     {pull(wiki, connected(map[source.Question]source.Answer{{About: source.Existence}: source.No})), []string{"repository: a first push to the wiki, which is empty"}},
		"second factor":                  {pull(otpDemanded, twoFactor, func(c *source.Case) { c.Settings.SSHCommand = "ssh -p 2222 git@git.example.com" }), []string{`otp_session: a second factor that the user has given to "ssh -p 2222 git@git.example.com 2fa_verify"`}},
		"archived, and a role that is too low": {push(role(source.Reporter), archived, feature, protect(branch("fea*", by(source.Maintainer)))), []string{
			"archived: acme/tools/cli unarchived",
			"push_code refs/heads/feature: the role developer or more in acme/tools/cli",
			"protected_branch_update refs/heads/feature: the role maintainer or more in acme/tools/cli | push access for the role developer on fea* | no protection by fea*",
			"force_push refs/heads/feature: a connected Gitaly that knows the push as a fast-forward | force pushes allowed on fea* | no protection by fea*",
		}},
		"deploy key": {push(robot(true, true), feature, protect(branch("feature", by(source.Maintainer))), answer(source.Yes)), []string{
			"protected_branch_update refs/heads/feature: push access for deploy key 201 on feature, and a creator of the key who may read the project | no protection by feature",
		}},
	} {
		remedies, enough := test.c.Remedies()
		var got []string
		for _, r := range remedies {
			var texts []string
			for _, h := range r.AnyOf {
				texts = append(texts, h.Text)
				if !slices.Contains(source.HintKinds, h.Kind) {
					t.Errorf("%s: unknown kind %q", name, h.Kind)
				}
			}
			got = append(got, strings.TrimSpace(r.Rule+" "+r.Ref)+": "+strings.Join(texts, " | "))
		}
		if diff := cmp.Diff(test.want, got); diff != "" || !enough {
			t.Errorf("%s: enough: %t; (-want +got)\n%s", name, enough, diff)
		}
	}
	// What Gitaly has not been asked about is left open; and a long list ends.
	if _, enough := push(role(source.Reporter), changes(one, zero, "refs/heads/x"), connected(nil)).Remedies(); enough {
		t.Error("a question is open, and the remedies are enough")
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("refs/heads/a..%d", i))
	}
	if remedies, enough := push(changes(zero, one, many...)).Remedies(); enough || len(remedies) != 20 {
		t.Errorf("a hundred names: got %d remedies, enough: %t", len(remedies), enough)
	}
}

func TestCase_Explain_protections(t *testing.T) {
	t.Parallel()
	release := protect(branch("release/*", by(source.Maintainer)), forceable(branch("release/*-dev", by(source.Developer), source.Access{User: 8})), tag("*", source.Access{Group: 5}, source.Access{DeployKey: 201}))
	row := func(c *source.Case, rule string) (outcome source.Outcome, text string) {
		for _, f := range c.Explain() {
			if f.Rule != rule {
				continue
			}
			for _, p := range f.Protections {
				text += fmt.Sprintf("%s %t; ", p, p.Grants)
			}
			return f.Outcome, text + f.Message
		}
		return "", ""
	}
	dev := changes(one, two, "refs/heads/release/1-dev")
	for name, test := range map[string]struct {
		c       *source.Case
		rule    string
		outcome source.Outcome
		want    string
	}{
		"update":     {push(release, dev), "protected_branch_update", source.Passed, "release/* (maintainer) false; release/*-dev (developer, user 8, force) true; "},
		"force push": {push(release, dev), "force_push", source.Passed, "release/* (maintainer) false; release/*-dev (developer, user 8, force) true; "},
		"fast-forward": {push(role(source.Maintainer), release, changes(one, two, "refs/heads/release/1"), answer(source.Yes)), "force_push", source.Passed,
			"release/* (maintainer) false; The push is a fast-forward."},
		"deletion":             {push(release, changes(one, zero, "refs/heads/release/1")), "protected_branch_delete", source.Refused, `release/* (maintainer) false; The protected branch "release/1" can be deleted on the web only.`},
		"no protection":        {push(release, changes(one, two, "refs/heads/x")), "protected_branch_update", source.Skipped, "No protection matches this ref."},
		"not a creation":       {push(release, dev), "protected_branch_create", source.Skipped, ""},
		"tag":                  {push(release, changes(zero, one, "refs/tags/v1")), "protected_tag_create", source.Refused, `* (group 5, deploy key 201) false; You are not allowed to create the protected tag "v1".`},
		"tag by a deploy key":  {push(robot(true, true), release, changes(zero, one, "refs/tags/v1")), "protected_tag_create", source.Passed, "* (group 5, deploy key 201) false; A deploy key with write access creates protected tags."},
		"no one, and an admin": {push(protect(branch("x"), branch("x", by(source.NoRole), by(source.AdminsOnly))), changes(one, two, "refs/heads/x")), "protected_branch_update", source.Refused, `x (no one) false; x (no one, admin) false; You are not allowed to push to the protected branch "x". Push to another branch and open a merge request.`},
	} {
		if outcome, got := row(test.c, test.rule); outcome != test.outcome || got != test.want {
			t.Errorf("%s: got %s, %q, want %s, %q", name, outcome, got, test.outcome, test.want)
		}
	}
	first := push(changes(zero, one, "refs/heads/feature"), empty(nil), protect(branch("feature", by(source.Developer))))
	if outcome, got := row(first, "empty_repository"); outcome != source.Passed || got != "feature (developer) true; " {
		t.Errorf("first push: got %s, %q", outcome, got)
	}
	if outcome, got := row(first, "protected_branch_create"); outcome != source.Skipped || got != "The repository has no branch yet: empty_repository decides." {
		t.Errorf("first push, the rule behind: got %s, %q", outcome, got)
	}
}
