// Package code reads the code of projects through Gitaly, and commits to it, for
// the management API.
package code

import (
	"context"
	"io"
	"time"

	"gatehouse/domain/source"
)

// Signature is who made a commit and when, in the zone of that person. In Name and Email
// invalid UTF-8 is replaced.
type Signature struct {
	Name, Email string
	At          time.Time
}

// Commit is a commit.
type Commit struct {
	ID      source.ObjectID
	Parents []source.ObjectID
	// Title is the first line of Message. Invalid UTF-8 is replaced. Of a very long
	// message only the Title is known.
	Title, Message    string
	Author, Committer Signature
}

// Branch is a branch with its last commit.
type Branch struct {
	// Name is short, and the bytes that Git has.
	Name   string
	Commit Commit
}

// BranchOrder is the order of a list of branches.
type BranchOrder int

// The orders of branches: by the bytes of their names, or by the moments of their last
// commits.
const (
	ByName BranchOrder = iota
	OldestFirst
	NewestFirst
)

// BranchQuery picks branches.
type BranchQuery struct {
	Order BranchOrder
	// Match says whether a branch of that short name is picked; nil picks all.
	Match func(name string) bool
	// Window is the part of what is picked that is returned.
	Window
}

// Window is a part of a list.
type Window struct{ Offset, Size int }

// MostListed is the number at which a list stops to count.
const MostListed = 100_000

// TreeQuery picks the entries of a folder.
type TreeQuery struct {
	// Revision is a commit, and Path a folder in it; empty is the root.
	Revision, Path string
	// Recursive picks what is in the folders of the folder too.
	Recursive bool
	// Window is the part of what is picked that is returned.
	Window
}

// Entry is one entry of a folder.
type Entry struct {
	ID   source.ObjectID
	Type EntryType
	// Path is from the root, and the bytes that Git has.
	Path string
	// Mode is Git's: 0o100644 for a file, 0o100755 for an executable one, 0o040000 for a
	// folder, 0o120000 for a symbolic link, 0o160000 for a submodule.
	Mode int32
}

// EntryType is what an entry is, in Git's words.
type EntryType string

// The types of entries. A CommitEntry is a submodule.
const (
	BlobEntry   EntryType = "blob"
	TreeEntry   EntryType = "tree"
	CommitEntry EntryType = "commit"
)

// Blob is a file at a commit. Its content can be read once; Close ends the call of
// Gitaly in any case.
type Blob struct {
	ID source.ObjectID
	// Size is in bytes.
	Size       int64
	Executable bool
	io.ReadCloser
}

// Standings knows who may do what.
type Standings interface {
	// Standing returns all facts about the actor and the target. An actor or a project that
	// does not exist is unknown in the answer, never an error; the same holds for a project
	// that is going to be deleted. A path may lead to a wiki, or to a project that moved.
	Standing(ctx context.Context, q source.Inquiry) (source.Standing, error)
}

// Repositories reads repositories. Of a project ID, Path, Storage and LegacyPath count.
// Each method fails with domain.NotFound if the repository, or what is asked for in it,
// does not exist, and with domain.Unavailable if Gitaly is unreachable or late.
type Repositories interface {
	// HasBranches says whether the repository has any branch.
	HasBranches(ctx context.Context, p source.Project) (bool, error)
	// Branch returns the branch of that short name.
	Branch(ctx context.Context, p source.Project, name string) (Branch, error)
	// Branches returns the branches of the query in its order, and how many it picks,
	// MostListed at most. A repository without branches has an empty list.
	Branches(ctx context.Context, p source.Project, q BranchQuery) ([]Branch, int, error)
}

// Contents reads what commits hold. Its methods fail as those of Repositories do.
type Contents interface {
	// Commit returns the commit that a revision leads to: an object, a branch or tag by
	// its short or full name, or HEAD.
	Commit(ctx context.Context, p source.Project, revision string) (Commit, error)
	// LastCommitOf returns the last commit up to that one which changed the path.
	LastCommitOf(ctx context.Context, p source.Project, commit source.ObjectID, path string) (Commit, error)
	// Blob opens the file at a path. A folder is no file.
	Blob(ctx context.Context, p source.Project, commit source.ObjectID, path string) (Blob, error)
	// Tree returns the entries of the query, folders first, and how many it picks,
	// MostListed at most.
	Tree(ctx context.Context, p source.Project, q TreeQuery) ([]Entry, int, error)
}

// Committer creates commits.
type Committer interface {
	// CommitFiles creates a commit and returns its number. Gitaly asks this server
	// meanwhile whether the committer may push. A Refusal says why there is no commit.
	CommitFiles(ctx context.Context, p source.Project, commit source.NewCommit) (source.ObjectID, error)
}
