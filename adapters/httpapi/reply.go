package httpapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/render"

	"gatehouse/domain"
)

// Dialect is how one kind of caller wants to be answered.
type Dialect struct {
	// Status overrides the status of some kinds; the others keep that of statuses.
	Status map[domain.Kind]int
	// Words returns the message for a refusal's kind and reason, which may be
	// empty. Without Words the reason is the message, or else the kind.
	Words func(kind domain.Kind, reason string) string
	// Body returns the body that carries the message; without Body it is Plain.
	Body func(kind domain.Kind, message string) any
	// Refine answers an error whose type tells more than a kind and a reason; ok
	// is false for any other error. A nil Refine answers none.
	Refine func(err error) (refinement Refinement, ok bool)
}

// Refinement is the answer to one type of error.
type Refinement struct {
	Status int
	Body   any
	// Challenge is the header WWW-Authenticate, which is absent if it is empty.
	Challenge string
}

// statuses are those of every Kind, unless a Dialect overrides them.
var statuses = map[domain.Kind]int{
	domain.NotFound:        http.StatusNotFound,
	domain.Conflict:        http.StatusConflict,
	domain.Invalid:         http.StatusBadRequest,
	domain.Unauthenticated: http.StatusUnauthorized,
	domain.Forbidden:       http.StatusForbidden,
	domain.Unprocessable:   http.StatusUnprocessableEntity,
	domain.TooMany:         http.StatusTooManyRequests,
	domain.TooLarge:        http.StatusRequestEntityTooLarge,
	domain.Unavailable:     http.StatusServiceUnavailable,
}

// Message is GitLab's plain error body.
type Message struct {
	Message string `json:"message"`
	Error   string `json:"error,omitempty"`
}

var (
	notFound         = Message{"404 Not Found", "404 Not Found"}
	methodNotAllowed = Message{"405 Method Not Allowed", "405 Method Not Allowed"}
	internalError    = Message{Message: "500 Internal Server Error"}
	tooManyFields    = Message{Message: "431 Request Header Fields Too Large", Error: "431 Request Header Fields Too Large"}
)

// StatusWords returns a message in the form of GitLab's API, which writes the status
// in front of the reason for the kinds Forbidden, NotFound and Unprocessable: "403
// Forbidden - Must be admin to use sudo", "404 Namespace Not Found". For any other
// kind the reason is the message.
func StatusWords(kind domain.Kind, reason string) string {
	switch kind {
	case domain.Unauthenticated:
		return cmp.Or(reason, "401 Unauthorized")
	case domain.NotFound:
		return "404 " + cmp.Or(reason, "Not Found")
	case domain.Forbidden:
		return withReason("403 Forbidden", reason)
	case domain.Unprocessable:
		return withReason("400 Bad request", reason)
	default:
		return cmp.Or(reason, kind.Error())
	}
}

func withReason(status, reason string) string {
	if reason == "" {
		return status
	}
	return status + " - " + reason
}

// Plain returns a Message. A malformed request has the message twice: GitLab puts
// it into "error", and the Git clients show "message" alone.
func Plain(kind domain.Kind, message string) any {
	switch kind {
	case domain.Invalid, domain.TooLarge:
		return Message{message, message}
	default:
		return Message{Message: message}
	}
}

// Reply writes what h returns as JSON, with status 200 or the one that h has set,
// and refuses what h fails with. An answer with status 204 has neither a body nor
// a content type. Reply refuses a body above Limit, in the same words for all callers.
func (d Dialect) Reply(h func(*gin.Context) (any, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := bodyOf(c).tooLarge(); err != nil {
			Dialect{}.Refuse(c, err)
			return
		}
		body, err := h(c)
		if err != nil {
			d.Refuse(c, err)
			return
		}
		status := c.Writer.Status()
		if status == http.StatusNoContent {
			c.Writer.Header().Del("Content-Type")
			c.Writer.WriteHeaderNow()
			return
		}
		switch body := body.(type) {
		case Encoded:
			c.Data(status, "application/json", body)
			return
		case Stream:
			body.write(c, status)
			return
		}
		c.Render(status, answer{body})
	}
}

// answer renders a value as JSON, as gin does, but without a copy of the text.
type answer struct{ value any }

// Render implements render.Render.
func (a answer) Render(w http.ResponseWriter) error {
	a.WriteContentType(w)
	return json.NewEncoder(withoutNewline{w}).Encode(a.value)
}

// WriteContentType implements render.Render.
func (answer) WriteContentType(w http.ResponseWriter) { render.JSON{}.WriteContentType(w) }

// withoutNewline leaves out the newline that a json.Encoder writes behind a value, both in
// one call.
type withoutNewline struct{ io.Writer }

// Write implements io.Writer.
func (w withoutNewline) Write(text []byte) (int, error) {
	n, err := w.Writer.Write(text[:len(text)-1])
	return n + 1, err
}

// Encoded is a body that is JSON already.
type Encoded []byte

// Stream is a body of any media type that is read while it is sent, and then closed. For a
// HEAD request it is not read.
type Stream struct {
	Media string
	// Size is in bytes.
	Size int64
	io.ReadCloser
}

// write sends the stream. A failure in the middle closes the connection, so that the client
// sees that the body is not whole.
func (s Stream) write(c *gin.Context, status int) {
	defer func() { _ = s.Close() }()
	c.Header("Content-Type", s.Media)
	c.Header("Content-Length", strconv.FormatInt(s.Size, 10))
	c.Status(status)
	c.Writer.WriteHeaderNow()
	if c.Request.Method == http.MethodHead {
		return
	}
	if n, err := io.Copy(c.Writer, s); err != nil {
		_ = c.Error(fmt.Errorf("body after %d of %d bytes: %w", n, s.Size, err))
		c.Abort()
	}
}

// Refuse ends a request with the answer to err, and leaves err to the request log.
// The answer is that of Refine, or the words of a *domain.Refusal. Any other error
// becomes a 500 that says nothing about it.
func (d Dialect) Refuse(c *gin.Context, err error) {
	_ = c.Error(err)
	if d.Refine != nil {
		if refinement, ok := d.Refine(err); ok {
			refinement.write(c)
			return
		}
	}
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok {
		c.AbortWithStatusJSON(http.StatusInternalServerError, internalError)
		return
	}
	message := refusal.Error()
	if d.Words != nil {
		message = d.Words(refusal.Kind, refusal.Message)
	}
	body := Plain
	if d.Body != nil {
		body = d.Body
	}
	c.AbortWithStatusJSON(d.status(refusal.Kind), body(refusal.Kind, message))
}

func (r Refinement) write(c *gin.Context) {
	if r.Challenge != "" {
		c.Header("WWW-Authenticate", r.Challenge)
	}
	c.AbortWithStatusJSON(r.Status, r.Body)
}

// status returns the status of a kind, which is 500 for one that is not in
// domain.Kinds.
func (d Dialect) status(kind domain.Kind) int {
	return cmp.Or(d.Status[kind], StatusOf(kind))
}

// StatusOf returns the status of a kind where no Dialect has another. It is 500 for one that
// is not in domain.Kinds.
func StatusOf(kind domain.Kind) int { return cmp.Or(statuses[kind], http.StatusInternalServerError) }
