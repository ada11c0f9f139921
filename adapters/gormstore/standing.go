package gormstore

import (
	"context"
	"database/sql"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// standingRow is what the query returns besides the actor.
type standingRow struct {
	actor            identity.Actor
	way              int64
	project          source.Project
	branchProtection sql.Null[int64]
	rootOwner        int64
	allowedIPs       texts
	canPush          sql.Null[bool]
	otpSession       bool
	role             int64
	entries          []protectionEntry
}

// columns are where the query's columns go, in its order.
func (r *standingRow) columns(refs bool) []any {
	p := &r.project
	columns := append(actorColumns(&r.actor),
		maybe[int64]{&r.way}, maybe[int64]{(*int64)(&p.ID)}, maybe[string]{&p.Path}, maybe[string]{(*string)(&p.Visibility)},
		maybe[bool]{&p.Archived}, maybe[bool]{&p.ReadOnly}, maybe[string]{(*string)(&p.Repository)}, maybe[string]{(*string)(&p.Wiki)}, maybe[bool]{&p.LFS},
		maybe[string]{&p.DefaultBranch}, maybe[bool]{&p.Empty}, maybe[string]{&p.Storage}, maybe[string]{&p.LegacyPath},
		&r.branchProtection, maybe[int64]{(*int64)(&p.Root.ID)}, maybe[string]{&p.Root.Path}, maybe[int64]{&r.rootOwner},
		&r.allowedIPs, maybe[string]{(*string)(&p.Root.Protocols)}, maybe[bool]{&p.Root.RequireSSHCertificates},
		&r.canPush, maybe[bool]{&r.otpSession}, maybe[int64]{&r.role},
	)
	if refs {
		columns = append(columns, asJSON{&r.entries})
	}
	return columns
}

// Standing implements gitaccess.Directory. It is one statement, whatever is
// asked.
func (s *Store) Standing(ctx context.Context, q source.Inquiry) (source.Standing, error) {
	var row standingRow
	err := s.ask(ctx, "standing", asked{q.Claim, q.Target, q.Now}, q.Refs, row.columns(q.Refs))
	if err != nil {
		return source.Standing{}, fault(err, "standing of %s in %q", q.Claim, q.Target)
	}
	return row.standing(q.Target), nil
}

func (r *standingRow) standing(target source.Target) source.Standing {
	out := source.Standing{Actor: r.actor, Repository: target.Repository, OTPSession: r.otpSession}
	if !r.project.Known() {
		return out
	}
	out.Project = r.project
	out.Project.Root.Personal = r.rootOwner != 0
	out.Project.Root.AllowedIPs = prefixes(r.allowedIPs)
	if r.branchProtection.Valid {
		level := source.BranchProtection(r.branchProtection.V)
		out.Project.DefaultBranchProtection = &level
	}
	out.Project.Protections = protections(r.entries)
	if role := source.Role(r.role); role > source.Minimal {
		out.Role = role
	}
	out.KeyEnabled, out.KeyCanPush = r.canPush.Valid, r.canPush.V
	if !target.Repository.Known() {
		out.Repository, out.Moved = r.found(target.Path)
	}
	return out
}

// found says which repository the path led to, and whether it is one of the
// past.
func (r *standingRow) found(path source.Path) (repository source.RepositoryID, moved bool) {
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
	Verb    string
	Level   source.Role
	User    identity.UserID
	Group   source.NamespaceID
	Key     identity.KeyID
	Member  bool
}

// protections puts together what the query took apart.
func protections(entries []protectionEntry) []source.Protection {
	var out []source.Protection
	for i, e := range entries {
		if i == 0 || entries[i-1].ID != e.ID {
			p := source.Protection{Kind: source.Branch, Pattern: e.Pattern, AllowForcePush: e.Force}
			if e.Kind == tagKind {
				p.Kind = source.Tag
			}
			out = append(out, p)
		}
		p := &out[len(out)-1]
		access := source.Access{Role: e.Level, User: e.User, Group: e.Group, DeployKey: e.Key, Member: e.Member}
		switch e.Verb {
		case pushVerb:
			p.Push = append(p.Push, access)
		case mergeVerb:
			p.Merge = append(p.Merge, access)
		case createVerb:
			p.Create = append(p.Create, access)
		}
	}
	return out
}
