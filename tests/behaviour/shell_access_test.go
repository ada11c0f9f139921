package behaviour_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// The kinds of a decision, with the status that GitLab Shell gets.
const (
	ok        = domain.Kind("")
	forbidden = domain.Forbidden // 401
	hidden    = domain.NotFound  // 404
)

// repositories is a fake Gitaly: a commit is an ancestor of every commit with a
// greater name, and creating a repository succeeds. Other methods panic.
type repositories struct{ bootstrap.Repositories }

func (repositories) Answers(_ context.Context, _ gitaccess.Location, questions []source.Question) (map[source.Question]source.Answer, error) {
	answers := map[source.Question]source.Answer{}
	for _, q := range questions {
		answers[q] = source.No
		if q.About != source.Ancestor {
			answers[q] = source.Unknown
		} else if q.Old < q.New {
			answers[q] = source.Yes
		}
	}
	return answers, nil
}

func (repositories) Create(context.Context, source.Project, source.RepositoryKind) error { return nil }

// command is a Git command with its protocol and changes.
type command struct {
	action   source.Command
	protocol source.Protocol
	changes  string
}

// outcome returns the kind of the refusal of a command, or ok.
func (s Subject) outcome(g *gitaccess.Gatekeeper, who, where string, c command) domain.Kind {
	s.Helper()
	changes, err := source.ParseChanges(c.changes)
	if err != nil {
		s.Fatalf("changes %q: %v", c.changes, err)
	}
	q := subject.Inquiry(who, where)
	req := gitaccess.Request{Project: where, Request: source.Request{
		Claim: q.Claim, Target: q.Target, Command: c.action, Protocol: c.protocol, Changes: changes,
	}}
	_, err = g.Allow(s.Context(), req)
	refusal, refused := errors.AsType[*domain.Refusal](err)
	switch {
	case refused:
		return refusal.Kind
	case err != nil:
		s.Fatalf("Allow: %v", err)
	}
	return ok
}

// pull and push are the commands that GitLab Shell sends before the refs are
// known.
var (
	pull = command{source.UploadPack, source.SSH, source.Any}
	push = command{source.ReceivePack, source.SSH, source.Any}
)

// accesses is a case with a table: the first row names projects, each other row an
// actor, then for each project whether the actor may pull and push.
func accesses(name, table string) Case {
	return Case{Name: name, OnDatabases: true, Check: func(s Subject) {
		s.Apply(world.Small)
		g := s.server().Gatekeeper
		rows := strings.Split(strings.TrimSpace(table), "\n")
		projects := strings.Fields(rows[0])
		for _, row := range rows[1:] {
			cells := strings.Fields(row)
			if len(cells) != 1+len(projects) {
				s.Fatalf("row %q", row)
			}
			for i, project := range projects {
				where := "acme/tools/" + project
				got := letters[s.outcome(g, cells[0], where, pull)] + letters[s.outcome(g, cells[0], where, push)]
				s.Same(cells[0]+" in "+where, got, cells[i+1])
			}
		}
	}}
}

// letters are the outcomes in tables.
var letters = map[domain.Kind]string{ok: "+", forbidden: "-", hidden: "?"}

var accessCases = []Case{
	accesses("users and keys by project visibility: pull and push allowed (+), refused (-), hidden (?)", `
		                      cli lib site
		user-1                ++  ++  ++
		username-own          ++  ++  ++
		username-maint        ++  ++  ++
		username-dev          ++  ++  ++
		key-102               ++  ++  ++
		username-extdev       ++  ++  ++
		username-robot        ++  ++  ++
		username-guest        ++  ++  ++
		username-sec          +-  +-  +-
		username-rep          +-  +-  +-
		key-106               +-  +-  +-
		username-plan         --  +-  +-
		username-gus          --  +-  +-
		username-mini         ??  +-  +-
		username-sam          ??  +-  +-
		username-asked        ??  +-  +-
		username-bidden       ??  +-  +-
		username-waiting      ??  +-  +-
		username-late         ??  +-  +-
		username-ext          ??  ??  +-
		nobody                ??  ??  +-
		username-nobody-known ??  ??  +-
		user-999              ??  ??  +-
		key-999               ??  ??  +-
		key-103               ??  ??  +-`),
	accesses("blocked and restricted users: refused in every project", `
		                     cli lib site
		username-blocked     --  --  --
		key-105              --  --  --
		username-banned      --  --  --
		username-dormant     --  --  --
		username-pending     --  --  --
		username-ldap        --  --  --
		username-unconfirmed --  --  --
		username-stale       --  --  --
		username-inner       --  --  --
		key-104              --  --  --`),
	accesses("disabled features, archived, read-only and deleted projects", `
		                shut inside done moving gone
		user-1          --   ++     +-   +-     ??
		username-own    --   ++     +-   +-     ??
		username-dev    --   ++     +-   +-     ??
		username-rep    --   +-     +-   +-     ??
		username-gus    --   --     +-   +-     ??
		username-sam    --   --     +-   +-     ??
		nobody          --   --     +-   +-     ??
		key-201         --   +-     +-   +-     ??
		key-202         --   ++     +-   +-     ??`),
	accesses("deploy keys", `
		        cli lib site done push30
		key-201 +-  +-  +-   +-   ??
		key-202 ++  ++  ++   +-   ??
		key-203 ??  ??  +-   +-   ??
		key-204 ++  ++  ++   +-   ??
		key-205 ++  ++  ++   +-   ??
		key-207 ++  ++  ++   +-   ??
		key-206 --  --  --   --   --`),
	accesses("wikis: access as to their project", `
		               cli.wiki lib.wiki site.wiki shut.wiki inside.wiki done.wiki
		user-1         ++       ++       ++        --        ++          +-
		username-dev   ++       ++       ++        --        ++          +-
		username-rep   +-       +-       +-        --        +-          +-
		username-gus   --       +-       +-        --        --          +-
		username-sam   ??       +-       +-        --        --          +-
		nobody         ??       ??       +-        --        --          +-
		key-201        +-       +-       +-        --        +-          +-
		key-202        ++       ++       ++        --        ++          +-`),
	accesses("designs: refused, or hidden with their project", `
		             cli.design site.design
		user-1       --         --
		username-dev --         --
		username-sam ??         --
		nobody       ??         --`),
	{Name: "personal, moved and deleted projects, other targets", OnDatabases: true, Check: func(s Subject) {
		s.Apply(world.Small)
		g := s.server().Gatekeeper
		for _, row := range []struct{ who, where, want string }{
			{"username-dev", "dev/own", "++"}, {"username-maint", "dev/own", "??"}, {"user-1", "dev/own", "++"},
			{"username-own", "doomed/all", "??"}, {"user-1", "doomed/all", "??"}, {"nobody", "project-68", "??"},
			{"username-dev", "old/cli", "++"}, {"username-sam", "old/cli", "??"}, {"key-202", "OLD/cli", "++"},
			{"username-dev", "project-60", "++"}, {"username-dev", "wiki-60", "++"}, {"user-1", "snippet-60", "??"}, {"user-1", "project-999", "??"},
			{"user-1", "acme/tools", "??"}, {"user-1", "", "??"}, {"username-dev", "ACME/TOOLS/CLI", "++"},
		} {
			got := letters[s.outcome(g, row.who, row.where, pull)] + letters[s.outcome(g, row.who, row.where, push)]
			s.Same(row.who+" in "+row.where, got, row.want)
		}
	}},
	{Name: "push: ref changes by role and protocol", Check: checkMatrix},
	{Name: "push: variants of a branch protection", OnDatabases: true, Check: checkVariants},
	{Name: "top-level group settings: protocol, IP addresses, SSH certificates", Check: checkRoots},
	{Name: "first push and next push by default branch protection", Check: checkFirstPush},
	{Name: "old path: one notice after the push", OnDatabases: true, Check: func(s Subject) {
		s.Apply(world.Small)
		g := s.server().Gatekeeper
		s.Same("outcome", s.outcome(g, "key-102", "old/cli.wiki", command{source.UploadPack, source.HTTP, ""}), ok)
		n, err := s.Notices.Take(s.Context(), 4, source.RepositoryID{Kind: source.Wiki, ID: 60}, now)
		s.Fine("Take", err)
		s.Same("notice", []any{n.OldPath, n.Protocol}, []any{source.Path("old/cli.wiki"), source.HTTP})
		s.Fine("Flush", s.Store.Flush(s.Context()))
		s.Same("last use", s.Actor("key-102").Key.LastUsedAt, now)
		for _, who := range []string{"key-202", "nobody"} {
			s.outcome(g, who, "old/cli", pull)
		}
		for _, id := range []int64{1, 3, 4} {
			_, err := s.Notices.Take(s.Context(), s.Actor(fmt.Sprintf("user-%d", id)).User.ID, source.RepositoryID{Kind: source.Code, ID: 60}, now)
			s.Kind("no notice", err, domain.NotFound)
		}
	}},
}

// commits expands names to object IDs: a is an ancestor of b, b of c. none is the
// zero ID.
var commits = strings.NewReplacer(
	"none", strings.Repeat("0", 40), "a ", strings.Repeat("a", 40)+" ", "b ", strings.Repeat("b", 40)+" ", "c ", strings.Repeat("c", 40)+" ",
)

// changes turns "b c refs/heads/main; …" into the changes of a request.
func changes(text string) string {
	return strings.ReplaceAll(commits.Replace(text), "; ", "\n")
}

func checkMatrix(s Subject) {
	s.Apply(world.Small)
	g := s.server().Gatekeeper
	ssh, http, web := source.SSH, source.HTTP, source.Web
	actors := []string{"user-1", "username-own", "username-maint", "username-dev", "username-rep", "username-gus"}
	for _, row := range []struct {
		name      string
		changes   string
		protocols []source.Protocol
		want      string // for each of actors
	}{
		{"before refs are known", "_any", []source.Protocol{ssh, http}, "++++--"},
		{"create unprotected branch", "none b refs/heads/topic", []source.Protocol{ssh, http, web}, "++++--"},
		{"fast-forward unprotected branch", "a b refs/heads/master", []source.Protocol{ssh, web}, "++++--"},
		{"force-push unprotected branch", "b a refs/heads/master", []source.Protocol{ssh, web}, "++++--"},
		{"delete unprotected branch", "b none refs/heads/master", []source.Protocol{ssh, http}, "++++--"},
		{"delete default branch", "b none refs/heads/main", []source.Protocol{ssh, http, web}, "------"},
		{"fast-forward feature", "a b refs/heads/feature", []source.Protocol{ssh, http, web}, "+++---"},
		{"create feature", "none b refs/heads/feature", []source.Protocol{ssh, http}, "+++---"},
		{"force-push feature", "b a refs/heads/feature", []source.Protocol{ssh, web}, "------"},
		{"delete feature", "b none refs/heads/feature", []source.Protocol{ssh, http}, "------"},
		{"delete feature on the web", "b none refs/heads/feature", []source.Protocol{web}, "+++---"},
		{"create tag", "none b refs/tags/x1", []source.Protocol{ssh, web}, "++++--"},
		{"update tag", "a b refs/tags/x1", []source.Protocol{ssh, web}, "++++--"},
		{"delete tag", "a none refs/tags/x1", []source.Protocol{ssh, web}, "++++--"},
		{"create protected tag", "none b refs/tags/v1", []source.Protocol{ssh, web}, "+++---"},
		{"update protected tag", "a b refs/tags/v1", []source.Protocol{ssh, web}, "------"},
		{"delete protected tag", "a none refs/tags/v1", []source.Protocol{ssh}, "------"},
		{"delete protected tag on the web", "a none refs/tags/v1", []source.Protocol{web}, "+++---"},
		{"unprotected and feature in one push", "a b refs/heads/master; a b refs/heads/feature", []source.Protocol{ssh}, "+++---"},
		{"feature in another letter case", "a b refs/heads/Feature", []source.Protocol{ssh}, "++++--"},
		{"other ref", "none b refs/notes/commits", []source.Protocol{ssh}, "++++--"},
	} {
		for _, protocol := range row.protocols {
			got := ""
			for _, who := range actors {
				got += letters[s.outcome(g, who, "acme/tools/cli", command{source.ReceivePack, protocol, changes(row.changes)})]
			}
			s.Same(row.name+" over "+string(protocol), got, row.want)
		}
	}
}

func checkVariants(s Subject) {
	s.Apply(world.Small)
	g := s.server().Gatekeeper
	const forward, force, topic, tag = "a b refs/heads/feature", "b a refs/heads/feature", "none b refs/heads/topic", "none b refs/tags/v1"
	for _, row := range []struct{ project, changes, want string }{
		// root own maint dev rep gus guest, key-201 -202 -204 -205 -207
		{"cli", forward /*         */, "+++---- -----"},
		{"cli", topic /*           */, "++++--+ -++++"},
		{"cli", tag /*             */, "+++---- -++++"},
		{"push30", forward /*      */, "++++--+ ?????"},
		{"push30", force /*        */, "------- ?????"},
		{"push0", forward /*       */, "------- ?????"},
		{"merge30", forward /*     */, "+++---- ?????"},
		{"force", forward /*       */, "+++---- ?????"},
		{"force", force /*         */, "+++---- ?????"},
		{"admins", forward /*      */, "+------ ?????"},
		{"robots", forward /*      */, "------- ?+---"},
		{"robots", topic /*        */, "++++--+ ?++++"},
		{"people", forward /*      */, "---+--+ ?????"},
		{"people", topic /*        */, "++++--+ ?????"},
	} {
		got := ""
		for _, who := range []string{"user-1", "username-own", "username-maint", "username-dev", "username-rep", "username-gus", "username-guest", " ", "key-201", "key-202", "key-204", "key-205", "key-207"} {
			if who == " " {
				got += " "
				continue
			}
			got += letters[s.outcome(g, who, "acme/tools/"+row.project, command{source.ReceivePack, source.SSH, changes(row.changes)})]
		}
		s.Same(row.project+": "+row.changes, got, row.want)
	}
}
