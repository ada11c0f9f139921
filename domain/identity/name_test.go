package identity_test

import (
	"strings"
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

func TestCheckUsername(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"dev": true, "Dev": true, "_a.b-c": true, "7": true, "a.gitx": true, strings.Repeat("x", 255): true,
		"": false, "-a": false, ".a": false, "a.": false, "a.git": false, "a.GIT": false, "a.Atom": false,
		"a b": false, "a/b": false, "ä": false, "a+b": false, "a\n": false, strings.Repeat("x", 256): false,
	} {
		if got := identity.CheckUsername(name); (got == nil) != ok {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

// TestFold has letters that Unicode folds to ASCII: the sign for kelvin, the long s
// and the dotted capital i.
func TestFold(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "", "Dede": "dede", "A-Z_09.b": "a-z_09.b", "@[`{": "@[`{", "bl\u212a": "bl\u212a", "\u017fam": "\u017fam", "\u0130vy": "\u0130vy", "Ädé": "Ädé",
	} {
		if got := identity.Fold(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestCheckName_message(t *testing.T) {
	t.Parallel()
	const want = `each part of a path is made of letters, digits, "_", "-" and "."; it begins with a letter, a digit or "_" and does not end in ".", ".git" or ".atom"`
	if got := identity.CheckName("each part of a path", "%s"); got == nil || got.Kind != domain.Invalid || got.Message != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
