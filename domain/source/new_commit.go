package source

import (
	"time"

	"gatehouse/domain/identity"
)

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
