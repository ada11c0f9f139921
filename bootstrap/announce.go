package bootstrap

import (
	"path/filepath"

	"go.uber.org/zap"
)

// announce says, a line each, what an operator looks for first.
func announce(config Config, log *zap.Logger) error {
	log.Info("configuration", zap.String("set_by", config.SetBy()))
	log.Info("data", zap.String("database", dataPlace(config.Database)))
	secrets := []zap.Field{zap.String("shell", absolute(config.Shell.SecretFile)), zap.String("instance", absolute(config.Instance.KeyFile))}
	if config.Kas.Enabled {
		secrets = append(secrets, zap.String("kas", absolute(config.Kas.SecretFile)))
	}
	log.Info("secrets", secrets...)
	if len(config.Gitaly.Storages) == 0 {
		assumed, err := assumedStorage()
		if err != nil {
			return err
		}
		log.Info("gitaly.storages is empty, so that one is assumed", zap.String("name", assumed.Name), zap.String("address", assumed.Address))
	}
	return nil
}

// dataPlace is where the data is, in words.
func dataPlace(d Database) string {
	switch d.engine() {
	case memoryEngine:
		return "memory, gone with this process"
	case sqliteEngine:
		return absolute(string(d.URL))
	default:
		return d.URL.String()
	}
}

// absolute is path as it is found from anywhere.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}
