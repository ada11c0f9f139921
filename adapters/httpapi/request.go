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

// RequestID returns the id that all calls of one Git command share, for logs and
// for calls to other services; it is "" outside of a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// identify takes over the caller's request id or makes one, and echoes it.
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
	// bodyPatience is how long a body may take: the patience of its senders.
	bodyPatience = 5 * time.Minute
	// drainPatience is how long one is read that is refused already.
	drainPatience = 5 * time.Second
)

// Limit refuses a request whose body is larger than bytes, at once if it says so
// and when it is read otherwise. It reads what the handlers left of a body: a
// client that is cut off while it sends never sees the answer. One that sends
// too slowly is cut off all the same. Of two limits on one route the smaller one
// counts.
func Limit(bytes int64) gin.HandlerFunc {
	refusal := domain.Refuse(domain.TooLarge, "the request body is larger than %d bytes", bytes)
	return func(c *gin.Context) {
		reading := http.NewResponseController(c.Writer)
		_ = reading.SetReadDeadline(time.Now().Add(bodyPatience)) // a recorder in a test has none
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, bytes)
		if c.Request.ContentLength > bytes {
			_ = c.Error(refusal)
			c.AbortWithStatusJSON(http.StatusRequestEntityTooLarge, Plain(refusal.Kind, refusal.Message))
		}
		c.Next()
		if c.IsAborted() {
			_ = reading.SetReadDeadline(time.Now().Add(drainPatience))
		}
		_, _ = io.Copy(io.Discard, c.Request.Body)
	}
}
