package worldimport

import (
	"cmp"
	"context"
	"strconv"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func (f *filing) user(ctx context.Context, u User) {
	if f.wrong(u.Line, "user", u.User.Username, identity.CheckUsername(u.User.Username)) {
		return
	}
	if u.TOTPSecret != "" {
		u.TOTPSecret = f.seal(u.TOTPSecret)
	}
	_, err := f.to.Users.PutUser(ctx, u)
	f.kept(err, u.Line, "user", u.User.Username)
}

func (f *filing) key(ctx context.Context, k Key) {
	owner, ok := f.userID(ctx, k.Line, k.User)
	if !ok {
		return
	}
	k.Key.Kind, k.Key.Owner = identity.UserKey, owner
	f.putKey(ctx, k.Line, "key", k.Key)
}

// putKey keeps a key. One whose time of creation is not told was made now.
func (f *filing) putKey(ctx context.Context, line int, kind string, k identity.Key) (identity.KeyID, bool) {
	if k.CreatedAt.IsZero() {
		k.CreatedAt = f.now
	}
	name := k.Title
	if k.ID != 0 {
		name = strconv.FormatInt(int64(k.ID), 10)
	}
	id, err := f.to.Keys.PutKey(ctx, k)
	return id, f.kept(err, line, kind, name)
}

func (f *filing) deployKey(ctx context.Context, k DeployKey) {
	creator, ok := f.creator(ctx, k)
	projects := make(map[source.ProjectID]bool, len(k.Projects))
	for _, p := range k.Projects {
		id, there := f.projectID(ctx, cmp.Or(p.Line, k.Line), p.Path)
		projects[id] = p.CanPush
		ok = ok && there
	}
	if !ok {
		f.spoiled[deployKeyName(k.Key.ID)] = true
		return
	}
	k.Key.Kind, k.Key.Owner = identity.DeployKey, creator
	if id, ok := f.putKey(ctx, k.Line, "deploy key", k.Key); ok {
		err := f.to.Keys.EnableKey(ctx, id, projects)
		f.kept(err, k.Line, "deploy key", k.Key.Title)
	}
}

// creator returns the creator's number, 0 if the creator is gone. The ghost
// user then has to be there, to stand in.
func (f *filing) creator(ctx context.Context, k DeployKey) (identity.UserID, bool) {
	if k.Creator != "" {
		return f.userID(ctx, k.Line, k.Creator)
	}
	if _, err := f.to.Users.GhostID(ctx); err != nil {
		f.failure = err
	}
	return 0, f.failure == nil
}

func deployKeyName(id identity.KeyID) string {
	return "deploy key " + strconv.FormatInt(int64(id), 10)
}

func (f *filing) accessToken(ctx context.Context, t AccessToken) {
	if user, ok := f.userID(ctx, t.Line, t.User); ok {
		err := f.to.Credentials.PutAccessToken(ctx, user, t)
		f.kept(err, t.Line, "access token", t.Name)
	}
}

func (f *filing) agent(ctx context.Context, a Agent) {
	project, ok := f.projectID(ctx, a.Line, a.Project)
	createdBy, there := f.optionalUserID(ctx, a.Line, a.CreatedBy)
	if ok && there {
		err := f.to.Credentials.PutAgent(ctx, project, createdBy, a)
		f.kept(err, a.Line, "agent", a.Name)
	}
}
