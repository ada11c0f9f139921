package source

import "time"

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
