package database

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	modernc "modernc.org/sqlite"
)

// Copy returns a copy of an SQLite database as it is now, to change and throw away.
// It is a file for its owner alone, beside the database, and is removed before Copy
// returns, where the system allows that of an open file, or else by Close. Reading it
// keeps no writer waiting. It takes as long as copying the file.
func (db *DB) Copy(ctx context.Context) (*DB, error) {
	var path string
	err := db.Pool.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".scratch-*")
	if err != nil {
		return nil, err
	}
	name := file.Name()
	copied, err := db.copyTo(ctx, name)
	err = errors.Join(err, file.Close())
	removed := os.Remove(name)
	if err != nil {
		if copied != nil {
			err = errors.Join(err, copied.Pool.Close())
		}
		return nil, err
	}
	if removed != nil {
		copied.remove = func() error { return os.Remove(name) }
	}
	return copied, nil
}

func (db *DB) copyTo(ctx context.Context, name string) (*DB, error) {
	if _, err := db.Pool.ExecContext(ctx, "VACUUM INTO ?", name); err != nil {
		return nil, err
	}
	// One connection, which needs the file's name no more once it is open.
	connector, err := modernc.NewConnector("file:" + (&url.URL{Path: name}).EscapedPath() + "?" + url.Values{
		"_time_format": {"sqlite"},
		"_pragma":      {"journal_mode(MEMORY)", "synchronous(OFF)", "locking_mode(EXCLUSIVE)", "foreign_keys(1)", "temp_store(MEMORY)"},
	}.Encode())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	copied := New(SQLite, connector, Limits{Connections: 1})
	if err := copied.Connect(ctx); err != nil {
		return nil, errors.Join(err, copied.Pool.Close())
	}
	return copied, nil
}
