package worldimport

import (
	"context"

	"gatehouse/domain/identity"
)

func (i *importer) user(ctx context.Context, u User) {
	if i.invalid(u.Line, "user", u.User.Username, identity.CheckUsername(u.User.Username)) {
		return
	}
	if u.PublicEmail != nil && i.invalid(u.Line, "user", u.User.Username, u.User.CheckPublicEmail(*u.PublicEmail)) {
		return
	}
	_, err := i.tx.Users.Put(ctx, u)
	i.checkPut(err, u.Line, "user", u.User.Username)
}

func (i *importer) accessToken(ctx context.Context, t AccessToken) {
	if user, ok := i.userID(ctx, t.Line, t.User); ok {
		err := i.tx.Credentials.PutAccessToken(ctx, user, t)
		i.checkPut(err, t.Line, "access token", t.Name)
	}
}
