// Package config holds the settings: what there is to set, what it is by default,
// and how it is read from a file, variables and flags and checked.
package config

import (
	"time"

	"gatehouse/domain/source"
)

// Config is everything an operator can set. Each field's key is the path of
// its tags, as in http.address. Default says what counts where nothing is set.
type Config struct {
	// ExternalURL is the public base of every URL that is handed out, without
	// a slash at its end.
	ExternalURL string `koanf:"external_url"`

	HTTP     HTTP     `koanf:"http"`
	Database Database `koanf:"database"`
	Shell    Shell    `koanf:"shell"`
	Instance Instance `koanf:"instance"`
	Kas      Kas      `koanf:"kas"`
	Gitaly   Gitaly   `koanf:"gitaly"`
	Git      Git      `koanf:"git"`
	Counters Counters `koanf:"counters"`
	Redis    Redis    `koanf:"redis"`
	OTP      OTP      `koanf:"otp"`
	Audit    Audit    `koanf:"audit"`
	LFS      LFS      `koanf:"lfs"`
	Tokens   Tokens   `koanf:"tokens"`
	Jobs     Jobs     `koanf:"jobs"`
	Webhooks Webhooks `koanf:"webhooks"`

	LicensedFeatures LicensedFeatures `koanf:"licensed_features"`
	Findings         Findings         `koanf:"findings"`

	CheckNamespacePlan bool          `koanf:"check_namespace_plan"`
	Plans              []Plan        `koanf:"plans"`
	Seats              Seats         `koanf:"seats"`
	Subscriptions      Subscriptions `koanf:"subscriptions"`

	// Version is what /check says.
	Version string `koanf:"version"`
	Log     Log    `koanf:"log"`

	// Origins tells for each key that was set where it was set last: a file, a
	// variable or a flag.
	Origins map[string]string `koanf:"-"`
}

// HTTP says where and for whom the server listens.
type HTTP struct {
	// Address is a TCP host and port; port 0 takes any that is free. Empty
	// means that only the socket is served.
	Address string `koanf:"address"`
	// Socket is the path of a Unix socket; empty for none.
	Socket string `koanf:"socket"`
	// PublicAddress is a second TCP address, where /internal is not served.
	PublicAddress string `koanf:"public_address"`
	// RelativeRoot is a path in front of every route; empty for none.
	RelativeRoot string `koanf:"relative_root"`
	// TrustedProxies are the addresses and networks whose X-Forwarded-For is
	// believed.
	TrustedProxies []string `koanf:"trusted_proxies"`
}

// Database says where data is kept.
type Database struct {
	// URL is a file for SQLite, postgres://… or memory:.
	URL URL `koanf:"url"`
	// PoolSize is the number of connections; 0 means four per core.
	PoolSize int `koanf:"pool_size"`
	// Migrate lets serve bring an older schema up to date.
	Migrate bool `koanf:"migrate"`
}

// Shell is about the callers that share a secret: GitLab Shell and Gitaly.
type Shell struct {
	SecretFile string `koanf:"secret_file"`
	// PreviousSecretFile holds a secret that still counts during a change;
	// empty for none.
	PreviousSecretFile string `koanf:"previous_secret_file"`
	// LegacySecret says what becomes of callers that send the secret itself
	// rather than a token signed with it: accept, warn or reject.
	LegacySecret string `koanf:"legacy_secret"`
}

// Instance is about the key that is this instance's own: secrets that have to
// be read again are sealed with it, and LFS tokens signed.
type Instance struct {
	KeyFile string `koanf:"key_file"`
	// PreviousKeyFile opens what was sealed before a change of the key; empty
	// for none.
	PreviousKeyFile string `koanf:"previous_key_file"`
}

// Kas is about the Kubernetes agent server.
type Kas struct {
	Enabled    bool          `koanf:"enabled"`
	SecretFile string        `koanf:"secret_file"`
	JWTLeeway  time.Duration `koanf:"jwt_leeway"`
	RequireAud bool          `koanf:"require_aud"`
	// Rollout are full paths of groups and projects; if there are any, only
	// their agents are served.
	Rollout []string `koanf:"rollout"`
}

// Gitaly lists the storages.
type Gitaly struct {
	// Storages may be empty: then AssumedStorage is taken.
	Storages []Storage `koanf:"storages"`
	// Connect lets this server itself ask them; else they are known to GitLab
	// Shell only.
	Connect bool `koanf:"connect"`
}

// Storage is a Gitaly as GitLab Shell reaches it.
type Storage struct {
	Name string `koanf:"name"`
	// Address begins with unix:/, tcp://, tls:// or dns:.
	Address string `koanf:"address"`
	// Token is empty for a Gitaly without one.
	Token Secret `koanf:"token"`
}

// Git is what the instance says about Git access.
type Git struct {
	Protocols       source.Protocols `koanf:"protocols"`
	HTTPUploadPack  bool             `koanf:"http_upload_pack"`
	HTTPReceivePack bool             `koanf:"http_receive_pack"`
	ReadOnly        bool             `koanf:"read_only"`
	TermsEnforced   bool             `koanf:"terms_enforced"`
	// RateLimit is in requests a minute and bucket; 0 for no limit.
	RateLimit int `koanf:"rate_limit"`
	// ReceiveMaxInputMiB limits one push; 0 for no limit.
	ReceiveMaxInputMiB      int                     `koanf:"receive_max_input_mib"`
	DefaultBranchProtection source.BranchProtection `koanf:"default_branch_protection"`
	// ConfigOptions are handed to git itself by Gitaly.
	ConfigOptions []string `koanf:"config_options"`
	// KeyRestrictions are minimum bits by family of keys; -1 forbids one.
	KeyRestrictions map[string]int `koanf:"key_restrictions"`
	// BannedKeys are SHA-256 fingerprints.
	BannedKeys        []string `koanf:"banned_keys"`
	PushToCreate      bool     `koanf:"push_to_create"`
	MergeRequestLinks bool     `koanf:"merge_request_links"`
}

// Counters is about the pushes that are under way.
type Counters struct {
	// Expiry is how long a counter lives that nobody increases.
	Expiry time.Duration `koanf:"expiry"`
	// FailOpen lets pushes go on that could not be counted.
	FailOpen bool `koanf:"fail_open"`
}

// Redis shares counters and notices between several servers.
type Redis struct {
	URL URL `koanf:"url"`
}

// OTP is about one-time passwords.
type OTP struct {
	Enabled        bool          `koanf:"enabled"`
	RequiredForGit bool          `koanf:"required_for_git"`
	Session        time.Duration `koanf:"session"`
}

// Audit is about the record of Git access.
type Audit struct {
	Enabled bool `koanf:"enabled"`
}

// LFS is about large files.
type LFS struct {
	TokenTTL time.Duration `koanf:"token_ttl"`
}

// Tokens is about personal access tokens.
type Tokens struct {
	Prefix string `koanf:"prefix"`
	// MaxLifetimeDays is 0 for tokens without a limit.
	MaxLifetimeDays int  `koanf:"max_lifetime_days"`
	RequireExpiry   bool `koanf:"require_expiry"`
	// AllowPastExpiry mints tokens that have ended already.
	AllowPastExpiry bool `koanf:"allow_past_expiry"`
}

// Jobs are about work in the background.
type Jobs struct {
	// Workers is how many jobs this server does at once; 0 leaves them to others.
	Workers int `koanf:"workers"`
	// PollInterval is how often each server looks for jobs.
	PollInterval time.Duration `koanf:"poll_interval"`
	// RetryDelay is how long a job waits that failed once.
	RetryDelay time.Duration `koanf:"retry_delay"`
}

// Webhooks is about the events that are sent to hooks.
type Webhooks struct {
	// Timeout is how long a receiver may take to answer.
	Timeout time.Duration `koanf:"timeout"`
	// AllowLocalRequests lets hooks lead to this machine and private networks.
	AllowLocalRequests bool `koanf:"allow_local_requests"`
	// PushLimit is how many branches, and how many tags, one push may have for
	// hooks to hear of them; 0 sends nothing at all.
	PushLimit int `koanf:"push_limit"`
	// Backoff is how long a hook is left alone after four failures in a row.
	Backoff time.Duration `koanf:"backoff"`
}

// LicensedFeatures are on or off.
type LicensedFeatures struct {
	SecurityDashboard bool `koanf:"security_dashboard"`
	// SecurityDashboardExcept are full paths of groups and projects for which
	// the opposite holds.
	SecurityDashboardExcept []string `koanf:"security_dashboard_except"`
	ClusterAgentsGitops     bool     `koanf:"cluster_agents_gitops"`
}

// Findings is about vulnerabilities.
type Findings struct {
	UUIDNamespace string `koanf:"uuid_namespace"`
}

// Plan is what can be subscribed to.
type Plan struct {
	Code  string `koanf:"code"`
	Title string `koanf:"title"`
	Paid  bool   `koanf:"paid"`
	// Top plans cannot be upgraded.
	Top           bool `koanf:"top"`
	ExcludeGuests bool `koanf:"exclude_guests"`
}

// Seats is about the seats in use.
type Seats struct {
	RefreshInterval time.Duration `koanf:"refresh_interval"`
}

// Subscriptions is about how strictly they are checked.
type Subscriptions struct {
	StrictTrial bool `koanf:"strict_trial"`
}

// Log says what is logged, and how.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `koanf:"level"`
	// Format is console or json; empty means console on a terminal.
	Format string `koanf:"format"`
}
