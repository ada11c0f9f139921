package source

import (
	"time"

	"gatehouse/domain/identity"
)

// Commit is a commit as events show it.
type Commit struct {
	ID ObjectID
	// Parent is the first parent; empty for a root commit.
	Parent ObjectID
	// Title is the first line of Message. Invalid UTF-8 is replaced.
	Title, Message string
	// At is when it was committed, in the zone of the committer.
	At                      time.Time
	AuthorName, AuthorEmail string
	// Added, Modified and Removed are the paths that differ from Parent; all, where
	// there is none.
	Added, Modified, Removed []string
}

// PeeledTag is a tag and what it leads to.
type PeeledTag struct {
	// Object is what the ref points to: a tag object, or what a lightweight tag is on.
	Object ObjectID
	// Commit is what the tag leads to, through any number of tag objects; empty for a
	// tag of a tree or a blob.
	Commit ObjectID
	// Message is the text of the tag object with its signature, if it has one; empty for
	// a lightweight tag. Invalid UTF-8 is replaced, and a long text may be cut: then it
	// ends in "…".
	Message string
}

// Span is a range of commits: those that are reachable from To and not from
// From. Both are commits or full names of refs; an empty From leaves nothing
// out.
type Span struct{ From, To string }

// FileAction is what a commit does to a file, in GitLab's words.
type FileAction string

// The actions on files.
const (
	CreateFile FileAction = "create"
	UpdateFile FileAction = "update"
	MoveFile   FileAction = "move"
	DeleteFile FileAction = "delete"
	ChmodFile  FileAction = "chmod"
)

// FileChange is what a commit does to one file.
type FileChange struct {
	Action FileAction
	// Path is from the root of the repository.
	Path string
	// PreviousPath is where a moved file was.
	PreviousPath string
	// Content is that of a created, an updated or a moved file. A moved file with a nil
	// Content keeps the one it had.
	Content []byte
	// Executable counts for CreateFile and ChmodFile.
	Executable bool
	// LastCommit is the last commit that changed the file, as far as the caller knows; if
	// another one did since, the change is refused. Empty refuses nothing.
	LastCommit ObjectID
}

// NewCommit is a commit that is to be created on a branch.
type NewCommit struct {
	// By is the committer, in whose name the branch is updated.
	By identity.User
	// Branch is a short name. A branch that does not exist is created: at StartBranch if
	// that is not empty, else in a repository without branches.
	Branch, StartBranch string
	Message             string
	// AuthorName and AuthorEmail are those of By if they are empty.
	AuthorName, AuthorEmail string
	Changes                 []FileChange
	// At is when the commit is made, with a precision of seconds.
	At time.Time
}

// newCommitID stands for the number that a commit is going to have.
const newCommitID ObjectID = "new"

// Check returns why the commit may not be pushed to its branch, or nil: it decides ahead
// what Gitaly asks before it updates the branch. Old is the last commit of the branch, on
// which the commit is made; empty if the branch does not exist. Filled says whether the
// repository has any branch.
func (n NewCommit) Check(s Standing, settings Settings, keys identity.Policy, old ObjectID, filled bool) error {
	change := Change{Old: old, New: newCommitID, Ref: Ref{Branch, n.Branch}}
	branches := No
	if filled {
		branches = Yes
	}
	c := Case{
		Request: Request{
			Claim: identity.Claim{Kind: identity.ByUser, ID: int64(n.By.ID)}, Command: ReceivePack, Protocol: Web,
			Target: Target{Repository: s.Repository}, Changes: []Change{change},
		},
		Standing: s, Now: n.At, Settings: settings, Keys: keys,
		Answers: map[Question]Answer{{Old: change.Old, New: change.New}: Yes, branchesQuestion: branches},
	}
	return c.Decide().Refusal
}
