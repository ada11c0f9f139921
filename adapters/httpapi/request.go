package httpapi

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
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
