// Package rest answers the part of GitLab's REST API by which people and their tools
// manage users, groups and projects.
package rest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/credentials"
	"gatehouse/application/groups"
	"gatehouse/application/inventory"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/domain/source"
)

// API answers the routes of the management API.
type API struct {
	useCases UseCases
	instance Instance
	limits   Limits
	now      application.Clock
}

// UseCases answer the questions of the routes.
type UseCases struct {
	Credentials *credentials.Service
	Accounts    *accounts.Service
	Members     *members.Service
	Projects    *projects.Reader
	Groups      *groups.Service
	// Queues returns what the queues of jobs hold at a moment.
	Queues func(context.Context, time.Time) ([]inventory.Queue, error)
}

// Instance is what the answers say about the server itself.
type Instance struct {
	Version string
	// Revision is that of the source; empty if the build did not record it.
	Revision string
	// ExternalURL is the public base of every URL, without a trailing slash.
	ExternalURL string
	// KasEnabled and KasURL say whether agents are served, and where; KasURL may be
	// empty.
	KasEnabled bool
	KasURL     string
	// CORSOrigins are the origins whose pages may call the API; "*" is every one.
	CORSOrigins []string
	// CloneURL returns where the repository at a path is cloned from over a protocol.
	CloneURL func(path string, protocol source.Protocol) string
	// Settings are those of the configuration that administrators may read.
	Settings Settings
	// DefaultBranchProtection is that of a group that has none of its own.
	DefaultBranchProtection source.BranchProtection
}

// New makes an API.
func New(useCases UseCases, instance Instance, limits Limits, now application.Clock) *API {
	return &API{useCases, instance, limits, now}
}

// bodyLimit is in bytes.
const bodyLimit = 1 << 20

// Document returns the OpenAPI document of the listener that serves it.
type Document func() ([]byte, error)

// Mount adds the routes to r, which stands for /api/v4.
func (a *API) Mount(r gin.IRouter, document Document) {
	r = r.Group("", httpapi.Limit(bodyLimit))
	for _, route := range routes {
		handler := a.serve(route, document)
		r.Handle(route.Method, route.Path, handler)
		if route.Method == http.MethodGet {
			r.Handle(http.MethodHead, route.Path, handler)
		}
	}
}

// Routes returns a description of every route, in the order of the documentation.
func Routes() []Route {
	out := make([]Route, len(routes))
	for i, r := range routes {
		out[i] = r.Route
	}
	return out
}

// routes are all routes.
var routes = slices.Concat(documentRoutes, metaRoutes, userRoutes, userStateRoutes, userDetailRoutes, emailRoutes, sshKeyRoutes, accessTokenRoutes,
	memberRoutes, projectRoutes, fixedRoutes, settingRoutes, sidekiqRoutes,
	groupRoutes, groupShareRoutes, namespaceRoutes)
