package config

import (
	"fmt"
	"net/url"
)

// API is about the management API.
type API struct {
	Enabled bool `koanf:"enabled"`
	// RateLimit is how many requests a user may make in a minute; 0 is no limit.
	RateLimit int `koanf:"rate_limit"`
	// AnonymousRateLimit is how many requests without a token that counts an address may
	// make in a minute; 0 is no limit.
	AnonymousRateLimit int `koanf:"anonymous_rate_limit"`
	// CORSOrigins are the origins whose pages may call the API; empty for none.
	CORSOrigins []string `koanf:"cors_origins"`
}

func defaultAPI() API { return API{Enabled: true, AnonymousRateLimit: 600} }

func (a *API) check(m *mistakes) {
	m.notNegative(a.RateLimit, "api.rate_limit")
	m.notNegative(a.AnonymousRateLimit, "api.anonymous_rate_limit")
	for i, origin := range a.CORSOrigins {
		u, err := url.Parse(origin)
		ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Scheme+"://"+u.Host == origin
		m.unless(origin == "*" || ok, fmt.Sprintf("api.cors_origins[%d]", i), "%q is no origin such as https://git.example.com", origin)
	}
}

// Users is about the users that the management API makes.
type Users struct {
	// RequireConfirmation leaves the e-mail of a new user unconfirmed, so that the user
	// may not push yet.
	RequireConfirmation bool `koanf:"require_confirmation"`
}

// Projects is about the projects that the management API shows.
type Projects struct {
	// MergeRequests is the level of merge requests that a project has which was given none.
	MergeRequests string `koanf:"merge_requests"`
}

func defaultProjects() Projects { return Projects{MergeRequests: "enabled"} }

func (p *Projects) check(m *mistakes) {
	m.oneOf(p.MergeRequests, "projects.merge_requests", "enabled", "private", "disabled")
}
