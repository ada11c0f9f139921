package bootstrap

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"go.uber.org/zap"

	"gatehouse/adapters/seal"
	"gatehouse/adapters/secretfile"
	"gatehouse/application"
	"gatehouse/bootstrap/config"
)

// InstanceKey is the key that is this instance's own. It follows its file. It
// is safe for concurrent use.
type InstanceKey struct {
	config  config.Instance
	now     application.Clock
	log     *zap.Logger
	current *secretfile.Set

	mu       sync.Mutex
	key      []byte
	previous [][]byte
	box      *seal.Box
}

const (
	// instanceKeySize is in bytes.
	instanceKeySize = 32
	// shortestKey is in characters of the file.
	shortestKey = 32
	// instanceCheck is what the database remembers, sealed, of its key.
	instanceCheck = "instance key"
)

// NewInstanceKey makes an InstanceKey that is of no use before Unlock.
func NewInstanceKey(config config.Config, now application.Clock, log *zap.Logger) *InstanceKey {
	return &InstanceKey{config: config.Instance, now: now, log: log}
}

// Unlock opens the key, and makes a first one if there is none and the
// database has seen none: secrets that were sealed with another could not be
// read any more.
func (k *InstanceKey) Unlock(ctx context.Context, keeper Store) error {
	check, err := keeper.SetOnce(ctx, instanceCheck, "")
	if err != nil {
		return err
	}
	if err := k.make(check != ""); err != nil {
		return fmt.Errorf("instance.key_file: %w", err)
	}
	if err := k.open(); err != nil {
		return fmt.Errorf("instance: %w", err)
	}
	if check == "" { // of several servers that begin at once one is first
		if check, err = keeper.SetOnce(ctx, instanceCheck, k.Seal(instanceCheck)); err != nil {
			return err
		}
	}
	if _, err := k.Open(check); err != nil {
		return fmt.Errorf("instance.key_file: %s is not the key of this database, nor is instance.previous_key_file; its secrets could not be read", absolute(k.config.KeyFile))
	}
	return nil
}

// make makes the file unless it is there.
func (k *InstanceKey) make(known bool) error {
	path := k.config.KeyFile
	if _, err := os.Stat(path); known && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there, and this database has a key already: restore it, or name the file that the server uses", absolute(path))
	}
	created, err := secretfile.Create(path, instanceKeySize, hex.EncodeToString)
	if created {
		k.log.Info("a new instance key was made; keep a copy with the database's", zap.String("file", absolute(path)))
	}
	return err
}

func (k *InstanceKey) open() (err error) {
	failed := func(err error) { k.log.Error("the instance key", zap.Error(err)) }
	if k.current, err = secretfile.Open(k.now, failed, k.config.KeyFile); err != nil {
		return err
	}
	if len(k.Current()) < shortestKey {
		return fmt.Errorf("%s has less than %d characters", absolute(k.config.KeyFile), shortestKey)
	}
	if k.config.PreviousKeyFile == "" {
		return nil
	}
	older, err := secretfile.Open(k.now, failed, k.config.PreviousKeyFile)
	if err == nil {
		k.previous = append(k.previous, older.Secrets()[0])
	}
	return err
}

// Current is the key as it is in its file now.
func (k *InstanceKey) Current() []byte { return k.current.Secrets()[0] }

// sealing is the box for the key as it is now.
func (k *InstanceKey) sealing() *seal.Box {
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

// Seal makes a secret readable to this instance only.
func (k *InstanceKey) Seal(text string) string { return k.sealing().Seal(text) }

// Open returns what was sealed. Its error tells nothing of it.
func (k *InstanceKey) Open(sealed string) (string, error) { return k.sealing().Open(sealed) }
