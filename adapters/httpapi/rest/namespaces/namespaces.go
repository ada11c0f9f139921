// Package namespaces answers the routes of the management API for groups, their shares, the
// members of groups and projects, and namespaces.
package namespaces

import (
	"slices"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/groups"
	"gatehouse/application/members"
	"gatehouse/application/projects"
)

// API answers the routes.
type API struct {
	useCases UseCases
	instance entity.Instance
}

// UseCases answer the questions of the routes.
type UseCases struct {
	Groups   *groups.Service
	Members  *members.Service
	Projects *projects.Reader
}

// New makes an API.
func New(useCases UseCases, instance entity.Instance) *API { return &API{useCases, instance} }

// route is a route with what answers it.
type route = call.Handled[API]

// Routes are all routes of the package, in the order of the documentation.
var Routes = slices.Concat(groupRoutes, groupShareRoutes, memberRoutes, namespaceRoutes)
