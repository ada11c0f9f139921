package githttp

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
)

const lfsMedia = "application/vnd.git-lfs+json"

// lfsError is the body of an error of Git LFS.
type lfsError struct {
	Message          string `json:"message"`
	DocumentationURL string `json:"documentation_url"`
	RequestID        string `json:"request_id"`
}

// noLFS answers the routes of Git LFS, which is not served.
func (a *API) noLFS(c *gin.Context) {
	c.Header("Content-Type", lfsMedia)
	c.AbortWithStatusJSON(http.StatusNotImplemented, lfsError{
		"Git LFS is not served here. Push without it: run `git lfs uninstall --local`, and commit the files themselves.",
		a.settings.ExternalURL, httpapi.RequestID(c.Request.Context()),
	})
}
