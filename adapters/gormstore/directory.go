package gormstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/management"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/adapters/gormstore/worldtx"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// standingRow is what the query returns besides the actor.
type standingRow struct {
	actor      identity.Actor
	way        int64
	project    source.Project
	protection management.GroupProtection
	rootOwner  int64
	allowedIPs database.Texts
	canPush    sql.Null[bool]
	otpSession bool
	role       int64
	entries    []protectionEntry
}

// readStanding reads the query's columns, in its order.
func readStanding(r *database.Row, asked parts) (out standingRow) {
	out.actor, out.way = readActor(r), r.Int()
	p := &out.project
	p.ID, p.Path, p.Visibility = source.ProjectID(r.Int()), r.Text(), source.Visibility(r.Text())
	p.Archived, p.ReadOnly, p.Repository, p.Wiki, p.LFS = r.Bool(), r.Bool(), source.Feature(r.Text()), source.Feature(r.Text()), r.Bool()
	p.DefaultBranch, p.Empty, p.Storage, p.LegacyPath = r.Text(), r.Bool(), r.Text(), r.Text()
	out.protection = management.GroupProtection{Level: r.NullInt(), Settings: database.ReadJSON[database.Object](r)}
	p.Root.ID, p.Root.Path, out.rootOwner = source.NamespaceID(r.Int()), r.Text(), r.Int()
	out.allowedIPs = database.ReadJSON[database.Texts](r)
	p.Root.Protocols, p.Root.RequireSSHCertificates = source.Protocols(r.Text()), r.Bool()
	out.canPush, out.otpSession, out.role = r.NullBool(), r.Bool(), r.Int()
	if asked.refs {
		out.entries = database.ReadJSON[[]protectionEntry](r)
	}
	return out
}

// Directory finds all facts for a decision.
type Directory struct {
	db        *database.DB
	standings *variants[standingRow]
	// past finds the number of the project that had a path before it moved.
	past *database.Lookup[int64]
}

func newDirectory(db *database.DB) *Directory {
	past := database.MustLookup(db, func(t *database.Text) string {
		return "SELECT " + t.Open() + "r.project_id" + t.Close() + " FROM redirects r WHERE r.path = " + t.Arg("path")
	}, (*database.Row).Int)
	return &Directory{db, &variants[standingRow]{db: db, query: "standing", read: readStanding}, past}
}

// Standing implements gitaccess.Directory. It is one statement for what is usual, and a
// further one if the answer shows that the question may be a rare one.
func (d *Directory) Standing(ctx context.Context, q source.Inquiry) (source.Standing, error) {
	_, _, cut := stem(q.Target.Path)
	rare := cut || q.OTP
	out, err := d.standing(ctx, q, rare)
	if err == nil && !rare {
		if rare, err = d.isRare(ctx, q, &out); rare {
			out, err = d.standing(ctx, q, true)
		}
	}
	if err != nil {
		return source.Standing{}, database.Fault(err, "standing of %s in %q", q.Claim, q.Target)
	}
	out.OTPSession = out.OTPSession && q.OTP
	return out, nil
}

func (d *Directory) standing(ctx context.Context, q source.Inquiry, rare bool) (source.Standing, error) {
	row, err := d.standings.ask(ctx, question{q.Claim, q.Target, q.Now}, parts{q.Refs, rare})
	if err != nil {
		return source.Standing{}, err
	}
	return row.standing(q.Target), nil
}

// isRare says whether what the usual statement returned lacks something: deploy keys are
// enabled on projects, and a path may be one of the past. The past is looked up whenever the
// actor sees no project, lest the time of an answer tells that there is a hidden one.
func (d *Directory) isRare(ctx context.Context, q source.Inquiry, usual *source.Standing) (bool, error) {
	if usual.Actor.IsDeployKey() {
		return true, nil
	}
	if (question{target: q.Target}).shape(parts{}).place != placeByPath || usual.Visible() {
		return false, nil
	}
	_, err := d.past.Ask(ctx, q.Target.Path.Fold())
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	return !usual.Project.Known(), nil
}

var roleSourcesQuery = queries.Query("role_sources")

// RoleSources implements gitaccess.Background.
func (d *Directory) RoleSources(ctx context.Context, user identity.UserID, p source.Project) ([]source.RoleSource, error) {
	rows, err := d.roleSources(d.db.Gorm.WithContext(ctx), user, p).Rows()
	if err != nil {
		return nil, database.Fault(err, "role sources of user %d in %q", user, p.Path)
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	var all []source.RoleSource
	for rows.Next() {
		var s source.RoleSource
		m, share := &s.Membership, &s.Share
		err := rows.Scan(&s.Kind,
			database.Null((*int64)(&m.In.Group)), database.Null((*int64)(&m.In.Project)), &m.Path, &m.Role, &m.State, database.Time(&m.ExpiresAt),
			database.Null((*int64)(&share.In.Group)), database.Null((*int64)(&share.In.Project)), database.Null(&share.Path),
			database.Null(&share.With), database.Null(&share.Role), database.Time(&share.ExpiresAt))
		if err != nil {
			return nil, database.Fault(err, "role sources of user %d in %q", user, p.Path)
		}
		all = append(all, s)
	}
	return all, database.Fault(rows.Err(), "role sources of user %d in %q", user, p.Path)
}

func (d *Directory) roleSources(tx *gorm.DB, user identity.UserID, p source.Project) *gorm.DB {
	namespace := "" // no namespace has this path
	if p.ToBeCreated {
		namespace = source.Path(p.Path).Parent().Fold()
	}
	return roleSourcesQuery.Raw(tx, sql.Named("user", int64(user)), sql.Named("project", int64(p.ID)), sql.Named("namespace", namespace))
}

const accessNames = `SELECT id, 0, 0, username FROM users WHERE id IN ?
	UNION ALL SELECT 0, id, 0, path FROM namespaces WHERE id IN ?
	UNION ALL SELECT 0, 0, id, title FROM keys WHERE id IN ?`

// maxNames is how many names are asked for at once: a statement has at most 32,766
// arguments on SQLite.
const maxNames = 10_000

// AccessNames implements gitaccess.Background.
func (d *Directory) AccessNames(ctx context.Context, entries []source.Access) (map[source.Access]string, error) {
	names := make(map[source.Access]string, len(entries))
	for some := range slices.Chunk(entries, maxNames) {
		if err := d.addNames(ctx, names, some); err != nil {
			return nil, database.Fault(err, "names of entries")
		}
	}
	return names, nil
}

func (d *Directory) addNames(ctx context.Context, names map[source.Access]string, entries []source.Access) error {
	var ids [3][]int64 // of users, groups and keys
	for _, a := range entries {
		for i, id := range []int64{int64(a.User), int64(a.Group), int64(a.DeployKey)} {
			if id != 0 {
				ids[i] = append(ids[i], id)
			}
		}
	}
	rows, err := d.db.Gorm.WithContext(ctx).Raw(accessNames, ids[0], ids[1], ids[2]).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	all := map[source.Access]string{}
	for rows.Next() {
		var a source.Access
		var name string
		if err := rows.Scan(&a.User, &a.Group, &a.DeployKey, &name); err != nil {
			return err
		}
		all[a] = name
	}
	for _, a := range entries {
		if name, found := all[source.Access{User: a.User, Group: a.Group, DeployKey: a.DeployKey}]; found {
			names[a] = name
		}
	}
	return rows.Err()
}

func (r *standingRow) standing(target source.Target) source.Standing {
	out := source.Standing{Actor: r.actor, Repository: target.Repository, OTPSession: r.otpSession}
	if !r.project.Known() {
		return out
	}
	out.Project = r.project
	out.Project.Root.Personal = r.rootOwner != 0
	out.Project.Root.AllowedIPs = management.Prefixes(r.allowedIPs)
	out.Project.BranchDefaults = r.protection.Defaults()
	out.Project.Protections = joinEntries(r.entries)
	if role := source.Role(r.role); role > source.Minimal {
		out.Role = role
	}
	out.KeyEnabled, out.KeyCanPush = r.canPush.Valid, r.canPush.V
	if !target.Repository.Known() {
		out.Repository, out.Moved = r.repository(target.Path)
	}
	return out
}

// repository is the repository that the path led to; moved says that the path is
// one of the past.
func (r *standingRow) repository(path source.Path) (repository source.RepositoryID, moved bool) {
	const whole, cut, wholeInPast, cutInPast = 1, 2, 3, 4
	repository.ID = int64(r.project.ID)
	if r.way == cut || r.way == cutInPast {
		_, repository.Kind, _ = stem(path)
	}
	return repository, r.way == wholeInPast || r.way == cutInPast
}

// protectionEntry is one entry of a protection; one without a verb stands for a
// protection without entries.
type protectionEntry struct {
	ID      int64
	Kind    string
	Pattern source.Pattern
	Force   bool
	Verb    source.ProtectionVerb
	Level   source.Role
	User    identity.UserID
	Group   source.NamespaceID
	Key     identity.KeyID
	Member  bool
}

// joinEntries puts together what the query took apart.
func joinEntries(entries []protectionEntry) []source.Protection {
	var out []source.Protection
	for i, e := range entries {
		if i == 0 || entries[i-1].ID != e.ID {
			p := source.Protection{Kind: source.Branch, Pattern: e.Pattern, AllowForcePush: e.Force}
			if e.Kind == worldtx.TagKind {
				p.Kind = source.Tag
			}
			out = append(out, p)
		}
		p := &out[len(out)-1]
		if accesses := p.Entries(e.Verb); accesses != nil {
			*accesses = append(*accesses, source.Access{Role: e.Level, User: e.User, Group: e.Group, DeployKey: e.Key, Member: e.Member})
		}
	}
	return out
}
