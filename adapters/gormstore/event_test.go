package gormstore_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// keptEvent is what a delivery needs of the events in testdata, which were written
// with a value in every field: the unversioned one by schema 8's release,
// event.v1.json by schema 9's.
var keptEvent = hooks.Event{
	Change:    source.Change{Old: "a1", New: "b2", Ref: source.Ref{Kind: source.Tag, Name: "ü\ufffd/\"x\""}},
	Protected: true, Checkout: "b2",
	User:    identity.User{ID: 4, Username: "dev", Name: "Dédé <&>"},
	Project: source.Project{ID: 22, Path: "a/b/p", Visibility: source.Internal, DefaultBranch: "trunk"},
	Commits: []source.Commit{{
		ID: "b2", Title: "t", Message: "t\n\nm\x00\x01", At: time.Date(2026, 3, 1, 2, 3, 4, 0, time.FixedZone("", 5400)),
		AuthorName: "A", AuthorEmail: "a@example.com", Added: []string{"a b", "caf\ufffd"}, Modified: []string{"é"}, Removed: []string{"\\"},
	}, {ID: "c3"}},
	Total: 300, Options: []string{"ci.skip", "x=\n"},
}

func TestEvent_bothForms(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"event.unversioned.json", "event.v1.json"} {
		got, err := gormstore.ReadEvent(stored(t, file))
		if diff := cmp.Diff(keptEvent, got); err != nil || diff != "" {
			t.Errorf("%s: got %v\n%s", file, err, diff)
		}
	}
}

// completeEvent is keptEvent with what schema 9's release did not write.
func completeEvent() hooks.Event {
	event := keptEvent
	event.Message, event.User.PublicEmail = "First é\nrelease", "dev@example.com"
	return event
}

func TestEvent_complete(t *testing.T) {
	t.Parallel()
	got, err := gormstore.ReadEvent(stored(t, "event.v1.complete.json"))
	if diff := cmp.Diff(completeEvent(), got); err != nil || diff != "" {
		t.Errorf("got %v\n%s", err, diff)
	}
}

func TestEvent_written(t *testing.T) {
	t.Parallel()
	event := completeEvent()
	event.Change.Ref.Name = "ü\xe9/\"x\"" // as Git has it
	event.Commits = slices.Clone(event.Commits)
	event.Commits[0].Added = []string{"a b", "caf\xe9"}
	event.User.Email, event.User.State, event.Project.Storage = "private@example.com", identity.Active, "default"
	got, err := gormstore.WriteEvent(event)
	if diff := cmp.Diff(string(stored(t, "event.v1.complete.json")), string(got)); err != nil || diff != "" {
		t.Errorf("got %v\n%s", err, diff)
	}
	for name, event := range map[string]hooks.Event{
		"empty":           {},
		"a branch":        {Change: source.Change{Ref: source.Ref{Kind: source.Branch, Name: "main"}}},
		"an empty commit": {Commits: []source.Commit{{}}, Options: []string{}},
	} {
		text, err := gormstore.WriteEvent(event)
		if err != nil {
			t.Fatal(err)
		}
		got, err := gormstore.ReadEvent(text)
		if diff := cmp.Diff(event, got); err != nil || diff != "" {
			t.Errorf("%s: got %v\n%s", name, err, diff)
		}
	}
}

func TestEvent_unreadable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"v":2}`:                        "version 2",
		`{"v":-1}`:                       "version -1",
		`{"v":"1"}`:                      "cannot unmarshal",
		`{"change":{"ref":{"kind":3}}}`:  "3 is no kind of ref",
		`{"Change":{"Ref":{"Kind":-1}}}`: "-1 is no kind of ref",
		``:                               "unexpected end",
	} {
		if got, err := gormstore.ReadEvent([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}

// stored returns what a release wrote.
func stored(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(text)
}
