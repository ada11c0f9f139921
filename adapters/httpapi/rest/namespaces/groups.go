package namespaces

import (
	"encoding/json"
	"errors"
	"net/http"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/application/projects"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// groupRoutes manage groups.
var groupRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups", Name: "listGroups", Summary: "List groups",
		Who: call.Anyone, Params: groupFilterParams{}, List: true, Orders: groupOrders, Answer: []group{},
	}, Handle: (*API).listGroups},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/groups", Name: "createGroup", Summary: "Create a group",
		Who: call.SignedIn, Params: newGroupParams{}, Remembered: remembered.Groups, Status: http.StatusCreated, Answer: groupDetail{},
	}, Handle: (*API).createGroup},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups/:id", Name: "getGroup", Summary: "Show a group",
		Who: call.Anyone, Params: showGroupParams{}, Answer: []any{groupDetail{}, publicGroupDetail{}},
	}, Handle: (*API).showGroup},
	{Route: call.Route{
		Method: http.MethodPut, Path: "/groups/:id", Name: "updateGroup", Summary: "Change a group",
		Who: call.SignedIn, Params: groupParams{}, Remembered: remembered.Groups, Answer: groupDetail{},
	}, Handle: (*API).updateGroup},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/groups/:id", Name: "deleteGroup", Summary: "Delete a group with all that is in it",
		Who: call.SignedIn, Params: deleteGroupParams{}, Status: http.StatusAccepted, Answer: call.MessageBody{},
	}, Handle: (*API).deleteGroup},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/groups/:id/restore", Name: "restoreGroup", Summary: "Restore a group that is marked for deletion",
		Who: call.SignedIn, Answer: []any{},
	}, Handle: (*API).restoreGroup},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/groups/:id/archive", Name: "archiveGroup", Summary: "Archive a group",
		Who: call.SignedIn, Answer: []any{},
	}, Handle: (*API).archiveGroup},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/groups/:id/unarchive", Name: "unarchiveGroup", Summary: "Unarchive a group",
		Who: call.SignedIn, Answer: []any{},
	}, Handle: (*API).archiveGroup},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/groups/:id/transfer", Name: "transferGroup", Summary: "Move a group into another one, or to the top",
		Who: call.SignedIn, Params: transferGroupParams{}, Status: http.StatusCreated, Answer: groupDetail{},
	}, Handle: (*API).transferGroup},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/groups/:id/projects/:project_id", Name: "transferProjectToGroup", Summary: "Move a project into a group",
		Who: call.Administrators, Status: http.StatusCreated, Answer: groupDetail{},
	}, Handle: (*API).transferProjectToGroup},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups/:id/subgroups", Name: "listSubgroups", Summary: "List the groups right below a group",
		Who: call.SignedIn, Params: groupFilterParams{}, List: true, Orders: groupOrders, Answer: []group{},
	}, Handle: (*API).listSubgroups},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups/:id/descendant_groups", Name: "listDescendantGroups", Summary: "List all groups below a group",
		Who: call.SignedIn, Params: groupFilterParams{}, List: true, Orders: groupOrders, Answer: []group{},
	}, Handle: (*API).listDescendantGroups},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups/:id/transfer_locations", Name: "listGroupTransferLocations", Summary: "List the groups that a group can be moved into",
		Who: call.SignedIn, Params: groupSearchParams{}, List: true, Orders: groupOrders, Answer: []entity.BasicGroup{},
	}, Handle: (*API).listTransferLocations},
}

// groupOrders are the orders of lists of groups.
var groupOrders = call.Orders{Names: []string{"name", "path", "id", "similarity"}, Keyset: []string{"name", "id"}}

// answerGroups answers with a page of groups in the form that show returns. The function
// read returns the page.
func answerGroups[Shown any](a *API, c *call.Call, show func(groups.View) Shown, read func(groups.Filter, application.Page) (application.Listed[groups.View], error)) (any, error) {
	f, none, err := groupFilter(c)
	if err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	found, err := read(f, page)
	if err != nil {
		return nil, err
	}
	if none {
		found = application.Listed[groups.View]{}
	}
	position := func(v groups.View) application.Position {
		return application.Position{Value: identity.Fold(v.Name), ID: int64(v.ID)}
	}
	return call.AnswerList(c, page, found, position, show)
}

// answerRelated answers with a page of the groups that stand in a relation to one.
func answerRelated[Shown any](a *API, c *call.Call, relation groups.Relation, show func(groups.View) Shown) (any, error) {
	return answerGroups(a, c, show, func(f groups.Filter, page application.Page) (application.Listed[groups.View], error) {
		return a.useCases.Groups.ListRelated(c.Context(), c.Caller, groupRef(c, "id"), relation, f, page)
	})
}

// listGroups answers GET /groups.
func (a *API) listGroups(c *call.Call) (any, error) {
	return answerGroups(a, c, a.group, func(f groups.Filter, page application.Page) (application.Listed[groups.View], error) {
		return a.useCases.Groups.List(c.Context(), c.Caller, f, page)
	})
}

// listSubgroups answers GET /groups/:id/subgroups.
func (a *API) listSubgroups(c *call.Call) (any, error) {
	return answerRelated(a, c, groups.Subgroups, a.group)
}

// listDescendantGroups answers GET /groups/:id/descendant_groups.
func (a *API) listDescendantGroups(c *call.Call) (any, error) {
	return answerRelated(a, c, groups.Descendants, a.group)
}

// groupSearchParams are the parameters of short lists of groups.
type groupSearchParams struct {
	Search string `param:"search"`
}

// listTransferLocations answers GET /groups/:id/transfer_locations.
func (a *API) listTransferLocations(c *call.Call) (any, error) {
	return answerRelated(a, c, groups.TransferTargets, a.basicGroup)
}

// newGroupParams are the parameters of a new group beside groupParams.
type newGroupParams struct {
	groupParams
	Name     string `param:"name,required"`
	Path     string `param:"path,required"`
	ParentID *int64 `param:"parent_id"`
}

// createGroup answers POST /groups.
func (a *API) createGroup(c *call.Call) (any, error) {
	var in newGroupParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	change, err := a.groupChange(c)
	if err != nil {
		return nil, err
	}
	fresh := groups.NewGroup{Path: in.Path, Visibility: source.Visibility(in.Visibility), Change: change}
	if in.ParentID != nil {
		if fresh.Parent = source.NamespaceID(*in.ParentID); fresh.Parent < 1 {
			fresh.Parent = -1 // no group has it, while 0 stands for none
		}
	}
	detail, err := a.useCases.Groups.Create(c.Context(), c.Caller, fresh)
	if err != nil {
		return nil, failedToSave(err)
	}
	return a.groupDetail(c, detail)
}

// failedToSave writes what is wrong with the fields of a new group into one message, as
// Rails does.
func failedToSave(err error) error {
	wrong, ok := errors.AsType[domain.FieldErrors](err)
	if !ok {
		return err
	}
	text, _ := json.Marshal(wrong.ByField()) // texts do not fail
	return call.AsBadRequest(domain.Refuse(domain.Unprocessable, "Failed to save group %s", text))
}

// showGroupParams are the parameters of one group.
type showGroupParams struct {
	WithProjects         bool  `param:"with_projects"`
	WithCustomAttributes *bool `param:"with_custom_attributes" api:"no-effect"`
}

// showGroup answers GET /groups/:id.
func (a *API) showGroup(c *call.Call) (any, error) {
	in := showGroupParams{WithProjects: true}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	detail, err := a.useCases.Groups.Show(c.Context(), c.Caller, groupRef(c, "id"))
	switch {
	case err != nil:
		return nil, err
	case !in.WithProjects:
		return groupDetail{groupFields: a.groupFields(detail)}, nil
	default:
		return a.groupDetail(c, detail)
	}
}

// groupDetail returns one group with its projects as the caller sees them.
func (a *API) groupDetail(c *call.Call, d groups.Detail) (any, error) {
	if !c.Caller.Known() {
		shown, err := projectsOf(a, c, d.ID, a.instance.BasicProject)
		return publicGroupDetail{a.groupFields(d), shown}, err
	}
	shown, err := projectsOf(a, c, d.ID, func(v projects.View) entity.Project { return a.instance.Project(v, false) })
	return groupDetail{a.groupFields(d), shown}, err
}

// mostShownProjects is how many projects a group shows in each of its lists.
const mostShownProjects = 100

// projectsOf returns the projects of a group that have the lowest numbers.
func projectsOf[Shown any](a *API, c *call.Call, group source.NamespaceID, show func(projects.View) Shown) (groupProjects[Shown], error) {
	list := func(in projects.Scope) ([]Shown, error) {
		in.Namespace = group
		page := application.Page{Order: "id", Size: mostShownProjects, Keyset: true}
		l, err := a.useCases.Projects.List(c.Context(), c.Caller, projects.Filter{In: &in}, page)
		shown := make([]Shown, len(l.Items))
		for i, v := range l.Items {
			shown[i] = show(v)
		}
		return shown, err
	}
	own, err := list(projects.Scope{Own: true})
	if err != nil {
		return groupProjects[Shown]{}, err
	}
	shared, err := list(projects.Scope{Shared: true})
	return groupProjects[Shown]{&own, &shared}, err
}

// updateGroup answers PUT /groups/:id.
func (a *API) updateGroup(c *call.Call) (any, error) {
	change, err := a.groupChange(c)
	if err != nil {
		return nil, err
	}
	detail, err := a.useCases.Groups.Update(c.Context(), c.Caller, groupRef(c, "id"), change)
	if err != nil {
		return nil, err
	}
	return a.groupDetail(c, detail)
}

// deleteGroupParams are accepted, and have no effect: groups are deleted at once.
type deleteGroupParams struct {
	PermanentlyRemove *bool   `param:"permanently_remove" api:"no-effect"`
	FullPath          *string `param:"full_path" api:"no-effect"`
}

// deleteGroup answers DELETE /groups/:id.
func (a *API) deleteGroup(c *call.Call) (any, error) {
	if err := a.useCases.Groups.Delete(c.Context(), c.Caller, groupRef(c, "id"), c.UnmodifiedSince()); err != nil {
		return nil, call.AsBadRequest(err)
	}
	return call.MessageBody{Message: "202 Accepted"}, nil
}

// restoreGroup answers POST /groups/:id/restore, always with a refusal.
func (a *API) restoreGroup(c *call.Call) (any, error) {
	return nil, call.AsBadRequest(a.useCases.Groups.Restore(c.Context(), c.Caller, groupRef(c, "id")))
}

// archiveGroup answers POST /groups/:id/archive and POST /groups/:id/unarchive, always with
// a refusal.
func (a *API) archiveGroup(c *call.Call) (any, error) {
	return nil, a.useCases.Groups.Archive(c.Context(), c.Caller, groupRef(c, "id"))
}

type transferGroupParams struct {
	GroupID *int64 `param:"group_id"`
}

// transferGroup answers POST /groups/:id/transfer.
func (a *API) transferGroup(c *call.Call) (any, error) {
	var in transferGroupParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var to source.NamespaceID
	if in.GroupID != nil {
		if to = source.NamespaceID(*in.GroupID); to < 1 {
			to = -1 // no group has it, while 0 stands for the top
		}
	}
	detail, err := a.useCases.Groups.Transfer(c.Context(), c.Caller, groupRef(c, "id"), to)
	if err != nil {
		return nil, call.AsBadRequest(err)
	}
	return a.groupDetail(c, detail)
}

// transferProjectToGroup answers POST /groups/:id/projects/:project_id.
func (a *API) transferProjectToGroup(c *call.Call) (any, error) {
	detail, err := a.useCases.Groups.TransferProject(c.Context(), c.Caller, groupRef(c, "id"), c.Ref(rights.Project, "project_id"))
	if err != nil {
		return nil, call.AsBadRequest(err)
	}
	return a.groupDetail(c, detail)
}

// groupShareRoutes share groups with each other.
var groupShareRoutes = []route{
	{Route: call.Route{
		Method: http.MethodPost, Path: "/groups/:id/share", Name: "shareGroup", Summary: "Share a group with another one",
		Who: call.SignedIn, Params: shareGroupParams{}, Status: http.StatusCreated, Answer: groupDetail{},
	}, Handle: (*API).shareGroup},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/groups/:id/share/:group_id", Name: "unshareGroup", Summary: "End the share of a group with another one",
		Who: call.SignedIn, Status: http.StatusNoContent,
	}, Handle: (*API).unshareGroup},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups/:id/invited_groups", Name: "listInvitedGroups", Summary: "List the groups that a group is shared with",
		Who: call.SignedIn, Params: groupFilterParams{}, List: true, Orders: groupOrders, Answer: []group{},
	}, Handle: (*API).listInvitedGroups},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/groups/:id/groups/shared", Name: "listSharedGroups", Summary: "List the groups that are shared with a group",
		Who: call.SignedIn, Params: groupFilterParams{}, List: true, Orders: groupOrders, Answer: []group{},
	}, Handle: (*API).listSharedGroups},
}

type shareGroupParams struct {
	GroupID     int64        `param:"group_id,required"`
	GroupAccess shareLevel   `param:"group_access,required"`
	ExpiresAt   *params.Date `param:"expires_at"`
	// MemberRoleID is accepted, and has no effect: there are no custom roles.
	MemberRoleID *int64 `param:"member_role_id" api:"no-effect"`
}

// shareGroup answers POST /groups/:id/share.
func (a *API) shareGroup(c *call.Call) (any, error) {
	var in shareGroupParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	share := groups.Share{Role: source.Role(in.GroupAccess)}
	if !isAccessLevel(share.Role) {
		return nil, call.NoValidValue("group_access")
	}
	if in.ExpiresAt != nil {
		share.ExpiresAt = in.ExpiresAt.Time
	}
	detail, err := a.useCases.Groups.AddShare(c.Context(), c.Caller, groupRef(c, "id"), source.NamespaceID(in.GroupID), share)
	if err != nil {
		return nil, call.AsBadRequest(err)
	}
	return a.groupDetail(c, detail)
}

// unshareGroup answers DELETE /groups/:id/share/:group_id.
func (a *API) unshareGroup(c *call.Call) (any, error) {
	if err := a.useCases.Groups.RemoveShare(c.Context(), c.Caller, groupRef(c, "id"), source.NamespaceID(c.Number("group_id")), c.UnmodifiedSince()); err != nil {
		return nil, err
	}
	return c.NoContent()
}

// listInvitedGroups answers GET /groups/:id/invited_groups.
func (a *API) listInvitedGroups(c *call.Call) (any, error) {
	return answerRelated(a, c, groups.Invited, a.group)
}

// listSharedGroups answers GET /groups/:id/groups/shared.
func (a *API) listSharedGroups(c *call.Call) (any, error) {
	return answerRelated(a, c, groups.Sharing, a.group)
}
