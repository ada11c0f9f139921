package bootstrap

import (
	"path/filepath"

	"gatehouse/bootstrap/config"

	"go.uber.org/zap"
)

// announce says, a line each, what an operator looks for first.
func announce(config config.Config, log *zap.Logger) error {
	log.Info("configuration", zap.String("set_by", config.SetBy()))
	log.Info("data", zap.String("database", config.Database.Place()))
	secrets := []zap.Field{zap.String("shell", absolute(config.Shell.SecretFile)), zap.String("instance", absolute(config.Instance.KeyFile))}
	if config.Kas.Enabled {
		secrets = append(secrets, zap.String("kas", absolute(config.Kas.SecretFile)))
	}
	log.Info("secrets", secrets...)
	if len(config.Gitaly.Storages) == 0 {
		known, err := config.Gitaly.Known()
		if err != nil {
			return err
		}
		log.Info("gitaly.storages is empty, so that one is assumed", zap.String("name", known[0].Name), zap.String("address", known[0].Address))
	}
	return nil
}

// absolute is path as it is found from anywhere.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}
