package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/domain/source"
)

// TestAllowed_manyProtectedBranches asks whether a push may update 2,000 protected
// branches, each by a commit of its own, and whether it may force them. The commits
// are put into Gitaly's storage, so that the time is that of /allowed; it is logged.
func TestAllowed_manyProtectedBranches(t *testing.T) { each(t, manyProtectedBranches) }

func manyProtectedBranches(t *testing.T, s *site) {
	project := source.Project{ID: 43, Path: "acme/many"}
	repository := filepath.Join(s.path("repositories"), project.RelativePath(source.Code))
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(repository, "config")); err == nil {
			break
		}
		if time.Since(began) > timeout {
			t.Fatal("there is no repository")
		}
	}
	const branches = 2000
	var stream bytes.Buffer
	mark := 1
	commit := func(ref string, parent int) int {
		mark++
		fmt.Fprintf(&stream, "commit %s\nmark :%d\ncommitter Dede <dev@example.com> %d +0000\ndata <<END\n%[2]d\nEND\n", ref, mark, 1_700_000_000+mark)
		if parent > 0 {
			fmt.Fprintf(&stream, "from :%d\n", parent)
		}
		return mark
	}
	root := commit("refs/heads/main", 0)
	var marks [branches][3]int
	for i := range marks {
		old := commit(fmt.Sprintf("refs/heads/many/%d", i), root)
		marks[i] = [3]int{old, commit(fmt.Sprintf("refs/keep/next/%d", i), old), commit(fmt.Sprintf("refs/keep/forced/%d", i), root)}
	}
	s.write(t, "marks", 0o600, "")
	c := exec.Command(s.git, "-C", repository, "fast-import", "--quiet", "--export-marks="+s.path("marks"))
	c.Stdin = &stream
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("fast-import: %v\n%s", err, out)
	}
	text, err := os.ReadFile(s.path("marks"))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		ids[name] = id
	}
	for which, want := range map[int]int{1: http.StatusOK, 2: http.StatusUnauthorized} {
		var changes strings.Builder
		for i, m := range marks {
			fmt.Fprintf(&changes, "%s %s refs/heads/many/%d\n", ids[fmt.Sprint(":", m[0])], ids[fmt.Sprint(":", m[which])], i)
		}
		began := time.Now()
		status, message := s.allowed(t, changes.String())
		t.Logf("%d updates, answered by %d in %s: %s", branches, status, time.Since(began).Round(time.Millisecond), message)
		if status != want || want != http.StatusOK && !strings.Contains(message, "force push") {
			t.Errorf("got %d %s, want %d", status, message, want)
		}
	}
}

// allowed asks what Gitaly asks for a push of key 101.
func (s *site) allowed(t *testing.T, changes string) (status int, message string) {
	t.Helper()
	secret, err := os.ReadFile(s.path("secret"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"action": "git-receive-pack", "protocol": "ssh", "gl_repository": "project-43", "key_id": 101, "changes": changes})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v4/internal/allowed", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString(bytes.TrimSpace(secret)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Message string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer.Message
}
