package secretfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Create puts a new secret of size random bytes, as text, into a file that is
// not there yet, readable by its owner only, and reports whether it did. A file
// that exists is left as it is, even if another process made it meanwhile, and
// nobody ever sees half a secret.
func Create(path string, size int, encode func([]byte) string) (bool, error) {
	if _, err := os.Stat(path); err == nil {
		return false, nil // perhaps a read-only mount: do not even try
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

// writeNew links a finished file to path: unlike a rename, a link never
// replaces what is there.
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
