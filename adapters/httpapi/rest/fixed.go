package rest

import (
	"net/http"
	"strings"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/application"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// fixedRoutes answer for what GitLab has and this server has not, so that clients that walk
// through all of it go on. Other things are unknown, so that a client learns that there
// are none.
var fixedRoutes = []route{
	emptyList("/topics", "listTopics", "List topics, of which there are none", call.SignedIn, nothing),
	emptyList("/admin/ci/variables", "listInstanceVariables", "List variables of CI, of which there are none", call.Administrators, nothing),
	emptyList("/runners", "listRunners", "List runners, of which there are none", call.SignedIn, nothing),
	emptyList("/events", "listEvents", "List the caller's events, of which none are kept", call.SignedIn, nothing),
	emptyList("/users/:id/events", "listUserEvents", "List the events of a user, of which none are kept", call.SignedIn, (*API).userExists),
	emptyList("/users/:id/contributed_projects", "listContributedProjects", "List the projects that a user contributed to, which are not known", call.SignedIn, (*API).userExists),
	emptyList("/users/:id/starred_projects", "listStarredProjects", "List the projects that a user has starred, of which there are none", call.SignedIn, (*API).userExists),
	emptyList("/groups/:id/variables", "listGroupVariables", "List variables of CI, of which there are none", call.SignedIn, has(rights.Group, rights.AdminGroup)),
	emptyList("/groups/:id/deploy_tokens", "listGroupDeployTokens", "List deploy tokens, of which there are none", call.SignedIn, has(rights.Group, rights.AdminGroup)),
	emptyList("/groups/:id/access_requests", "listGroupAccessRequests", "List requests for access, of which there are none", call.SignedIn, has(rights.Group, rights.ReadGroupMember)),
	emptyList("/groups/:id/invitations", "listGroupInvitations", "List invitations, of which there are none", call.SignedIn, has(rights.Group, rights.ReadGroupMember)),
	emptyList("/projects/:id/variables", "listProjectVariables", "List variables of CI, of which there are none", call.SignedIn, has(rights.Project, rights.ReadProjectMember)),
	emptyList("/projects/:id/deploy_tokens", "listProjectDeployTokens", "List deploy tokens, of which there are none", call.SignedIn, has(rights.Project, rights.AdminProjectMember)),
	emptyList("/projects/:id/labels", "listLabels", "List labels, of which there are none", call.SignedIn, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/badges", "listBadges", "List badges, of which there are none", call.SignedIn, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/custom_attributes", "listProjectAttributes", "List custom attributes, of which there are none", call.Administrators, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/forks", "listForks", "List forks, of which there are none", call.SignedIn, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/starrers", "listStarrers", "List users who have starred a project, of which there are none", call.SignedIn, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/access_requests", "listProjectAccessRequests", "List requests for access, of which there are none", call.SignedIn, has(rights.Project, rights.ReadProjectMember)),
	emptyList("/projects/:id/invitations", "listProjectInvitations", "List invitations, of which there are none", call.SignedIn, has(rights.Project, rights.ReadProjectMember)),

	absent(http.MethodGet, "/license", "getLicense", "Show the license, of which there is none", nothing),
	absent(http.MethodGet, "/groups/:id/avatar", "getGroupAvatar", "Show the picture of a group, which has none", has(rights.Group, rights.ReadGroup)),
	absent(http.MethodGet, "/projects/:id/avatar", "getProjectAvatar", "Show the picture of a project, which has none", has(rights.Project, rights.ReadProject)),
	absent(http.MethodGet, "/projects/:id/push_rule", "getPushRule", "Show the push rules of a project, which has none", has(rights.Project, rights.ReadProject)),
	absent(http.MethodPost, "/projects/:id/push_rule", "addPushRule", "Give push rules to a project, which is not possible", has(rights.Project, rights.ReadProject)),
	absent(http.MethodPut, "/projects/:id/push_rule", "updatePushRule", "Change the push rules of a project, which has none", has(rights.Project, rights.ReadProject)),
	absent(http.MethodDelete, "/projects/:id/push_rule", "deletePushRule", "Remove the push rules of a project, which has none", has(rights.Project, rights.ReadProject)),
	absent(http.MethodPost, "/groups/:id/access_requests", "requestGroupAccess", "Ask for access, which is not possible", has(rights.Group, rights.ReadGroup)),
	absent(http.MethodPost, "/groups/:id/invitations", "inviteToGroup", "Invite people by e-mail, which is not possible", has(rights.Group, rights.ReadGroup)),
	absent(http.MethodPost, "/projects/:id/access_requests", "requestProjectAccess", "Ask for access, which is not possible", has(rights.Project, rights.ReadProject)),
	absent(http.MethodPost, "/projects/:id/invitations", "inviteToProject", "Invite people by e-mail, which is not possible", has(rights.Project, rights.ReadProject)),

	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/languages", Name: "listLanguages", Summary: "Tell the languages of a project, which are not known",
		Who: call.SignedIn, Answer: noLanguages{},
	}, Handle: func(a *API, c *call.Call) (any, error) {
		return noLanguages{}, has(rights.Project, rights.ReadProject)(a, c)
	}},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/import", Name: "getImport", Summary: "Tell how the import of a project goes, of which there is none",
		Who: call.SignedIn, Answer: importStatus{},
	}, Handle: call.InPath(rights.Project, (*API).importStatus)},
}

// condition returns why a caller is not answered, or nil.
type condition func(*API, *call.Call) error

// emptyList is the route of a list that is empty.
func emptyList(path, name, summary string, who call.Access, check condition) route {
	var scopes []identity.Scope
	if strings.HasPrefix(path, "/user/") || strings.HasPrefix(path, "/users/") {
		scopes = call.ReadUser
	}
	return route{
		Route: call.Route{Method: http.MethodGet, Path: path, Name: name, Summary: summary, Who: who, Scopes: scopes, List: true, Answer: noItem{}},
		Handle: func(a *API, c *call.Call) (any, error) {
			page, err := c.Page()
			if err != nil {
				return nil, err
			}
			if err := check(a, c); err != nil {
				return nil, err
			}
			return call.AnswerList(c, page, application.Listed[noItem]{}, nil, func(item noItem) noItem { return item })
		},
	}
}

// noItem is an item of a list that is always empty.
type noItem struct{}

// absent is a route of what is not there, so that there is no success.
func absent(method, path, name, summary string, check condition) route {
	return route{
		Route: call.Route{Method: method, Path: path, Name: name, Summary: summary, Who: call.SignedIn, Answer: []any{}},
		Handle: func(a *API, c *call.Call) (any, error) {
			if err := check(a, c); err != nil {
				return nil, err
			}
			return nil, call.ErrNotFound
		},
	}
}

func nothing(*API, *call.Call) error { return nil }

// has is the condition that the caller has a right on the group or project in the path.
func has(kind rights.Kind, right rights.Right) condition {
	return func(a *API, c *call.Call) error {
		return a.useCases.Projects.Check(c.Context(), c.Caller, right, c.Ref(kind, "id"))
	}
}

// userExists is the condition that there is a user as in the path.
func (a *API) userExists(c *call.Call) error {
	return a.useCases.Projects.CheckUser(c.Context(), c.Caller, c.User("id"))
}

// noLanguages are the languages of a project, of which none are known.
type noLanguages struct{}

// importStatus is how the import of a project goes.
type importStatus struct {
	ID                int64   `json:"id"`
	Description       *string `json:"description"`
	Name              string  `json:"name"`
	NameWithNamespace string  `json:"name_with_namespace"`
	Path              string  `json:"path"`
	PathWithNamespace string  `json:"path_with_namespace"`
	CreatedAt         *string `json:"created_at" api:"date-time,null"`
	ImportStatus      string  `json:"import_status"`
	ImportType        *string `json:"import_type"`
	CorrelationID     *string `json:"correlation_id"`
	ImportError       *string `json:"import_error"`
}

// importStatus answers GET /projects/:id/import.
func (a *API) importStatus(c *call.Call, on rights.Ref) (any, error) {
	view, err := a.useCases.Projects.View(c.Context(), c.Caller, on)
	if err != nil {
		return nil, err
	}
	p := a.instance.BasicProject(view)
	return importStatus{
		ID: p.ID, Description: p.Description, Name: p.Name, NameWithNamespace: p.NameWithNamespace, Path: p.Path,
		PathWithNamespace: p.PathWithNamespace, CreatedAt: p.CreatedAt, ImportStatus: "none",
	}, nil
}
