package repositories

import (
	"cmp"
	"slices"
	"strings"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// projectUserFilter are the parameters of the users of a project.
type projectUserFilter struct {
	Search    string   `param:"search"`
	SkipUsers call.IDs `param:"skip_users" api:"[]integer,string"`
}

func (a *API) groupOfProject(g projects.Group) entity.BasicGroup {
	return entity.BasicGroup{ID: int64(g.ID), WebURL: a.instance.GroupURL(g.Path), Name: g.Name, FullName: g.FullName, FullPath: g.Path}
}

// projectGroupFilter are the parameters of the groups above a project.
type projectGroupFilter struct {
	Search               string     `param:"search"`
	SkipGroups           call.IDs   `param:"skip_groups" api:"[]integer,string"`
	WithShared           bool       `param:"with_shared"`
	SharedMinAccessLevel memberRole `param:"shared_min_access_level" api:"integer"`
}

// invitedGroupFilter are the parameters of the groups that a project is shared with.
type invitedGroupFilter struct {
	Search         string     `param:"search"`
	MinAccessLevel memberRole `param:"min_access_level" api:"integer"`
}

// listProjectGroups answers GET /projects/:id/groups.
func (a *API) listProjectGroups(c *call.Call, on rights.Ref) (any, error) {
	var in projectGroupFilter
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return a.groupsOfProject(c, on, in.Search, func(g projects.Group) bool {
		return !slices.Contains(in.SkipGroups, int64(g.ID)) && (!g.Shared || in.WithShared && g.Lent >= source.Role(in.SharedMinAccessLevel))
	})
}

// listProjectInvitedGroups answers GET /projects/:id/invited_groups.
func (a *API) listProjectInvitedGroups(c *call.Call, on rights.Ref) (any, error) {
	var in invitedGroupFilter
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return a.groupsOfProject(c, on, in.Search, func(g projects.Group) bool {
		return g.Shared && g.Role >= source.Role(in.MinAccessLevel)
	})
}

// groupsOfProject answers with a page of the groups of a project that have the search in
// their names or paths and that are picked.
func (a *API) groupsOfProject(c *call.Call, on rights.Ref, search string, picked func(projects.Group) bool) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	groups, err := a.useCases.Projects.Groups(c.Context(), c.Caller, on)
	if err != nil {
		return nil, err
	}
	groups = slices.DeleteFunc(groups, func(g projects.Group) bool {
		found := strings.Contains(identity.Fold(g.Name), identity.Fold(search)) || strings.Contains(identity.Fold(g.Path), identity.Fold(search))
		return !found || !picked(g)
	})
	slices.SortFunc(groups, func(x, y projects.Group) int { return cmp.Compare(x.ID, y.ID) })
	groups = slices.CompactFunc(groups, func(x, y projects.Group) bool { return x.ID == y.ID })
	if page.Descending {
		slices.Reverse(groups)
	}
	l := application.Listed[projects.Group]{Total: int64(len(groups))}
	rest := groups[min(page.Offset, len(groups)):]
	l.Items, l.More = rest[:min(page.Size, len(rest))], len(rest) > page.Size
	return call.AnswerList(c, page, l, func(g projects.Group) application.Position { return application.Position{ID: int64(g.ID)} }, a.groupOfProject)
}

// listProjectUsers answers GET /projects/:id/users.
func (a *API) listProjectUsers(c *call.Call, on rights.Ref) (any, error) {
	var in projectUserFilter
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	f := members.Filter{Inherited: true, Search: in.Search, Skip: in.SkipUsers.Users()}
	l, err := a.useCases.Members.List(c.Context(), c.Caller, on, f, page)
	if err != nil {
		return nil, err
	}
	position := func(v members.View) application.Position { return application.Position{ID: int64(v.User.ID)} }
	return call.AnswerList(c, page, l, position, func(v members.View) entity.BasicUser { return a.instance.BasicUser(v.User) })
}
