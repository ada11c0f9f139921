package identity_test

import (
	"testing"

	"gatehouse/domain/identity"
)

func TestClaimIdentifier(t *testing.T) {
	t.Parallel()
	unresolvable := identity.Claim{Kind: identity.Unresolvable}
	for text, want := range map[string]identity.Claim{
		"key-7":                    {Kind: identity.ByKey, ID: 7},
		"user-29":                  {Kind: identity.ByUser, ID: 29},
		"username-Dede":            {Kind: identity.ByName, Name: "dede"},
		"username-a-b":             {Kind: identity.ByName, Name: "a-b"},
		"username-BL\u212a":        {Kind: identity.ByName, Name: "bl\u212a"},
		"username-":                unresolvable,
		"":                         unresolvable,
		"7":                        unresolvable,
		"key-":                     unresolvable,
		"key-0":                    unresolvable,
		"key-+7":                   unresolvable,
		"key-07":                   unresolvable,
		"key--7":                   unresolvable,
		"key-7abc":                 unresolvable,
		"key- 7":                   unresolvable,
		"deploy-token-7":           unresolvable,
		"key-99999999999999999999": unresolvable,
	} {
		if got := identity.ClaimIdentifier(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestClaim_String_readsBack(t *testing.T) {
	t.Parallel()
	for _, c := range []identity.Claim{identity.ClaimKey("7"), identity.ClaimUser("29"), identity.ClaimName("Dede")} {
		if got := identity.ClaimIdentifier(c.String()); got != c {
			t.Errorf("%s: got %v, want %v", c, got, c)
		}
	}
}

func TestActor_deployKeyIsNoPerson(t *testing.T) {
	t.Parallel()
	creator := identity.User{ID: 9, Username: "nora"}
	robot := identity.Actor{User: creator, Key: identity.Key{ID: 3, Kind: identity.DeployKey}}
	if got := robot.Person(); got.Known() {
		t.Errorf("person: got %v, want none", got)
	}
	if got := robot.GLID(); got != "user-9" {
		t.Errorf("gl_id: got %q, want the creator's", got)
	}
	if got := (identity.Actor{}).GLID(); got != "" {
		t.Errorf("anonymous gl_id: got %q, want none", got)
	}
}
