package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os/user"
	"path"
	"slices"
	"strconv"
	"strings"
)

// HTTP says where the server listens.
type HTTP struct {
	// Address is a TCP host and port; port 0 takes any free one. Empty means that
	// only the socket is served.
	Address string `koanf:"address"`
	// Socket is the path of a Unix socket; empty for none.
	Socket string `koanf:"socket"`
	// SocketGroup is the name or number of the group of Socket; empty for that of the
	// process.
	SocketGroup string `koanf:"socket_group"`
	// SocketMode is the mode of Socket as an octal text.
	SocketMode string `koanf:"socket_mode"`
	// PublicAddress is a second TCP host and port, without the routes below
	// /internal; empty for none.
	PublicAddress string `koanf:"public_address"`
	// PublicConnections is how many connections PublicAddress takes at once.
	PublicConnections int `koanf:"public_connections"`
	// PublicRoutes are the callers whose routes PublicAddress serves.
	PublicRoutes []string `koanf:"public_routes"`
	// RelativeRoot is a path in front of every route; empty for none.
	RelativeRoot string `koanf:"relative_root"`
	// TrustedProxies are the addresses and networks whose X-Forwarded-For is
	// believed.
	TrustedProxies []string `koanf:"trusted_proxies"`
}

// defaultSocketMode lets the owner and the group connect: GitLab Shell and Gitaly often
// run as users of their own.
const defaultSocketMode = "0660"

func defaultHTTP() HTTP {
	return HTTP{
		Address: "127.0.0.1:3001", SocketMode: defaultSocketMode, PublicConnections: 1024, PublicRoutes: []string{PortalRoutes},
	}
}

// The words of http.public_routes.
const (
	PortalRoutes = "portal"
	APIRoutes    = "api"
	GitRoutes    = "git"
)

// ServesPublicly says whether http.public_routes has the word.
func (h *HTTP) ServesPublicly(routes string) bool { return slices.Contains(h.PublicRoutes, routes) }

func (h *HTTP) tidy() {
	h.RelativeRoot = strings.TrimRight(h.RelativeRoot, "/")
	h.SocketMode = cmp.Or(h.SocketMode, defaultSocketMode)
}

// ownersPart is what the owner of a socket has to have: who may not write to a socket
// cannot connect.
const ownersPart fs.FileMode = 0o600

// SocketPermissions returns http.socket_mode, or false if it is no mode.
func (h *HTTP) SocketPermissions() (fs.FileMode, bool) {
	mode, err := strconv.ParseUint(h.SocketMode, 8, 32)
	return fs.FileMode(mode), err == nil && mode <= uint64(fs.ModePerm)
}

// SocketGroupID returns the number of http.socket_group, or nil if it is empty. It fails
// if this machine has no group of that name.
func (h *HTTP) SocketGroupID() (*int, error) {
	if h.SocketGroup == "" {
		return nil, nil
	}
	number := h.SocketGroup
	if group, err := user.LookupGroup(h.SocketGroup); err == nil {
		number = group.Gid
	}
	id, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return nil, fmt.Errorf("http.socket_group: this machine has no group %q", h.SocketGroup)
	}
	return new(int(id)), nil
}

// maxSocketPath is how many bytes the path of a Unix socket may have.
const maxSocketPath = 107

func (h *HTTP) check(m *mistakes) {
	m.unless(h.Address != "" || h.Socket != "", "http.address", "must not be empty as http.socket is")
	m.unless(h.Address == "" || isAddress(h.Address), "http.address", "must be host:port")
	m.unless(h.PublicAddress == "" || isAddress(h.PublicAddress), "http.public_address", "must be host:port")
	m.unless(h.PublicAddress == "" || h.PublicAddress != h.Address || strings.HasSuffix(h.Address, ":0"),
		"http.public_address", "must not be the same as http.address")
	m.unless(h.PublicConnections > 0, "http.public_connections", "must be more than 0")
	for i, word := range h.PublicRoutes {
		m.oneOf(word, fmt.Sprintf("http.public_routes[%d]", i), PortalRoutes, APIRoutes, GitRoutes)
	}
	m.unless(len(h.Socket) <= maxSocketPath, "http.socket", "must not be longer than %d bytes", maxSocketPath)
	mode, ok := h.SocketPermissions()
	m.unless(ok, "http.socket_mode", "%q is no octal mode such as \"0660\"", h.SocketMode)
	m.unless(!ok || mode&ownersPart == ownersPart, "http.socket_mode", "%q must let the owner read and write", h.SocketMode)
	m.unless(isRoot(h.RelativeRoot), "http.relative_root", "must be a path like /gitlab")
	for i, proxy := range h.TrustedProxies {
		_, network := netip.ParsePrefix(proxy)
		_, address := netip.ParseAddr(proxy)
		m.unless(network == nil || address == nil, fmt.Sprintf("http.trusted_proxies[%d]", i), "%q is no address and no network", proxy)
	}
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
