package source

import "time"

// Commit is a commit as events show it.
type Commit struct {
	ID ObjectID
	// Title is the first line of Message. Invalid UTF-8 is replaced.
	Title, Message string
	// At is when it was committed, in the zone of the committer.
	At                      time.Time
	AuthorName, AuthorEmail string
	// Added, Modified and Removed are the paths that differ from the first
	// parent; all, where there is none.
	Added, Modified, Removed []string
}

// Span is a range of commits: those that are reachable from To and not from
// From. Both are commits or full names of refs; an empty From leaves nothing
// out.
type Span struct{ From, To string }
