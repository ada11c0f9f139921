package seal_test

import (
	"strings"
	"testing"

	"gatehouse/adapters/seal"
)

func box(keys ...string) *seal.Box {
	var previous [][]byte
	for _, key := range keys[1:] {
		previous = append(previous, []byte(key))
	}
	return seal.New([]byte(keys[0]), previous...)
}

const place = "hooks.token/17"

func TestBox_readsBack(t *testing.T) {
	t.Parallel()
	b := box("one")
	sealed := b.Seal("JBSWY3DPEHPK3PXP", place)
	if got, err := b.Open(sealed, place); err != nil || got != "JBSWY3DPEHPK3PXP" {
		t.Errorf("got %q, %v", got, err)
	}
	if strings.Contains(sealed, "JBSW") || sealed == b.Seal("JBSWY3DPEHPK3PXP", place) {
		t.Errorf("got %q, want another text each time", sealed)
	}
	if prefix := b.Prefix(); len(prefix) != seal.PrefixLength || !strings.HasPrefix(sealed, prefix) || prefix == box("two").Prefix() {
		t.Errorf("got prefix %q of %q", prefix, sealed)
	}
}

func TestBox_Open_moved(t *testing.T) {
	t.Parallel()
	b := box("one")
	sealed := b.Seal("x", place)
	for _, other := range []string{"hooks.token/1", "hooks.token/171", "hooks.url/17", "users.totp_secret/17", ""} {
		if got, err := b.Open(sealed, other); err == nil {
			t.Errorf("%q: got %q", other, got)
		}
	}
	if got, err := b.Open("v1:"+sealed[seal.PrefixLength:], place); err == nil {
		t.Errorf("as the first form: got %q", got)
	}
}

// TestBox_Open_firstForm opens what the release before sealed with the key.
func TestBox_Open_firstForm(t *testing.T) {
	t.Parallel()
	const sealed = "v1:n9kjqgpZaUHbZeTV2kZjOHOMgbq1+RJ2vtpHM7+sIylZvQ"
	for name, b := range map[string]*seal.Box{"current": box("one"), "previous": box("two", "one")} {
		if got, err := b.Open(sealed, place); err != nil || got != "sesame" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if strings.HasPrefix(sealed, b.Prefix()) {
			t.Errorf("%s: it passes for the current form", name)
		}
	}
	if got, err := box("two").Open(sealed, place); err == nil {
		t.Errorf("another key: got %q", got)
	}
}

func TestBox_rotation(t *testing.T) {
	t.Parallel()
	sealed := box("old").Seal("x", place)
	if got, err := box("new", "old").Open(sealed, place); err != nil || got != "x" {
		t.Errorf("with the previous key: got %q, %v", got, err)
	}
	if got, err := box("new").Open(sealed, place); err == nil {
		t.Errorf("without it: got %q", got)
	}
}

func TestBox_Digests(t *testing.T) {
	t.Parallel()
	b := box("new", "old")
	got, old := b.Digests("https://ci.example.com/?x"), box("old").Digests("https://ci.example.com/?x")
	if len(got) != 2 || got[1] != old[0] || got[0] == got[1] || got[0] == b.Digests("https://ci.example.com/?X")[0] {
		t.Errorf("got %q, the old key has %q", got, old)
	}
}

func TestBox_Open_damaged(t *testing.T) {
	t.Parallel()
	b := box("one")
	sealed := b.Seal("secret", place)
	for name, text := range map[string]string{
		"empty": "", "plain": "secret", "no version": sealed[3:], "cut": sealed[:len(sealed)-2], "short": b.Prefix() + "AAAA",
		"no base64": b.Prefix() + "!!!", "first form": "v1:AAAA",
	} {
		if got, err := b.Open(text, place); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestBox_Open_changed(t *testing.T) {
	t.Parallel()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b := box("one")
	// The last letter of base64 has 0, 2 or 4 unused bits, for texts of three lengths.
	for _, text := range []string{"secret", "secret1", "secret12"} {
		sealed := b.Seal(text, place)
		for i := range sealed {
			for _, letter := range letters {
				changed := sealed[:i] + string(letter) + sealed[i+1:]
				if got, err := b.Open(changed, place); changed != sealed && err == nil {
					t.Fatalf("letter %d of %q as %q: got %q", i, sealed, letter, got)
				}
			}
		}
	}
}

func TestBox_Foreign(t *testing.T) {
	t.Parallel()
	one, two := seal.New([]byte("one")), seal.New([]byte("two"))
	for name, test := range map[string]struct {
		box    *seal.Box
		sealed string
		want   bool
	}{
		"its own":               {one, one.Seal("x", "y"), false},
		"of a previous key":     {seal.New([]byte("two"), []byte("one")), one.Seal("x", "y"), false},
		"of another key":        {one, two.Seal("x", "y"), true},
		"of its own, damaged":   {one, one.Prefix() + "???", false},
		"first form":            {one, "v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
		"without a key's name":  {one, "v2:damaged", false},
		"without a second mark": {one, "v2:damaged-and-longer-than-that", false},
		"nothing":               {one, "", false},
		"a URL":                 {one, "https://ci.example.com/:", false},
	} {
		if got := test.box.Foreign(test.sealed); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
