package portal

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

// Names are the names, below a namespace, of the routes of Mount.
var Names = []string{"gitlab_subscription", "minutes"}

// bodyLimit is in bytes.
const bodyLimit = 1 << 20

// route is a route with what answers it.
type route struct {
	httpapi.Operation
	// before is the middleware that lets callers pass, in its order.
	before []func(*API, *gin.Context)
	handle func(*API, *gin.Context) (any, error)
}

var (
	readers         = []func(*API, *gin.Context){(*API).reader}
	admins          = []func(*API, *gin.Context){(*API).admin}
	adminsOnPlanned = []func(*API, *gin.Context){(*API).gitlabComOnly, (*API).admin}
)

// namespaceRoutes are the routes that may be public.
var namespaceRoutes = []route{
	{httpapi.Operation{
		Method: http.MethodGet, Path: "/:id/gitlab_subscription", Name: "getSubscription", Summary: "Show the subscription of a namespace",
		Note:    "Owners may read their own one.",
		Answers: []httpapi.Answer{{Status: http.StatusOK, Body: subscriptionResponse{}}},
	}, readers, (*API).subscription},
	{httpapi.Operation{
		Method: http.MethodPost, Path: "/:id/gitlab_subscription", Name: "createSubscription", Summary: "Create the subscription of a namespace",
		Params: createParams{}, Answers: []httpapi.Answer{{Status: http.StatusCreated, Body: subscriptionResponse{}}},
	}, admins, (*API).createSubscription},
	{httpapi.Operation{
		Method: http.MethodPut, Path: "/:id/gitlab_subscription", Name: "updateSubscription", Summary: "Change the subscription of a namespace",
		Params: updateParams{}, Answers: []httpapi.Answer{{Status: http.StatusOK, Body: subscriptionResponse{}}},
	}, admins, (*API).updateSubscription},
	{httpapi.Operation{
		Method: http.MethodPost, Path: "/:id/minutes", Name: "createMinutesPacks", Summary: "Add minutes packs",
		Params: minutesParams{}, Answers: []httpapi.Answer{{Status: http.StatusCreated, Body: []packResponse{}}},
	}, admins, (*API).addMinutesPacks},
	{httpapi.Operation{
		Method: http.MethodPatch, Path: "/:id/minutes/move/:target_id", Name: "moveMinutesPacks", Summary: "Move minutes packs to another namespace",
		Answers: []httpapi.Answer{{Status: http.StatusAccepted, Body: messageBody{}}},
	}, admins, (*API).moveMinutesPacks},
}

// internalRoutes are the other routes.
var internalRoutes = []route{
	{httpapi.Operation{
		Method: http.MethodPut, Path: "/upcoming_reconciliations", Name: "putReconciliations", Summary: "Schedule reconciliations",
		Params: reconciliationsParams{}, Answers: numberOK,
	}, adminsOnPlanned, (*API).putReconciliations},
	{httpapi.Operation{
		Method: http.MethodDelete, Path: "/upcoming_reconciliations", Name: "deleteReconciliation", Summary: "Delete a reconciliation",
		Params: reconciliationParams{}, Answers: noContent,
	}, adminsOnPlanned, (*API).deleteReconciliation},
	{httpapi.Operation{
		Method: http.MethodPut, Path: newerPrefix + "/:id/upcoming_reconciliations", Name: "putNamespaceReconciliation", Summary: "Schedule the reconciliation of a namespace",
		Note:   "With a list it does the same as putReconciliations.",
		Params: datesParams{}, Answers: numberOK,
	}, adminsOnPlanned, (*API).putReconciliation},
	{httpapi.Operation{
		Method: http.MethodDelete, Path: newerPrefix + "/:id/upcoming_reconciliations", Name: "deleteNamespaceReconciliation", Summary: "Delete the reconciliation of a namespace",
		Answers: noContent,
	}, adminsOnPlanned, (*API).deleteNamespaceReconciliation},
}

// newerPrefix is the path below /api/v4/internal that newer portals put in front of a
// namespace.
const newerPrefix = "/gitlab_subscriptions/namespaces"

var (
	noContent = []httpapi.Answer{{Status: http.StatusNoContent}}
	// numberOK is the status as a number.
	numberOK = []httpapi.Answer{{Status: http.StatusOK, Body: http.StatusOK}}
)

// Operations describes the routes of Mount below /api/v4/namespaces.
func Operations() []httpapi.Operation { return operations(namespaceRoutes, "") }

// InternalOperations describes the routes of MountInternal below /api/v4/internal.
func InternalOperations() []httpapi.Operation {
	newer := operations(namespaceRoutes, "OfNewerPortals")
	return slices.Concat(operations(internalRoutes, ""), httpapi.Below(newerPrefix, newer))
}

// operations describes routes, with a word behind their names.
func operations(routes []route, word string) []httpapi.Operation {
	out := make([]httpapi.Operation, len(routes))
	for i, r := range routes {
		r.Name += word
		r.Client = httpapi.Client{Name: "customers portal", About: "It tells what was sold, with an access token of an administrator."}
		r.Security = [][]httpapi.Credential{
			{httpapi.PrivateToken}, {httpapi.BearerToken}, {tokenHeader}, {httpapi.PrivateTokenParam}, {httpapi.AccessTokenParam},
		}
		r.Extra, r.Refusals = httpapi.Sudo, refusals
		out[i] = r.Operation
	}
	return out
}

// tokenHeader is only in GitLab's documentation.
var tokenHeader = httpapi.Credential{ID: "portalToken", In: "header", Name: "TOKEN", About: "An access token."}

// refusals are those of dialect, and of refine.
var refusals = httpapi.Refusals{Name: "portal", Answers: slices.Concat(
	dialect.Refusals(domain.Kinds...),
	[]httpapi.Answer{
		{Status: http.StatusBadRequest, Body: fieldsBody{}}, {Status: http.StatusBadRequest, Body: rejectionsBody{}},
		{Status: http.StatusUnsupportedMediaType, Body: errorBody{}},
	},
	httpapi.TokenRefusals,
)}

// Mount adds the routes that may be public to r, which stands for
// /api/v4/namespaces.
func (a *API) Mount(r gin.IRouter) { a.mount(r, namespaceRoutes) }

// MountInternal adds the other routes to r, which stands for /api/v4/internal, and
// all routes once more under the prefix that newer portals use.
func (a *API) MountInternal(r gin.IRouter) {
	a.mount(r, internalRoutes)
	a.mount(r.Group(newerPrefix), namespaceRoutes)
}

func (a *API) mount(r gin.IRouter, routes []route) {
	for _, route := range routes {
		handlers := gin.HandlersChain{httpapi.Limit(bodyLimit)}
		for _, before := range route.before {
			handlers = append(handlers, func(c *gin.Context) { before(a, c) })
		}
		handle := func(c *gin.Context) (any, error) { return route.handle(a, c) }
		r.Handle(route.Method, route.Path, append(handlers, dialect.Reply(handle))...)
	}
}
