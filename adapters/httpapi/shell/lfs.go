package shell

import (
	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
)

// lfsRequest may hold an operation, too; the answer is the same for both.
type lfsRequest struct {
	actorParams
	targetParams
}

type lfsResponse struct {
	Username           string `json:"username"`
	LFSToken           string `json:"lfs_token"`
	RepositoryHTTPPath string `json:"repository_http_path"`
	ExpiresIn          int64  `json:"expires_in"`
}

// lfsAuthenticate answers POST /lfs_authenticate. GitLab Shell appends
// /info/lfs to the path, and prints nothing at any error.
func (a *API) lfsAuthenticate(c *gin.Context) (any, error) {
	var in lfsRequest
	if err := params.Decode(c, &in); err != nil {
		return nil, err
	}
	target, err := in.target()
	if err != nil {
		return a.lfsObject(c) // GitLab finds no container, and says so
	}
	credential, err := a.useCases.LFS.Authenticate(c.Request.Context(), in.claim(), target)
	if err != nil {
		return nil, err
	}
	return lfsResponse{
		Username: credential.Username, LFSToken: credential.Token,
		RepositoryHTTPPath: a.instance.ExternalURL + "/" + credential.Path + ".git",
		ExpiresIn:          int64(credential.ExpiresIn.Seconds()),
	}, nil
}

// lfsObject answers GET /lfs, by which Gitaly wants an object's bytes for an
// archive. No objects are kept here, so none is ever found.
func (a *API) lfsObject(*gin.Context) (any, error) {
	return nil, &domain.Refusal{Kind: domain.NotFound}
}

type certRequest struct {
	Key            string `param:"key"`
	UserIdentifier string `param:"user_identifier"`
}

// authorizedCerts answers GET /authorized_certs: no authority is trusted here.
// GitLab Shell tries anything above 404 three times while a login waits.
func (a *API) authorizedCerts(c *gin.Context) (any, error) {
	var in certRequest
	if err := params.Decode(c, &in, "key", "user_identifier"); err != nil {
		return nil, err
	}
	return nil, domain.Refuse(domain.NotFound, "SSH certificates are not supported here. Use a key.")
}
