package shell

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/gitaccess"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// allowedRequest has the parameters of GitLab Shell and Gitaly that count here. The
// others, such as push_options and gitaly_client_context_bin, are ignored.
type allowedRequest struct {
	actorParams
	targetParams
	Action        string `param:"action"`
	Protocol      string `param:"protocol"`
	Changes       string `param:"changes"`
	RelativePath  string `param:"relative_path"`
	CheckIP       string `param:"check_ip"`
	NamespacePath string `param:"namespace_path"`
	// Env is an object, or a text that holds one as JSON.
	Env any `param:"env" api:"string,object"`
}

// allowedRequired are the parameters of /allowed that must be there.
var allowedRequired = []string{"action", "protocol"}

// allowedIgnored are parameters that callers send without an effect here.
type allowedIgnored struct {
	PushOptions   any `param:"push_options" api:"[]string,null,no-effect"`
	ClientContext any `param:"gitaly_client_context_bin" api:"string,null,no-effect"`
}

// allowed answers POST /allowed.
func (a *API) allowed(c *gin.Context) (any, error) {
	var in allowedRequest
	if err := params.Decode(c, &in, allowedRequired...); err != nil {
		in.logUnreadable(c)
		return nil, err
	}
	request, err := in.request()
	if err != nil {
		in.logUnreadable(c)
		return nil, err
	}
	if !request.AddressGiven {
		request.Address, request.AddressGiven = forwarded(c)
	}
	request.CorrelationID = httpapi.RequestID(c.Request.Context())
	grant, err := a.useCases.Gatekeeper.Allow(c.Request.Context(), request)
	if err != nil {
		in.logDenial(c, err)
		return nil, err
	}
	if grant.Warning != nil {
		_ = c.Error(grant.Warning)
	}
	return a.newAllowedResponse(grant), nil
}

func (in allowedRequest) request() (gitaccess.Request, error) {
	target, err := in.target()
	if err != nil {
		return gitaccess.Request{}, err
	}
	changes, err := source.ParseChanges(in.Changes)
	if err != nil {
		return gitaccess.Request{}, err
	}
	address, _ := source.ParseAddress(in.CheckIP)
	return gitaccess.Request{
		Request: source.Request{
			Claim: in.claim(), Command: source.Command(in.Action), Protocol: source.Protocol(strings.ToLower(in.Protocol)),
			Target: target, Changes: changes, NamespacePath: in.NamespacePath,
			AddressGiven: in.CheckIP != "", Address: address,
		},
		Project: counted(in.Project) + "\x00" + in.GLRepository, SnapshotPath: in.RelativePath, Quarantine: quarantine(in.Env),
	}, nil
}

// requestRule is in the log line of a request that cannot be read, in place of a rule.
const requestRule = "request"

// logUnreadable tells the request log what a request names that cannot be read.
func (in allowedRequest) logUnreadable(c *gin.Context) {
	in.actorParams.log(c)
	in.targetParams.log(c)
	httpapi.AddLogFields(c, "rule", requestRule, "action", in.Action, "protocol", in.Protocol, "address", in.CheckIP)
}

// logDenial tells the request log more of a refusal than its caller may know.
func (in allowedRequest) logDenial(c *gin.Context, err error) {
	d, ok := errors.AsType[*gitaccess.Denial](err)
	if !ok {
		return
	}
	httpapi.AddLogFields(c, "actor", d.Actor)
	if !d.ActorKnown {
		in.actorParams.log(c)
	}
	httpapi.AddLogFields(c, "rule", d.Rule, "username", d.Username, "project", d.Project,
		"gl_repository", d.Repository, "ref", d.Ref, "action", in.Action, "protocol", in.Protocol, "address", d.Address)
	if d.Loaded {
		httpapi.AddLogFields(c, "actor_known", strconv.FormatBool(d.ActorKnown), "project_known", strconv.FormatBool(d.ProjectKnown))
	}
}

// counted returns the text by which the requests for a project are counted: all
// spellings of its path are one.
func counted(project string) string {
	if path, ok := source.ParsePath(project); ok {
		return path.Fold()
	}
	return project
}

// forwarded returns the client's address that a trusted proxy sent; ok is false if
// no proxy sent one.
func forwarded(c *gin.Context) (address netip.Addr, ok bool) {
	text := httpapi.ClientIP(c)
	if text == c.RemoteIP() {
		return netip.Addr{}, false
	}
	return source.ParseAddress(text)
}

type quarantineEnv struct {
	ObjectDirectory string   `json:"GIT_OBJECT_DIRECTORY_RELATIVE"`
	Alternates      []string `json:"GIT_ALTERNATE_OBJECT_DIRECTORIES_RELATIVE"`
}

// quarantine reads env. As in Rails, an env that cannot be read is empty.
func quarantine(env any) gitaccess.Quarantine {
	if env == nil {
		return gitaccess.Quarantine{}
	}
	text, isText := env.(string)
	if !isText {
		encoded, err := json.Marshal(env)
		if err != nil {
			return gitaccess.Quarantine{}
		}
		text = string(encoded)
	}
	var out quarantineEnv
	if json.Unmarshal([]byte(text), &out) != nil {
		return gitaccess.Quarantine{}
	}
	return gitaccess.Quarantine{ObjectDirectory: out.ObjectDirectory, AlternateObjectDirectories: out.Alternates}
}

// allowedResponse has the types that GitLab Shell decodes; it takes no number
// written as text.
type allowedResponse struct {
	Status            bool             `json:"status"`
	GLRepository      string           `json:"gl_repository"`
	GLProjectPath     string           `json:"gl_project_path"`
	GLProjectID       int64            `json:"gl_project_id"`
	GLRootNamespaceID int64            `json:"gl_root_namespace_id"`
	GLID              string           `json:"gl_id"`
	GLUsername        string           `json:"gl_username,omitempty"`
	GLKeyType         identity.KeyKind `json:"gl_key_type,omitempty"`
	GLKeyID           int64            `json:"gl_key_id,omitempty"`
	GitConfigOptions  []string         `json:"git_config_options"`
	Gitaly            gitalyResponse   `json:"gitaly"`
	GLConsoleMessages []string         `json:"gl_console_messages"`
	NeedAudit         bool             `json:"need_audit"`
}

type gitalyResponse struct {
	Repository repositoryResponse `json:"repository"`
	Address    string             `json:"address"`
	Token      *string            `json:"token"`
	Features   map[string]string  `json:"features"`
}

type repositoryResponse struct {
	StorageName                   string   `json:"storage_name"`
	RelativePath                  string   `json:"relative_path"`
	GitObjectDirectory            string   `json:"git_object_directory"`
	GitAlternateObjectDirectories []string `json:"git_alternate_object_directories"`
	GLRepository                  string   `json:"gl_repository"`
	GLProjectPath                 string   `json:"gl_project_path"`
}

// noFeatures are the feature flags of Gitaly, of which this server sets none.
var noFeatures = map[string]string{}

func (a *API) newAllowedResponse(g gitaccess.Grant) allowedResponse {
	repository := g.Repository.String()
	return allowedResponse{
		Status:            true,
		GLRepository:      repository,
		GLProjectPath:     g.Project.FullPath(g.Repository.Kind),
		GLProjectID:       int64(g.Project.ID),
		GLRootNamespaceID: int64(g.Project.Root.ID),
		GLID:              g.Actor.GLID(),
		GLUsername:        g.Actor.User.Username,
		GLKeyType:         g.Actor.Key.Kind,
		GLKeyID:           int64(g.Actor.Key.ID),
		GitConfigOptions:  orEmpty(a.instance.GitConfigOptions),
		Gitaly: gitalyResponse{
			Repository: repositoryResponse{
				StorageName: g.Location.Storage.Name, RelativePath: g.Location.RelativePath,
				GitObjectDirectory:            g.Location.Quarantine.ObjectDirectory,
				GitAlternateObjectDirectories: orEmpty(g.Location.Quarantine.AlternateObjectDirectories),
				GLRepository:                  repository, GLProjectPath: g.Project.Path,
			},
			Address: g.Location.Storage.Address, Token: optional(g.Location.Storage.Token), Features: noFeatures,
		},
		GLConsoleMessages: orEmpty(g.Messages),
		NeedAudit:         a.instance.NeedAudit,
	}
}

// orEmpty keeps an empty list from being written as null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
