package gitaly_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/application/gitaccess"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

func commitID(n int) string { return fmt.Sprintf("%040x", n) }

// TestClient_Answers_many asks about a hundred pushed branches whose commits wait in
// quarantine, and about one whose old commit does not exist.
func TestClient_Answers_many(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	r := filled(s)
	incoming := map[string]gitalytest.Commit{}
	r.Quarantined["objects/incoming-1"] = incoming
	want := map[source.Question]source.Answer{ancestor(four, source.ObjectID(commitID(1))): source.No}
	questions := []source.Question{ancestor(four, source.ObjectID(commitID(1)))}
	for n := range 100 {
		branch, pushed := commitID(1000+n), commitID(n)
		r.Commits[branch] = gitalytest.Commit{Parents: []string{three}}
		q, answer := ancestor(source.ObjectID(branch), source.ObjectID(pushed)), source.Yes
		incoming[pushed] = gitalytest.Commit{Parents: []string{branch}}
		if n%10 == 9 { // forced
			incoming[pushed], answer = gitalytest.Commit{Parents: []string{three}}, source.No
		}
		questions = append(questions, q)
		want[q] = answer
	}
	where := place("default")
	where.Quarantine = gitaccess.Quarantine{ObjectDirectory: "objects/incoming-1", AlternateObjectDirectories: []string{"objects"}}
	where.SnapshotPath = "+gitaly/snapshot"
	got, err := client(t, s).Answers(t.Context(), where, questions)
	if err != nil {
		t.Fatal(err)
	}
	for q, answer := range want {
		if got[q] != answer {
			t.Errorf("%s..%s: got %v, want %v", q.Old, q.New, got[q], answer)
		}
	}
	listings := s.Calls("ListCommits")
	for _, call := range listings {
		if path := strings.Join(call.Metadata.Get("relative-path-bin"), ","); path != where.SnapshotPath || call.Repository.GetGitObjectDirectory() != "objects/incoming-1" {
			t.Errorf("got the path %q and the repository %v", path, call.Repository)
		}
	}
	if n := len(listings) + len(s.Calls("CommitIsAncestor")); len(listings) == 0 || n > 30 {
		t.Errorf("got %d calls with %d listings", n, len(listings))
	}
}
