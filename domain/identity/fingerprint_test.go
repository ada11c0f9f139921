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

func TestParseMD5(t *testing.T) {
	t.Parallel()
	const sum = "5d:93:4b:87:a3:0c:8b:73:22:9f:5a:00:12:34:56:7f"
	for text, want := range map[string]identity.MD5{
		sum: "5d934b87a30c8b73229f5a001234567f", "MD5:" + strings.ToUpper(sum): "5d934b87a30c8b73229f5a001234567f",
		"": "", sum[3:]: "", strings.ReplaceAll(sum, ":", ""): "", "SHA256:" + sum: "",
	} {
		if got, ok := identity.ParseMD5(text); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t", text, got, ok)
		}
	}
}

// The sum is that of ssh-keygen -E md5 -lf.
func TestKey_MD5(t *testing.T) {
	t.Parallel()
	if got := (identity.Key{Line: publicLine}).MD5(); got != "354ebf2a1c7edbdaab09f68487a67b83" {
		t.Errorf("got %q", got)
	}
	if got := (identity.Key{}).MD5(); got != "" {
		t.Errorf("no key: got %q", got)
	}
}
