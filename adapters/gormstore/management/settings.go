package management

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/instance"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// The names of the settings among the notes of the instance. The statements that decide read
// the first one by themselves.
const (
	BranchProtectionNote = "settings.default_branch_protection"
	RememberedNote       = "settings.remembered"
)

// Settings reads the settings of the instance.
type Settings struct{ db *database.DB }

// NewSettings returns the reader of the settings in a database.
func NewSettings(db *database.DB) *Settings { return &Settings{db} }

// Settings implements instance.Reader.
func (s *Settings) Settings(ctx context.Context) (instance.Settings, error) {
	return ReadSettings(ctx, s.db.Pool)
}

// ReadSettings reads the settings of the instance from a database or within a transaction.
func ReadSettings(ctx context.Context, from interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
},
) (out instance.Settings, err error) {
	defer func() { err = database.Fault(err, "settings of the instance") }()
	rows, err := from.QueryContext(ctx, "SELECT name, value FROM instance_notes WHERE name IN ($1, $2)", BranchProtectionNote, RememberedNote)
	if err != nil {
		return instance.Settings{}, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return instance.Settings{}, err
		}
		if name == RememberedNote {
			var values database.Object
			if err := values.Scan(value); err != nil {
				return instance.Settings{}, err
			}
			out.Remembered = remembered.Values(values)
			continue
		}
		level, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return instance.Settings{}, err
		}
		out.DefaultBranchProtection = new(source.BranchProtection(level))
	}
	return out, rows.Err()
}
