// Package hooks describes GitLab's webhooks: which push events a hook receives,
// and when a failing hook is paused or disabled.
package hooks

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// HookID is the number of a hook.
type HookID int64

// Hook is where events of a project are sent, or of all projects below a
// group: GitLab's webhook.
type Hook struct {
	ID HookID
	// Name and Description are for people.
	Name, Description string
	// URL is where events are sent. Each {name} in it stands for the value of the variable
	// of that name, as Target has it. The URL may have secrets in it; DisplayURL has none.
	// No store writes the URL, the token, the headers or the variables to a disk as they
	// are.
	URL string
	// Token is sent with each event, so that the receiver can check the sender. It is
	// empty for a hook without one.
	Token string
	// Push and TagPush say which events are wanted.
	Push, TagPush bool
	// Branches limits pushes to those to some branches, as Strategy says; empty for all.
	Branches source.Pattern
	// Strategy says how Branches is read; empty for WildcardBranches.
	Strategy BranchStrategy
	// SkipVerification switches the check of the receiver's TLS certificate
	// off.
	SkipVerification bool
	// Headers are sent with each event, beside those of every event.
	Headers []KeyValue
	// Variables are what stands for parts of the URL.
	Variables []KeyValue
	// Template is kept, and shown, without an effect.
	Template string
	// Settings are the parameters that are kept without an effect.
	Settings remembered.Values
	// CreatedAt and UpdatedAt are zero if they are not known.
	CreatedAt, UpdatedAt time.Time
	Health               Health
}

// KeyValue is a header, or a variable, with its value, which may be a secret.
type KeyValue struct{ Key, Value string }

// BranchStrategy says how the branches of a hook are named.
type BranchStrategy string

// The strategies.
const (
	// WildcardBranches is a name in which "*" stands for any text.
	WildcardBranches BranchStrategy = "wildcard"
	// RegexBranches is a regular expression of RE2, which matches any part of a name.
	RegexBranches BranchStrategy = "regex"
	// AllBranches is every branch, whatever is named.
	AllBranches BranchStrategy = "all_branches"
)

// BranchStrategies lists every BranchStrategy.
var BranchStrategies = []BranchStrategy{WildcardBranches, RegexBranches, AllBranches}

// Wants says whether the hook receives an event for the change.
func (h Hook) Wants(change source.Change) bool {
	switch change.Ref.Kind {
	case source.Branch:
		return h.Push && h.coversBranch(change.Ref.Name)
	case source.Tag:
		return h.TagPush
	default:
		return false
	}
}

func (h Hook) coversBranch(name string) bool {
	switch {
	case h.Branches == "", h.Strategy == AllBranches:
		return true
	case h.Strategy == RegexBranches:
		expression, err := regexp.Compile(string(h.Branches))
		return err == nil && expression.MatchString(name)
	}
	return h.Branches.Covers(name)
}

// Sendable returns the changes that hooks receive: those to branches, if there
// are at most limit of them, and those to tags, if there are at most limit of
// them.
func Sendable(changes []source.Change, limit int) (sendable []source.Change) {
	for _, kind := range []source.RefKind{source.Branch, source.Tag} {
		if of := changesOf(kind, changes); len(of) <= limit {
			sendable = append(sendable, of...)
		}
	}
	return sendable
}

// Unsent returns how many branches, and how many tags, are too many for hooks to receive
// them; 0 for a kind of which Sendable returns all, or none of the hooks wants any.
func Unsent(changes []source.Change, limit int, hooks []Hook) (branches, tags int) {
	count := func(kind source.RefKind) int {
		of := changesOf(kind, changes)
		isWanted := func(c source.Change) bool {
			return slices.ContainsFunc(hooks, func(h Hook) bool { return h.Wants(c) })
		}
		if len(of) <= limit || !slices.ContainsFunc(of, isWanted) {
			return 0
		}
		return len(of)
	}
	return count(source.Branch), count(source.Tag)
}

func changesOf(kind source.RefKind, changes []source.Change) (of []source.Change) {
	for _, c := range changes {
		if c.Ref.Kind == kind {
			of = append(of, c)
		}
	}
	return of
}

const (
	// failuresBeforePause and failuresBeforeDisable are how many failures in a
	// row pause a hook and disable it; both are GitLab's.
	failuresBeforePause   = 4
	failuresBeforeDisable = 40
	// maxPause is GitLab's too.
	maxPause = 24 * time.Hour
)

// Health is the result of a hook's last deliveries.
type Health struct {
	// Failures are the attempts in a row, up to now, that failed or were slow.
	Failures int
	// PausedUntil is zero for a hook that is not paused.
	PausedUntil time.Time
	// Disabled hooks are sent nothing until a test succeeds.
	Disabled bool
	// Status is that of the last answer, 0 where there was none.
	Status int
	// LastAt is when the last attempt was.
	LastAt time.Time
}

// Pause returns how long the hook is still paused at now. A pause that is longer than
// any comes from a clock that was wrong, and is none.
func (h Health) Pause(now time.Time) time.Duration {
	if pause := h.PausedUntil.Sub(now); pause <= maxPause {
		return max(0, pause)
	}
	return 0
}

// EndPause returns the health without a pause that has ended at now.
func (h Health) EndPause(now time.Time) Health {
	if h.Pause(now) == 0 {
		h.PausedUntil = time.Time{}
	}
	return h
}

// Slow says that the last attempts succeeded, but took long.
func (h Health) Slow() bool { return h.Failures > 0 && h.Status/100 == 2 }

// Outcome is how an attempt ended.
type Outcome uint8

const (
	// Failed is an attempt that the receiver did not accept.
	Failed Outcome = iota
	// Slow is one that it accepted, but late.
	Slow
	// Fast is one that it accepted.
	Fast
)

// Accepted says whether the receiver has the event.
func (o Outcome) Accepted() bool { return o != Failed }

// After returns the health after an attempt at now. The fourth in a row that
// failed or was slow pauses the hook for first. Each further failure doubles the
// pause, and the fortieth disables the hook. Slow attempts do neither: however many
// there were, they count as four. During a pause what fails or is slow changes
// nothing: the attempt began before it.
func (h Health) After(outcome Outcome, status int, now time.Time, first time.Duration) Health {
	switch {
	case outcome == Fast:
		return Health{Status: status, LastAt: now}
	case h.Pause(now) > 0:
		return h
	}
	h.Failures, h.Status, h.LastAt = h.Failures+1, status, now
	if outcome == Slow {
		h.Failures, h.Disabled = min(h.Failures, failuresBeforePause), false
	}
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

// DisplayURL returns the URL with user, password and query, which may be
// secrets, replaced by ***.
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

// variable is a reference to a variable in a URL.
var variable = regexp.MustCompile(`\{([A-Za-z]+[0-9]*(?:[._-][A-Za-z0-9]+)*)\}`)

// Target returns the URL with the values of the variables in it. A name that no variable has
// stays as it is.
func (h Hook) Target() string {
	return variable.ReplaceAllStringFunc(h.URL, func(reference string) string {
		if at := index(h.Variables, reference[1:len(reference)-1]); at >= 0 {
			return h.Variables[at].Value
		}
		return reference
	})
}

// index returns where a key is; -1 for nowhere.
func index(values []KeyValue, key string) int {
	return slices.IndexFunc(values, func(v KeyValue) bool { return v.Key == key })
}

// IsRedacted says whether DisplayURL has hidden a part of the URL that it returned.
func IsRedacted(shown string) bool { return strings.Contains(shown, "***") }

// Host returns the host and the port of the Target, in lower case.
func (h Hook) Host() string {
	scheme, rest, _ := strings.Cut(strings.ToLower(h.Target()), "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	host := rest[strings.LastIndex(rest, "@")+1:]
	port := host[strings.LastIndex(host, "]")+1:] // an IPv6 address is in brackets
	switch {
	case strings.Contains(port, ":"):
		return host
	case scheme == "http":
		return host + ":80"
	default:
		return host + ":443"
	}
}
