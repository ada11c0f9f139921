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

func TestBox_readsBack(t *testing.T) {
	t.Parallel()
	b := box("one")
	sealed := b.Seal("JBSWY3DPEHPK3PXP")
	if got, err := b.Open(sealed); err != nil || got != "JBSWY3DPEHPK3PXP" {
		t.Errorf("got %q, %v", got, err)
	}
	if strings.Contains(sealed, "JBSW") || sealed == b.Seal("JBSWY3DPEHPK3PXP") {
		t.Errorf("got %q, want another text each time", sealed)
	}
}

func TestBox_rotation(t *testing.T) {
	t.Parallel()
	sealed := box("old").Seal("x")
	if got, err := box("new", "old").Open(sealed); err != nil || got != "x" {
		t.Errorf("with the previous key: got %q, %v", got, err)
	}
	if got, err := box("new").Open(sealed); err == nil {
		t.Errorf("without it: got %q", got)
	}
}

func TestBox_Open_damaged(t *testing.T) {
	t.Parallel()
	b := box("one")
	sealed := b.Seal("secret")
	for name, text := range map[string]string{
		"empty": "", "plain": "secret", "no version": sealed[3:], "cut": sealed[:len(sealed)-2], "short": "v1:AAAA",
		"no base64": "v1:!!!",
	} {
		if got, err := b.Open(text); err == nil || strings.Contains(err.Error(), "secret") {
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
		sealed := b.Seal(text)
		for i := range sealed {
			for _, letter := range letters {
				changed := sealed[:i] + string(letter) + sealed[i+1:]
				if got, err := b.Open(changed); changed != sealed && err == nil {
					t.Fatalf("letter %d of %q as %q: got %q", i, sealed, letter, got)
				}
			}
		}
	}
}
