package httpapi

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.uber.org/zap"
)

const (
	requestIDHeader = "X-Request-Id"
	maxRequestID    = 255
)

// request is what this package knows of a request; its context has it. In gin's own keys
// it would be a map for each request.
type request struct {
	id    string
	body  *body    // nil for none
	added []string // by AddLogFields
	// always is by AddAnswerFields.
	always []zap.Field
}

type requestKey struct{}

// requestOf returns the request of a context; one without a request has the zero one.
func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return new(request)
}

// RequestID returns the id of the request, which all calls of one Git command share.
// It is "" for a context without a request.
func RequestID(ctx context.Context) string { return requestOf(ctx).id }

// identify is middleware that keeps the caller's request id, or makes one if that is
// absent or malformed, and sends it back in the answer.
func identify(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !printable(id) {
		id = uuid.NewString()
	}
	c.Header(requestIDHeader, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestKey{}, &request{id: id}))
}

func printable(id string) bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	return id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, odd)
}
