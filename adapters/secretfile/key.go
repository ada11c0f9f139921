package secretfile

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"gatehouse/application"
)

// Key is a key of a fixed size that its file has as base64. It follows its file as a
// Set does: while the file cannot be read, the last good key stays. It is safe for
// concurrent use.
type Key struct{ set *Set }

// OpenKey reads the file of a key of size bytes. It fails like Open, and also for a
// content that is not the padded standard base64 of size bytes. White space around it
// does not count.
func OpenKey(clock application.Clock, failed func(error), path string, size int) (*Key, error) {
	set, err := open(clock, failed, func(content []byte) error {
		_, err := decodeKey(content, size)
		return err
	}, path)
	if err != nil {
		return nil, err
	}
	return &Key{set}, nil
}

// Bytes returns the current key.
func (k *Key) Bytes() []byte {
	key, _ := base64.StdEncoding.Strict().DecodeString(string(k.set.Secrets()[0])) // check has decoded it before
	return key
}

func decodeKey(content []byte, size int) ([]byte, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(content)))
	if err != nil || len(key) != size { // the error may quote the key
		return nil, fmt.Errorf("it is not the base64 of %d bytes", size)
	}
	return key, nil
}
