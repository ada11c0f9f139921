package repositories

import (
	"net/http"
	"strings"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/deploykeys"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// deployKeyRoutes change the deploy keys of projects, and the public ones.
var deployKeyRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/deploy_keys", Name: "listDeployKeys", Summary: "List all deploy keys with their projects",
		Who: call.Administrators, Params: deployKeyFilter{}, List: true, Answer: instanceDeployKey{},
	}, Handle: (*API).listDeployKeys},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/deploy_keys", Name: "addDeployKey", Summary: "Add a deploy key for every project",
		Who: call.Administrators, Params: publicDeployKeyParams{}, Status: http.StatusCreated, Answer: instanceDeployKey{},
	}, Handle: (*API).addDeployKey},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id/project_deploy_keys", Name: "listUserProjectDeployKeys",
		Summary: "List the deploy keys of the projects that a user and the caller maintain", Who: call.SignedIn, List: true, Answer: deployKey{},
	}, Handle: (*API).listUserDeployKeys},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/deploy_keys", Name: "listProjectDeployKeys", Summary: "List the deploy keys of a project",
		Who: call.SignedIn, List: true, Answer: projectDeployKey{},
	}, Handle: call.InPath(rights.Project, (*API).listProjectDeployKeys)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/deploy_keys/:key_id", Name: "getProjectDeployKey", Summary: "Show a deploy key of a project",
		Who: call.SignedIn, Answer: projectDeployKey{},
	}, Handle: call.InPath(rights.Project, (*API).projectDeployKey)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/deploy_keys", Name: "addProjectDeployKey", Summary: "Add a deploy key to a project",
		Who: call.SignedIn, Params: newDeployKeyParams{}, Status: http.StatusCreated, Answer: projectDeployKey{},
	}, Handle: call.InPath(rights.Project, (*API).addProjectDeployKey)},
	{Route: call.Route{
		Method: http.MethodPut, Path: "/projects/:id/deploy_keys/:key_id", Name: "updateProjectDeployKey", Summary: "Change a deploy key of a project",
		Who: call.SignedIn, Params: updateDeployKeyParams{}, Answer: projectDeployKey{},
	}, Handle: call.InPath(rights.Project, (*API).updateProjectDeployKey)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/deploy_keys/:key_id/enable", Name: "enableProjectDeployKey", Summary: "Enable a deploy key of another project, or a public one",
		Who: call.SignedIn, Status: http.StatusCreated, Answer: projectDeployKey{},
	}, Handle: call.InPath(rights.Project, (*API).enableProjectDeployKey)},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/projects/:id/deploy_keys/:key_id", Name: "removeProjectDeployKey", Summary: "Take a deploy key from a project",
		Who: call.SignedIn, Status: http.StatusNoContent,
	}, Handle: call.InPath(rights.Project, (*API).removeProjectDeployKey)},
}

// deployKey is a deploy key.
type deployKey struct {
	ID                int64   `json:"id"`
	Title             string  `json:"title"`
	CreatedAt         *string `json:"created_at" api:"date-time,null"`
	ExpiresAt         *string `json:"expires_at" api:"date-time,null"`
	Key               string  `json:"key"`
	Fingerprint       string  `json:"fingerprint"`
	FingerprintSHA256 string  `json:"fingerprint_sha256"`
}

// projectDeployKey is a deploy key of a project.
type projectDeployKey struct {
	deployKey
	CanPush bool `json:"can_push"`
}

// instanceDeployKey is a deploy key with its projects.
type instanceDeployKey struct {
	deployKey
	ProjectsWithWriteAccess    []deployKeyProject `json:"projects_with_write_access"`
	ProjectsWithReadonlyAccess []deployKeyProject `json:"projects_with_readonly_access"`
}

// deployKeyProject is a project on which a deploy key is enabled.
type deployKeyProject struct {
	ID                int64   `json:"id"`
	Description       *string `json:"description"`
	Name              string  `json:"name"`
	NameWithNamespace string  `json:"name_with_namespace"`
	Path              string  `json:"path"`
	PathWithNamespace string  `json:"path_with_namespace"`
	CreatedAt         *string `json:"created_at" api:"date-time,null"`
}

func newDeployKey(v deploykeys.View) deployKey {
	return deployKey{
		ID: int64(v.ID), Title: v.Title, CreatedAt: entity.MomentOrNull(v.CreatedAt), ExpiresAt: entity.MomentOrNull(v.ExpiresAt),
		Key:         strings.TrimSpace(v.Line + " " + v.Comment),
		Fingerprint: v.MD5().String(), FingerprintSHA256: "SHA256:" + string(v.Key.Fingerprint),
	}
}

func newProjectDeployKey(v deploykeys.View) projectDeployKey {
	return projectDeployKey{newDeployKey(v), v.CanPush}
}

func newInstanceDeployKey(v deploykeys.View) instanceDeployKey {
	out := instanceDeployKey{newDeployKey(v), []deployKeyProject{}, []deployKeyProject{}}
	for _, p := range v.Projects {
		one := deployKeyProject{
			ID: int64(p.ID), Description: entity.TextOrNull(p.Description), Name: p.Name, NameWithNamespace: p.NamespaceName + " / " + p.Name,
			Path: source.Path(p.Path).Last(), PathWithNamespace: p.Path, CreatedAt: entity.MomentOrNull(p.CreatedAt),
		}
		if p.CanPush {
			out.ProjectsWithWriteAccess = append(out.ProjectsWithWriteAccess, one)
		} else {
			out.ProjectsWithReadonlyAccess = append(out.ProjectsWithReadonlyAccess, one)
		}
	}
	return out
}

func deployKeyPosition(v deploykeys.View) application.Position {
	return application.Position{ID: int64(v.ID)}
}

type deployKeyFilter struct {
	Public bool `param:"public"`
}

// listDeployKeys answers GET /deploy_keys.
func (a *API) listDeployKeys(c *call.Call) (any, error) {
	var in deployKeyFilter
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	l, err := a.useCases.DeployKeys.ListAll(c.Context(), c.Caller, in.Public, page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, l, deployKeyPosition, newInstanceDeployKey)
}

type publicDeployKeyParams struct {
	Title     string      `param:"title,required"`
	Key       string      `param:"key,required"`
	ExpiresAt call.Moment `param:"expires_at"`
}

// addDeployKey answers POST /deploy_keys.
func (a *API) addDeployKey(c *call.Call) (any, error) {
	var in publicDeployKeyParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	v, err := a.useCases.DeployKeys.AddPublic(c.Context(), c.Caller, deploykeys.NewKey{Line: in.Key, Title: in.Title, ExpiresAt: in.ExpiresAt.Time})
	if err != nil {
		return nil, err
	}
	return newInstanceDeployKey(v), nil
}

// listUserDeployKeys answers GET /users/:id/project_deploy_keys.
func (a *API) listUserDeployKeys(c *call.Call) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	l, err := a.useCases.DeployKeys.ListOf(c.Context(), c.Caller, c.User("id"), page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, l, deployKeyPosition, newDeployKey)
}

// listProjectDeployKeys answers GET /projects/:id/deploy_keys.
func (a *API) listProjectDeployKeys(c *call.Call, on rights.Ref) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	l, err := a.useCases.DeployKeys.List(c.Context(), c.Caller, on, page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, l, deployKeyPosition, newProjectDeployKey)
}

// keyOfProject answers with a deploy key of a project.
func keyOfProject(v deploykeys.View, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return newProjectDeployKey(v), nil
}

// keyID returns the number of the deploy key in the path.
func keyID(c *call.Call) identity.KeyID { return identity.KeyID(c.Number("key_id")) }

// projectDeployKey answers GET /projects/:id/deploy_keys/:key_id.
func (a *API) projectDeployKey(c *call.Call, on rights.Ref) (any, error) {
	return keyOfProject(a.useCases.DeployKeys.Show(c.Context(), c.Caller, on, keyID(c)))
}

type newDeployKeyParams struct {
	publicDeployKeyParams
	CanPush bool `param:"can_push"`
}

// addProjectDeployKey answers POST /projects/:id/deploy_keys.
func (a *API) addProjectDeployKey(c *call.Call, on rights.Ref) (any, error) {
	var in newDeployKeyParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return keyOfProject(a.useCases.DeployKeys.Add(c.Context(), c.Caller, on, deploykeys.NewKey{
		Line: in.Key, Title: in.Title, CanPush: in.CanPush, ExpiresAt: in.ExpiresAt.Time,
	}))
}

type updateDeployKeyParams struct {
	Title   *string `param:"title"`
	CanPush *bool   `param:"can_push"`
}

// updateProjectDeployKey answers PUT /projects/:id/deploy_keys/:key_id.
func (a *API) updateProjectDeployKey(c *call.Call, on rights.Ref) (any, error) {
	var in updateDeployKeyParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if !c.Given("title") && !c.Given("can_push") {
		return nil, call.AtLeastOne("title", "can_push")
	}
	return keyOfProject(a.useCases.DeployKeys.Update(c.Context(), c.Caller, on, keyID(c), deploykeys.Update{Title: in.Title, CanPush: in.CanPush}))
}

// enableProjectDeployKey answers POST /projects/:id/deploy_keys/:key_id/enable.
func (a *API) enableProjectDeployKey(c *call.Call, on rights.Ref) (any, error) {
	return keyOfProject(a.useCases.DeployKeys.Enable(c.Context(), c.Caller, on, keyID(c)))
}

// removeProjectDeployKey answers DELETE /projects/:id/deploy_keys/:key_id.
func (a *API) removeProjectDeployKey(c *call.Call, on rights.Ref) (any, error) {
	if err := a.useCases.DeployKeys.Remove(c.Context(), c.Caller, on, keyID(c), c.UnmodifiedSince()); err != nil {
		return nil, err
	}
	return c.NoContent()
}
