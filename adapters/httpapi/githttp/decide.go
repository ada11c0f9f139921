package githttp

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// operation is an allowed command.
type operation struct {
	client
	command source.Command
	grant   gitaccess.Grant
}

// admit decides on a command, or refuses it.
func (a *API) admit(c *gin.Context, command source.Command) (operation, error) {
	from, err := a.authenticate(c)
	switch {
	case err != nil:
		return operation{}, err
	case from.stranger() && command == source.ReceivePack:
		return operation{}, errNoCredentials // whatever the project
	}
	start := time.Now()
	grant, err := a.useCases.Gatekeeper.Allow(c.Request.Context(), newRequest(c, from, command))
	httpapi.AddAnswerFields(c, zap.String("action", string(command)), zap.Float64("decision_ms", float64(time.Since(start).Microseconds())/1000))
	if err != nil {
		logDenial(c, err)
		return operation{}, forClient(from, err)
	}
	if grant.Warning != nil {
		_ = c.Error(grant.Warning)
	}
	httpapi.AddAnswerFields(c, zap.String("gl_repository", grant.Repository.String()))
	return operation{from, command, grant}, nil
}

func newRequest(c *gin.Context, from client, command source.Command) gitaccess.Request {
	named := c.Param(repositoryParam)
	path := source.Path(named)
	if !source.IsPath(named) {
		path = "" // which no project has
	}
	return gitaccess.Request{
		Request: source.Request{
			Claim: from.claim(), Token: from.token, Command: command, Protocol: source.HTTP,
			Target: source.Target{Path: path}, AddressGiven: true, Address: from.address,
		},
		Project: path.Fold(), CorrelationID: httpapi.RequestID(c.Request.Context()),
	}
}

// withoutCredentials are the rules that refuse whoever asks, so that credentials are of no
// use.
var withoutCredentials = []string{"protocol", "http_command"}

// forClient returns what a client learns of a refusal. One without credentials is asked for
// them, whether the project is hidden or absent, or only takes a role.
func forClient(from client, err error) error {
	rule := ""
	if denial, ok := errors.AsType[*gitaccess.Denial](err); ok {
		rule = denial.Rule
	}
	hides := errors.Is(err, domain.NotFound) || errors.Is(err, domain.Forbidden)
	switch {
	case rule == gitaccess.StorageRule:
		return errNoGitaly.Because(err)
	case from.stranger() && hides && !slices.Contains(withoutCredentials, rule):
		return errNoCredentials.Because(err)
	default:
		return err
	}
}

// logDenial tells the request log more of a refusal than its client may know.
func logDenial(c *gin.Context, err error) {
	if d, ok := errors.AsType[*gitaccess.Denial](err); ok {
		httpapi.AddLogFields(c, "rule", d.Rule, "actor", d.Actor, "username", d.Username, "project", d.Project, "gl_repository", d.Repository)
	}
}

// transfer returns what Gitaly has to know of an operation.
func (o operation) transfer(c *gin.Context) gitaccess.Transfer {
	return gitaccess.Transfer{
		Location: o.grant.Location, ProjectPath: o.grant.Project.Path, Command: o.command, Version: protocolVersion(c.GetHeader("Git-Protocol")),
		Actor: o.grant.Actor, Address: addressText(o.address), CorrelationID: httpapi.RequestID(c.Request.Context()),
	}
}

// protocolVersion returns the header of a version of Git's protocol that Gitaly knows; empty
// for any other.
func protocolVersion(header string) string {
	if header == "version=1" || header == "version=2" {
		return header
	}
	return ""
}

func addressText(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}

// dumb refuses the dumb protocol, and all else that no route has. It tells no more of the
// project than a fetch does.
func (a *API) dumb(c *gin.Context) {
	if _, err := a.admit(c, source.UploadPack); err != nil {
		refuse(c, err)
		return
	}
	refuse(c, errDumb)
}
