package shell

import (
	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/pushes"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

type preReceiveRequest struct {
	GLRepository string `param:"gl_repository"`
}

var preReceiveRequired = []string{"gl_repository"}

type preReceiveResponse struct {
	ReferenceCounterIncreased bool `json:"reference_counter_increased"`
}

// preReceive answers POST /pre_receive. It does not look for the repository, since
// /allowed has let the same push pass.
func (a *API) preReceive(c *gin.Context) (any, error) {
	var in preReceiveRequest
	err := params.Decode(c, &in, preReceiveRequired...)
	httpapi.AddLogFields(c, "gl_repository", in.GLRepository)
	if err != nil {
		return nil, err
	}
	if _, ok := source.ParseRepositoryID(in.GLRepository); !ok {
		return nil, domain.Refuse(domain.Invalid, "gl_repository is invalid")
	}
	increased, warning := a.useCases.Receiver.PreReceive(c.Request.Context(), in.GLRepository)
	if warning != nil {
		_ = c.Error(warning)
	}
	return preReceiveResponse{increased}, nil
}

type postReceiveRequest struct {
	GLRepository string `param:"gl_repository"`
	Identifier   string `param:"identifier"`
	Changes      string `param:"changes"`
	// PushOptions is a list of texts. Any other value is ignored: the push has
	// succeeded already.
	PushOptions any `param:"push_options" api:"[]string,object,null"`
}

var postReceiveRequired = []string{"gl_repository", "identifier"}

func (in postReceiveRequest) options() []string {
	list, isList := in.PushOptions.([]any)
	if !isList {
		list = []any{in.PushOptions}
	}
	var options []string
	for _, option := range list {
		if text, isText := option.(string); isText {
			options = append(options, text)
		}
	}
	return options
}

type postReceiveResponse struct {
	Messages                  []messageResponse `json:"messages"`
	ReferenceCounterDecreased bool              `json:"reference_counter_decreased"`
}

type messageResponse struct {
	Message string             `json:"message"`
	Type    pushes.MessageType `json:"type"`
}

// postReceive answers POST /post_receive. Gitaly has written the refs already, so
// that a failure of a step goes to the request log alone.
func (a *API) postReceive(c *gin.Context) (any, error) {
	var in postReceiveRequest
	err := params.Decode(c, &in, postReceiveRequired...)
	httpapi.AddLogFields(c, "gl_repository", in.GLRepository, "actor", in.Identifier)
	if err != nil {
		return nil, err
	}
	report := a.useCases.Receiver.PostReceive(c.Request.Context(), pushes.Push{
		Repository: in.GLRepository, Identifier: in.Identifier, Changes: in.Changes, Options: in.options(),
	})
	if report.Warning != nil {
		_ = c.Error(report.Warning)
	}
	return newPostReceiveResponse(report), nil
}

func newPostReceiveResponse(report pushes.Report) postReceiveResponse {
	messages := make([]messageResponse, len(report.Messages))
	for i, m := range report.Messages {
		messages[i] = messageResponse{m.Text, m.Type}
	}
	return postReceiveResponse{messages, true}
}
