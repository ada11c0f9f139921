package worldimport

import (
	"cmp"
	"context"
	"strconv"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func (i *importer) key(ctx context.Context, k Key) {
	owner, ok := i.userID(ctx, k.Line, k.User)
	if !ok {
		return
	}
	k.Key.Kind, k.Key.Owner = identity.UserKey, owner
	i.putKey(ctx, k.Line, "key", k.Key)
}

// putKey keeps a key. Without a time of creation it is created now.
func (i *importer) putKey(ctx context.Context, line int, kind string, k identity.Key) (identity.KeyID, bool) {
	if k.CreatedAt.IsZero() {
		k.CreatedAt = i.now
	}
	name := k.Title
	if k.ID != 0 {
		name = strconv.FormatInt(int64(k.ID), 10)
	}
	id, err := i.tx.Keys.Put(ctx, k)
	return id, i.checkPut(err, line, kind, name)
}

func (i *importer) deployKey(ctx context.Context, k DeployKey) {
	creator, ok := i.creator(ctx, k)
	projects := make(map[source.ProjectID]bool, len(k.Projects))
	for _, p := range k.Projects {
		id, projectOK := i.projectID(ctx, cmp.Or(p.Line, k.Line), p.Path)
		projects[id] = p.CanPush
		ok = ok && projectOK
	}
	if !ok {
		i.failed[deployKeyName(k.Key.ID)] = true
		return
	}
	k.Key.Kind, k.Key.Owner = identity.DeployKey, creator
	if id, ok := i.putKey(ctx, k.Line, "deploy key", k.Key); ok {
		err := i.tx.Keys.Enable(ctx, id, projects)
		i.checkPut(err, k.Line, "deploy key", k.Key.Title)
	}
}

// creator returns the creator's number. It is 0 if the creator was deleted;
// then the ghost user must exist, in the creator's place.
func (i *importer) creator(ctx context.Context, k DeployKey) (identity.UserID, bool) {
	if k.Creator != "" {
		return i.userID(ctx, k.Line, k.Creator)
	}
	if _, err := i.tx.Users.GhostID(ctx); err != nil {
		i.failure = err
	}
	return 0, i.failure == nil
}

func deployKeyName(id identity.KeyID) string {
	return "deploy key " + strconv.FormatInt(int64(id), 10)
}
