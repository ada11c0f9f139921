package worldimport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// mode is what an importer does with the entries that it is given.
type mode uint8

const (
	// whole puts all entries of a world.
	whole mode = iota
	// checking puts those that change something, on a scratch, and notes what.
	checking
	// writing puts some of those, in a transaction of several.
	writing
)

// importer imports entries of one world in one transaction.
type importer struct {
	tx   Tx
	mode mode
	// step is the entry that is being imported.
	step *step
	// touched are the steps that have put a row, by kind and number of the row.
	touched map[string]*step
	// freed are the steps that have taken an e-mail from a user, by the e-mail in lower
	// case.
	freed map[string]*step

	branchProtection source.BranchProtection
	now              time.Time
	// repositoryJob creates the repository of a new project; empty for none.
	repositoryJob application.JobKind

	// cause is who imports, events are those of what was put.
	cause  audit.Cause
	events []audit.Event

	mistakes Mistakes
	// failure is the first error of the store; after it the importer does
	// nothing.
	failure error
	// users, groups and projects are the numbers that were looked up; 0 for one
	// that does not exist.
	users    map[string]identity.UserID
	groups   map[string]source.NamespaceID
	projects map[string]source.ProjectID
	// billed are namespaces of either kind, nested those that are not on top, payers
	// the groups and users that they are.
	billed map[string]source.NamespaceID
	nested map[source.NamespaceID]bool
	payers map[source.NamespaceID]audit.Object
	// failed are the entries that have a mistake, by name and by number, so that
	// those who refer to them are not blamed.
	failed map[string]bool
	// numbers are those that groups ask for, with their paths.
	numbers map[source.NamespaceID]string
	// protecting are the groups of the world that say how default branches are protected,
	// by path; defaults are what was found to hold in groups.
	protecting map[string]*Group
	defaults   map[string]source.BranchDefaults
	// imported are the projects whose entries this import has seen, by path.
	imported map[string]importedProject
}

func (i *Importer) importerOn(tx Tx, mode mode, w World) *importer {
	on := newImporter(tx, mode, w, i.protection, i.repositoryJob, i.now())
	on.cause = i.cause
	return on
}

func newImporter(tx Tx, mode mode, w World, level source.BranchProtection, job application.JobKind, now time.Time) *importer {
	i := &importer{
		tx: tx, mode: mode, branchProtection: level, repositoryJob: job, now: now,
		touched:    make(map[string]*step),
		freed:      make(map[string]*step),
		imported:   make(map[string]importedProject),
		users:      make(map[string]identity.UserID),
		groups:     make(map[string]source.NamespaceID),
		projects:   make(map[string]source.ProjectID),
		billed:     make(map[string]source.NamespaceID),
		nested:     make(map[source.NamespaceID]bool),
		payers:     make(map[source.NamespaceID]audit.Object),
		failed:     make(map[string]bool),
		numbers:    make(map[source.NamespaceID]string),
		protecting: make(map[string]*Group),
		defaults:   make(map[string]source.BranchDefaults),
		mistakes:   slices.Clone(w.Mistakes),
	}
	for at := range w.Groups {
		g := &w.Groups[at]
		i.numbers[g.Namespace.ID] = g.Namespace.Path
		if g.Gives("default_branch_protection") || g.Gives("settings") {
			i.protecting[source.Path(g.Namespace.Path).Fold()] = g
		}
	}
	return i
}

// run puts the entries in order.
func (i *importer) run(ctx context.Context, steps []*step) error {
	for _, s := range steps {
		i.put(ctx, s)
	}
	return i.err()
}

// put puts an entry, unless the store has failed.
func (i *importer) put(ctx context.Context, s *step) {
	if i.failure != nil {
		return
	}
	i.step = s
	if s.malformed {
		for _, name := range append(s.defines, numberRef(s.kind, s.number)) {
			i.failed[name] = true
		}
	}
	s.put(ctx, i)
}

// err returns the error of the store, or all mistakes.
func (i *importer) err() error {
	switch {
	case i.failure != nil:
		return i.failure
	case len(i.mistakes) > 0:
		return i.mistakes.Sorted()
	}
	return nil
}

// load reads the row that an entry would update. Exists is false for a new one; ok is
// false for a malformed entry, and once the store has failed.
func load[Row any](i *importer, read func() (Row, error)) (kept Row, exists, ok bool) {
	if i.failure != nil || i.step.malformed {
		return kept, false, false
	}
	row, err := read()
	switch {
	case err == nil:
		return row, true, true
	case errors.Is(err, domain.NotFound):
		return kept, false, true
	}
	i.failure = err
	return kept, false, false
}

// changes says whether the entry is to be put. It notes in the step what the entry
// changes. Unless all are put, it is false for one that changes nothing, or nothing any
// more since the check. A new row that asks for a number which was taken after the check
// is a mistake. A row that does not exist was compared with one of which everything is
// zero.
func (i *importer) changes(exists bool, compared comparison) bool {
	s := i.step
	if i.mode == writing && exists && s.effect.has(fresh) && s.number != 0 {
		i.fail(s.line, s.kind, s.name, fmt.Sprintf("id %d was taken meanwhile", s.number))
		return false
	}
	if !exists {
		compared = comparison{effect: fresh, values: compared.values}
	}
	s.comparison = compared
	return i.mode == whole || s.effect != 0
}

// touch notes in a check that the entry has put a row. If an earlier entry has put
// the same one, their order counts, and they go together.
func (i *importer) touch(kind string, id int64) {
	row := kind + " " + strconv.FormatInt(id, 10)
	if earlier, again := i.touched[row]; again && earlier != i.step {
		earlier.effect |= moves
		i.step.effect |= moves
	}
	i.touched[row] = i.step
}

func (i *importer) mistake(line int, format string, args ...any) {
	i.mistakes = append(i.mistakes, Mistake{line, fmt.Sprintf(format, args...)})
}

// fail makes a mistake of the entry of that kind and name.
func (i *importer) fail(line int, kind, name, why string) {
	i.skip(kind, name)
	i.mistake(line, "%s %q: %s", kind, name, why)
}

// skip notes that an entry is not applied, so that no other one is blamed for that.
func (i *importer) skip(kind, name string) {
	i.failed[kind+" "+identity.Fold(name)] = true
	i.failed[numberRef(i.step.kind, i.step.number)] = true
}

// follows says whether what has that name may be unknown because an entry has a mistake:
// the one of that name, one above it, or a malformed one without a name. The kind
// "namespace" is that of a group or user.
func (i *importer) follows(kind, name string) bool {
	kinds := []string{kind}
	if kind == "namespace" {
		kinds = []string{"user", "group"}
	}
	for _, kind := range kinds {
		if i.failed[kind+" "] || i.failed[kind+" "+identity.Fold(name)] {
			return true
		}
	}
	for at := source.Path(name).Parent(); at != ""; at = at.Parent() {
		if i.failed["user "+at.Fold()] || i.failed["group "+at.Fold()] {
			return true
		}
	}
	return false
}

// invalid makes a mistake of each refusal that is not nil, and says whether
// there is one. World files are read with the same checks, all at once; here
// they are for worlds that come from elsewhere.
func (i *importer) invalid(line int, kind, name string, checks ...*domain.Refusal) bool {
	found := false
	for _, refusal := range checks {
		if refusal != nil && !i.step.malformed {
			i.fail(line, kind, name, refusal.Message)
			found = true
		}
	}
	return found
}

// checkPut says whether a Put succeeded. Of a Refusal, of a conflict and of a
// domain.NotFound it makes a mistake.
func (i *importer) checkPut(err error, line int, kind, name string) bool {
	refusal, explained := errors.AsType[*domain.Refusal](err)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errFollows):
		i.skip(kind, name)
	case explained:
		i.fail(line, kind, name, refusal.Message)
	case errors.Is(err, domain.Conflict):
		i.fail(line, kind, name, "it contradicts what is already there")
	case errors.Is(err, domain.NotFound):
		i.fail(line, kind, name, "it refers to what is not there")
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
// name that does not exist is a mistake, unless it follows from another one.
func find[ID ~int64](
	ctx context.Context, i *importer, ids map[string]ID, line int, kind, name string,
	ask func(context.Context, string) (ID, error),
) (ID, bool) {
	if i.failure != nil || name == "" && i.step.malformed {
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
	if id == 0 && !i.follows(kind, name) {
		i.mistake(line, "there is no %s %q", kind, name)
	}
	return id, id != 0
}
