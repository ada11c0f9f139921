package githttp

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

const workhorseMedia = "application/vnd.gitlab-workhorse+json"

var errNotWorkhorse = domain.Refuse(domain.Forbidden, "The token of Workhorse is not valid. Its secret file and workhorse.secret_file have to be the same.")

// preauthorize answers a request of Workhorse's, which then moves the bytes itself. It
// returns false for one that is not.
func (a *API) preauthorize(c *gin.Context, command source.Command) bool {
	signed, err := a.settings.Workhorse.Signed(c.Request)
	if !signed {
		return false
	}
	if err != nil {
		refuse(c, errNotWorkhorse.Because(err))
		return true
	}
	httpapi.Admit(c)
	o, err := a.admit(c, command)
	if err != nil {
		refuse(c, err)
		return true
	}
	c.Header("Content-Type", workhorseMedia)
	c.JSON(http.StatusOK, a.newPreauthorization(c, o))
	return true
}

// preauthorization has the members that Workhorse reads.
type preauthorization struct {
	GLID             string  `json:"GL_ID"`
	GLUsername       *string `json:"GL_USERNAME"`
	GLRepository     string  `json:"GL_REPOSITORY"`
	GitConfigOptions []string
	ShowAllRefs      bool
	Repository       workhorseRepository
	GitalyServer     workhorseGitaly
	NeedAudit        bool
	ProjectID        int64
	RootNamespaceID  int64
}

type workhorseRepository struct {
	StorageName                   string   `json:"storage_name"`
	RelativePath                  string   `json:"relative_path"`
	GLRepository                  string   `json:"gl_repository"`
	GLProjectPath                 string   `json:"gl_project_path"`
	GitObjectDirectory            string   `json:"git_object_directory"`
	GitAlternateObjectDirectories []string `json:"git_alternate_object_directories"`
}

type workhorseGitaly struct {
	Address      string            `json:"address"`
	Token        string            `json:"token"`
	CallMetadata map[string]string `json:"call_metadata"`
}

func (a *API) newPreauthorization(c *gin.Context, o operation) preauthorization {
	g := o.grant
	out := preauthorization{
		GLID: g.Actor.GLID(), GLRepository: g.Repository.String(), GitConfigOptions: append([]string{}, a.settings.GitConfigOptions...),
		Repository: workhorseRepository{
			StorageName: g.Location.Storage.Name, RelativePath: g.Location.RelativePath, GLRepository: g.Repository.String(),
			GLProjectPath: g.Project.Path, GitAlternateObjectDirectories: []string{},
		},
		GitalyServer: workhorseGitaly{g.Location.Storage.Address, g.Location.Storage.Token, map[string]string{}},
		NeedAudit:    a.settings.NeedAudit, ProjectID: int64(g.Project.ID), RootNamespaceID: int64(g.Project.Root.ID),
	}
	if g.Actor.User.Known() {
		out.GLUsername = &g.Actor.User.Username
	}
	for name, value := range map[string]string{
		"user_id": out.GLID, "username": g.Actor.User.Username, "remote_ip": addressText(o.address),
	} {
		if value != "" {
			out.GitalyServer.CallMetadata[name] = value
		}
	}
	return out
}
