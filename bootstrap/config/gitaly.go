package config

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Gitaly lists the storages.
type Gitaly struct {
	// Storages may be empty: then Known assumes one.
	Storages []Storage `koanf:"storages"`
	// Connect lets this server itself ask the storages. If it is off, only GitLab
	// Shell is told of them.
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

func defaultGitaly() Gitaly { return Gitaly{Connect: true} }

func (g *Gitaly) check(m *mistakes) {
	names := map[string]bool{}
	for i, s := range g.Storages {
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

// Connected says whether this server itself asks a Gitaly.
func (g Gitaly) Connected() bool { return g.Connect && len(g.Storages) > 0 }

// Known returns the storages that GitLab Shell is told of. If none is set it
// assumes one, as GitLab Shell needs an address.
func (g Gitaly) Known() ([]Storage, error) {
	if len(g.Storages) > 0 {
		return g.Storages, nil
	}
	socket, err := filepath.Abs("gitaly.socket")
	return []Storage{{Name: defaultStorage, Address: "unix:" + socket}}, err
}

// NewProjectStorage returns the name of the storage for new projects: "default",
// as in GitLab, or the first one if none has that name.
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

// defaultStorage is the name that GitLab gives to the first storage.
const defaultStorage = "default"
