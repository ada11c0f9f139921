package totp_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/totp"
)

// The secret and the codes are those of RFC 6238, appendix B, cut to six digits.
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestAuthenticator_Step(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code string
		at   int64
		step int64
		ok   bool
	}{
		"first vector":         {"287082", 59, 1, true},
		"second vector":        {"081804", 1111111109, 37037036, true},
		"one step early":       {"287082", 29, 1, true},
		"one step late":        {"287082", 89, 1, true},
		"two steps late":       {"287082", 90, 0, false},
		"wrong":                {"287083", 59, 0, false},
		"empty":                {"", 59, 0, false},
		"short":                {"28708", 59, 0, false},
		"long":                 {"2870820", 59, 0, false},
		"letters":              {"28708x", 59, 0, false},
		"eight digits of it":   {"94287082", 59, 0, false},
		"digits of a language": {"２８７０８２", 59, 0, false},
	} {
		step, ok, err := totp.Authenticator{}.Step(secret, c.code, time.Unix(c.at, 0))
		if step != c.step || ok != c.ok || err != nil {
			t.Errorf("%s: got %d, %v, %v, want %d, %v", name, step, ok, err, c.step, c.ok)
		}
	}
}

func TestAuthenticator_Step_brokenSecret(t *testing.T) {
	t.Parallel()
	_, ok, err := totp.Authenticator{}.Step("0189!", "287082", time.Unix(59, 0))
	if ok || err == nil || strings.Contains(err.Error(), "0189") {
		t.Errorf("got %v, %v, want an error", ok, err)
	}
}
