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
	k.Key.Kind = identity.UserKey
	i.putKey(ctx, k.FileLine, "key", k.Key, userObject(owner, k.User), func(identity.Key, bool) (identity.UserID, bool) { return owner, true })
}

// putKey keeps a key of the entity, which belongs to the user that owner returns for the
// key that is kept, if it exists. Without a time of creation it is created now.
func (i *importer) putKey(ctx context.Context, l FileLine, kind string, d identity.Key, of audit.Object, owner func(kept identity.Key, exists bool) (identity.UserID, bool)) {
	kept, exists, ok := load(i, func() (identity.Key, error) { return i.tx.Keys.Current(ctx, d) })
	if !ok {
		return
	}
	k := kept
	if !exists {
		k = d
	}
	k = mergeKeys(l, k, d)
	if k.Owner, ok = owner(kept, exists); !ok {
		i.skip(kind, keyName(d))
		return
	}
	if k.CreatedAt.IsZero() {
		k.CreatedAt = i.now
	}
	if !i.changes(exists, compareKeys(kept, k)) {
		return
	}
	id, err := i.tx.Keys.Put(ctx, k)
	if i.checkPut(i.explainKey(ctx, err, k), l.Line, kind, keyName(d)) {
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
	creator, creatorOK := i.optionalUserID(ctx, k.lineOf("creator"), k.Creator)
	if !creatorOK {
		i.skip("deploy key", keyName(k.Key))
		return
	}
	k.Key.Kind = identity.DeployKey
	i.putKey(ctx, k.FileLine, "deploy key", k.Key, onInstance, func(kept identity.Key, _ bool) (identity.UserID, bool) {
		keep(k.FileLine, "creator", &creator, kept.Owner)
		return creator, creator != 0 || i.makeGhost(ctx)
	})
}

// enable enables a deploy key on all its projects, and on no other, if the entry has the
// list.
func (i *importer) enable(ctx context.Context, k DeployKey) {
	if !k.Gives("projects") {
		return
	}
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
	old, exists, ok := load(i, func() (map[source.ProjectID]bool, error) { return i.tx.Keys.Enabled(ctx, key.ID) })
	if ok && i.changes(exists, compareEnabled(old, projects)) {
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

// makeGhost makes the ghost user, unless it exists: it stands in for the creator of a
// deploy key that has none.
func (i *importer) makeGhost(ctx context.Context) bool {
	id, made, err := i.tx.Users.GhostID(ctx)
	if err != nil {
		i.failure = err
		return false
	}
	if made != "" && i.mode == writing {
		i.events = append(i.events, i.cause.Event(i.now, audit.Create, userObject(id, made), userObject(id, made), nil, audit.Values{
			"username": made, "type": string(identity.Ghost),
		}))
	}
	return true
}

func deployKeyName(id identity.KeyID) string {
	return "deploy key " + strconv.FormatInt(int64(id), 10)
}
