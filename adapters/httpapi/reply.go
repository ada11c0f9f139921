package httpapi

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/domain"
)

// Dialect is how one kind of caller wants to be refused.
type Dialect struct {
	// Status has an entry for every Kind.
	Status map[domain.Kind]int
	// Words returns the message for a refusal's kind and reason, which may be
	// empty. Without Words the reason is the message, or else the kind.
	Words func(kind domain.Kind, reason string) string
	// Body returns the body that carries the message; Plain fits most callers.
	Body func(kind domain.Kind, message string) any
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
)

// StatusWords returns a message in the form of GitLab's API, which puts the status
// in front of what is forbidden, not found or not possible: "403 Forbidden - Must
// be admin to use sudo", "404 Namespace Not Found". For any other kind the reason
// is the message.
func StatusWords(kind domain.Kind, reason string) string {
	switch kind {
	case domain.Unauthenticated:
		return cmp.Or(reason, "401 Unauthorized")
	case domain.NotFound:
		return "404 " + cmp.Or(reason, "Not Found")
	case domain.Forbidden:
		return behind("403 Forbidden", reason)
	case domain.Unprocessable:
		return behind("400 Bad request", reason)
	default:
		return cmp.Or(reason, kind.Error())
	}
}

func behind(status, reason string) string {
	if reason == "" {
		return status
	}
	return status + " - " + reason
}

// Plain returns a Message. For a malformed request it says the same twice: GitLab
// says it in "error", and the Git clients show nothing but "message".
func Plain(kind domain.Kind, message string) any {
	switch kind {
	case domain.Invalid, domain.TooLarge:
		return Message{message, message}
	default:
		return Message{Message: message}
	}
}

// Reply writes what h returns, with status 200 or the one that h has set, or
// refuses.
func (d Dialect) Reply(h func(*gin.Context) (any, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		body, err := h(c)
		if err != nil {
			d.Refuse(c, err)
			return
		}
		c.JSON(c.Writer.Status(), body)
	}
}

// Refuse ends a request with what err says. Only a *domain.Refusal's words leave
// the building; any other error is a mute 500, and the request log's to tell.
func (d Dialect) Refuse(c *gin.Context, err error) {
	_ = c.Error(err) // the request log writes it, once
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok {
		c.AbortWithStatusJSON(http.StatusInternalServerError, internalError)
		return
	}
	status, message := cmp.Or(d.Status[refusal.Kind], http.StatusInternalServerError), refusal.Error()
	if d.Words != nil {
		message = d.Words(refusal.Kind, refusal.Message)
	}
	c.AbortWithStatusJSON(status, d.Body(refusal.Kind, message))
}
