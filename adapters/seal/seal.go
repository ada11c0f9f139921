// Package seal encrypts secrets before they are stored, so that only the key of this
// instance opens them.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// Box seals and opens texts. It is safe for concurrent use.
type Box struct {
	// keys are the current key and then the previous ones.
	keys []derived
}

// derived is what is derived from one key.
type derived struct {
	// prefix begins every text that the key seals. It names the form and the key.
	prefix string
	aead   cipher.AEAD
	digest []byte
}

// New makes a Box. It seals with key, and opens with key and the previous keys. Each
// key must be long and random.
func New(key []byte, previous ...[]byte) *Box {
	box := new(Box)
	for _, k := range append([][]byte{key}, previous...) {
		box.keys = append(box.keys, derive(k))
	}
	return box
}

// derive derives a key for each purpose, so that the instance's key has other uses
// as well. No step fails, since the sizes are fixed.
func derive(key []byte) derived {
	secret, err := hkdf.Key(sha256.New, key, nil, "gatehouse seal v1", 32)
	digest, err2 := hkdf.Key(sha256.New, key, nil, "gatehouse digest v1", 32)
	name, err3 := hkdf.Key(sha256.New, key, nil, "gatehouse key name v1", 9)
	block, err4 := aes.NewCipher(secret)
	aead, err5 := cipher.NewGCMWithRandomNonce(block)
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		panic(err)
	}
	return derived{second + base64.RawURLEncoding.EncodeToString(name) + ":", aead, digest}
}

// PrefixLength is the length of every Prefix.
const PrefixLength = len(second) + 12 + len(":")

const (
	// first begins the texts of the first form, which may lie anywhere.
	first = "v1:"
	// second begins the texts of today's form. The name of the key and a colon follow.
	second = "v2:"
)

// encoding is strict, so that a change in the last letter is noticed too.
var encoding = base64.RawStdEncoding.Strict()

var errSealed = errors.New("sealed text cannot be opened: it is damaged, sealed with another key, or not from here")

// Seal returns text in a form that only Open reads, and only for the same place:
// a sealed text that was moved cannot be opened. Each call returns another form.
func (b *Box) Seal(text, place string) string {
	key := b.keys[0]
	return key.prefix + encoding.EncodeToString(key.aead.Seal(nil, nil, []byte(text), []byte(place)))
}

// Prefix returns the beginning of every text that Seal returns. Sealed texts that
// begin in another way are of an older form or of another key.
func (b *Box) Prefix() string { return b.keys[0].prefix }

// Open returns the text that Seal, with one of the keys, sealed for the place. It
// also reads texts of the first form. Its error holds nothing of the text.
func (b *Box) Open(sealed, place string) (string, error) {
	for _, key := range b.keys {
		data, encoded := []byte(place), sealed
		switch {
		case strings.HasPrefix(sealed, key.prefix):
			encoded = sealed[len(key.prefix):]
		case strings.HasPrefix(sealed, first):
			data, encoded = nil, sealed[len(first):]
		default:
			continue
		}
		raw, err := encoding.DecodeString(encoded)
		if err != nil {
			return "", errSealed
		}
		if text, err := key.aead.Open(nil, nil, raw, data); err == nil {
			return string(text), nil
		}
	}
	return "", errSealed
}

// Foreign says whether a text names a key that is none of these. Such a text need not
// be damaged.
func (b *Box) Foreign(sealed string) bool {
	return len(sealed) >= PrefixLength && strings.HasPrefix(sealed, second) && sealed[PrefixLength-1] == ':' &&
		!slices.ContainsFunc(b.keys, func(key derived) bool { return strings.HasPrefix(sealed, key.prefix) })
}

// Digests returns a text by which equal texts can be recognised, but not read,
// for the current key and then for each previous one.
func (b *Box) Digests(text string) []string {
	digests := make([]string, len(b.keys))
	for i, key := range b.keys {
		mac := hmac.New(sha256.New, key.digest)
		mac.Write([]byte(text))
		digests[i] = hex.EncodeToString(mac.Sum(nil))
	}
	return digests
}
