// Package rest answers the part of GitLab's REST API by which people and their tools
// manage users, groups and projects. It puts the routes of the packages below it together,
// and answers those that belong to none of them.
package rest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/namespaces"
	"gatehouse/adapters/httpapi/rest/people"
	"gatehouse/adapters/httpapi/rest/repositories"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/clusters"
	"gatehouse/application/code"
	"gatehouse/application/credentials"
	"gatehouse/application/deploykeys"
	"gatehouse/application/groups"
	"gatehouse/application/instance"
	"gatehouse/application/inventory"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/application/protections"
	"gatehouse/application/webhooks"
	"gatehouse/domain/identity"
)

// API answers the routes of the management API.
type API struct {
	server       *call.Server
	people       *people.API
	namespaces   *namespaces.API
	repositories *repositories.API

	useCases UseCases
	instance Instance
	now      application.Clock
	// document returns the document of the API.
	document Document
}

// UseCases answer the questions of the routes.
type UseCases struct {
	Credentials *credentials.Service
	Accounts    *accounts.Service
	Members     *members.Service
	Projects    *projects.Reader
	// Changes changes projects.
	Changes     *projects.Service
	Groups      *groups.Service
	Code        *code.Service
	Protections *protections.Service
	DeployKeys  *deploykeys.Service
	Hooks       *webhooks.Service
	Agents      *clusters.AgentService
	Settings    *instance.Service
	// Queues returns what the queues of jobs hold at a moment.
	Queues func(context.Context, time.Time) ([]inventory.Queue, error)
}

// New makes an API.
func New(u UseCases, instance Instance, limits call.Limits, now application.Clock) *API {
	asked := call.UseCases{Credentials: u.Credentials, Accounts: u.Accounts, Projects: u.Projects}
	return &API{
		server:     call.NewServer(asked, instance.ExternalURL, limits, now),
		people:     people.New(people.UseCases{Accounts: u.Accounts}, instance.Instance, now),
		namespaces: namespaces.New(namespaces.UseCases{Groups: u.Groups, Members: u.Members, Projects: u.Projects}, instance.Instance),
		repositories: repositories.New(repositories.UseCases{
			Projects: u.Projects, Changes: u.Changes, Members: u.Members, Code: u.Code,
			Protections: u.Protections, DeployKeys: u.DeployKeys, Hooks: u.Hooks, Agents: u.Agents,
		}, instance.Instance),
		useCases: u, instance: instance, now: now,
	}
}

// bodyLimit is in bytes.
const bodyLimit = 1 << 20

// Document returns the OpenAPI document of the listener that serves it.
type Document func() ([]byte, error)

// Mount adds the routes to r, which stands for /api/v4.
func (a *API) Mount(r gin.IRouter, document Document) {
	r = r.Group("", httpapi.Limit(bodyLimit))
	own := *a
	own.document = document
	call.Mount(a.server, r, &own, routes)
	call.Mount(a.server, r, a.people, people.Routes)
	call.Mount(a.server, r, a.namespaces, namespaces.Routes)
	call.Mount(a.server, r, a.repositories, repositories.Routes)
}

// route is a route with what answers it.
type route = call.Handled[API]

// routes are those of this package.
var routes = slices.Concat(documentRoutes, metaRoutes, fixedRoutes, settingRoutes, sidekiqRoutes)

// documentRoutes tell what the routes are.
var documentRoutes = []route{{Route: call.Route{
	Method: http.MethodGet, Path: "/openapi.json", Name: "getOpenAPI", Summary: "Describe the API by OpenAPI",
	Who: call.Anyone, Scopes: []identity.Scope{call.AnyScope}, Answer: map[string]any{},
}, Handle: (*API).openAPI}}

// openAPI answers GET /openapi.json.
func (a *API) openAPI(*call.Call) (any, error) {
	text, err := a.document()
	return httpapi.Encoded(text), err
}

// Routes returns a description of every route, in the order of the documentation.
func Routes() []call.Route {
	return slices.Concat(call.Describe(people.Routes), call.Describe(namespaces.Routes), call.Describe(repositories.Routes), call.Describe(routes))
}

// Operations describes the routes below /api/v4, each in its section.
func Operations() []httpapi.Operation {
	all := Routes()
	out := make([]httpapi.Operation, len(all))
	for i, r := range all {
		out[i] = r.Operation()
		out[i].Client = sectionOf(out[i])
	}
	return out
}
