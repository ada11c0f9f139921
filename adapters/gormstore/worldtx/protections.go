package worldtx

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

type protectionRow struct {
	ID             int64
	ProjectID      int64
	Kind           string
	Pattern        string
	AllowForcePush bool
	UpdatedAt      database.Instant `gorm:"autoUpdateTime:false"`
}

// TableName is gorm's name for the table.
func (protectionRow) TableName() string { return "protections" }

// entryRow is one entry of a protection.
type entryRow struct {
	ID           int64
	ProtectionID int64
	Verb         string
	Level        int64
	UserID       database.Ref
	GroupID      database.Ref
	KeyID        database.Ref
}

// TableName is gorm's name for the table.
func (entryRow) TableName() string { return "protection_entries" }

// The kinds of protected ref, as they are kept.
const (
	BranchKind = "branch"
	TagKind    = "tag"
)

func kindOfRef(kind source.RefKind) string {
	if kind == source.Tag {
		return TagKind
	}
	return BranchKind
}

func refKind(kept string) source.RefKind {
	if kept == TagKind {
		return source.Tag
	}
	return source.Branch
}

// PutProtections implements worldimport.Projects.
func (w projectsTx) PutProtections(ctx context.Context, id source.ProjectID, protections []source.Protection) error {
	return database.Fault(w.putProtections(ctx, int64(id), protections), "protections of project %d", id)
}

func (w *writer) putProtections(ctx context.Context, project int64, protections []source.Protection) error {
	if err := w.exists(ctx, projectTable, project); err != nil {
		return err
	}
	for i, p := range protections {
		if slices.ContainsFunc(protections[:i], func(o source.Protection) bool { return o.Kind == p.Kind && o.Pattern == p.Pattern }) {
			return database.Conflict("two of %q", p.Pattern)
		}
		for _, a := range slices.Concat(p.Push, p.Merge, p.Unprotect, p.Create) {
			if err := w.granteeExists(ctx, a); err != nil {
				return err
			}
		}
	}
	return w.replaceProtections(ctx, project, protections)
}

// granteeExists returns domain.NotFound if the user, group or deploy key
// of the entry does not exist.
func (w *writer) granteeExists(ctx context.Context, a source.Access) error {
	switch {
	case a.User != 0:
		return w.exists(ctx, users, int64(a.User))
	case a.Group != 0:
		return w.exists(ctx, groupTable, int64(a.Group))
	case a.DeployKey != 0:
		return w.exists(ctx, deployKeys, int64(a.DeployKey))
	}
	return nil
}

// insertProtection adds a protection and returns its number.
func (w *writer) insertProtection(ctx context.Context, project int64, p source.Protection) (int64, error) {
	row := protectionRow{ProjectID: project, Kind: kindOfRef(p.Kind), Pattern: string(p.Pattern), AllowForcePush: p.AllowForcePush, UpdatedAt: database.ToInstant(p.UpdatedAt)}
	if err := gorm.G[protectionRow](w.tx).Create(ctx, &row); err != nil {
		return 0, err
	}
	p.ID, w.written = row.ID, w.written+1
	var entries []entryRow
	for _, verb := range source.ProtectionVerbs(p.Kind) {
		entries = append(entries, entryRows(p, verb)...)
	}
	return p.ID, w.insertEntries(ctx, entries)
}

// entryRows returns new rows for the entries of a verb.
func entryRows(p source.Protection, verb source.ProtectionVerb) []entryRow {
	var rows []entryRow
	for _, a := range *p.Entries(verb) {
		rows = append(rows, entryRow{
			ID: a.ID, ProtectionID: p.ID, Verb: string(verb), Level: int64(a.Role),
			UserID: database.Ref(a.User), GroupID: database.Ref(a.Group), KeyID: database.Ref(a.DeployKey),
		})
	}
	return rows
}

func (w *writer) insertEntries(ctx context.Context, entries []entryRow) error {
	if len(entries) == 0 {
		return nil
	}
	return gorm.G[entryRow](w.tx).CreateInBatches(ctx, &entries, 500)
}

// keptProtections returns the protections of a project.
func (w *writer) keptProtections(ctx context.Context, project int64) ([]source.Protection, error) {
	rows, err := gorm.G[protectionRow](w.tx).Where("project_id = ?", project).Order("id").Find(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	entries, err := gorm.G[entryRow](w.tx).Where("protection_id IN (SELECT id FROM protections WHERE project_id = ?)", project).Order("id").Find(ctx)
	if err != nil {
		return nil, err
	}
	kept := make([]source.Protection, len(rows))
	for i, row := range rows {
		kept[i] = row.protection(entries)
	}
	return kept, nil
}

// protection returns the protection with those of the entries that are its own.
func (row protectionRow) protection(entries []entryRow) source.Protection {
	p := source.Protection{
		ID: row.ID, Kind: refKind(row.Kind), Pattern: source.Pattern(row.Pattern), AllowForcePush: row.AllowForcePush, UpdatedAt: row.UpdatedAt.Time,
	}
	for _, e := range entries {
		if accesses := p.Entries(source.ProtectionVerb(e.Verb)); e.ProtectionID == row.ID && accesses != nil {
			*accesses = append(*accesses, e.access())
		}
	}
	return p
}

func (row entryRow) access() source.Access {
	return source.Access{
		ID: row.ID, Role: source.Role(row.Level), User: identity.UserID(row.UserID), Group: source.NamespaceID(row.GroupID), DeployKey: identity.KeyID(row.KeyID),
	}
}
