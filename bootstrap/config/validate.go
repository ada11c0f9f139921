package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/domain/source"
)

// Validate returns an error for each value that cannot be used, with its key.
func (c *Config) Validate() error { return errors.Join(c.mistakes(nil)...) }

// mistakes returns the errors of Validate, except for values at and below the
// keys that are reported already.
func (c *Config) mistakes(reported []string) []error {
	var m mistakes
	for _, check := range []func(*mistakes){
		c.check, c.HTTP.check, c.Database.check, c.Redis.check, c.Shell.check, c.SSH.check, c.Instance.check, c.Kas.check,
		c.LicensedFeatures.check, c.Counters.check, c.Spool.check, c.Gitaly.check, c.Git.check, c.Jobs.check, c.Webhooks.check,
		c.Retention.check, c.API.check, c.Projects.check,
		c.OTP.check, c.LFS.check, c.Tokens.check, c.Findings.check, c.Billing.check, c.Log.check,
	} {
		check(&m)
	}
	var unreported []error
	for _, found := range m {
		if !slices.ContainsFunc(reported, func(key string) bool { return strings.HasPrefix(found.key, key) }) {
			unreported = append(unreported, found)
		}
	}
	return unreported
}

// mistake says why the value of a key cannot be used.
type mistake struct{ key, why string }

func (m mistake) Error() string { return m.key + ": " + m.why }

// mistakes collects what is wrong with values.
type mistakes []mistake

// unless adds a mistake unless the value of the key is right.
func (m *mistakes) unless(right bool, key, format string, args ...any) {
	if !right {
		*m = append(*m, mistake{key, fmt.Sprintf(format, args...)})
	}
}

func (m *mistakes) oneOf(value, key string, words ...string) {
	m.unless(slices.Contains(words, value), key, "%q is not one of %s", value, strings.Join(words, ", "))
}

func (m *mistakes) notNegative(value int, key string) {
	m.unless(value >= 0, key, "must not be negative")
}

func (m *mistakes) positive(value time.Duration, key string) {
	m.unless(value > 0, key, "must be more than nothing")
}

func (m *mistakes) paths(texts []string, key string) {
	for i, text := range texts {
		m.unless(source.IsPath(text), fmt.Sprintf("%s[%d]", key, i), "%q is not the full path of a group or project", text)
	}
}

func hasScheme(text string, schemes ...string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && slices.Contains(schemes, scheme)
}
