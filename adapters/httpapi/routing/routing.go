// Package routing answers which routes each listener serves, and which caller's
// package answers a path.
package routing

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/docspage"
	"gatehouse/adapters/httpapi/githttp"
	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/shell"
)

const (
	// apiPrefix is the path of GitLab's REST API.
	apiPrefix = "/api/v4"
	// internalPrefix is the path of GitLab's internal API.
	internalPrefix = apiPrefix + "/internal"
	// namespacesPrefix is the path of the portal's routes that may be public, and of the
	// management API's for namespaces.
	namespacesPrefix = apiPrefix + "/namespaces"
)

// APIs are the routes of each caller.
type APIs struct {
	Shell *shell.API
	// Kas is nil if the routes of the Kubernetes agent server are off.
	Kas    *kas.API
	Portal *portal.API
	// Rest is nil if the management API is off.
	Rest *rest.API
	// Git is nil if Git over HTTP is off.
	Git *githttp.API
	// Ready returns why the server cannot do its work, or nil.
	Ready func(context.Context) error
}

// Settings say where the listeners are reached.
type Settings struct {
	// RelativeRoot is the path below which all routes lie, such as "/gitlab"; it is
	// empty for routes at the root.
	RelativeRoot string
	// TrustedProxies may name the client, as in httpapi.NewEngine.
	TrustedProxies []string
	// PublicPortal, PublicRest and PublicGit let the public listener serve the portal's
	// public routes, the management API, and Git over HTTP.
	PublicPortal, PublicRest, PublicGit bool
	// Version and ExternalURL are what the document of the API says of the server.
	Version, ExternalURL string
}

// New returns the handler of the internal listeners, which serves all routes, and
// that of the public listener, which serves those that the settings open, and health.
func New(apis APIs, settings Settings, log *zap.Logger) (internal, public http.Handler, err error) {
	b := builder{settings: settings, log: log}
	return b.listener(apis, Internal), b.listener(apis, Public), b.err
}

// Listener is a kind of listener.
type Listener string

// The kinds of listeners.
const (
	Internal Listener = "internal"
	Public   Listener = "public"
)

// builder makes engines. Its err is the first error.
type builder struct {
	settings Settings
	log      *zap.Logger
	err      error
	// engines are those that were made.
	engines []*gin.Engine
}

// listener makes the handler of a kind of listener.
func (b *builder) listener(apis APIs, kind Listener) http.Handler {
	l := listener{root: b.settings.RelativeRoot, internalPortal: kind == Internal}
	callers, plain := b.engine(), b.engine()
	if kind == Internal {
		apis.Shell.Mount(callers.Group(internalPrefix))
		if apis.Kas != nil {
			apis.Kas.Mount(callers.Group(internalPrefix))
		}
	}
	httpapi.MountHealth(plain, apis.Ready)
	l.internal, l.plain = b.handler(callers), b.handler(plain)
	if kind == Internal || b.settings.PublicPortal {
		l.portal = b.portal(apis.Portal, kind)
	}
	if apis.Rest != nil && (kind == Internal || b.settings.PublicRest) {
		l.rest = b.rest(apis, kind)
		docspage.Mount(plain, b.settings.RelativeRoot)
		httpapi.MountOAuth(plain)
	}
	if apis.Git != nil && (kind == Internal || b.settings.PublicGit) {
		engine := b.engine()
		apis.Git.Mount(engine)
		l.git = githttp.Handler(b.settings.RelativeRoot, engine)
	}
	return l
}

func (b *builder) engine() *gin.Engine {
	engine, err := httpapi.NewEngine(b.log, b.settings.TrustedProxies)
	if err != nil {
		b.err = err
		return gin.New()
	}
	b.engines = append(b.engines, engine)
	return engine
}

// handler serves an engine whose paths are normalised.
func (b *builder) handler(engine http.Handler) http.Handler {
	return httpapi.Handler(b.settings.RelativeRoot, engine)
}

// portal mounts the portal's public routes, or all of its routes. The portal expects
// another body of a 404 than the other callers, and a 404 for a wrong method.
func (b *builder) portal(api *portal.API, kind Listener) http.Handler {
	engine := b.engine()
	engine.HandleMethodNotAllowed = false
	engine.NoRoute(portal.Unknown)
	api.Mount(engine.Group(namespacesPrefix))
	if kind == Internal {
		api.MountInternal(engine.Group(internalPrefix))
	}
	return b.handler(engine)
}

// rest mounts the management API. Its paths are as they were sent.
func (b *builder) rest(apis APIs, kind Listener) http.Handler {
	engine := b.engine()
	engine.Use(apis.Rest.CORS)
	engine.NoRoute(call.Unknown)
	engine.NoMethod(call.NoMethod)
	apis.Rest.Mount(engine.Group(apiPrefix), b.document(apis, kind))
	return httpapi.HandlerAsSent(b.settings.RelativeRoot, apiPrefix, engine)
}

// listener serves the routes of one listener. The portal, rest and git are nil if they are
// not served; plain has the routes outside of the APIs.
type listener struct {
	root                               string
	portal, rest, git, plain, internal http.Handler
	// internalPortal says that the portal's routes below /internal are served.
	internalPortal bool
}

// ServeHTTP implements http.Handler.
func (l listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.git != nil && githttp.IsGit(httpapi.PathAsSent(l.root, r)) {
		l.git.ServeHTTP(w, r)
		return
	}
	path := httpapi.PathBelow(l.root, r)
	switch {
	case l.isHealth(path), isBelow(path, docspage.Path), path == httpapi.OAuthTokenPath:
		l.plain.ServeHTTP(w, r)
	case l.portal != nil && l.isPortal(path):
		l.portal.ServeHTTP(w, r)
	case l.rest != nil && isBelow(path, apiPrefix) && !isBelow(path, internalPrefix):
		l.rest.ServeHTTP(w, r)
	default:
		l.internal.ServeHTTP(w, r)
	}
}

func (l listener) isHealth(path string) bool {
	name, ok := strings.CutPrefix(path, httpapi.HealthPrefix)
	return ok && slices.Contains(httpapi.HealthRoutes, name)
}

// isPortal says whether the portal answers a path: its own routes, and every other path
// below its prefixes that no route of the management API has.
func (l listener) isPortal(path string) bool {
	if l.internalPortal && (isBelow(path, internalPrefix+"/upcoming_reconciliations") || isBelow(path, internalPrefix+"/gitlab_subscriptions")) {
		return true
	}
	if l.rest == nil {
		return isBelow(path, namespacesPrefix)
	}
	rest, below := strings.CutPrefix(path, namespacesPrefix+"/")
	_, rest, longer := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(rest, "/")
	return below && longer && slices.Contains(portal.Names, name)
}

// isBelow says whether a path is that of the prefix, or below it.
func isBelow(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}
