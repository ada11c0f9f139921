// Package shell answers GitLab Shell and Gitaly, which ask about keys, users and
// Git access.
package shell

import (
	"cmp"
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/application/gitaudit"
	"gatehouse/application/lfsaccess"
	"gatehouse/application/pushes"
	"gatehouse/application/whois"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// API answers the routes of GitLab Shell and Gitaly.
type API struct {
	auth     *Authenticator
	useCases UseCases
	instance Instance
}

// UseCases answer the questions of the routes.
type UseCases struct {
	Gatekeeper  *gitaccess.Gatekeeper
	Receiver    *pushes.Receiver
	Whois       *whois.Service
	LFS         *lfsaccess.Service
	Credentials *credentials.Service
	Audit       *gitaudit.Service
}

// Instance is what the answers say about the server itself.
type Instance struct {
	Version string
	// Revision is that of the source; empty if the build did not record it.
	Revision string
	// ExternalURL is the public base of every URL, without a trailing slash.
	ExternalURL string
	// Host follows the owner's name in the comment of a public key.
	Host string
	// GitConfigOptions are options for Git, "key=value" each.
	GitConfigOptions []string
	// NeedAudit asks GitLab Shell to report every command that it has run.
	NeedAudit bool
}

// New makes an API that asks auth about every request first.
func New(auth *Authenticator, useCases UseCases, instance Instance) *API {
	return &API{auth, useCases, instance}
}

// statuses have 401 for Forbidden: older shells hide the message of a 403.
var statuses = map[domain.Kind]int{domain.Forbidden: http.StatusUnauthorized}

// dialect is the one of every route that has no other.
var dialect = httpapi.Dialect{Status: statuses, Words: words}

// words puts the status in front of the reason for what is not found, as Rails
// does on these routes. GitLab Shell prints every other message as it is.
func words(kind domain.Kind, reason string) string {
	if kind == domain.NotFound {
		return httpapi.StatusWords(kind, reason)
	}
	return cmp.Or(reason, kind.Error())
}

// accessDialect is the one of /allowed and of git_audit_event.
var accessDialect = httpapi.Dialect{Status: statuses, Body: denied}

// certsDialect is the one of /authorized_certs, which says whether it succeeded.
var certsDialect = httpapi.Dialect{Status: statuses, Body: failure}

type deniedResponse struct {
	Status  bool   `json:"status"`
	Message string `json:"message"`
	Error   string `json:"error,omitempty"`
}

// denied returns the body for a refused command. Rails names a bad parameter in
// "error", clients show "message": a malformed request has both.
func denied(kind domain.Kind, message string) any {
	body := deniedResponse{Message: message}
	if kind == domain.Invalid || kind == domain.TooLarge {
		body.Error = message
	}
	return body
}

type failureResponse struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Error   string `json:"error,omitempty"`
}

func failure(kind domain.Kind, message string) any {
	body := failureResponse{Message: message}
	if kind == domain.Invalid {
		body.Error = message
	}
	return body
}

// targetParams name a repository.
type targetParams struct {
	Project      string `param:"project"`
	GLRepository string `param:"gl_repository"`
}

// target returns the repository that a request names. gl_repository wins, even if
// it is malformed: Gitaly's project is a path on its disk. Parameters that cannot
// be read return an empty target, which every use case refuses as not found.
func (in targetParams) target() (source.Target, error) {
	switch {
	case in.GLRepository != "":
		id, _ := source.ParseRepositoryID(in.GLRepository)
		return source.Target{Repository: id}, nil
	case in.Project != "":
		path, _ := source.ParsePath(in.Project)
		return source.Target{Path: path}, nil
	default:
		return source.Target{}, domain.Refuse(domain.Invalid, "project is missing")
	}
}

// log names the repository in the log line of a refusal. Users type the project.
func (in targetParams) log(c *gin.Context) {
	httpapi.AddLogFields(c, "project", source.PathText(in.Project), "gl_repository", in.GLRepository)
}

// actorParams name the actor, in one of five ways.
type actorParams struct {
	Krb5Principal string `param:"krb5principal"`
	KeyID         string `param:"key_id" api:"string,integer"`
	UserID        string `param:"user_id" api:"string,integer"`
	Identifier    string `param:"identifier"`
	Username      string `param:"username"`
}

// log names the actor in the log line of a refusal. An actor that cannot exist is
// logged as it was sent.
func (p actorParams) log(c *gin.Context) {
	name := p.claim().String()
	switch p.claim().Kind {
	case identity.Anonymous:
		return
	case identity.Unresolvable:
		name = cmp.Or(p.Krb5Principal, p.KeyID, p.UserID, p.Identifier)
	}
	httpapi.AddLogFields(c, "actor", name)
}

// claim takes the first parameter that is present, as Rails does. A Kerberos
// principal belongs to no user here.
func (p actorParams) claim() identity.Claim {
	switch {
	case p.Krb5Principal != "":
		return identity.Claim{Kind: identity.Unresolvable}
	case p.KeyID != "":
		return identity.ClaimKey(p.KeyID)
	case p.UserID != "":
		return identity.ClaimUser(p.UserID)
	case p.Identifier != "":
		return identity.ClaimIdentifier(p.Identifier)
	case p.Username != "":
		return identity.ClaimName(p.Username)
	default:
		return identity.Claim{}
	}
}
