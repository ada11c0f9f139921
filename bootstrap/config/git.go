package config

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Git is what the instance says about Git access.
type Git struct {
	Protocols       source.Protocols `koanf:"protocols"`
	HTTPUploadPack  bool             `koanf:"http_upload_pack"`
	HTTPReceivePack bool             `koanf:"http_receive_pack"`
	// HTTP says whether this server itself answers git over HTTP.
	HTTP bool `koanf:"http"`
	// HTTPDrain is how long transfers over HTTP may go on when the server stops; 0 cuts
	// them at once.
	HTTPDrain     time.Duration `koanf:"http_drain"`
	HTTPBan       HTTPBan       `koanf:"http_ban"`
	ReadOnly      bool          `koanf:"read_only"`
	TermsEnforced bool          `koanf:"terms_enforced"`
	// RateLimit is in requests a minute for one command, project and actor; 0 for
	// no limit.
	RateLimit int `koanf:"rate_limit"`
	// ReceiveMaxInputMiB limits one push; 0 for no limit.
	ReceiveMaxInputMiB      int                     `koanf:"receive_max_input_mib"`
	DefaultBranchProtection source.BranchProtection `koanf:"default_branch_protection"`
	// ConfigOptions are passed to git by Gitaly.
	ConfigOptions []string `koanf:"config_options"`
	// KeyRestrictions are minimum bits by family of keys; -1 forbids one.
	KeyRestrictions map[string]int `koanf:"key_restrictions"`
	// BannedKeys are SHA-256 fingerprints.
	BannedKeys        []string `koanf:"banned_keys"`
	PushToCreate      bool     `koanf:"push_to_create"`
	MergeRequestLinks bool     `koanf:"merge_request_links"`
}

// HTTPBan says when an address is banned that gives wrong passwords or tokens.
type HTTPBan struct {
	// Failures are how many lead to a ban; 0 for no bans.
	Failures int `koanf:"failures"`
	// Window is the time within which they do.
	Window time.Duration `koanf:"window"`
	// For is how long a ban lasts.
	For time.Duration `koanf:"for"`
}

func (b *HTTPBan) check(m *mistakes) {
	m.notNegative(b.Failures, "git.http_ban.failures")
	none := b.Failures == 0
	m.unless(b.Window > 0 || none && b.Window == 0, "git.http_ban.window", "must be more than nothing")
	m.unless(b.For > 0 || none && b.For == 0, "git.http_ban.for", "must be more than nothing")
}

func defaultGit() Git {
	return Git{
		Protocols: source.AllProtocols, HTTPUploadPack: true, HTTPReceivePack: true,
		HTTP: true, HTTPDrain: 10 * time.Minute, HTTPBan: HTTPBan{Failures: 30, Window: 3 * time.Minute, For: time.Hour},
		RateLimit: 600, DefaultBranchProtection: source.FullyProtected, PushToCreate: true,
		// Partial clones work only with these two.
		ConfigOptions: []string{"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"},
	}
}

func (g *Git) tidy() {
	g.Protocols = cmp.Or(g.Protocols, defaultGit().Protocols)
	for i, text := range g.BannedKeys {
		g.BannedKeys[i] = strings.TrimRight(strings.TrimPrefix(text, "SHA256:"), "=")
	}
}

func (g *Git) check(m *mistakes) {
	m.unless(slices.Contains(source.ProtocolSettings, g.Protocols), "git.protocols", "%q is not one of all, ssh, http", g.Protocols)
	m.unless(g.HTTPDrain >= 0, "git.http_drain", "must not be negative")
	g.HTTPBan.check(m)
	m.notNegative(g.RateLimit, "git.rate_limit")
	m.notNegative(g.ReceiveMaxInputMiB, "git.receive_max_input_mib")
	m.unless(g.DefaultBranchProtection.Known(), "git.default_branch_protection", "must be 0 to 4")
	for i, option := range g.ConfigOptions {
		name, _, ok := strings.Cut(option, "=")
		m.unless(ok && strings.Contains(name, ".") && !strings.ContainsAny(option, "\n\x00"),
			fmt.Sprintf("git.config_options[%d]", i), "%q is not section.name=value", option)
	}
	for _, family := range slices.Sorted(maps.Keys(g.KeyRestrictions)) {
		key := "git.key_restrictions." + family
		m.unless(slices.Contains(identity.KeyFamilies, family), key, "is not one of %s", strings.Join(identity.KeyFamilies, ", "))
		m.unless(g.KeyRestrictions[family] >= identity.Forbidden, key, "must be a number of bits, or %d for none at all", identity.Forbidden)
	}
	for i, text := range g.BannedKeys {
		m.unless(isFingerprint(text), fmt.Sprintf("git.banned_keys[%d]", i), "%q is no SHA-256 fingerprint", text)
	}
}

func isFingerprint(text string) bool {
	sum, err := base64.RawStdEncoding.DecodeString(text)
	return err == nil && len(sum) == 32
}

// GitalyOptions returns the options that Gitaly passes to git.
func (g Git) GitalyOptions() []string {
	options := slices.Clone(g.ConfigOptions)
	if limit := g.ReceiveMaxInputMiB; limit > 0 {
		options = append(options, fmt.Sprintf("receive.maxInputSize=%d", limit<<20))
	}
	return options
}

// KeyPolicy returns what the instance asks of users and their keys.
func (g Git) KeyPolicy() identity.Policy {
	policy := identity.Policy{TermsEnforced: g.TermsEnforced, MinimumBits: g.KeyRestrictions}
	for _, fingerprint := range g.BannedKeys {
		policy.BannedKeys = append(policy.BannedKeys, identity.Fingerprint(fingerprint))
	}
	return policy
}
