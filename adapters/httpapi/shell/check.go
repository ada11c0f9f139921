package shell

import "github.com/gin-gonic/gin"

type checkResponse struct {
	APIVersion    string `json:"api_version"`
	GitLabVersion string `json:"gitlab_version"`
	// GitLabRev is what Rails sends, GitLabRevision what Gitaly reads.
	GitLabRev      string `json:"gitlab_rev"`
	GitLabRevision string `json:"gitlab_revision"`
	// Redis says whether the store of the counters answers, in Redis or elsewhere.
	Redis bool `json:"redis"`
}

// check answers GET /check. Its status is 200 even if the counters do not answer:
// callers ask whether the server does.
func (a *API) check(c *gin.Context) (any, error) {
	return checkResponse{
		APIVersion:    "v4",
		GitLabVersion: a.instance.Version,
		GitLabRev:     a.instance.Revision, GitLabRevision: a.instance.Revision,
		Redis: a.useCases.Receiver.Healthy(c.Request.Context()),
	}, nil
}
