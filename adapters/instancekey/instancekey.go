// Package instancekey holds the key of this instance alone. It seals the secrets
// that a database keeps, and signs tokens for Git LFS.
package instancekey

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/seal"
	"gatehouse/adapters/secretfile"
	"gatehouse/application"
)

// Key is the instance key. It follows changes of its files, and is safe for
// concurrent use.
type Key struct {
	file, previousFile secretfile.File
	strict             bool
	now                application.Clock
	log                *zap.Logger

	mu            sync.Mutex
	files         *secretfile.Set
	notes         Notes  // of the database
	check         string // what the key of the database sealed; empty before there is one
	fresh         bool   // check was read since the files last fitted it
	asking        bool   // check is being read
	answers       sync.WaitGroup
	key, previous []byte
	box           *seal.Box
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
	// askTimeout is how long the database may take to tell its check text.
	askTimeout = 10 * time.Second
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
// A strict Key refuses weak files.
func New(file, previousFile string, strict bool, now application.Clock, log *zap.Logger) *Key {
	return &Key{
		file: secretfile.File{Setting: "instance.key_file", Path: file}, previousFile: secretfile.File{Setting: "instance.previous_key_file", Path: previousFile},
		strict: strict, now: now, log: log,
	}
}

// Unlock reads the key, and fails unless it is the key of the database. If there
// is no file it makes a key, but not for a database that has one already: what
// that key sealed could never be read again.
//
// If a file changes later, and the database's secrets could not be read any more,
// the key before stays in use.
func (k *Key) Unlock(ctx context.Context, database Notes) error {
	check, err := k.compare(ctx, database, k.create)
	if err != nil || check != "" {
		return err
	}
	sealed, err := k.Seal(checkName, checkPlace)
	if err == nil {
		check, err = database.SetOnce(ctx, checkName, sealed) // only the first of several servers that start now writes it
	}
	if err != nil {
		return err
	}
	return k.knows(check)
}

// Compare fails if Unlock would, but makes no key. It reports whether the database
// has a key.
func (k *Key) Compare(ctx context.Context, database Notes) (bool, error) {
	check, err := k.compare(ctx, database, func() error { return nil })
	return check != "", err
}

// UnlockToTry opens the key as Unlock does, and writes nothing: where there is neither a
// file nor a key of the database it opens one that is forgotten with this process.
func (k *Key) UnlockToTry(ctx context.Context, database Notes) error {
	hasKey, err := k.Compare(ctx, database)
	if _, missing := os.Stat(k.file.Path); err == nil || hasKey || !errors.Is(missing, fs.ErrNotExist) || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key = make([]byte, newKeySize)
	_, _ = rand.Read(k.key) // never fails
	k.box = newBox(k.key, nil)
	return nil
}

// compare reads the key and fails unless it opens what the database's key sealed. If
// the database has none it calls create before. It returns what was sealed.
func (k *Key) compare(ctx context.Context, database Notes, create func() error) (check string, err error) {
	if check, err = database.SetOnce(ctx, checkName, ""); err != nil {
		return "", err
	}
	if check == "" {
		err = create()
	} else if _, missing := os.Stat(k.file.Path); errors.Is(missing, fs.ErrNotExist) {
		err = fmt.Errorf("%s: %s is not there, and this database has a key already: restore it, or name the file that the server uses", k.file.Setting, absolute(k.file.Path))
	}
	if err != nil {
		return check, err
	}
	return check, k.open(database, check)
}

// create makes the file unless it exists.
func (k *Key) create() error {
	created, err := secretfile.Create(k.file.Path, newKeySize, hex.EncodeToString)
	if err != nil {
		return fmt.Errorf("%s: %w", k.file.Setting, err)
	}
	if created {
		k.log.Info("a new instance key was made; keep a copy with the database's", zap.String("file", absolute(k.file.Path)))
	}
	return nil
}

func (k *Key) open(database Notes, check string) (err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.notes, k.check, k.fresh = database, check, true
	rules := secretfile.Rules{Strict: k.strict, Content: CheckLength, Together: k.fits}
	if k.files, err = secretfile.Open(k.file, k.previousFile, rules, k.now, k.log); err == nil {
		k.follow()
	}
	return err
}

// CheckLength fails if the content of a key file is too short for a key.
func CheckLength(content []byte) error {
	if len(bytes.TrimSpace(content)) < minLength {
		return fmt.Errorf("it has less than %d characters", minLength)
	}
	return nil
}

// fits returns why the key cannot be changed to the contents of the files, or nil.
// The key in use must be in one of the files: what it has sealed is read by no other.
// Before it says that no file has the database's key it asks the database, whose key
// may have changed.
func (k *Key) fits(current, previous []byte) error {
	if k.key != nil && !bytes.Equal(k.key, current) && !bytes.Equal(k.key, previous) {
		return fmt.Errorf("the key in use is in neither %s nor %s; what it sealed could not be read", k.file.Setting, k.previousFile.Setting)
	}
	err := k.opens(current, previous)
	if err != nil && !k.fresh {
		k.ask()
		return secretfile.ErrUndecided
	}
	k.fresh = false
	return err
}

// ask reads the check text of the database for the next look at the files. It does not
// wait: the caller has locked mu, and may have the last connection.
func (k *Key) ask() {
	if k.asking {
		return
	}
	k.asking = true
	k.answers.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		defer cancel()
		check, err := k.notes.SetOnce(ctx, checkName, "")
		k.mu.Lock()
		defer k.mu.Unlock()
		k.asking = false
		if err == nil && check != "" {
			k.check, k.fresh = check, true
		}
	})
}

// opens returns nil if the keys open what the database's key sealed.
func (k *Key) opens(current, previous []byte) error {
	if k.check == "" {
		return nil
	}
	if _, err := newBox(current, previous).Open(k.check, checkPlace); err != nil {
		return fmt.Errorf("%s: %s is not the key of this database, nor is %s; its secrets could not be read", k.file.Setting, absolute(k.file.Path), k.previousFile.Setting)
	}
	return nil
}

func newBox(current, previous []byte) *seal.Box {
	if previous == nil {
		return seal.New(current)
	}
	return seal.New(current, previous)
}

// Current returns the key that is in use.
func (k *Key) Current() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.follow()
	return k.key
}

// Reload reads the files now, even if they seem not to have changed. Before Unlock it
// does nothing.
func (k *Key) Reload() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.files != nil {
		k.files.Reload()
		k.follow()
	}
}

// follow takes over what has changed in the files. The caller has locked mu, as fits
// reads what it guards.
func (k *Key) follow() {
	if k.files == nil {
		return
	}
	current, previous := k.files.Pair()
	if k.box == nil || !bytes.Equal(current, k.key) || !bytes.Equal(previous, k.previous) {
		k.key, k.previous, k.box = current, previous, newBox(current, previous)
	}
}

// errLocked is the error of what needs the key before Unlock.
var errLocked = errors.New("the instance key is not open: what it seals can be neither read nor written")

// unlocked returns the box of the current key, unless Unlock was not called.
func (k *Key) unlocked() (*seal.Box, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.follow(); k.box == nil {
		return nil, errLocked
	}
	return k.box, nil
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

// Foreign says whether a text was sealed with a key that is neither the current one nor
// the previous one.
func (k *Key) Foreign(sealed string) (bool, error) {
	box, err := k.unlocked()
	if err != nil {
		return false, err
	}
	return box.Foreign(sealed), nil
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

// Adopt makes the current key the one that the database is recognised by: from now on
// Unlock fails without it. The caller seals again then what a previous key has sealed.
// It fails if another process has given the database a key that this one does not have.
func (k *Key) Adopt(ctx context.Context, database Notes) error {
	box, err := k.unlocked()
	if err != nil {
		return err
	}
	kept, err := database.SetOnce(ctx, checkName, "")
	if err == nil && k.knows(kept) == nil && !strings.HasPrefix(kept, box.Prefix()) {
		err = database.Replace(ctx, checkName, kept, box.Seal(checkName, checkPlace))
		if err == nil {
			kept, err = database.SetOnce(ctx, checkName, "") // another process may have been first
		}
	}
	if err != nil {
		return err
	}
	return k.knows(kept)
}

// knows takes over the check text that the database has now, or fails if no key here
// opens it.
func (k *Key) knows(check string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.check = check
	return k.opens(k.key, k.previous)
}

// absolute returns the absolute form of a path, or the path itself if the
// working directory is unknown.
func absolute(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}
