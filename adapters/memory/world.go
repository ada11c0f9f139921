package memory

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"gatehouse/application/instance"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// world is what transactions change. Its rows are values that are replaced, never
// changed in place, so that a copy of the maps is a copy of the world.
type world struct {
	users        table[identity.UserID, user]
	namespaces   table[source.NamespaceID, namespace]
	projects     table[source.ProjectID, project]
	userEmails   table[int64, identity.Email]
	keys         table[identity.KeyID, key]
	accessTokens table[int64, identity.AccessToken]
	agents       table[int64, agent]
	agentTokens  table[int64, agentToken]
	broadcasts   table[int64, worldimport.Broadcast]
	hooks        table[hooks.HookID, hook]

	// routes are the paths of namespaces and projects, in lower case; a user's is
	// that of the personal namespace.
	routes map[string]route
	// emails are the users' own, in lower case: the primary and the secondary ones.
	emails map[string]identity.UserID
	// redirects are former paths of projects, in lower case. None is the path of
	// a project now.
	redirects         map[string]source.ProjectID
	keysByFingerprint map[identity.Fingerprint]identity.KeyID
	members           map[membership]member
	shares            map[source.MemberSource]map[source.NamespaceID]share
	lastShare         int64
	// lastProtection is the last number of a protection, lastEntry that of an entry of one.
	lastProtection, lastEntry int64
	// recoveryCodes are digests.
	recoveryCodes map[identity.UserID][]identity.TokenDigest
	otpSessions   map[sessionKey]time.Time
	// removed are deleted projects whose repositories are to be removed.
	removed map[source.ProjectID]source.Project
	// settings are replaced, never changed.
	settings instance.Settings

	billingTables
}

func newWorld() *world {
	return &world{
		users:             newTable[identity.UserID, user](),
		namespaces:        newTable[source.NamespaceID, namespace](),
		projects:          newTable[source.ProjectID, project](),
		userEmails:        newTable[int64, identity.Email](),
		keys:              newTable[identity.KeyID, key](),
		accessTokens:      newTable[int64, identity.AccessToken](),
		agents:            newTable[int64, agent](),
		agentTokens:       newTable[int64, agentToken](),
		broadcasts:        newTable[int64, worldimport.Broadcast](),
		hooks:             newTable[hooks.HookID, hook](),
		routes:            map[string]route{},
		emails:            map[string]identity.UserID{},
		redirects:         map[string]source.ProjectID{},
		keysByFingerprint: map[identity.Fingerprint]identity.KeyID{},
		members:           map[membership]member{},
		shares:            map[source.MemberSource]map[source.NamespaceID]share{},
		recoveryCodes:     map[identity.UserID][]identity.TokenDigest{},
		otpSessions:       map[sessionKey]time.Time{},
		removed:           map[source.ProjectID]source.Project{},
		billingTables:     newBillingTables(),
	}
}

// clone returns a copy; a change to either does not change the other.
func (w *world) clone() *world {
	return &world{
		users:             w.users.clone(),
		namespaces:        w.namespaces.clone(),
		projects:          w.projects.clone(),
		userEmails:        w.userEmails.clone(),
		keys:              w.keys.clone(),
		accessTokens:      w.accessTokens.clone(),
		agents:            w.agents.clone(),
		agentTokens:       w.agentTokens.clone(),
		broadcasts:        w.broadcasts.clone(),
		hooks:             w.hooks.clone(),
		routes:            maps.Clone(w.routes),
		emails:            maps.Clone(w.emails),
		redirects:         maps.Clone(w.redirects),
		keysByFingerprint: maps.Clone(w.keysByFingerprint),
		members:           maps.Clone(w.members),
		shares:            maps.Clone(w.shares),
		lastShare:         w.lastShare,
		lastProtection:    w.lastProtection,
		lastEntry:         w.lastEntry,
		recoveryCodes:     maps.Clone(w.recoveryCodes),
		otpSessions:       maps.Clone(w.otpSessions),
		removed:           maps.Clone(w.removed),
		settings:          w.settings,
		billingTables:     w.billingTables.clone(),
	}
}

// table keeps rows by number.
type table[ID ~int64, Row any] struct {
	rows map[ID]Row
	last ID
}

func newTable[ID ~int64, Row any]() table[ID, Row] { return table[ID, Row]{rows: map[ID]Row{}} }

func (t table[ID, Row]) clone() table[ID, Row] {
	t.rows = maps.Clone(t.rows)
	return t
}

// idOr returns given, or the next free number if given is 0.
func (t table[ID, Row]) idOr(given ID) ID {
	if given == 0 {
		return t.last + 1
	}
	return given
}

// put adds a row, or replaces the one of that number.
func (t *table[ID, Row]) put(id ID, row Row) {
	t.rows[id] = row
	t.last = max(t.last, id)
}

// require returns domain.NotFound unless there is a row of that number.
func (t table[ID, Row]) require(id ID, what string) error {
	if _, ok := t.rows[id]; !ok {
		return notFound("%s %d", what, id)
	}
	return nil
}

// route is the namespace or the project that a path leads to.
type route struct {
	namespace source.NamespaceID
	project   source.ProjectID
}

// fold returns the form in which names and paths are compared.
func fold(path string) string { return identity.Fold(path) }

// addRoute lets a path lead to a namespace or a project, and no longer redirect
// to another project.
func (w *world) addRoute(path string, to route) {
	w.routes[fold(path)] = to
	if to.project != 0 {
		delete(w.redirects, fold(path))
	}
}

// moveRoutes replaces a path by another one, for its namespace or project and for
// all that is below it. The old path of each project redirects to it.
func (w *world) moveRoutes(from, to string) {
	var moved []route
	for path, r := range w.routes {
		if path == fold(from) || strings.HasPrefix(path, fold(from)+"/") {
			moved = append(moved, r)
			delete(w.routes, path)
			if r.project != 0 {
				w.redirects[path] = r.project
			}
		}
	}
	for _, r := range moved {
		w.addRoute(w.changePath(r, func(old string) string { return to + old[len(from):] }), r)
	}
}

// changePath changes the path in the row that a route leads to and returns the
// new path.
func (w *world) changePath(r route, change func(string) string) string {
	if r.project != 0 {
		p := w.projects.rows[r.project]
		p.Path = change(p.Path)
		w.projects.rows[r.project] = p
		return p.Path
	}
	n := w.namespaces.rows[r.namespace]
	n.Path = change(n.Path)
	w.namespaces.rows[r.namespace] = n
	return n.Path
}

// checkFree returns domain.Conflict if the path leads to anything but wanted.
func (w *world) checkFree(path string, wanted route) error {
	if r, taken := w.routes[fold(path)]; taken && r != wanted {
		return conflict("the path %q is taken", path)
	}
	return nil
}

func notFound(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), domain.NotFound)
}

func conflict(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), domain.Conflict)
}

// toInstant returns t as stores keep it: in UTC, to the microsecond.
func toInstant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// toDay returns the beginning of t's day in UTC; the zero time stays zero.
func toDay(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(24 * time.Hour)
}

// expired says whether now is at or after expiry; a zero expiry never comes.
func expired(expiry, now time.Time) bool { return !expiry.IsZero() && !now.Before(expiry) }

// latest returns the later of two times.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// valueOr returns what p points to, or otherwise if p is nil.
func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// copyOf returns a pointer to a copy of what p points to, so that the caller
// cannot change what is kept.
func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
