package identity_test

import (
	"errors"
	"strings"
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

func TestParseFingerprint(t *testing.T) {
	t.Parallel()
	md5 := strings.TrimSuffix(strings.Repeat("0f:", 16), ":")
	for text, want := range map[string]struct {
		print   identity.Fingerprint
		ok, bad bool
	}{
		"SHA256:" + string(print):            {print: print, ok: true},
		string(print):                        {print: print, ok: true},
		"SHA256:" + string(print) + "=":      {print: print, ok: true},
		"SHA256:" + string(print[1:]):        {ok: true, bad: true},
		"SHA256:":                            {ok: true, bad: true},
		"SHA256:" + string(print[:42]) + "!": {ok: true, bad: true},
		"MD5:" + md5:                         {ok: true, bad: true},
		strings.ToUpper(md5):                 {ok: true, bad: true},
		"laptop":                             {},
		"11":                                 {},
		"":                                   {},
		string(print) + "/x":                 {},
	} {
		got, ok, err := identity.ParseFingerprint(text)
		if got != want.print || ok != want.ok || errors.Is(err, domain.Invalid) != want.bad || (err != nil) != want.bad {
			t.Errorf("%q: got %q, %t, %v", text, got, ok, err)
		}
	}
}
