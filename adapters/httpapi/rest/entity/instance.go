// Package entity makes the JSON objects that stand for users, groups and projects wherever an
// answer of the management API shows one.
package entity

import (
	"net/url"

	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// Instance is what the objects say about the server. Its methods make them.
type Instance struct {
	// ExternalURL is the public base of every URL, without a trailing slash.
	ExternalURL string
	// CloneURL returns where the repository at a path is cloned from over a protocol.
	CloneURL func(path string, protocol source.Protocol) string
	// DefaultBranchProtection is that of a group that has none of its own.
	DefaultBranchProtection source.BranchProtection
	// ProjectDefaults are remembered parameters of projects that were given none, where they
	// are others than those of remembered.Projects.
	ProjectDefaults remembered.Values
}

// GroupURL is the address of the page of the group at a full path.
func (i Instance) GroupURL(path string) string { return i.ExternalURL + "/groups/" + path }

// Host is the name of the host of the external address; empty if the address has none.
func (i Instance) Host() string {
	u, err := url.Parse(i.ExternalURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// ProtectionLevel is a level of the protection of default branches.
type ProtectionLevel int64

// Words are the levels that it takes, in digits.
func (ProtectionLevel) Words() []string { return []string{"0", "1", "2", "3", "4"} }
