package worldimport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// filing is the work on one world in one transaction.
type filing struct {
	to    Registry
	world World
	level source.BranchProtection
	seal  func(string) string
	now   time.Time
	// repositories says that new projects get a repository.
	repositories bool

	mistakes Mistakes
	// failure is the first error of the store; nothing is done behind it.
	failure error
	// users, groups and projects are what was looked up; 0 stands for none.
	users    map[string]identity.UserID
	groups   map[string]source.NamespaceID
	projects map[string]source.ProjectID
	// payers are namespaces of either kind, nested those that are not on top.
	payers map[string]source.NamespaceID
	nested map[source.NamespaceID]bool
	// spoiled are the entries that have a mistake, so that those who refer to
	// them are not blamed.
	spoiled map[string]bool
	// numbers are those that groups ask for, levels the protection that groups
	// want for the default branches of their projects.
	numbers map[source.NamespaceID]bool
	levels  map[string]source.BranchProtection
	// filed are the projects that were kept.
	filed []filed
}

func newFiling(to Registry, w World, level source.BranchProtection, seal func(string) string, now time.Time) *filing {
	f := &filing{
		to: to, world: w, level: level, seal: seal, now: now,
		users:    make(map[string]identity.UserID),
		groups:   make(map[string]source.NamespaceID),
		projects: make(map[string]source.ProjectID),
		payers:   make(map[string]source.NamespaceID),
		nested:   make(map[source.NamespaceID]bool),
		spoiled:  make(map[string]bool),
		numbers:  make(map[source.NamespaceID]bool),
		levels:   make(map[string]source.BranchProtection),
	}
	for _, g := range w.Groups {
		f.numbers[g.Namespace.ID] = true
		if g.DefaultBranchProtection != nil {
			f.levels[source.Path(g.Namespace.Path).Fold()] = *g.DefaultBranchProtection
		}
	}
	return f
}

// each files entries until the store fails.
func each[T any](ctx context.Context, f *filing, entries []T, put func(context.Context, T)) {
	for _, e := range entries {
		if f.failure != nil {
			return
		}
		put(ctx, e)
	}
}

func (f *filing) mistake(line int, format string, args ...any) {
	f.mistakes = append(f.mistakes, Mistake{line, fmt.Sprintf(format, args...)})
}

// spoil makes a mistake of the entry of that kind and name.
func (f *filing) spoil(line int, kind, name, why string) {
	f.spoiled[kind+" "+strings.ToLower(name)] = true
	f.mistake(line, "%s %q: %s", kind, name, why)
}

// wrong makes mistakes of what the domain refuses of an entry in itself, nil
// for nothing, and says whether there is any. World files are read with the
// same checks, all at once; here they are for worlds that come from elsewhere.
func (f *filing) wrong(line int, kind, name string, checks ...*domain.Refusal) bool {
	found := false
	for _, refusal := range checks {
		if refusal != nil {
			f.spoil(line, kind, name, refusal.Message)
			found = true
		}
	}
	return found
}

// conflicts say what a conflict means, by kind.
var conflicts = map[string]string{
	"user":           "the name, or a number that it asks for, is taken",
	"group":          "the path or the number is taken, or the group would be below itself",
	"project":        "the path or the number is taken",
	"key":            "the number or the key itself is taken by another key",
	"deploy key":     "the number or the key itself is taken by another key",
	"protections of": "two have the same name",
	"agent":          "the name in the project or the number is taken",
	"hook":           "the same URL has another number there",
}

// missing says what is not there, by kind.
var missing = map[string]string{
	"group":   "there is no group above it",
	"project": "there is no group or user that it could be in",
}

// kept says whether a Put succeeded. Of a conflict and of something missing it
// makes a mistake.
func (f *filing) kept(err error, line int, kind, name string) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, domain.Conflict):
		f.spoil(line, kind, name, cmp.Or(conflicts[kind], "it contradicts what is already there"))
	case errors.Is(err, domain.NotFound):
		f.spoil(line, kind, name, cmp.Or(missing[kind], "it refers to what is not there"))
	default:
		f.failure = err
	}
	return false
}

// userID returns the number of a user who is referred to.
func (f *filing) userID(ctx context.Context, line int, username string) (identity.UserID, bool) {
	return find(ctx, f, f.users, line, "user", username, f.to.Users.UserID)
}

// optionalUserID is 0 for an empty name.
func (f *filing) optionalUserID(ctx context.Context, line int, username string) (identity.UserID, bool) {
	if username == "" {
		return 0, true
	}
	return f.userID(ctx, line, username)
}

func (f *filing) groupID(ctx context.Context, line int, path string) (source.NamespaceID, bool) {
	return find(ctx, f, f.groups, line, "group", path, f.to.Namespaces.GroupID)
}

func (f *filing) projectID(ctx context.Context, line int, path string) (source.ProjectID, bool) {
	return find(ctx, f, f.projects, line, "project", path, f.to.Projects.ProjectID)
}

// holder returns what a membership or share is of.
func (f *filing) holder(ctx context.Context, line int, group, project string) (in Holder, ok bool) {
	if group != "" {
		in.Group, ok = f.groupID(ctx, line, group)
	} else {
		in.Project, ok = f.projectID(ctx, line, project)
	}
	return in, ok
}

// find looks a reference up, each name once.
func find[ID ~int64](
	ctx context.Context, f *filing, found map[string]ID, line int, kind, name string,
	ask func(context.Context, string) (ID, error),
) (ID, bool) {
	if f.failure != nil {
		return 0, false
	}
	fold := strings.ToLower(name)
	id, asked := found[fold]
	if !asked {
		var err error
		if id, err = ask(ctx, name); err != nil && !errors.Is(err, domain.NotFound) {
			f.failure = err
			return 0, false
		}
		found[fold] = id
	}
	if id == 0 && !f.spoiled[kind+" "+fold] {
		f.mistake(line, "there is no %s %q", kind, name)
	}
	return id, id != 0
}
