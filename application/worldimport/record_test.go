package worldimport_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/worldimport"
)

func TestRecord_MarshalJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 1, 2, 3, 4, 5, 678901000, time.FixedZone("", 3600))
	tests := map[string]struct {
		record worldimport.Record
		want   string
	}{
		"empty": {nil, `{}`},
		"order": {worldimport.Record{{Name: "z", Value: int64(1)}, {Name: "a", Value: int64(9007199254740993)}}, `{"z":1,"a":9007199254740993}`},
		"values": {
			worldimport.Record{{Name: "nil"}, {Name: "yes", Value: true}, {Name: "text", Value: "a\"\nä"}, {Name: "at", Value: at}, {Name: "round", Value: time.Unix(0, 0)}},
			`{"nil":null,"yes":true,"text":"a\"\nä","at":"2027-01-02T02:04:05.678Z","round":"1970-01-01T00:00:00.000Z"}`,
		},
		"lists": {
			worldimport.Record{{Name: "some", Value: []string{"a", "b"}}, {Name: "none", Value: []string{}}, {Name: "nil", Value: []string(nil)}},
			`{"some":["a","b"],"none":[],"nil":[]}`,
		},
		"invalid UTF-8": {worldimport.Record{{Name: "a", Value: "\xff"}}, `{"a":"\ufffd"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(tt.record)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	want := []string{
		"access-tokens", "agent-authorizations", "agent-tokens", "agents", "audit", "broadcasts", "counters", "findings", "groups", "hooks", "jobs", "keys",
		"members", "packs", "projects", "protections", "pushes", "reconciliations", "shares", "subscription-history", "subscriptions", "usage", "users",
	}
	if diff := cmp.Diff(want, worldimport.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestSummary_String(t *testing.T) {
	t.Parallel()
	tests := map[string]worldimport.Summary{
		"nothing":                     {},
		"1 user":                      {Users: 1},
		"2 users and 1 deploy key":    {Users: 2, DeployKeys: 1},
		"1 group, 3 keys and 1 agent": {Groups: 1, Keys: 3, Agents: 1},
	}
	for want, s := range tests {
		if got := s.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestMistakes_Sorted(t *testing.T) {
	t.Parallel()
	given := worldimport.Mistakes{{3, "c"}, {1, "b"}, {0, "nowhere"}, {1, "a"}, {1, "b"}}
	want := "nowhere\nline 1: b\nline 1: a\nline 3: c"
	if got := given.Sorted().Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
