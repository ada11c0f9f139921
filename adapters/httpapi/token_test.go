package httpapi_test

import (
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
