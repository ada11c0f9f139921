package management

import (
	"database/sql"
	"net/netip"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// GroupProtection is how a group protects default branches of new projects, as its row has
// it. The settings are null unless they have a part in it.
type GroupProtection struct {
	Level    sql.Null[int64]
	Settings database.Object
}

// Defaults returns nil for a group that leaves it to the instance.
func (g GroupProtection) Defaults() *source.BranchDefaults {
	var level *source.BranchProtection
	if g.Level.Valid {
		level = new(source.BranchProtection(g.Level.V))
	}
	return source.OwnBranchDefaults(level, remembered.Values(g.Settings))
}

var destinationQuery = queries.Query("project_destination")

// Destination returns the destination of a path as projects.Destinations does, but for the
// kinds of its errors. The function scan reads the only row of a query.
func Destination(scan func(query *database.Query, columns []any, args ...sql.NamedArg) error, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	above := path.Parent()
	var out source.ProjectDestination
	var protection GroupProtection
	var limit, count sql.Null[int64]
	var owner, role int64
	var allowed database.Texts
	columns := []any{
		(*int64)(&out.ID), (*string)(&out.Namespace), (*string)(&out.Visibility), (*int64)(&out.Owner), &out.ShareLock,
		&protection.Level, database.Null(&protection.Settings), (*int64)(&out.Root.ID), &out.Root.Path, database.Null(&owner), &allowed,
		(*string)(&out.Root.Protocols), &out.Root.RequireSSHCertificates, (*string)(&out.Creation), &out.LFS, &role, &limit, &count, &out.Taken,
	}
	err := scan(destinationQuery, columns, sql.Named("user", int64(user)),
		sql.Named("today", now.UTC().Format(time.DateOnly)), sql.Named("path", above.Fold()), sql.Named("whole_path", path.Fold()))
	if err != nil {
		return source.ProjectDestination{}, err
	}
	out.Path = string(out.Namespace + path[len(above):])
	out.Root.Personal, out.Root.AllowedIPs = owner != 0, Prefixes(allowed)
	out.BranchDefaults = protection.Defaults()
	if limit.Valid {
		out.Personal = &source.PersonalProjects{Count: count.V, Limit: limit.V}
	}
	if role := source.Role(role); role > source.Minimal {
		out.Role = role
	}
	return out, nil
}

// Prefixes reads an allow-list. One that is malformed becomes the zero prefix, which
// contains no address.
func Prefixes(list database.Texts) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		prefix, _ := netip.ParsePrefix(text)
		out = append(out, prefix)
	}
	return out
}
