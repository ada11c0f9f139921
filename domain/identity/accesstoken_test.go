package identity_test

import (
	"strings"
	"testing"

	"gatehouse/domain/identity"
)

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
