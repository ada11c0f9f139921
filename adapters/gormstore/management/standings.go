package management

import (
	"context"
	"database/sql"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

var (
	groupStanding   = queries.Query("group_standing")
	projectStanding = queries.Query("project_standing")
)

// Standings knows the roles of users in groups and projects.
type Standings struct{ db *database.DB }

// NewStandings returns the Standings of a database.
func NewStandings(db *database.DB) *Standings { return &Standings{db} }

// Standing returns the group or project and the role of the user there, or
// domain.NotFound if there is none. The user may be 0.
func (s *Standings) Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error) {
	out, query, columns, args := standing(user, on, now)
	if !database.Storable(on.Path) {
		return found(out, sql.ErrNoRows, on)
	}
	err := s.db.ScanRow(ctx, query, columns, args...)
	return found(out, err, on)
}

// Row runs a query that returns one row.
type Row func(query *database.Query, args ...sql.NamedArg) *sql.Row

// StandingIn does what Standings.Standing does, in the transaction of row.
func StandingIn(row Row, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error) {
	out, query, columns, args := standing(user, on, now)
	if !database.Storable(on.Path) {
		return found(out, sql.ErrNoRows, on)
	}
	return found(out, row(query, args...).Scan(columns...), on)
}

func standing(user identity.UserID, on rights.Ref, now time.Time) (*rights.Standing, *database.Query, []any, []sql.NamedArg) {
	out := &rights.Standing{Subject: rights.Subject{Kind: on.Kind, Known: true}}
	args := []sql.NamedArg{
		sql.Named("user", int64(user)), sql.Named("path", identity.Fold(on.Path)), sql.Named("id", on.ID),
		sql.Named("today", now.UTC().Format(time.DateOnly)),
	}
	if on.Kind == rights.Project {
		return out, projectStanding, []any{&out.ID, &out.Path, (*string)(&out.Visibility), (*int64)(&out.User), (*string)(&out.Repository), &out.MembershipLock, (*int)(&out.Role)}, args
	}
	return out, groupStanding, []any{
		&out.ID, &out.Path, (*string)(&out.Visibility), (*string)(&out.ProjectCreation), (*string)(&out.SubgroupCreation),
		&out.MembershipLock, (*int)(&out.Role),
	}, args
}

func found(s *rights.Standing, err error, on rights.Ref) (rights.Standing, error) {
	if err != nil {
		return rights.Standing{}, database.Fault(err, "%s %d %q", on.Kind, on.ID, on.Path)
	}
	if s.Role <= source.Minimal {
		s.Role = source.NoRole
	}
	return *s, nil
}
