package management

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
)

// Accounts reads users.
type Accounts struct{ db *database.DB }

// NewAccounts returns the reader of users in a database.
func NewAccounts(db *database.DB) *Accounts { return &Accounts{db} }

// validMember is the condition of a membership m that counts on the day of the last ?.
const validMember = "m.state = 'active' AND m.level > 5 AND (m.expires_at IS NULL OR m.expires_at > ?)"

const (
	viewColumns = `
		u.id, u.username, u.name, u.email, u.public_email, u.state, u.type, u.admin, u.external, u.terms_accepted, u.email_confirmed,
		u.password_expires_at, u.credential_version, u.two_factor, u.can_create_group, u.projects_limit, u.note, u.settings,
		u.created_at, u.updated_at, u.last_activity_on, n.id, c.id, c.username, c.name, c.state, c.public_email, ` + highestRole
	// highestRole has no EXISTS, for which PostgreSQL might read all projects once instead.
	highestRole = `
		coalesce((SELECT 50 FROM projects p WHERE p.namespace_id = n.id LIMIT 1), (SELECT max(m.level) FROM members m WHERE m.user_id = u.id AND ` + validMember + `), 0)`
	viewTables = `users u JOIN namespaces n ON n.owner_id = u.id LEFT JOIN users c ON c.id = u.created_by`
)

// viewQuery returns the statement of one view. The first argument is the day, the second
// one is what the condition asks for.
func viewQuery(more, condition string) string {
	return "SELECT " + strings.Replace(viewColumns, "?", "$1", 1) + " FROM " + viewTables + more + " WHERE " + condition
}

var (
	viewByID   = viewQuery("", "u.id = $2")
	viewByName = viewQuery(" JOIN routes r ON r.namespace_id = n.id", "r.path = $2")
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
		(*int)(&v.HighestRole),
	}
}

// settings scans remembered parameters.
func settings(to *remembered.Values) sql.Scanner { return (*database.Object)(to) }

// day is the day of a moment, as the databases compare it.
func day(now time.Time) string { return now.UTC().Format(time.DateOnly) }

// View implements accounts.Records.
func (a *Accounts) View(ctx context.Context, who identity.Claim, now time.Time) (v accounts.View, err error) {
	text, value := viewByID, any(who.ID)
	if who.Kind == identity.ByName {
		text, value = viewByName, who.Name
	}
	if !database.Storable(who.Name) {
		return accounts.View{}, database.NotFound("user %q", who.Name)
	}
	stmt, err := a.db.Prepare(ctx, text)
	if err == nil {
		err = stmt.QueryRowContext(ctx, day(now), value).Scan(scanView(&v)...)
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
func (a *Accounts) Views(ctx context.Context, f accounts.Filter, page application.Page, now time.Time) (application.Listed[accounts.View], error) {
	for _, text := range []string{f.Username, f.Search, f.PublicEmail, f.ExternUID, f.Provider} {
		if !database.Storable(text) {
			return application.Listed[accounts.View]{}, nil
		}
	}
	views, err := list(ctx, a.db, a.query(f, now), page, func(rows *sql.Rows) (v accounts.View, err error) {
		err = rows.Scan(scanView(&v)...)
		v.CreatedBy = v.Creator.ID
		return v, err
	})
	return views, database.Fault(err, "users")
}

// Query returns the text and the arguments of the statement by which Views reads a first page.
func (a *Accounts) Query(f accounts.Filter, page application.Page, now time.Time) (text string, args []any) {
	q := a.query(f, now)
	text = q.page(page)
	return text, q.args
}

// query returns the query of the users that the filter picks.
func (a *Accounts) query(f accounts.Filter, now time.Time) query {
	d := a.db.Dialect
	earliest := d.Earliest()
	moment := func(column string) string { return fmt.Sprintf("coalesce(%s, %s)", column, earliest) }
	q := query{
		columns: viewColumns, columnValues: []any{day(now)}, from: viewTables, id: "u.id",
		orders: map[string]string{
			"id": "u.id", "name": d.Lower("u.name"), "username": d.Lower("u.username"),
			"created_at": moment("u.created_at"), "updated_at": moment("u.updated_at"),
		},
		positions: map[string]func(string) any{
			"name": folded, "username": folded, "created_at": d.Position, "updated_at": d.Position,
		},
	}
	a.filter(&q, f)
	return q
}

// folded compares names in lower case.
func folded(value string) any { return identity.Fold(value) }

// filter adds the conditions of a Filter.
func (a *Accounts) filter(q *query, f accounts.Filter) {
	d := a.db.Dialect
	if f.Username != "" {
		q.and("u.id = (SELECT n.owner_id FROM routes r JOIN namespaces n ON n.id = r.namespace_id WHERE r.path = ?)", identity.Fold(f.Username))
	}
	if f.Search != "" {
		a.search(q, f)
	}
	if f.PublicEmail != "" {
		q.and("u.public_email <> '' AND "+d.Lower("u.public_email")+" = ?", identity.Fold(f.PublicEmail))
	}
	for _, flag := range []struct {
		given     *bool
		condition string
	}{
		{f.Active, "u.state = 'active'"},
		{f.External, "u.external"},
		{f.Admins, "u.admin"},
		{f.Humans, "u.type = 'human'"},
		{f.TwoFactor, "u.two_factor"},
		{f.Bots, "u.type = 'project_bot'"},
		{f.Internal, "u.type IN ('ghost', 'internal')"},
	} {
		if flag.given != nil && *flag.given {
			q.and("(" + flag.condition + ")")
		} else if flag.given != nil {
			q.and("NOT (" + flag.condition + ")")
		}
	}
	if f.Blocked {
		q.and("u.state IN ('blocked', 'ldap_blocked')")
	}
	q.between("u.created_at", f.CreatedAfter, f.CreatedBefore)
	for name, value := range map[string]string{"extern_uid": f.ExternUID, "provider": f.Provider} {
		if value != "" {
			q.and(d.Member("u.settings", name)+" = ?", value)
		}
	}
}

// search adds the condition of Filter.Search.
func (a *Accounts) search(q *query, f accounts.Filter) {
	d, text := a.db.Dialect, identity.Fold(f.Search)
	condition := strings.Join([]string{
		d.Contains(d.Lower("u.name"), "?"), d.Contains(d.Lower("u.username"), "?"), d.Contains(d.Lower("u.public_email"), "?"),
	}, " OR ")
	values := []any{text, text, text}
	if f.Emails {
		condition += " OR " + d.Lower("u.email") + " = ? AND u.email <> '' OR u.id IN (SELECT user_id FROM user_emails WHERE " + d.Lower("email") + " = ? AND confirmed_at IS NOT NULL)"
		values = append(values, text, text)
	}
	q.and("("+condition+")", values...)
	if f.ExactFirst {
		q.first, q.firstValues = "CASE WHEN "+d.Lower("u.username")+" = ? THEN 0 ELSE 1 END", []any{text}
	}
}

// between adds the condition that a moment lies between two others, which count too; the
// zero one is none.
func (q *query) between(column string, after, before time.Time) {
	if !after.IsZero() {
		q.and(column+" >= ?", database.ToInstant(after))
	}
	if !before.IsZero() {
		q.and(column+" <= ?", database.ToInstant(before))
	}
}

// Memberships implements accounts.Records.
func (a *Accounts) Memberships(ctx context.Context, user identity.UserID, kind accounts.MembershipKind, page application.Page, now time.Time) (application.Listed[accounts.Membership], error) {
	q := query{
		columns: "coalesce(m.group_id, 0), coalesce(m.project_id, 0), coalesce(g.name, p.name), coalesce(g.path, p.path), m.level",
		from:    "members m LEFT JOIN namespaces g ON g.id = m.group_id LEFT JOIN projects p ON p.id = m.project_id",
		id:      "coalesce(m.group_id, m.project_id)",
		orders:  map[string]string{"id": "CASE WHEN m.project_id IS NULL THEN 0 ELSE 1 END"},
	}
	q.and("m.user_id = ?", int64(user))
	q.and(validMember, day(now))
	switch kind {
	case accounts.InGroups:
		q.and("m.group_id IS NOT NULL")
	case accounts.InProjects:
		q.and("m.project_id IS NOT NULL")
	}
	memberships, err := list(ctx, a.db, q, page, func(rows *sql.Rows) (m accounts.Membership, err error) {
		var path string
		err = rows.Scan((*int64)(&m.In.Group), (*int64)(&m.In.Project), &m.Name, &path, (*int)(&m.Role))
		if m.Name == "" {
			m.Name = path[strings.LastIndexByte(path, '/')+1:]
		}
		return m, err
	})
	return memberships, database.Fault(err, "memberships of user %d", user)
}

var associations = queries.Query("associations")

// Associations implements accounts.Records.
func (a *Accounts) Associations(ctx context.Context, user identity.UserID, now time.Time) (out accounts.Associations, err error) {
	err = a.db.ScanRow(ctx, associations, []any{&out.Groups, &out.Projects}, sql.Named("user", int64(user)), sql.Named("today", day(now)))
	return out, database.Fault(err, "associations of user %d", user)
}
