package repositories

import (
	"cmp"
	"net/http"
	"slices"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/protections"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// protectionRoutes change which branches and tags are protected.
var protectionRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/protected_branches", Name: "listProtectedBranches", Summary: "List the protected branches of a project",
		Who: call.SignedIn, Params: protectionFilter{}, List: true, Answer: protectedBranch{},
	}, Handle: call.InPath(rights.Project, listProtections(source.Branch, newProtectedBranch))},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/protected_branches/:name", Name: "getProtectedBranch", Summary: "Show a protected branch",
		Who: call.SignedIn, Answer: protectedBranch{},
	}, Handle: call.InPath(rights.Project, showProtection(source.Branch, newProtectedBranch))},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/protected_branches", Name: "protectBranch", Summary: "Protect a branch, or all branches of a pattern",
		Who: call.SignedIn, Params: protectBranchParams{}, Status: http.StatusCreated, Answer: protectedBranch{},
	}, Handle: call.InPath(rights.Project, (*API).protectBranch)},
	{Route: call.Route{
		Method: http.MethodPatch, Path: "/projects/:id/protected_branches/:name", Name: "updateProtectedBranch", Summary: "Change the protection of a branch",
		Who: call.SignedIn, Params: updateBranchParams{}, Answer: protectedBranch{},
	}, Handle: call.InPath(rights.Project, (*API).updateProtectedBranch)},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/projects/:id/protected_branches/:name", Name: "unprotectBranch", Summary: "Remove the protection of a branch",
		Who: call.SignedIn, Status: http.StatusNoContent,
	}, Handle: call.InPath(rights.Project, unprotect(source.Branch))},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/protected_tags", Name: "listProtectedTags", Summary: "List the protected tags of a project",
		Who: call.SignedIn, Params: protectionFilter{}, List: true, Answer: protectedTag{},
	}, Handle: call.InPath(rights.Project, listProtections(source.Tag, newProtectedTag))},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/protected_tags/:name", Name: "getProtectedTag", Summary: "Show a protected tag",
		Who: call.SignedIn, Answer: protectedTag{},
	}, Handle: call.InPath(rights.Project, showProtection(source.Tag, newProtectedTag))},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/protected_tags", Name: "protectTag", Summary: "Protect a tag, or all tags of a pattern",
		Who: call.SignedIn, Params: protectTagParams{}, Status: http.StatusCreated, Answer: protectedTag{},
	}, Handle: call.InPath(rights.Project, (*API).protectTag)},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/projects/:id/protected_tags/:name", Name: "unprotectTag", Summary: "Remove the protection of a tag",
		Who: call.SignedIn, Status: http.StatusNoContent,
	}, Handle: call.InPath(rights.Project, unprotect(source.Tag))},
}

// protectedBranch is the protection of branches.
type protectedBranch struct {
	ID                        int64         `json:"id"`
	Name                      string        `json:"name"`
	PushAccessLevels          []accessLevel `json:"push_access_levels"`
	MergeAccessLevels         []accessLevel `json:"merge_access_levels"`
	UnprotectAccessLevels     []accessLevel `json:"unprotect_access_levels"`
	AllowForcePush            bool          `json:"allow_force_push"`
	CodeOwnerApprovalRequired bool          `json:"code_owner_approval_required"`
	Inherited                 bool          `json:"inherited"`
}

// protectedTag is the protection of tags.
type protectedTag struct {
	Name               string        `json:"name"`
	CreateAccessLevels []accessLevel `json:"create_access_levels"`
}

// accessLevel is an entry of a protection. The number is null for an entry that is not kept,
// but follows from there being none.
type accessLevel struct {
	ID                     *int64 `json:"id"`
	AccessLevel            *int64 `json:"access_level"`
	AccessLevelDescription string `json:"access_level_description"`
	DeployKeyID            *int64 `json:"deploy_key_id"`
	UserID                 *int64 `json:"user_id"`
	GroupID                *int64 `json:"group_id"`
}

// levelDescriptions are GitLab's words for levels.
var levelDescriptions = map[source.Role]string{
	source.NoRole: "No one", source.Developer: "Developers + Maintainers", source.Maintainer: "Maintainers", source.AdminsOnly: "Instance admins",
}

func newProtectedBranch(v protections.View) protectedBranch {
	return protectedBranch{
		ID: v.ID, Name: string(v.Pattern), AllowForcePush: v.AllowForcePush,
		PushAccessLevels: accessLevels(v, v.Push), MergeAccessLevels: accessLevels(v, v.Merge), UnprotectAccessLevels: accessLevels(v, v.Unprotecting()),
	}
}

// newProtectedTag returns the entity. Clients read the first entry without a look at how many
// there are.
func newProtectedTag(v protections.View) protectedTag {
	if len(v.Create) == 0 {
		v.Create = []source.Access{{Role: source.NoRole}}
	}
	return protectedTag{Name: string(v.Pattern), CreateAccessLevels: accessLevels(v, v.Create)}
}

// accessLevels returns entries, those for roles first.
func accessLevels(v protections.View, entries []source.Access) []accessLevel {
	out := []accessLevel{}
	for _, a := range entries {
		level := accessLevel{
			ID: entity.NumberOrNull(a.ID), AccessLevelDescription: v.Names[a.ID],
			DeployKeyID: entity.NumberOrNull(a.DeployKey), UserID: entity.NumberOrNull(a.User), GroupID: entity.NumberOrNull(a.Group),
		}
		role := int64(a.Role)
		switch {
		case a.IsRole():
			level.AccessLevel, level.AccessLevelDescription = &role, cmp.Or(levelDescriptions[a.Role], a.Role.String())
		case a.DeployKey != 0:
			role = int64(source.Maintainer)
			level.AccessLevel = &role
		}
		out = append(out, level)
	}
	place := func(l accessLevel) int {
		if l.UserID != nil || l.GroupID != nil || l.DeployKeyID != nil {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(out, func(a, b accessLevel) int { return cmp.Compare(place(a), place(b)) })
	return out
}

type protectionFilter struct {
	Search string `param:"search"`
}

// listProtections returns the handler of GET for the protections of a kind.
func listProtections[Entity any](kind source.RefKind, entityOf func(protections.View) Entity) func(*API, *call.Call, rights.Ref) (any, error) {
	return func(a *API, c *call.Call, on rights.Ref) (any, error) {
		var in protectionFilter
		if err := c.Decode(&in); err != nil {
			return nil, err
		}
		page, err := c.Page()
		if err != nil {
			return nil, err
		}
		l, err := a.useCases.Protections.List(c.Context(), c.Caller, on, kind, in.Search, page)
		if err != nil {
			return nil, err
		}
		return call.AnswerList(c, page, l, func(v protections.View) application.Position { return application.Position{ID: v.ID} }, entityOf)
	}
}

// showProtection returns the handler of GET for a protection of a kind.
func showProtection[Entity any](kind source.RefKind, entityOf func(protections.View) Entity) func(*API, *call.Call, rights.Ref) (any, error) {
	return func(a *API, c *call.Call, on rights.Ref) (any, error) {
		v, err := a.useCases.Protections.Show(c.Context(), c.Caller, on, kind, patternOf(c))
		if err != nil {
			return nil, err
		}
		return entityOf(v), nil
	}
}

// patternOf returns the pattern in the path.
func patternOf(c *call.Call) source.Pattern { return source.Pattern(c.Param("name")) }

// unprotect returns the handler of DELETE for a protection of a kind.
func unprotect(kind source.RefKind) func(*API, *call.Call, rights.Ref) (any, error) {
	return func(a *API, c *call.Call, on rights.Ref) (any, error) {
		if err := a.useCases.Protections.Unprotect(c.Context(), c.Caller, on, kind, patternOf(c), c.UnmodifiedSince()); err != nil {
			return nil, err
		}
		return c.NoContent()
	}
}

// protectBranch answers POST /projects/:id/protected_branches.
func (a *API) protectBranch(c *call.Call, on rights.Ref) (any, error) {
	var in protectBranchParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	p := source.Protection{Kind: source.Branch, Pattern: source.Pattern(in.Name), AllowForcePush: in.AllowForcePush}
	err := cmp.Or(
		setEntries(&p, source.PushVerb, in.PushAccessLevel.role, in.AllowedToPush),
		setEntries(&p, source.MergeVerb, in.MergeAccessLevel.role, in.AllowedToMerge),
		setEntries(&p, source.UnprotectVerb, in.UnprotectAccessLevel.role, in.AllowedToUnprotect),
	)
	if err != nil {
		return nil, err
	}
	v, err := a.useCases.Protections.Protect(c.Context(), c.Caller, on, p)
	if err != nil {
		return nil, call.AsSentences(err)
	}
	return newProtectedBranch(v), nil
}

// updateProtectedBranch answers PATCH /projects/:id/protected_branches/:name.
func (a *API) updateProtectedBranch(c *call.Call, on rights.Ref) (any, error) {
	var in updateBranchParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	change := protections.Change{AllowForcePush: in.AllowForcePush, Entries: map[source.ProtectionVerb][]protections.EntryChange{}}
	for verb, given := range map[source.ProtectionVerb][]entryParams{
		source.PushVerb: in.AllowedToPush, source.MergeVerb: in.AllowedToMerge, source.UnprotectVerb: in.AllowedToUnprotect,
	} {
		entries, err := entryChanges(verb, given)
		if err != nil {
			return nil, err
		}
		change.Entries[verb] = entries
	}
	v, err := a.useCases.Protections.Update(c.Context(), c.Caller, on, source.Branch, patternOf(c), change)
	if err != nil {
		return nil, call.AsSentences(err)
	}
	return newProtectedBranch(v), nil
}

// protectTag answers POST /projects/:id/protected_tags.
func (a *API) protectTag(c *call.Call, on rights.Ref) (any, error) {
	var in protectTagParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	p := source.Protection{Kind: source.Tag, Pattern: source.Pattern(in.Name)}
	if err := setEntries(&p, source.CreateVerb, in.CreateAccessLevel.role, in.AllowedToCreate); err != nil {
		return nil, err
	}
	v, err := a.useCases.Protections.Protect(c.Context(), c.Caller, on, p)
	if err != nil {
		return nil, call.AsSentences(err)
	}
	return newProtectedTag(v), nil
}
