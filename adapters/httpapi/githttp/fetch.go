package githttp

import (
	"errors"
	"io"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/application/gitaudit"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
)

// uploadPack answers POST git-upload-pack, one request of a fetch.
func (a *API) uploadPack(c *gin.Context) {
	if a.preauthorize(c, source.UploadPack) {
		return
	}
	s, ok := a.begin(c, source.UploadPack)
	if !ok {
		return
	}
	defer s.close()
	request := spool{disk: &a.disk}
	defer request.close()
	if err := s.readRequest(&request); err != nil {
		if errors.Is(err, domain.TooMany) {
			s.discard(io.LimitReader(s.body(), maxRequest))
		}
		s.finish(err, false)
		return
	}
	body, err := s.request(&request)
	if err != nil {
		s.finish(err, false)
		return
	}
	stats, err := a.useCases.SmartHTTP.UploadPack(s.ctx, a.result(s), body, &s.answer)
	if stats.Wants > 0 || err != nil && s.answer.begun { // also what a client has broken off
		a.record(s, stats)
	}
	s.finish(err, false)
}

// begin decides on the POST of a command and opens its transfer. It refuses the request and
// returns false if there is none.
func (a *API) begin(c *gin.Context, command source.Command) (*stream, bool) {
	if err := checkMedia(c, command); err != nil {
		refuse(c, err)
		return nil, false
	}
	o, err := a.admit(c, command)
	if err != nil {
		refuse(c, err)
		return nil, false
	}
	s, err := a.open(c, o, false)
	switch {
	case errors.Is(err, domain.TooMany): // only who fetches is limited
		_ = c.Error(err)
		c.Header("Cache-Control", "no-cache")
		w := answer{c: c, media: resultMedia(command)}
		w.begin()
		_, _ = io.WriteString(c.Writer, busyResult(command, false, errManyPulls.Message))
	case err != nil:
		refuse(c, err)
	default:
		s.answer.media = resultMedia(command)
		c.Header("Cache-Control", "no-cache")
	}
	return s, err == nil
}

func resultMedia(command source.Command) string {
	return "application/x-" + string(command) + "-result"
}

// record keeps what was moved in the audit log, if that is on.
func (a *API) record(s *stream, stats audit.Stats) {
	if !a.settings.NeedAudit {
		return
	}
	stats.ReceivedBytes, stats.WrittenBytes = s.received.Load(), s.answer.written
	_, err := a.useCases.Audit.Record(s.c.Request.Context(), s.operation.claim(), gitaudit.Report{
		Token: s.operation.tokenID(), Action: s.operation.command, Address: addressText(s.operation.address), CorrelationID: httpapi.RequestID(s.c.Request.Context()),
		Command: audit.GitCommand{Protocol: source.HTTP, Repository: s.operation.grant.Repository.String(), Stats: stats},
	})
	if err != nil && !errors.Is(err, gitaudit.ErrNotNeeded) {
		httpapi.AddAnswerFields(s.c, zap.NamedError("audit_error", err))
	}
}
