package agents_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse/domain/agents"
	"gatehouse/domain/source"
)

func TestAgent_Sees(t *testing.T) {
	t.Parallel()
	agent := agents.Agent{ID: 5, Project: 7}
	for _, c := range []struct {
		id         source.ProjectID
		visibility source.Visibility
		repository source.Feature
		want       bool
	}{
		{0, source.Public, source.FeatureEnabled, false},
		{7, source.Private, source.FeatureDisabled, true},
		{8, source.Public, source.FeatureEnabled, true},
		{8, source.Public, source.FeaturePrivate, false},
		{8, source.Public, source.FeatureDisabled, false},
		{8, source.Internal, source.FeatureEnabled, false},
		{8, source.Private, source.FeatureEnabled, false},
	} {
		if got := agent.Sees(source.Project{ID: c.id, Visibility: c.visibility, Repository: c.repository}); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
	if (agents.Agent{}).Sees(source.Project{}) {
		t.Error("no agent sees no project")
	}
}

func TestToken_Stale(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	for ago, want := range map[time.Duration]bool{0: false, 59 * time.Second: false, time.Minute: true, time.Hour: true} {
		if got := (agents.Token{LastUsedAt: now.Add(-ago)}).Stale(now); got != want {
			t.Errorf("%v ago: got %v", ago, got)
		}
	}
	if !(agents.Token{}).Stale(now) {
		t.Error("one that was never used is not stale")
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]source.Path{
		"Acme/Infra": "acme/infra", "acme": "acme", "": "", "a b": "", "../x": "", strings.Repeat("x", 2049): "",
	} {
		got, ok := agents.Authorize(agents.CIAccess, agents.GroupAccess, text)
		if ok != (want != "") || ok && got != (agents.Authorization{Access: agents.CIAccess, Kind: agents.GroupAccess, Path: want}) {
			t.Errorf("%.20q: got %v, %v", text, got, ok)
		}
	}
}
