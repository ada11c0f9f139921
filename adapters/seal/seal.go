// Package seal keeps secrets readable to this instance only: what is sealed
// can be opened with the instance's key and with no other.
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
	// older opens what was sealed before the key was rotated.
	older []cipher.AEAD
}

// New makes a Box. The first key seals, all of them open; each is as long and
// as random as a secret should be.
func New(key []byte, previous ...[]byte) *Box {
	box := &Box{aead: newAEAD(key)}
	for _, k := range previous {
		box.older = append(box.older, newAEAD(k))
	}
	return box
}

// newAEAD derives a key of its own, so that the instance's serves other uses.
// No step of it can fail: the sizes are fixed.
func newAEAD(key []byte) cipher.AEAD {
	derived, err := hkdf.Key(sha256.New, key, nil, "gatehouse seal v1", 32)
	block, err2 := aes.NewCipher(derived)
	aead, err3 := cipher.NewGCMWithRandomNonce(block)
	if err := errors.Join(err, err2, err3); err != nil {
		panic(err)
	}
	return aead
}

// version stands before what is sealed, so that the form can change.
const version = "v1:"

// encoding has one form for each text: a changed last letter is damage too.
var encoding = base64.RawStdEncoding.Strict()

var errSealed = errors.New("sealed text cannot be opened: it is damaged, or sealed with another key")

// Seal returns text in a form that only Open reads; another one each time.
func (b *Box) Seal(text string) string {
	return version + encoding.EncodeToString(b.aead.Seal(nil, nil, []byte(text), nil))
}

// Open returns what was sealed. Its error tells nothing of it.
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
