package identity_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/domain/identity"
)

func TestAccessToken_Active(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		token identity.AccessToken
		want  bool
	}{
		"without an end":       {identity.AccessToken{}, true},
		"a moment before":      {identity.AccessToken{ExpiresAt: now.Add(1)}, true},
		"on the day":           {identity.AccessToken{ExpiresAt: now}, false},
		"revoked":              {identity.AccessToken{Revoked: true}, false},
		"revoked, and it ends": {identity.AccessToken{Revoked: true, ExpiresAt: now.Add(1)}, false},
	} {
		if got := tt.token.Active(now); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestAccessToken_Root(t *testing.T) {
	t.Parallel()
	for want, token := range map[int64]identity.AccessToken{1: {ID: 1}, 2: {ID: 2, Family: 2}, 3: {ID: 4, Family: 3}} {
		if got := token.Root(); got != want {
			t.Errorf("%+v: got %d, want %d", token, got, want)
		}
	}
}

// Each list has what is asked for somewhere, and what users get for themselves an
// administrator can give.
func TestScopes_lists(t *testing.T) {
	t.Parallel()
	for _, scope := range slices.Concat(identity.Scopes, identity.OwnScopes, []identity.Scope{
		identity.ScopeAPI, identity.ScopeReadAPI, identity.ScopeReadUser, identity.ScopeSelfRotate, identity.ScopeSudo,
	}) {
		if !slices.Contains(identity.GrantedScopes, scope) {
			t.Errorf("%s is not among those that can be granted", scope)
		}
	}
	if slices.Contains(identity.Scopes, identity.ScopeSudo) || slices.Contains(identity.OwnScopes, identity.ScopeAPI) {
		t.Error("users can give themselves more than they should")
	}
}

func TestNewTokenText(t *testing.T) {
	t.Parallel()
	text, err := identity.NewTokenText("glpat-", bytes.NewReader(bytes.Repeat([]byte{0xfb}, 15)))
	if want := "glpat--_v7-_v7-_v7-_v7-_v7"; text != want || err != nil {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
	if text, err := identity.NewTokenText("glpat-", strings.NewReader("too short")); text != "" || err == nil {
		t.Errorf("too few random bytes: got %q, %v", text, err)
	}
}

func FuzzScopes(f *testing.F) {
	for _, seed := range []string{"api", "read_user,read_repository", " api  read_api ", "", ",", "sudo", "api\x00", "größe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scopes := identity.SplitScopes([]string{text})
		for _, scope := range scopes {
			if scope == "" || strings.ContainsAny(string(scope), ", ") {
				t.Errorf("%q: got the scope %q", text, scope)
			}
		}
		refusal := identity.CheckScopes(scopes, identity.Scopes)
		if refusal == nil && (len(scopes) == 0 || identity.AccessToken{Scopes: scopes}.Allows(identity.ScopeSudo)) {
			t.Errorf("%q: got %q and no refusal", text, scopes)
		}
	})
}

func TestTokenDigest_Hex(t *testing.T) {
	t.Parallel()
	const digits = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // of hello
	digest := identity.DigestToken("hello")
	if got := digest.Hex(); got != digits {
		t.Errorf("got %s, want %s", got, digits)
	}
	for _, text := range []string{digits, strings.ToUpper(digits)} {
		if got, ok := identity.ParseTokenDigest(text); !ok || got != digest {
			t.Errorf("%s: got %q, %t, want %q", text, got, ok, digest)
		}
	}
	for _, text := range []string{"", digits[1:], digits + "00", "x" + digits[1:], string(digest)} {
		if got, ok := identity.ParseTokenDigest(text); ok || got != "" {
			t.Errorf("%s: got %q, want none", text, got)
		}
	}
	if got := identity.TokenDigest("d").Hex(); got != "" {
		t.Errorf("no digest: got %q", got)
	}
}
