package gormstore

import (
	"context"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

const (
	addNotice = `
		INSERT INTO notices (user_id, repository, old_path, protocol, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, repository) DO UPDATE SET
			old_path = excluded.old_path, protocol = excluded.protocol, expires_at = excluded.expires_at`
	findNotice = `SELECT 1 FROM notices WHERE user_id = $1 AND repository = $2`
	takeNotice = `DELETE FROM notices WHERE user_id = $1 AND repository = $2 RETURNING old_path, protocol, expires_at`
)

// Notices keeps the notices that users see with their next push.
type Notices struct{ db *database.DB }

// Add implements gitaccess.Notices.
func (notices *Notices) Add(ctx context.Context, n source.Notice) error {
	_, err := notices.db.Exec(ctx, addNotice, int64(n.User), n.Repository.String(), string(n.OldPath), string(n.Protocol), database.ToInstant(n.ExpiresAt))
	return database.Fault(err, "notice for user %d in %s", n.User, n.Repository)
}

// Take implements pushes.Notices.
func (notices *Notices) Take(ctx context.Context, user identity.UserID, repository source.RepositoryID, now time.Time) (source.Notice, error) {
	n := source.Notice{User: user, Repository: repository}
	err := notices.take(ctx, &n)
	switch {
	case err != nil:
		return source.Notice{}, database.Fault(err, "notice for user %d in %s", user, repository)
	case !now.Before(n.ExpiresAt):
		return source.Notice{}, database.NotFound("the notice for user %d in %s has expired", user, repository)
	}
	return n, nil
}

// take removes the notice and fills in n.
func (notices *Notices) take(ctx context.Context, n *source.Notice) error {
	args := []any{int64(n.User), n.Repository.String()}
	if notices.db.Dialect == database.SQLite { // there is hardly ever one, and a look for it needs no turn to write
		find, err := notices.db.Prepare(ctx, findNotice)
		if err != nil {
			return err
		}
		var one int
		if err := find.QueryRowContext(ctx, args...).Scan(&one); err != nil {
			return err
		}
	}
	stmt, err := notices.db.Prepare(ctx, takeNotice)
	if err != nil {
		return err
	}
	unlock, err := notices.db.LockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return stmt.QueryRowContext(ctx, args...).Scan(&n.OldPath, &n.Protocol, database.Time(&n.ExpiresAt))
}
