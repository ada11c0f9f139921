package agents

import "gatehouse/domain"

// Counter is what is counted by adding up, in kas' words.
type Counter string

// The counters.
const (
	GitopsSync            Counter = "gitops_sync"
	ProxyRequest          Counter = "k8s_api_proxy_request"
	FluxPushNotifications Counter = "flux_git_push_notifications_total"
	ProxyRequestsViaCI    Counter = "k8s_api_proxy_requests_via_ci_access"
	ProxyRequestsViaUser  Counter = "k8s_api_proxy_requests_via_user_access"
	ProxyRequestsViaPAT   Counter = "k8s_api_proxy_requests_via_pat_access"
	Registrations         Counter = "register_agent_at_kas"
)

// Name is what the counter is called where it is kept and shown.
func (c Counter) Name() string { return "kubernetes_agent_" + string(c) }

// UniqueCounter is what is counted by its different members, in kas' words.
type UniqueCounter string

// The sets.
const (
	CITunnelUsers        UniqueCounter = "agent_users_using_ci_tunnel"
	ProxyUsersViaCI      UniqueCounter = "k8s_api_proxy_requests_unique_users_via_ci_access"
	ProxyUsersViaUser    UniqueCounter = "k8s_api_proxy_requests_unique_users_via_user_access"
	ProxyUsersViaPAT     UniqueCounter = "k8s_api_proxy_requests_unique_users_via_pat_access"
	ProxyAgentsViaCI     UniqueCounter = "k8s_api_proxy_requests_unique_agents_via_ci_access"
	ProxyAgentsViaUser   UniqueCounter = "k8s_api_proxy_requests_unique_agents_via_user_access"
	ProxyAgentsViaPAT    UniqueCounter = "k8s_api_proxy_requests_unique_agents_via_pat_access"
	FluxNotifiedProjects UniqueCounter = "flux_git_push_notified_unique_projects"
)

// Increment adds to a counter.
type Increment struct {
	Counter Counter
	By      int64
}

// UniqueCount is a set with members that were seen, new ones or not.
type UniqueCount struct {
	Counter UniqueCounter
	IDs     []int64
}

// UsageReport is what was counted since the last one. A counter or a set may be
// there more than once.
type UsageReport struct {
	Increments   []Increment
	UniqueCounts []UniqueCount
}

// Check returns why the report cannot be taken, or nil.
func (r UsageReport) Check() *domain.Refusal {
	for _, i := range r.Increments {
		if i.By < 0 {
			return domain.Refuse(domain.Unprocessable, "%s count must be greater than or equal to zero", i.Counter)
		}
	}
	return nil
}

// WithoutZeros is the report without what changes nothing.
func (r UsageReport) WithoutZeros() UsageReport {
	var out UsageReport
	for _, i := range r.Increments {
		if i.By != 0 {
			out.Increments = append(out.Increments, i)
		}
	}
	for _, s := range r.UniqueCounts {
		if len(s.IDs) > 0 {
			out.UniqueCounts = append(out.UniqueCounts, s)
		}
	}
	return out
}

// Empty says whether nothing is in the report.
func (r UsageReport) Empty() bool { return len(r.Increments)+len(r.UniqueCounts) == 0 }
