// Package config holds the settings: what there is to set, what it is by default,
// and how it is read from a file, variables and flags and checked.
//
// Each section has a file of its own, with its keys, their defaults and what is
// wrong with a value.
package config

import (
	"cmp"
	"net/url"
	"strings"

	"gatehouse/domain/source"
)

// Config is everything that an operator can set. The key of a field is the path
// of its tags, as in http.address.
type Config struct {
	// ExternalURL is the public base of every URL in an answer, without a slash
	// at its end.
	ExternalURL string `koanf:"external_url"`

	HTTP      HTTP      `koanf:"http"`
	Database  Database  `koanf:"database"`
	Shell     Shell     `koanf:"shell"`
	SSH       SSH       `koanf:"ssh"`
	Instance  Instance  `koanf:"instance"`
	Secrets   Secrets   `koanf:"secrets"`
	Kas       Kas       `koanf:"kas"`
	Workhorse Workhorse `koanf:"workhorse"`
	Gitaly    Gitaly    `koanf:"gitaly"`
	Git       Git       `koanf:"git"`
	Counters  Counters  `koanf:"counters"`
	Redis     Redis     `koanf:"redis"`
	Spool     Spool     `koanf:"spool"`
	OTP       OTP       `koanf:"otp"`
	Audit     Audit     `koanf:"audit"`
	LFS       LFS       `koanf:"lfs"`
	API       API       `koanf:"api"`
	Projects  Projects  `koanf:"projects"`
	Users     Users     `koanf:"users"`
	Tokens    Tokens    `koanf:"tokens"`
	Jobs      Jobs      `koanf:"jobs"`
	Webhooks  Webhooks  `koanf:"webhooks"`

	Retention        Retention        `koanf:"retention"`
	LicensedFeatures LicensedFeatures `koanf:"licensed_features"`
	Findings         Findings         `koanf:"findings"`

	Billing

	// Version is the version that /check answers.
	Version string `koanf:"version"`
	Log     Log    `koanf:"log"`

	// File is the file that was read; empty for none.
	File string `koanf:"-"`
	// Origins says where each key was set last: a file, a variable or a flag. A
	// key that was never set is not in it.
	Origins map[string]string `koanf:"-"`
}

const (
	defaultExternalURL = "http://localhost:3001"
	defaultVersion     = "16.11.0-gatehouse"
)

// Default returns the settings that apply if nothing is set.
func Default() Config {
	return Config{
		ExternalURL: defaultExternalURL,
		HTTP:        defaultHTTP(), Database: defaultDatabase(), Shell: defaultShell(), SSH: defaultSSH(), Instance: defaultInstance(),
		Kas: defaultKas(), Gitaly: defaultGitaly(), Git: defaultGit(), Counters: defaultCounters(), Spool: defaultSpool(), OTP: defaultOTP(), Audit: defaultAudit(),
		LFS: defaultLFS(), API: defaultAPI(), Projects: defaultProjects(), Tokens: defaultTokens(), Jobs: defaultJobs(), Webhooks: defaultWebhooks(), Retention: defaultRetention(),
		LicensedFeatures: defaultLicensedFeatures(), Findings: defaultFindings(), Billing: defaultBilling(),
		Version: defaultVersion, Log: defaultLog(),
	}
}

// tidy writes in one form what may be written in several. A key that was set to
// nothing, and needs a value, gets its default.
func (c *Config) tidy() {
	c.ExternalURL = cmp.Or(strings.TrimRight(c.ExternalURL, "/"), defaultExternalURL)
	c.Version = cmp.Or(c.Version, defaultVersion)
	for _, tidy := range []func(){
		c.HTTP.tidy, c.Database.tidy, c.Shell.tidy, c.SSH.tidy, c.Instance.tidy, c.Kas.tidy, c.Git.tidy, c.Counters.tidy, c.OTP.tidy,
		c.LFS.tidy, c.Jobs.tidy, c.Webhooks.tidy, c.Findings.tidy, c.Billing.tidy, c.Log.tidy,
	} {
		tidy()
	}
}

func (c *Config) check(m *mistakes) {
	m.unless(isBase(c.ExternalURL), "external_url", "must be a URL like https://git.example.com, without user, query or fragment")
}

// isBase says whether a URL begins with text if a path follows it.
func isBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(text, "/")
}

// Host returns the host name in external_url: the name of the instance.
func (c *Config) Host() string {
	base, err := url.Parse(c.ExternalURL)
	if err != nil {
		return ""
	}
	return base.Hostname()
}

// WebURL returns the URL of the page of a group or project.
func (c *Config) WebURL(path string) string { return c.ExternalURL + "/" + path }

// NewMergeRequestURL returns the URL of the page that opens a merge request for a
// branch of a project.
func (c *Config) NewMergeRequestURL(path, branch string) string {
	return c.WebURL(path) + "/-/merge_requests/new?" + url.Values{"merge_request[source_branch]": {branch}}.Encode()
}

// CloneURL returns the URL from which git clones a repository.
func (c *Config) CloneURL(path string, protocol source.Protocol) string {
	if protocol == source.SSH {
		return c.sshURL(path)
	}
	return c.ExternalURL + "/" + path + ".git"
}
