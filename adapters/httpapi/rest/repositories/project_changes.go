package repositories

import (
	"net/http"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/projects"
	"gatehouse/domain"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// projectChangeRoutes create, change and remove projects.
var projectChangeRoutes = []route{
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects", Name: "createProject", Summary: "Create a project",
		Who: call.SignedIn, Params: []any{projectParams{}, newProjectParams{}, namespaceParams{}}, Remembered: remembered.ProjectParameters,
		Status: http.StatusCreated, Answer: entity.Project{},
	}, Handle: (*API).createProject},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/user/:user_id", Name: "createUserProject", Summary: "Create a project in the namespace of a user",
		Who: call.Administrators, Params: []any{projectParams{}, newProjectParams{}}, Remembered: remembered.ProjectParameters,
		Status: http.StatusCreated, Answer: entity.Project{},
	}, Handle: (*API).createUserProject},
	{Route: call.Route{
		Method: http.MethodPut, Path: "/projects/:id", Name: "updateProject", Summary: "Change a project",
		Who: call.SignedIn, Params: projectParams{}, Remembered: remembered.ProjectParameters, Answer: entity.Project{},
	}, Handle: call.InPath(rights.Project, (*API).updateProject)},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/projects/:id", Name: "deleteProject", Summary: "Delete a project",
		Who: call.SignedIn, Params: deleteProjectParams{}, Status: http.StatusAccepted, Answer: call.MessageBody{},
	}, Handle: call.InPath(rights.Project, (*API).deleteProject)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/restore", Name: "restoreProject", Summary: "Restore a project that is marked for deletion",
		Who: call.SignedIn, Answer: []any{},
	}, Handle: call.InPath(rights.Project, (*API).restoreProject)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/archive", Name: "archiveProject", Summary: "Make a project read-only",
		Who: call.SignedIn, Status: http.StatusCreated, Answer: entity.Project{},
	}, Handle: archive(true)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/unarchive", Name: "unarchiveProject", Summary: "Let a project be changed again",
		Who: call.SignedIn, Status: http.StatusCreated, Answer: entity.Project{},
	}, Handle: archive(false)},
	{Route: call.Route{
		Method: http.MethodPut, Path: "/projects/:id/transfer", Name: "transferProject", Summary: "Move a project into another namespace",
		Who: call.SignedIn, Params: transferParams{}, Answer: entity.Project{},
	}, Handle: call.InPath(rights.Project, (*API).transferProject)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/share", Name: "shareProject", Summary: "Share a project with a group",
		Who: call.SignedIn, Params: shareParams{}, Status: http.StatusCreated, Answer: projectShare{},
	}, Handle: call.InPath(rights.Project, (*API).shareProject)},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/projects/:id/share/:group_id", Name: "unshareProject", Summary: "End the share of a project with a group",
		Who: call.SignedIn, Status: http.StatusNoContent,
	}, Handle: call.InPath(rights.Project, (*API).unshareProject)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/fork", Name: "forkProject", Summary: "Fork a project, which is not possible here",
		Who: call.SignedIn, Answer: []any{},
	}, Handle: call.InPath(rights.Project, (*API).forkProject)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/storage", Name: "getStorage", Summary: "Tell where the repository of a project lies",
		Who: call.Administrators, Answer: projectStorage{},
	}, Handle: call.InPath(rights.Project, (*API).showStorage)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/repository_size", Name: "measureRepository", Summary: "Measure the repository of a project, which has no effect",
		Who: call.SignedIn, Status: http.StatusCreated, Answer: (*bool)(nil),
	}, Handle: call.InPath(rights.Project, (*API).measureRepository)},
}

// createProject answers POST /projects.
func (a *API) createProject(c *call.Call) (any, error) {
	fresh, err := newProject(c)
	if err != nil {
		return nil, err
	}
	return a.changed(c)(a.useCases.Changes.Create(c.Context(), c.Caller, fresh))
}

// createUserProject answers POST /projects/user/:user_id.
func (a *API) createUserProject(c *call.Call) (any, error) {
	if !c.Has("name") {
		return nil, domain.Refuse(domain.Invalid, "name is missing")
	}
	fresh, err := newProject(c)
	if err != nil {
		return nil, err
	}
	fresh.Namespace, fresh.Owner = 0, c.User("user_id")
	return a.changed(c)(a.useCases.Changes.Create(c.Context(), c.Caller, fresh))
}

// changed returns the function that answers with a project.
func (a *API) changed(c *call.Call) func(projects.View, error) (any, error) {
	return func(view projects.View, err error) (any, error) {
		if err != nil {
			return nil, call.AsBadRequest(err)
		}
		return a.instance.Project(view, false), nil
	}
}

// updateProject answers PUT /projects/:id.
func (a *API) updateProject(c *call.Call, on rights.Ref) (any, error) {
	change, err := projectChange(c)
	if err != nil {
		return nil, err
	}
	return a.changed(c)(a.useCases.Changes.Update(c.Context(), c.Caller, on, change))
}

// deleteProjectParams are the parameters of a deletion. Projects are deleted at once.
type deleteProjectParams struct {
	PermanentlyRemove bool   `param:"permanently_remove" api:"no-effect"`
	FullPath          string `param:"full_path"`
}

// deleteProject answers DELETE /projects/:id.
func (a *API) deleteProject(c *call.Call, on rights.Ref) (any, error) {
	var in deleteProjectParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if err := a.useCases.Changes.Delete(c.Context(), c.Caller, on, c.UnmodifiedSince(), in.FullPath); err != nil {
		return nil, call.AsBadRequest(err)
	}
	return call.MessageBody{Message: "202 Accepted"}, nil
}

// restoreProject answers POST /projects/:id/restore, always with a refusal.
func (a *API) restoreProject(c *call.Call, on rights.Ref) (any, error) {
	return nil, call.AsBadRequest(a.useCases.Changes.Restore(c.Context(), c.Caller, on))
}

// archive answers POST /projects/:id/archive and POST /projects/:id/unarchive.
func archive(archived bool) func(*API, *call.Call) (any, error) {
	return call.InPath(rights.Project, func(a *API, c *call.Call, on rights.Ref) (any, error) {
		return a.changed(c)(a.useCases.Changes.Archive(c.Context(), c.Caller, on, archived))
	})
}

// transferParams name the namespace where a project goes.
type transferParams struct {
	Namespace string `param:"namespace,required" api:"string,integer"`
}

// transferProject answers PUT /projects/:id/transfer.
func (a *API) transferProject(c *call.Call, on rights.Ref) (any, error) {
	var in transferParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return a.changed(c)(a.useCases.Changes.Transfer(c.Context(), c.Caller, on, call.RefOf(rights.Group, in.Namespace)))
}

// shareParams are the parameters of a share.
type shareParams struct {
	GroupID     int64        `param:"group_id,required"`
	GroupAccess memberRole   `param:"group_access,required" api:"integer"`
	ExpiresAt   *params.Date `param:"expires_at"`
}

// projectShare is a share of a project with a group.
type projectShare struct {
	ID          int64   `json:"id"`
	ProjectID   int64   `json:"project_id"`
	GroupID     int64   `json:"group_id"`
	GroupAccess int64   `json:"group_access"`
	ExpiresAt   *string `json:"expires_at" api:"date,null"`
}

// shareProject answers POST /projects/:id/share.
func (a *API) shareProject(c *call.Call, on rights.Ref) (any, error) {
	var in shareParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	share := projects.Share{Role: source.Role(in.GroupAccess)}
	if share.Role == source.NoRole {
		return nil, call.NoValidValue("group_access")
	}
	if in.ExpiresAt != nil {
		share.ExpiresAt = in.ExpiresAt.Time
	}
	made, err := a.useCases.Changes.AddShare(c.Context(), c.Caller, on, source.NamespaceID(in.GroupID), share)
	if err != nil {
		return nil, call.AsBadRequest(err)
	}
	return projectShare{
		ID: made.ID, ProjectID: int64(made.Project), GroupID: int64(made.Group), GroupAccess: int64(made.Role), ExpiresAt: entity.DayOrNull(made.ExpiresAt),
	}, nil
}

// unshareProject answers DELETE /projects/:id/share/:group_id.
func (a *API) unshareProject(c *call.Call, on rights.Ref) (any, error) {
	if err := a.useCases.Changes.RemoveShare(c.Context(), c.Caller, on, source.NamespaceID(c.Number("group_id")), c.UnmodifiedSince()); err != nil {
		return nil, err
	}
	return c.NoContent()
}

// forkProject answers POST /projects/:id/fork, always with a refusal.
func (a *API) forkProject(c *call.Call, on rights.Ref) (any, error) {
	if err := a.useCases.Projects.Check(c.Context(), c.Caller, rights.ReadProject, on); err != nil {
		return nil, err
	}
	return nil, call.AsBadRequest(domain.Refuse(domain.Invalid, "Projects cannot be forked here: push a clone to a new project instead"))
}

// projectStorage is where the repository of a project lies.
type projectStorage struct {
	ProjectID         int64   `json:"project_id"`
	DiskPath          string  `json:"disk_path"`
	CreatedAt         *string `json:"created_at" api:"date-time,null"`
	RepositoryStorage string  `json:"repository_storage"`
}

// showStorage answers GET /projects/:id/storage.
func (a *API) showStorage(c *call.Call, on rights.Ref) (any, error) {
	view, err := a.useCases.Projects.View(c.Context(), c.Caller, on)
	if err != nil {
		return nil, err
	}
	return projectStorage{
		ProjectID: int64(view.ID), DiskPath: strings.TrimSuffix(view.RelativePath(source.Code), ".git"), CreatedAt: entity.MomentOrNull(view.CreatedAt), RepositoryStorage: view.Storage,
	}, nil
}

// measureRepository answers POST /projects/:id/repository_size: sizes are not known here.
func (a *API) measureRepository(c *call.Call, on rights.Ref) (any, error) {
	return (*bool)(nil), a.useCases.Projects.Check(c.Context(), c.Caller, rights.AdminProject, on)
}
