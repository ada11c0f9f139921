package kas

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
	"gatehouse/domain/agents"
)

type configurationRequest struct {
	AgentID int64         `param:"agent_id,required" api:"integer,string"`
	Config  configuration `param:"agent_config,required" api:"object,string"`
}

// configuration says to which projects and groups an agent's file gives access. It
// is an object, or a text that holds one as JSON.
type configuration struct {
	CIAccess   access `json:"ci_access"`
	UserAccess access `json:"user_access"`
}

type access struct {
	Projects []named `json:"projects"`
	Groups   []named `json:"groups"`
}

type named struct {
	ID string `json:"id"`
}

// ReadParam implements params.Reader.
func (f *configuration) ReadParam(value any) (problem string) {
	text, isText := value.(string)
	if _, isObject := value.(map[string]any); isObject {
		encoded, err := json.Marshal(value)
		if err != nil {
			return params.IsInvalid
		}
		text, isText = string(encoded), true
	}
	var read *configuration
	if !isText || json.Unmarshal([]byte(text), &read) != nil || read == nil {
		return params.IsInvalid
	}
	*f = *read
	return ""
}

// authorizations leaves out texts that cannot be a path.
func (f configuration) authorizations() (in []agents.Authorization) {
	add := func(access agents.Access, kind agents.AccessKind, list []named) {
		for _, one := range list {
			if a, ok := agents.Authorize(access, kind, one.ID); ok {
				in = append(in, a)
			}
		}
	}
	add(agents.CIAccess, agents.ProjectAccess, f.CIAccess.Projects)
	add(agents.CIAccess, agents.GroupAccess, f.CIAccess.Groups)
	add(agents.UserAccess, agents.ProjectAccess, f.UserAccess.Projects)
	add(agents.UserAccess, agents.GroupAccess, f.UserAccess.Groups)
	return in
}

// agentConfiguration answers POST /agent_configuration.
func (a *API) agentConfiguration(c *gin.Context) (any, error) {
	var in configurationRequest
	err := decode(c, &in)
	logAgent(c, agents.AgentID(in.AgentID))
	if err != nil {
		return nil, err
	}
	err = a.agents.Authorize(c.Request.Context(), agents.AgentID(in.AgentID), in.Config.authorizations())
	if errors.Is(err, domain.NotFound) {
		return nil, errNoAgent.Because(err)
	}
	c.Status(http.StatusNoContent)
	return nil, err
}

// errNoAgent becomes "404 Not found": as in GitLab, it has a small f on this route
// alone.
var errNoAgent = domain.Refuse(domain.NotFound, "Not found")
