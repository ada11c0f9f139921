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
	// WorkhorseSize is how many bytes the secret of GitLab Workhorse has, which accepts
	// no other.
	WorkhorseSize = 32
)

// OpenShell opens the secret that GitLab Shell and Gitaly share with this server,
// and the previous one unless its path is empty. If there is no secret it makes one.
// What goes wrong with the files later is logged.
func OpenShell(file, previous string, strict bool, clock application.Clock, log *zap.Logger) (*Set, error) {
	current := File{"shell.secret_file", file}
	created, err := Create(file, shellSize, hex.EncodeToString)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", current.Setting, err)
	}
	if created {
		log.Info("a new secret was made; GitLab Shell and Gitaly have to know it", zap.String("file", file))
	}
	return Open(current, File{"shell.previous_secret_file", previous}, Rules{Strict: strict}, clock, log)
}

// OpenKas opens the secret that kas shares with this server. If there is none it
// makes one. What goes wrong with the file later is logged.
func OpenKas(file string, strict bool, clock application.Clock, log *zap.Logger) (*Key, error) {
	named := File{"kas.secret_file", file}
	created, err := Create(file, KasSize, base64.StdEncoding.EncodeToString)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", named.Setting, err)
	}
	if created {
		log.Info("a new secret was made; the Kubernetes agent server has to know it", zap.String("file", file))
	}
	return OpenKey(named, KasSize, strict, clock, log)
}

// OpenWorkhorse opens the secret that GitLab Workhorse shares with this server. GitLab
// makes it, so a file that does not exist is an error. What goes wrong with the file
// later is logged.
func OpenWorkhorse(file string, strict bool, clock application.Clock, log *zap.Logger) (*Key, error) {
	return OpenKey(File{"workhorse.secret_file", file}, WorkhorseSize, strict, clock, log)
}
