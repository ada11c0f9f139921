package cli

import (
	"encoding/base64"
	"os"

	"github.com/golang-jwt/jwt/v5"
)

// demoAgentToken is that of an agent in the demo's world.
const demoAgentToken = "demo-agent-token"

// kasToken is a token as kas makes them, but without an end: the calls of the
// demo are pasted whenever somebody likes.
func kasToken(secretFile string) (string, error) {
	text, err := os.ReadFile(secretFile)
	if err != nil {
		return "", err
	}
	secret, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return "", err
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "gitlab-kas", "aud": []string{"gitlab"}}).SignedString(secret)
}
