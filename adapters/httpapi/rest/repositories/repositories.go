// Package repositories answers the routes of the management API for projects and what is below
// them, but for their members.
package repositories

import (
	"slices"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/clusters"
	"gatehouse/application/code"
	"gatehouse/application/deploykeys"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/application/protections"
	"gatehouse/application/webhooks"
)

// API answers the routes.
type API struct {
	useCases UseCases
	instance entity.Instance
}

// UseCases answer the questions of the routes.
type UseCases struct {
	Projects    *projects.Reader
	Changes     *projects.Service
	Members     *members.Service
	Code        *code.Service
	Protections *protections.Service
	DeployKeys  *deploykeys.Service
	Hooks       *webhooks.Service
	Agents      *clusters.AgentService
}

// New makes an API.
func New(useCases UseCases, instance entity.Instance) *API { return &API{useCases, instance} }

// route is a route with what answers it.
type route = call.Handled[API]

// Routes are all routes of the package, in the order of the documentation.
var Routes = slices.Concat(projectRoutes, searchRoutes, projectChangeRoutes, codeRoutes, fileRoutes, protectionRoutes, deployKeyRoutes, hookRoutes, agentRoutes)
