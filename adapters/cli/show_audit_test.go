package cli_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/gormstore"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
)

// audited returns the flag for a new database with some audit events.
func audited(t *testing.T, events ...audit.Event) string {
	t.Helper()
	file := stores.SQLiteFile(t)
	s, err := gormstore.Open(t.Context(), file, 1, true, stores.Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AuditLog.Append(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return "--database=" + file
}

var auditedAt = time.Date(2026, 3, 10, 12, 34, 56, 0, time.UTC)

// auditedEvents are one of each sort.
func auditedEvents() []audit.Event {
	project := audit.Object{Kind: audit.Project, ID: 42, Path: "acme/tools/cli"}
	return []audit.Event{
		{
			At: auditedAt, Actor: audit.Actor{Kind: audit.Person, User: 7, Username: "dev", Address: "192.0.2.7"}, Action: "git-upload-pack", Verb: audit.Clone,
			Outcome: audit.Done, Git: &audit.GitCommand{Protocol: source.SSH, Repository: "project-42"},
		},
		{
			At: auditedAt.Add(time.Hour), Actor: audit.Actor{Kind: audit.DeployKey, Key: 12, KeyType: identity.DeployKey, Address: "2001:db8::1"}, Action: "git-receive-pack",
			Verb: audit.Push, Outcome: audit.Refused, Entity: project, Git: &audit.GitCommand{Protocol: source.SSH, Repository: "project-42"},
			Decision: &audit.Decision{Rule: "protected branches", Ref: "refs/heads/main", Message: "no"},
		},
		{
			At: auditedAt.Add(2 * time.Hour), Actor: audit.Actor{Kind: audit.Person, User: 1, Username: "root", Sudo: 7, SudoName: "dev"}, Action: "protection.create",
			Verb: audit.Create, Outcome: audit.Done, Entity: project, Target: audit.Object{Kind: "protection", Path: "main"}, After: audit.Values{"push": []string{"maintainer"}},
		},
		{
			At: auditedAt.Add(3 * time.Hour), Actor: audit.Actor{Kind: audit.Operator, Username: "git"}, Action: "project.create", Verb: audit.Create,
			Outcome: audit.Done, Entity: project, Target: project,
		},
		{
			At: auditedAt.Add(4 * time.Hour), Actor: audit.Actor{Kind: audit.System}, Action: "job.update", Verb: audit.Update,
			Outcome: audit.Done, Entity: audit.Object{Kind: audit.Instance}, Target: audit.Object{Kind: "job", ID: 2, Path: "deliver_webhook 2"},
		},
		{
			At: auditedAt.Add(5 * time.Hour), Actor: audit.Actor{Kind: audit.Person, User: 7, Username: "dev"}, Action: "git-upload-pack", Verb: audit.Pull,
			Outcome: audit.Done, Entity: project, Git: &audit.GitCommand{Protocol: source.SSH, Repository: "wiki-42"},
		},
	}
}

func TestRun_showAudit(t *testing.T) {
	t.Parallel()
	database := audited(t, auditedEvents()...)
	want := strings.Join([]string{
		"ID  AT                    WHO            ACTION             ON                              OUTCOME  RULE                IP ADDRESS",
		"1   2026-03-10T12:34:56Z  dev            git-upload-pack    project-42                      done     -                   192.0.2.7",
		"2   2026-03-10T13:34:56Z  deploy key 12  git-receive-pack   acme/tools/cli refs/heads/main  refused  protected branches  2001:db8::1",
		"3   2026-03-10T14:34:56Z  root as dev    protection.create  acme/tools/cli: main            done     -                   -",
		"4   2026-03-10T15:34:56Z  operator git   project.create     acme/tools/cli                  done     -                   -",
		"5   2026-03-10T16:34:56Z  system         job.update         instance: deliver_webhook 2     done     -                   -",
		"6   2026-03-10T17:34:56Z  dev            git-upload-pack    acme/tools/cli (wiki-42)        done     -                   -",
		"",
	}, "\n")
	if got := gatehouse(t, "", "show", "audit", database); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for name, c := range map[string]struct {
		flags []string
		want  string
	}{
		"since":       {[]string{"--since", "2026-03-10T13:34:56Z"}, "2 3 4 5 6"},
		"an hour ago": {[]string{"--since=1h"}, ""},
		"days ago":    {[]string{"--since", "36500d"}, "1 2 3 4 5 6"},
		"until a day": {[]string{"--until=2026-03-10"}, ""},
		"user":        {[]string{"--user", "dev"}, "1 3 6"},
		"number":      {[]string{"--user", "7", "--limit", "1"}, "6"},
		"project":     {[]string{"--project", "acme/tools/cli"}, "2 3 4 6"},
		"repository":  {[]string{"--project", "project-42"}, "1 2 3 4 6"},
		"refused":     {[]string{"--refused", "--since", "2026-03-10"}, "2"},
	} {
		var events []struct {
			ID json.Number `json:"id"`
		}
		if err := json.Unmarshal([]byte(gatehouse(t, "", append([]string{"show", "audit", "--json", database}, c.flags...)...)), &events); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range events {
			got = append(got, e.ID.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %s", name, got, c.want)
		}
	}
}

// Events are printed one by one, in the form of other lists.
func TestRun_showAudit_json(t *testing.T) {
	t.Parallel()
	database := audited(t, auditedEvents()...)
	for _, flags := range [][]string{nil, {"--limit=1"}, {"--user=nobody"}} {
		got := gatehouse(t, "", append([]string{"show", "audit", "--json", database}, flags...)...)
		var want bytes.Buffer
		if err := json.Indent(&want, []byte(got), "", "  "); err != nil || got != want.String() || !strings.HasSuffix(got, "]\n") {
			t.Errorf("%v: %v, got %s", flags, err, got)
		}
	}
}

func TestRun_showAudit_usage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"users", "--since=1h"}, "--since is for show audit only, not for show users"},
		{[]string{"pushes", "--refused"}, "--refused is for show audit only"},
		{[]string{"audit", "--since=yesterday"}, `--since "yesterday": want how long ago`},
		{[]string{"audit", "--since=-1h"}, `--since "-1h"`},
		{[]string{"audit", "--until=2026-13-01"}, `--until "2026-13-01"`},
		{[]string{"audit", "--user="}, "--user has no value"},
		{[]string{"audit", "--limit=0"}, "--limit 0"},
		{[]string{"audit", "--limit=-1"}, "--limit -1"},
	} {
		got := run(t.Context(), "", append([]string{"show"}, c.args...)...)
		if got.code != 2 || !strings.Contains(got.err, c.want) || got.out != "" {
			t.Errorf("%v: got %d, %q, %q, want 2 and %s", c.args, got.code, got.out, got.err, c.want)
		}
	}
}
