package githttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

// idleTimeout is how long a transfer may go without a byte of progress.
const idleTimeout = 5 * time.Minute

// errStalled ends a transfer without progress.
var errStalled = domain.Refuse(domain.Unavailable, "No byte moved for five minutes, so the transfer was given up. Try again.")

// stream is a transfer under way.
type stream struct {
	operation operation
	c         *gin.Context
	ctx       context.Context
	end       func()
	stall     *time.Timer
	received  atomic.Int64
	answer    answer
	// result says that the answer is that to a POST.
	result bool
	// discarded says that the rest of the request was read, as far as it came in time.
	discarded bool

	// mutex guards closed, after which the connection is that of another request.
	mutex  sync.Mutex
	closed bool
}

// open begins a transfer of an allowed operation; first says that it is the operation's first
// request. The stream has to be closed.
func (a *API) open(c *gin.Context, o operation, first bool) (*stream, error) {
	leave := func() {}
	if o.stranger() {
		end, ok := a.strangers.Begin(o.address)
		if !ok {
			return nil, errManyPulls
		}
		leave = end
	}
	ctx, end, err := a.transfers.begin(c.Request.Context(), first)
	if err != nil {
		leave()
		return nil, err
	}
	httpapi.BeginStream(c, idleTimeout)
	ctx, cancel := context.WithCancelCause(ctx)
	s := &stream{operation: o, c: c, ctx: ctx, result: !first, end: func() { cancel(nil); end(); leave() }}
	s.answer = answer{c: c, controller: httpapi.Controller(c)}
	s.stall = time.AfterFunc(idleTimeout, func() {
		cancel(errStalled)
		s.endReads(time.Now())
	})
	s.answer.stall = s.stall
	return s, nil
}

// endReads ends the reads of the body at a moment, unless the stream is closed.
func (s *stream) endReads(at time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.closed {
		_ = s.answer.controller.SetReadDeadline(at) // httptest's recorder supports none
	}
}

// close ends the transfer, and tells the request log of it.
func (s *stream) close() {
	s.stall.Stop()
	s.end()
	s.mutex.Lock()
	s.closed = true
	s.mutex.Unlock()
	httpapi.AddAnswerFields(s.c, zap.Int64("bytes_in", s.received.Load()), zap.Int64("bytes_out", s.answer.written))
}

// body returns the body as it is sent. Each byte of it is progress.
func (s *stream) body() io.Reader { return (*streamBody)(s) }

type streamBody stream

// Read implements io.Reader.
func (b *streamBody) Read(p []byte) (int, error) {
	n, err := b.c.Request.Body.Read(p)
	b.received.Add(int64(n))
	if n > 0 {
		b.stall.Reset(idleTimeout)
	}
	if err != nil && err != io.EOF {
		err = errCutShort.Because(err)
	}
	return n, err
}

// answer is the answer of a transfer, whose head goes out with its first bytes.
type answer struct {
	c          *gin.Context
	controller *http.ResponseController
	// media is the Content-Type.
	media   string
	stall   *time.Timer
	begun   bool
	written int64
}

// Write sends p at once. What the client takes of it is progress, which the connection
// watches.
func (w *answer) Write(p []byte) (int, error) {
	w.begin()
	w.stall.Stop()
	defer w.stall.Reset(idleTimeout)
	n, err := w.c.Writer.Write(p)
	w.written += int64(n)
	if err == nil {
		err = w.controller.Flush()
	}
	if err != nil {
		return n, fmt.Errorf("write to the client: %w", err)
	}
	return n, nil
}

func (w *answer) begin() {
	if w.begun {
		return
	}
	w.begun = true
	w.c.Header("Content-Type", w.media)
	w.c.Header("X-Content-Type-Options", "nosniff")
	w.c.Status(http.StatusOK)
	w.c.Writer.WriteHeaderNow()
}

// clientGone says whether a transfer failed because its client hung up. A read that was
// given up looks like that to net/http.
func (s *stream) clientGone(err error) bool {
	return s.c.Request.Context().Err() != nil && !s.discarded && !errors.Is(err, errCutShort) && !errors.Is(err, errStalled)
}

// finish ends the answer after what Gitaly has sent, or failed with. If a part of it is sent
// already the connection ends with it: the client must not take the part for the whole.
func (s *stream) finish(err error, sideBand bool) {
	if err != nil && s.ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(s.ctx), err)
	}
	switch {
	case err == nil:
		s.answer.begin()
	case s.answer.begun, s.clientGone(err):
		if s.clientGone(err) {
			err = errHungUp.Because(err)
		}
		_ = s.c.Error(err)
		panic(http.ErrAbortHandler)
	case s.result && errors.Is(err, domain.TooMany):
		_ = s.c.Error(err)
		_, _ = io.WriteString(&s.answer, busyResult(s.operation.command, sideBand, errBusy.Message))
	default:
		refuse(s.c, forClient(s.operation.client, ofGitaly(err)))
	}
}
