package config

import (
	"fmt"
	"net"
	"net/netip"
	"path"
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
	// PublicAddress is a second TCP host and port, without the routes below
	// /internal; empty for none.
	PublicAddress string `koanf:"public_address"`
	// PublicConnections is how many connections PublicAddress takes at once.
	PublicConnections int `koanf:"public_connections"`
	// RelativeRoot is a path in front of every route; empty for none.
	RelativeRoot string `koanf:"relative_root"`
	// TrustedProxies are the addresses and networks whose X-Forwarded-For is
	// believed.
	TrustedProxies []string `koanf:"trusted_proxies"`
}

func defaultHTTP() HTTP { return HTTP{Address: "127.0.0.1:3001", PublicConnections: 1024} }

func (h *HTTP) tidy() { h.RelativeRoot = strings.TrimRight(h.RelativeRoot, "/") }

// maxSocketPath is how many bytes the path of a Unix socket may have.
const maxSocketPath = 107

func (h *HTTP) check(m *mistakes) {
	m.unless(h.Address != "" || h.Socket != "", "http.address", "must not be empty as http.socket is")
	m.unless(h.Address == "" || isAddress(h.Address), "http.address", "must be host:port")
	m.unless(h.PublicAddress == "" || isAddress(h.PublicAddress), "http.public_address", "must be host:port")
	m.unless(h.PublicAddress == "" || h.PublicAddress != h.Address || strings.HasSuffix(h.Address, ":0"),
		"http.public_address", "must not be the same as http.address")
	m.unless(h.PublicConnections > 0, "http.public_connections", "must be more than 0")
	m.unless(len(h.Socket) <= maxSocketPath, "http.socket", "must not be longer than %d bytes", maxSocketPath)
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
