package secretfile

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"go.uber.org/zap"

	"gatehouse/application"
)

const (
	// shellSize is how many bytes the secret of GitLab Shell has in GitLab, which
	// writes them as 32 hexadecimal digits.
	shellSize = 16
	// KasSize is how many bytes the secret of kas has; kas accepts no other.
	KasSize = 32
)

// OpenShell opens the secret that GitLab Shell and Gitaly share with this server,
// and the previous one unless that file is empty. If there is no secret it makes
// one. What goes wrong with the files later is logged.
func OpenShell(file, previous string, clock application.Clock, log *zap.Logger) (*Set, error) {
	created, err := Create(file, shellSize, hex.EncodeToString)
	if err != nil {
		return nil, fmt.Errorf("shell.secret_file: %w", err)
	}
	if created {
		log.Info("a new secret was made; GitLab Shell and Gitaly have to know it", zap.String("file", file))
	}
	files := []string{file}
	if previous != "" {
		files = append(files, previous)
	}
	secrets, err := Open(clock, func(err error) { log.Error("secrets of GitLab Shell", zap.Error(err)) }, files...)
	if err != nil {
		return nil, fmt.Errorf("shell: %w", err)
	}
	return secrets, nil
}

// OpenKas opens the secret that kas shares with this server. If there is none it
// makes one. What goes wrong with the file later is logged.
func OpenKas(file string, clock application.Clock, log *zap.Logger) (*Key, error) {
	created, err := Create(file, KasSize, base64.StdEncoding.EncodeToString)
	if err != nil {
		return nil, fmt.Errorf("kas.secret_file: %w", err)
	}
	if created {
		log.Info("a new secret was made; the Kubernetes agent server has to know it", zap.String("file", file))
	}
	key, err := OpenKey(clock, func(err error) { log.Error("the secret of kas", zap.Error(err)) }, file, KasSize)
	if err != nil {
		return nil, fmt.Errorf("kas.secret_file: %w", err)
	}
	return key, nil
}
