package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gatehouse/adapters/cli"
	"gatehouse/tests/stores"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// result is the exit code and the output of a command line.
type result struct {
	code     int
	out, err string
}

// run runs a command line with text on its standard input.
func run(ctx context.Context, in string, args ...string) result {
	var out, err bytes.Buffer
	code := cli.Run(ctx, cli.Streams{In: strings.NewReader(in), Out: &out, Err: &err}, args)
	return result{code, out.String(), err.String()}
}

// gatehouse runs a command line that has to succeed and returns its output.
func gatehouse(t *testing.T, in string, args ...string) string {
	t.Helper()
	got := run(t.Context(), in, args...)
	if got.code != 0 {
		t.Fatalf("gatehouse %s: exit code %d\n%s%s", strings.Join(args, " "), got.code, got.out, got.err)
	}
	return got.out
}

// world is the world file that most cases use.
const world = `
users:
  - {id: 1, username: root, name: Administrator, email: root@example.com, admin: true}
  - {id: 7, username: rubi, name: Dede Eichmann, email: rubi@example.com, public_email: rubi@example.com}
groups: [{id: 30, path: gnuwget, visibility: public}]
projects:
  - {id: 3, path: gnuwget/wget2, visibility: public, default_branch: main, moved_from: [gnuwget/old]}
members: [{user: rubi, group: gnuwget, role: developer}]
keys:
  - {id: 7, user: rubi, title: laptop, created_at: 2026-01-02T03:04:05Z,
     key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOlRlpHcai+XV9Mw1YZNOoQ4QObD6ROfZZ8b3vlQrGa/"}
`

// filled returns the flag for a new database with the world.
func filled(t *testing.T) string {
	t.Helper()
	flag := "--database=" + stores.SQLiteFile(t)
	gatehouse(t, world, "apply", "-", flag)
	return flag
}

func TestRun_usage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want string
	}{
		"unknown command":           {[]string{"sreve"}, `unknown command "sreve"`},
		"unknown flag":              {[]string{"serve", "--wrold"}, "unknown flag: --wrold"},
		"missing argument":          {[]string{"apply"}, "gatehouse: gatehouse apply takes one argument, FILE, and got 0\nFor example: gatehouse apply world.yaml\nSee gatehouse apply --help.\n"},
		"setting without a value":   {[]string{"check", "--set", "version"}, "--set version: want KEY=VALUE"},
		"setting given twice":       {[]string{"check", "--set", "version=a", "--set", "version=b"}, "version is set twice"},
		"demo on another database":  {[]string{"demo", "--set", "database.url=postgres://db/prod"}, "takes none of yours"},
		"unknown thing":             {[]string{"show", "secrets"}, `there is no thing "secrets"; there are access-tokens,`},
		"explain without a target":  {[]string{"explain"}, "name what is asked for: a project by --project or --gl-repository, or a right of the management API by --may"},
		"explain with two actors":   {[]string{"explain", "--project", "a/b", "--key", "1", "--user", "a"}, "--key does not go with --user: each says who asks"},
		"explain with a user alone": {[]string{"explain", "--user", "bob"}, "name what is asked for"},
		"explain with two projects": {[]string{"explain", "--project", "a/b", "--gl-repository", "project-1"}, "--project does not go with --gl-repository"},
		"old without new":           {[]string{"explain", "--project", "a/b", "--ref", "refs/heads/a", "--old", strings.Repeat("1", 40)}, "--old and --new go together"},
		"change beside old":         {[]string{"explain", "--project", "a/b", "--ref", "refs/heads/a", "--change", "delete", "--old", "1", "--new", "2"}, "leave --change out"},
		"argument of none":          {[]string{"token", "create", "--user", "root", "--scope", "api", "x"}, "See gatehouse token create --help."},
		"user that is no number":    {[]string{"explain", "--project", "a/b", "--user-id", "laptop"}, "--user-id takes a number"},
		"invalid project path":      {[]string{"explain", "--project", "a//b"}, `--project "a//b" cannot be a path`},
		"invalid repository":        {[]string{"explain", "--gl-repository", "7"}, `--gl-repository "7"`},
		"ref without refs/":         {[]string{"explain", "--project", "a/b", "--ref", "main"}, "refs/heads/main"},
		"ref for a fetch":           {[]string{"explain", "--project", "a/b", "--ref", "refs/heads/a", "--action", "git-upload-pack"}, "--ref is for --action git-receive-pack"},
		"unknown change":            {[]string{"explain", "--project", "a/b", "--ref", "refs/heads/a", "--change", "rename"}, `--change "rename"`},
		"invalid SHA":               {[]string{"explain", "--project", "a/b", "--ref", "refs/heads/a", "--old", "1", "--new", "2"}, "hexadecimal digits"},
		"invalid IP address":        {[]string{"explain", "--project", "a/b", "--ip", "here"}, `--ip "here" is not an IP address`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t.Context(), "", test.args...)
			if got.code != 2 || !strings.Contains(got.err, test.want) || !strings.Contains(got.err, "--help") || got.out != "" {
				t.Errorf("got %d, %q, %q, want 2 and %s", got.code, got.out, got.err, test.want)
			}
		})
	}
}

func TestRun_helpHasExamples(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "demo", "migrate", "apply", "explain", "show", "check", "config", "version", "token", "admin", "agent", "hooks", "jobs", "export"} {
		if help := gatehouse(t, "", command, "--help"); !strings.Contains(help, "Examples:\n  gatehouse "+command) && command != "config" {
			t.Errorf("the help of %s has no example:\n%s", command, help)
		}
	}
}

func TestRun_configuration(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "gatehouse.yaml")
	if err := os.WriteFile(file, []byte("database: {url: 'postgres://u:hunter2@db/x'}\ngit: {rate_limit: 1}"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := gatehouse(t, "", "config", "--config", file, "--set", "git.rate_limit=0")
	for _, want := range []string{"KEY", "ORIGIN", "postgres://u:***@db/x", file, "flag"} {
		if !strings.Contains(out, want) {
			t.Errorf("config does not say %s:\n%s", want, out)
		}
	}
	var all []struct{ Key, Value, Origin string }
	if err := json.Unmarshal([]byte(gatehouse(t, "", "config", "--json", "-c", file)), &all); err != nil || len(all) < 40 {
		t.Errorf("config --json: got %d settings, %v", len(all), err)
	}
	want := "gatehouse: git.red_only (flag): unknown key; did you mean git.read_only?\ngatehouse: git.rate_limit (flag): must be a whole number\n"
	for _, command := range [][]string{{"serve"}, {"migrate"}, {"show", "users"}, {"apply", "-"}, {"config"}, {"demo"}} {
		got := run(t.Context(), "", append(command, "--set", "git.rate_limit=x", "--set", "git.red_only=true")...)
		if got.code != 1 || got.err != want {
			t.Errorf("%s: got %d, %q", command, got.code, got.err)
		}
	}
	got := run(t.Context(), "", "show", "users", "--database=memory:")
	if got.code != 1 || !strings.Contains(got.err, "serve --world") {
		t.Errorf("show from memory: got %d, %q", got.code, got.err)
	}
}

func TestRun_version(t *testing.T) {
	t.Parallel()
	if out := gatehouse(t, "", "version"); !strings.HasPrefix(out, "gatehouse 16.11.0-gatehouse (revision ") {
		t.Errorf("got %q", out)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(gatehouse(t, "", "version", "--json")), &got); err != nil || got["version"] != "16.11.0-gatehouse" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestRun_show(t *testing.T) {
	t.Parallel()
	database := filled(t)
	want := `ID  USERNAME  NAME           EMAIL             PUBLIC EMAIL      STATE   TYPE   ADMIN  EXTERNAL  NAMESPACE ID
1   root      Administrator  root@example.com  -                 active  human  true   false     31
7   rubi      Dede Eichmann  rubi@example.com  rubi@example.com  active  human  false  false     32
`
	width, _, _ := strings.Cut(want, "\n")
	users := ""
	for line := range strings.Lines(gatehouse(t, "", "show", "users", database)) { // without the columns of profiles
		users += strings.TrimRight(line[:len(width)], " ") + "\n"
	}
	if diff := cmp.Diff(want, users); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	var projects []map[string]any
	if err := json.Unmarshal([]byte(gatehouse(t, "", "show", "projects", "--json", database)), &projects); err != nil {
		t.Fatal(err)
	}
	if len(projects) != 1 || projects[0]["id"] != 3.0 || projects[0]["path"] != "gnuwget/wget2" || projects[0]["visibility"] != "public" {
		t.Errorf("projects: got %v", projects)
	}
	if got := gatehouse(t, "", "show", "counters", "--json", database); got != "[]\n" {
		t.Errorf("no counters: got %q", got)
	}
	if got := gatehouse(t, "", "show", "counters", database); got != "GL REPOSITORY  VALUE\n" {
		t.Errorf("no counters: got %q", got)
	}
}

func TestRun_apply(t *testing.T) {
	t.Parallel()
	database := "--database=" + filepath.Join(t.TempDir(), "gatehouse.db")
	file := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(file, []byte(world), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"7 changes, 0 unchanged", "0 changes, 6 unchanged"} { // it is idempotent
		if got := gatehouse(t, "", "apply", file, database); got != "applied 2 users, 1 group, 1 project, 1 member and 1 key: "+want+"\n" {
			t.Errorf("got %q", got)
		}
	}
	tests := map[string]struct{ in, want string }{
		"malformed file": {"users:\n  - {usrname: a}\n  - {username: b, id: x}", "gatehouse: standard input:\ngatehouse: line 2: "},
		"malformed file with an unknown group": {
			"users:\n  - {username: b, id: x}\nmembers:\n  - {user: b, group: none, role: owner}\nhooks:\n  - {group: gnuwget, url: x}",
			"gatehouse: standard input:\ngatehouse: line 2: id must be a whole number from 1 to 9007199254740992\n" +
				"gatehouse: line 4: there is no group \"none\"\ngatehouse: line 6: an entry of hooks: its url must be",
		},
		"no YAML":      {"users: [", "gatehouse: standard input:\ngatehouse: line 2: not YAML: "},
		"unknown user": {"members:\n  - {user: nobody, group: gnuwget, role: owner}", "gatehouse: standard input:\ngatehouse: line 2: there is no user \"nobody\"\n"},
	}
	for name, test := range tests {
		got := run(t.Context(), test.in, "apply", "-", database)
		if got.code != 1 || !strings.Contains(got.err, test.want) || got.out != "" {
			t.Errorf("%s: got %d, %q, %q", name, got.code, got.out, got.err)
		}
	}
	if got := run(t.Context(), "", "apply", "missing.yaml", database); got.code != 1 || !strings.Contains(got.err, "missing.yaml") {
		t.Errorf("a missing file: got %d, %q", got.code, got.err)
	}
}

func TestRun_applyDryRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database := "--database=" + filepath.Join(dir, "gatehouse.db")
	gatehouse(t, world, "apply", "-", database)
	before := gatehouse(t, "", "show", "users", "--json", database)
	const changed = `
users: [{id: 1, username: root, name: Administrator, email: root@example.com, admin: true}, {username: new}]
members: [{user: rubi, group: gnuwget, role: maintainer}]
access_tokens: [{user: root, name: portal, scopes: [api], token: glpat-secret}]
`
	key := filepath.Join(dir, "key")
	gatehouse(t, "users: [{username: new, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}]", "apply", "-", "--dry-run", database, "--set=instance.key_file="+key)
	if _, err := os.Stat(key); err == nil {
		t.Error("a key was made")
	}
	want := "+ user new\n~ member rubi of gnuwget: role developer -> maintainer\n+ access token portal of root\n3 to change, 1 unchanged; nothing was written\n"
	if got := gatehouse(t, changed, "apply", "-", "--dry-run", database); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want = `[
  {
    "change": "create",
    "kind": "user",
    "name": "new",
    "in": null,
    "details": null,
    "warning": null,
    "line": 1
  },
  {
    "change": "update",
    "kind": "member",
    "name": "rubi",
    "in": "gnuwget",
    "details": "role developer -> maintainer",
    "warning": null,
    "line": 2
  }
]
`
	if got := gatehouse(t, "users: [{username: new}]\nmembers: [{user: rubi, group: gnuwget, role: maintainer}]", "apply", "-", "--dry-run", "--json", database); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := gatehouse(t, world, "apply", "-", "--dry-run", "--json", database); got != "[]\n" {
		t.Errorf("no changes: got %q", got)
	}
	if got := run(t.Context(), "members: [{user: no, group: gnuwget, role: owner}]", "apply", "-", "--dry-run", database); got.code != 1 || !strings.Contains(got.err, "line 1: there is no user") || got.out != "" {
		t.Errorf("a mistake: got %+v", got)
	}
	if got := run(t.Context(), world, "apply", "-", "--json", database); got.code != 2 {
		t.Errorf("--json alone: got %+v", got)
	}
	if got := gatehouse(t, "", "show", "users", "--json", database); got != before {
		t.Errorf("something was written: got %s, want %s", got, before)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*scratch*")); err != nil || len(files) > 0 {
		t.Errorf("got the files %v, %v", files, err)
	}
}

// A default branch that is not protected is a warning beside the result.
func TestRun_applyWarns(t *testing.T) {
	t.Parallel()
	database := "--database=" + filepath.Join(t.TempDir(), "gatehouse.db")
	gatehouse(t, "groups: [{path: acme}]\nprojects: [{id: 42, path: acme/cli, default_branch: master}]", "apply", "-", database)
	const renamed = "projects:\n  - {id: 42, path: acme/cli, default_branch: main}"
	const text = "the default branch is now main, which is not protected; master still is"
	for _, test := range []struct {
		flags []string
		out   string
	}{
		{[]string{"--dry-run"}, "~ project acme/cli: default_branch master -> main\n1 to change, 0 unchanged; nothing was written\n"},
		{[]string{"--dry-run", "--json"}, `"warning": "` + text + `"`},
		{nil, "applied 1 project: 1 change, 0 unchanged\n"},
	} {
		got := run(t.Context(), renamed, append([]string{"apply", "-", database}, test.flags...)...)
		if got.code != 0 || !strings.Contains(got.out, test.out) || !strings.Contains(got.err, "gatehouse: warning: line 2: project \"acme/cli\": "+text+"\n") {
			t.Errorf("%v: got %d, %q, %q", test.flags, got.code, got.out, got.err)
		}
	}
	if got := run(t.Context(), renamed, "apply", "-", database); got.code != 0 || strings.Contains(got.err, "warning") {
		t.Errorf("again: got %+v", got)
	}
}

func TestRun_applyInterrupted(t *testing.T) {
	t.Parallel()
	database := "--database=" + filepath.Join(t.TempDir(), "gatehouse.db")
	gatehouse(t, world, "apply", "-", database)
	ctx, cancel := context.WithCancel(t.Context())
	in := readerFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, "users: [{username: new}]"), io.EOF
	})
	var out, errs bytes.Buffer
	code := cli.Run(ctx, cli.Streams{In: in, Out: &out, Err: &errs}, []string{"apply", "-", database})
	if code != 1 || !strings.Contains(errs.String(), "gatehouse: it was interrupted\ngatehouse: nothing was changed; apply the world again\n") {
		t.Errorf("got %d, %q", code, errs.String())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestRun_migrate(t *testing.T) {
	t.Parallel()
	database := "--database=" + filepath.Join(t.TempDir(), "gatehouse.db")
	got := run(t.Context(), "", "show", "users", database)
	if got.code != 1 || !strings.Contains(got.err, "gatehouse.db is not there; is this the right directory?") {
		t.Errorf("before there is a database: got %d, %q", got.code, got.err)
	}
	got = run(t.Context(), "", "migrate", database)
	if got.code != 0 || !strings.HasPrefix(got.out, "migrated from schema version 0 to ") || !strings.HasPrefix(got.err, "migrating /") {
		t.Errorf("the first time: got %d, %q, %q", got.code, got.out, got.err)
	}
	if out := gatehouse(t, "", "migrate", database, "--set=database.migrate=false"); !strings.HasSuffix(out, " is up to date\n") {
		t.Errorf("the second time: got %q", out)
	}
	gatehouse(t, "", "show", "users", database)
}

// TestRun_newerSchema runs commands on a database that a newer program has migrated, and
// on which this one may run, or may not.
func TestRun_newerSchema(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "gatehouse.db")
	flags := []string{"--database=" + file, "--set=shell.secret_file=" + filepath.Join(dir, "secret"), "--set=instance.key_file=" + filepath.Join(dir, "key")}
	gatehouse(t, "", append([]string{"migrate"}, flags...)...)
	change := func(statement string) {
		t.Helper()
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), statement)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	change("INSERT INTO schema_compatibility (version, oldest) VALUES (999, 15); INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)")
	for command, want := range map[string]string{
		"check": "schema version 999, newer than this program's", "migrate": "nothing to do: schema version 999 is newer than this program's", "show users": "ID",
		"migrate --check": "nothing to do: schema version 999 is newer than this program's",
	} {
		if out := gatehouse(t, "", append(strings.Fields(command), flags...)...); !strings.Contains(out, want) {
			t.Errorf("%s: got %q, want %q", command, out, want)
		}
	}
	change("DELETE FROM schema_compatibility WHERE version = 999")
	for _, command := range []string{"check", "migrate", "migrate --check", "show users", "serve"} {
		got := run(t.Context(), "", append(strings.Fields(command), flags...)...)
		if got.code != 1 || !strings.Contains(got.out+got.err, "the database has schema 999") || !strings.Contains(got.out+got.err, "run the newer gatehouse") {
			t.Errorf("%s: got %d, %q, %q", command, got.code, got.out, got.err)
		}
	}
}

func TestRun_check(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database, secret := filled(t), filepath.Join(dir, "secret")
	args := []string{"check", database, "--set", "shell.secret_file=" + secret}
	out := gatehouse(t, "", args...)
	for _, want := range []string{"configuration      ok", "database", "schema version", "is not there yet; serve will make it", "gitaly.storages", "is assumed"} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
	if _, err := os.Stat(secret); err == nil {
		t.Error("check made the secret")
	}
	if err := os.WriteFile(secret, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t.Context(), "", append(args, "--set", "shell.previous_secret_file=missing")...)
	if got.code != 1 || strings.Count(got.out, "WRONG") != 1 || !strings.Contains(got.out, "it is empty") || !strings.Contains(got.out, "shell.previous_secret_file  warning  ") || got.err != "" {
		t.Errorf("a bad secret, and no previous one: got %d, %s%s", got.code, got.out, got.err)
	}
	got = run(t.Context(), "", "check", "--json", "--set", "git.rate_limit=x", "--set", "git.protocols=smtp")
	var records []struct {
		Check, Detail string
		OK            bool
	}
	if err := json.Unmarshal([]byte(got.out), &records); err != nil || got.code != 1 || len(records) != 2 || records[0].OK || records[1].Check != "configuration" {
		t.Errorf("a wrong configuration: got %d, %v, %v", got.code, records, err)
	}
	missing := filepath.Join(dir, "missing.db")
	if got := run(t.Context(), "", "check", "--database="+missing, "--set", "shell.secret_file="+dir+"/new"); got.code != 0 || !strings.Contains(got.out, "not there yet") {
		t.Errorf("before the first start: got %d, %s", got.code, got.out)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("check made the database")
	}
}
