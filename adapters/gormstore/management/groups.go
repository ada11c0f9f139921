package management

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Groups reads groups.
type Groups struct{ db *database.DB }

// NewGroups returns the reader of groups in a database.
func NewGroups(db *database.DB) *Groups { return &Groups{db} }

const (
	groupColumns = `
		n.id, n.path, n.parent_id, n.visibility, n.allowed_ips, n.protocols, n.require_ssh_certificates,
		coalesce(n.default_branch_protection, (SELECT CAST(s.value AS bigint) FROM instance_notes s WHERE s.name = '` + BranchProtectionNote + `')),
		n.name, n.description, n.lfs, n.project_creation, n.subgroup_creation, n.share_lock, n.membership_lock, n.require_two_factor,
		n.settings, n.created_at, n.updated_at`
	isGroup = "n.owner_id IS NULL AND NOT n.hidden"
)

// scanGroup reads the groupColumns.
func scanGroup(rows interface{ Scan(...any) error }) (v groups.View, err error) {
	var level sql.Null[int64]
	var allowed database.Texts
	var lfs sql.Null[bool]
	err = rows.Scan(
		(*int64)(&v.ID), &v.Path, database.Null((*int64)(&v.Parent)), (*string)(&v.Visibility), &allowed, (*string)(&v.Protocols), &v.RequireSSHCertificates, &level,
		&v.Name, &v.Description, &lfs, (*string)(&v.ProjectCreation), (*string)(&v.SubgroupCreation), &v.ShareLock, &v.MembershipLock, &v.RequireTwoFactor,
		settings(&v.Settings), database.Time(&v.CreatedAt), database.Time(&v.UpdatedAt),
	)
	if err != nil {
		return groups.View{}, err
	}
	v.GroupProfile = v.Complete(v.Path)
	if level.Valid {
		protection := source.BranchProtection(level.V)
		v.DefaultBranchProtection = &protection
	}
	if lfs.Valid {
		v.LFS = &lfs.V
	}
	for _, text := range allowed {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return groups.View{}, err
		}
		v.AllowedIPs = append(v.AllowedIPs, prefix)
	}
	return v, nil
}

// View implements groups.Records.
func (g *Groups) View(ctx context.Context, id source.NamespaceID) (groups.View, error) {
	stmt, err := g.db.Prepare(ctx, "SELECT "+groupColumns+" FROM namespaces n WHERE n.id = $1 AND "+isGroup)
	if err != nil {
		return groups.View{}, database.Fault(err, "group %d", id)
	}
	view, err := scanGroup(stmt.QueryRowContext(ctx, int64(id)))
	if err != nil {
		return groups.View{}, database.Fault(err, "group %d", id)
	}
	views := []groups.View{view}
	err = g.addAncestors(ctx, views)
	return views[0], database.Fault(err, "groups above group %d", id)
}

// addAncestors fills in what depends on the groups above.
func (g *Groups) addAncestors(ctx context.Context, views []groups.View) (err error) {
	if len(views) == 0 {
		return nil
	}
	byID := map[int64]*groups.View{}
	var q query
	var places []string
	for i := range views {
		id := int64(views[i].ID)
		byID[id], views[i].EffectiveLFS = &views[i], true
		places = append(places, q.bind("?", id))
	}
	rows, err := g.db.Pool.QueryContext(ctx, fmt.Sprintf(`
		SELECT c.descendant_id, a.name, a.path, a.lfs
		FROM namespace_closure c JOIN namespaces a ON a.id = c.ancestor_id
		WHERE c.descendant_id IN (%s)
		ORDER BY c.descendant_id, length(a.path)`, strings.Join(places, ", ")), q.args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id int64
		var name, path string
		var lfs sql.Null[bool]
		if err := rows.Scan(&id, &name, &path, &lfs); err != nil {
			return err
		}
		view := byID[id]
		view.FullName = strings.TrimPrefix(view.FullName+" / "+nameOf(name, path), " / ")
		if lfs.Valid {
			view.EffectiveLFS = lfs.V
		}
	}
	return rows.Err()
}

// nameOf is the name of a namespace of an earlier release, too.
func nameOf(name, path string) string { return source.GroupProfile{Name: name}.Complete(path).Name }

// Views implements groups.Records.
func (g *Groups) Views(ctx context.Context, f groups.Filter, page application.Page, now time.Time) (application.Listed[groups.View], error) {
	q, err := g.query(f, page, now)
	if err != nil {
		return application.Listed[groups.View]{}, err
	}
	found, err := list(ctx, g.db, q, page, func(rows *sql.Rows) (groups.View, error) { return scanGroup(rows) })
	if err == nil {
		err = g.addAncestors(ctx, found.Items)
	}
	return found, database.Fault(err, "groups")
}

// Query returns the text and the arguments of the statement by which Views reads a first page.
func (g *Groups) Query(f groups.Filter, page application.Page, now time.Time) (text string, args []any, err error) {
	q, err := g.query(f, page, now)
	if err == nil {
		text = q.page(page)
	}
	return text, q.args, err
}

// query returns the query of the groups that the filter picks.
func (g *Groups) query(f groups.Filter, page application.Page, now time.Time) (query, error) {
	name, last := g.db.Dialect.Lower("n.name"), g.db.Dialect.Lower(lastPart)
	q := query{
		columns: groupColumns, from: "namespaces n", id: "n.id",
		orders: map[string]string{"id": "n.id", "name": name, "path": last, "similarity": name},
	}
	reached, err := "", error(nil)
	switch seen := f.Sight.User != 0 && !f.Sight.All; {
	case f.Least > source.NoRole, seen && f.TransferOf != 0:
		_, err = q.joinRoles(g.db, f.Sight.User, f.Least, now)
		reached = "r.level IS NOT NULL"
	case seen: // a join would be made row by row where few groups are expected
		reached, _, err = q.roles(g.db, f.Sight.User, now)
		reached = "n.id IN (SELECT id FROM (" + reached + ") r)"
	}
	if err != nil {
		return query{}, err
	}
	q.and(isGroup)
	switch {
	case f.Sight.All:
	case f.Sight.User == 0:
		q.and(oneOf("n.visibility", f.Sight.Visibilities))
	default:
		q.and("(" + oneOf("n.visibility", f.Sight.Visibilities) + " OR " + reached + ")")
	}
	if f.Search != "" {
		q.search(g.db.Dialect, f.Search, strings.Contains(f.Search, "/"))
	}
	if f.Search != "" && page.Order == "similarity" {
		search := identity.Fold(f.Search)
		begins := pattern(search, false)
		q.first = "CASE WHEN ? IN (" + name + ", " + last + ") THEN 0 WHEN " + name + like + " OR " + last + like + " THEN 1 ELSE 2 END"
		q.firstValues = []any{search, begins, begins}
	}
	if f.Visibility != "" {
		q.and("n.visibility = ?", string(f.Visibility))
	}
	if f.Parent != 0 {
		q.and("n.parent_id = ?", int64(f.Parent))
	}
	if f.Ancestor != 0 {
		q.and("n.id <> ?", int64(f.Ancestor))
		q.and("n.id IN "+inTree, int64(f.Ancestor))
	}
	if f.TopLevel {
		q.and("n.parent_id IS NULL")
	}
	for _, id := range f.Skip {
		q.and("n.id <> ?", int64(id))
	}
	today := now.UTC().Format(time.DateOnly)
	if f.SharedBy != 0 {
		q.and("EXISTS (SELECT 1 FROM shares s WHERE s.holder = ? AND s.with_id = n.id AND (s.expires_at IS NULL OR s.expires_at > ?))", int64(f.SharedBy), today)
	}
	if f.SharedWith != 0 {
		q.and("EXISTS (SELECT 1 FROM shares s WHERE s.holder = n.id AND s.with_id = ? AND (s.expires_at IS NULL OR s.expires_at > ?))", int64(f.SharedWith), today)
	}
	if f.TransferOf != 0 {
		q.transferOf(f)
	}
	return q, nil
}

const (
	inTree = "(SELECT descendant_id FROM namespace_closure WHERE ancestor_id = ?)"
	// lastPart is the last part of the path: what is left of it behind the last slash.
	lastPart = "substr(n.path, length(rtrim(n.path, replace(n.path, '/', ''))) + 1)"
	like     = ` LIKE ? ESCAPE '\'`
)

// joinRoles joins r, the groups in which the user has a role; at least one if that is not
// NoRole. It is called before any argument is bound, and returns the place of the user's
// number among them.
func (q *query) joinRoles(db *database.DB, user identity.UserID, least source.Role, now time.Time) (place string, err error) {
	roles, place, err := q.roles(db, user, now)
	if err != nil {
		return "", err
	}
	join := " LEFT JOIN ("
	if least > source.NoRole {
		join = " JOIN ("
		q.and("r.level >= ?", int64(least))
	}
	q.from += join + roles + ") r ON r.id = n.id"
	return place, nil
}

// roles returns the SQL of the groups in which the user has a role, and the place of the
// user's number. It is called before any argument is bound.
func (q *query) roles(db *database.DB, user identity.UserID, now time.Time) (roles, place string, err error) {
	text := &database.Text{Dialect: db.Dialect}
	roles, names, err := queries.Write("group_roles", text, text)
	values := map[string]any{"user": int64(user), "above": int64(source.Minimal), "today": now.UTC().Format(time.DateOnly)}
	for _, name := range names {
		q.args = append(q.args, values[name])
	}
	return roles, text.Arg("user"), err
}

// oneOf is the SQL that a column has one of some words, which need no quoting.
func oneOf[T ~string](column string, words []T) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "'" + string(word) + "'"
	}
	if len(quoted) == 0 {
		return "false"
	}
	return column + " IN (" + strings.Join(quoted, ", ") + ")"
}

// search picks namespaces n whose name or last part of the path contains the text, or,
// with whole, those whose name or path does. The whole path is looked at first in any case:
// it costs less.
func (q *query) search(d database.Dialect, text string, whole bool) {
	contains := pattern(identity.Fold(text), true)
	path := q.bind(d.Lower("n.path")+like, contains)
	if !whole {
		path += q.bind(" AND "+d.Lower(lastPart)+like, contains)
	}
	q.and("("+d.Lower("n.name")+like+" OR "+path+")", contains)
}

// pattern is that of LIKE for texts that begin with a text, or anywhere contain it.
func pattern(text string, anywhere bool) string {
	text = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
	if anywhere {
		return "%" + text
	}
	return text
}

// transferOf picks the groups to which one could go.
func (q *query) transferOf(f groups.Filter) {
	id := int64(f.TransferOf)
	q.and("n.id NOT IN "+inTree, id)
	q.and("n.id <> coalesce((SELECT parent_id FROM namespaces WHERE id = ?), 0)", id)
	if !f.Sight.All {
		q.and(fmt.Sprintf("r.level >= CASE n.subgroup_creation WHEN '%s' THEN %d ELSE %d END",
			source.MaintainerSubgroups, source.MaintainerSubgroups.Least(), source.OwnerSubgroups.Least()))
	}
}

var groupLinks = queries.Query("group_links")

// Links implements groups.Records.
func (g *Groups) Links(ctx context.Context, group source.NamespaceID, user identity.UserID, now time.Time) (links []groups.Link, err error) {
	err = g.db.ScanRows(ctx, groupLinks, func(rows *sql.Rows) error {
		var l groups.Link
		err := rows.Scan((*int64)(&l.With), &l.Name, &l.Path, (*string)(&l.Visibility), (*int)(&l.Role), database.Time(&l.ExpiresAt), (*int)(&l.Viewer))
		l.Name, l.Viewer = nameOf(l.Name, l.Path), withoutMinimal(l.Viewer)
		links = append(links, l)
		return err
	}, sql.Named("group", int64(group)), sql.Named("user", int64(user)), sql.Named("today", now.UTC().Format(time.DateOnly)))
	return links, database.Fault(err, "shares of group %d", group)
}

// withoutMinimal returns the role; Minimal counts as none.
func withoutMinimal(r source.Role) source.Role {
	if r <= source.Minimal {
		return source.NoRole
	}
	return r
}
