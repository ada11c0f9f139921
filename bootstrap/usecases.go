package bootstrap

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/fx"

	"gatehouse/adapters/gitaly"
	"gatehouse/adapters/ratelimit"
	"gatehouse/application"
	"gatehouse/application/gitaccess"
	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/application/whois"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// git answers what GitLab Shell and Gitaly ask.
var git = fx.Module("git", fx.Provide(
	Clock, GitRules, PushRules, whois.New, pushes.New, gitaccess.New,
	fx.Annotate(newLimiter, fx.As(new(gitaccess.Limiter))),
	openGitaly, func(c *gitaly.Client) Repositories { return c },
	func(r Repositories) gitaccess.Repositories { return r }, func(r Repositories) worldimport.Repositories { return r },
	worldimport.NewProjectCreator, func(f *worldimport.ProjectCreator) gitaccess.ProjectCreator { return f },
))

// Repositories is everything that Gitaly is asked for.
type Repositories interface {
	gitaccess.Repositories
	worldimport.Repositories
	postreceive.History
}

// openGitaly lets go of Gitaly once nothing runs any more that may need it.
func openGitaly(lifecycle fx.Lifecycle, config Config, now application.Clock) (*gitaly.Client, error) {
	client, err := Storages(config, now)
	if err == nil {
		lifecycle.Append(fx.StopHook(client.Close))
	}
	return client, err
}

// Storages makes a client of the storages that are to be asked; none is
// connected before it is needed.
func Storages(config Config, now application.Clock) (*gitaly.Client, error) {
	var known []gitaccess.Storage
	if config.Gitaly.connected() {
		for _, s := range config.Gitaly.Storages {
			known = append(known, s.storage())
		}
	}
	return gitaly.New(known, now)
}

// connected says whether there is a Gitaly to be asked.
func (g Gitaly) connected() bool { return g.Connect && len(g.Storages) > 0 }

// newStorage is where new projects go: the default storage, as everywhere
// else, or the first if none has that name.
func (g Gitaly) newStorage() string {
	for _, s := range g.Storages {
		if s.Name == defaultStorage {
			return s.Name
		}
	}
	if len(g.Storages) > 0 {
		return g.Storages[0].Name
	}
	return defaultStorage
}

// defaultStorage is GitLab's name for the only one.
const defaultStorage = "default"

func (s Storage) storage() gitaccess.Storage {
	return gitaccess.Storage{Name: s.Name, Address: s.Address, Token: string(s.Token)}
}

// Clock is the machine's.
func Clock() application.Clock { return func() time.Time { return time.Now().UTC() } }

func newLimiter(config Config) *ratelimit.Limiter { return ratelimit.New(config.Git.RateLimit) }

// GitRules are what the configuration says about Git access.
func GitRules(config Config) (gitaccess.Rules, error) {
	storages, err := config.storages()
	return gitaccess.Rules{
		Settings: source.Settings{
			Protocols: config.Git.Protocols, ReadOnly: config.Git.ReadOnly,
			HTTPUploadPackOff: !config.Git.HTTPUploadPack, HTTPReceivePackOff: !config.Git.HTTPReceivePack,
			DefaultBranchProtection: config.Git.DefaultBranchProtection, OTPRequired: config.OTP.RequiredForGit,
			PushToCreate: config.Git.PushToCreate && config.Gitaly.connected(), Connected: config.Gitaly.connected(),
		},
		Keys:     config.policy(),
		Storages: storages, NewStorage: config.Gitaly.newStorage(),
	}, err
}

func (c *Config) policy() identity.Policy {
	policy := identity.Policy{TermsEnforced: c.Git.TermsEnforced, MinimumBits: c.Git.KeyRestrictions}
	for _, print := range c.Git.BannedKeys {
		policy.BannedKeys = append(policy.BannedKeys, identity.Fingerprint(print))
	}
	return policy
}

func (c *Config) storages() (map[string]gitaccess.Storage, error) {
	known := map[string]gitaccess.Storage{}
	for _, s := range c.Gitaly.Storages {
		known[s.Name] = s.storage()
	}
	if len(known) > 0 {
		return known, nil
	}
	assumed, err := assumedStorage()
	return map[string]gitaccess.Storage{assumed.Name: assumed}, err
}

// assumedStorage is where Gitaly is taken to be if nobody says so: GitLab
// Shell cannot go on without an address.
func assumedStorage() (gitaccess.Storage, error) {
	socket, err := filepath.Abs("gitaly.socket")
	return gitaccess.Storage{Name: defaultStorage, Address: "unix:" + socket}, err
}

// PushRules are what the configuration says about pushes.
func PushRules(config Config) pushes.Rules {
	rules := pushes.Rules{Expiry: config.Counters.Expiry, FailOpen: config.Counters.FailOpen, CloneURL: config.cloneURL, WebURL: config.webURL}
	if config.Git.MergeRequestLinks {
		rules.MergeRequestURL = func(path, branch string) string {
			return config.webURL(path) + "/-/merge_requests/new?" + url.Values{"merge_request[source_branch]": {branch}}.Encode()
		}
	}
	return rules
}

func (c *Config) webURL(path string) string { return c.ExternalURL + "/" + path }

// cloneURL is where a repository is cloned from. The host of a URL for SSH is
// the external one without its port, which is not SSH's.
func (c *Config) cloneURL(path string, protocol source.Protocol) string {
	if protocol == source.SSH {
		host := c.host()
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return "ssh://git@" + host + "/" + path + ".git"
	}
	return c.ExternalURL + "/" + path + ".git"
}

// host is the name of the instance, as people type it.
func (c *Config) host() string {
	base, err := url.Parse(c.ExternalURL)
	if err != nil {
		return ""
	}
	return base.Hostname()
}

// Gatekeeper makes the Gatekeeper of a command line, whose questions are not
// counted.
func Gatekeeper(config Config, ports Ports) (*gitaccess.Gatekeeper, error) {
	rules, err := GitRules(config)
	if err != nil {
		return nil, err
	}
	client, err := Storages(config, Clock()) // lives as long as the command
	return gitaccess.New(ports.Directory, client, ports.Leave, ports.Stamps, ratelimit.New(0), worldimport.NewProjectCreator(nil, ports.Destinations, client), rules, Clock()), err
}
