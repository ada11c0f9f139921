package worldimport

import (
	"context"
	"fmt"

	"gatehouse/domain/source"
)

func (i *importer) group(ctx context.Context, g Group) {
	path := g.Namespace.Path
	if i.invalid(g.Line, "group", path, source.CheckGroupPath(path)) {
		return
	}
	if i.step.malformed {
		i.checkParent(ctx, g.Line, "group", path)
		return
	}
	if !i.changes(func() (comparison, error) {
		old, err := i.tx.Current.Group(ctx, g)
		return compareGroups(old, g), err
	}) {
		return
	}
	id, err := i.tx.Namespaces.PutGroup(ctx, g)
	if !i.checkPut(i.explainGroup(ctx, err, g), g.Line, "group", path) {
		return
	}
	i.touch("group", int64(id))
	i.record(sourceObject(source.MemberSource{Group: id}, path), int64(id))
	switch other := i.numbers[id]; {
	case g.Namespace.ID != 0 || other == "":
	case i.failed[numberRef("group", int64(id))]:
		i.skip("group", path)
	default:
		i.fail(g.Line, "group", path, fmt.Sprintf("it has the number %d that group %q asks for; give it one of its own", id, other))
	}
}

func (i *importer) member(ctx context.Context, m Member) {
	user, ok := i.userID(ctx, m.Line, m.User)
	in, sourceOK := i.memberSource(ctx, m.Line, m.Group, m.Project)
	if ok && sourceOK && i.changes(func() (comparison, error) {
		old, err := i.tx.Current.Member(ctx, user, in)
		return compareMembers(old, m), err
	}) {
		err := i.tx.Namespaces.PutMember(ctx, user, in, m)
		if i.checkPut(i.explainGhost(ctx, err, user, "memberships"), m.Line, "member", m.User) {
			i.record(sourceObject(in, i.step.in), 0)
		}
	}
}

func (i *importer) share(ctx context.Context, s Share) {
	with, ok := i.groupID(ctx, s.Line, s.With)
	in, sourceOK := i.memberSource(ctx, s.Line, s.Group, s.Project)
	if ok && sourceOK && i.changes(func() (comparison, error) {
		old, err := i.tx.Current.Share(ctx, in, with)
		return compareShares(old, s), err
	}) {
		err := i.tx.Namespaces.PutShare(ctx, in, with, s)
		if i.checkPut(err, s.Line, "share with", s.With) {
			i.record(sourceObject(in, i.step.in), 0)
		}
	}
}

func (i *importer) broadcast(ctx context.Context, b Broadcast) {
	if i.changes(func() (comparison, error) {
		old, err := i.tx.Current.Broadcast(ctx, b)
		return compareBroadcasts(old, b), err
	}) {
		err := i.tx.Namespaces.PutBroadcast(ctx, b)
		if i.checkPut(err, b.Line, "broadcast message", b.Message) {
			i.record(instance, 0)
		}
	}
}
