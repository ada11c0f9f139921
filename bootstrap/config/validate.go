package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"gatehouse/application"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// The settings of shell.legacy_secret.
const (
	legacyAccept = "accept"
	legacyWarn   = "warn"
	legacyReject = "reject"
)

// maxSocketPath is what fits into the address of a Unix socket.
const maxSocketPath = 107

// mistake is what is wrong with the value of a key.
type mistake struct{ key, why string }

func (m mistake) Error() string { return m.key + ": " + m.why }

// mistakes gathers what is wrong with values.
type mistakes []mistake

// unless notes what is wrong with a key's value, unless it is right.
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

// Validate tells every value that cannot be used, each with its key.
func (c *Config) Validate() error { return errors.Join(c.mistakes(nil)...) }

// mistakes are those of Validate but for what is at or below the keys that
// have been told of already.
func (c *Config) mistakes(told []string) []error {
	var m mistakes
	c.checkHTTP(&m)
	c.checkPersistence(&m)
	c.checkStorages(&m)
	c.checkGit(&m)
	c.checkJobs(&m)
	c.checkRest(&m)
	var news []error
	for _, found := range m {
		if !slices.ContainsFunc(told, func(key string) bool { return strings.HasPrefix(found.key, key) }) {
			news = append(news, found)
		}
	}
	return news
}

func (c *Config) checkHTTP(m *mistakes) {
	m.unless(isBase(c.ExternalURL), "external_url", "must be a URL like https://git.example.com, without user, query or fragment")
	m.unless(c.HTTP.Address != "" || c.HTTP.Socket != "", "http.address", "must not be empty as http.socket is")
	m.unless(c.HTTP.Address == "" || isAddress(c.HTTP.Address), "http.address", "must be host:port")
	m.unless(c.HTTP.PublicAddress == "" || isAddress(c.HTTP.PublicAddress), "http.public_address", "must be host:port")
	m.unless(c.HTTP.PublicAddress == "" || c.HTTP.PublicAddress != c.HTTP.Address || strings.HasSuffix(c.HTTP.Address, ":0"),
		"http.public_address", "must not be the same as http.address")
	m.unless(len(c.HTTP.Socket) <= maxSocketPath, "http.socket", "must not be longer than %d bytes", maxSocketPath)
	m.unless(isRoot(c.HTTP.RelativeRoot), "http.relative_root", "must be a path like /gitlab")
	for i, proxy := range c.HTTP.TrustedProxies {
		_, network := netip.ParsePrefix(proxy)
		_, address := netip.ParseAddr(proxy)
		m.unless(network == nil || address == nil, fmt.Sprintf("http.trusted_proxies[%d]", i), "%q is no address and no network", proxy)
	}
}

// isBase says whether paths can be hung on text to make URLs.
func isBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(text, "/")
}

func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func isRoot(text string) bool {
	return text == "" || text != "/" && path.IsAbs(text) && path.Clean(text) == text && !strings.ContainsAny(text, "?#%*: ")
}

func (c *Config) checkPersistence(m *mistakes) {
	m.unless(c.Database.engine() != "", "database.url", "must be the path of a file, postgres://… or memory:")
	m.notNegative(c.Database.PoolSize, "database.pool_size")
	m.unless(c.Redis.URL == "" || hasScheme(string(c.Redis.URL), "redis", "rediss", "unix"), "redis.url", "must begin with redis://, rediss:// or unix://")
	m.oneOf(c.Shell.LegacySecret, "shell.legacy_secret", legacyAccept, legacyWarn, legacyReject)
	m.unless(c.Shell.PreviousSecretFile != c.Shell.SecretFile, "shell.previous_secret_file", "must not be the same as shell.secret_file")
	m.unless(c.Instance.PreviousKeyFile != c.Instance.KeyFile, "instance.previous_key_file", "must not be the same as instance.key_file")
	m.unless(c.Kas.JWTLeeway >= 0, "kas.jwt_leeway", "must not be negative")
	m.paths(c.Kas.Rollout, "kas.rollout")
	m.paths(c.LicensedFeatures.SecurityDashboardExcept, "licensed_features.security_dashboard_except")
	m.positive(c.Counters.Expiry, "counters.expiry")
}

func hasScheme(text string, schemes ...string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && slices.Contains(schemes, scheme)
}

func (c *Config) checkStorages(m *mistakes) {
	names := map[string]bool{}
	for i, s := range c.Gitaly.Storages {
		key := fmt.Sprintf("gitaly.storages[%d].", i)
		m.unless(s.Name != "", key+"name", "is missing")
		m.unless(s.Name == "" || !names[s.Name], key+"name", "%q is there twice", s.Name)
		m.unless(isStorageAddress(s.Address), key+"address", "must begin with unix:/, tcp://, tls:// or dns: and go on")
		names[s.Name] = true
	}
}

func isStorageAddress(text string) bool {
	for _, prefix := range []string{"unix:/", "tcp://", "tls://", "dns:"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			return rest != ""
		}
	}
	return false
}

func (c *Config) checkGit(m *mistakes) {
	m.unless(slices.Contains(source.ProtocolSettings, c.Git.Protocols), "git.protocols", "%q is not one of all, ssh, http", c.Git.Protocols)
	m.notNegative(c.Git.RateLimit, "git.rate_limit")
	m.notNegative(c.Git.ReceiveMaxInputMiB, "git.receive_max_input_mib")
	m.unless(c.Git.DefaultBranchProtection.Known(), "git.default_branch_protection", "must be 0 to 4")
	for i, option := range c.Git.ConfigOptions {
		name, _, ok := strings.Cut(option, "=")
		m.unless(ok && strings.Contains(name, ".") && !strings.ContainsAny(option, "\n\x00"),
			fmt.Sprintf("git.config_options[%d]", i), "%q is not section.name=value", option)
	}
	for _, family := range slices.Sorted(maps.Keys(c.Git.KeyRestrictions)) {
		key := "git.key_restrictions." + family
		m.unless(slices.Contains(identity.KeyFamilies, family), key, "is not one of %s", strings.Join(identity.KeyFamilies, ", "))
		m.unless(c.Git.KeyRestrictions[family] >= identity.Forbidden, key, "must be a number of bits, or %d for none at all", identity.Forbidden)
	}
	for i, text := range c.Git.BannedKeys {
		m.unless(isFingerprint(text), fmt.Sprintf("git.banned_keys[%d]", i), "%q is no SHA-256 fingerprint", text)
	}
}

func isFingerprint(text string) bool {
	sum, err := base64.RawStdEncoding.DecodeString(text)
	return err == nil && len(sum) == 32
}

func (c *Config) checkJobs(m *mistakes) {
	m.unless(0 <= c.Jobs.Workers && c.Jobs.Workers <= mostWorkers, "jobs.workers", "must be 0 to %d", mostWorkers)
	m.unless(c.Jobs.PollInterval >= time.Millisecond, "jobs.poll_interval", "must be a millisecond or more")
	m.positive(c.Jobs.RetryDelay, "jobs.retry_delay")
	m.unless(0 < c.Webhooks.Timeout && c.Webhooks.Timeout < application.JobTimeout, "webhooks.timeout",
		"must be more than nothing and less than %s", application.JobTimeout)
	m.notNegative(c.Webhooks.PushLimit, "webhooks.push_limit")
	m.positive(c.Webhooks.Backoff, "webhooks.backoff")
}

// mostWorkers is River's limit.
const mostWorkers = 10_000

func (c *Config) checkRest(m *mistakes) {
	m.positive(c.OTP.Session, "otp.session")
	m.unless(c.OTP.Enabled || !c.OTP.RequiredForGit, "otp.required_for_git", "cannot be met while otp.enabled is off")
	m.unless(c.LFS.TokenTTL >= time.Second, "lfs.token_ttl", "must be a second or more")
	m.notNegative(c.Tokens.MaxLifetimeDays, "tokens.max_lifetime_days")
	m.unless(len(c.Tokens.Prefix) <= 20 && strings.IndexFunc(c.Tokens.Prefix, notInToken) < 0,
		"tokens.prefix", "must be at most 20 letters, digits, dots, dashes or underscores")
	m.unless(uuid.Validate(c.Findings.UUIDNamespace) == nil, "findings.uuid_namespace", "must be a UUID")
	m.positive(c.Seats.RefreshInterval, "seats.refresh_interval")
	codes := map[string]bool{}
	for i, plan := range c.Plans {
		key := fmt.Sprintf("plans[%d].code", i)
		m.unless(plan.Code != "", key, "is missing")
		m.unless(plan.Code == "" || !codes[plan.Code], key, "%q is there twice", plan.Code)
		codes[plan.Code] = true
	}
	m.oneOf(c.Log.Level, "log.level", "debug", "info", "warn", "error")
	if c.Log.Format != "" {
		m.oneOf(c.Log.Format, "log.format", "console", "json")
	}
}

func notInToken(c rune) bool {
	return c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}
