package inventory_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/inventory"
)

func TestRecord_MarshalJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 1, 2, 3, 4, 5, 678901000, time.FixedZone("", 3600))
	tests := map[string]struct {
		record inventory.Record
		want   string
	}{
		"empty": {nil, `{}`},
		"order": {inventory.Record{{Name: "z", Value: int64(1)}, {Name: "a", Value: int64(9007199254740993)}}, `{"z":1,"a":9007199254740993}`},
		"values": {
			inventory.Record{{Name: "nil"}, {Name: "yes", Value: true}, {Name: "text", Value: "a\"\nä"}, {Name: "at", Value: at}, {Name: "round", Value: time.Unix(0, 0)}},
			`{"nil":null,"yes":true,"text":"a\"\nä","at":"2027-01-02T02:04:05.678Z","round":"1970-01-01T00:00:00.000Z"}`,
		},
		"lists": {
			inventory.Record{{Name: "some", Value: []string{"a", "b"}}, {Name: "none", Value: []string{}}, {Name: "nil", Value: []string(nil)}},
			`{"some":["a","b"],"none":[],"nil":[]}`,
		},
		"invalid UTF-8": {inventory.Record{{Name: "a", Value: "\xff"}}, `{"a":"\ufffd"}`},
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
	if diff := cmp.Diff(want, inventory.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
