package identity

import (
	"crypto/sha256"
	"encoding/base64"
)

// TokenDigest is what is kept of a token: the SHA-256 of its text in base64.
// A token is long and random, so that no slower hash is needed.
type TokenDigest string

// DigestToken returns the digest of a token's text.
func DigestToken(text string) TokenDigest {
	sum := sha256.Sum256([]byte(text))
	return TokenDigest(base64.StdEncoding.EncodeToString(sum[:]))
}
