// Package portal answers the customers portal, which changes the subscriptions,
// minutes packs and reconciliations of namespaces with an administrator's token. Its
// errors have the words of Rails.
package portal

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/credentials"
	"gatehouse/application/provisioning"
	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// API answers the routes of the customers portal.
type API struct {
	credentials  *credentials.Service
	provisioning *provisioning.Service
	// checkPlans says that namespaces have plans here, as on gitlab.com.
	checkPlans bool
}

// New makes an API. Without checkPlans the routes for reconciliations refuse every
// caller, as on every GitLab but gitlab.com.
func New(credentials *credentials.Service, provisioning *provisioning.Service, checkPlans bool) *API {
	return &API{credentials, provisioning, checkPlans}
}

// Unknown answers every path and method that is no route.
var Unknown = dialect.Reply(func(c *gin.Context) (any, error) {
	c.Status(http.StatusNotFound)
	return errorBody{"404 Not Found"}, nil
})

// gitlabComOnly is middleware that refuses every caller if namespaces have no plans.
func (a *API) gitlabComOnly(c *gin.Context) {
	if !a.checkPlans {
		dialect.Refuse(c, domain.Refuse(domain.Forbidden, "This API is gitlab.com only!"))
	}
}

type errorBody struct {
	Error string `json:"error"`
}

type messageBody struct {
	Message string `json:"message"`
}

// fieldsBody has the messages of each field.
type fieldsBody struct {
	Message map[string][]string `json:"message"`
}

// rejectionsBody has a text that holds JSON.
type rejectionsBody struct {
	Message errorBody `json:"message"`
}

var dialect = httpapi.Dialect{Status: statuses, Words: httpapi.StatusWords, Body: body, Refine: refine}

// statuses have 400 for what is well-formed and not possible, as Rails does.
var statuses = map[domain.Kind]int{domain.Conflict: http.StatusBadRequest, domain.Unprocessable: http.StatusBadRequest}

// body has "error" for invalid parameters, and "message" for everything else.
func body(kind domain.Kind, message string) any {
	if kind == domain.Invalid || kind == domain.TooLarge {
		return errorBody{message}
	}
	return messageBody{message}
}

// refine answers for records that cannot be kept field by field, for an unsupported
// media type by its own status, and for access tokens as Rails' OAuth library does.
func refine(err error) (httpapi.Refinement, bool) {
	if faults, ok := errors.AsType[domain.FieldErrors](err); ok {
		return httpapi.Refinement{Status: http.StatusBadRequest, Body: fieldsBody{faults.ByField()}}, true
	}
	if rejections, ok := errors.AsType[billing.Rejections](err); ok {
		return httpapi.Refinement{Status: http.StatusBadRequest, Body: rejectionsBody{errorBody{inJSON(rejections)}}}, true
	}
	if media, ok := errors.AsType[*params.UnsupportedMedia](err); ok {
		return httpapi.Refinement{Status: http.StatusUnsupportedMediaType, Body: errorBody{media.Message}}, true
	}
	return refineToken(err)
}

// inJSON returns the JSON that Rails puts into a text: one object for each rejected
// namespace.
func inJSON(rejections billing.Rejections) string {
	list := make([]map[string]any, len(rejections))
	for i, r := range rejections {
		if list[i] = map[string]any{strconv.FormatInt(int64(r.Namespace), 10): r.Messages}; r.Whole {
			list[i] = map[string]any{"bulk_upsert": r.Messages[0]}
		}
	}
	text, _ := json.Marshal(list) // texts and lists of texts do not fail
	return string(text)
}

// namespace returns the namespace that a parameter of the path names: digits are an
// id, any other text is a full path. No namespace is found for a text that is
// neither.
func namespace(c *gin.Context, part string) billing.NamespaceRef {
	text := c.Param(part)
	if number, err := strconv.ParseInt(text, 10, 64); err == nil && text[0] >= '0' && text[0] <= '9' {
		return billing.NamespaceRef{ID: source.NamespaceID(number)}
	}
	return billing.NamespaceRef{Path: source.Path(text)}
}
