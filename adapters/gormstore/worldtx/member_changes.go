package worldtx

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/management"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application/members"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// memberPorts returns the ports of members.
func (w *writer) memberPorts() members.Tx {
	tx := membersTx{w}
	return members.Tx{Members: tx, Users: tx, Standings: w, Audit: w}
}

// membersTx implements the ports of members.
type membersTx struct{ *writer }

// User implements members.Users.
func (w membersTx) User(ctx context.Context, who identity.Claim) (identity.User, error) {
	row, err := database.Find[userRow](ctx, w.tx, "id = ?", who.ID)
	if who.Kind == identity.ByName {
		row, err = w.userNamed(ctx, who.Name)
	}
	if row, err = found(row, err); err != nil {
		return identity.User{}, database.Fault(err, "user %s", who)
	}
	return row.account().User, nil
}

// Member implements members.Members.
func (w membersTx) Member(ctx context.Context, user identity.UserID, in source.MemberSource) (members.Member, error) {
	row, err := w.member(ctx, user, in)
	if err != nil {
		return members.Member{}, err
	}
	return members.Member{
		Role: source.Role(row.Level), State: source.MemberState(row.State), ExpiresAt: row.ExpiresAt.Time,
		CreatedAt: row.CreatedAt.Time, UpdatedAt: row.UpdatedAt.Time, CreatedBy: identity.UserID(row.CreatedBy),
	}, nil
}

// PutMember implements members.Members.
func (w membersTx) PutMember(ctx context.Context, user identity.UserID, in source.MemberSource, m members.Member) error {
	return w.putMember(ctx, in, memberRow{
		UserID: int64(user), Level: int64(m.Role), State: string(m.State), ExpiresAt: database.ToDay(m.ExpiresAt),
		CreatedAt: database.ToInstant(m.CreatedAt), CreatedBy: database.Ref(m.CreatedBy), UpdatedAt: database.ToInstant(m.UpdatedAt),
	}, wholeMember...)
}

var (
	membersBelow    = queries.Query("member_below")
	memberInherited = queries.Query("member_inherited")
	otherOwner      = queries.Query("member_other_owner")
)

// RemoveMember implements members.Members.
func (w membersTx) RemoveMember(ctx context.Context, user identity.UserID, in source.MemberSource, below bool) ([]source.Membership, error) {
	group := int64(0)
	if below {
		group = int64(in.Group)
	}
	ids, removed, err := w.membersBelow(ctx, sql.Named("user", int64(user)), sql.Named("holder", holder(in)), sql.Named("below", group))
	for some := range slices.Chunk(ids, manyRows) {
		if err == nil {
			err = w.exec(ctx, "DELETE FROM members WHERE id IN ?", some)
		}
	}
	return removed, database.Fault(err, "remove member %d", user)
}

// membersBelow returns the numbers of memberships, and the memberships in the order of
// their paths.
func (w membersTx) membersBelow(ctx context.Context, args ...sql.NamedArg) (ids []int64, below []source.Membership, err error) {
	rows, err := membersBelow.Raw(w.tx.WithContext(ctx), args...).Rows()
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id int64
		var m source.Membership
		err := rows.Scan(&id, (*int64)(&m.In.Group), (*int64)(&m.In.Project), &m.Path, (*int)(&m.Role), (*string)(&m.State), database.Time(&m.ExpiresAt))
		if err != nil {
			return nil, nil, err
		}
		ids, below = append(ids, id), append(below, m)
	}
	slices.SortFunc(below, func(a, b source.Membership) int { return cmp.Compare(identity.Fold(a.Path), identity.Fold(b.Path)) })
	return ids, below, rows.Err()
}

// Inherited implements members.Members.
func (w membersTx) Inherited(ctx context.Context, user identity.UserID, in source.MemberSource, now time.Time) (source.Membership, error) {
	m := source.Membership{State: source.MemberActive}
	var name string
	err := memberInherited.Raw(w.tx.WithContext(ctx),
		sql.Named("user", int64(user)), sql.Named("group", int64(in.Group)), sql.Named("project", int64(in.Project)), sql.Named("today", today(now)),
	).Row().Scan((*int64)(&m.In.Group), &m.Path, &name, (*int)(&m.Role), database.Time(&m.ExpiresAt))
	if errors.Is(err, sql.ErrNoRows) {
		return source.Membership{}, nil
	}
	m.Path = source.GroupProfile{Name: name}.Complete(m.Path).Name
	return m, database.Fault(err, "memberships of user %d", user)
}

// HasOtherOwner implements members.Members.
func (w membersTx) HasOtherOwner(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (has bool, err error) {
	err = otherOwner.Raw(w.tx.WithContext(ctx),
		sql.Named("user", int64(user)), sql.Named("group", int64(group)), sql.Named("today", today(now)),
	).Row().Scan(&has)
	return has, database.Fault(err, "owners of group %d", group)
}

// today is the day of a moment as memberships have it.
func today(now time.Time) string { return now.UTC().Format(time.DateOnly) }

// Standing returns the group or project and the role of the user there, or
// domain.NotFound if there is none. The user may be 0.
func (w *writer) Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error) {
	row := func(query *database.Query, args ...sql.NamedArg) *sql.Row {
		return query.Raw(w.tx.WithContext(ctx), args...).Row()
	}
	return management.StandingIn(row, user, on, now)
}
