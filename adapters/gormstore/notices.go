package gormstore

import (
	"context"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

const (
	leave = `
		INSERT INTO notices (user_id, repository, old_path, protocol, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, repository) DO UPDATE SET
			old_path = excluded.old_path, protocol = excluded.protocol, expires_at = excluded.expires_at`
	take = `DELETE FROM notices WHERE user_id = $1 AND repository = $2 RETURNING old_path, protocol, expires_at`
)

// Add implements gitaccess.Notices.
func (s *Store) Add(ctx context.Context, n source.Notice) error {
	_, err := s.exec(ctx, leave, int64(n.User), n.Repository.String(), string(n.OldPath), string(n.Protocol), at(n.ExpiresAt))
	return fault(err, "notice for user %d in %s", n.User, n.Repository)
}

// Take implements pushes.Notices.
func (s *Store) Take(ctx context.Context, user identity.UserID, repository source.RepositoryID, now time.Time) (source.Notice, error) {
	n := source.Notice{User: user, Repository: repository}
	err := s.take(ctx, &n)
	switch {
	case err != nil:
		return source.Notice{}, fault(err, "notice for user %d in %s", user, repository)
	case !now.Before(n.ExpiresAt):
		return source.Notice{}, missing("the notice for user %d in %s has expired", user, repository)
	}
	return n, nil
}

func (s *Store) take(ctx context.Context, n *source.Notice) error {
	stmt, err := s.plain(ctx, take)
	if err != nil {
		return err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	return stmt.QueryRowContext(ctx, int64(n.User), n.Repository.String()).Scan(&n.OldPath, &n.Protocol, moment{&n.ExpiresAt})
}
