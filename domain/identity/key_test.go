package identity_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse/domain/identity"
)

const (
	blob  = "AAAAC3NzaC1lZDI1NTE5AAAAIOlRlpHcai+XV9Mw1YZNOoQ4QObD6ROfZZ8b3vlQrGa/"
	print = identity.Fingerprint("1qPsHXu1alox28Isr15aDy/S3VDW0U+H0O0lAxM26es")
	// padded is an ECDSA blob whose base64 ends in "=".
	padded = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="
	// certificate begins as every ed25519 certificate does.
	certificate = "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIOlRlpHcai+XV9Mw1YZNOoQ4QObD6ROfZZ8b3vlQrGa/"
)

func TestParseBlob(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"as OpenSSH passes it":    blob,
		"a blank for a plus sign": strings.ReplaceAll(blob, "+", " "),
		"a whole line":            "ssh-ed25519 " + blob + " nora@example.com",
		"with options in front":   `no-pty ssh-ed25519 ` + blob,
		"surrounded by blanks":    " " + blob + "\n",
	} {
		if got, ok := identity.ParseBlob(text); !ok || got != print {
			t.Errorf("%s: got %q, %v, want %q", name, got, ok, print)
		}
	}
	with, ok := identity.ParseBlob(padded)
	without, ok2 := identity.ParseBlob(strings.TrimRight(padded, "="))
	if !ok || !ok2 || with != without {
		t.Errorf("padding: got %q and %q, want the same", with, without)
	}
}

func TestParseBlob_isNone(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":            "",
		"blanks":           "   ",
		"garbage":          "!!!",
		"base64 of text":   "aGVsbG8gd29ybGQ=",
		"cut off":          blob[:12],
		"certificate":      certificate,
		"only a name":      "AAAAC3NzaC1lZDI1NTE5",
		"length too large": "/////3NzaC1lZDI1NTE5AAAA",
	} {
		if got, ok := identity.ParseBlob(text); ok {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
}

func TestKey_expiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		at            time.Time
		expired, soon bool
	}{
		"never":              {time.Time{}, false, false},
		"at this moment":     {now, true, false},
		"in a moment":        {now.Add(time.Nanosecond), false, true},
		"in seven days":      {now.AddDate(0, 0, 7), false, true},
		"after seven days":   {now.AddDate(0, 0, 7).Add(1), false, false},
		"a moment ago":       {now.Add(-1), true, false},
		"long ago, far back": {now.AddDate(-3, 0, 0), true, false},
	} {
		key := identity.Key{ExpiresAt: c.at}
		if got := key.Expired(now); got != c.expired {
			t.Errorf("%s: expired: got %v, want %v", name, got, c.expired)
		}
		if got := key.ExpiresSoon(now); got != c.soon {
			t.Errorf("%s: expires soon: got %v, want %v", name, got, c.soon)
		}
	}
}

func FuzzParseBlob(f *testing.F) {
	for _, seed := range []string{blob, padded, certificate, "ssh-ed25519 " + blob + " x", "", "AAAA", "=", "+ +"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		print, ok := identity.ParseBlob(text)
		if ok != (print != "") {
			t.Fatalf("got %q, %v", print, ok)
		}
		if !ok {
			return
		}
		if again, _ := identity.ParseBlob(" " + text + "\t"); again != print {
			t.Errorf("with blanks around: got %q, want %q", again, print)
		}
	})
}
