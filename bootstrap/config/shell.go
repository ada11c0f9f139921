package config

import (
	"cmp"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Shell is about the callers that share a secret: GitLab Shell and Gitaly.
type Shell struct {
	SecretFile string `koanf:"secret_file"`
	// PreviousSecretFile holds a secret that is accepted too, while callers change
	// to the new one; empty for none.
	PreviousSecretFile string `koanf:"previous_secret_file"`
	// LegacySecret says how to treat callers that send the secret itself rather
	// than a token signed with it: accept, warn or reject.
	LegacySecret string `koanf:"legacy_secret"`
	// RequireExp refuses tokens without an end.
	RequireExp bool `koanf:"require_exp"`
}

// The values of shell.legacy_secret.
const (
	legacyAccept = "accept"
	legacyWarn   = "warn"
	legacyReject = "reject"
)

func defaultShell() Shell {
	return Shell{SecretFile: ".gitlab_shell_secret", LegacySecret: legacyAccept}
}

func (s *Shell) tidy() {
	s.SecretFile = cmp.Or(s.SecretFile, defaultShell().SecretFile)
	s.LegacySecret = cmp.Or(s.LegacySecret, defaultShell().LegacySecret)
}

func (s *Shell) check(m *mistakes) {
	m.oneOf(s.LegacySecret, "shell.legacy_secret", legacyAccept, legacyWarn, legacyReject)
	m.unless(s.PreviousSecretFile != s.SecretFile, "shell.previous_secret_file", "must not be the same as shell.secret_file")
}

// Workhorse is about GitLab Workhorse, which may stand in front of this server.
type Workhorse struct {
	// SecretFile has the secret that GitLab makes for Workhorse; empty for no Workhorse.
	SecretFile string `koanf:"secret_file"`
}

// SSH says where clients reach Git over SSH. It is for the URLs in answers; the server
// itself listens elsewhere or not at all.
type SSH struct {
	// Host is a name or an address, an IPv6 one without brackets; empty for that
	// of external_url.
	Host string `koanf:"host"`
	Port int    `koanf:"port"`
	User string `koanf:"user"`
}

// sshPort is the port that clients take if a URL has none.
const sshPort = 22

func defaultSSH() SSH { return SSH{Port: sshPort, User: "git"} }

func (s *SSH) tidy() {
	if inner, ok := strings.CutPrefix(s.Host, "["); ok && isIPv6(strings.TrimSuffix(inner, "]")) {
		s.Host = strings.TrimSuffix(inner, "]")
	}
	s.Port, s.User = cmp.Or(s.Port, sshPort), cmp.Or(s.User, defaultSSH().User)
}

var (
	sshHost = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$`)
	sshUser = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
)

func (s *SSH) check(m *mistakes) {
	m.unless(s.Host == "" || isIPv6(s.Host) || sshHost.MatchString(s.Host), "ssh.host", "must be a host name or an address, without a scheme, user or port")
	m.unless(s.Port > 0 && s.Port <= 65535, "ssh.port", "must be from 1 to 65535")
	m.unless(sshUser.MatchString(s.User), "ssh.user", "must be the name of a user, without blanks")
}

func isIPv6(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Is6()
}

// sshHost returns the host that clients reach over SSH.
func (c *Config) sshHost() string { return cmp.Or(c.SSH.Host, c.Host()) }

// sshURL returns the URL from which git clones a repository over SSH: in the form of
// scp, which has no place for a port, if the port is SSH's own.
func (c *Config) sshURL(path string) string {
	host := c.sshHost()
	if c.SSH.Port != sshPort {
		return "ssh://" + c.SSH.User + "@" + net.JoinHostPort(host, strconv.Itoa(c.SSH.Port)) + "/" + path + ".git"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return c.SSH.User + "@" + host + ":" + path + ".git"
}

// SSHCommand returns the command that reaches the instance over SSH.
func (c *Config) SSHCommand() string {
	command := "ssh "
	if c.SSH.Port != sshPort {
		command += "-p " + strconv.Itoa(c.SSH.Port) + " "
	}
	return command + c.SSH.User + "@" + c.sshHost()
}
