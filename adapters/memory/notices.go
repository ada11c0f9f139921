package memory

import (
	"context"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Notices implements gitaccess.Notices and pushes.Notices.
type Notices struct{ *state }

// noticeKey is the user who gets a notice, and the repository of the push that
// shows it.
type noticeKey struct {
	user       identity.UserID
	repository source.RepositoryID
}

// Add implements gitaccess.Notices.
func (n Notices) Add(ctx context.Context, notice source.Notice) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	notice.ExpiresAt = toInstant(notice.ExpiresAt)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.notices[noticeKey{notice.User, notice.Repository}] = notice
	return nil
}

// Take implements pushes.Notices.
func (n Notices) Take(ctx context.Context, user identity.UserID, repository source.RepositoryID, now time.Time) (source.Notice, error) {
	if err := ctx.Err(); err != nil {
		return source.Notice{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	key := noticeKey{user, repository}
	notice, found := n.notices[key]
	delete(n.notices, key)
	if !found || expired(notice.ExpiresAt, now) {
		return source.Notice{}, notFound("notice for user %d in %s", user, repository)
	}
	return notice, nil
}
