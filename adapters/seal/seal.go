// Package seal encrypts secrets before they are stored, so that only the key of this
// instance opens them.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// Box seals and opens texts. It is safe for concurrent use.
type Box struct {
	aead cipher.AEAD
	// older opens texts that previous keys sealed.
	older []cipher.AEAD
}

// New makes a Box. It seals with key, and opens with key and the previous keys. Each
// key must be long and random.
func New(key []byte, previous ...[]byte) *Box {
	box := &Box{aead: newAEAD(key)}
	for _, k := range previous {
		box.older = append(box.older, newAEAD(k))
	}
	return box
}

// newAEAD derives the key of the cipher, so that the instance's key has other uses as
// well. No step fails, since the sizes are fixed.
func newAEAD(key []byte) cipher.AEAD {
	derived, err := hkdf.Key(sha256.New, key, nil, "gatehouse seal v1", 32)
	block, err2 := aes.NewCipher(derived)
	aead, err3 := cipher.NewGCMWithRandomNonce(block)
	if err := errors.Join(err, err2, err3); err != nil {
		panic(err)
	}
	return aead
}

// version is the prefix of every sealed text, so that the form can change.
const version = "v1:"

// encoding is strict, so that a change in the last letter is noticed too.
var encoding = base64.RawStdEncoding.Strict()

var errSealed = errors.New("sealed text cannot be opened: it is damaged, or sealed with another key")

// Seal returns text in a form that only Open reads. Each call returns another form.
func (b *Box) Seal(text string) string {
	return version + encoding.EncodeToString(b.aead.Seal(nil, nil, []byte(text), nil))
}

// Open returns the text that Seal has sealed. Its error holds nothing of the text.
func (b *Box) Open(sealed string) (string, error) {
	encoded, ok := strings.CutPrefix(sealed, version)
	raw, err := encoding.DecodeString(encoded)
	if !ok || err != nil {
		return "", errSealed
	}
	for _, aead := range append([]cipher.AEAD{b.aead}, b.older...) {
		if text, err := aead.Open(nil, nil, raw, nil); err == nil {
			return string(text), nil
		}
	}
	return "", errSealed
}
