package management

import (
	"context"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
	"gatehouse/application/members"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Members reads members.
type Members struct{ db *database.DB }

// NewMembers returns the reader of members in a database.
func NewMembers(db *database.DB) *Members { return &Members{db} }

// memberListing is the data of member_views.
type memberListing struct {
	listing
	OfProject, Inherited, Search, Users, Skip bool
}

// Views implements members.Records.
func (m *Members) Views(ctx context.Context, in source.MemberSource, f members.Filter, page application.Page, now time.Time) (application.Listed[members.View], error) {
	data := &memberListing{
		listing: listing{Text: database.Text{Dialect: m.db.Dialect}, page: page, args: map[string]any{
			"group": int64(in.Group), "project": int64(in.Project), "holder": -int64(in.Project), "today": now.UTC().Format(time.DateOnly),
			"search": identity.Fold(f.Search), "users": numbers(f.Users), "skip": numbers(f.Skip),
		}},
		OfProject: in.Project != 0, Inherited: f.Inherited, Search: f.Search != "", Users: f.Users != nil, Skip: len(f.Skip) > 0,
	}
	l, err := listed(ctx, m.db, "member_views", data, scanMember)
	return l, database.Fault(err, "members of %v", in)
}

func scanMember(v *members.View) []any {
	v.State = source.MemberActive
	member := []any{(*int)(&v.Role), database.Time(&v.ExpiresAt), database.Time(&v.CreatedAt), database.Null((*int64)(&v.CreatedBy))}
	member = append(member, scanUser(&v.User)...)
	return append(member, scanUser(&v.Creator)...)
}

// scanUser returns where the "user columns" go, which are NULL for no user.
func scanUser(u *identity.User) []any {
	return []any{
		database.Null((*int64)(&u.ID)), database.Null(&u.Username), database.Null(&u.Name), database.Null(&u.Email), database.Null(&u.PublicEmail),
		database.Null((*string)(&u.State)), database.Null((*string)(&u.Type)), database.Null(&u.Admin), database.Null(&u.External),
		database.Null(&u.TermsAccepted), database.Null(&u.EmailConfirmed), database.Time(&u.PasswordExpiresAt),
		database.Null(&u.CredentialVersion), database.Null(&u.TwoFactor),
	}
}
