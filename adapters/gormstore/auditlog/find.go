package auditlog

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed" // for the queries
	"slices"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/inventory"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

//go:embed of_user.sql
var ofUser string

//go:embed of_project.sql
var ofProject string

// kept is a row of audit_events.
type kept struct {
	ID      int64
	Columns columns `gorm:"embedded"`
}

// prefix is how much of a text is in an index.
const prefix = 200

// Find returns the records of the events that the filter picks, in order.
func Find(ctx context.Context, db *gorm.DB, f inventory.AuditFilter) ([]inventory.Record, error) {
	query, err := Query(ctx, db, f)
	if err != nil {
		return nil, err
	}
	var rows []kept
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b kept) int { return cmp.Compare(a.ID, b.ID) })
	records := make([]inventory.Record, len(rows))
	for i, row := range rows {
		e, err := row.Columns.event()
		if err != nil {
			return nil, database.Fault(err, "audit event %d", row.ID)
		}
		records[i] = inventory.AuditRecord(row.ID, e)
	}
	return records, nil
}

// Query returns the query for the rows of those events, the newest first.
func Query(ctx context.Context, db *gorm.DB, f inventory.AuditFilter) (query *gorm.DB, err error) {
	db = db.WithContext(ctx)
	query = db.Table("audit_events").Order("at DESC, id DESC")
	if !f.Since.IsZero() {
		query = query.Where("at >= ?", database.ToInstant(f.Since))
	}
	if !f.Until.IsZero() {
		query = query.Where("at < ?", database.ToInstant(f.Until))
	}
	if f.Refused {
		query = query.Where("outcome = '" + string(audit.Refused) + "'") // not an argument: the index is for this outcome
	}
	if f.Limit > 0 {
		query = query.Limit(f.Limit)
	}
	if f.User != "" {
		if query, err = byUser(db, query, f.User); err != nil {
			return nil, err
		}
	}
	if f.Project != "" {
		return byProject(db, query, f.Project)
	}
	return query, nil
}

// byUser picks the events of a user: by the number, that of the account which has the
// name now, or the name that was written with the event.
func byUser(db, query *gorm.DB, user string) (*gorm.DB, error) {
	id, _ := identity.ParseID(user)
	if id == 0 {
		var err error
		if id, err = number(db, "SELECT id FROM users WHERE lower(username) = lower(?)", user); err != nil {
			return nil, err
		}
	}
	return query.Where("id IN (?)", db.Raw(ofUser, sql.Named("id", id), sql.Named("name", indexed(user)))), nil
}

// byProject picks the events of a project: by its gl_repository, the path that it has
// now, or the path or repository that was written with the event.
func byProject(db, query *gorm.DB, project string) (*gorm.DB, error) {
	repository, named := source.ParseRepositoryID(project)
	id := repository.ID
	if !named {
		var err error
		if id, err = number(db, "SELECT project_id FROM routes WHERE path = ? AND project_id IS NOT NULL", identity.Fold(project)); err != nil {
			return nil, err
		}
	}
	repositories := []rawBytes{indexed(project)}
	for _, name := range inventory.RepositoriesOf(id) {
		repositories = append(repositories, rawBytes(name))
	}
	return query.Where("id IN (?)", db.Raw(ofProject, sql.Named("repositories", repositories), sql.Named("id", id), sql.Named("path", indexed(project)))), nil
}

// number returns the number that a query for a text finds, or 0.
func number(db *gorm.DB, query, text string) (id int64, err error) {
	if !database.Storable(text) {
		return 0, nil
	}
	return id, db.Raw(query, text).Scan(&id).Error
}

// indexed is the part of a text that is in an index.
func indexed(text string) rawBytes { return rawBytes(text[:min(len(text), prefix)]) }

// rawBytes is an argument of bytes: gorm takes plain ones for a list.
type rawBytes []byte

// Value implements driver.Valuer.
func (b rawBytes) Value() (driver.Value, error) { return []byte(b), nil }
