package identity_test

import (
	"slices"
	"strings"
	"testing"
	"time"

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

func TestUser_CheckPublicEmail_secondary(t *testing.T) {
	t.Parallel()
	u := identity.User{Email: "dev@example.com"}
	all := []identity.Email{{Address: "Work@example.com", ConfirmedAt: time.Unix(1, 0)}, {Address: "home@example.com"}}
	for public, ok := range map[string]bool{"wORK@example.com": true, "DEV@example.com": true, "home@example.com": false, "work@example.co": false} {
		why := u.CheckPublicEmail(public, all...)
		if (why == nil) != ok || (u.WithPublicEmail(public, all...).PublicEmail == public) != ok {
			t.Errorf("%q: got %v", public, why)
		}
	}
}

func TestUser_WithoutPrimary(t *testing.T) {
	t.Parallel()
	all := []identity.Email{{Address: "a@example.com"}, {Address: "DEV@example.com"}, {Address: "b@example.com"}}
	got := identity.Addresses(identity.User{Email: "dev@example.com"}.WithoutPrimary(all))
	if want := []string{"a@example.com", "b@example.com"}; !slices.Equal(got, want) || all[1].Address != "DEV@example.com" {
		t.Errorf("got %q of %v, want %q", got, all, want)
	}
}

func TestFindEmail(t *testing.T) {
	t.Parallel()
	all := []identity.Email{{ID: 1, Address: "a@example.com"}, {ID: 2, Address: "B@example.com"}}
	for address, want := range map[string]int64{"A@example.com": 1, "b@example.com": 2, "c@example.com": 0, "": 0} {
		if e, found := identity.FindEmail(all, address); e.ID != want || found != (want != 0) {
			t.Errorf("%q: got %d, %t, want %d", address, e.ID, found, want)
		}
	}
}

func TestEmail_Check(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 245)
	for address, ok := range map[string]bool{
		"a@b": true, "a+b@example.com": true, long + "@b.example": true, long + "@bb.example": false,
		"": false, "a": false, "a@": false, "@b": false, "a b@c": false, "<a@b>": false, "a@b@c": false,
	} {
		if wrong := (identity.Email{Address: address}).Check(); (len(wrong) == 0) != ok || !ok && wrong.Error() != domain.WrongField("email", "is invalid").Error() {
			t.Errorf("%q: got %v", address, wrong)
		}
	}
}
