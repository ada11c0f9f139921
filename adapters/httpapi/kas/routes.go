package kas

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

// Lists of ids may be long: 8 MiB are 200,000 uuids.
const (
	listLimit  = 8 << 20
	smallLimit = 1 << 20
)

// route is a route with what answers it.
type route struct {
	httpapi.Operation
	// limit is that of the body, in bytes.
	limit int64
	// needsAgent says that it takes the token of an agent as well.
	needsAgent bool
	dialect    httpapi.Dialect
	handle     func(*API, *gin.Context) (any, error)
}

const starboard = "/kubernetes/modules/starboard_vulnerability"

// routes are all routes.
var routes = []route{
	{httpapi.Operation{
		Method: http.MethodGet, Path: "/kubernetes/agent_info", Name: "getAgentInfo", Summary: "Tell which agent a token belongs to",
		Answers: answer(agentResponse{}),
	}, smallLimit, true, dialect, (*API).agentInfo},
	{httpapi.Operation{
		Method: http.MethodGet, Path: "/agents/agentk/agent_info", Name: "getAgentkInfo", Summary: "Tell which agent a token belongs to, for the newest kas",
		Answers: answer(agentResponse{}),
	}, smallLimit, true, dialect, (*API).agentInfo},
	{httpapi.Operation{
		Method: http.MethodGet, Path: "/kubernetes/project_info", Name: "getProjectInfo", Summary: "Tell where a project is that an agent may read",
		Params: projectParams{}, Answers: answer(projectResponse{}),
	}, smallLimit, true, dialect, (*API).projectInfo},
	{httpapi.Operation{
		Method: http.MethodGet, Path: "/kubernetes/verify_project_access", Name: "verifyProjectAccess", Summary: "Tell whether an agent may read a project",
		Params: projectParams{}, Answers: noContent,
	}, smallLimit, true, dialect, (*API).verifyProjectAccess},
	{httpapi.Operation{
		Method: http.MethodPost, Path: "/kubernetes/usage_metrics", Name: "createUsageMetrics", Summary: "Count what agents do",
		Params: usageRequest{}, Answers: noContent,
	}, listLimit, false, dialect, (*API).usageMetrics},
	{httpapi.Operation{
		Method: http.MethodPost, Path: "/kubernetes/agent_events", Name: "createAgentEvents", Summary: "Count events of agents",
		Params: eventsRequest{}, Answers: noContent,
	}, listLimit, false, dialect, (*API).agentEvents},
	{httpapi.Operation{
		Method: http.MethodPost, Path: "/kubernetes/agent_configuration", Name: "putAgentConfiguration", Summary: "Keep to what an agent gives access",
		Params: configurationRequest{}, Answers: noContent,
	}, smallLimit, false, dialect, (*API).agentConfiguration},
	{httpapi.Operation{
		Method: http.MethodPut, Path: starboard, Name: "putVulnerability", Summary: "Keep a finding",
		Note:   "Texts that are too long are cut.",
		Params: vulnerabilityRequest{}, Answers: answer(findingResponse{}),
	}, listLimit, true, findingsDialect, (*API).starboardVulnerability},
	{httpapi.Operation{
		Method: http.MethodPost, Path: starboard + "/scan_result", Name: "createScanResult", Summary: "Resolve the findings that a scan found no more",
		Params: scanRequest{}, Answers: answer(http.StatusOK),
	}, listLimit, true, dialect, (*API).scanResult},
}

// Operations describes the routes below /api/v4/internal.
func Operations() []httpapi.Operation {
	out := make([]httpapi.Operation, len(routes))
	for i, r := range routes {
		r.Client = httpapi.Client{Name: "kas", About: "The Kubernetes agent server asks about its agents and reports what they do."}
		r.Security = [][]httpapi.Credential{{kasToken}}
		if r.needsAgent {
			r.Security = [][]httpapi.Credential{{kasToken, agentBearer}, {kasToken, agentkToken}, {kasToken, agentToken}}
		}
		r.Refusals = refusals
		out[i] = r.Operation
	}
	return out
}

// Mount adds the routes to r, which stands for /api/v4/internal. Any other method of
// a route is a 404.
func (a *API) Mount(r gin.IRouter) {
	for _, route := range routes {
		handlers := gin.HandlersChain{httpapi.Limit(route.limit), a.auth.Authenticate}
		if route.needsAgent {
			handlers = append(handlers, a.bearer)
		}
		handle := func(c *gin.Context) (any, error) { return route.handle(a, c) }
		r.Handle(route.Method, route.Path, append(handlers, readable, route.dialect.Reply(handle))...)
		for _, method := range methods {
			if method != route.Method {
				r.Handle(method, route.Path, dialect.Reply(absent))
			}
		}
	}
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// The ways to prove that one is kas, and that one speaks for an agent.
var (
	kasToken    = httpapi.Credential{ID: "kasToken", In: "header", Name: tokenHeader, About: "A JWT of the issuer gitlab-kas, signed with the secret of kas by HMAC-SHA256."}
	agentBearer = httpapi.Credential{ID: "agentBearer", Scheme: "bearer", About: "The token of an agent."}
	agentkToken = httpapi.Credential{ID: "agentkToken", In: "header", Name: agentkHeader, About: "The token of an agent."}
	agentToken  = httpapi.Credential{ID: "agentToken", In: "header", Name: agentHeader, About: "The token of an agent."}
)

// refusals are those of dialect and findingsDialect, and of refine.
var refusals = httpapi.Refusals{Name: "kas", Answers: slices.Concat(
	dialect.Refusals(
		domain.Invalid, domain.Unprocessable, domain.Unauthenticated, domain.Forbidden, domain.NotFound, domain.TooLarge, domain.TooMany, domain.Unavailable,
	),
	[]httpapi.Answer{{Status: http.StatusUnsupportedMediaType, Body: failure{}}},
)}

// noContent is an answer without a body.
var noContent = []httpapi.Answer{{Status: http.StatusNoContent}}

// answer is the answer 200 with a body.
func answer(body any) []httpapi.Answer { return []httpapi.Answer{{Status: http.StatusOK, Body: body}} }
