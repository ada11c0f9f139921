// Package instancekey holds the key of this instance alone. It seals the secrets
// that a database keeps, and signs tokens for Git LFS.
package instancekey

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"go.uber.org/zap"

	"gatehouse/adapters/seal"
	"gatehouse/adapters/secretfile"
	"gatehouse/application"
)

// Key is the instance key. It follows changes of its file, and is safe for
// concurrent use.
type Key struct {
	file, previousFile string
	now                application.Clock
	log                *zap.Logger
	current            *secretfile.Set

	mu       sync.Mutex
	key      []byte
	previous [][]byte
	box      *seal.Box
}

const (
	// newKeySize is the size of a new key in bytes.
	newKeySize = 32
	// minLength is how many characters the file has at least.
	minLength = 32
	// checkName is the name, and the content, of the sealed text by which a
	// database recognises its key.
	checkName = "instance key"
	// checkPlace is the place for which it is sealed.
	checkPlace = "instance_notes.value/" + checkName
)

// Notes are short texts that a database keeps for good.
type Notes interface {
	// SetOnce gives a name its value, unless the value is empty or the name has one
	// already, and returns the value that the name has; empty for none.
	SetOnce(ctx context.Context, name, value string) (string, error)
	// Replace gives a name a new value if it has the old one, and else does nothing.
	Replace(ctx context.Context, name, old, value string) error
}

// New returns a Key that Unlock has to open. The previous file is empty for none.
func New(file, previousFile string, now application.Clock, log *zap.Logger) *Key {
	return &Key{file: file, previousFile: previousFile, now: now, log: log}
}

// Unlock reads the key, and fails unless it is the key of the database. If there
// is no file it makes a key, but not for a database that has one already: what
// that key sealed could never be read again.
func (k *Key) Unlock(ctx context.Context, database Notes) error {
	check, err := database.SetOnce(ctx, checkName, "")
	if err != nil {
		return err
	}
	if err := k.create(check != ""); err != nil {
		return fmt.Errorf("instance.key_file: %w", err)
	}
	if err := k.open(); err != nil {
		return fmt.Errorf("instance: %w", err)
	}
	if check == "" { // only the first of several servers that start now writes it
		if check, err = database.SetOnce(ctx, checkName, k.sealing().Seal(checkName, checkPlace)); err != nil {
			return err
		}
	}
	if _, err := k.sealing().Open(check, checkPlace); err != nil {
		return fmt.Errorf("instance.key_file: %s is not the key of this database, nor is instance.previous_key_file; its secrets could not be read", absolute(k.file))
	}
	return nil
}

// create makes the file unless it exists. If the database has a key already, a
// missing file is an error.
func (k *Key) create(known bool) error {
	if _, err := os.Stat(k.file); known && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there, and this database has a key already: restore it, or name the file that the server uses", absolute(k.file))
	}
	created, err := secretfile.Create(k.file, newKeySize, hex.EncodeToString)
	if created {
		k.log.Info("a new instance key was made; keep a copy with the database's", zap.String("file", absolute(k.file)))
	}
	return err
}

func (k *Key) open() (err error) {
	failed := func(err error) { k.log.Error("the instance key", zap.Error(err)) }
	if k.current, err = secretfile.Open(k.now, failed, k.file); err != nil {
		return err
	}
	if len(k.Current()) < minLength {
		return fmt.Errorf("%s has less than %d characters", absolute(k.file), minLength)
	}
	if k.previousFile == "" {
		return nil
	}
	older, err := secretfile.Open(k.now, failed, k.previousFile)
	if err == nil {
		k.previous = append(k.previous, older.Secrets()[0])
	}
	return err
}

// Current returns the key as it is in its file now.
func (k *Key) Current() []byte { return k.current.Secrets()[0] }

// sealing returns the box of the current key.
func (k *Key) sealing() *seal.Box {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.Current(); k.box == nil || !bytes.Equal(key, k.key) {
		if k.key != nil {
			k.previous = append(k.previous, k.key) // it sealed until a moment ago
		}
		k.key, k.box = key, seal.New(key, k.previous...)
	}
	return k.box
}

// errLocked is the error of what needs the key before Unlock.
var errLocked = errors.New("the instance key is not open: what it seals can be neither read nor written")

// unlocked returns the box of the current key, unless Unlock was not called.
func (k *Key) unlocked() (*seal.Box, error) {
	if k.current == nil {
		return nil, errLocked
	}
	return k.sealing(), nil
}

// Seal encrypts a secret so that only this instance can read it, and only for the
// same place.
func (k *Key) Seal(text, place string) (string, error) {
	box, err := k.unlocked()
	if err != nil {
		return "", err
	}
	return box.Seal(text, place), nil
}

// Open returns the secret that was sealed for the place, also by a previous key. Its
// error contains nothing of it.
func (k *Key) Open(sealed, place string) (string, error) {
	box, err := k.unlocked()
	if err != nil {
		return "", err
	}
	return box.Open(sealed, place)
}

// Prefix returns the beginning of all that Seal returns now. Sealed texts that begin
// in another way are to be sealed again.
func (k *Key) Prefix() (string, error) {
	box, err := k.unlocked()
	if err != nil {
		return "", err
	}
	return box.Prefix(), nil
}

// Digests returns a text by which equal texts can be recognised, but not read, for
// the current key and then for each previous one.
func (k *Key) Digests(text string) ([]string, error) {
	box, err := k.unlocked()
	if err != nil {
		return nil, err
	}
	return box.Digests(text), nil
}

// Adopt makes the current key the one that the database is recognised by, so that
// previous keys are not needed any more. The caller has seen that nothing is sealed
// in another way than with prefix; if the current key has another one by now, Adopt
// does nothing.
func (k *Key) Adopt(ctx context.Context, database Notes, prefix string) error {
	box, err := k.unlocked()
	if err != nil || box.Prefix() != prefix {
		return err
	}
	check, err := database.SetOnce(ctx, checkName, "")
	if err != nil || strings.HasPrefix(check, prefix) {
		return err
	}
	return database.Replace(ctx, checkName, check, box.Seal(checkName, checkPlace))
}

// absolute returns the absolute form of a path, or the path itself if the
// working directory is unknown.
func absolute(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}
