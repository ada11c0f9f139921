// Package routing answers which routes each listener serves, and which caller's
// package answers a path.
package routing

import (
	"net/http"
	"slices"
	"strings"

	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/shell"
)

const (
	// internalPrefix is the path of GitLab's internal API.
	internalPrefix = "/api/v4/internal"
	// publicPrefix is the path of the portal's routes that may be public.
	publicPrefix = "/api/v4/namespaces"
)

// APIs are the routes of each caller.
type APIs struct {
	Shell *shell.API
	// Kas is nil if the routes of the Kubernetes agent server are off.
	Kas    *kas.API
	Portal *portal.API
}

// Settings say where the listeners are reached.
type Settings struct {
	// RelativeRoot is the path below which all routes lie, such as "/gitlab"; it is
	// empty for routes at the root.
	RelativeRoot string
	// TrustedProxies may name the client, as in httpapi.NewEngine.
	TrustedProxies []string
}

// New returns the handler of the internal listeners, which serves all routes, and
// that of the public listener, which serves the portal's public routes and nothing
// else.
func New(apis APIs, settings Settings, log *zap.Logger) (internal, public http.Handler, err error) {
	callers, err := httpapi.NewEngine(log, settings.TrustedProxies)
	if err != nil {
		return nil, nil, err
	}
	apis.Shell.Mount(callers.Group(internalPrefix))
	if apis.Kas != nil {
		apis.Kas.Mount(callers.Group(internalPrefix))
	}
	none, err := httpapi.NewEngine(log, settings.TrustedProxies)
	if err != nil {
		return nil, nil, err
	}
	all, err := newPortalRoutes(apis.Portal, false, settings, log)
	if err != nil {
		return nil, nil, err
	}
	open, err := newPortalRoutes(apis.Portal, true, settings, log)
	return httpapi.Handler(settings.RelativeRoot, all.orElse(callers)), httpapi.Handler(settings.RelativeRoot, open.orElse(none)), err
}

// portalRoutes serve the paths below some prefixes, unknown ones too: the portal
// expects another body of a 404 than the other callers, and a 404 for a wrong method.
type portalRoutes struct {
	http.Handler
	prefixes []string
}

// newPortalRoutes mounts the portal's public routes, or all of its routes.
func newPortalRoutes(api *portal.API, public bool, settings Settings, log *zap.Logger) (portalRoutes, error) {
	engine, err := httpapi.NewEngine(log, settings.TrustedProxies)
	if err != nil {
		return portalRoutes{}, err
	}
	engine.HandleMethodNotAllowed = false
	engine.NoRoute(portal.Unknown)
	api.Mount(engine.Group(publicPrefix))
	if public {
		return portalRoutes{engine, []string{publicPrefix}}, nil
	}
	api.MountInternal(engine.Group(internalPrefix))
	return portalRoutes{engine, []string{publicPrefix, internalPrefix + "/upcoming_reconciliations", internalPrefix + "/gitlab_subscriptions"}}, nil
}

// orElse returns a handler that leaves the paths below no prefix to rest.
func (p portalRoutes) orElse(rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.owns(r.URL.EscapedPath()) {
			p.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

// owns says whether path is below one of the prefixes.
func (p portalRoutes) owns(path string) bool {
	return slices.ContainsFunc(p.prefixes, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	})
}
