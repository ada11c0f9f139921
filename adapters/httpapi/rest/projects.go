package rest

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/application"
	"gatehouse/application/projects"
	"gatehouse/domain"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// projectRoutes show projects.
var projectRoutes = []route{
	{Route{
		Method: http.MethodGet, Path: "/projects", Name: "listProjects", Summary: "List the projects that the caller may see",
		Who: Anyone, Params: projectFilter{}, List: true, Orders: projectOrders, Answer: []any{project{}, basicProject{}},
	}, (*API).listProjects},
	{Route{
		Method: http.MethodGet, Path: "/projects/:id", Name: "getProject", Summary: "Show a project",
		Who: Anyone, Params: projectParams{}, Answer: []any{project{}, basicProject{}},
	}, inPath(rights.Project, (*API).showProject)},
	{Route{
		Method: http.MethodGet, Path: "/users/:id/projects", Name: "listUserProjects", Summary: "List the projects in the namespace of a user",
		Who: SignedIn, Params: projectFilter{}, List: true, Orders: projectOrders, Answer: []any{project{}, basicProject{}},
	}, (*API).listUserProjects},
	{Route{
		Method: http.MethodGet, Path: "/groups/:id/projects", Name: "listGroupProjects", Summary: "List the projects of a group",
		Who: Anyone, Params: groupProjectFilter{}, List: true, Orders: projectOrders, Answer: []any{project{}, basicProject{}},
	}, inPath(rights.Group, (*API).listGroupProjects)},
	{Route{
		Method: http.MethodGet, Path: "/groups/:id/projects/shared", Name: "listSharedProjects", Summary: "List the projects that are shared with a group",
		Who: SignedIn, Params: projectFilter{}, List: true, Orders: projectOrders, Answer: []any{project{}, basicProject{}},
	}, inPath(rights.Group, (*API).listSharedProjects)},
	{Route{
		Method: http.MethodGet, Path: "/projects/:id/users", Name: "listProjectUsers", Summary: "List the users who have a role in a project",
		Who: SignedIn, Params: projectUserFilter{}, List: true, Answer: basicUser{},
	}, inPath(rights.Project, (*API).listProjectUsers)},
	{Route{
		Method: http.MethodGet, Path: "/projects/:id/groups", Name: "listProjectGroups", Summary: "List the groups above a project",
		Who: SignedIn, Params: projectGroupFilter{}, List: true, Answer: basicGroup{},
	}, inPath(rights.Project, (*API).listProjectGroups)},
	{Route{
		Method: http.MethodGet, Path: "/projects/:id/invited_groups", Name: "listProjectInvitedGroups", Summary: "List the groups that a project is shared with",
		Who: SignedIn, Params: invitedGroupFilter{}, List: true, Answer: basicGroup{},
	}, inPath(rights.Project, (*API).listProjectInvitedGroups)},
}

// projectOrders are the orders of lists of projects.
var projectOrders = orders{
	names:      []string{"created_at", "id", "name", "path", "updated_at", "last_activity_at", "similarity", "star_count"},
	descending: true, keyset: []string{"id"}, byParams: true,
}

// projectList lists projects.
type projectList func(f projects.Filter, page application.Page) (application.Listed[projects.View], error)

// listProjects answers GET /projects.
func (a *API) listProjects(c *call) (any, error) {
	return a.projects(c, func(f projects.Filter, page application.Page) (application.Listed[projects.View], error) {
		return a.useCases.Projects.List(c.context(), c.caller, f, page)
	})
}

// projects answers with a page of a list of projects.
func (a *API) projects(c *call, list projectList) (any, error) {
	var in projectFilter
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	f, none, err := in.filter(c.caller)
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
	if in.Simple || !c.caller.Known() {
		return listed(a, c, page, l, projectPosition, a.basicProject)
	}
	return listed(a, c, page, l, projectPosition, func(v projects.View) project {
		return a.project(v, in.Statistics && mayReadStatistics(c.caller, v))
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
func (a *API) showProject(c *call, on rights.Ref) (any, error) {
	var in projectParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	view, err := a.useCases.Projects.View(c.context(), c.caller, on)
	switch {
	case err != nil:
		return nil, err
	case !c.caller.Known():
		return a.basicProject(view), nil
	default:
		return a.project(view, in.Statistics && mayReadStatistics(c.caller, view)), nil
	}
}

// listUserProjects answers GET /users/:id/projects.
func (a *API) listUserProjects(c *call) (any, error) {
	return a.projects(c, func(f projects.Filter, page application.Page) (application.Listed[projects.View], error) {
		return a.useCases.Projects.ListOfUser(c.context(), c.caller, c.user("id"), f, page)
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
func (a *API) listGroupProjects(c *call, on rights.Ref) (any, error) {
	in := groupProjectFilter{WithShared: true}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return a.projectsIn(c, on, projects.Scope{Own: true, Below: in.IncludeSubgroups, Above: in.IncludeAncestorGroups, Shared: in.WithShared})
}

// listSharedProjects answers GET /groups/:id/projects/shared.
func (a *API) listSharedProjects(c *call, on rights.Ref) (any, error) {
	return a.projectsIn(c, on, projects.Scope{Shared: true})
}

func (a *API) projectsIn(c *call, group rights.Ref, in projects.Scope) (any, error) {
	return a.projects(c, func(f projects.Filter, page application.Page) (application.Listed[projects.View], error) {
		return a.useCases.Projects.ListOfGroup(c.context(), c.caller, group, in, f, page)
	})
}

// errMovedProject refuses to change a project by a path of the past.
var errMovedProject = domain.Refuse(domain.Invalid, "Non GET methods are not allowed for moved projects")

// whereMoved answers a request that failed with err. Where a project was not found by a
// path of the past it leads to the same route by number.
func (a *API) whereMoved(c *call, err error) (any, error) {
	location, err := a.moved(c, err)
	if err != nil {
		return nil, err
	}
	c.gin.Header("Location", location)
	c.status(http.StatusMovedPermanently)
	return messageBody{"301 Moved Permanently"}, nil
}

// moved returns the address of the same route by number for a project that was not found,
// or err if the path is none of the past, or if it is hidden. It refuses what would change
// something.
func (a *API) moved(c *call, err error) (location string, _ error) {
	path := c.gin.Param(c.route.projectParam())
	if !errors.Is(err, rights.Hidden(rights.Project)) || isDigits(path) || !source.IsPath(path) {
		return "", err
	}
	id, found := a.useCases.Projects.MovedTo(c.context(), c.caller, path)
	switch {
	case found != nil:
		return "", found
	case id == 0:
		return "", err
	case c.route.Method != http.MethodGet:
		return "", errMovedProject
	}
	return c.sameRoute(int64(id)), nil
}

// ofProject says whether the path of the route names a project.
func (r Route) ofProject() bool { return r.projectParam() != "" }

// projectParam is the parameter of the path that names a project; empty for none.
func (r Route) projectParam() string {
	switch {
	case strings.HasPrefix(r.Path, "/projects/:id"):
		return "id"
	case strings.HasSuffix(r.Path, "/:project_id"):
		return "project_id"
	}
	return ""
}

// sameRoute returns the address of the request, relative to that of the server, with a
// number in place of the group or project in its path.
func (c *call) sameRoute(id int64) string {
	sent, err := url.ParseRequestURI(c.gin.Request.RequestURI)
	if err != nil {
		return ""
	}
	segments := strings.Split(sent.EscapedPath(), "/")
	behind := strings.Count(c.route.Path, "/") - 2 // the segments behind :id
	at := len(segments) - 1 - behind
	if at < 0 {
		return ""
	}
	segments[at] = strconv.FormatInt(id, 10)
	location := strings.Join(segments, "/")
	if sent.RawQuery != "" {
		location += "?" + sent.RawQuery
	}
	return location
}

// projectParams are the parameters of a project that is shown.
type projectParams struct {
	Statistics bool `param:"statistics"`
}

// projectFilter are the parameters of lists of projects.
type projectFilter struct {
	Archived          *bool          `param:"archived"`
	Active            *bool          `param:"active"`
	Visibility        visibilityWord `param:"visibility"`
	Search            string         `param:"search"`
	SearchNamespaces  bool           `param:"search_namespaces"`
	Owned             bool           `param:"owned"`
	Membership        bool           `param:"membership"`
	Starred           bool           `param:"starred"`
	Imported          bool           `param:"imported"`
	MinAccessLevel    memberRole     `param:"min_access_level" api:"integer"`
	Simple            bool           `param:"simple"`
	Topic             names          `param:"topic" api:"[]string,string"`
	IDAfter           int64          `param:"id_after"`
	IDBefore          int64          `param:"id_before"`
	ActivityAfter     moment         `param:"last_activity_after"`
	ActivityBefore    moment         `param:"last_activity_before"`
	UpdatedAfter      moment         `param:"updated_after"`
	UpdatedBefore     moment         `param:"updated_before"`
	WithIssues        bool           `param:"with_issues_enabled"`
	WithMergeRequests bool           `param:"with_merge_requests_enabled"`
	Storage           string         `param:"repository_storage"`
	PendingDelete     bool           `param:"include_pending_delete"`
	MarkedOn          params.Date    `param:"marked_for_deletion_on"`
	Language          string         `param:"with_programming_language"`
	Statistics        bool           `param:"statistics"`
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
func (p projectFilter) filter(by rights.Caller) (f projects.Filter, none bool, err error) {
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
	if p.WithIssues {
		f.Features = append(f.Features, "issues_access_level")
	}
	if p.WithMergeRequests {
		f.Features = append(f.Features, "merge_requests_access_level")
	}
	return f, none, nil
}
