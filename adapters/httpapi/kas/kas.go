// Package kas answers the Kubernetes agent server (kas), which asks about its agents
// and reports their usage and findings.
package kas

import (
	"errors"
	"mime"
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/clusters"
	"gatehouse/application/findings"
	"gatehouse/domain"
)

// API answers the routes of the Kubernetes agent server.
type API struct {
	auth     *Authenticator
	agents   *clusters.Service
	findings *findings.Service
}

// New makes an API that asks auth about every request first.
func New(auth *Authenticator, agents *clusters.Service, findings *findings.Service) *API {
	return &API{auth, agents, findings}
}

// statuses have 400 for what is well-formed and not possible, as Rails does.
var statuses = map[domain.Kind]int{domain.Unprocessable: http.StatusBadRequest}

// dialect is the one of every route that has no other.
var dialect = httpapi.Dialect{Status: statuses, Words: httpapi.StatusWords, Body: body, Refine: refine}

// body has "error" for invalid parameters, and "message" for everything else.
func body(kind domain.Kind, message string) any {
	if kind == domain.Invalid || kind == domain.TooLarge {
		return failure{message}
	}
	return httpapi.Message{Message: message}
}

// refine gives a media type that cannot be read its own status.
func refine(err error) (httpapi.Refinement, bool) {
	media, ok := errors.AsType[*params.UnsupportedMedia](err)
	if !ok {
		return httpapi.Refinement{}, false
	}
	return httpapi.Refinement{Status: http.StatusUnsupportedMediaType, Body: failure{media.Message}}, true
}

// findingsDialect is the one of the route that keeps findings. A finding that cannot
// be kept is refused without a status in front, as Rails refuses its records.
var findingsDialect = httpapi.Dialect{
	Status: statuses,
	Words: func(kind domain.Kind, reason string) string {
		if kind == domain.Unprocessable && reason != "" {
			return reason
		}
		return httpapi.StatusWords(kind, reason)
	},
	Body: body,
}

type failure struct {
	Error string `json:"error"`
}

// absent answers every other method of a route.
func absent(c *gin.Context) (any, error) {
	c.Status(http.StatusNotFound)
	return failure{"404 Not Found"}, nil
}

// readable is middleware that refuses bodies of a media type that holds no
// parameters.
func readable(c *gin.Context) {
	if c.Request.ContentLength == 0 {
		return
	}
	media, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	switch media {
	case "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "":
	default:
		refusal := domain.Refuse(domain.Invalid, "The provided content-type '%.100s' is not supported.", media)
		dialect.Refuse(c, &params.UnsupportedMedia{Refusal: refusal})
	}
}

// parameters returns those of a request. JSON that is no object has none.
func parameters(c *gin.Context) (params.Values, error) {
	values, err := params.Of(c)
	if errors.Is(err, error(params.NotObject)) {
		err = nil
	}
	return values, err
}

func decode(c *gin.Context, dst any) error {
	values, err := parameters(c)
	if err != nil {
		return err
	}
	return values.Decode(dst)
}
