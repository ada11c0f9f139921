package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"gatehouse/application"
	"gatehouse/application/deploykeys"
	"gatehouse/application/protections"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// replaceProtections makes the protections of a project the given ones, of which no two
// are of one kind and pattern. Those that stay keep their numbers.
func (w *world) replaceProtections(p project, wanted []source.Protection) {
	var all []source.Protection
	for _, one := range wanted {
		if at := slices.IndexFunc(p.Protections, one.SameRefs); at < 0 {
			one = one.Numbered(source.Protection{})
		} else if old := p.Protections[at]; one.Equal(old) {
			one = old
		} else {
			one = one.Numbered(old)
		}
		all = append(all, w.numbered(one))
	}
	slices.SortFunc(all, func(a, b source.Protection) int { return cmp.Compare(a.ID, b.ID) })
	p.Protections = all
	w.projects.put(p.ID, p)
}

// numbered returns a copy of a protection as it is kept: with a number of its own, and each
// entry too.
func (w *world) numbered(p source.Protection) source.Protection {
	p = p.Clone()
	p.UpdatedAt = toInstant(p.UpdatedAt)
	number := func(id, last *int64) {
		if *id == 0 {
			*last++
			*id = *last
		}
	}
	number(&p.ID, &w.lastProtection)
	for _, verb := range source.ProtectionVerbs(p.Kind) {
		entries := *p.Entries(verb)
		for i := range entries {
			entries[i].Member = false
			number(&entries[i].ID, &w.lastEntry)
		}
		slices.SortFunc(entries, func(a, b source.Access) int { return cmp.Compare(a.ID, b.ID) })
	}
	return p
}

// changeProtections runs a transaction with the ports of protections. It is a
// protections.UnitOfWork.
func (s *state) changeProtections(ctx context.Context, do func(protections.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		p := protectionsTx{tx}
		return do(protections.Tx{Protections: p, Grantees: p, Standings: tx, Audit: auditTx{tx}})
	})
}

// protectionsTx implements the ports of protections.
type protectionsTx struct{ *transaction }

// Protection implements protections.Protections.
func (tx protectionsTx) Protection(ctx context.Context, in source.ProjectID, kind source.RefKind, pattern source.Pattern) (source.Protection, error) {
	all := tx.projects.rows[in].Protections
	at := slices.IndexFunc(all, source.Protection{Kind: kind, Pattern: pattern}.SameRefs)
	if at < 0 {
		return source.Protection{}, notFound("protection %q of project %d", pattern, in)
	}
	return all[at].Clone(), ctx.Err()
}

// PutProtection implements protections.Protections.
func (tx protectionsTx) PutProtection(ctx context.Context, in source.ProjectID, one source.Protection) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p, ok := tx.projects.rows[in]
	if !ok {
		return 0, notFound("project %d", in)
	}
	for _, entry := range slices.Concat(one.Push, one.Merge, one.Unprotect, one.Create) {
		if err := tx.requireAccess(entry); err != nil {
			return 0, err
		}
	}
	at := slices.IndexFunc(p.Protections, func(o source.Protection) bool { return o.ID == one.ID })
	switch {
	case one.ID != 0 && at < 0:
		return 0, notFound("protection %d", one.ID)
	case one.ID == 0 && slices.ContainsFunc(p.Protections, one.SameRefs):
		return 0, conflict("protection %q of project %d", one.Pattern, in)
	}
	one = tx.numbered(one)
	p.Protections = slices.Clone(p.Protections)
	if at < 0 {
		p.Protections = append(p.Protections, one)
	} else if old := p.Protections[at]; !one.Equal(old) {
		one.Kind, one.Pattern = old.Kind, old.Pattern
		p.Protections[at] = one
	}
	tx.projects.put(in, p)
	return one.ID, nil
}

// RemoveProtection implements protections.Protections.
func (tx protectionsTx) RemoveProtection(ctx context.Context, id int64) error {
	for in, p := range tx.projects.rows {
		at := slices.IndexFunc(p.Protections, func(o source.Protection) bool { return o.ID == id })
		if at >= 0 {
			p.Protections = slices.Delete(slices.Clone(p.Protections), at, at+1)
			tx.projects.put(in, p)
			return ctx.Err()
		}
	}
	return notFound("protection %d", id)
}

// GroupHasAccess implements protections.Grantees.
func (tx protectionsTx) GroupHasAccess(ctx context.Context, group source.NamespaceID, in source.ProjectID, now time.Time) (bool, error) {
	p, ok := tx.projects.rows[in]
	has := func(in source.MemberSource) bool {
		s, shared := tx.shares[in][group]
		return shared && !expired(s.expiry, now)
	}
	access := ok && has(source.MemberSource{Project: in})
	for n := range tx.selfAndAncestors(p.namespace) {
		access = access || n.ID == group && !n.Personal || has(source.MemberSource{Group: n.ID})
	}
	return access, ctx.Err()
}

// KeyCanPush implements protections.Grantees.
func (tx protectionsTx) KeyCanPush(ctx context.Context, key identity.KeyID, in source.ProjectID) (bool, error) {
	return tx.keys.rows[key].projects[in], ctx.Err()
}

// IsMember implements protections.Grantees.
func (tx protectionsTx) IsMember(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (bool, error) {
	is := false
	for n := range tx.selfAndAncestors(group) {
		is = is || tx.memberRole(user, source.MemberSource{Group: n.ID}, now) > source.Minimal
	}
	return is, ctx.Err()
}

// ProtectionRecords implements protections.Records.
type ProtectionRecords struct{ *state }

// Views implements protections.Records.
func (r ProtectionRecords) Views(ctx context.Context, f protections.Filter, page application.Page) (application.Listed[protections.View], error) {
	w := r.world.Load()
	var views []protections.View
	for _, p := range w.projects.rows[f.Project].Protections {
		if p.Kind != f.Kind || f.Pattern != "" && p.Pattern != f.Pattern || !contains(string(p.Pattern), f.Search) {
			continue
		}
		v := protections.View{Protection: p.Clone(), Names: map[int64]string{}}
		for _, a := range slices.Concat(p.Push, p.Merge, p.Unprotect, p.Create) {
			switch {
			case a.User != 0:
				v.Names[a.ID] = w.users.rows[a.User].Name
			case a.Group != 0:
				v.Names[a.ID] = w.namespaces.rows[a.Group].profile.Name
			case a.DeployKey != 0:
				v.Names[a.ID] = w.keys.rows[a.DeployKey].Title
			}
		}
		views = append(views, v)
	}
	if page.Descending {
		slices.Reverse(views)
	}
	return paged(views, page), ctx.Err()
}

// changeDeployKeys runs a transaction with the ports of deploykeys. It is a
// deploykeys.UnitOfWork.
func (s *state) changeDeployKeys(ctx context.Context, do func(deploykeys.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		k := deployKeysTx{tx}
		return do(deploykeys.Tx{Keys: k, Enablings: k, Standings: tx, Audit: auditTx{tx}})
	})
}

// deployKeysTx implements the ports of deploykeys.
type deployKeysTx struct{ *transaction }

// Key implements deploykeys.Keys.
func (tx deployKeysTx) Key(ctx context.Context, id identity.KeyID) (identity.Key, error) {
	k, ok := tx.keys.rows[id]
	if !ok {
		return identity.Key{}, notFound("key %d", id)
	}
	return k.Key, ctx.Err()
}

// KeyOf implements deploykeys.Keys.
func (tx deployKeysTx) KeyOf(ctx context.Context, print identity.Fingerprint) (identity.Key, error) {
	return tx.Key(ctx, tx.keysByFingerprint[print])
}

// AddKey implements deploykeys.Keys.
func (tx deployKeysTx) AddKey(ctx context.Context, key identity.Key) (identity.KeyID, error) {
	return accountsTx(tx).AddKey(ctx, key)
}

// Rename implements deploykeys.Keys.
func (tx deployKeysTx) Rename(ctx context.Context, id identity.KeyID, title string) error {
	if err := tx.requireDeployKey(id); err != nil {
		return err
	}
	k := tx.keys.rows[id]
	k.Title = title
	tx.keys.put(id, k)
	return ctx.Err()
}

// RemoveKey implements deploykeys.Keys.
func (tx deployKeysTx) RemoveKey(ctx context.Context, id identity.KeyID) error {
	if err := tx.requireDeployKey(id); err != nil {
		return err
	}
	tx.removeAccess(func(a source.Access) bool { return a.DeployKey == id })
	tx.deleteKey(id)
	return ctx.Err()
}

// Enabling implements deploykeys.Enablings.
func (tx deployKeysTx) Enabling(ctx context.Context, key identity.KeyID, in source.ProjectID) (deploykeys.Enabling, error) {
	k := tx.keys.rows[key]
	canPush, ok := k.projects[in]
	if !ok {
		return deploykeys.Enabling{}, notFound("deploy key %d in project %d", key, in)
	}
	return deploykeys.Enabling{CanPush: canPush, UpdatedAt: k.updated[in]}, ctx.Err()
}

// Enable implements deploykeys.Enablings.
func (tx deployKeysTx) Enable(ctx context.Context, key identity.KeyID, in source.ProjectID, e deploykeys.Enabling) error {
	if err := cmp.Or(ctx.Err(), tx.requireDeployKey(key), tx.projects.require(in, "project")); err != nil {
		return err
	}
	k := tx.keys.rows[key].clone()
	k.projects[in], k.updated[in] = e.CanPush, toInstant(e.UpdatedAt)
	tx.keys.put(key, k)
	if !e.CanPush {
		tx.removeKeyAccess(key, in)
	}
	return nil
}

// removeKeyAccess takes a deploy key from the protections of a project.
func (tx deployKeysTx) removeKeyAccess(key identity.KeyID, in source.ProjectID) {
	p := tx.projects.rows[in]
	p.Protections = withoutAccess(p.Protections, func(a source.Access) bool { return a.DeployKey == key })
	tx.projects.put(in, p)
}

// Disable implements deploykeys.Enablings.
func (tx deployKeysTx) Disable(ctx context.Context, key identity.KeyID, in source.ProjectID) error {
	if _, err := tx.Enabling(ctx, key, in); err != nil {
		return err
	}
	k := tx.keys.rows[key].clone()
	delete(k.projects, in)
	delete(k.updated, in)
	tx.keys.put(key, k)
	tx.removeKeyAccess(key, in)
	return nil
}

// IsEnabled implements deploykeys.Enablings.
func (tx deployKeysTx) IsEnabled(ctx context.Context, key identity.KeyID) (bool, error) {
	return len(tx.keys.rows[key].projects) > 0, ctx.Err()
}

// IsMaintained implements deploykeys.Enablings.
func (tx deployKeysTx) IsMaintained(ctx context.Context, key identity.KeyID, by identity.UserID, now time.Time) (bool, error) {
	return tx.maintained(tx.keys.rows[key], []identity.UserID{by}, now), ctx.Err()
}

// maintained says whether a deploy key is enabled on a project in which all the users are
// maintainers or more.
func (w *world) maintained(k key, by []identity.UserID, now time.Time) bool {
	for id := range k.projects {
		p := w.projects.rows[id]
		isOther := func(u identity.UserID) bool { return w.projectRole(u, p, now) < source.Maintainer }
		if !p.pendingDelete && !w.hidden(p.namespace) && !slices.ContainsFunc(by, isOther) {
			return true
		}
	}
	return false
}

// DeployKeyRecords implements deploykeys.Records.
type DeployKeyRecords struct{ *state }

// Views implements deploykeys.Records.
func (r DeployKeyRecords) Views(ctx context.Context, f deploykeys.Filter, page application.Page, now time.Time) (application.Listed[deploykeys.View], error) {
	w := r.world.Load()
	var views []deploykeys.View
	for _, id := range slices.Sorted(maps.Keys(w.keys.rows)) {
		k := w.keys.rows[id]
		canPush, here := k.projects[f.Project]
		switch {
		case k.Kind != identity.DeployKey, f.ID != 0 && id != f.ID, f.Project != 0 && !here, f.Public && !k.Public,
			f.Maintainers != nil && !w.maintained(k, f.Maintainers, now):
			continue
		}
		v := deploykeys.View{Key: k.Key, CanPush: canPush}
		v.LastUsedAt = r.keyLastUsed(k.Key)
		if f.WithProjects {
			v.Projects = w.projectsOfKey(k)
		}
		views = append(views, v)
	}
	if page.Descending {
		slices.Reverse(views)
	}
	return paged(views, page), ctx.Err()
}

// projectsOfKey returns the projects on which a deploy key is enabled.
func (w *world) projectsOfKey(k key) (all []deploykeys.Project) {
	for _, id := range slices.Sorted(maps.Keys(k.projects)) {
		p := w.projects.rows[id]
		if p.pendingDelete || w.hidden(p.namespace) {
			continue
		}
		in := w.projectNamespace(p.namespace).FullName
		if owner := w.namespaces.rows[p.namespace].owner; owner != 0 {
			in = w.users.rows[owner].Name
		}
		all = append(all, deploykeys.Project{
			ID: id, Path: p.Path, Name: p.profile.Name, NamespaceName: in, Description: p.profile.Description,
			CreatedAt: p.profile.CreatedAt, CanPush: k.projects[id],
		})
	}
	return all
}

// User implements deploykeys.Records.
func (r DeployKeyRecords) User(ctx context.Context, who identity.Claim) (identity.UserID, error) {
	w := r.world.Load()
	id := identity.UserID(who.ID)
	if who.Kind == identity.ByName {
		id = w.userByName(who.Name)
	}
	return id, cmp.Or(ctx.Err(), w.users.require(id, "user"))
}
