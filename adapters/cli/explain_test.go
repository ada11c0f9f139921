package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// explained is a world in which every kind of explanation can be had.
const explained = `
users:
  - {id: 1, username: root, name: Administrator, email: root@example.com, admin: true}
  - {id: 7, username: rubi, name: Dede Eichmann, email: rubi@example.com}
  - {id: 8, username: bob, state: blocked}
groups:
  - {id: 30, path: gnuwget, visibility: public}
  - {id: 31, path: vault, allowed_ips: [192.0.2.0/24]}
  - {id: 32, path: friends}
projects:
  - {id: 3, path: gnuwget/wget2, visibility: public, default_branch: main, moved_from: [gnuwget/old], protected_branches: [
      {name: main, push: [maintainer]}, {name: "release/*", push: [maintainer]}, {name: "release/*-dev", push: [developer, {user: bob}], allow_force_push: true}]}
  - {id: 4, path: vault/keep}
  - {id: 5, path: rubi/own}
members:
  - {user: rubi, group: gnuwget, role: developer, expires_at: 2126-01-01}
  - {user: rubi, project: gnuwget/wget2, role: owner, state: requested}
  - {user: rubi, group: friends, role: owner, expires_at: 2020-01-01}
  - {user: rubi, group: vault, role: reporter}
shares: [{project: gnuwget/wget2, with: friends, role: maintainer, expires_at: 2125-01-01}]
keys:
  - {id: 7, user: rubi, title: laptop, created_at: 2026-01-02T03:04:05Z,
     key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOlRlpHcai+XV9Mw1YZNOoQ4QObD6ROfZZ8b3vlQrGa/"}
  - {id: 9, user: rubi, title: old, expires_at: 2026-04-01,
     key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0"}
deploy_keys:
  - {id: 10, title: robot, creator: rubi, projects: [{project: gnuwget/wget2, can_push: true}],
     key: "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="}
`

const (
	publicKey   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOlRlpHcai+XV9Mw1YZNOoQ4QObD6ROfZZ8b3vlQrGa/"
	fingerprint = "SHA256:1qPsHXu1alox28Isr15aDy/S3VDW0U+H0O0lAxM26es"
)

// explainCases are command lines with what they print. Blanks do not count.
var explainCases = map[string]struct {
	args []string
	want []string
}{
	"pull": {
		[]string{"--key", "7", "--project", "gnuwget/wget2"},
		[]string{
			"verdict allowed: no rule refuses\n", `who key 7 "laptop"`, "user 7 rubi, active\n",
			"role developer in gnuwget/wget2\n- developer as a member of the group gnuwget until 2126-01-01 (this one decides)\n",
			"- owner as a member of the group friends until 2020-01-01; the project gnuwget/wget2 is shared with friends up to maintainer until 2125-01-01 (does not count)\n",
			"- owner as a member of the project gnuwget/wget2 (does not count: requested)\n",
			"what git-upload-pack over ssh on project-3 gnuwget/wget2 (public)\n", "download - passed -", "push - skipped -",
		},
	},
	"push to a protected branch": {
		[]string{"--user", "Rubi", "--gl-repository", "project-3", "--ref", "refs/heads/main", "--ref", "refs/heads/mine"},
		[]string{
			"what git-receive-pack over ssh on project-3",
			`verdict refused (forbidden): You are not allowed to push to the protected branch "main".`,
			"by the rule protected_branch_update refs/heads/main\n",
			"protections refs/heads/main: main (maintainer)\nrefs/heads/mine: none matches\n",
			"it takes 1. the role maintainer or more in gnuwget/wget2\nor push access for the role developer on main\nor no protection by main\n2. a connected Gitaly",
			"force_push refs/heads/main undecided not by main (maintainer)", "force_push refs/heads/mine skipped No protection matches this ref.",
			"Push to another branch and open a merge request. (not by main (maintainer))",
		},
	},
	"a second pattern grants the push": {
		[]string{"--key", "7", "--project", "gnuwget/wget2", "--ref", "refs/heads/release/1-dev"},
		[]string{
			"verdict allowed", "protections refs/heads/release/1-dev: release/* (maintainer), release/*-dev (developer, user bob, force)\n",
			"force_push refs/heads/release/1-dev passed granted by release/*-dev (developer, user bob, force); not by release/* (maintainer)\n",
			"protected_branch_update refs/heads/release/1-dev passed granted by release/*-dev (developer, user bob, force); not by release/* (maintainer)\n",
		},
	},
	"push, history unknown": {
		[]string{"--user", "root", "--project", "gnuwget/wget2", "--ref", "refs/heads/main"},
		[]string{"by the rule force_push refs/heads/main", "no Gitaly is connected", "role none in gnuwget/wget2; administrators need none\n"},
	},
	"create a branch": {
		[]string{"--user-id", "7", "--project", "gnuwget/wget2.git", "--ref", "refs/heads/mine", "--change", "create", "--protocol", "HTTP"},
		[]string{"over http", "verdict allowed"},
	},
	"former path": {
		[]string{"--user", "root", "--project", "gnuwget/old"},
		[]string{"user 1 root, active, administrator", "project-3 gnuwget/wget2 (public), formerly gnuwget/old"},
	},
	"address outside the allow-list": {
		[]string{"--key", "key-7", "--project", "vault/keep", "--ip", "203.0.113.9"},
		[]string{
			"refused (not found)", "by the rule ip_allow_list", "private), from 203.0.113.9\n",
			"it takes an address in 192.0.2.0/24\nor 203.0.113.9 in the IP allow-list of the group vault\nor no IP allow-list of the group vault\n",
		},
	},
	"token that may only read": {
		[]string{"--user", "rubi", "--project", "gnuwget/wget2", "--action", "git-receive-pack", "--token-scopes", "read_repository,read_api"},
		[]string{
			"git-receive-pack over http on project-3 gnuwget/wget2 (public), with an access token for read_repository, read_api\n",
			"refused (forbidden): Your access token may not push.", "by the rule token_scope", "it takes an access token with the scope write_repository\n",
		},
	},
	"certificate of another group": {
		[]string{"--key", "7", "--project", "gnuwget/wget2", "--namespace-path", "vault"},
		[]string{"by the rule namespace", "wget2 (public), with an SSH certificate for vault\n", "it takes an SSH certificate that is valid for the group gnuwget\n"},
	},
	"hidden project": {
		[]string{"--user", "bob", "--project", "rubi/own", "--action", "git-receive-pack", "--ref", "refs/heads/main"},
		[]string{
			"user 8 bob, blocked\n", "by the rule user", "role none in rubi/own\n", "not reached",
			"it takes 1. an end of the account's block\n2. the role developer or more in rubi/own\n",
		},
	},
	"owner of a personal namespace": {
		[]string{"--user", "rubi", "--project", "rubi/own"},
		[]string{"role owner in rubi/own\n- owner of the personal namespace rubi (this one decides)\n"},
	},
	"anonymous push": {
		[]string{"--project", "gnuwget/wget2", "--action", "git-receive-pack"},
		[]string{"who a stranger\n", "by the rule anonymous", "it takes the key or the name of a user with the role developer or more in gnuwget/wget2\n"},
	},
	"unknown key and project": {
		[]string{"--key", "99", "--project", "gnuwget/none"},
		[]string{"a stranger: key-99 is not known\n", "on gnuwget/none, which does not exist", "refused (not found)", "by the rule project", "not reached", "it takes a public project at gnuwget/none, where there is none, or any other there and the key or the name of a user with the role reporter or more in gnuwget/none\n"},
	},
	"expired key": {
		[]string{"--key", "9", "--project", "gnuwget/wget2"},
		[]string{`key 9 "old", expired 2026-04-01T00:00:00Z`, "by the rule key", "it takes key 9 renewed, which expired on 2026-04-01, or another key\n"},
	},
	"deploy key": {
		[]string{"--key", "10", "--project", "gnuwget/wget2", "--ref", "refs/heads/main", "--change", "create"},
		[]string{
			`who deploy key 10 "robot"`, "created by user 7 rubi, active\n",
			"role enabled here with write access; its creator has the role developer in gnuwget/wget2\n",
			"it takes push access for deploy key 10 on main\nor no protection by main\n",
		},
	},
	"deploy key elsewhere": {
		[]string{"--key", "10", "--project", "vault/keep"},
		[]string{"role not enabled here; its creator has the role reporter in vault/keep\n", "it takes deploy key 10 enabled in vault/keep\n"},
	},
	"push to a wiki": {
		[]string{"--key", "7", "--project", "gnuwget/wget2.wiki", "--action", "git-receive-pack"},
		[]string{"on wiki-3 gnuwget/wget2.wiki (public)\n", "allowed"},
	},
	"push to create": {
		[]string{"--set", "gitaly.connect=true", "--set", "gitaly.storages=[{name: default, address: 'unix:/nowhere'}]", "--key", "7", "--project", "gnuwget/fresh", "--action", "git-receive-pack"},
		[]string{"on gnuwget/fresh, a new project that the push creates\n", "role developer in gnuwget\n- developer as a member of the group gnuwget"},
	},
	"fingerprint":     {[]string{"--key", fingerprint, "--project", "gnuwget/wget2"}, []string{`key 7 "laptop"`, "allowed"}},
	"key with a tab":  {[]string{"--key", strings.ReplaceAll(publicKey, " ", "\t"), "--project", "gnuwget/wget2"}, []string{`key 7 "laptop"`, "allowed"}},
	"public key":      {[]string{"--key", publicKey, "--project", "gnuwget/wget2"}, []string{`key 7 "laptop"`, "allowed"}},
	"key from stdin":  {[]string{"--key", "-", "--project", "gnuwget/wget2"}, []string{`key 7 "laptop"`, "allowed"}},
	"unknown storage": {[]string{"--key", "7", "--project", "vault/keep", "--set", "gitaly.storages=[{name: other, address: 'unix:/x'}]"}, []string{"refused (unprocessable)", "by the rule storage", "it takes the storage default in the configuration\n"}},
}

// filledWith returns the flag for a new database with the world.
func filledWith(t *testing.T, world string) string {
	t.Helper()
	flag := "--database=" + filepath.Join(t.TempDir(), "gatehouse.db")
	gatehouse(t, world, "apply", "-", flag)
	return flag
}

// Each case prints what it should, and its JSON is as the schema says.
func TestExplain(t *testing.T) {
	t.Parallel()
	database := filledWith(t, explained)
	schema := compiled(t, gatehouse(t, "", "explain", "--schema"))
	for name, test := range explainCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := append([]string{"explain", database}, test.args...)
			out := squeeze(gatehouse(t, publicKey+" nora@example.com\n", command...))
			for _, want := range test.want {
				if !strings.Contains(out, squeeze(want)) {
					t.Errorf("%q is missing:\n%s", want, out)
				}
			}
			validate(t, schema, gatehouse(t, publicKey, append(command, "--json")...))
		})
	}
}

// compiled returns a JSON Schema.
func compiled(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate fails the test unless JSON is as the schema says.
func validate(t *testing.T, schema *jsonschema.Schema, text string) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
}

// squeeze makes every run of blanks one.
func squeeze(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestExplain_key(t *testing.T) {
	t.Parallel()
	database := filledWith(t, explained)
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const secret = "b3BlbnNzaC1rZXktdjEAAAAA"
	private := file("id", "-----BEGIN OPENSSH PRIVATE KEY-----\n"+secret+"\n-----END OPENSSH PRIVATE KEY-----\n")
	file("id.pub", publicKey)
	for name, test := range map[string]struct {
		key, in string
		code    int
		want    string
	}{
		"file":                          {file("laptop.pub", publicKey+" nora@example.com\n"), "", 0, `key 7 "laptop"`},
		"unknown fingerprint":           {"SHA256:" + strings.Repeat("A", 43), "", 1, "no key with the fingerprint SHA256:AAAA"},
		"unknown key":                   {"-", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 1, "Permission denied (publickey)"},
		"private key":                   {private, "", 1, "--key: " + private + " is no public key; try " + private + ".pub\n"},
		"private key on standard input": {"-", "-----BEGIN OPENSSH PRIVATE KEY-----\n" + secret + "\n", 1, "--key: -: "},
		"folder":                        {folder, "", 1, "is a directory"},
		"too large":                     {file("large", strings.Repeat("x", 70<<10)), "", 1, "too large"},
		"MD5":                           {"MD5:" + strings.Repeat("0f:", 15) + "0f", "", 2, "SHA256"},
		"half of one":                   {"SHA256:abc", "", 2, "43 characters"},
		"nothing":                       {"", "", 2, "--key is empty"},
		"body of a private key":         {secret + strings.Repeat("BG5vbmUAAAAEbm9uZQAAAAAAAAAB", 3), "", 2, "it is a private key"},
		"long body of a private key":    {secret + strings.Repeat("BG5vbmUAAAAEbm9uZQAAAAAAAAAB", 300), "", 2, "it is a private key"},
		"body of a short private key":   {"MC4CAQAwBQYDK2VwBCIEI" + strings.Repeat("A", 43), "", 2, "--key is no number, no fingerprint (SHA256:…) and no file: it is not an SSH public key"},
		"base64 of a public key":        {strings.Fields(publicKey)[1], "", 2, "its type is missing; write ssh-ed25519"},
		"neither":                       {"laptop", "", 2, `--key "laptop" is no number, no fingerprint (SHA256:…) and no file`},
		"text of no key":                {"ssh-ed25519 AAAA", "", 1, "--key: the text: "},
		"empty on standard input":       {"-", "", 1, "--key: -: "},
	} {
		got := run(t.Context(), test.in, "explain", database, "--key", test.key, "--project", "gnuwget/wget2")
		if got.code != test.code || !strings.Contains(got.out+got.err, test.want) || strings.Contains(got.out+got.err, secret) {
			t.Errorf("%s: got %d, %s%s, want %d and %s", name, got.code, got.out, got.err, test.code, test.want)
		}
	}
}

func TestExplain_json(t *testing.T) {
	t.Parallel()
	zero, sha := strings.Repeat("0", 40), strings.Repeat("a", 40)
	out := gatehouse(t, "", "explain", filledWith(t, explained), "--json", "--key", "7", "--project", "gnuwget/wget2",
		"--namespace-path", "gnuwget", "--action", "git-receive-pack", "--ref", "refs/heads/main", "--old", sha, "--new", zero)
	var got struct {
		Version       int
		Allowed       bool
		Kind, Message string
		Rule          struct{ Rule, Ref string }
		Actor         struct {
			Claim, Username, Role string
			KeyID                 int    `json:"key_id"`
			KeyFingerprint        string `json:"key_fingerprint"`
		}
		Repository struct {
			GLRepository string `json:"gl_repository"`
		}
		Request struct {
			NamespacePath string `json:"namespace_path"`
			Changes       []string
		}
		Rules []struct {
			Rule, Outcome string
			Protections   []struct {
				Pattern string
				Grants  bool
			}
		}
		Remedies struct {
			Enough bool
			AllOf  []struct {
				Rule  string
				AnyOf []struct{ Kind, Text string } `json:"any_of"`
			} `json:"all_of"`
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != 1 || got.Allowed || got.Kind != "forbidden" || got.Rule.Rule != "default_branch_delete" || got.Rule.Ref != "refs/heads/main" {
		t.Errorf("the verdict: got %s", out)
	}
	if got.Actor.Claim != "key-7" || got.Actor.Username != "rubi" || got.Actor.Role != "developer" || got.Actor.KeyID != 7 || got.Actor.KeyFingerprint != fingerprint || got.Repository.GLRepository != "project-3" {
		t.Errorf("who and where: got %s", out)
	}
	if got.Request.NamespacePath != "gnuwget" || len(got.Request.Changes) != 1 || got.Request.Changes[0] != sha+" "+zero+" refs/heads/main" || len(got.Rules) < 30 {
		t.Errorf("the change and the rules: got %s", out)
	}
	var remedies []string
	for _, r := range got.Remedies.AllOf {
		remedies = append(remedies, r.Rule+": "+r.AnyOf[0].Kind+": "+r.AnyOf[0].Text)
	}
	want := []string{
		"default_branch_delete: project: a default branch other than main",
		"protected_branch_delete: command: the deletion on the web, by a maintainer",
		"protected_branch_delete: role: the role maintainer or more in gnuwget/wget2",
	}
	if diff := cmp.Diff(want, remedies); diff != "" || !got.Remedies.Enough {
		t.Errorf("the remedies (-want +got):\n%s", diff)
	}
}

// The schema is printed without a database and without a target.
func TestExplain_schema(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"urn:gatehouse:explanation:1": {"--schema"}, "urn:gatehouse:right:1": {"--schema", "--may", "admin_group"}, `"urn:gatehouse:right:1"`: {"--may", "--schema"},
	} {
		got := run(t.Context(), "", append([]string{"explain", "--database=/nowhere/x.db"}, args...)...)
		if got.code != 0 || !json.Valid([]byte(got.out)) || !strings.Contains(got.out, want) {
			t.Errorf("%v: got %d, %s%s", args, got.code, got.out, got.err)
		}
	}
}
