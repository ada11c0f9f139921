package shell_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpapi/shell"
)

// FuzzAuthenticate looks for an accepted token that was not signed with the secret
// or is not from GitLab Shell.
func FuzzAuthenticate(f *testing.F) {
	header, rest, _ := strings.Cut(vectorToken, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	encode := base64.RawURLEncoding.EncodeToString
	for _, seed := range []string{
		vectorToken, header + "." + claims + ".", header + "." + claims, "..", "", "a.b.c",
		encode([]byte(`{"alg":"none"}`)) + "." + claims + ".",
		encode([]byte(`{"alg":"HS512"}`)) + "." + claims + "." + signature,
		encode([]byte(`{"alg":["HS256"]}`)) + "." + claims + "." + signature,
		header + "." + encode([]byte(`{"iss":"gitlab-shell","exp":1e999}`)) + "." + signature,
		header + "." + encode([]byte("{\"iss\":\"gitlab-shell\"}\xd3M")) + "." + signature,
	} {
		f.Add(seed)
	}
	now := func() time.Time { return time.Unix(vectorTime, 0) }
	secrets := func() [][]byte { return [][]byte{[]byte(sharedSecret)} }
	handler := serverWith(shell.NewAuthenticator(secrets, shell.LegacyReject, false, now, zap.NewNop()), zap.NewNop())
	f.Fuzz(func(t *testing.T, token string) {
		for _, token := range []string{token, signed(token)} {
			answer := serveRequest(handler, withHeader("Gitlab-Shell-Api-Request", token))
			if answer.Code != http.StatusOK && answer.Code != http.StatusUnauthorized {
				t.Errorf("%q: got %d", token, answer.Code)
			}
			if answer.Code == http.StatusOK && !genuine(token) {
				t.Errorf("%q was accepted", token)
			}
		}
	})
}

// signed replaces the signature by a right one.
func signed(token string) string {
	text := token[:max(strings.LastIndex(token, "."), 0)]
	mac := hmac.New(sha256.New, []byte(sharedSecret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// genuine checks a token without the library.
func genuine(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	mac := hmac.New(sha256.New, []byte(sharedSecret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	header, claims := unpack(parts[0]), unpack(parts[1])
	return err == nil && hmac.Equal(signature, mac.Sum(nil)) && header["alg"] == "HS256" && claims["iss"] == "gitlab-shell"
}

// unpack returns the members of a segment, none if it is malformed. Like the
// library, it ignores bytes after the JSON object.
func unpack(segment string) map[string]any {
	var members map[string]any
	text, _ := base64.RawURLEncoding.DecodeString(segment)
	_ = json.NewDecoder(bytes.NewReader(text)).Decode(&members)
	return members
}
