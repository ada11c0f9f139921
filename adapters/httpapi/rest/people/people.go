// Package people answers the routes of the management API for users, their e-mails, keys and
// access tokens.
package people

import (
	"slices"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/accounts"
)

// API answers the routes.
type API struct {
	useCases UseCases
	instance entity.Instance
	now      application.Clock
}

// UseCases answer the questions of the routes.
type UseCases struct {
	Accounts *accounts.Service
}

// New makes an API.
func New(useCases UseCases, instance entity.Instance, now application.Clock) *API {
	return &API{useCases, instance, now}
}

// route is a route with what answers it.
type route = call.Handled[API]

// Routes are all routes of the package, in the order of the documentation.
var Routes = slices.Concat(userRoutes, userStateRoutes, userDetailRoutes, emailRoutes, sshKeyRoutes, accessTokenRoutes)
