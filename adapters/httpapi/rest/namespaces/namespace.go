package namespaces

import (
	"net/http"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// namespaceRoutes read namespaces. What the customers portal has below them is not here.
var namespaceRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/namespaces", Name: "listNamespaces", Summary: "List the caller's namespaces",
		Who: call.SignedIn, Params: namespaceFilterParams{}, List: true, Answer: namespaceDetail{},
	}, Handle: (*API).listNamespaces},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/namespaces/:id", Name: "getNamespace", Summary: "Show a namespace",
		Who: call.SignedIn, Answer: namespaceDetail{},
	}, Handle: (*API).showNamespace},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/namespaces/:id/exists", Name: "namespaceExists", Summary: "Tell whether a path is that of a namespace",
		Who: call.SignedIn, Params: namespaceExistsParams{}, Answer: namespaceExistence{},
	}, Handle: (*API).namespaceExists},
}

// namespaceDetail is a namespace with what its owners see; the members are null for all
// others. The counts are null in lists.
type namespaceDetail struct {
	entity.Namespace
	MembersCountWithDescendants *int64  `json:"members_count_with_descendants"`
	RootRepositorySize          *int64  `json:"root_repository_size"`
	ProjectsCount               *int64  `json:"projects_count"`
	BillableMembersCount        *int64  `json:"billable_members_count"`
	Plan                        *string `json:"plan"`
	SeatsInUse                  *int64  `json:"seats_in_use"`
	MaxSeatsUsed                *int64  `json:"max_seats_used"`
	MaxSeatsUsedChangedAt       *string `json:"max_seats_used_changed_at" api:"date-time,null"`
	Trial                       *bool   `json:"trial"`
	TrialEndsOn                 *string `json:"trial_ends_on" api:"date,null"`
	EndDate                     *string `json:"end_date" api:"date,null"`
}

func (a *API) namespace(d groups.NamespaceDetail) namespaceDetail {
	out := namespaceDetail{Namespace: entity.Namespace{
		ID: int64(d.ID), Name: d.Name, Path: source.Path(d.Path).Last(), Kind: "group", FullPath: d.Path, ParentID: entity.NumberOrNull(d.Parent),
		WebURL: a.instance.GroupURL(d.Path),
	}}
	if d.Namespace.Owner != 0 {
		out.Kind, out.WebURL = "user", a.instance.ExternalURL+"/"+d.Path
	}
	if !d.Owner {
		return out
	}
	if d.Counts != nil {
		out.MembersCountWithDescendants, out.ProjectsCount = &d.Counts.Members, &d.Counts.Projects
	}
	s, plan := d.Subscription, billing.FreePlan
	if s.Plan != "" {
		plan = s.Plan
	}
	out.Plan, out.Trial, out.TrialEndsOn, out.EndDate = &plan, &s.Trial, entity.DayOrNull(s.TrialEnds), entity.DayOrNull(s.EndDate)
	if s.Namespace != 0 {
		used, most := int64(s.SeatsInUse), int64(s.MaxSeatsUsed)
		out.SeatsInUse, out.BillableMembersCount, out.MaxSeatsUsed = &used, &used, &most
		out.MaxSeatsUsedChangedAt = entity.MomentOrNull(s.MaxChangedAt)
	}
	return out
}

type namespaceFilterParams struct {
	Search         string `param:"search"`
	OwnedOnly      bool   `param:"owned_only"`
	TopLevelOnly   bool   `param:"top_level_only"`
	FullPathSearch bool   `param:"full_path_search"`
}

// listNamespaces answers GET /namespaces.
func (a *API) listNamespaces(c *call.Call) (any, error) {
	var in namespaceFilterParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	filter := groups.NamespaceFilter{Owned: in.OwnedOnly, Search: in.Search, FullPath: in.FullPathSearch, TopLevel: in.TopLevelOnly}
	found, err := a.useCases.Groups.ListNamespaces(c.Context(), c.Caller, filter, page)
	if err != nil {
		return nil, err
	}
	position := func(d groups.NamespaceDetail) application.Position { return application.Position{ID: int64(d.ID)} }
	return call.AnswerList(c, page, found, position, a.namespace)
}

// showNamespace answers GET /namespaces/:id.
func (a *API) showNamespace(c *call.Call) (any, error) {
	ref := groupRef(c, "id")
	detail, err := a.useCases.Groups.ShowNamespace(c.Context(), c.Caller, source.NamespaceID(ref.ID), ref.Path)
	if err != nil {
		return nil, err
	}
	return a.namespace(detail), nil
}

type namespaceExistsParams struct {
	ParentID int64 `param:"parent_id"`
}

type namespaceExistence struct {
	Exists   bool     `json:"exists"`
	Suggests []string `json:"suggests"`
}

// namespaceExists answers GET /namespaces/:id/exists, in which digits are a path, too.
func (a *API) namespaceExists(c *call.Call) (any, error) {
	var in namespaceExistsParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	exists, err := a.useCases.Groups.NamespaceExists(c.Context(), c.Caller, c.Param("id"), source.NamespaceID(in.ParentID))
	if err != nil {
		return nil, err
	}
	return namespaceExistence{Exists: exists, Suggests: []string{}}, nil
}
