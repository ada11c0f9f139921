package identity

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"gatehouse/domain"
)

// AccessToken is a personal access token. Its text is not kept, only its
// digest.
type AccessToken struct {
	ID     int64
	User   UserID
	Name   string
	Scopes []Scope
	Digest TokenDigest
	// ExpiresAt is the day with whose beginning, in UTC, the token ends; zero
	// for a token that does not end.
	ExpiresAt time.Time
	Revoked   bool
	CreatedAt time.Time
	// Description is a text of its owner's.
	Description string
	// Family is the number of the first token of a chain of rotations, its own number at
	// first; 0 for a token that is not of the management API.
	Family int64
	// LastUsedAt is zero for a token that was never used.
	LastUsedAt time.Time
}

// Expired says whether the token has ended at now.
func (t AccessToken) Expired(now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt)
}

// Active says whether the token can be used at now, as far as that depends on the token.
func (t AccessToken) Active(now time.Time) bool { return !t.Revoked && !t.Expired(now) }

// Root returns the number of the first token of the chain of rotations that t is in.
func (t AccessToken) Root() int64 { return cmp.Or(t.Family, t.ID) }

// Allows says whether one of scopes is among the token's.
func (t AccessToken) Allows(scopes ...Scope) bool {
	return slices.ContainsFunc(scopes, func(s Scope) bool { return slices.Contains(t.Scopes, s) })
}

// MayFetch says whether the token's scopes let its user read repositories by Git.
func (t AccessToken) MayFetch() bool {
	return t.MayPush() || t.Allows(ScopeReadRepository, ScopeReadAPI)
}

// MayPush says whether the token's scopes let its user push.
func (t AccessToken) MayPush() bool { return t.Allows(ScopeAPI, ScopeWriteRepository) }

// Scope is what a token may be used for.
type Scope string

// The scopes that are asked for somewhere here.
const (
	ScopeAPI        Scope = "api"
	ScopeReadAPI    Scope = "read_api"
	ScopeReadUser   Scope = "read_user"
	ScopeSelfRotate Scope = "self_rotate"
	ScopeSudo       Scope = "sudo"
	// ScopeReadRepository and ScopeWriteRepository are for Git over HTTP.
	ScopeReadRepository  Scope = "read_repository"
	ScopeWriteRepository Scope = "write_repository"
)

// Scopes are those that a user may ask for over SSH, in order of their names:
// GitLab's own but for runners and Kubernetes. Sudo and admin mode are never
// among them.
var Scopes = []Scope{
	ScopeAPI, ScopeReadAPI, "read_registry", ScopeReadRepository, ScopeReadUser, ScopeSelfRotate, "write_registry", ScopeWriteRepository,
}

// GrantedScopes are those that an administrator may give to a token, in GitLab's order.
// Only those that are asked for somewhere have an effect.
var GrantedScopes = []Scope{
	ScopeAPI, ScopeReadAPI, ScopeReadUser, "create_runner", "manage_runner", "k8s_proxy", ScopeSelfRotate, ScopeReadRepository, ScopeWriteRepository,
	"read_registry", "write_registry", "read_virtual_registry", "write_virtual_registry", "read_observability", "write_observability",
	"ai_features", ScopeSudo, "admin_mode", "read_service_ping",
}

// OwnScopes are those that users may give to tokens that they create through the
// management API.
var OwnScopes = []Scope{"k8s_proxy", ScopeSelfRotate}

// CheckScopes returns why the scopes cannot be asked for, or nil. valid are
// those that can.
func CheckScopes(scopes, valid []Scope) *domain.Refusal {
	if len(scopes) == 0 {
		return domain.Refuse(domain.Invalid, "No token scopes specified")
	}
	for _, scope := range scopes {
		if !slices.Contains(valid, scope) {
			return domain.Refuse(domain.Invalid, "Invalid scope: '%.100s'. Valid scopes are: %s", scope, joinScopes(valid))
		}
	}
	return nil
}

func joinScopes(scopes []Scope) string {
	var names []string
	for _, scope := range scopes {
		names = append(names, string(scope))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// SplitScopes reads scopes as they come: a list, of which one entry may hold
// several with commas or blanks between them. Blank entries do not count, and
// repeated ones once.
func SplitScopes(texts []string) []Scope {
	var scopes []Scope
	for _, text := range texts {
		for field := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' }) {
			if !slices.Contains(scopes, Scope(field)) {
				scopes = append(scopes, Scope(field))
			}
		}
	}
	return scopes
}

// Lifetime is the instance's setting of how long tokens last.
type Lifetime struct {
	// MaxDays is the longest, from today; 0 means there is none.
	MaxDays int
	// Required gives tokens without an expiry the longest there is, or a year.
	Required bool
	// AllowPast permits an expiry in the past, to replay old requests.
	AllowPast bool
}

// Expiry returns the day on which a token ends that was asked for as text, on
// the day of now: zero for none. A text that is no ISO date, or timestamp, and
// a day that is too far away or past are Refusals of kind Invalid and
// Unprocessable.
func (l Lifetime) Expiry(text string, now time.Time) (time.Time, error) {
	today := now.UTC().Truncate(24 * time.Hour)
	last := today.AddDate(0, 0, cmp.Or(l.MaxDays, 365))
	if strings.TrimSpace(text) == "" {
		if !l.Required {
			return time.Time{}, nil
		}
		return last, nil
	}
	day, err := parseDay(strings.TrimSpace(text))
	switch {
	case err != nil:
		return time.Time{}, domain.Refuse(domain.Invalid, "Invalid token expiry date: '%.100s'", text)
	case day.Before(today) && !l.AllowPast:
		return time.Time{}, domain.Refuse(domain.Unprocessable, "Failed to create token: the expiry date %s is in the past", day.Format(time.DateOnly))
	case l.MaxDays > 0 && day.After(last):
		return time.Time{}, domain.Refuse(domain.Unprocessable, "Failed to create token: the expiry date must not be after %s", last.Format(time.DateOnly))
	}
	return day, nil
}

// stampLayouts are ISO 8601 with and without separators; a fraction of a second
// may follow.
var stampLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700",
	"20060102", "20060102T150405Z0700", "20060102T150405Z07:00", "20060102T150405", "20060102 15:04:05",
}

// parseDay reads a day, or that of a timestamp as it is written: no zone is
// shifted.
func parseDay(text string) (time.Time, error) {
	for _, layout := range stampLayouts {
		if stamp, err := time.Parse(layout, text); err == nil {
			text = stamp.Format(time.DateOnly)
			break
		}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err == nil && day.Year() < 1970 {
		err = errors.New("long ago")
	}
	return day, err
}
