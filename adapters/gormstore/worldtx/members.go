package worldtx

import (
	"context"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

type memberRow struct {
	ID        int64
	UserID    int64
	GroupID   database.Ref
	ProjectID database.Ref
	Level     int64
	State     string
	ExpiresAt database.Day
	CreatedAt database.Instant `gorm:"autoCreateTime:false"`
	CreatedBy database.Ref
	UpdatedAt database.Instant `gorm:"autoUpdateTime:false"`
}

// TableName is gorm's name for the table.
func (memberRow) TableName() string { return "members" }

type shareRow struct {
	ID        int64
	GroupID   database.Ref
	ProjectID database.Ref
	WithID    int64
	Level     int64
	ExpiresAt database.Day
	CreatedAt database.Instant `gorm:"autoCreateTime:false"`
	CreatedBy database.Ref
}

// TableName is gorm's name for the table.
func (shareRow) TableName() string { return "shares" }

// memberSourceExists returns domain.NotFound unless the group or project exists.
func (w *writer) memberSourceExists(ctx context.Context, in source.MemberSource) error {
	if in.Project != 0 {
		return w.exists(ctx, projectTable, int64(in.Project))
	}
	return w.exists(ctx, groupTable, int64(in.Group))
}

// PutMember implements worldimport.Namespaces.
func (w *writer) PutMember(ctx context.Context, user identity.UserID, in source.MemberSource, m worldimport.Member) error {
	return w.putMember(ctx, in, memberRow{
		UserID: int64(user), Level: int64(m.Role), State: string(m.State), ExpiresAt: database.ToDay(m.ExpiresAt),
		CreatedAt: database.ToInstant(m.CreatedAt), CreatedBy: database.Ref(m.Creator), UpdatedAt: database.ToInstant(m.UpdatedAt),
	}, wholeMember...)
}

// wholeMember are the columns of a membership beside whose and where it is.
var wholeMember = []string{"level", "state", "expires_at", "created_at", "created_by", "updated_at"}

// putMember keeps a membership in a group or project, over the columns of the one that the
// user has there.
func (w *writer) putMember(ctx context.Context, in source.MemberSource, row memberRow, columns ...string) error {
	if err := w.personExists(ctx, identity.UserID(row.UserID)); err != nil {
		return err
	}
	if err := w.memberSourceExists(ctx, in); err != nil {
		return err
	}
	row.GroupID, row.ProjectID = database.Ref(in.Group), database.Ref(in.Project)
	onConflict := database.UpsertClause([]string{"user_id", "holder"}, columns)
	return database.Fault(upsert(ctx, w, &row, onConflict), "member %d", row.UserID)
}

// PutShare implements worldimport.Namespaces.
func (w *writer) PutShare(ctx context.Context, in source.MemberSource, with source.NamespaceID, s worldimport.Share) error {
	return w.putShare(ctx, in, shareRow{
		WithID: int64(with), Level: int64(s.Role), ExpiresAt: database.ToDay(s.ExpiresAt),
		CreatedAt: database.ToInstant(s.CreatedAt), CreatedBy: database.Ref(s.Creator),
	})
}

// putShare keeps a share.
func (w *writer) putShare(ctx context.Context, in source.MemberSource, row shareRow) error {
	if err := w.memberSourceExists(ctx, in); err != nil {
		return err
	}
	if err := w.exists(ctx, groupTable, row.WithID); err != nil {
		return err
	}
	row.GroupID, row.ProjectID = database.Ref(in.Group), database.Ref(in.Project)
	onConflict := database.UpsertClause([]string{"holder", "with_id"}, []string{"level", "expires_at", "created_at", "created_by"})
	return database.Fault(upsert(ctx, w, &row, onConflict), "share with group %d", row.WithID)
}

// shareRow returns what a group or project lends a group, or nil.
func (w *writer) shareRow(ctx context.Context, in source.MemberSource, with source.NamespaceID) (*shareRow, error) {
	return database.Find[shareRow](ctx, w.tx, "holder = ? AND with_id = ?", holder(in), int64(with))
}

// removeShare removes a share; domain.NotFound if there is none.
func (w *writer) removeShare(ctx context.Context, in source.MemberSource, with source.NamespaceID) error {
	removed := w.tx.WithContext(ctx).Exec("DELETE FROM shares WHERE holder = ? AND with_id = ?", holder(in), int64(with))
	err := removed.Error
	if err == nil && removed.RowsAffected == 0 {
		err = gorm.ErrRecordNotFound
	}
	return database.Fault(err, "share with group %d", with)
}

// Member implements worldimport.Current.
func (w currentTx) Member(ctx context.Context, user identity.UserID, in source.MemberSource) (worldimport.Member, error) {
	row, err := w.member(ctx, user, in)
	if err != nil {
		return worldimport.Member{}, err
	}
	return row.member(), nil
}

// member returns the membership of the row, without names and paths.
func (row memberRow) member() worldimport.Member {
	return worldimport.Member{
		Role: source.Role(row.Level), State: worldimport.MemberState(row.State), ExpiresAt: row.ExpiresAt.Time,
		Creation: creation(row.CreatedAt, row.CreatedBy), UpdatedAt: row.UpdatedAt.Time,
	}
}

// member returns the membership of a user in a group or project, or domain.NotFound.
func (w *writer) member(ctx context.Context, user identity.UserID, in source.MemberSource) (*memberRow, error) {
	row, err := found(database.Find[memberRow](ctx, w.tx, "user_id = ? AND holder = ?", int64(user), holder(in)))
	return row, database.Fault(err, "member %d", user)
}

// Share implements worldimport.Current.
func (w currentTx) Share(ctx context.Context, in source.MemberSource, with source.NamespaceID) (worldimport.Share, error) {
	row, err := found(w.shareRow(ctx, in, with))
	if err != nil {
		return worldimport.Share{}, database.Fault(err, "share with group %d", with)
	}
	return row.share(), nil
}

// share returns the share of the row, without names and paths.
func (row shareRow) share() worldimport.Share {
	return worldimport.Share{Role: source.Role(row.Level), ExpiresAt: row.ExpiresAt.Time, Creation: creation(row.CreatedAt, row.CreatedBy)}
}

// creation returns when and by which user a row was created, without the username.
func creation(at database.Instant, by database.Ref) worldimport.Creation {
	return worldimport.Creation{CreatedAt: at.Time, Creator: identity.UserID(by)}
}

// holder is the number of a group, or that of a project with a minus sign, as the
// tables have it.
func holder(in source.MemberSource) int64 {
	if in.Project != 0 {
		return -int64(in.Project)
	}
	return int64(in.Group)
}
