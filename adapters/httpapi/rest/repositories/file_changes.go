package repositories

import (
	"net/http"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/domain"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// fileRoutes commit the change of one file.
var fileRoutes = []route{
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/repository/files/:file_path", Name: "createFile", Summary: "Create a file by a commit",
		Who: call.SignedIn, Params: newFileParams{}, Status: http.StatusCreated, Answer: changedFile{},
	}, Handle: call.InPath(rights.Project, (*API).createFile)},
	{Route: call.Route{
		Method: http.MethodPut, Path: "/projects/:id/repository/files/:file_path", Name: "updateFile", Summary: "Give a file another content by a commit",
		Who: call.SignedIn, Params: updateFileParams{}, Answer: changedFile{},
	}, Handle: call.InPath(rights.Project, (*API).updateFile)},
	{Route: call.Route{
		Method: http.MethodDelete, Path: "/projects/:id/repository/files/:file_path", Name: "removeFile", Summary: "Remove a file by a commit",
		Who: call.SignedIn, Params: removeFileParams{}, Status: http.StatusNoContent,
	}, Handle: call.InPath(rights.Project, (*API).removeFile)},
}

// fileCommitParams are the parameters of the commit of one file.
type fileCommitParams struct {
	Branch        string `param:"branch,filled"`
	CommitMessage string `param:"commit_message,filled"`
	StartBranch   string `param:"start_branch"`
	AuthorName    string `param:"author_name"`
	AuthorEmail   string `param:"author_email"`
}

// newFileParams are the parameters of a file that is created.
type newFileParams struct {
	fileCommitParams
	Content         *string      `param:"content,required"`
	Encoding        encodingWord `param:"encoding"`
	ExecuteFilemode *bool        `param:"execute_filemode"`
}

// updateFileParams are the parameters of a file that is changed.
type updateFileParams struct {
	newFileParams
	LastCommitID string `param:"last_commit_id"`
}

// removeFileParams are the parameters of a file that is removed.
type removeFileParams struct {
	fileCommitParams
	LastCommitID string `param:"last_commit_id"`
}

// changedFile is a file that was just committed.
type changedFile struct {
	FilePath string `json:"file_path"`
	Branch   string `json:"branch"`
}

// createFile answers POST …/repository/files/:file_path.
func (a *API) createFile(c *call.Call, on rights.Ref) (any, error) {
	var in newFileParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return a.commitFile(c, on, in.fileCommitParams, fileAction{
		Action: actionWord(source.CreateFile), Content: in.Content, Encoding: in.Encoding, ExecuteFilemode: in.ExecuteFilemode,
	})
}

// updateFile answers PUT …/repository/files/:file_path.
func (a *API) updateFile(c *call.Call, on rights.Ref) (any, error) {
	var in updateFileParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	actions := []fileAction{{Action: actionWord(source.UpdateFile), Content: in.Content, Encoding: in.Encoding, LastCommitID: in.LastCommitID}}
	if in.ExecuteFilemode != nil {
		actions = append(actions, fileAction{Action: actionWord(source.ChmodFile), ExecuteFilemode: in.ExecuteFilemode})
	}
	return a.commitFile(c, on, in.fileCommitParams, actions...)
}

// removeFile answers DELETE …/repository/files/:file_path.
func (a *API) removeFile(c *call.Call, on rights.Ref) (any, error) {
	var in removeFileParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if _, err := a.commitFile(c, on, in.fileCommitParams, fileAction{Action: actionWord(source.DeleteFile), LastCommitID: in.LastCommitID}); err != nil {
		return nil, err
	}
	return c.NoContent()
}

// commitFile commits what happens to the file of the path.
func (a *API) commitFile(c *call.Call, on rights.Ref, in fileCommitParams, actions ...fileAction) (any, error) {
	var other otherBase
	if err := c.Decode(&other); err != nil {
		return nil, err
	}
	if err := other.check(); err != nil {
		return nil, err
	}
	commit := source.NewCommit{
		Branch: in.Branch, StartBranch: in.StartBranch, Message: in.CommitMessage, AuthorName: in.AuthorName, AuthorEmail: in.AuthorEmail,
	}
	for _, action := range actions {
		action.FilePath = c.Param("file_path")
		change, member, problem := action.change()
		if problem != "" {
			return nil, domain.Refuse(domain.Invalid, "%s %s", member, problem)
		}
		commit.Changes = append(commit.Changes, change)
	}
	if _, err := a.useCases.Code.CreateCommit(c.Context(), c.Caller, on, commit); err != nil {
		return nil, call.AsBadRequest(err)
	}
	return changedFile{FilePath: c.Param("file_path"), Branch: in.Branch}, nil
}
