package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestExplain_table(t *testing.T) {
	t.Parallel()
	database := filled(t)
	tests := map[string]struct {
		args []string
		want []string
	}{
		"pull": {
			[]string{"--key", "7", "--project", "gnuwget/wget2"},
			[]string{
				`who         key 7 "laptop"; user 7 rubi, active; role here: developer`,
				"what        git-upload-pack over ssh on project-3 gnuwget/wget2 (public)",
				"verdict     allowed",
				"decided by  no rule refuses",
				"download              -    passed", "push                  -    skipped",
			},
		},
		"push to the protected branch": {
			[]string{"--user", "Rubi", "--gl-repository", "project-3", "--ref", "refs/heads/main", "--ref", "refs/heads/mine"},
			[]string{
				"what        git-receive-pack over ssh on project-3",
				`verdict     refused (forbidden): You are not allowed to push to the protected branch "main".`,
				"decided by  protected_branch_update refs/heads/main",
				"force_push               refs/heads/main  undecided", "force_push               refs/heads/mine  skipped",
			},
		},
		"push, history unknown": {
			[]string{"--user", "root", "--project", "gnuwget/wget2", "--ref", "refs/heads/main"},
			[]string{"decided by  force_push refs/heads/main", "no Gitaly is connected"},
		},
		"create a branch": {
			[]string{"--user-id", "7", "--project", "gnuwget/wget2.git", "--ref", "refs/heads/mine", "--change", "create", "--protocol", "HTTP"},
			[]string{"over http", "verdict     allowed"},
		},
		"former path, IP address": {
			[]string{"--user", "root", "--project", "gnuwget/old", "--ip", "192.0.2.7"},
			[]string{"user 1 root, active, administrator", "project-3 gnuwget/wget2 (public), formerly gnuwget/old"},
		},
		"anonymous push": {
			[]string{"--project", "gnuwget/wget2", "--action", "git-receive-pack"},
			[]string{"who         a stranger (nobody)", "decided by  anonymous"},
		},
		"unknown key and project": {
			[]string{"--key", "99", "--project", "gnuwget/none"},
			[]string{"a stranger (key-99)", "on gnuwget/none, which does not exist", "refused (not found)", "decided by  project", "not reached"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := gatehouse(t, "", append([]string{"explain", database}, test.args...)...)
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing:\n%s", want, out)
				}
			}
		})
	}
}

func TestExplain_json(t *testing.T) {
	t.Parallel()
	zero, sha := strings.Repeat("0", 40), strings.Repeat("a", 40)
	out := gatehouse(t, "", "explain", filled(t), "--json", "--key", "7", "--project", "gnuwget/wget2",
		"--action", "git-receive-pack", "--ref", "refs/heads/main", "--old", sha, "--new", zero)
	var got struct {
		Allowed       bool
		Kind, Message string
		Rule          struct{ Rule, Ref string }
		Actor         struct {
			Claim, Username, Role string
			KeyID                 int `json:"key_id"`
		}
		Repository struct {
			GLRepository string `json:"gl_repository"`
		}
		Request struct{ Changes []string }
		Rules   []struct{ Rule, Outcome string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Allowed || got.Kind != "forbidden" || got.Rule.Rule != "default_branch_delete" || got.Rule.Ref != "refs/heads/main" {
		t.Errorf("the verdict: got %s", out)
	}
	if got.Actor.Claim != "key-7" || got.Actor.Username != "rubi" || got.Actor.Role != "developer" || got.Actor.KeyID != 7 || got.Repository.GLRepository != "project-3" {
		t.Errorf("who and where: got %s", out)
	}
	if len(got.Request.Changes) != 1 || got.Request.Changes[0] != sha+" "+zero+" refs/heads/main" || len(got.Rules) < 30 {
		t.Errorf("the change and the rules: got %s", out)
	}
}
