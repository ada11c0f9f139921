package config

import "cmp"

// Shell is about the callers that share a secret: GitLab Shell and Gitaly.
type Shell struct {
	SecretFile string `koanf:"secret_file"`
	// PreviousSecretFile holds a secret that is accepted too, while callers change
	// to the new one; empty for none.
	PreviousSecretFile string `koanf:"previous_secret_file"`
	// LegacySecret says how to treat callers that send the secret itself rather
	// than a token signed with it: accept, warn or reject.
	LegacySecret string `koanf:"legacy_secret"`
	// RequireExp refuses tokens without an end.
	RequireExp bool `koanf:"require_exp"`
}

// The values of shell.legacy_secret.
const (
	legacyAccept = "accept"
	legacyWarn   = "warn"
	legacyReject = "reject"
)

func defaultShell() Shell {
	return Shell{SecretFile: ".gitlab_shell_secret", LegacySecret: legacyAccept}
}

func (s *Shell) tidy() {
	s.SecretFile = cmp.Or(s.SecretFile, defaultShell().SecretFile)
	s.LegacySecret = cmp.Or(s.LegacySecret, defaultShell().LegacySecret)
}

func (s *Shell) check(m *mistakes) {
	m.oneOf(s.LegacySecret, "shell.legacy_secret", legacyAccept, legacyWarn, legacyReject)
	m.unless(s.PreviousSecretFile != s.SecretFile, "shell.previous_secret_file", "must not be the same as shell.secret_file")
}
