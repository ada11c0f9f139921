package gormstore

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// eventForm is the version of the form in which events are written.
const eventForm = 1

// eventRow is an event as hook_deliveries keeps it: what a delivery needs. The
// tags lie in databases, so they stay when the domain changes its names.
//
// Version 0 is the form without a version, which earlier releases wrote. It has
// more members, and the same names but for the letter case, which encoding/json
// ignores. So this row reads both forms, and the release before this one reads
// both too. The next release may drop the unversioned form, once its migration
// has rewritten what is left.
type eventRow struct {
	Version   int           `json:"v"`
	Change    eventChange   `json:"change"`
	Protected bool          `json:"protected"`
	Checkout  string        `json:"checkout"`
	Message   string        `json:"message,omitempty"`
	User      eventUser     `json:"user"`
	Project   eventProject  `json:"project"`
	Commits   []eventCommit `json:"commits"`
	Total     int           `json:"total"`
	Options   []string      `json:"options"`
}

type eventChange struct {
	Old string   `json:"old"`
	New string   `json:"new"`
	Ref eventRef `json:"ref"`
}

// eventRef has the place of its kind in refKinds.
type eventRef struct {
	Kind int    `json:"kind"`
	Name string `json:"name"`
}

// refKinds are the kinds of ref by their numbers in an event.
var refKinds = []source.RefKind{source.Other, source.Branch, source.Tag}

// eventUser has no email: earlier releases wrote it there whether or not the user
// wants it told, so it is not read either.
type eventUser struct {
	ID          int64  `json:"id"`
	Username    string `json:"username"`
	Name        string `json:"name"`
	PublicEmail string `json:"publicEmail,omitempty"`
}

type eventProject struct {
	ID            int64  `json:"id"`
	Path          string `json:"path"`
	Visibility    string `json:"visibility"`
	DefaultBranch string `json:"defaultBranch"`
}

type eventCommit struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Message     string    `json:"message"`
	At          time.Time `json:"at"`
	AuthorName  string    `json:"authorName"`
	AuthorEmail string    `json:"authorEmail"`
	Added       []string  `json:"added"`
	Modified    []string  `json:"modified"`
	Removed     []string  `json:"removed"`
}

// writeEvent returns the event as JSON. Bytes that are not UTF-8 become U+FFFD.
func writeEvent(e hooks.Event) ([]byte, error) {
	kind := slices.Index(refKinds, e.Change.Ref.Kind)
	if kind < 0 {
		return nil, fmt.Errorf("event: the kind of ref %q has no number", e.Change.Ref.Name)
	}
	row := eventRow{
		Version: eventForm,
		Change: eventChange{
			Old: string(e.Change.Old), New: string(e.Change.New),
			Ref: eventRef{kind, e.Change.Ref.Name},
		},
		Protected: e.Protected, Checkout: string(e.Checkout), Message: e.Message,
		User:    eventUser{int64(e.User.ID), e.User.Username, e.User.Name, e.User.PublicEmail},
		Project: eventProject{int64(e.Project.ID), e.Project.Path, string(e.Project.Visibility), e.Project.DefaultBranch},
		Total:   e.Total, Options: e.Options,
	}
	for _, c := range e.Commits {
		row.Commits = append(row.Commits, eventCommit{
			string(c.ID), c.Title, c.Message, c.At, c.AuthorName, c.AuthorEmail, c.Added, c.Modified, c.Removed,
		})
	}
	return json.Marshal(row)
}

// eventColumn scans an event of any form up to eventForm.
type eventColumn struct{ to *hooks.Event }

// Scan implements sql.Scanner.
func (c eventColumn) Scan(src any) error {
	var row eventRow
	if err := (database.JSON(&row)).Scan(src); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	if err := database.CheckForm(row.Version, eventForm); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	ref := row.Change.Ref
	if ref.Kind < 0 || ref.Kind >= len(refKinds) {
		return fmt.Errorf("event: %d is no kind of ref", ref.Kind)
	}
	*c.to = hooks.Event{
		Change: source.Change{
			Old: source.ObjectID(row.Change.Old), New: source.ObjectID(row.Change.New),
			Ref: source.Ref{Kind: refKinds[ref.Kind], Name: ref.Name},
		},
		Protected: row.Protected, Checkout: source.ObjectID(row.Checkout), Message: row.Message,
		User: identity.User{ID: identity.UserID(row.User.ID), Username: row.User.Username, Name: row.User.Name, PublicEmail: row.User.PublicEmail},
		Project: source.Project{
			ID: source.ProjectID(row.Project.ID), Path: row.Project.Path,
			Visibility: source.Visibility(row.Project.Visibility), DefaultBranch: row.Project.DefaultBranch,
		},
		Total: row.Total, Options: row.Options,
	}
	for _, r := range row.Commits {
		c.to.Commits = append(c.to.Commits, source.Commit{
			ID: source.ObjectID(r.ID), Title: r.Title, Message: r.Message, At: r.At,
			AuthorName: r.AuthorName, AuthorEmail: r.AuthorEmail, Added: r.Added, Modified: r.Modified, Removed: r.Removed,
		})
	}
	return nil
}
