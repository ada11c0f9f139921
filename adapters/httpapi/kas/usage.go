package kas

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/domain/agents"
)

// usageRequest has the counters of all versions: kas sent them flat until 15.2, and
// sends them nested since.
type usageRequest struct {
	GitopsSync     int64          `param:"gitops_sync_count"`
	ProxyRequest   int64          `param:"k8s_api_proxy_request_count"`
	Counters       counters       `param:"counters"`
	UniqueCounters uniqueCounters `param:"unique_counters"`
}

type counters struct {
	GitopsSync            int64 `param:"gitops_sync"`
	ProxyRequest          int64 `param:"k8s_api_proxy_request"`
	FluxPushNotifications int64 `param:"flux_git_push_notifications_total"`
	ProxyRequestsViaCI    int64 `param:"k8s_api_proxy_requests_via_ci_access"`
	ProxyRequestsViaUser  int64 `param:"k8s_api_proxy_requests_via_user_access"`
	ProxyRequestsViaPAT   int64 `param:"k8s_api_proxy_requests_via_pat_access"`
}

type uniqueCounters struct {
	CITunnelUsers        []int64 `param:"agent_users_using_ci_tunnel,array"`
	ProxyUsersViaCI      []int64 `param:"k8s_api_proxy_requests_unique_users_via_ci_access,array"`
	ProxyUsersViaUser    []int64 `param:"k8s_api_proxy_requests_unique_users_via_user_access,array"`
	ProxyUsersViaPAT     []int64 `param:"k8s_api_proxy_requests_unique_users_via_pat_access,array"`
	ProxyAgentsViaCI     []int64 `param:"k8s_api_proxy_requests_unique_agents_via_ci_access,array"`
	ProxyAgentsViaUser   []int64 `param:"k8s_api_proxy_requests_unique_agents_via_user_access,array"`
	ProxyAgentsViaPAT    []int64 `param:"k8s_api_proxy_requests_unique_agents_via_pat_access,array"`
	FluxNotifiedProjects []int64 `param:"flux_git_push_notified_unique_projects,array"`
}

func (in usageRequest) report() agents.UsageReport {
	c, u := in.Counters, in.UniqueCounters
	return agents.UsageReport{
		Increments: []agents.Increment{
			{Counter: agents.GitopsSync, By: in.GitopsSync},
			{Counter: agents.ProxyRequest, By: in.ProxyRequest},
			{Counter: agents.GitopsSync, By: c.GitopsSync},
			{Counter: agents.ProxyRequest, By: c.ProxyRequest},
			{Counter: agents.FluxPushNotifications, By: c.FluxPushNotifications},
			{Counter: agents.ProxyRequestsViaCI, By: c.ProxyRequestsViaCI},
			{Counter: agents.ProxyRequestsViaUser, By: c.ProxyRequestsViaUser},
			{Counter: agents.ProxyRequestsViaPAT, By: c.ProxyRequestsViaPAT},
		},
		UniqueCounts: []agents.UniqueCount{
			{Counter: agents.CITunnelUsers, IDs: u.CITunnelUsers},
			{Counter: agents.ProxyUsersViaCI, IDs: u.ProxyUsersViaCI},
			{Counter: agents.ProxyUsersViaUser, IDs: u.ProxyUsersViaUser},
			{Counter: agents.ProxyUsersViaPAT, IDs: u.ProxyUsersViaPAT},
			{Counter: agents.ProxyAgentsViaCI, IDs: u.ProxyAgentsViaCI},
			{Counter: agents.ProxyAgentsViaUser, IDs: u.ProxyAgentsViaUser},
			{Counter: agents.ProxyAgentsViaPAT, IDs: u.ProxyAgentsViaPAT},
			{Counter: agents.FluxNotifiedProjects, IDs: u.FluxNotifiedProjects},
		},
	}
}

// usageMetrics answers POST /usage_metrics.
func (a *API) usageMetrics(c *gin.Context) (any, error) {
	var in usageRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	c.Status(http.StatusNoContent)
	return nil, a.agents.Count(c.Request.Context(), in.report())
}

type eventsRequest struct {
	Events events `param:"events"`
}

type events struct {
	ProxyUsersViaCI   []accessEvent       `param:"k8s_api_proxy_requests_unique_users_via_ci_access"`
	ProxyUsersViaUser []accessEvent       `param:"k8s_api_proxy_requests_unique_users_via_user_access"`
	ProxyUsersViaPAT  []accessEvent       `param:"k8s_api_proxy_requests_unique_users_via_pat_access"`
	Registrations     []registrationEvent `param:"register_agent_at_kas"`
}

type accessEvent struct {
	UserID    int64 `param:"user_id,required"`
	ProjectID int64 `param:"project_id,required"`
}

// registrationEvent leaves out further members, which are ignored.
type registrationEvent struct {
	ProjectID    int64  `param:"project_id,required"`
	AgentVersion string `param:"agent_version"`
	Architecture string `param:"architecture"`
	AgentID      int64  `param:"agent_id"`
}

func (e events) report() agents.UsageReport {
	users := func(set agents.UniqueCounter, list []accessEvent) agents.UniqueCount {
		s := agents.UniqueCount{Counter: set}
		for _, one := range list {
			s.IDs = append(s.IDs, one.UserID)
		}
		return s
	}
	return agents.UsageReport{
		Increments: []agents.Increment{{Counter: agents.Registrations, By: int64(len(e.Registrations))}},
		UniqueCounts: []agents.UniqueCount{
			users(agents.ProxyUsersViaCI, e.ProxyUsersViaCI),
			users(agents.ProxyUsersViaUser, e.ProxyUsersViaUser),
			users(agents.ProxyUsersViaPAT, e.ProxyUsersViaPAT),
		},
	}
}

// agentEvents answers POST /agent_events. Events go to the counters of usage_metrics.
func (a *API) agentEvents(c *gin.Context) (any, error) {
	var in eventsRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	c.Status(http.StatusNoContent)
	return nil, a.agents.Count(c.Request.Context(), in.Events.report())
}
