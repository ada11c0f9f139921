package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// TokenDigest is the SHA-256 of a token's text in base64: stores keep it
// instead of the text. A token is long and random, so that no slower hash is
// needed.
type TokenDigest string

// DigestToken returns the digest of a token's text.
func DigestToken(text string) TokenDigest {
	sum := sha256.Sum256([]byte(text))
	return TokenDigest(base64.StdEncoding.EncodeToString(sum[:]))
}

// tokenBytes makes 20 characters of base64.
const tokenBytes = 15

// NewTokenText returns the text of a new token: the prefix and 20 letters, digits, dashes
// and underscores from random, which has to be fit for secrets.
func NewTokenText(prefix string, random io.Reader) (string, error) {
	raw := make([]byte, tokenBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("random token: %w", err)
	}
	return prefix + base64.RawURLEncoding.EncodeToString(raw), nil
}
