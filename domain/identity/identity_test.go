package identity_test

import (
	"strings"
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

func TestCheckEmail(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"": true, "dev@example.com": true, "no address": true, // as in the worlds of earlier releases
		strings.Repeat("x", identity.MaxEmail): true, strings.Repeat("ä", identity.MaxEmail/2) + "x": false,
	} {
		if why := identity.CheckEmail(address); (why == nil) != ok || why != nil && (why.Kind != domain.Invalid || why.Message != "the e-mail is longer than 2000 bytes") {
			t.Errorf("%.20q: got %v", address, why)
		}
	}
}

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
