package secretfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Create writes a new secret of size random bytes, encoded as text, into a file that
// does not exist yet, and reports whether it did. Only the owner can read the file.
// Create leaves an existing file as it is, even if another process makes it at the
// same time. No reader sees a part of a secret.
func Create(path string, size int, encode func([]byte) string) (bool, error) {
	if _, err := os.Stat(path); err == nil {
		return false, nil // without writing: it may be a read-only mount
	}
	secret := make([]byte, size)
	rand.Read(secret)
	err := writeNew(path, encode(secret))
	switch {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("create secret file %q: %w", path, err)
	}
	return true, nil
}

// writeNew writes a temporary file and links it to path. Unlike a rename, a link never
// replaces an existing file.
func writeNew(path, content string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(content)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Link(temp.Name(), path)
}
