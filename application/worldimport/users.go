package worldimport

import (
	"context"

	"gatehouse/domain/identity"
)

func (i *importer) user(ctx context.Context, u User) {
	if i.invalid(u.Line, "user", u.User.Username, identity.CheckUsername(u.User.Username), identity.CheckEmail(u.User.Email)) {
		return
	}
	if u.PublicEmail != nil && i.invalid(u.Line, "user", u.User.Username, u.User.CheckPublicEmail(*u.PublicEmail)) {
		return
	}
	var old User
	if !i.changes(func() (_ comparison, err error) {
		old, err = i.tx.Users.Current(ctx, u)
		return compareUsers(old, u), err
	}) {
		return
	}
	id, err := i.tx.Users.Put(ctx, u)
	if i.checkPut(i.explainUser(ctx, err, u), u.Line, "user", u.User.Username) {
		i.touch("user", int64(id))
		i.moveEmail(old.User.Email, u.User.Email)
		i.record(userObject(id, u.User.Username), int64(id))
	}
}

// moveEmail notes in a check that the entry has given a user another e-mail. If an earlier
// entry has left that one free, their order counts, and they go together.
func (i *importer) moveEmail(from, to string) {
	from, to = identity.Fold(from), identity.Fold(to)
	if earlier := i.freed[to]; earlier != nil && from != to {
		earlier.effect |= moves
		i.step.effect |= moves
	}
	if from != "" && from != to {
		i.freed[from] = i.step
	}
}

func (i *importer) accessToken(ctx context.Context, t AccessToken) {
	user, ok := i.userID(ctx, t.Line, t.User)
	if ok && i.changes(func() (comparison, error) {
		old, err := i.tx.Credentials.AccessToken(ctx, t.Digest)
		return compareAccessTokens(old, user, t), err
	}) {
		err := i.tx.Credentials.PutAccessToken(ctx, user, t)
		if i.checkPut(i.explainGhost(ctx, err, user, "access tokens"), t.Line, "access token", t.Name) {
			i.record(userObject(user, t.User), 0)
		}
	}
}
