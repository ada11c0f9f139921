package agents

import "gatehouse/domain"

// Counter is the name of a counter that adds up, as kas sends it.
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

// UniqueCounter is the name of a counter of distinct ids, as kas sends it.
type UniqueCounter string

// The unique counters.
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

// UniqueCount reports ids for a unique counter, new ones or not.
type UniqueCount struct {
	Counter UniqueCounter
	IDs     []int64
}

// UsageReport is what kas counted since its last report. It may name a counter
// more than once.
type UsageReport struct {
	Increments   []Increment
	UniqueCounts []UniqueCount
}

// Check returns why the report is refused, or nil.
func (r UsageReport) Check() *domain.Refusal {
	for _, i := range r.Increments {
		if i.By < 0 {
			return domain.Refuse(domain.Unprocessable, "%s count must be greater than or equal to zero", i.Counter)
		}
	}
	return nil
}

// WithoutZeros returns the report without zero increments and empty lists of
// ids.
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
