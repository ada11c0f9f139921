package hooks

import (
	"strings"
	"time"

	"gatehouse/domain/source"
)

// TestName and TestID are the short name of the ref and the object of a placeholder
// event. No repository has them.
const (
	TestName                 = "gatehouse-hook-test"
	TestID   source.ObjectID = "7e577e577e577e577e577e577e577e577e577e57"
)

// NewTestEvent returns the event of a test: the push of the last commit of a branch, as
// if nothing else had been pushed.
func NewTestEvent(p source.Project, branch string, last source.Commit) Event {
	ref := source.Ref{Kind: source.Branch, Name: branch}
	before := last.Parent
	if before == "" {
		before = source.ObjectID(strings.Repeat("0", len(last.ID)))
	}
	return Event{
		Change: source.Change{Old: before, New: last.ID, Ref: ref}, Protected: p.Protects(ref), Checkout: last.ID,
		Project: p, Commits: []source.Commit{last}, Total: 1,
	}
}

// NewPlaceholderEvent returns an event of a test that gives a receiver nothing to do: it
// is about a branch or tag TestName that neither came nor went nor changed, and asks in
// each way that is in use not to be built.
func NewPlaceholderEvent(p source.Project, kind source.RefKind, now time.Time) Event {
	const title = "Test of a webhook"
	ref := source.Ref{Kind: kind, Name: TestName}
	return Event{
		Change: source.Change{Old: TestID, New: TestID, Ref: ref}, Protected: p.Protects(ref), Checkout: TestID, Project: p,
		Commits: []source.Commit{{
			ID: TestID, Parent: TestID, Title: title, Message: title + "\n\nThere is no such commit. [skip ci] [ci skip] [ci-skip]\n", At: now, AuthorName: "Gatehouse",
		}},
		Total: 1, Options: []string{"ci.skip"},
	}
}
