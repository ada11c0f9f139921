// Package hooks says who outside the instance wants to hear of pushes, what
// they are told, and when those who do not listen are left alone.
package hooks

import (
	"strings"
	"time"

	"gatehouse/domain/source"
)

// HookID is the number of a hook.
type HookID int64

// Hook is where events of a project are sent, or of all projects below a
// group: GitLab's webhook.
type Hook struct {
	ID  HookID
	URL string
	// Token is sent along, so that the receiver knows who is calling. It is
	// sealed wherever it is kept. Empty for none.
	Token string
	// Push and TagPush say which events are wanted.
	Push, TagPush bool
	// Branches limits pushes to those to branches that it covers; empty for all.
	Branches source.Pattern
	// SkipVerification does not look at the receiver's certificate.
	SkipVerification bool
	Health           Health
}

// Wants says whether the hook is for the change.
func (h Hook) Wants(change source.Change) bool {
	switch change.Ref.Kind {
	case source.Branch:
		return h.Push && (h.Branches == "" || h.Branches.Covers(change.Ref.Name))
	case source.Tag:
		return h.TagPush
	default:
		return false
	}
}

// Sendable are the changes of which hooks hear: all those to branches and all
// those to tags, unless one push has more than limit of the kind. A limit of 0
// sends none.
func Sendable(changes []source.Change, limit int) (sendable []source.Change) {
	for _, kind := range []source.RefKind{source.Branch, source.Tag} {
		var of []source.Change
		for _, c := range changes {
			if c.Ref.Kind == kind {
				of = append(of, c)
			}
		}
		if len(of) <= limit {
			sendable = append(sendable, of...)
		}
	}
	return sendable
}

const (
	// failuresBeforePause is how many failures in a row a hook has before it is left
	// alone for a while, and failuresBeforeDisable how many before it is left alone for good;
	// both are GitLab's.
	failuresBeforePause   = 4
	failuresBeforeDisable = 40
	// maxPause is GitLab's too.
	maxPause = 24 * time.Hour
)

// Health is how a hook did lately.
type Health struct {
	// Failures are those in a row, up to now.
	Failures int
	// PausedUntil is zero for a hook that is not left alone.
	PausedUntil time.Time
	// Disabled hooks are sent nothing until a test succeeds.
	Disabled bool
	// Status is that of the last answer, 0 where there was none.
	Status int
	// LastAt is when the last attempt was.
	LastAt time.Time
}

// Pause is how long the hook has to be left alone yet.
func (h Health) Pause(now time.Time) time.Duration { return max(0, h.PausedUntil.Sub(now)) }

// After is the health after an attempt at now that succeeded or failed. From
// the fourth failure on the pause is first, and doubles with each. What fails
// during a pause began before it, and tells nothing new.
func (h Health) After(succeeded bool, status int, now time.Time, first time.Duration) Health {
	switch {
	case succeeded:
		return Health{Status: status, LastAt: now}
	case h.Pause(now) > 0:
		return h
	}
	h.Failures, h.Status, h.LastAt = h.Failures+1, status, now
	if h.Failures >= failuresBeforeDisable {
		h.Disabled, h.PausedUntil = true, time.Time{}
	} else if h.Failures >= failuresBeforePause {
		pause := maxPause
		if doublings := h.Failures - failuresBeforePause; doublings < 32 && first <= maxPause>>doublings {
			pause = first << doublings
		}
		h.PausedUntil = now.Add(pause)
	}
	return h
}

// DisplayURL is the URL as people may see it: what may be a secret is left out.
func (h Hook) DisplayURL() string {
	address, _, query := strings.Cut(h.URL, "?")
	scheme, rest, _ := strings.Cut(address, "://")
	host, path, below := strings.Cut(rest, "/")
	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = "***" + host[at:]
	}
	shown := scheme + "://" + host
	if below {
		shown += "/" + path
	}
	if query {
		shown += "?***"
	}
	return shown
}
