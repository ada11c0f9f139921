package worldimport

import (
	"context"
	"fmt"

	"gatehouse/domain/source"
)

func (i *importer) group(ctx context.Context, d Group) {
	path := d.Namespace.Path
	if i.invalid(d.Line, "group", path, source.CheckGroupPath(path)) {
		return
	}
	if i.step.malformed {
		i.checkParent(ctx, d.Line, "group", path)
		return
	}
	kept, exists, ok := load(i, func() (Group, error) { return i.tx.Current.Group(ctx, d) })
	if !ok {
		return
	}
	g := kept
	if !exists {
		g = d
		g.Profile.CreatedAt = i.now
	}
	g = mergeGroups(g, d)
	if i.keepsRootOnly(kept, d, g) || !i.changes(exists, compareGroups(kept, g)) {
		return
	}
	if i.step.effect != 0 {
		g.Profile.UpdatedAt = i.now
	}
	id, err := i.tx.Namespaces.PutGroup(ctx, g)
	if !i.checkPut(i.explainGroup(ctx, err, g), d.Line, "group", path) {
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

// keepsRootOnly makes a mistake of each setting that a group keeps and that has no effect
// below another group, where the group goes. A setting that the entry has is judged where
// the file is read.
func (i *importer) keepsRootOnly(kept, d, g Group) (found bool) {
	if !isNested(g.Namespace.Path) || isNested(kept.Namespace.Path) {
		return false
	}
	for _, setting := range []struct {
		name, empty string
		set         bool
	}{
		{"allowed_ips", "[]", len(g.Namespace.AllowedIPs) > 0},
		{"protocols", "all", g.Namespace.Protocols != source.AllProtocols},
		{"require_ssh_certificates", "false", g.Namespace.RequireSSHCertificates},
	} {
		if setting.set && !d.Gives(setting.name) {
			i.fail(d.lineOf("path"), "group", g.Namespace.Path, fmt.Sprintf("its %s counts on top-level groups only; give it as %s", setting.name, setting.empty))
			found = true
		}
	}
	return found
}

func (i *importer) member(ctx context.Context, d Member) {
	user, ok := i.userID(ctx, d.Line, d.User)
	in, sourceOK := i.memberSource(ctx, d.Line, d.Group, d.Project)
	creator, creatorOK := i.optionalUserID(ctx, d.lineOf("created_by"), d.CreatedBy)
	if !ok || !sourceOK || !creatorOK {
		return
	}
	kept, exists, ok := load(i, func() (Member, error) { return i.tx.Current.Member(ctx, user, in) })
	if !ok {
		return
	}
	d.Creator = creator
	m := kept
	if !exists {
		m = d
		m.CreatedAt = i.now
	}
	m = mergeMembers(m, d)
	if i.changes(exists, compareMembers(kept, m)) {
		if i.step.effect != 0 {
			m.UpdatedAt = i.now
		}
		err := i.tx.Namespaces.PutMember(ctx, user, in, m)
		if i.checkPut(i.explainGhost(ctx, err, user, "memberships"), d.Line, "member", d.User) {
			i.record(sourceObject(in, i.step.in), 0)
		}
	}
}

func (i *importer) share(ctx context.Context, d Share) {
	with, ok := i.groupID(ctx, d.Line, d.With)
	in, sourceOK := i.memberSource(ctx, d.Line, d.Group, d.Project)
	creator, creatorOK := i.optionalUserID(ctx, d.lineOf("created_by"), d.CreatedBy)
	if !ok || !sourceOK || !creatorOK {
		return
	}
	kept, exists, ok := load(i, func() (Share, error) { return i.tx.Current.Share(ctx, in, with) })
	if !ok {
		return
	}
	d.Creator = creator
	s := kept
	if !exists {
		s = d
		s.CreatedAt = i.now
	}
	s = mergeShares(s, d)
	if i.changes(exists, compareShares(kept, s)) {
		if i.checkPut(i.tx.Namespaces.PutShare(ctx, in, with, s), d.Line, "share with", d.With) {
			i.record(sourceObject(in, i.step.in), 0)
		}
	}
}

func (i *importer) broadcast(ctx context.Context, d Broadcast) {
	kept, exists, ok := load(i, func() (Broadcast, error) { return i.tx.Current.Broadcast(ctx, d) })
	if !ok {
		return
	}
	b := kept
	if !exists {
		b = d
	}
	b = mergeBroadcasts(b, d)
	if !b.EndsAt.IsZero() && !b.EndsAt.After(b.StartsAt) {
		i.mistake(d.Line, "ends_at must be after starts_at")
		return
	}
	if i.changes(exists, compareBroadcasts(kept, b)) {
		if i.checkPut(i.tx.Namespaces.PutBroadcast(ctx, b), d.Line, "broadcast message", d.Message) {
			i.record(onInstance, 0)
		}
	}
}
