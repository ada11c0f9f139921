package identity

import (
	"crypto/sha256"
	"encoding/base64"
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
