package memory

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// world is what directory described. Its rows are values that nobody changes
// in place, so that a copy of the maps is a copy of the world.
type world struct {
	users       table[identity.UserID, user]
	namespaces  table[source.NamespaceID, namespace]
	projects    table[source.ProjectID, project]
	keys        table[identity.KeyID, key]
	tokens      table[int64, identity.AccessToken]
	agents      table[int64, agent]
	agentTokens table[int64, agentToken]
	broadcasts  table[int64, worldimport.Broadcast]
	hooks       table[hooks.HookID, hook]

	// paths finds everything that has a path, in lower case; a user is found
	// by the personal namespace.
	routes map[string]route
	// moved are the paths of the past, in lower case. None is a project's own.
	redirects map[string]source.ProjectID
	// prints finds keys.
	keysByFingerprint map[identity.Fingerprint]identity.KeyID
	members           map[membership]member
	shares            map[source.MemberSource]map[source.NamespaceID]share
	// codes are the digests of users' recovery codes.
	recoveryCodes map[identity.UserID][]identity.TokenDigest
	otpSessions   map[sessionKey]time.Time

	sold
}

func newWorld() *world {
	return &world{
		users:             newTable[identity.UserID, user](),
		namespaces:        newTable[source.NamespaceID, namespace](),
		projects:          newTable[source.ProjectID, project](),
		keys:              newTable[identity.KeyID, key](),
		tokens:            newTable[int64, identity.AccessToken](),
		agents:            newTable[int64, agent](),
		agentTokens:       newTable[int64, agentToken](),
		broadcasts:        newTable[int64, worldimport.Broadcast](),
		hooks:             newTable[hooks.HookID, hook](),
		routes:            map[string]route{},
		redirects:         map[string]source.ProjectID{},
		keysByFingerprint: map[identity.Fingerprint]identity.KeyID{},
		members:           map[membership]member{},
		shares:            map[source.MemberSource]map[source.NamespaceID]share{},
		recoveryCodes:     map[identity.UserID][]identity.TokenDigest{},
		otpSessions:       map[sessionKey]time.Time{},
		sold:              newSold(),
	}
}

func (w *world) clone() *world {
	return &world{
		users:             w.users.clone(),
		namespaces:        w.namespaces.clone(),
		projects:          w.projects.clone(),
		keys:              w.keys.clone(),
		tokens:            w.tokens.clone(),
		agents:            w.agents.clone(),
		agentTokens:       w.agentTokens.clone(),
		broadcasts:        w.broadcasts.clone(),
		hooks:             w.hooks.clone(),
		routes:            maps.Clone(w.routes),
		redirects:         maps.Clone(w.redirects),
		keysByFingerprint: maps.Clone(w.keysByFingerprint),
		members:           maps.Clone(w.members),
		shares:            maps.Clone(w.shares),
		recoveryCodes:     maps.Clone(w.recoveryCodes),
		otpSessions:       maps.Clone(w.otpSessions),
		sold:              w.sold.clone(),
	}
}

// table is rows by number.
type table[ID ~int64, Row any] struct {
	rows map[ID]Row
	last ID
}

func newTable[ID ~int64, Row any]() table[ID, Row] { return table[ID, Row]{rows: map[ID]Row{}} }

func (t table[ID, Row]) clone() table[ID, Row] {
	t.rows = maps.Clone(t.rows)
	return t
}

// number is the one that was given, or the next that is free.
func (t table[ID, Row]) idOr(given ID) ID {
	if given == 0 {
		return t.last + 1
	}
	return given
}

func (t *table[ID, Row]) put(id ID, row Row) {
	t.rows[id] = row
	t.last = max(t.last, id)
}

// has returns domain.NotFound unless there is a row of that number.
func (t table[ID, Row]) require(id ID, what string) error {
	if _, ok := t.rows[id]; !ok {
		return notFound("%s %d", what, id)
	}
	return nil
}

// place is what stands at a path: a namespace or a project.
type route struct {
	namespace source.NamespaceID
	project   source.ProjectID
}

// fold is the form in which names and paths are compared.
func fold(path string) string { return strings.ToLower(path) }

// settle lets a new path lead to what stands at it.
func (w *world) addRoute(path string, at route) {
	w.routes[fold(path)] = at
	if at.project != 0 {
		delete(w.redirects, fold(path))
	}
}

// move gives what stands at a path another one, with all that is below.
func (w *world) moveRoutes(from, to string) {
	var below []route
	for path, at := range w.routes {
		if path == fold(from) || strings.HasPrefix(path, fold(from)+"/") {
			below = append(below, at)
			delete(w.routes, path)
		}
	}
	for _, at := range below {
		w.addRoute(w.setPath(at, func(old string) string { return to + old[len(from):] }), at)
	}
}

// rename changes the path in a row and returns the new one.
func (w *world) setPath(at route, change func(string) string) string {
	if at.project != 0 {
		p := w.projects.rows[at.project]
		p.Path = change(p.Path)
		w.projects.rows[at.project] = p
		return p.Path
	}
	n := w.namespaces.rows[at.namespace]
	n.Path = change(n.Path)
	w.namespaces.rows[at.namespace] = n
	return n.Path
}

// free returns domain.Conflict if something other than what is meant stands at
// the path.
func (w *world) checkFree(path string, meant route) error {
	if at, taken := w.routes[fold(path)]; taken && at != meant {
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
