package secretfile

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"go.uber.org/zap"

	"gatehouse/application"
)

// Key is a key of a fixed size that its file has as base64. It follows its file as a
// Set does: while the file cannot be read, the last good key stays. It is safe for
// concurrent use.
type Key struct{ set *Set }

// OpenKey reads the file of a key of size bytes. It fails like Open, and also for a
// content that CheckKey refuses.
func OpenKey(named File, size int, strict bool, clock application.Clock, log *zap.Logger) (*Key, error) {
	set, err := Open(named, File{}, Rules{Strict: strict, Content: CheckKey(size)}, clock, log)
	if err != nil {
		return nil, err
	}
	return &Key{set}, nil
}

// CheckKey returns a function that fails unless a content is the padded standard
// base64 of size bytes. White space around it does not count.
func CheckKey(size int) func(content []byte) error {
	return func(content []byte) error {
		_, err := decodeKey(content, size)
		return err
	}
}

// Bytes returns the current key.
func (k *Key) Bytes() []byte {
	text, _ := k.set.Pair()
	key, _ := base64.StdEncoding.Strict().DecodeString(string(text)) // CheckKey has decoded it before
	return key
}

// Reload reads the file now, even if it seems not to have changed.
func (k *Key) Reload() { k.set.Reload() }

func decodeKey(content []byte, size int) ([]byte, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(content)))
	if err != nil || len(key) != size { // the error may quote the key
		return nil, fmt.Errorf("it is not the base64 of %d bytes", size)
	}
	return key, nil
}
