package rest

import (
	"net/http"
	"slices"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/groups"
	"gatehouse/domain/source"
)

// groupShareRoutes share groups with each other.
var groupShareRoutes = []route{
	{Route{
		Method: http.MethodPost, Path: "/groups/:id/share", Name: "shareGroup", Summary: "Share a group with another one",
		Who: SignedIn, Params: shareGroupParams{}, Status: http.StatusCreated, Answer: groupDetail{},
	}, (*API).shareGroup},
	{Route{
		Method: http.MethodDelete, Path: "/groups/:id/share/:group_id", Name: "unshareGroup", Summary: "End the share of a group with another one",
		Who: SignedIn, Status: http.StatusNoContent,
	}, (*API).unshareGroup},
	{Route{
		Method: http.MethodGet, Path: "/groups/:id/invited_groups", Name: "listInvitedGroups", Summary: "List the groups that a group is shared with",
		Who: SignedIn, Params: groupFilterParams{}, List: true, Orders: groupOrders, Answer: []group{},
	}, (*API).listInvitedGroups},
	{Route{
		Method: http.MethodGet, Path: "/groups/:id/groups/shared", Name: "listSharedGroups", Summary: "List the groups that are shared with a group",
		Who: SignedIn, Params: groupFilterParams{}, List: true, Orders: groupOrders, Answer: []group{},
	}, (*API).listSharedGroups},
}

type shareGroupParams struct {
	GroupID     int64        `param:"group_id,required"`
	GroupAccess int64        `param:"group_access,required"`
	ExpiresAt   *params.Date `param:"expires_at"`
	// MemberRoleID is accepted, and has no effect: there are no custom roles.
	MemberRoleID *int64 `param:"member_role_id" api:"no-effect"`
}

// shareGroup answers POST /groups/:id/share.
func (a *API) shareGroup(c *call) (any, error) {
	var in shareGroupParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	share := groups.Share{Role: source.Role(in.GroupAccess)}
	if !slices.Contains(accessLevels, share.Role) {
		return nil, noValidValue("group_access")
	}
	if in.ExpiresAt != nil {
		share.ExpiresAt = in.ExpiresAt.Time
	}
	detail, err := a.useCases.Groups.AddShare(c.context(), c.caller, c.groupRef("id"), source.NamespaceID(in.GroupID), share)
	if err != nil {
		return nil, asBadRequest(err)
	}
	return a.groupDetail(detail), nil
}

// unshareGroup answers DELETE /groups/:id/share/:group_id.
func (a *API) unshareGroup(c *call) (any, error) {
	if err := a.useCases.Groups.RemoveShare(c.context(), c.caller, c.groupRef("id"), source.NamespaceID(c.number("group_id"))); err != nil {
		return nil, err
	}
	return c.noContent()
}

// listInvitedGroups answers GET /groups/:id/invited_groups.
func (a *API) listInvitedGroups(c *call) (any, error) {
	return answerRelated(a, c, groups.Invited, a.group)
}

// listSharedGroups answers GET /groups/:id/groups/shared.
func (a *API) listSharedGroups(c *call) (any, error) {
	return answerRelated(a, c, groups.Sharing, a.group)
}
