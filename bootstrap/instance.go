package bootstrap

import (
	"encoding/hex"
	"fmt"

	"go.uber.org/zap"

	"gatehouse/adapters/seal"
	"gatehouse/adapters/secretfile"
	"gatehouse/application"
)

// InstanceKey is the key that is this instance's own.
type InstanceKey struct {
	// Box seals with the key as it was at the start.
	*seal.Box
	current *secretfile.Set
}

// instanceKeySize is in bytes.
const instanceKeySize = 32

// NewInstanceKey opens the key, and makes a first one if there is none.
func NewInstanceKey(config Config, now application.Clock, log *zap.Logger) (*InstanceKey, error) {
	created, err := secretfile.Create(config.Instance.KeyFile, instanceKeySize, hex.EncodeToString)
	if err != nil {
		return nil, fmt.Errorf("instance.key_file: %w", err)
	}
	if created {
		log.Info("a new instance key was made; keep a copy with the database's", zap.String("file", config.Instance.KeyFile))
	}
	failed := func(err error) { log.Error("the instance key", zap.Error(err)) }
	current, err := secretfile.Open(now, failed, config.Instance.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("instance: %w", err)
	}
	var previous [][]byte
	if path := config.Instance.PreviousKeyFile; path != "" {
		older, err := secretfile.Open(now, failed, path)
		if err != nil {
			return nil, fmt.Errorf("instance: %w", err)
		}
		previous = append(previous, older.Secrets()[0])
	}
	box, err := seal.New(current.Secrets()[0], previous...)
	if err != nil {
		return nil, fmt.Errorf("instance: %w", err)
	}
	return &InstanceKey{box, current}, nil
}

// Current is the key as it is in its file now.
func (k *InstanceKey) Current() []byte { return k.current.Secrets()[0] }
