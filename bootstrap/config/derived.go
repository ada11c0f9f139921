package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Host returns the name of the instance, as people type it.
func (c *Config) Host() string {
	base, err := url.Parse(c.ExternalURL)
	if err != nil {
		return ""
	}
	return base.Hostname()
}

// WebURL returns the URL of a group's or project's page.
func (c *Config) WebURL(path string) string { return c.ExternalURL + "/" + path }

// CloneURL returns the URL from which git clones a repository. A URL for SSH
// has the host of external_url without the port, which is not that of SSH.
func (c *Config) CloneURL(path string, protocol source.Protocol) string {
	if protocol == source.SSH {
		host := c.Host()
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return "ssh://git@" + host + "/" + path + ".git"
	}
	return c.ExternalURL + "/" + path + ".git"
}

// File returns the path of the SQLite file. It is empty for other databases, and
// for a URL that begins with file:, which only SQLite itself can read.
func (d Database) File() string {
	if d.engine() != sqliteEngine || strings.HasPrefix(string(d.URL), "file:") {
		return ""
	}
	return string(d.URL)
}

// Missing says whether the SQLite file does not exist.
func (d Database) Missing() bool {
	if d.File() == "" {
		return false
	}
	_, err := os.Stat(d.File())
	return errors.Is(err, fs.ErrNotExist)
}

// Place says in words where the data is.
func (d Database) Place() string {
	switch d.engine() {
	case memoryEngine:
		return "memory, gone with this process"
	case sqliteEngine:
		return Absolute(string(d.URL))
	default:
		return d.URL.String()
	}
}

// Absolute returns the absolute form of a path, or the path itself if the
// working directory is unknown.
func Absolute(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// Connected says whether this server asks a Gitaly itself.
func (g Gitaly) Connected() bool { return g.Connect && len(g.Storages) > 0 }

// Known returns the storages that GitLab Shell is told: those of the settings or,
// without any, the assumed one.
func (g Gitaly) Known() ([]Storage, error) {
	if len(g.Storages) > 0 {
		return g.Storages, nil
	}
	assumed, err := assumedStorage()
	return []Storage{assumed}, err
}

// assumedStorage returns the storage that is assumed if the settings name none:
// GitLab Shell needs an address.
func assumedStorage() (Storage, error) {
	socket, err := filepath.Abs("gitaly.socket")
	return Storage{Name: defaultStorage, Address: "unix:" + socket}, err
}

// defaultStorage is GitLab's name for the only storage.
const defaultStorage = "default"

// NewProjectStorage returns the name of the storage for new projects: "default",
// as in GitLab, or the first if none has that name.
func (g Gitaly) NewProjectStorage() string {
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

// Options returns the options that Gitaly passes to git.
func (g Git) Options() []string {
	options := slices.Clone(g.ConfigOptions)
	if limit := g.ReceiveMaxInputMiB; limit > 0 {
		options = append(options, fmt.Sprintf("receive.maxInputSize=%d", limit<<20))
	}
	return options
}

// KeyPolicy returns what users and their keys must fulfil.
func (g Git) KeyPolicy() identity.Policy {
	policy := identity.Policy{TermsEnforced: g.TermsEnforced, MinimumBits: g.KeyRestrictions}
	for _, fingerprint := range g.BannedKeys {
		policy.BannedKeys = append(policy.BannedKeys, identity.Fingerprint(fingerprint))
	}
	return policy
}
