package config

import (
	"cmp"
	"net/url"
	"slices"
	"time"
)

// Kas is about the Kubernetes agent server.
type Kas struct {
	Enabled    bool   `koanf:"enabled"`
	SecretFile string `koanf:"secret_file"`
	// JWTLeeway is how far the clock of kas may differ from this server's.
	JWTLeeway time.Duration `koanf:"jwt_leeway"`
	// RequireAud refuses tokens without an audience.
	RequireAud bool `koanf:"require_aud"`
	// RequireExp refuses tokens without an end.
	RequireExp bool `koanf:"require_exp"`
	// ExternalURL is where agents and people reach kas; empty if that is not known.
	ExternalURL string `koanf:"external_url"`
	// Rollout are full paths of groups and projects; if there are any, only
	// their agents are served.
	Rollout []string `koanf:"rollout"`
}

func defaultKas() Kas { return Kas{Enabled: true, SecretFile: ".gitlab_kas_secret"} }

func (k *Kas) tidy() { k.SecretFile = cmp.Or(k.SecretFile, defaultKas().SecretFile) }

func (k *Kas) check(m *mistakes) {
	m.unless(k.JWTLeeway >= 0, "kas.jwt_leeway", "must not be negative")
	m.unless(k.ExternalURL == "" || isKasURL(k.ExternalURL), "kas.external_url", "must be a URL like wss://kas.example.com or grpc://kas.example.com:8150")
	m.paths(k.Rollout, "kas.rollout")
}

func isKasURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && slices.Contains([]string{"grpc", "grpcs", "ws", "wss"}, u.Scheme) && u.Host != "" && u.User == nil
}
