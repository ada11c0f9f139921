package kas

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/application/clusters"
	"gatehouse/domain/source"
)

// projectResponse has no empty text but the token: since 15.10 kas takes no other.
type projectResponse struct {
	ProjectID        int64              `json:"project_id"`
	GitalyInfo       gitalyResponse     `json:"gitaly_info"`
	GitalyRepository repositoryResponse `json:"gitaly_repository"`
	DefaultBranch    string             `json:"default_branch"`
}

type gitalyResponse struct {
	Address  string            `json:"address"`
	Token    *string           `json:"token"`
	Features map[string]string `json:"features"`
}

type repositoryResponse struct {
	StorageName   string `json:"storage_name"`
	RelativePath  string `json:"relative_path"`
	GLRepository  string `json:"gl_repository"`
	GLProjectPath string `json:"gl_project_path"`
}

func newProjectResponse(info clusters.ProjectInfo) projectResponse {
	out := projectResponse{
		ProjectID:  int64(info.Project.ID),
		GitalyInfo: gitalyResponse{Address: info.Storage.Address, Features: map[string]string{}},
		GitalyRepository: repositoryResponse{
			StorageName: info.Storage.Name, RelativePath: info.Project.RelativePath(source.Code),
			GLRepository:  source.RepositoryID{Kind: source.Code, ID: int64(info.Project.ID)}.String(),
			GLProjectPath: info.Project.Path,
		},
		DefaultBranch: info.Project.HeadBranch(),
	}
	if info.Storage.Token != "" {
		out.GitalyInfo.Token = &info.Storage.Token
	}
	return out
}

type agentResponse struct {
	AgentID   int64  `json:"agent_id"`
	AgentName string `json:"agent_name"`
	projectResponse
}

// agentInfo answers GET /agent_info.
func (a *API) agentInfo(c *gin.Context) (any, error) {
	bearer := bearerOf(c)
	info, err := a.agents.AgentProject(bearer)
	if err != nil {
		return nil, err
	}
	return agentResponse{int64(bearer.Agent.ID), bearer.Agent.Name, newProjectResponse(info)}, nil
}

// projectInfo answers GET /project_info.
func (a *API) projectInfo(c *gin.Context) (any, error) {
	info, err := a.project(c)
	if err != nil {
		return nil, err
	}
	return newProjectResponse(info), nil
}

// verifyProjectAccess answers GET /verify_project_access.
func (a *API) verifyProjectAccess(c *gin.Context) (any, error) {
	_, err := a.project(c)
	c.Status(http.StatusNoContent)
	return nil, err
}

// projectParams describe the parameter of project.
type projectParams struct {
	ID string `param:"id"`
}

// project returns the project that the parameter id names. A request without id
// names none, and is refused as not found.
func (a *API) project(c *gin.Context) (clusters.ProjectInfo, error) {
	values, err := parameters(c)
	if err != nil {
		return clusters.ProjectInfo{}, err
	}
	id := values.String("id")
	httpapi.AddLogFields(c, "project", source.PathText(id))
	return a.agents.Project(c.Request.Context(), bearerOf(c).Agent, id)
}
