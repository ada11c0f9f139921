package hooks

import (
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// MaxCommits is how many commits an event tells of.
const MaxCommits = 20

// Event is what receivers are told of one ref that was pushed.
type Event struct {
	Change source.Change
	// Protected says whether the ref is.
	Protected bool
	// Checkout is the commit to check out; empty for a ref that was deleted.
	Checkout source.ObjectID
	// User is unknown where nobody is.
	User    identity.User
	Project source.Project
	// Commits are the newest, MaxCommits at most, the oldest of them first;
	// Total counts all.
	Commits []source.Commit
	Total   int
	// Options are those of git push -o.
	Options []string
}

// Tag says whether a tag was pushed rather than a branch.
func (e Event) Tag() bool { return e.Change.Ref.Kind == source.Tag }

// Delivery is an event on its way to a hook.
type Delivery struct {
	ID    int64
	Hook  Hook
	Event Event
	// EventID names the event, Key this delivery: it stays however often it is
	// tried.
	EventID, Key string
}
