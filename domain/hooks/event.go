package hooks

import (
	"strings"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// MaxCommits is how many commits an event lists at most.
const MaxCommits = 20

// Event describes the push of one ref.
type Event struct {
	Change source.Change
	// Protected says whether the ref is.
	Protected bool
	// Checkout is the commit to check out; empty for a ref that was deleted.
	Checkout source.ObjectID
	// Message is that of an annotated tag; empty for none.
	Message string
	// User is the zero User if the pusher is not known, or gone.
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

// Pusher returns the user to name as the pusher. Receivers need a name: without a known
// user it is the ghost user, without a number, and a user without a name has the
// username for one.
func (e Event) Pusher() identity.User {
	pusher := e.User
	if !pusher.Known() {
		return identity.User{Username: "ghost", Name: "Ghost User", Type: identity.Ghost}
	}
	if strings.TrimSpace(pusher.Name) == "" {
		pusher.Name = pusher.Username
	}
	return pusher
}

// Delivery is an event on its way to a hook.
type Delivery struct {
	ID    int64
	Hook  Hook
	Event Event
	// EventID names the event. Key names this delivery; each attempt sends the
	// same one.
	EventID, Key string
	Turn         Turn
	// Missed is how many earlier events of the ref the hook has missed for good since
	// the last one that it accepted.
	Missed int
}

// Turn says whether a delivery may be sent. For each hook, those of one ref of a
// project are sent in the order of the pushes.
type Turn uint8

const (
	// TurnNow is that of a delivery that may be sent.
	TurnNow Turn = iota
	// TurnLater is that of one that waits for an earlier one, which is still to be sent.
	TurnLater
	// TurnSoon is that of one that waits for a later one, which is being sent: this one
	// had been given up.
	TurnSoon
	// TurnPassed is that of one that was given up, and a later one was accepted since:
	// it is never sent.
	TurnPassed
)
