package httpapi_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/adapters/httpapi"
)

func TestNewTokenParser(t *testing.T) {
	t.Parallel()
	const now = 1_700_000_000
	clock := func() time.Time { return time.Unix(now, 0) }
	parser, strict := httpapi.NewTokenParser("gitlab-shell", time.Minute, false, clock), httpapi.NewTokenParser("gitlab-shell", time.Minute, true, clock)
	for name, c := range map[string]struct {
		method jwt.SigningMethod
		claims jwt.MapClaims
		ok     bool
	}{
		"no times":                 {jwt.SigningMethodHS256, jwt.MapClaims{}, true},
		"expired within leeway":    {jwt.SigningMethodHS256, jwt.MapClaims{"exp": now - 59}, true},
		"expired before leeway":    {jwt.SigningMethodHS256, jwt.MapClaims{"exp": now - 60}, false},
		"expired in 1970":          {jwt.SigningMethodHS256, jwt.MapClaims{"exp": 0}, false},
		"not yet valid, in leeway": {jwt.SigningMethodHS256, jwt.MapClaims{"nbf": now + 60}, true},
		"not yet valid":            {jwt.SigningMethodHS256, jwt.MapClaims{"nbf": now + 61}, false},
		"other issuer":             {jwt.SigningMethodHS256, jwt.MapClaims{"iss": "gitlab-kas"}, false},
		"other algorithm":          {jwt.SigningMethodHS512, jwt.MapClaims{}, false},
	} {
		if c.claims["iss"] == nil {
			c.claims["iss"] = "gitlab-shell"
		}
		text, err := jwt.NewWithClaims(c.method, c.claims).SignedString([]byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		secret := func(*jwt.Token) (any, error) { return []byte("secret"), nil }
		if _, err := parser.Parse(text, secret); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted: %t", name, err, c.ok)
		}
		_, ends := c.claims["exp"]
		if _, err := strict.Parse(text, secret); (err == nil) != (c.ok && ends) {
			t.Errorf("%s, with requireExp: got %v, want accepted: %t", name, err, c.ok && ends)
		}
	}
}

// signed returns a token of that header and those claims, as texts.
func signed(header, claims, secret string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	signature, _ := jwt.SigningMethodHS256.Sign(text, []byte(secret))
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// checkers returns a TokenChecker, and what the parser says of a token.
func checkers(requireExp bool) (*httpapi.TokenChecker, func(token string, keys [][]byte) error) {
	clock := func() time.Time { return time.Unix(1_700_000_000, 500) }
	parser := httpapi.NewTokenParser("gitlab-shell", time.Minute, requireExp, clock)
	return httpapi.NewTokenChecker("gitlab-shell", time.Minute, requireExp, clock), func(token string, keys [][]byte) error {
		_, err := parser.Parse(token, func(*jwt.Token) (any, error) {
			var set jwt.VerificationKeySet
			for _, key := range keys {
				set.Keys = append(set.Keys, key)
			}
			return set, nil
		})
		return err
	}
}

const (
	plainHeader = `{"alg":"HS256","typ":"JWT"}`
	plainClaims = `{"iss":"gitlab-shell","iat":1700000000,"exp":1700000060}`
)

// tokenTexts are headers and claims of which each is unlike a plain one in one way.
var tokenTexts = [][2]string{
	{plainHeader, plainClaims},
	{`{"typ":"JWT","alg":"HS256"}`, plainClaims}, {`{"alg":"HS256"}`, plainClaims}, {`{"ALG":"HS256","typ":"JWT"}`, plainClaims},
	{`{"alg":"none","typ":"JWT"}`, plainClaims}, {`{"alg":"HS512","typ":"JWT"}`, plainClaims}, {`{"alg":"none","alg":"HS256"}`, plainClaims},
	{`{"alg":"HS256","alg":"none"}`, plainClaims}, {`{"alg":"HS256","typ":"JWT"} `, plainClaims}, {`{"alg":"HS256","typ":"JWT"}x`, plainClaims},
	{plainHeader, `{"ISS":"gitlab-shell"}`}, {plainHeader, `{"iss":"gitlab-kas"}`}, {plainHeader, `{"iss":["gitlab-shell"]}`}, {plainHeader, `{"iss":""}`},
	{plainHeader, `{}`}, {plainHeader, `null`}, {plainHeader, `[]`}, {plainHeader, ``}, {plainHeader, `{"iss":"gitlab-shell"} x`},
	{plainHeader, `{"iss":"gitlab-kas","iss":"gitlab-shell"}`}, {plainHeader, `{"iss":"gitlab-shell","iss":"gitlab-kas"}`},
	{plainHeader, `{"iss":"gitlab-shell","iss":null}`}, {plainHeader, `{"\u0069ss":"gitlab-shell"}`}, {plainHeader, `{"iss":"gitlab\u002dshell"}`},
	{plainHeader, "{\"iss\":\"gitlab-shell\xff\"}"}, {plainHeader, `{"iss":"gitlab-shell","aud":["x"],"sub":{}}`}, {plainHeader, `{"iss":"gitlab-shell","iat":"x","sub":true}`},
	{plainHeader, `{"iss":"gitlab-shell","exp":1699999940}`}, {plainHeader, `{"iss":"gitlab-shell","exp":1699999941}`}, {plainHeader, `{"iss":"gitlab-shell","exp":0}`},
	{plainHeader, `{"iss":"gitlab-shell","exp":null}`}, {plainHeader, `{"iss":"gitlab-shell","exp":"1700000060"}`}, {plainHeader, `{"iss":"gitlab-shell","exp":true}`},
	{plainHeader, `{"iss":"gitlab-shell","exp":1699999940.9}`}, {plainHeader, `{"iss":"gitlab-shell","exp":1.7e9}`}, {plainHeader, `{"iss":"gitlab-shell","exp":-1}`},
	{plainHeader, `{"iss":"gitlab-shell","exp":1700000060,"exp":1}`}, {plainHeader, `{"iss":"gitlab-shell","exp":1,"exp":1700000060}`}, {plainHeader, `{"iss":"gitlab-shell","Exp":1}`},
	{plainHeader, `{"iss":"gitlab-shell","exp":999999999999999}`}, {plainHeader, `{"iss":"gitlab-shell","exp":99999999999999999999}`},
	{plainHeader, `{"iss":"gitlab-shell","nbf":1700000060}`}, {plainHeader, `{"iss":"gitlab-shell","nbf":1700000061}`}, {plainHeader, `{"iss":"gitlab-shell","nbf":"x"}`},
	{plainHeader, `{"iss":"gitlab-shell","nbf":null}`}, {plainHeader, `{"iss":"gitlab-shell","nbf":999999999999999}`}, {plainHeader, `{"iss":"gitlab-shell","nbf":0}`},
	{plainHeader, `{"iss":"gitlab-shell","iat":1700009999}`},
}

// FuzzTokenChecker looks for a token of which TokenChecker and the parser say different
// things. It has the signature of the text or of the secret.
func FuzzTokenChecker(f *testing.F) {
	for _, texts := range tokenTexts {
		f.Add(texts[0], texts[1], "")
	}
	good := signed(plainHeader, plainClaims, "secret")
	for _, token := range []string{
		good, good + ".x", good + "\n", good[:len(good)-1], good + "=", signed(plainHeader, plainClaims, "other"), signed(plainHeader, plainClaims, "previous"),
		strings.Replace(good, ".", "..", 1), good[:strings.LastIndex(good, ".")], good[:strings.LastIndex(good, ".")+1], "", "..",
	} {
		f.Add(plainHeader, plainClaims, token)
	}
	keys := [][]byte{[]byte("secret"), []byte("previous")}
	f.Fuzz(func(t *testing.T, header, claims, token string) {
		for _, text := range []string{token, signed(header, claims, "secret")} {
			for _, requireExp := range []bool{false, true} {
				checker, parse := checkers(requireExp)
				want := parse(text, keys)
				if len(text) > 4<<10 {
					want = errors.New("a token of more than 4096 bytes")
				}
				if got := checker.Check(text, keys); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%q, exp required: %t: got %v, want %v", text, requireExp, got, want)
				}
			}
		}
	})
}

// Tokens as GitLab Shell and Gitaly write them go the short way, and others do not.
func TestTokenChecker_plain(t *testing.T) {
	t.Parallel()
	checker, _ := checkers(true)
	keys := [][]byte{[]byte("previous"), []byte("secret")}
	for token, want := range map[string]bool{
		signed(plainHeader, plainClaims, "secret"):                      true,
		signed(plainHeader, plainClaims, "other"):                       false,
		signed(`{"typ":"JWT","alg":"HS256"}`, plainClaims, "secret"):    false,
		signed(plainHeader, `{"iss":"gitlab-shell","exp":1}`, "secret"): false,
	} {
		if got := checker.Plain(token, keys); got != want {
			t.Errorf("%s: got %t, want %t", token, got, want)
		}
	}
}

func TestTokenChecker_Check_noKeys(t *testing.T) {
	t.Parallel()
	checker, _ := checkers(false)
	if err := checker.Check(signed(plainHeader, plainClaims, ""), nil); err == nil {
		t.Error("got nil, want a token refused that no key has signed")
	}
}

func BenchmarkTokenChecker(b *testing.B) {
	checker, parse := checkers(false)
	token, keys := signed(plainHeader, plainClaims, "secret"), [][]byte{[]byte("secret")}
	for name, check := range map[string]func(string, [][]byte) error{"plain": checker.Check, "parser": parse} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := check(token, keys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
