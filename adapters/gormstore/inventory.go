package gormstore

import (
	"cmp"
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/adapters/gormstore/worldtx"
	"gatehouse/application/inventory"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// listing is how the records of a thing are read: the query returns a column
// for each field, and each cell turns one into a value.
type listing struct {
	query string
	cells func() []cell
}

// cell scans one column.
type cell interface {
	sql.Scanner
	value() any
}

// listings are all things but those that need more than a query.
var listings = map[string]listing{
	"users": {`
		SELECT u.id, u.username, u.name, u.email, u.public_email, u.state, u.type, u.admin, u.external, n.id,
			u.can_create_group, u.projects_limit, u.note, u.settings, u.created_at, u.updated_at, u.last_activity_on, c.username
		FROM users u JOIN namespaces n ON n.owner_id = u.id LEFT JOIN users c ON c.id = u.created_by`,
		func() []cell {
			return []cell{
				number(), word(), word(), word(), word(), word(), word(), flag(), flag(), number(),
				flag(), number(), word(), settings(), date(), date(), bareDay(), word(),
			}
		}},
	"groups": {`
		SELECT id, path, visibility, protocols, allowed_ips, CASE name WHEN '' THEN '/' || path ELSE name END, description, lfs, project_creation, subgroup_creation,
			share_lock, membership_lock, require_two_factor, settings, created_at, updated_at
		FROM namespaces WHERE owner_id IS NULL`,
		func() []cell {
			return []cell{
				number(), word(), word(), word(), list(), name(), word(), flag(), word(), word(), flag(), flag(), flag(), settings(), date(), date(),
			}
		}},
	"projects": {`
		SELECT p.id, p.path, p.visibility, p.archived, p.read_only, p.repository, p.wiki, p.default_branch, p.empty, p.storage, p.last_activity_at,
			coalesce((SELECT string_agg(r.path, ' ' ORDER BY r.path) FROM redirects r WHERE r.project_id = p.id), ''),
			CASE p.name WHEN '' THEN '/' || p.path ELSE p.name END, p.description, c.username, p.topics, p.settings, p.object_format, p.created_at, p.updated_at
		FROM projects p LEFT JOIN users c ON c.id = p.creator_id`,
		func() []cell {
			return []cell{
				number(), word(), word(), flag(), flag(), word(), word(), word(), flag(), word(), date(), paths(),
				name(), word(), word(), list(), settings(), word(), date(), date(),
			}
		}},
	"members": {`
		SELECT u.username, g.path, p.path, m.level, m.state, m.expires_at, m.created_at, c.username, m.updated_at
		FROM members m JOIN users u ON u.id = m.user_id LEFT JOIN users c ON c.id = m.created_by
		LEFT JOIN namespaces g ON g.id = m.group_id LEFT JOIN projects p ON p.id = m.project_id`,
		func() []cell { return []cell{word(), word(), word(), role(), word(), date(), date(), word(), date()} }},
	"shares": {`
		SELECT g.path, p.path, w.path, s.level, s.expires_at, s.created_at, c.username
		FROM shares s JOIN namespaces w ON w.id = s.with_id LEFT JOIN users c ON c.id = s.created_by
		LEFT JOIN namespaces g ON g.id = s.group_id LEFT JOIN projects p ON p.id = s.project_id`,
		func() []cell { return []cell{word(), word(), word(), role(), date(), date(), word()} }},
	"keys": {`
		SELECT k.id, k.kind, k.title, k.fingerprint, k.usage, u.username, k.expires_at, k.last_used_at, k.public
		FROM keys k LEFT JOIN users u ON u.id = coalesce(k.user_id, k.creator_id)`,
		func() []cell {
			return []cell{number(), word(), word(), word(), word(), word(), date(), date(), flag()}
		}},
	"pushes": {`SELECT id, repository, identifier, changes, options, received_at FROM pushes`,
		func() []cell { return []cell{number(), raw(), raw(), raw(), lines(), date()} }},
	"access-tokens": {`
		SELECT t.id, u.username, t.name, t.scopes, t.expires_at, t.revoked, t.last_used_at, t.description, t.created_at
		FROM access_tokens t JOIN users u ON u.id = t.user_id`,
		func() []cell {
			return []cell{number(), word(), word(), list(), date(), flag(), date(), word(), date()}
		}},
	"agents": {`SELECT id, name, project_id, has_vulnerabilities, created_at FROM agents`,
		func() []cell { return []cell{number(), word(), number(), flag(), date()} }},
	"agent-tokens": {`
		SELECT t.agent_id, t.name, t.revoked, t.last_used_at, t.description, t.created_at, c.username
		FROM agent_tokens t LEFT JOIN users c ON c.id = t.creator_id`,
		func() []cell { return []cell{number(), word(), flag(), date(), word(), date(), word()} }},
	"agent-authorizations": {`SELECT agent_id, access, holder, path FROM agent_authorizations`,
		func() []cell { return []cell{number(), word(), word(), word()} }},
	"usage": {`SELECT name, value FROM usage_counters UNION ALL SELECT name, count(*) FROM usage_members GROUP BY name`,
		func() []cell { return []cell{word(), number()} }},
	"findings": {`
		SELECT f.uuid, f.project_id, f.agent_id, u.username, f.state, f.severity, f.confidence, f.title, f.report_type,
			f.resolved_on_default_branch, f.scanner_id, f.identifiers, f.location
		FROM findings f LEFT JOIN users u ON u.id = f.author_id`,
		func() []cell {
			return []cell{
				word(), number(), number(), word(), word(), word(), word(), word(), word(), flag(), word(), names(), word(),
			}
		}},
	"subscriptions": {"SELECT " + subscriptionFields + " FROM subscriptions", subscriptionCells},
	"subscription-history": {"SELECT id, changed_at, " + subscriptionFields + " FROM subscription_history",
		func() []cell { return append([]cell{number(), date()}, subscriptionCells()...) }},
	"packs": {`SELECT namespace_id, purchase_xid, number_of_minutes, expires_at FROM minutes_packs`,
		func() []cell { return []cell{number(), word(), number(), bareDay()} }},
	"reconciliations": {`SELECT namespace_id, next_reconciliation_date, display_alert_from, updated_at FROM upcoming_reconciliations`,
		func() []cell { return []cell{number(), bareDay(), bareDay(), date()} }},
	"broadcasts": {`SELECT id, message, type, starts_at, ends_at, target_path FROM broadcasts`,
		func() []cell { return []cell{number(), word(), word(), date(), date(), word()} }},
}

var (
	jobsQuery        = queries.Query("jobs")
	queuesQuery      = queries.Query("queues")
	protectionsQuery = queries.Query("protections")
)

// Records lists what the database keeps.
type Records struct{ db *database.DB }

// List implements inventory.Records.
func (all *Records) List(ctx context.Context, thing string, now time.Time) ([]inventory.Record, error) {
	if thing == inventory.Audit {
		return inventory.Collect(all.AuditEvents(ctx, inventory.AuditFilter{}))
	}
	var rows [][]any
	var err error
	switch l, plain := listings[thing]; {
	case plain:
		rows, err = all.rows(ctx, l)
	case thing == "counters":
		counters := listing{`SELECT repository, value FROM reference_counters WHERE expires_at > $1`,
			func() []cell { return []cell{raw(), number()} }}
		rows, err = all.rows(ctx, counters, database.ToInstant(now))
	case thing == "hooks":
		rows, err = all.rows(ctx, hookListing, database.ToInstant(now))
	case thing == "jobs":
		rows, err = all.rows(ctx, listing{jobsQuery.Text(all.db.Dialect), func() []cell {
			return []cell{number(), word(), number(), word(), number(), date(), word()}
		}})
	case thing == "protections":
		rows, err = all.protectionRows(ctx)
	default:
		return nil, database.NotFound("thing %q", thing)
	}
	if err != nil {
		return nil, database.Fault(err, "list the %s", thing)
	}
	records := make([]inventory.Record, len(rows))
	for i, row := range rows {
		for j, name := range inventory.Lists[thing] {
			records[i] = append(records[i], inventory.Field{Name: name, Value: row[j]})
		}
	}
	inventory.Sort(records)
	return records, nil
}

// Queues implements inventory.Records.
func (all *Records) Queues(ctx context.Context, now time.Time) ([]inventory.Queue, error) {
	queues, err := all.queues(ctx, now)
	return queues, database.Fault(err, "queues of jobs")
}

func (all *Records) queues(ctx context.Context, now time.Time) (queues []inventory.Queue, err error) {
	rows, err := all.db.Pool.QueryContext(ctx, queuesQuery.Text(all.db.Dialect))
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	for rows.Next() {
		var q inventory.Queue
		var due time.Time
		if err := rows.Scan((*string)(&q.Name), database.Time(&due), &q.Waiting, &q.Running, &q.Completed, &q.Discarded); err != nil {
			return nil, err
		}
		if !due.IsZero() {
			q.Latency = max(0, now.Sub(due))
		}
		queues = append(queues, q)
	}
	return queues, rows.Err()
}

func (all *Records) rows(ctx context.Context, l listing, args ...any) (out [][]any, err error) {
	rows, err := all.db.Pool.QueryContext(ctx, l.query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	for rows.Next() {
		cells := l.cells()
		columns := make([]any, len(cells))
		for i, c := range cells {
			columns[i] = c
		}
		if err := rows.Scan(columns...); err != nil {
			return nil, err
		}
		values := make([]any, len(cells))
		for i, c := range cells {
			values[i] = c.value()
		}
		out = append(out, values)
	}
	return out, rows.Err()
}

// nullable is a cell whose NULL is nil.
type nullable[T any] struct {
	sql.Null[T]
	show func(T) any
}

func (n *nullable[T]) value() any {
	if !n.Valid {
		return nil
	}
	return n.show(n.V)
}

func shown[T any](v T) any { return v }

func number() cell { return &nullable[int64]{show: shown[int64]} }
func word() cell   { return &nullable[string]{show: shown[string]} }
func flag() cell   { return &nullable[bool]{show: shown[bool]} }

// name is the name of a group or project. One of an earlier release has a path in its
// place, behind a slash.
func name() cell {
	return &nullable[string]{show: func(text string) any {
		if path, found := strings.CutPrefix(text, "/"); found {
			return source.Path(path).Last()
		}
		return text
	}}
}

// raw is text that was kept as bytes.
func raw() cell { return &nullable[[]byte]{show: func(b []byte) any { return string(b) }} }

// lines are push options.
func lines() cell { return &nullable[string]{show: func(text string) any { return unquote(text) }} }

// paths are paths with blanks in between.
func paths() cell {
	return &nullable[string]{show: func(text string) any { return strings.Fields(text) }}
}

// role is the word for a level.
func role() cell {
	return &nullable[int64]{show: func(level int64) any { return source.Role(level).String() }}
}

// dates are moments and days.
type dates struct{ database.Instant }

func date() cell { return &dates{} }

func (d *dates) value() any {
	if d.IsZero() {
		return nil
	}
	return d.Time
}

// settings are parameters without an effect.
func settings() cell { return &settingsCell{} }

type settingsCell struct{ database.Object }

func (s *settingsCell) value() any { return inventory.SettingsRecord(remembered.Values(s.Object)) }

type lists struct{ database.Texts }

func list() cell { return &lists{} }

func (l *lists) value() any { return []string(l.Texts) }

// protectionRows are the protections with their entries in words.
func (all *Records) protectionRows(ctx context.Context) ([][]any, error) {
	entries, err := all.rows(ctx, listing{protectionsQuery.Text(all.db.Dialect),
		func() []cell {
			return []cell{number(), word(), word(), word(), flag(), word(), number(), word(), word(), number()}
		}})
	if err != nil {
		return nil, err
	}
	places := map[any]int{string(source.PushVerb): 4, string(source.MergeVerb): 5, string(source.UnprotectVerb): 6, string(source.CreateVerb): 7}
	var out [][]any
	for i, e := range entries {
		if i == 0 || entries[i-1][0] != e[0] {
			out = append(out, []any{e[1], e[2], e[3], e[4], []string{}, []string{}, []string{}, []string{}})
		}
		if place, ok := places[e[5]]; ok {
			protection := out[len(out)-1]
			protection[place] = append(protection[place].([]string), entry(e[6:]))
		}
	}
	maintainers := []string{source.Maintainer.String()}
	for _, p := range out {
		if p[1] == worldtx.BranchKind && len(p[places[string(source.UnprotectVerb)]].([]string)) == 0 {
			p[places[string(source.UnprotectVerb)]] = maintainers
		}
	}
	return out, nil
}

// entry is one entry of a protection in words, from its level, username, group
// and key.
func entry(of []any) string {
	if name, ok := of[1].(string); ok {
		return "user:" + name
	}
	if path, ok := of[2].(string); ok {
		return "group:" + path
	}
	if key, ok := of[3].(int64); ok {
		return "deploy_key:" + strconv.FormatInt(key, 10)
	}
	if level := source.Role(of[0].(int64)); level != source.AdminsOnly {
		return level.String()
	}
	return "admin"
}
