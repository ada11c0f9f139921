package repositories

import (
	"encoding/base64"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/domain"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// commitParams are the parameters of a new commit.
type commitParams struct {
	Branch        string       `param:"branch,filled"`
	CommitMessage string       `param:"commit_message,filled"`
	StartBranch   string       `param:"start_branch"`
	AuthorName    string       `param:"author_name"`
	AuthorEmail   string       `param:"author_email"`
	Actions       []fileAction `param:"actions,required"`
}

// otherBase are parameters that would put a commit in another place than where it is made
// here. They are refused.
type otherBase struct {
	StartSHA     string `param:"start_sha"`
	StartProject string `param:"start_project"`
	Force        bool   `param:"force"`
}

// fileAction are the parameters of a change of a file.
type fileAction struct {
	Action          actionWord   `param:"action,required"`
	FilePath        string       `param:"file_path,filled"`
	PreviousPath    string       `param:"previous_path"`
	Content         *string      `param:"content"`
	Encoding        encodingWord `param:"encoding"`
	LastCommitID    string       `param:"last_commit_id"`
	ExecuteFilemode *bool        `param:"execute_filemode"`
}

// actionWord is one of the actions on a file.
type actionWord source.FileAction

var actionWords = []source.FileAction{source.CreateFile, source.UpdateFile, source.MoveFile, source.DeleteFile, source.ChmodFile}

// Words are the words that it takes.
func (actionWord) Words() []string { return call.Texts(actionWords) }

// ReadParam implements params.Reader.
func (w *actionWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, actionWords)
	*w = actionWord(word)
	return problem
}

// encodingWord is text or base64; empty, it is text.
type encodingWord string

const asBase64 encodingWord = "base64"

var encodingWords = []encodingWord{"text", asBase64}

// Words are the words that it takes.
func (encodingWord) Words() []string { return call.Texts(encodingWords) }

// ReadParam implements params.Reader.
func (w *encodingWord) ReadParam(value any) (problem string) {
	*w, problem = params.Word(value, encodingWords)
	return problem
}

// createCommit answers POST …/repository/commits.
func (a *API) createCommit(c *call.Call, on rights.Ref) (any, error) {
	var in commitParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var other otherBase
	if err := c.Decode(&other); err != nil {
		return nil, err
	}
	if err := other.check(); err != nil {
		return nil, err
	}
	commit, err := in.commit()
	if err != nil {
		return nil, err
	}
	made, err := a.useCases.Code.CreateCommit(c.Context(), c.Caller, on, commit)
	if err != nil {
		return nil, call.AsBadRequest(err)
	}
	return newCommit{commitEntity: a.commit(made.Commit, made.Project), ProjectID: int64(made.ProjectID)}, nil
}

// check refuses what is given.
func (o otherBase) check() error {
	name := ""
	switch {
	case o.StartSHA != "":
		name = "start_sha"
	case o.StartProject != "":
		name = "start_project"
	case o.Force:
		name = "force"
	default:
		return nil
	}
	return domain.Refuse(domain.Invalid, "%s is not supported", name)
}

// commit returns the commit of the parameters.
func (p commitParams) commit() (source.NewCommit, error) {
	commit := source.NewCommit{
		Branch: p.Branch, StartBranch: p.StartBranch, Message: p.CommitMessage, AuthorName: p.AuthorName, AuthorEmail: p.AuthorEmail,
	}
	for i, action := range p.Actions {
		change, member, problem := action.change()
		if problem != "" {
			return source.NewCommit{}, domain.Refuse(domain.Invalid, "actions[%d][%s] %s", i, member, problem)
		}
		commit.Changes = append(commit.Changes, change)
	}
	return commit, nil
}

// change returns the change of the parameters, or the member that is wrong and its problem.
func (f fileAction) change() (change source.FileChange, member, problem string) {
	const isMissing = "is missing"
	action := source.FileAction(f.Action)
	change = source.FileChange{
		Action: action, Path: f.FilePath, PreviousPath: f.PreviousPath, LastCommit: source.ObjectID(f.LastCommitID),
		Executable: f.ExecuteFilemode != nil && *f.ExecuteFilemode,
	}
	switch {
	case action == source.MoveFile && f.PreviousPath == "":
		return change, "previous_path", isMissing
	case action == source.UpdateFile && f.Content == nil:
		return change, "content", isMissing
	case action == source.ChmodFile && f.ExecuteFilemode == nil:
		return change, "execute_filemode", isMissing
	case f.Content == nil || action == source.DeleteFile || action == source.ChmodFile:
		return change, "", ""
	case f.Encoding != asBase64:
		change.Content = []byte(*f.Content)
		return change, "", ""
	}
	content, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(*f.Content, "=\r\n")) // padding may be missing
	if err != nil {
		return change, "content", params.IsInvalid
	}
	change.Content = content
	return change, "", ""
}
