package gormstore

import (
	"context"

	"gorm.io/gorm/clause"

	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

type memberRow struct {
	ID        int64
	UserID    int64
	GroupID   ref
	ProjectID ref
	Level     int64
	State     string
	ExpiresAt day
}

// TableName is gorm's name for the table.
func (memberRow) TableName() string { return "members" }

type shareRow struct {
	ID        int64
	GroupID   ref
	ProjectID ref
	WithID    int64
	Level     int64
	ExpiresAt day
}

// TableName is gorm's name for the table.
func (shareRow) TableName() string { return "shares" }

// over writes the given columns of a row that has the same values in the
// unique ones.
func over(unique, columns []string) clause.OnConflict {
	conflict := clause.OnConflict{DoUpdates: clause.AssignmentColumns(columns)}
	for _, name := range unique {
		conflict.Columns = append(conflict.Columns, clause.Column{Name: name})
	}
	return conflict
}

// memberSourceExists returns domain.NotFound unless the group or project is there.
func (r *worldTx) memberSourceExists(ctx context.Context, in source.MemberSource) error {
	if in.Project != 0 {
		return r.exists(ctx, projectTable, int64(in.Project))
	}
	return r.exists(ctx, groups, int64(in.Group))
}

// PutMember implements worldimport.Namespaces.
func (r *worldTx) PutMember(ctx context.Context, user identity.UserID, in source.MemberSource, m worldimport.Member) error {
	if err := r.exists(ctx, users, int64(user)); err != nil {
		return err
	}
	if err := r.memberSourceExists(ctx, in); err != nil {
		return err
	}
	row := memberRow{
		UserID: int64(user), GroupID: ref(in.Group), ProjectID: ref(in.Project),
		Level: int64(m.Role), State: string(m.State), ExpiresAt: on(m.ExpiresAt),
	}
	again := over([]string{"user_id", "holder"}, []string{"level", "state", "expires_at"})
	return fault(putOver(ctx, r, &row, again), "member %d", user)
}

// PutShare implements worldimport.Namespaces.
func (r *worldTx) PutShare(ctx context.Context, in source.MemberSource, with source.NamespaceID, s worldimport.Share) error {
	if err := r.memberSourceExists(ctx, in); err != nil {
		return err
	}
	if err := r.exists(ctx, groups, int64(with)); err != nil {
		return err
	}
	row := shareRow{
		GroupID: ref(in.Group), ProjectID: ref(in.Project), WithID: int64(with),
		Level: int64(s.Role), ExpiresAt: on(s.ExpiresAt),
	}
	again := over([]string{"holder", "with_id"}, []string{"level", "expires_at"})
	return fault(putOver(ctx, r, &row, again), "share with group %d", with)
}
