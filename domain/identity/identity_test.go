package identity_test

import (
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

func TestUser_CheckPublicEmail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		email, public string
		ok            bool
	}{
		{"", "", true}, {"dev@example.com", "", true}, {"dev@example.com", "dev@example.com", true}, {"Dev@example.com", "dEV@EXAMPLE.COM", true},
		{"", "dev@example.com", false}, {"dev@example.com", "dev@example.com ", false}, {"dev@example.com", "de@example.com", false},
		{"k@example.com", "\u212a@example.com", false},
	} {
		u := identity.User{Email: c.email, PublicEmail: "old"}
		why := u.CheckPublicEmail(c.public)
		if (why == nil) != c.ok || why != nil && why.Kind != domain.Invalid {
			t.Errorf("%q of %q: got %v", c.public, c.email, why)
		}
		want := ""
		if c.ok {
			want = c.public
		}
		if got := u.WithPublicEmail(c.public).PublicEmail; got != want {
			t.Errorf("%q of %q: got %q, want %q", c.public, c.email, got, want)
		}
	}
}
