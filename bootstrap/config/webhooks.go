package config

import (
	"cmp"
	"time"

	"gatehouse/application"
)

// Webhooks is about the events that are sent to hooks.
type Webhooks struct {
	// Timeout is how long a receiver may take to answer.
	Timeout time.Duration `koanf:"timeout"`
	// AllowLocalRequests lets hooks call this machine and private networks.
	AllowLocalRequests bool `koanf:"allow_local_requests"`
	// PushLimit is for how many branches of one push, and for how many tags, hooks
	// get an event. A push with more sends none, and 0 sends none at all.
	PushLimit int `koanf:"push_limit"`
	// Backoff is how long a hook is not called after four failures in a row.
	Backoff time.Duration `koanf:"backoff"`
	// PerHook and PerHost are how many events this server sends at once, to one hook
	// and to one host.
	PerHook int `koanf:"per_hook"`
	PerHost int `koanf:"per_host"`
}

func defaultWebhooks() Webhooks {
	return Webhooks{Timeout: 10 * time.Second, PushLimit: 3, Backoff: time.Minute, PerHook: 1, PerHost: 4}
}

func (w *Webhooks) tidy() {
	w.Timeout = cmp.Or(w.Timeout, defaultWebhooks().Timeout)
	w.Backoff = cmp.Or(w.Backoff, defaultWebhooks().Backoff)
	w.PerHook = cmp.Or(w.PerHook, defaultWebhooks().PerHook)
	w.PerHost = cmp.Or(w.PerHost, defaultWebhooks().PerHost)
}

// SlowAfter is how long a receiver may take before its answer counts against the hook.
func (w Webhooks) SlowAfter() time.Duration { return w.Timeout / 2 }

// Workers is how many events this server sends at once: so many hosts can be slow before
// others wait for them.
func (w Webhooks) Workers() int { return slowHosts * w.PerHost }

const slowHosts = 16

// maxAtOnce is the limit of webhooks.per_hook and webhooks.per_host.
const maxAtOnce = 100

func (w *Webhooks) check(m *mistakes) {
	m.unless(0 < w.Timeout && w.Timeout < application.JobTimeout, "webhooks.timeout",
		"must be more than nothing and less than %s", application.JobTimeout)
	m.notNegative(w.PushLimit, "webhooks.push_limit")
	m.positive(w.Backoff, "webhooks.backoff")
	m.unless(0 < w.PerHook && w.PerHook <= maxAtOnce, "webhooks.per_hook", "must be 1 to %d", maxAtOnce)
	m.unless(0 < w.PerHost && w.PerHost <= maxAtOnce, "webhooks.per_host", "must be 1 to %d", maxAtOnce)
}
