package repositories

import (
	"net/http"
	"strconv"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/projects"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// projectRoutes show projects.
var projectRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects", Name: "listProjects", Summary: "List the projects that the caller may see",
		Who: call.Anyone, Params: projectFilter{}, List: true, Orders: projectOrders, Answer: []any{entity.Project{}, entity.BasicProject{}},
	}, Handle: (*API).listProjects},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id", Name: "getProject", Summary: "Show a project",
		Who: call.Anyone, Params: showProjectParams{}, Answer: []any{entity.Project{}, entity.BasicProject{}},
	}, Handle: call.InPath(rights.Project, (*API).showProject)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id/projects", Name: "listUserProjects", Summary: "List the projects in the namespace of a user",
		Who: call.SignedIn, Params: projectFilter{}, List: true, Orders: projectOrders, Answer: []any{entity.Project{}, entity.BasicProject{}},
	}, Handle: (*API).listUserProjects},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups/:id/projects", Name: "listGroupProjects", Summary: "List the projects of a group",
		Who: call.Anyone, Params: groupProjectFilter{}, List: true, Orders: projectOrders, Answer: []any{entity.Project{}, entity.BasicProject{}},
	}, Handle: call.InPath(rights.Group, (*API).listGroupProjects)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups/:id/projects/shared", Name: "listSharedProjects", Summary: "List the projects that are shared with a group",
		Who: call.SignedIn, Params: projectFilter{}, List: true, Orders: projectOrders, Answer: []any{entity.Project{}, entity.BasicProject{}},
	}, Handle: call.InPath(rights.Group, (*API).listSharedProjects)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/users", Name: "listProjectUsers", Summary: "List the users who have a role in a project",
		Who: call.SignedIn, Params: projectUserFilter{}, List: true, Answer: entity.BasicUser{},
	}, Handle: call.InPath(rights.Project, (*API).listProjectUsers)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/groups", Name: "listProjectGroups", Summary: "List the groups above a project",
		Who: call.SignedIn, Params: projectGroupFilter{}, List: true, Answer: entity.BasicGroup{},
	}, Handle: call.InPath(rights.Project, (*API).listProjectGroups)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/invited_groups", Name: "listProjectInvitedGroups", Summary: "List the groups that a project is shared with",
		Who: call.SignedIn, Params: invitedGroupFilter{}, List: true, Answer: entity.BasicGroup{},
	}, Handle: call.InPath(rights.Project, (*API).listProjectInvitedGroups)},
}

// projectOrders are the orders of lists of projects.
var projectOrders = call.Orders{
	Names:      []string{"created_at", "id", "name", "path", "updated_at", "last_activity_at", "similarity", "star_count"},
	Descending: true, Keyset: []string{"id"}, ByParams: true,
}

// projectList lists projects.
type projectList func(f projects.Filter, page application.Page) (application.Listed[projects.View], error)

// listProjects answers GET /projects.
func (a *API) listProjects(c *call.Call) (any, error) {
	return a.projects(c, func(f projects.Filter, page application.Page) (application.Listed[projects.View], error) {
		return a.useCases.Projects.List(c.Context(), c.Caller, f, page)
	})
}

// projects answers with a page of a list of projects.
func (a *API) projects(c *call.Call, list projectList) (any, error) {
	var in projectFilter
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	f, none, err := in.filter(c.Caller, a.instance.ProjectDefaults)
	if err != nil {
		return nil, err
	}
	if none { // no number is both below and above
		f.IDAfter, f.IDBefore = 1, 1
	}
	l, err := list(f, page)
	if err != nil {
		return nil, err
	}
	if in.Simple || !c.Caller.Known() {
		return call.AnswerList(c, page, l, projectPosition, a.instance.BasicProject)
	}
	return call.AnswerList(c, page, l, projectPosition, func(v projects.View) entity.Project {
		return a.instance.Project(v, in.Statistics && mayReadStatistics(c.Caller, v))
	})
}

func projectPosition(v projects.View) application.Position {
	return application.Position{ID: int64(v.ID)}
}

// mayReadStatistics says whether the caller may know the sizes of a project.
func mayReadStatistics(by rights.Caller, v projects.View) bool {
	return by.Admin || v.Role >= source.Reporter
}

// showProject answers GET /projects/:id.
func (a *API) showProject(c *call.Call, on rights.Ref) (any, error) {
	var in showProjectParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	view, err := a.useCases.Projects.View(c.Context(), c.Caller, on)
	switch {
	case err != nil:
		return nil, err
	case !c.Caller.Known():
		return a.instance.BasicProject(view), nil
	default:
		return a.instance.Project(view, in.Statistics && mayReadStatistics(c.Caller, view)), nil
	}
}

// listUserProjects answers GET /users/:id/projects.
func (a *API) listUserProjects(c *call.Call) (any, error) {
	return a.projects(c, func(f projects.Filter, page application.Page) (application.Listed[projects.View], error) {
		return a.useCases.Projects.ListOfUser(c.Context(), c.Caller, c.User("id"), f, page)
	})
}

// groupProjectFilter are the parameters of the projects of a group.
type groupProjectFilter struct {
	projectFilter
	IncludeSubgroups      bool `param:"include_subgroups"`
	WithShared            bool `param:"with_shared"`
	IncludeAncestorGroups bool `param:"include_ancestor_groups"`
}

// listGroupProjects answers GET /groups/:id/projects.
func (a *API) listGroupProjects(c *call.Call, on rights.Ref) (any, error) {
	in := groupProjectFilter{WithShared: true}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return a.projectsIn(c, on, projects.Scope{Own: true, Below: in.IncludeSubgroups, Above: in.IncludeAncestorGroups, Shared: in.WithShared})
}

// listSharedProjects answers GET /groups/:id/projects/shared.
func (a *API) listSharedProjects(c *call.Call, on rights.Ref) (any, error) {
	return a.projectsIn(c, on, projects.Scope{Shared: true})
}

func (a *API) projectsIn(c *call.Call, group rights.Ref, in projects.Scope) (any, error) {
	return a.projects(c, func(f projects.Filter, page application.Page) (application.Listed[projects.View], error) {
		return a.useCases.Projects.ListOfGroup(c.Context(), c.Caller, group, in, f, page)
	})
}

// showProjectParams are the parameters of a project that is shown.
type showProjectParams struct {
	Statistics bool `param:"statistics"`
}

// projectFilter are the parameters of lists of projects.
type projectFilter struct {
	Archived          *bool               `param:"archived"`
	Active            *bool               `param:"active"`
	Visibility        call.VisibilityWord `param:"visibility"`
	Search            string              `param:"search"`
	SearchNamespaces  bool                `param:"search_namespaces"`
	Owned             bool                `param:"owned"`
	Membership        bool                `param:"membership"`
	Starred           bool                `param:"starred"`
	Imported          bool                `param:"imported"`
	MinAccessLevel    memberRole          `param:"min_access_level" api:"integer"`
	Simple            bool                `param:"simple"`
	Topic             call.Names          `param:"topic" api:"[]string,string"`
	IDAfter           int64               `param:"id_after"`
	IDBefore          int64               `param:"id_before"`
	ActivityAfter     call.Moment         `param:"last_activity_after"`
	ActivityBefore    call.Moment         `param:"last_activity_before"`
	UpdatedAfter      call.Moment         `param:"updated_after"`
	UpdatedBefore     call.Moment         `param:"updated_before"`
	WithIssues        bool                `param:"with_issues_enabled"`
	WithMergeRequests bool                `param:"with_merge_requests_enabled"`
	Storage           string              `param:"repository_storage"`
	PendingDelete     bool                `param:"include_pending_delete"`
	MarkedOn          params.Date         `param:"marked_for_deletion_on"`
	Language          string              `param:"with_programming_language"`
	Statistics        bool                `param:"statistics"`
}

// memberRole is a parameter that is a role of members.
type memberRole source.Role

// ReadParam implements params.Reader.
func (r *memberRole) ReadParam(value any) (problem string) {
	text, problem := params.Text(value)
	if problem != "" || strings.TrimSpace(text) == "" {
		return problem
	}
	number, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return params.IsInvalid
	case !rights.IsMemberRole(source.Role(number)):
		return params.NoValidValue
	}
	*r = memberRole(number)
	return ""
}

// filter returns the filter of the parameters; none is true if it can pick no project: no
// project is starred, imported or marked, and the languages of none are known.
func (p projectFilter) filter(by rights.Caller, defaults remembered.Values) (f projects.Filter, none bool, err error) {
	if (p.Storage != "" || p.PendingDelete) && !by.Admin {
		return f, false, by.OnInstance(rights.AdminAllResources).Decide()
	}
	f = projects.Filter{
		LeastRole: source.Role(p.MinAccessLevel), Search: p.Search, SearchPaths: p.SearchNamespaces, Visibility: source.Visibility(p.Visibility),
		Storage: p.Storage, Archived: p.Archived, Topics: p.Topic, IDAfter: p.IDAfter, IDBefore: p.IDBefore,
		ActiveAfter: p.ActivityAfter.Time, ActiveBefore: p.ActivityBefore.Time, UpdatedAfter: p.UpdatedAfter.Time, UpdatedBefore: p.UpdatedBefore.Time,
		PendingDelete: p.PendingDelete,
	}
	none = p.Starred || p.Imported || p.Language != "" || !p.MarkedOn.IsZero()
	if p.Membership {
		f.LeastRole = max(f.LeastRole, source.Guest)
	}
	if p.Owned {
		f.LeastRole = source.Owner
	}
	if p.Active != nil {
		archived := !*p.Active
		none = none || p.Archived != nil && *p.Archived != archived
		f.Archived = &archived
	}
	enabled := func(name string) {
		level, _ := remembered.Projects.Value(defaults, name).(string)
		f.Features = append(f.Features, projects.FeatureLevel{Name: name, Default: level})
	}
	if p.WithIssues {
		enabled("issues_access_level")
	}
	if p.WithMergeRequests {
		enabled("merge_requests_access_level")
	}
	return f, none, nil
}
