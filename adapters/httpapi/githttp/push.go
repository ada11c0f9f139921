package githttp

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/application/gitaccess"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
)

// receivePack answers POST git-receive-pack, a push.
func (a *API) receivePack(c *gin.Context) {
	if a.preauthorize(c, source.ReceivePack) {
		return
	}
	s, ok := a.begin(c, source.ReceivePack)
	if !ok {
		return
	}
	defer s.close()
	content, err := decoded(c, s.body())
	if err != nil {
		s.finish(err, false)
		return
	}
	body := bufio.NewReaderSize(content, pushSize)
	sideBand, err := readsSideBand(body)
	if err != nil {
		s.finish(err, false)
		return
	}
	result := held{out: &s.answer, body: body, spool: spool{disk: &a.disk}}
	defer result.spool.close()
	err = a.useCases.SmartHTTP.ReceivePack(s.ctx, a.result(s), &result, &result)
	if !s.answer.begun && !result.ended.Load() {
		s.discard(&result)
	}
	s.finishBody(&result)
	if err == nil {
		err = result.release()
	}
	if err == nil && s.received.Load() > int64(len(flush)) { // else it only asks whether it may push
		a.record(s, audit.Stats{})
	}
	s.finish(err, sideBand)
}

// result returns the transfer of a POST.
func (a *API) result(s *stream) gitaccess.Transfer {
	t := s.operation.transfer(s.c)
	t.Options = a.settings.GitConfigOptions
	return t
}

// discard reads the rest of a push whose outcome is known already, so that its client reads
// the answer: Git sends all before it does.
func (s *stream) discard(body io.Reader) {
	stop := context.AfterFunc(s.ctx, func() { s.endReads(time.Now()) })
	defer stop()
	_, _ = io.Copy(io.Discard, body)
	s.discarded = true
}

// finishBody returns once no read of the body is under way: one may outlive the call that
// began it, but not the request.
func (s *stream) finishBody(h *held) {
	if !h.ended.Load() {
		s.endReads(time.Now())
	}
	h.reading.Lock()
	defer h.reading.Unlock()
	h.body = closedBody{}
}

// closedBody is the body of a request that is over.
type closedBody struct{}

// Read implements io.Reader.
func (closedBody) Read([]byte) (int, error) { return 0, http.ErrBodyReadAfterClose }

// held holds an answer back until the body has ended: Git reads nothing before it has sent
// all, and net/http ends the body with the first byte of an answer.
type held struct {
	out io.Writer
	// reading is for one read of body at a time.
	reading sync.Mutex
	body    io.Reader
	ended   atomic.Bool

	mutex sync.Mutex
	spool spool
}

// Read reads the body, whose end the answer waits for.
func (h *held) Read(p []byte) (int, error) {
	h.reading.Lock()
	defer h.reading.Unlock()
	n, err := h.body.Read(p)
	if err == io.EOF {
		h.ended.Store(true)
	}
	return n, err
}

// Write implements io.Writer.
func (h *held) Write(p []byte) (int, error) {
	if !h.ended.Load() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		return h.spool.Write(p)
	}
	if err := h.release(); err != nil {
		return 0, err
	}
	return h.out.Write(p)
}

// release writes what was held back.
func (h *held) release() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	r, err := h.spool.reader()
	if err != nil {
		return err
	}
	_, err = io.Copy(h.out, r)
	h.spool.close()
	return err
}
