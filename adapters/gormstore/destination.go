package gormstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// destination is a namespace with its root, and what a user is there.
const destination = `
	SELECT n.path, n.default_branch_protection, root.id, root.path, root.owner_id, root.allowed_ips, root.protocols, root.require_ssh_certificates,
		CASE WHEN n.owner_id = $1 THEN 50 ELSE (
			SELECT coalesce(max(level), 0) FROM (
				SELECT m.level AS level
				FROM namespace_closure c JOIN members m ON m.holder = c.ancestor_id
				WHERE c.descendant_id = n.id AND m.user_id = $1 AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > $2)
				UNION ALL
				SELECT CASE WHEN s.level < m.level THEN s.level ELSE m.level END
				FROM namespace_closure c
				JOIN shares s ON s.holder = c.ancestor_id AND (s.expires_at IS NULL OR s.expires_at > $2)
				JOIN namespace_closure w ON w.descendant_id = s.with_id
				JOIN members m ON m.holder = w.ancestor_id
				WHERE c.descendant_id = n.id AND m.user_id = $1 AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > $2)
			) levels
		) END
	FROM namespaces n JOIN namespaces root ON root.id = coalesce(n.root_id, n.id)
	WHERE lower(n.path) = $3 AND NOT n.hidden`

// Destination implements projects.Destinations.
func (s *Store) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	out, err := s.destination(ctx, user, path, now)
	return out, fault(err, "destination %q", path)
}

func (s *Store) destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	stmt, err := s.plain(ctx, destination)
	if err != nil {
		return source.ProjectDestination{}, err
	}
	above := path.Parent()
	var out source.ProjectDestination
	var level sql.Null[int64]
	var owner int64
	var allowed texts
	var role int64
	err = stmt.QueryRowContext(ctx, int64(user), now.UTC().Format(time.DateOnly), strings.ToLower(string(above))).Scan(
		&out.Path, &level, (*int64)(&out.Root.ID), &out.Root.Path, maybe[int64]{&owner}, &allowed,
		(*string)(&out.Root.Protocols), &out.Root.RequireSSHCertificates, &role)
	if err != nil {
		return source.ProjectDestination{}, err
	}
	out.Path += string(path[len(above):])
	out.Root.Personal, out.Root.AllowedIPs = owner != 0, prefixes(allowed)
	if level.Valid {
		protection := source.BranchProtection(level.V)
		out.DefaultBranchProtection = &protection
	}
	if role := source.Role(role); role > source.Minimal {
		out.Role = role
	}
	return out, nil
}

// Enqueue implements worldimport.Jobs.
func (r *worldTx) Enqueue(ctx context.Context, job application.Job) error {
	return r.enqueue(ctx, r.tx.Statement.ConnPool.(*sql.Tx), job)
}
