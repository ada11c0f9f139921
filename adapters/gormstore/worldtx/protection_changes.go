package worldtx

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application/protections"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// replaceProtections makes the protections of a project the given ones, of which no two
// are of one kind and pattern. Rows that stay keep their numbers.
func (w *writer) replaceProtections(ctx context.Context, project int64, all []source.Protection) error {
	kept, err := w.keptProtections(ctx, project)
	if err != nil {
		return err
	}
	for _, old := range kept {
		if !slices.ContainsFunc(all, old.SameRefs) {
			if err := w.exec(ctx, "DELETE FROM protections WHERE id = ?", old.ID); err != nil {
				return err
			}
		}
	}
	for _, p := range all {
		if at := slices.IndexFunc(kept, p.SameRefs); at < 0 {
			_, err = w.insertProtection(ctx, project, p.Numbered(source.Protection{}))
		} else {
			err = w.updateProtection(ctx, kept[at], p.Numbered(kept[at]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// updateProtection writes what differs from the old protection. Entries are known by their
// numbers.
func (w *writer) updateProtection(ctx context.Context, old, p source.Protection) error {
	if p.Equal(old) {
		return nil
	}
	w.written++
	err := w.exec(ctx, "UPDATE protections SET allow_force_push = ?, updated_at = ? WHERE id = ?", p.AllowForcePush, database.ToInstant(p.UpdatedAt), old.ID)
	for _, verb := range source.ProtectionVerbs(old.Kind) {
		if err == nil {
			err = w.updateEntries(ctx, *old.Entries(verb), entryRows(p, verb))
		}
	}
	return err
}

func (w *writer) updateEntries(ctx context.Context, old []source.Access, rows []entryRow) error {
	var fresh []entryRow
	stays := map[int64]bool{}
	for _, row := range rows {
		stays[row.ID] = true
		switch at := slices.IndexFunc(old, func(a source.Access) bool { return a.ID == row.ID }); {
		case at < 0:
			fresh = append(fresh, row)
		case !old[at].Same(row.access()):
			err := w.exec(ctx, "UPDATE protection_entries SET level = ?, user_id = ?, group_id = ?, key_id = ? WHERE id = ?",
				row.Level, row.UserID, row.GroupID, row.KeyID, row.ID)
			if err != nil {
				return err
			}
		}
	}
	for _, a := range old {
		if !stays[a.ID] {
			if err := w.exec(ctx, "DELETE FROM protection_entries WHERE id = ?", a.ID); err != nil {
				return err
			}
		}
	}
	return w.insertEntries(ctx, fresh)
}

// protectionPorts returns the ports of protections.
func (w *writer) protectionPorts() protections.Tx {
	tx := protectionsTx{w}
	return protections.Tx{Protections: tx, Grantees: tx, Standings: w, Audit: w}
}

// protectionsTx implements the ports of protections.
type protectionsTx struct{ *writer }

// Protection implements protections.Protections.
func (w protectionsTx) Protection(ctx context.Context, in source.ProjectID, kind source.RefKind, pattern source.Pattern) (source.Protection, error) {
	p, err := w.protectionWhere(ctx, "project_id = ? AND kind = ? AND pattern = ?", int64(in), kindOfRef(kind), string(pattern))
	return p, database.Fault(err, "protection %q of project %d", pattern, in)
}

// protectionWhere returns the protection that a condition picks, with its entries.
func (w *writer) protectionWhere(ctx context.Context, condition string, args ...any) (source.Protection, error) {
	row, err := found(database.Find[protectionRow](ctx, w.tx, condition, args...))
	if err != nil {
		return source.Protection{}, err
	}
	entries, err := gorm.G[entryRow](w.tx).Where("protection_id = ?", row.ID).Order("id").Find(ctx)
	return row.protection(entries), err
}

// PutProtection implements protections.Protections.
func (w protectionsTx) PutProtection(ctx context.Context, in source.ProjectID, p source.Protection) (int64, error) {
	id, err := w.putProtection(ctx, int64(in), p)
	return id, database.Fault(err, "protection %q of project %d", p.Pattern, in)
}

func (w *writer) putProtection(ctx context.Context, project int64, p source.Protection) (int64, error) {
	if err := w.exists(ctx, projectTable, project); err != nil {
		return 0, err
	}
	for _, verb := range source.ProtectionVerbs(p.Kind) {
		for _, a := range *p.Entries(verb) {
			if err := w.granteeExists(ctx, a); err != nil {
				return 0, err
			}
		}
	}
	if p.ID == 0 {
		same, err := database.Find[protectionRow](ctx, w.tx, "project_id = ? AND kind = ? AND pattern = ?", project, kindOfRef(p.Kind), string(p.Pattern))
		if err == nil && same != nil {
			err = database.Conflict("there is protection %d", same.ID)
		}
		if err != nil {
			return 0, err
		}
		return w.insertProtection(ctx, project, p)
	}
	old, err := w.protectionWhere(ctx, "id = ? AND project_id = ?", p.ID, project)
	if err != nil {
		return 0, err
	}
	return p.ID, w.updateProtection(ctx, old, p)
}

// RemoveProtection implements protections.Protections.
func (w protectionsTx) RemoveProtection(ctx context.Context, id int64) error {
	removed := w.tx.WithContext(ctx).Exec("DELETE FROM protections WHERE id = ?", id)
	err := removed.Error
	if err == nil && removed.RowsAffected == 0 {
		err = gorm.ErrRecordNotFound
	}
	return database.Fault(err, "protection %d", id)
}

var (
	groupInProject = queries.Query("group_in_project")
	isGroupMember  = queries.Query("is_group_member")
)

// GroupHasAccess implements protections.Grantees.
func (w protectionsTx) GroupHasAccess(ctx context.Context, group source.NamespaceID, in source.ProjectID, now time.Time) (has bool, err error) {
	err = groupInProject.Raw(w.tx.WithContext(ctx),
		sql.Named("group", int64(group)), sql.Named("project", int64(in)), sql.Named("today", today(now)),
	).Row().Scan(&has)
	return has, database.Fault(err, "access of group %d to project %d", group, in)
}

// KeyCanPush implements protections.Grantees.
func (w protectionsTx) KeyCanPush(ctx context.Context, key identity.KeyID, in source.ProjectID) (bool, error) {
	row, err := database.Find[deployKeyProjectRow](ctx, w.tx, "key_id = ? AND project_id = ?", int64(key), int64(in))
	return row != nil && row.CanPush, database.Fault(err, "deploy key %d in project %d", key, in)
}

// IsMember implements protections.Grantees.
func (w protectionsTx) IsMember(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (is bool, err error) {
	err = isGroupMember.Raw(w.tx.WithContext(ctx),
		sql.Named("user", int64(user)), sql.Named("group", int64(group)), sql.Named("today", today(now)),
	).Row().Scan(&is)
	return is, database.Fault(err, "membership of user %d in group %d", user, group)
}
