package management

import (
	"context"
	"database/sql"
	"fmt"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
)

// Accounts reads users.
type Accounts struct{ db *database.DB }

// NewAccounts returns the reader of users in a database.
func NewAccounts(db *database.DB) *Accounts { return &Accounts{db} }

const (
	viewColumns = `
		u.id, u.username, u.name, u.email, u.public_email, u.state, u.type, u.admin, u.external, u.terms_accepted, u.email_confirmed,
		u.password_expires_at, u.credential_version, u.two_factor, u.can_create_group, u.projects_limit, u.note, u.settings,
		u.created_at, u.updated_at, u.last_activity_on, n.id, c.id, c.username, c.name, c.state, c.public_email`
	viewTables = `users u JOIN namespaces n ON n.owner_id = u.id LEFT JOIN users c ON c.id = u.created_by`
	viewByID   = "SELECT " + viewColumns + " FROM " + viewTables + " WHERE u.id = $1"
	viewByName = "SELECT " + viewColumns + " FROM " + viewTables + " JOIN routes r ON r.namespace_id = n.id WHERE r.path = $1"
)

// scanView returns where the viewColumns go.
func scanView(v *accounts.View) []any {
	u, c := &v.User, &v.Creator
	return []any{
		(*int64)(&u.ID), &u.Username, &u.Name, &u.Email, &u.PublicEmail, (*string)(&u.State), (*string)(&u.Type), &u.Admin, &u.External,
		&u.TermsAccepted, &u.EmailConfirmed, database.Time(&u.PasswordExpiresAt), &u.CredentialVersion, &u.TwoFactor,
		&v.CanCreateGroup, &v.ProjectsLimit, &v.Note, settings(&v.Settings),
		database.Time(&v.CreatedAt), database.Time(&v.UpdatedAt), database.Time(&v.LastActivityOn), (*int64)(&v.Namespace),
		database.Null((*int64)(&c.ID)), database.Null(&c.Username), database.Null(&c.Name), database.Null((*string)(&c.State)), database.Null(&c.PublicEmail),
	}
}

// settings scans remembered parameters.
func settings(to *remembered.Values) sql.Scanner { return (*database.Object)(to) }

// View implements accounts.Records.
func (a *Accounts) View(ctx context.Context, who identity.Claim) (v accounts.View, err error) {
	text, value := viewByID, any(who.ID)
	if who.Kind == identity.ByName {
		text, value = viewByName, who.Name
	}
	stmt, err := a.db.Prepare(ctx, text)
	if err == nil {
		err = stmt.QueryRowContext(ctx, value).Scan(scanView(&v)...)
	}
	if err != nil {
		return accounts.View{}, database.Fault(err, "user %s", who)
	}
	v.CreatedBy = v.Creator.ID
	return v, nil
}

// HasAdministrator is the query of accounts.Records.HasAdministrator, on both databases.
const HasAdministrator = "SELECT EXISTS (SELECT 1 FROM users WHERE admin AND state = 'active' AND type NOT IN ('ghost', 'internal'))"

// HasAdministrator implements accounts.Records.
func (a *Accounts) HasAdministrator(ctx context.Context) (found bool, err error) {
	err = a.db.Pool.QueryRowContext(ctx, HasAdministrator).Scan(&found)
	return found, database.Fault(err, "administrator")
}

// Views implements accounts.Records.
func (a *Accounts) Views(ctx context.Context, f accounts.Filter, page application.Page) (application.Listed[accounts.View], error) {
	return application.Listed[accounts.View]{}, fmt.Errorf("not yet")
}

// Memberships implements accounts.Records.
func (a *Accounts) Memberships(ctx context.Context, user identity.UserID, kind string, page application.Page) (application.Listed[accounts.Membership], error) {
	return application.Listed[accounts.Membership]{}, fmt.Errorf("not yet")
}
