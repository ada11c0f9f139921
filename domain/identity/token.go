package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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

// ParseTokenDigest reads the SHA-256 of a token's text from 64 hexadecimal digits, in any
// letter case.
func ParseTokenDigest(digits string) (digest TokenDigest, ok bool) {
	sum, err := hex.DecodeString(digits)
	if err != nil || len(sum) != sha256.Size {
		return "", false
	}
	return TokenDigest(base64.StdEncoding.EncodeToString(sum)), true
}

// Hex returns the digest in 64 hexadecimal digits, or empty if it is none.
func (d TokenDigest) Hex() string {
	sum, err := base64.StdEncoding.DecodeString(string(d))
	if err != nil || len(sum) != sha256.Size {
		return ""
	}
	return hex.EncodeToString(sum)
}
