package httpapi

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"gatehouse/domain"
)

const (
	requestIDHeader = "X-Request-Id"
	maxRequestID    = 255
)

type requestIDKey struct{}

// RequestID returns the id of the request, which all calls of one Git command share.
// It is "" for a context without a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// identify is middleware that keeps the caller's request id, or makes one if that is
// absent or malformed, and sends it back in the answer.
func identify(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !printable(id) {
		id = uuid.NewString()
	}
	c.Header(requestIDHeader, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
}

func printable(id string) bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	return id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, odd)
}

const (
	// bodyTimeout limits the time in which a client sends a body. It equals the
	// timeout of GitLab Shell and Gitaly for a whole request.
	bodyTimeout = 5 * time.Minute
	// drainTimeout is how long the rest of a body is read after a refusal.
	drainTimeout = 5 * time.Second
)

// Limit refuses a request whose body is larger than bytes: before the handlers run
// if Content-Length says so, otherwise when a handler reads too far. A body that
// takes longer than bodyTimeout cuts the connection. After the handlers it reads
// the rest of the body, because a client that is cut off while it sends never sees
// the answer. Of two limits on one route the smaller one counts.
func Limit(bytes int64) gin.HandlerFunc {
	refusal := domain.Refuse(domain.TooLarge, "the request body is larger than %d bytes", bytes)
	return func(c *gin.Context) {
		connection := http.NewResponseController(c.Writer)
		_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout)) // httptest's recorder supports none
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, bytes)
		if c.Request.ContentLength > bytes {
			Dialect{}.Refuse(c, refusal)
		}
		c.Next()
		if c.IsAborted() {
			_ = connection.SetReadDeadline(time.Now().Add(drainTimeout))
		}
		_, _ = io.Copy(io.Discard, c.Request.Body)
	}
}
