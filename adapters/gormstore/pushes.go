package gormstore

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// recordPush records a push with its job, marks its project and decreases its counter, in
// one statement of PostgreSQL. SQLite needs four.
var recordPush = queries.Query("record_push")

const (
	addPush = `INSERT INTO pushes (repository, identifier, changes, options, received_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (entry_id) WHERE entry_id IS NOT NULL DO NOTHING`
	markNotEmpty = `UPDATE projects SET empty = false WHERE id = $1 AND empty`
)

// Pushes keeps the pushes that were received, and what became of them.
type Pushes struct {
	*Directory // for Standing
	queue      *jobs.Queue
	deliveries *Deliveries
}

// Record implements pushes.Recorder.
func (p *Pushes) Record(ctx context.Context, push pushes.Push) error {
	return database.Fault(p.record(ctx, push), "record the push to %q", push.Repository)
}

func (p *Pushes) record(ctx context.Context, push pushes.Push) error {
	entry := sql.NullString{String: push.EntryID, Valid: push.EntryID != ""}
	values := []any{
		[]byte(push.Repository), []byte(push.Identifier), []byte(push.Changes), quote(push.Options), database.ToInstant(push.ReceivedAt), entry,
	}
	if p.db.Dialect == database.SQLite {
		return p.recordOnSQLite(ctx, push, values)
	}
	named := []sql.NamedArg{sql.Named("decrease_at", database.ToInstant(push.DecreaseAt)), sql.Named("kind", string(pushes.PushReceived)), sql.Named("attempts", application.MaxAttempts), sql.Named("project", int64(push.NonEmptyProject))}
	for i, name := range []string{"repository", "identifier", "changes", "options", "received_at", "entry_id"} {
		named = append(named, sql.Named(name, values[i]))
	}
	var notDecreased bool
	err := p.db.ScanRow(ctx, recordPush, []any{&notDecreased}, named...)
	if err == nil && notDecreased {
		_, err = p.db.Exec(ctx, remove, []byte(push.Repository), database.ToInstant(push.DecreaseAt))
	}
	return err
}

func (p *Pushes) recordOnSQLite(ctx context.Context, push pushes.Push, values []any) error {
	addJob := p.queue.Insert()
	return p.db.ExecTogether(ctx, []string{addPush, addJob, markNotEmpty, decrease, remove}, func(exec func(string, ...any) (sql.Result, error)) error {
		added, err := exec(addPush, values...)
		if n, err := affected(added, err); err != nil || n == 0 { // it is recorded already, with its job
			return err
		}
		job := application.Job{Kind: pushes.PushReceived}
		if job.Subject, err = added.LastInsertId(); err != nil {
			return err
		}
		_, err = exec(addJob, jobs.Insertion(job)...)
		if err == nil && push.NonEmptyProject != 0 {
			_, err = exec(markNotEmpty, int64(push.NonEmptyProject))
		}
		if err == nil && !push.DecreaseAt.IsZero() {
			err = decreaseOrRemove(exec, push.Repository, push.DecreaseAt)
		}
		return err
	})
}

// quote writes push options one a line. They may hold any bytes, which a
// column of text may not.
func quote(options []string) string {
	var out strings.Builder
	for _, option := range options {
		out.WriteString(strconv.QuoteToASCII(option))
		out.WriteByte('\n')
	}
	return out.String()
}

// unquote reads what quote wrote.
func unquote(text string) []string {
	options := []string{}
	for line := range strings.Lines(text) {
		if option, err := strconv.Unquote(strings.TrimSuffix(line, "\n")); err == nil {
			options = append(options, option)
		}
	}
	return options
}

const hooksOfProject = `
	SELECT ` + hookColumns + ` FROM hooks h WHERE NOT h.disabled AND (h.project_id = $1 OR h.group_id IN (
		SELECT c.ancestor_id FROM projects p JOIN namespace_closure c ON c.descendant_id = p.namespace_id WHERE p.id = $1))
	ORDER BY h.id`

// Hooks implements postreceive.Pushes.
func (p *Pushes) Hooks(ctx context.Context, project source.ProjectID) ([]hooks.Hook, error) {
	found, err := p.hooks(ctx, project)
	return found, database.Fault(err, "hooks of project %d", project)
}

func (p *Pushes) hooks(ctx context.Context, project source.ProjectID) (found []hooks.Hook, err error) {
	rows, err := p.db.Pool.QueryContext(ctx, hooksOfProject, int64(project))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	for rows.Next() {
		var h hooks.Hook
		if err := rows.Scan(hookCells(&h)...); err != nil {
			return nil, err
		}
		found = append(found, h)
	}
	return found, rows.Err()
}

// earlierPush is the first push that is to be processed before the push p.
func (p *Pushes) earlierPush() string {
	return `SELECT min(e.id) FROM pushes e WHERE substr(e.repository, 1, 200) = substr(p.repository, 1, 200) AND e.repository = p.repository
		AND e.settled_at IS NULL AND e.id < p.id
		AND EXISTS (SELECT 1 FROM river_job j WHERE j.kind = '` + string(pushes.PushReceived) + `' AND ` + p.queue.Subject() + ` = e.id AND j.state NOT IN ` + jobs.Over + `)`
}

// ReceivedPush implements postreceive.Pushes.
func (p *Pushes) ReceivedPush(ctx context.Context, push int64) (postreceive.ReceivedPush, error) {
	var received postreceive.ReceivedPush
	var repository, identifier, changes []byte
	var options string
	var processed database.Instant
	var earlier sql.NullInt64
	err := p.db.Pool.QueryRowContext(ctx, `
		SELECT repository, identifier, changes, options, received_at, settled_at, (`+p.earlierPush()+`) FROM pushes p WHERE id = $1`, push).
		Scan(&repository, &identifier, &changes, &options, database.Time(&received.ReceivedAt), &processed, &earlier)
	if err != nil {
		return postreceive.ReceivedPush{}, database.Fault(err, "push %d", push)
	}
	received.Repository, received.Identifier, received.Changes = string(repository), string(identifier), string(changes)
	received.Options, received.Processed, received.Earlier = unquote(options), !processed.IsZero(), earlier.Int64
	return received, nil
}

const (
	markProcessed = `UPDATE pushes SET settled_at = ? WHERE id = ? AND settled_at IS NULL`
	noteActivity  = `UPDATE projects SET last_activity_at = ? WHERE id = ? AND (last_activity_at IS NULL OR last_activity_at < ?)`
	noteBranch    = `UPDATE projects SET default_branch = ? WHERE id = ?`
	noteEmpty     = `UPDATE projects SET empty = ? WHERE id = ?`
)

// Complete implements postreceive.Pushes.
func (p *Pushes) Complete(ctx context.Context, push int64, o postreceive.ProjectUpdate, now time.Time) error {
	err := p.db.Atomically(ctx, "complete a push", func(tx *gorm.DB) error {
		marked := tx.Exec(markProcessed, database.ToInstant(now), push)
		if marked.Error != nil || marked.RowsAffected == 0 {
			return marked.Error
		}
		var earlier sql.NullInt64
		if err := tx.Raw("SELECT ("+p.earlierPush()+") FROM pushes p WHERE id = ?", push).Row().Scan(&earlier); err != nil {
			return err
		}
		if earlier.Valid {
			return database.Conflict("push %d comes first", earlier.Int64)
		}
		if o.Project == 0 {
			return nil
		}
		return p.update(ctx, tx, o, now)
	})
	if err == nil && len(o.Deliveries) > 0 {
		p.queue.Wake()
	}
	return err
}

func (p *Pushes) update(ctx context.Context, tx *gorm.DB, o postreceive.ProjectUpdate, now time.Time) error {
	if err := tx.Exec(noteActivity, database.ToInstant(o.ActiveAt), int64(o.Project), database.ToInstant(o.ActiveAt)).Error; err != nil {
		return err
	}
	if o.DefaultBranch != "" {
		if err := tx.Exec(noteBranch, o.DefaultBranch, int64(o.Project)).Error; err != nil {
			return err
		}
	}
	if o.Empty != nil {
		if err := tx.Exec(noteEmpty, *o.Empty, int64(o.Project)).Error; err != nil {
			return err
		}
	}
	return p.deliveries.add(ctx, tx, o.Deliveries, now, max(1, o.PerHook))
}
