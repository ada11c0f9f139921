package shell

import (
	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
)

// lfsRequest leaves out the parameter operation: upload and download get the same
// answer.
type lfsRequest struct {
	actorParams
	targetParams
}

// lfsIgnored are parameters that callers send without an effect here.
type lfsIgnored struct {
	Operation string `param:"operation" api:"upload|download,no-effect"`
}

type lfsResponse struct {
	Username           string `json:"username"`
	LFSToken           string `json:"lfs_token"`
	RepositoryHTTPPath string `json:"repository_http_path"`
	ExpiresIn          int64  `json:"expires_in"`
}

// lfsAuthenticate answers POST /lfs_authenticate. GitLab Shell appends /info/lfs to
// the path, and prints nothing if it is refused.
func (a *API) lfsAuthenticate(c *gin.Context) (any, error) {
	var in lfsRequest
	err := params.Decode(c, &in)
	in.actorParams.log(c)
	in.targetParams.log(c)
	if err != nil {
		return nil, err
	}
	target, err := in.target()
	if err != nil {
		return a.lfsObject(c) // GitLab answers 404, as for a container that does not exist
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

// lfsObjectParams are what Gitaly sends to /lfs.
type lfsObjectParams struct {
	OID          string `param:"oid" api:"string,no-effect"`
	GLRepository string `param:"gl_repository" api:"string,no-effect"`
}

// lfsObject answers GET /lfs, with which Gitaly asks for the bytes of an LFS object
// for an archive. It finds none, since no objects are kept here.
func (a *API) lfsObject(*gin.Context) (any, error) {
	return nil, &domain.Refusal{Kind: domain.NotFound}
}
