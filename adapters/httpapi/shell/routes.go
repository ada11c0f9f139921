package shell

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

// route is a route with what answers it.
type route struct {
	httpapi.Operation
	// limit is that of the body, in bytes.
	limit        int64
	authenticate func(*Authenticator, *gin.Context)
	dialect      httpapi.Dialect
	handle       func(*API, *gin.Context) (any, error)
}

// Bodies of pushes hold a line for each ref: 64 MiB are half a million.
const (
	pushLimit  = 64 << 20
	smallLimit = 1 << 20
)

// routes are all routes.
var routes = []route{
	get("/check", (*API).check, httpapi.Operation{
		Name: "check", Summary: "Tell that the server answers", Answers: answers(checkResponse{}),
	}),
	get("/authorized_keys", (*API).authorizedKeys, httpapi.Operation{
		Name: "getAuthorizedKey", Summary: "Find an SSH key",
		Params: keyParams{}, Required: []string{"key"}, Answers: answers(keyResponse{}),
	}),
	get("/authorized_certs", (*API).authorizedCerts, httpapi.Operation{
		Name: "getAuthorizedCertificate", Summary: "Refuse an SSH certificate", Params: certRequest{}, Required: certRequired,
	}).in(certsDialect, certsRefusals),
	get("/discover", (*API).discover, httpapi.Operation{
		Name: "discover", Summary: "Tell who a key or a name is", Note: "The answer is null for an unknown user.",
		Params: actorParams{}, Answers: answers((*userResponse)(nil)),
	}),
	get("/lfs", (*API).lfsObject, httpapi.Operation{
		Name: "getLFSObject", Summary: "Refuse the bytes of an LFS object", Params: lfsObjectParams{},
	}),
	post("/lfs_authenticate", (*API).lfsAuthenticate, httpapi.Operation{
		Name: "authenticateLFS", Summary: "Make a credential for LFS",
		Params: []any{lfsRequest{}, lfsIgnored{}}, Answers: answers(lfsResponse{}),
	}),
	post("/two_factor_recovery_codes", (*API).recoveryCodes, httpapi.Operation{
		Name: "createRecoveryCodes", Summary: "Make recovery codes", Params: callerParams{}, Answers: orFailure(recoveryCodesResponse{}),
	}),
	post("/personal_access_token", (*API).personalAccessToken, httpapi.Operation{
		Name: "createPersonalAccessToken", Summary: "Make an access token", Params: tokenRequest{}, Answers: orFailure(tokenResponse{}),
	}),
	post("/two_factor_manual_otp_check", (*API).otpCheck, httpapi.Operation{
		Name: "checkOTP", Summary: "Check a one-time password", Params: otpRequest{}, Answers: orFailure(successResponse{}),
	}),
	post("/two_factor_otp_check", (*API).otpCheck, httpapi.Operation{
		Name: "checkOTPOfOldShells", Summary: "Check a one-time password, for GitLab Shell 13",
		Params: otpRequest{}, Answers: orFailure(successResponse{}),
	}),
	post("/two_factor_push_otp_check", (*API).pushOTPCheck, httpapi.Operation{
		Name: "checkPushOTP", Summary: "Refuse a check by a push device", Params: callerParams{}, Answers: answers(failureResponse{}),
	}),
	post("/two_factor_config", (*API).twoFactorConfig, httpapi.Operation{
		Name: "getTwoFactorConfig", Summary: "Tell whether a user has a second factor",
		Params: callerParams{}, Answers: orFailure(twoFactorConfigResponse{}),
	}),
	post("/pre_receive", (*API).preReceive, httpapi.Operation{
		Name: "preReceive", Summary: "Count a push that begins",
		Params: preReceiveRequest{}, Required: preReceiveRequired, Answers: answers(preReceiveResponse{}),
	}),
	post("/allowed", (*API).allowed, httpapi.Operation{
		Name: "allowed", Summary: "Decide whether a Git command may run",
		Note:   "A command that is refused has the status 401, since older shells hide the message of a 403.",
		Params: []any{allowedRequest{}, allowedIgnored{}}, Required: allowedRequired, Answers: answers(allowedResponse{}),
	}).in(accessDialect, accessRefusals).upTo(pushLimit),
	post("/post_receive", (*API).postReceive, httpapi.Operation{
		Name: "postReceive", Summary: "Take note of a push",
		Params: postReceiveRequest{}, Required: postReceiveRequired, Answers: answers(postReceiveResponse{}),
	}).upTo(pushLimit),
	post("/shellhorse/git_audit_event", (*API).gitAuditEvent, httpapi.Operation{
		Name: "createGitAuditEvent", Summary: "Keep a Git command for the audit log", Note: "The status is false for an event that was not kept.",
		Params: []any{auditRequest{}, auditIgnored{}}, Required: auditRequired, Answers: answers(auditResponse{}, deniedResponse{}),
	}).in(accessDialect, eventRefusals).by((*Authenticator).AuthenticateEvent),
}

// Operations describes the routes below /api/v4/internal.
func Operations() []httpapi.Operation {
	out := make([]httpapi.Operation, len(routes))
	for i, r := range routes {
		out[i] = r.Operation
	}
	return out
}

// Mount adds the routes to r, which stands for /api/v4/internal.
func (a *API) Mount(r gin.IRouter) {
	for _, route := range routes {
		authenticate := func(c *gin.Context) { route.authenticate(a.auth, c) }
		handle := func(c *gin.Context) (any, error) { return route.handle(a, c) }
		r.Handle(route.Method, route.Path, httpapi.Limit(route.limit), authenticate, route.dialect.Reply(handle))
	}
}

// get and post make a route that has what most routes have.
func get(path string, handle func(*API, *gin.Context) (any, error), o httpapi.Operation) route {
	o.Method = http.MethodGet
	return newRoute(path, handle, o)
}

func post(path string, handle func(*API, *gin.Context) (any, error), o httpapi.Operation) route {
	o.Method = http.MethodPost
	return newRoute(path, handle, o)
}

func newRoute(path string, handle func(*API, *gin.Context) (any, error), o httpapi.Operation) route {
	o.Path, o.Client = path, client
	o.Security = [][]httpapi.Credential{{signedToken}, {secretInHeader}, {secretInQuery}}
	o.Refusals = refusals
	return route{o, smallLimit, (*Authenticator).Authenticate, dialect, handle}
}

// in returns the route with another dialect and its refusals.
func (r route) in(d httpapi.Dialect, refusals httpapi.Refusals) route {
	r.dialect, r.Refusals = d, refusals
	return r
}

// upTo returns the route with another limit.
func (r route) upTo(limit int64) route {
	r.limit = limit
	return r
}

// by returns the route with another middleware that authenticates.
func (r route) by(authenticate func(*Authenticator, *gin.Context)) route {
	r.authenticate = authenticate
	return r
}

var client = httpapi.Client{
	Name: "GitLab Shell and Gitaly", About: "They ask about keys, users and Git access. Both know one secret.",
}

// The ways to prove that one knows the secret.
var (
	signedToken    = httpapi.Credential{ID: "shellToken", In: "header", Name: tokenHeader, About: "A JWT of the issuer gitlab-shell, signed with the secret by HMAC-SHA256."}
	secretInHeader = httpapi.Credential{ID: "shellSecret", In: "header", Name: secretHeader, About: "The secret itself, as base64."}
	secretInQuery  = httpapi.Credential{ID: "shellSecretParameter", In: "query", Name: secretParam, About: "The secret itself, as base64 or not. A body may hold it, too."}
)

// kinds are those of the refusals of all routes.
var kinds = []domain.Kind{
	domain.Invalid, domain.Unauthenticated, domain.Forbidden, domain.NotFound, domain.TooLarge, domain.Unprocessable, domain.TooMany,
	domain.Unavailable,
}

var (
	refusals = httpapi.Refusals{Name: "shell", Answers: dialect.Refusals(kinds...)}
	// accessRefusals, certsRefusals and eventRefusals begin with those of the callers who
	// are not authenticated.
	accessRefusals = httpapi.Refusals{Name: "access", Answers: slices.Concat(dialect.Refusals(domain.Unauthenticated, domain.Unavailable), accessDialect.Refusals(kinds...))}
	certsRefusals  = httpapi.Refusals{Name: "certificate", Answers: slices.Concat(dialect.Refusals(domain.Unauthenticated, domain.Unavailable), certsDialect.Refusals(domain.Invalid, domain.NotFound, domain.TooLarge))}
	eventRefusals  = httpapi.Refusals{Name: "event", Answers: slices.Concat(eventAuthDialect.Refusals(domain.Unauthenticated, domain.Unavailable), accessDialect.Refusals(domain.Invalid, domain.TooLarge))}
)

// answers are those of the status 200 with one of the bodies.
func answers(bodies ...any) (out []httpapi.Answer) {
	for _, body := range bodies {
		out = append(out, httpapi.Answer{Status: http.StatusOK, Body: body})
	}
	return out
}

// orFailure is answers with the body of a refusal as well, for routes that refuse with the
// status 200.
func orFailure(body any) []httpapi.Answer { return answers(body, failureResponse{}) }
