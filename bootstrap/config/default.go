package config

import (
	"cmp"
	"strings"
	"time"

	"gatehouse/domain/source"
)

// Default is what counts where nothing is set.
func Default() Config {
	return Config{
		ExternalURL: "http://localhost:3001",
		HTTP:        HTTP{Address: "127.0.0.1:3001"},
		Database:    Database{URL: "gatehouse.db", Migrate: true},
		Shell:       Shell{SecretFile: ".gitlab_shell_secret", LegacySecret: legacyAccept},
		Instance:    Instance{KeyFile: ".gatehouse_key"},
		Kas:         Kas{Enabled: true, SecretFile: ".gitlab_kas_secret"},
		Gitaly:      Gitaly{Connect: true},
		Git: Git{
			Protocols: source.AllProtocols, HTTPUploadPack: true, HTTPReceivePack: true,
			RateLimit: 600, DefaultBranchProtection: source.FullyProtected, PushToCreate: true,
			// Partial clones work only with these two.
			ConfigOptions: []string{"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"},
		},
		Counters:           Counters{Expiry: 600 * time.Second, FailOpen: true},
		OTP:                OTP{Enabled: true, Session: 15 * time.Minute},
		LFS:                LFS{TokenTTL: 1800 * time.Second},
		Tokens:             Tokens{Prefix: "glpat-", MaxLifetimeDays: 365},
		Jobs:               Jobs{Workers: 4, PollInterval: time.Second, RetryDelay: time.Second},
		Webhooks:           Webhooks{Timeout: 10 * time.Second, PushLimit: 3, Backoff: time.Minute},
		LicensedFeatures:   LicensedFeatures{SecurityDashboard: true, ClusterAgentsGitops: true},
		Findings:           Findings{UUIDNamespace: "58dc0f06-936c-43b3-93bb-71693f1b6570"}, // GitLab's in production
		CheckNamespacePlan: true,
		Plans: []Plan{
			{Code: "free", Title: "Free"},
			{Code: "default", Title: "Default"},
			{Code: "bronze", Title: "Bronze", Paid: true},
			{Code: "silver", Title: "Silver", Paid: true},
			{Code: "premium", Title: "Premium", Paid: true},
			{Code: "gold", Title: "Gold", Paid: true, Top: true, ExcludeGuests: true},
			{Code: "ultimate", Title: "Ultimate", Paid: true, Top: true, ExcludeGuests: true},
			{Code: "ultimate_trial", Title: "Ultimate Trial", Paid: true, ExcludeGuests: true},
			{Code: "premium_trial", Title: "Premium Trial", Paid: true},
			{Code: "opensource", Title: "Opensource", Paid: true, Top: true},
		},
		Seats:   Seats{RefreshInterval: 24 * time.Hour},
		Version: "16.11.0-gatehouse",
		Log:     Log{Level: "info"},
	}
}

// tidy brings into one form what may be written in several, and replaces what
// was emptied and could not be used like that.
func (c *Config) tidy() {
	d := Default()
	c.ExternalURL = strings.TrimRight(c.ExternalURL, "/")
	c.HTTP.RelativeRoot = strings.TrimRight(c.HTTP.RelativeRoot, "/")
	for i, text := range c.Git.BannedKeys {
		c.Git.BannedKeys[i] = strings.TrimRight(strings.TrimPrefix(text, "SHA256:"), "=")
	}
	c.ExternalURL = cmp.Or(c.ExternalURL, d.ExternalURL)
	c.Database.URL = cmp.Or(c.Database.URL, d.Database.URL)
	c.Shell.SecretFile = cmp.Or(c.Shell.SecretFile, d.Shell.SecretFile)
	c.Shell.LegacySecret = cmp.Or(c.Shell.LegacySecret, d.Shell.LegacySecret)
	c.Instance.KeyFile = cmp.Or(c.Instance.KeyFile, d.Instance.KeyFile)
	c.Kas.SecretFile = cmp.Or(c.Kas.SecretFile, d.Kas.SecretFile)
	c.Git.Protocols = cmp.Or(c.Git.Protocols, d.Git.Protocols)
	c.Counters.Expiry = cmp.Or(c.Counters.Expiry, d.Counters.Expiry)
	c.OTP.Session = cmp.Or(c.OTP.Session, d.OTP.Session)
	c.Jobs.PollInterval = cmp.Or(c.Jobs.PollInterval, d.Jobs.PollInterval)
	c.Jobs.RetryDelay = cmp.Or(c.Jobs.RetryDelay, d.Jobs.RetryDelay)
	c.Webhooks.Timeout = cmp.Or(c.Webhooks.Timeout, d.Webhooks.Timeout)
	c.Webhooks.Backoff = cmp.Or(c.Webhooks.Backoff, d.Webhooks.Backoff)
	c.LFS.TokenTTL = cmp.Or(c.LFS.TokenTTL, d.LFS.TokenTTL)
	c.Findings.UUIDNamespace = cmp.Or(c.Findings.UUIDNamespace, d.Findings.UUIDNamespace)
	c.Seats.RefreshInterval = cmp.Or(c.Seats.RefreshInterval, d.Seats.RefreshInterval)
	c.Version = cmp.Or(c.Version, d.Version)
	c.Log.Level = cmp.Or(c.Log.Level, d.Log.Level)
}
