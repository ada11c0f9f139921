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

func TestCheckName(t *testing.T) {
	t.Parallel()
	const form = `["Name can contain only lowercase letters, digits, and '-', but cannot start or end with '-'"]`
	for name, want := range map[string]string{
		"prod": "", "7": "", "a--b": "", strings.Repeat("x", 63): "",
		"": `["Name can't be blank"]`, strings.Repeat("x", 64): `["Name is too long (maximum is 63 characters)"]`,
		"-a": form, "a-": form, "-": form, "Prod": form, "a_b": form, "a b": form, "é": form, "a\n": form,
	} {
		if got := agents.CheckName(name); (got == nil) != (want == "") || got != nil && got.Message != want {
			t.Errorf("%.20q: got %v, want %q", name, got, want)
		}
	}
}

func TestToken_Check(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		token agents.Token
		want  string
	}{
		{agents.Token{Name: "default"}, ""}, {agents.Token{Name: strings.Repeat("é", 255), Description: strings.Repeat("é", 1024)}, ""},
		{agents.Token{Name: " "}, `["Name can't be blank"]`},
		{agents.Token{Name: strings.Repeat("x", 256)}, `["Name is too long (maximum is 255 characters)"]`},
		{agents.Token{Name: "x", Description: strings.Repeat("x", 1025)}, `["Description is too long (maximum is 1024 characters)"]`},
	} {
		if got := c.token.Check(); (got == nil) != (c.want == "") || got != nil && got.Message != c.want {
			t.Errorf("%.20q: got %v, want %q", c.token.Name, got, c.want)
		}
	}
	for active, refused := range map[int]bool{0: false, 1: false, 2: true, 3: true} {
		if got := agents.CheckActive(active); (got != nil) != refused {
			t.Errorf("%d active: got %v", active, got)
		}
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
