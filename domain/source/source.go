// Package source says who may do what with a repository: projects and the roles
// users have in them, refs and their protection, and the ordered rules that
// allow or refuse a Git command.
package source

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gatehouse/domain/identity"
)

// ProjectID is the number of a project; 0 means none.
type ProjectID int64

// NamespaceID is the number of a group or of a personal namespace.
type NamespaceID int64

// Role is what a member may do, in GitLab's numbers; higher includes lower.
type Role int

// The roles. Minimal counts as no role wherever Git access is decided.
const (
	NoRole          Role = 0
	Minimal         Role = 5
	Guest           Role = 10
	Planner         Role = 15
	Reporter        Role = 20
	SecurityManager Role = 25
	Developer       Role = 30
	Maintainer      Role = 40
	Owner           Role = 50
)

var roleNames = map[Role]string{
	NoRole: "none", Minimal: "minimal", Guest: "guest", Planner: "planner", Reporter: "reporter",
	SecurityManager: "security_manager", Developer: "developer", Maintainer: "maintainer", Owner: "owner",
}

// Roles returns all roles, from NoRole to the highest.
func Roles() []Role { return slices.Sorted(maps.Keys(roleNames)) }

// String returns the role's word in files and tables.
func (r Role) String() string { return roleNames[r] }

// ParseRole returns the role of a word, in lower case; ok is false if there is none.
func ParseRole(word string) (role Role, ok bool) {
	for role, name := range roleNames {
		if name == word {
			return role, true
		}
	}
	return NoRole, false
}

// Visibility says who may know of a project.
type Visibility string

// The visibilities. Internal is open to every user who is not external.
const (
	Private  Visibility = "private"
	Internal Visibility = "internal"
	Public   Visibility = "public"
)

// Visibilities lists every Visibility.
var Visibilities = []Visibility{Private, Internal, Public}

// Feature says which users a part of a project is switched on for.
type Feature string

// The levels of a feature. FeaturePrivate means members only.
const (
	FeatureDisabled Feature = "disabled"
	FeaturePrivate  Feature = "private"
	FeatureEnabled  Feature = "enabled"
)

// Features lists every Feature level.
var Features = []Feature{FeatureDisabled, FeaturePrivate, FeatureEnabled}

// Protocols says over which protocols Git may be used.
type Protocols string

// The settings of protocols, of an instance or of a top-level group.
const (
	AllProtocols Protocols = "all"
	OnlySSH      Protocols = "ssh"
	OnlyHTTP     Protocols = "http"
)

// ProtocolSettings lists every Protocols.
var ProtocolSettings = []Protocols{AllProtocols, OnlySSH, OnlyHTTP}

// Allow says whether p may be used; what Gitaly does for the web always may.
func (s Protocols) Allow(p Protocol) bool {
	return p == Web || s == AllProtocols && p.Known() || s == Protocols(p)
}

// Namespace is a group or a person's own namespace, with the settings that
// count when it is the root of a project.
type Namespace struct {
	ID   NamespaceID
	Path string
	// Personal namespaces belong to one user; groups have members.
	Personal bool
	// AllowedIPs is empty if every address is allowed.
	AllowedIPs []netip.Prefix
	Protocols  Protocols
	// RequireSSHCertificates refuses people who log in by a plain key.
	RequireSSHCertificates bool
}

// ParseRange reads a range of addresses such as 192.0.2.0/24; a single address is a range
// of one. IPv4 in the form of IPv6 is returned as IPv4: addresses of clients are treated
// alike before they are compared.
func ParseRange(text string) (ip netip.Prefix, ok bool) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, false
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	if address := prefix.Addr(); address.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(address.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), true
}

// ParseAddress reads the address of a client: with or without a port, brackets and
// a zone. An IPv4 address in the form of IPv6 is returned as IPv4. ok is false for
// any other text.
func ParseAddress(text string) (address netip.Addr, ok bool) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		var both netip.AddrPort
		both, err = netip.ParseAddrPort(text)
		address = both.Addr()
	}
	if inner, bracketed := strings.CutPrefix(text, "["); err != nil && bracketed {
		switch inner, port, closed := strings.Cut(inner, "]"); {
		case closed && port == "":
			address, err = netip.ParseAddr(inner)
		case closed && port[0] == ':': // IPv4, which netip knows without brackets only
			var both netip.AddrPort
			both, err = netip.ParseAddrPort(inner + port)
			address = both.Addr()
		}
	}
	return address.Unmap().WithZone(""), err == nil
}

// AllowsAddress says whether the allow-list contains address. An empty list
// allows every address.
func (n Namespace) AllowsAddress(address netip.Addr) bool {
	return len(n.AllowedIPs) == 0 || slices.ContainsFunc(n.AllowedIPs, func(p netip.Prefix) bool {
		return p.Contains(address.Unmap().WithZone(""))
	})
}

// Project is a project with what Git access depends on. The zero Project is
// no project.
type Project struct {
	ID ProjectID
	// ToBeCreated says that the push creates the project, which has no ID yet.
	ToBeCreated bool
	// PathTaken says of a project to be created that it cannot get its path.
	PathTaken bool
	// Path is the full path in its canonical letter case.
	Path       string
	Root       Namespace
	Visibility Visibility
	Archived   bool
	// ReadOnly is set while the repository is being moved.
	ReadOnly   bool
	Repository Feature
	Wiki       Feature
	// LFS says whether large files are stored by Git LFS here.
	LFS bool
	// DefaultBranch is a short name; empty means it is not known yet.
	DefaultBranch string
	// Empty means the repository has no branch yet.
	Empty bool
	// Format is the object format of a repository that is to be created, sha1 or sha256;
	// empty it is sha1.
	Format string
	// BranchDefaults are the group's own or those that the instance was given through the
	// API; nil for those of Settings.
	BranchDefaults *BranchDefaults
	// Creation says who may create a project that is to be created. Empty it is
	// DeveloperProjects.
	Creation ProjectCreation
	// Personal are the projects beside one that is to be created in a personal namespace;
	// nil for all others.
	Personal *PersonalProjects
	Storage  string
	// LegacyPath is the path on disk without ".git" of a project that was
	// never moved to hashed storage; empty for all others.
	LegacyPath string
	// Protections are the protected branches and tags. They are filled in
	// only for a push whose changes are known.
	Protections []Protection
}

// Known says whether p is a project at all.
func (p Project) Known() bool { return p.ID != 0 || p.ToBeCreated }

// HeadBranch returns the default branch; "main" while it is not known.
func (p Project) HeadBranch() string {
	if p.DefaultBranch == "" {
		return "main"
	}
	return p.DefaultBranch
}

// BranchProtection is how the default branch of a new project starts, in
// GitLab's numbers.
type BranchProtection int

// The levels of BranchProtection.
const (
	NotProtected BranchProtection = iota
	DevelopersPush
	FullyProtected
	DevelopersMerge
	DevelopersPushInitially
)

// Known says whether b is one of the levels.
func (b BranchProtection) Known() bool { return NotProtected <= b && b <= DevelopersPushInitially }

// Settings is what the instance says about Git access. The zero Settings is
// not useful: Protocols has to be set.
type Settings struct {
	Protocols Protocols
	// ReadOnly refuses every push.
	ReadOnly bool
	// HTTPUploadPackOff and HTTPReceivePackOff switch a command off for the
	// http protocol, the only one with such switches.
	HTTPUploadPackOff  bool
	HTTPReceivePackOff bool
	// DefaultBranchProtection counts where neither a group nor the instance has another
	// among what was set through the API.
	DefaultBranchProtection BranchProtection
	// OTPRequired demands a second factor, of those who have one, for Git
	// over SSH.
	OTPRequired bool
	// SSHCommand is the command that reaches the instance over SSH, as in
	// "ssh git@git.example.com".
	SSHCommand string
	// PushToCreate lets a push create the project that it names.
	PushToCreate bool
	// Connected says whether a Gitaly is connected, which answers questions
	// about repositories. Without one the stored facts count, and nothing is
	// known of the history.
	Connected bool
}

// Standing is everything that the rules need to know of the actor and of the
// target, at one moment.
type Standing struct {
	Actor identity.Actor
	// Project is unknown if there is none at the target.
	Project Project
	// Repository tells which of the project's repositories is meant.
	Repository RepositoryID
	// Role is the effective role of Actor.User in the project: the highest of
	// direct, inherited and shared membership and of ownership. Under a
	// deploy key it is the creator's, who counts only for protected branches.
	Role Role
	// KeyEnabled and KeyCanPush tell whether a deploy key was enabled on the
	// project, and with write access.
	KeyEnabled bool
	KeyCanPush bool
	// Moved means that the target was found by a path that the project had
	// before it moved.
	Moved bool
	// OTPSession says whether the actor has an unexpired session of a second
	// factor, for the same key if there is one. It is false unless it was asked for.
	OTPSession bool
}

// NoticeLifetime is how long a notice waits for its push: GitLab's five
// minutes.
const NoticeLifetime = 5 * time.Minute

// MemberSource is what a membership or a share belongs to, GitLab's
// source_type and source_id: a group or a project. The other number is 0.
type MemberSource struct {
	Group   NamespaceID
	Project ProjectID
}

// ProjectIDs returns the numbers of projects, in their order.
func ProjectIDs(projects []Project) []ProjectID {
	ids := make([]ProjectID, len(projects))
	for i, p := range projects {
		ids[i] = p.ID
	}
	return ids
}
