package shell

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/gitaudit"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

type auditRequest struct {
	Identifier    string `param:"identifier"`
	KeyID         string `param:"key_id" api:"string,integer"`
	Username      string `param:"username"`
	Action        string `param:"action"`
	Protocol      string `param:"protocol"`
	GLRepository  string `param:"gl_repository"`
	CheckIP       string `param:"check_ip"`
	WrittenBytes  int64  `param:"written_bytes"`
	ReceivedBytes int64  `param:"received_bytes"`
	// PackfileStats is absent if the client has no numbers.
	PackfileStats struct {
		Wants       int64 `param:"wants"`
		Haves       int64 `param:"haves"`
		PayloadSize int64 `param:"payload_size"`
		// Caps are ignored.
		Caps any `param:"caps" api:"[]string,null,no-effect"`
	} `param:"packfile_stats"`
}

// auditIgnored is a parameter that must be there and has no effect.
type auditIgnored struct {
	Changes string `param:"changes" api:"no-effect"`
}

var auditRequired = []string{"action", "protocol", "gl_repository", "changes"}

// actor has the identifier, which Workhorse sends, in front of the username.
func (in auditRequest) actor() actorParams {
	return actorParams{KeyID: in.KeyID, Identifier: in.Identifier, Username: in.Username}
}

func (in auditRequest) report(correlationID string) gitaudit.Report {
	if address, ok := source.ParseAddress(in.CheckIP); ok {
		in.CheckIP = address.String()
	}
	return gitaudit.Report{
		Action: source.Command(in.Action), Address: in.CheckIP, CorrelationID: correlationID,
		Command: audit.GitCommand{
			Protocol: source.Protocol(strings.ToLower(in.Protocol)), Repository: in.GLRepository,
			Stats: audit.Stats{
				Wants: in.PackfileStats.Wants, Haves: in.PackfileStats.Haves, PayloadSize: in.PackfileStats.PayloadSize,
				WrittenBytes: in.WrittenBytes, ReceivedBytes: in.ReceivedBytes,
			},
		},
	}
}

// auditResponse has the event as its message. An event that was not kept is answered
// with a deniedResponse.
type auditResponse struct {
	Status  bool         `json:"status"`
	Message auditMessage `json:"message"`
}

type auditMessage struct {
	Protocol      source.Protocol  `json:"protocol"`
	Action        string           `json:"action"`
	Verb          audit.Verb       `json:"verb"`
	GLKeyType     identity.KeyKind `json:"gl_key_type,omitempty"`
	GLKeyID       int64            `json:"gl_key_id,omitempty"`
	IPAddress     string           `json:"ip_address,omitempty"`
	WrittenBytes  int64            `json:"written_bytes,omitempty"`
	ReceivedBytes int64            `json:"received_bytes,omitempty"`
}

// gitAuditEvent answers POST /shellhorse/git_audit_event. A store that is down is no
// 5xx: the command has run already, and an SSH session waits for the answer.
func (a *API) gitAuditEvent(c *gin.Context) (any, error) {
	var in auditRequest
	err := params.Decode(c, &in, auditRequired...)
	in.actor().log(c)
	httpapi.AddLogFields(c, "gl_repository", in.GLRepository, "action", in.Action)
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	event, err := a.useCases.Audit.Record(ctx, in.actor().claim(), in.report(httpapi.RequestID(ctx)))
	switch {
	case errors.Is(err, domain.Invalid):
		return nil, err
	case errors.Is(err, gitaudit.ErrNotNeeded):
		return deniedResponse{Message: gitaudit.ErrNotNeeded.Message}, nil
	case err != nil:
		_ = c.Error(err)
		return deniedResponse{Message: "The git audit event could not be kept"}, nil
	}
	return auditResponse{true, newAuditMessage(event)}, nil
}

func newAuditMessage(e audit.Event) auditMessage {
	m := auditMessage{
		Protocol: e.Git.Protocol, Action: e.Action, Verb: e.Verb, GLKeyType: e.Actor.KeyType, GLKeyID: int64(e.Actor.Key),
		WrittenBytes: e.Git.Stats.WrittenBytes, ReceivedBytes: e.Git.Stats.ReceivedBytes,
	}
	if e.Git.Protocol == source.SSH {
		m.IPAddress = e.Actor.Address
	}
	return m
}
