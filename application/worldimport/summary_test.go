package worldimport_test

import (
	"testing"

	"gatehouse/application/worldimport"
)

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
