package redisstate_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/source"
)

// keptNotice is the notice in testdata.
var keptNotice = source.Notice{
	User: 7, Repository: source.RepositoryID{Kind: source.Wiki, ID: 42}, OldPath: "old/cli.wiki", Protocol: source.HTTP,
	ExpiresAt: time.Date(2026, 5, 1, 12, 5, 0, 123456000, time.UTC),
}

// keptKey is the key of keptNotice in Redis.
const keptKey = "gatehouse-notice:7:wiki-42"

func TestState_Take_bothForms(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"notice.unversioned.json", "notice.v1.json"} {
		state, server := open(t)
		if err := server.Set(keptKey, stored(t, file)); err != nil {
			t.Fatal(err)
		}
		got, err := state.Take(t.Context(), keptNotice.User, keptNotice.Repository, now)
		if diff := cmp.Diff(keptNotice, got); err != nil || diff != "" {
			t.Errorf("%s: got %v\n%s", file, err, diff)
		}
	}
}

func TestState_Leave_written(t *testing.T) {
	t.Parallel()
	state, server := open(t)
	notice := keptNotice
	notice.ExpiresAt = notice.ExpiresAt.Add(789).In(time.FixedZone("", 3600))
	if err := state.Add(t.Context(), notice); err != nil {
		t.Fatal(err)
	}
	got, err := server.Get(keptKey)
	if diff := cmp.Diff(stored(t, "notice.v1.json"), got); err != nil || diff != "" {
		t.Errorf("got %v\n%s", err, diff)
	}
}

func TestState_Take_unreadable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"v":2}`:  "version 2",
		`{"v":-1}`: "version -1",
		`[]`:       "cannot unmarshal",
	} {
		state, server := open(t)
		if err := server.Set(keptKey, text); err != nil {
			t.Fatal(err)
		}
		if got, err := state.Take(t.Context(), keptNotice.User, keptNotice.Repository, now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}

// stored returns the value that a release wrote.
func stored(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}
