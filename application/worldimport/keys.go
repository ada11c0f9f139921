package worldimport

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func (i *importer) key(ctx context.Context, k Key) {
	owner, ok := i.userID(ctx, k.Line, k.User)
	if !ok {
		return
	}
	k.Key.Kind, k.Key.Owner = identity.UserKey, owner
	i.putKey(ctx, k.Line, "key", k.Key, userObject(owner, k.User))
}

// putKey keeps a key of the entity. Without a time of creation it is created now.
func (i *importer) putKey(ctx context.Context, line int, kind string, k identity.Key, of audit.Object) {
	if k.CreatedAt.IsZero() {
		k.CreatedAt = i.now
	}
	if !i.changes(func() (comparison, error) {
		old, err := i.tx.Keys.Current(ctx, k)
		return compareKeys(old, k), err
	}) {
		return
	}
	id, err := i.tx.Keys.Put(ctx, k)
	if i.checkPut(i.explainKey(ctx, err, k), line, kind, keyName(k)) {
		i.touch("key", int64(id))
		i.record(of, int64(id))
	}
}

// keyName is the number of a key that has one, and else the title.
func keyName(k identity.Key) string {
	if k.ID != 0 {
		return strconv.FormatInt(int64(k.ID), 10)
	}
	return k.Title
}

func (i *importer) deployKey(ctx context.Context, k DeployKey) {
	creator, ok := i.creator(ctx, k)
	if !ok {
		i.skip("deploy key", keyName(k.Key))
		return
	}
	k.Key.Kind, k.Key.Owner = identity.DeployKey, creator
	i.putKey(ctx, k.Line, "deploy key", k.Key, instance)
}

// enable enables a deploy key on all its projects, and on no other.
func (i *importer) enable(ctx context.Context, k DeployKey) {
	projects, paths, ok := make(map[source.ProjectID]bool, len(k.Projects)), make(map[source.ProjectID]string, len(k.Projects)), true
	for _, p := range k.Projects {
		id, projectOK := i.projectID(ctx, cmp.Or(p.Line, k.Line), p.Path)
		projects[id], paths[id] = p.CanPush, p.Path
		ok = ok && projectOK
	}
	if !ok || i.failure != nil || i.step.malformed || i.failed["deploy key "+identity.Fold(keyName(k.Key))] {
		return
	}
	k.Key.Kind = identity.DeployKey
	key, err := i.tx.Keys.Current(ctx, k.Key)
	if !i.checkPut(err, k.Line, "deploy key", keyName(k.Key)) {
		return
	}
	var old map[source.ProjectID]bool
	if i.changes(func() (_ comparison, err error) {
		old, err = i.tx.Keys.Enabled(ctx, key.ID)
		return compareEnabled(old, projects), err
	}) {
		if i.checkPut(i.tx.Keys.Enable(ctx, key.ID, projects), k.Line, "deploy key", k.Key.Title) {
			i.recordEnabled(audit.Object{Kind: auditedKinds[i.step.kind], ID: int64(key.ID), Path: i.step.name}, old, projects, paths)
		}
	}
}

// recordEnabled notes an event for each project on which the deploy key is enabled, may
// push or no longer may, so that it is found among the events of the project. Those that
// the entry does not name have no path.
func (i *importer) recordEnabled(key audit.Object, old, projects map[source.ProjectID]bool, paths map[source.ProjectID]string) {
	if i.mode != writing {
		return
	}
	values := func(all map[source.ProjectID]bool, id source.ProjectID) audit.Values {
		if mayPush, enabled := all[id]; enabled {
			return audit.Values{"can_push": mayPush}
		}
		return nil
	}
	all := maps.Clone(projects)
	maps.Copy(all, old)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		verb, before, after := audit.Update, values(old, id), values(projects, id)
		switch {
		case before == nil:
			verb = audit.Create
		case after == nil:
			verb = audit.Delete
		case old[id] == projects[id]:
			continue
		}
		i.events = append(i.events, i.cause.Event(i.now, verb, sourceObject(source.MemberSource{Project: id}, paths[id]), key, before, after))
	}
}

// creator returns the creator's number. It is 0 if the creator was deleted;
// then the ghost user must exist, in the creator's place.
func (i *importer) creator(ctx context.Context, k DeployKey) (identity.UserID, bool) {
	if k.Creator != "" {
		return i.userID(ctx, k.Line, k.Creator)
	}
	id, made, err := i.tx.Users.GhostID(ctx)
	if err != nil {
		i.failure = err
		return 0, false
	}
	if made != "" && i.mode == writing {
		i.events = append(i.events, i.cause.Event(i.now, audit.Create, userObject(id, made), userObject(id, made), nil, audit.Values{
			"username": made, "type": string(identity.Ghost),
		}))
	}
	return 0, true
}

func deployKeyName(id identity.KeyID) string {
	return "deploy key " + strconv.FormatInt(int64(id), 10)
}
