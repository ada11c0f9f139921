package management

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application"
	"gatehouse/application/projects"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Projects reads projects.
type Projects struct{ db *database.DB }

// NewProjects returns the reader of projects in a database.
func NewProjects(db *database.DB) *Projects { return &Projects{db} }

// projectListing is the data of project_views.
type projectListing struct {
	listing
	projects.Filter
}

// Least says whether a role is asked for.
func (l *projectListing) Least() bool { return l.LeastRole > source.NoRole }

// LastPart is the SQL for the last part of a project's path.
func (l *projectListing) LastPart() string {
	if l.Postgres() {
		return "split_part(p.path, '/', -1)"
	}
	return "substr(p.path, length(n.path) + 2)"
}

// Member is the SQL for a text in a column of JSON.
func (l *projectListing) Member(column, name string) string {
	if l.Postgres() {
		return fmt.Sprintf("(CAST(%s AS json) ->> '%s')", column, name)
	}
	return fmt.Sprintf("json_extract(%s, '$.%s')", column, name)
}

// NeedsNamespace says whether projects are picked or ordered by the namespace n of each: by
// the last part of the path, on SQLite.
func (l *projectListing) NeedsNamespace() bool {
	return !l.Postgres() && (l.Has("search") || l.page.Order == "path")
}

// AtOnce says whether one look at the projects answers for the page and for the total: where
// the page alone looks at all of them, too.
func (l *projectListing) AtOnce() bool {
	return !l.page.Keyset && !l.Counting && !l.Has("id") && (l.page.Order != "id" || !l.All || l.Has("search"))
}

// Order is the SQL for the order of the page. None of it is NULL.
func (l *projectListing) Order() string {
	moment := func(columns string) string {
		if l.Postgres() {
			return "coalesce(" + columns + ", '-infinity')"
		}
		return "coalesce(" + columns + ", '')"
	}
	switch l.page.Order {
	case "name":
		return l.Dialect.Lower("p.name")
	case "path":
		return l.Dialect.Lower(l.LastPart())
	case "created_at":
		return moment("p.created_at")
	case "updated_at":
		return moment("p.updated_at, p.created_at")
	case "last_activity_at":
		return moment("p.last_activity_at, p.created_at")
	case "similarity":
		return l.similarity()
	default:
		return "p.id"
	}
}

// similarity is the SQL for how much the name and the path of a project are like the
// search.
func (l *projectListing) similarity() string {
	if !l.Has("search") {
		return "p.id"
	}
	name, path, search := l.Dialect.Lower("p.name"), l.Dialect.Lower(l.LastPart()), l.Arg("search")
	find := "instr"
	if l.Postgres() {
		find = "strpos"
	}
	return fmt.Sprintf("CASE WHEN %[1]s = %[3]s OR %[2]s = %[3]s THEN 3 WHEN %[4]s(%[1]s, %[3]s) = 1 OR %[4]s(%[2]s, %[3]s) = 1 THEN 2 ELSE 1 END",
		name, path, search, find)
}

// List implements projects.Views.
func (p *Projects) List(ctx context.Context, f projects.Filter, page application.Page, now time.Time) (application.Listed[projects.View], error) {
	data, err := p.listing(f, page, now)
	if err != nil {
		return application.Listed[projects.View]{}, err
	}
	columns := scanProject
	if data.AtOnce() {
		data.total = new(int64)
		columns = func(v *projects.View) []any { return append(scanProject(v), data.total) }
	}
	l, err := listed(ctx, p.db, "project_views", data, columns)
	for i := range l.Items {
		completeProject(&l.Items[i])
	}
	return l, database.Fault(err, "projects")
}

// Query returns the text and the arguments of the statement by which List reads a page.
func (p *Projects) Query(f projects.Filter, page application.Page, now time.Time) (query string, args []any, err error) {
	data, err := p.listing(f, page, now)
	if err != nil {
		return "", nil, err
	}
	return statement("project_views", data, false)
}

func (p *Projects) listing(f projects.Filter, page application.Page, now time.Time) (*projectListing, error) {
	l := &projectListing{
		listing: listing{Text: database.Text{Dialect: p.db.Dialect}, page: page, args: map[string]any{
			"user": int64(f.User), "least": int(max(f.LeastRole, source.Guest)), "today": now.UTC().Format(time.DateOnly),
		}},
		Filter: f,
	}
	return l, l.setArgs(f)
}

// setArgs sets the arguments of those parts of the filter that are given.
func (l *projectListing) setArgs(f projects.Filter) error {
	set := func(name string, given bool, value any) {
		if given {
			l.args[name] = value
		}
	}
	set("id", f.ID != 0, int64(f.ID))
	set("search", f.Search != "", identity.Fold(f.Search))
	set("visibility", f.Visibility != "", string(f.Visibility))
	set("storage", f.Storage != "", f.Storage)
	set("id_after", f.IDAfter != 0, f.IDAfter)
	set("id_before", f.IDBefore != 0, f.IDBefore)
	for name, at := range map[string]time.Time{
		"active_after": f.ActiveAfter, "active_before": f.ActiveBefore, "updated_after": f.UpdatedAfter, "updated_before": f.UpdatedBefore,
	} {
		set(name, !at.IsZero(), database.ToInstant(at))
	}
	if f.Archived != nil {
		l.args["archived"] = *f.Archived
	}
	if f.In != nil {
		l.args["namespace"] = int64(f.In.Namespace)
	}
	if len(f.Topics) == 0 {
		return nil
	}
	folded := make([]string, len(f.Topics))
	for i, topic := range f.Topics {
		folded[i] = identity.Fold(topic)
	}
	topics, err := json.Marshal(folded)
	l.args["topics"] = string(topics)
	return err
}

func scanProject(v *projects.View) []any {
	p, q := &v.Project, &v.ProjectProfile
	columns := []any{
		(*int64)(&p.ID), &p.Path, (*string)(&p.Visibility), &p.Archived, &p.ReadOnly, (*string)(&p.Repository), (*string)(&p.Wiki), &p.LFS,
		&p.DefaultBranch, &p.Empty, &p.Storage, &p.LegacyPath,
		&q.Name, &q.Description, database.Null((*int64)(&q.Creator)), (*database.Texts)(&q.Topics), settings(&q.Settings), &q.ObjectFormat,
		database.Time(&q.CreatedAt), database.Time(&q.UpdatedAt), database.Time(&v.LastActivityAt),
		(*int64)(&v.Namespace.ID), &v.Namespace.Path, database.Null((*int64)(&v.Namespace.Parent)), scanNames{&v.Namespace},
		role{&v.Role}, role{&v.ProjectRole}, role{&v.GroupRole}, scanGroups{&v.Shares},
	}
	return append(columns, scanUser(&v.Owner)...)
}

// completeProject fills in what a row of an earlier release lacks.
func completeProject(v *projects.View) {
	v.ProjectProfile = v.ProjectProfile.Complete(v.Path)
	if v.Owner.Known() {
		v.Namespace.Personal = true
		v.Namespace.Name, v.Namespace.FullName = v.Owner.Name, v.Owner.Name
	}
}

// role scans an effective role; Minimal is none.
type role struct{ to *source.Role }

// Scan implements sql.Scanner.
func (r role) Scan(src any) error {
	err := database.Null((*int)(r.to)).Scan(src)
	if *r.to <= source.Minimal {
		*r.to = source.NoRole
	}
	return err
}

// scanNames scans the "names" of a namespace.
type scanNames struct{ to *projects.Namespace }

// Scan implements sql.Scanner.
func (s scanNames) Scan(src any) error {
	var names [][2]string
	err := database.JSON(&names).Scan(src)
	setNames(s.to, names)
	return err
}

// setNames sets the names of a namespace by those of it and of the groups above.
func setNames(n *projects.Namespace, all [][2]string) {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = source.GroupProfile{Name: one[0]}.Complete(one[1]).Name
		n.Name = texts[i]
	}
	n.FullName = strings.Join(texts, " / ")
}

// scanGroups scans a list of groups.
type scanGroups struct{ to *[]projects.Group }

// Scan implements sql.Scanner.
func (s scanGroups) Scan(src any) error {
	var rows []struct {
		ID         source.NamespaceID `json:"id"`
		Path       string             `json:"path"`
		Parent     source.NamespaceID `json:"parent"`
		Visibility source.Visibility  `json:"visibility"`
		Names      [][2]string        `json:"names"`
		Role       source.Role        `json:"role"`
		Lent       source.Role        `json:"lent"`
		ExpiresAt  *string            `json:"expires_at"`
	}
	err := database.JSON(&rows).Scan(src)
	for _, row := range rows {
		g := projects.Group{Namespace: projects.Namespace{ID: row.ID, Path: row.Path, Parent: row.Parent}, Visibility: row.Visibility, Lent: row.Lent, Shared: row.Lent != source.NoRole}
		if row.Role > source.Minimal {
			g.Role = row.Role
		}
		setNames(&g.Namespace, row.Names)
		if row.ExpiresAt != nil {
			err = errors.Join(err, database.Time(&g.ExpiresAt).Scan(*row.ExpiresAt))
		}
		*s.to = append(*s.to, g)
	}
	return err
}

var projectGroups = queries.Query("project_groups")

// Groups implements projects.Views.
func (p *Projects) Groups(ctx context.Context, id source.ProjectID, user identity.UserID, now time.Time) ([]projects.Group, error) {
	var groups []projects.Group
	err := p.db.ScanRow(ctx, projectGroups, []any{scanGroups{&groups}, scanGroups{&groups}},
		sql.Named("user", int64(user)), sql.Named("project", int64(id)), sql.Named("today", now.UTC().Format(time.DateOnly)))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return groups, database.Fault(err, "groups of project %d", id)
}

const (
	movedTo          = "SELECT project_id FROM redirects WHERE path = $1"
	personalByNumber = "SELECT id FROM namespaces WHERE owner_id = $1"
	personalByName   = "SELECT n.id FROM routes r JOIN namespaces n ON n.id = r.namespace_id WHERE r.path = $1 AND n.owner_id IS NOT NULL"
)

// MovedTo implements projects.Views.
func (p *Projects) MovedTo(ctx context.Context, path source.Path) (id source.ProjectID, err error) {
	if !database.Storable(string(path)) {
		return 0, database.NotFound("path of the past %q", path)
	}
	err = p.db.Pool.QueryRowContext(ctx, movedTo, path.Fold()).Scan((*int64)(&id))
	return id, database.Fault(err, "path of the past %q", path)
}

// Personal implements projects.Views.
func (p *Projects) Personal(ctx context.Context, who identity.Claim) (id source.NamespaceID, err error) {
	query, value := personalByNumber, any(who.ID)
	if who.Kind == identity.ByName {
		query, value = personalByName, who.Name
		if !database.Storable(who.Name) {
			return 0, database.NotFound("user %s", who)
		}
	}
	err = p.db.Pool.QueryRowContext(ctx, query, value).Scan((*int64)(&id))
	return id, database.Fault(err, "user %s", who)
}
