package repositories

import (
	"net/http"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/domain/agents"
	"gatehouse/domain/rights"
)

// agentRoutes manage the agents of Kubernetes clusters and their tokens.
var agentRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/cluster_agents", Name: "listClusterAgents", Summary: "List the agents of a project",
		Who: call.SignedIn, List: true, Answer: clusterAgent{},
	}, Handle: call.InPath(rights.Project, (*API).listAgents)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/cluster_agents/:agent_id", Name: "getClusterAgent", Summary: "Show an agent of a project",
		Who: call.SignedIn, Answer: clusterAgent{},
	}, Handle: call.InPath(rights.Project, (*API).showAgent)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/cluster_agents", Name: "registerClusterAgent", Summary: "Register an agent in a project",
		Who: call.SignedIn, Params: agentParams{}, Status: http.StatusCreated, Answer: clusterAgent{},
	}, Handle: call.InPath(rights.Project, (*API).registerAgent)},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/projects/:id/cluster_agents/:agent_id", Name: "deleteClusterAgent",
		Summary: "Delete an agent with its tokens; the agent server may serve it for five minutes more",
		Who:     call.SignedIn, Status: http.StatusNoContent,
	}, Handle: call.InPath(rights.Project, (*API).removeAgent)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/cluster_agents/:agent_id/tokens", Name: "listClusterAgentTokens", Summary: "List the active tokens of an agent",
		Who: call.SignedIn, List: true, Answer: agentToken{},
	}, Handle: call.InPath(rights.Project, (*API).listAgentTokens)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/cluster_agents/:agent_id/tokens/:token_id", Name: "getClusterAgentToken", Summary: "Show an active token of an agent",
		Who: call.SignedIn, Answer: usedAgentToken{},
	}, Handle: call.InPath(rights.Project, (*API).showAgentToken)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/cluster_agents/:agent_id/tokens", Name: "createClusterAgentToken",
		Summary: "Create a token of an agent, which may have two; its text is shown once",
		Who:     call.SignedIn, Params: agentTokenParams{}, Status: http.StatusCreated, Answer: createdAgentToken{},
	}, Handle: call.InPath(rights.Project, (*API).createAgentToken)},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/projects/:id/cluster_agents/:agent_id/tokens/:token_id", Name: "revokeClusterAgentToken",
		Summary: "Revoke a token of an agent; the agent server may take it for five minutes more",
		Who:     call.SignedIn, Status: http.StatusNoContent,
	}, Handle: call.InPath(rights.Project, (*API).revokeAgentToken)},
}

// clusterAgent is an agent.
type clusterAgent struct {
	ID              int64         `json:"id"`
	Name            string        `json:"name"`
	ConfigProject   configProject `json:"config_project"`
	CreatedAt       *string       `json:"created_at" api:"date-time,null"`
	CreatedByUserID *int64        `json:"created_by_user_id"`
	IsReceptive     bool          `json:"is_receptive"`
}

// configProject is the project of an agent.
type configProject struct {
	ID                int64   `json:"id"`
	Description       *string `json:"description"`
	Name              string  `json:"name"`
	NameWithNamespace string  `json:"name_with_namespace"`
	Path              string  `json:"path"`
	PathWithNamespace string  `json:"path_with_namespace"`
	CreatedAt         *string `json:"created_at" api:"date-time,null"`
}

// agentToken is a token of an agent, in a list.
type agentToken struct {
	ID              int64            `json:"id"`
	Name            string           `json:"name"`
	Description     *string          `json:"description"`
	AgentID         int64            `json:"agent_id"`
	Status          agentTokenStatus `json:"status"`
	CreatedAt       *string          `json:"created_at" api:"date-time,null"`
	CreatedByUserID *int64           `json:"created_by_user_id"`
}

// agentTokenStatus is whether a token is valid.
type agentTokenStatus string

// Words are the words that it has.
func (agentTokenStatus) Words() []string { return []string{"active", "revoked"} }

// usedAgentToken is a token with its last use.
type usedAgentToken struct {
	agentToken
	LastUsedAt *string `json:"last_used_at" api:"date-time,null"`
}

// createdAgentToken is a new token with its text.
type createdAgentToken struct {
	usedAgentToken
	Token string `json:"token"`
}

func newAgentToken(t agents.Token) agentToken {
	return agentToken{
		ID: t.ID, Name: t.Name, Description: entity.TextOrNull(t.Description), AgentID: int64(t.Agent), Status: "active",
		CreatedAt: entity.MomentOrNull(t.CreatedAt), CreatedByUserID: entity.NumberOrNull(t.CreatedBy),
	}
}

// agentID returns the agent that the path names.
func agentID(c *call.Call) agents.AgentID { return agents.AgentID(c.Number("agent_id")) }

// agentShower returns the function that shows agents of a project to the caller.
func (a *API) agentShower(c *call.Call, on rights.Ref) (func(agents.Agent) clusterAgent, error) {
	view, err := a.useCases.Projects.View(c.Context(), c.Caller, on)
	if err != nil {
		return nil, err
	}
	p := a.instance.BasicProject(view)
	return func(agent agents.Agent) clusterAgent {
		return clusterAgent{
			ID: int64(agent.ID), Name: agent.Name, CreatedAt: entity.MomentOrNull(agent.CreatedAt), CreatedByUserID: entity.NumberOrNull(agent.CreatedBy),
			ConfigProject: configProject{p.ID, p.Description, p.Name, p.NameWithNamespace, p.Path, p.PathWithNamespace, p.CreatedAt},
		}
	}, nil
}

// listAgents answers GET /projects/:id/cluster_agents.
func (a *API) listAgents(c *call.Call, on rights.Ref) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	found, err := a.useCases.Agents.List(c.Context(), c.Caller, on, page)
	if err != nil {
		return nil, err
	}
	show, err := a.agentShower(c, on)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, found, nil, show)
}

// showAgent answers GET /projects/:id/cluster_agents/:agent_id.
func (a *API) showAgent(c *call.Call, on rights.Ref) (any, error) {
	agent, err := a.useCases.Agents.Show(c.Context(), c.Caller, on, agentID(c))
	return a.answerAgent(c, on, agent, err)
}

func (a *API) answerAgent(c *call.Call, on rights.Ref, agent agents.Agent, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	show, err := a.agentShower(c, on)
	if err != nil {
		return nil, err
	}
	return show(agent), nil
}

type agentParams struct {
	Name string `param:"name,required"`
}

// registerAgent answers POST /projects/:id/cluster_agents.
func (a *API) registerAgent(c *call.Call, on rights.Ref) (any, error) {
	var in agentParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	agent, err := a.useCases.Agents.Register(c.Context(), c.Caller, on, in.Name)
	return a.answerAgent(c, on, agent, call.AsBadRequestWords(err))
}

// removeAgent answers DELETE /projects/:id/cluster_agents/:agent_id.
func (a *API) removeAgent(c *call.Call, on rights.Ref) (any, error) {
	if err := a.useCases.Agents.Remove(c.Context(), c.Caller, on, agentID(c), c.UnmodifiedSince()); err != nil {
		return nil, err
	}
	return c.NoContent()
}

// listAgentTokens answers GET /projects/:id/cluster_agents/:agent_id/tokens.
func (a *API) listAgentTokens(c *call.Call, on rights.Ref) (any, error) {
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	found, err := a.useCases.Agents.ListTokens(c.Context(), c.Caller, on, agentID(c), page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, found, nil, newAgentToken)
}

// showAgentToken answers GET /projects/:id/cluster_agents/:agent_id/tokens/:token_id.
func (a *API) showAgentToken(c *call.Call, on rights.Ref) (any, error) {
	t, err := a.useCases.Agents.ShowToken(c.Context(), c.Caller, on, agentID(c), c.Number("token_id"))
	if err != nil {
		return nil, err
	}
	return usedAgentToken{newAgentToken(t), entity.MomentOrNull(t.LastUsedAt)}, nil
}

type agentTokenParams struct {
	Name        string `param:"name,required"`
	Description string `param:"description"`
}

// createAgentToken answers POST /projects/:id/cluster_agents/:agent_id/tokens.
func (a *API) createAgentToken(c *call.Call, on rights.Ref) (any, error) {
	var in agentTokenParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	made, text, err := a.useCases.Agents.AddToken(c.Context(), c.Caller, on, agentID(c), agents.Token{Name: in.Name, Description: in.Description})
	if err != nil {
		return nil, call.AsBadRequestWords(err)
	}
	return createdAgentToken{usedAgentToken{newAgentToken(made), nil}, text}, nil
}

// revokeAgentToken answers DELETE /projects/:id/cluster_agents/:agent_id/tokens/:token_id.
func (a *API) revokeAgentToken(c *call.Call, on rights.Ref) (any, error) {
	if err := a.useCases.Agents.RevokeToken(c.Context(), c.Caller, on, agentID(c), c.Number("token_id"), c.UnmodifiedSince()); err != nil {
		return nil, err
	}
	return c.NoContent()
}
