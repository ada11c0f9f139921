package worldtx

import (
	"context"
	"slices"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/source"
)

// replaceProtections makes the protections of a project the given ones, of which no two
// are of one kind and pattern. Rows that stay keep their numbers.
func (w *writer) replaceProtections(ctx context.Context, project int64, protections []source.Protection) error {
	kept, err := w.keptProtections(ctx, project)
	if err != nil {
		return err
	}
	for _, old := range kept {
		if !slices.ContainsFunc(protections, old.SameRefs) {
			if err := w.exec(ctx, "DELETE FROM protections WHERE id = ?", old.ID); err != nil {
				return err
			}
		}
	}
	for _, p := range protections {
		if at := slices.IndexFunc(kept, p.SameRefs); at < 0 {
			err = w.insertProtection(ctx, project, p.Numbered(source.Protection{}))
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
