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
}

func defaultWebhooks() Webhooks {
	return Webhooks{Timeout: 10 * time.Second, PushLimit: 3, Backoff: time.Minute}
}

func (w *Webhooks) tidy() {
	w.Timeout = cmp.Or(w.Timeout, defaultWebhooks().Timeout)
	w.Backoff = cmp.Or(w.Backoff, defaultWebhooks().Backoff)
}

// SlowAfter is how long a receiver may take before its answer counts against the hook.
func (w Webhooks) SlowAfter() time.Duration { return w.Timeout / 2 }

func (w *Webhooks) check(m *mistakes) {
	m.unless(0 < w.Timeout && w.Timeout < application.JobTimeout, "webhooks.timeout",
		"must be more than nothing and less than %s", application.JobTimeout)
	m.notNegative(w.PushLimit, "webhooks.push_limit")
	m.positive(w.Backoff, "webhooks.backoff")
}
