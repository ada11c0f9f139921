package source

import "time"

// Commit is what there is to tell about one commit.
type Commit struct {
	ID ObjectID
	// Title is the first line of Message. Texts that are no UTF-8 are mended.
	Title, Message string
	// At is when it was committed, in the zone of the committer.
	At                      time.Time
	AuthorName, AuthorEmail string
	// Added, Modified and Removed are the paths that differ from the first
	// parent; all, where there is none.
	Added, Modified, Removed []string
}

// Span is a part of history: what can be reached from To and not from From.
// Both are commits or full names of refs; an empty From leaves nothing out.
type Span struct{ From, To string }
