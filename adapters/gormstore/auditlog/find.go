package auditlog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed" // for the queries
	"iter"
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

// page is how many events are read at once.
const page = 200

// Find implements inventory.Records. It reads the numbers of the events, and then the
// events page by page: no transaction lasts as long as whoever takes them.
func Find(ctx context.Context, db *gorm.DB, f inventory.AuditFilter) iter.Seq2[inventory.Record, error] {
	return func(yield func(inventory.Record, error) bool) {
		ids, err := find(ctx, db, f)
		if err != nil { // the numbers that it found before are not all
			yield(nil, err)
			return
		}
		for ids := range slices.Chunk(ids, page) {
			rows, err := readPage(ctx, db, ids)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range rows {
				e, err := row.Columns.event()
				if err != nil {
					yield(nil, database.Fault(err, "audit event %d", row.ID))
					return
				}
				if !yield(inventory.AuditRecord(row.ID, e), nil) {
					return
				}
			}
		}
	}
}

func readPage(ctx context.Context, db *gorm.DB, ids []int64) (rows []kept, err error) {
	err = db.WithContext(ctx).Table("audit_events").Where("id IN ?", ids).Order("id").Find(&rows).Error
	return rows, err
}

// find returns the numbers of the events that the filter picks, in order.
func find(ctx context.Context, db *gorm.DB, f inventory.AuditFilter) (ids []int64, err error) {
	query, err := Query(ctx, db, f)
	if err != nil {
		return nil, err
	}
	err = query.Scan(&ids).Error
	slices.Sort(ids)
	return ids, err
}

// Query returns the query for the numbers of those events.
func Query(ctx context.Context, db *gorm.DB, f inventory.AuditFilter) (query *gorm.DB, err error) {
	db = db.WithContext(ctx)
	query = db.Table("audit_events").Select("id")
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
	if f.Limit > 0 || !f.Since.IsZero() || !f.Until.IsZero() {
		query = query.Order("at DESC, id DESC") // also where the order does not count: the index is for it
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
	return query.Where("id IN (?)", db.Raw(ofUser, sql.Named("id", id), sql.Named("name", rawBytes(user)), sql.Named("prefix", indexed(user)))), nil
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
	var repositories, prefixes []rawBytes
	for _, name := range append(inventory.RepositoriesOf(id), project) {
		repositories, prefixes = append(repositories, rawBytes(name)), append(prefixes, indexed(name))
	}
	return query.Where("id IN (?)", db.Raw(ofProject, sql.Named("repositories", repositories), sql.Named("prefixes", prefixes),
		sql.Named("id", id), sql.Named("path", rawBytes(project)), sql.Named("prefix", indexed(project)))), nil
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
