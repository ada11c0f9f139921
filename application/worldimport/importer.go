package worldimport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// importer imports one world in one transaction.
type importer struct {
	tx               Tx
	world            World
	branchProtection source.BranchProtection
	now              time.Time
	// repositoryJob creates the repository of a new project; empty for none.
	repositoryJob application.JobKind

	mistakes Mistakes
	// failure is the first error of the store; after it the importer does
	// nothing.
	failure error
	// users, groups and projects are the numbers that were looked up; 0 for one
	// that does not exist.
	users    map[string]identity.UserID
	groups   map[string]source.NamespaceID
	projects map[string]source.ProjectID
	// billed are namespaces of either kind, nested those that are not on top.
	billed map[string]source.NamespaceID
	nested map[source.NamespaceID]bool
	// failed are the entries that have a mistake, so that those who refer to
	// them are not blamed.
	failed map[string]bool
	// numbers are those that groups ask for, levels the protection that groups
	// want for the default branches of their projects.
	numbers map[source.NamespaceID]bool
	levels  map[string]source.BranchProtection
	// imported are the projects that this import has put.
	imported []importedProject
}

func newImporter(tx Tx, w World, level source.BranchProtection, now time.Time) *importer {
	i := &importer{
		tx: tx, world: w, branchProtection: level, now: now,
		users:    make(map[string]identity.UserID),
		groups:   make(map[string]source.NamespaceID),
		projects: make(map[string]source.ProjectID),
		billed:   make(map[string]source.NamespaceID),
		nested:   make(map[source.NamespaceID]bool),
		failed:   make(map[string]bool),
		numbers:  make(map[source.NamespaceID]bool),
		levels:   make(map[string]source.BranchProtection),
	}
	for _, g := range w.Groups {
		i.numbers[g.Namespace.ID] = true
		if g.DefaultBranchProtection != nil {
			i.levels[source.Path(g.Namespace.Path).Fold()] = *g.DefaultBranchProtection
		}
	}
	return i
}

// each puts entries until the store fails.
func each[T any](ctx context.Context, i *importer, entries []T, put func(context.Context, T)) {
	for _, e := range entries {
		if i.failure != nil {
			return
		}
		put(ctx, e)
	}
}

func (i *importer) mistake(line int, format string, args ...any) {
	i.mistakes = append(i.mistakes, Mistake{line, fmt.Sprintf(format, args...)})
}

// fail makes a mistake of the entry of that kind and name.
func (i *importer) fail(line int, kind, name, why string) {
	i.failed[kind+" "+identity.Fold(name)] = true
	i.mistake(line, "%s %q: %s", kind, name, why)
}

// invalid makes a mistake of each refusal that is not nil, and says whether
// there is one. World files are read with the same checks, all at once; here
// they are for worlds that come from elsewhere.
func (i *importer) invalid(line int, kind, name string, checks ...*domain.Refusal) bool {
	found := false
	for _, refusal := range checks {
		if refusal != nil {
			i.fail(line, kind, name, refusal.Message)
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

// missingParents says which parent does not exist, by kind.
var missingParents = map[string]string{
	"group":   "there is no group above it",
	"project": "there is no group or user that it could be in",
}

// checkPut says whether a Put succeeded. Of a conflict and of a domain.NotFound
// it makes a mistake.
func (i *importer) checkPut(err error, line int, kind, name string) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, domain.Conflict):
		i.fail(line, kind, name, cmp.Or(conflicts[kind], "it contradicts what is already there"))
	case errors.Is(err, domain.NotFound):
		i.fail(line, kind, name, cmp.Or(missingParents[kind], "it refers to what is not there"))
	default:
		i.failure = err
	}
	return false
}

// userID returns the number of a user who is referred to.
func (i *importer) userID(ctx context.Context, line int, username string) (identity.UserID, bool) {
	return find(ctx, i, i.users, line, "user", username, i.tx.Users.ID)
}

// optionalUserID is 0 for an empty name.
func (i *importer) optionalUserID(ctx context.Context, line int, username string) (identity.UserID, bool) {
	if username == "" {
		return 0, true
	}
	return i.userID(ctx, line, username)
}

func (i *importer) groupID(ctx context.Context, line int, path string) (source.NamespaceID, bool) {
	return find(ctx, i, i.groups, line, "group", path, i.tx.Namespaces.GroupID)
}

func (i *importer) projectID(ctx context.Context, line int, path string) (source.ProjectID, bool) {
	return find(ctx, i, i.projects, line, "project", path, i.tx.Projects.ID)
}

// memberSource returns the group or project of a membership, share or hook.
func (i *importer) memberSource(ctx context.Context, line int, group, project string) (in source.MemberSource, ok bool) {
	if group != "" {
		in.Group, ok = i.groupID(ctx, line, group)
	} else {
		in.Project, ok = i.projectID(ctx, line, project)
	}
	return in, ok
}

// find returns the number of a name that an entry refers to, looked up once. A
// name that does not exist is a mistake.
func find[ID ~int64](
	ctx context.Context, i *importer, ids map[string]ID, line int, kind, name string,
	ask func(context.Context, string) (ID, error),
) (ID, bool) {
	if i.failure != nil {
		return 0, false
	}
	fold := identity.Fold(name)
	id, known := ids[fold]
	if !known {
		var err error
		if id, err = ask(ctx, name); err != nil && !errors.Is(err, domain.NotFound) {
			i.failure = err
			return 0, false
		}
		ids[fold] = id
	}
	if id == 0 && !i.failed[kind+" "+fold] {
		i.mistake(line, "there is no %s %q", kind, name)
	}
	return id, id != 0
}
