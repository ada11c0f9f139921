package gormstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/application/webhooks"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// Deliveries keeps the deliveries to hooks and how these did.
type Deliveries struct {
	db     *database.DB
	sealer Sealer
	queue  *jobs.Queue
}

// hookColumns are the columns of a hook without its secrets, for hookCells to scan;
// secretColumns are for secretCells.
const hookColumns = `h.id, h.push, h.tag_push, h.branches, h.strategy, h.trusting,
	h.failures, h.paused_until, h.disabled, h.status, h.last_at`

const secretColumns = hookColumns + ", h.url, h.token, h.headers, h.variables"

func hookCells(h *hooks.Hook) []any {
	return []any{
		&h.ID, &h.Push, &h.TagPush, (*string)(&h.Branches), (*string)(&h.Strategy), &h.SkipVerification,
		&h.Health.Failures, database.Time(&h.Health.PausedUntil), &h.Health.Disabled, &h.Health.Status, database.Time(&h.Health.LastAt),
	}
}

// sealedHook is a hook with its secrets as they are kept.
type sealedHook struct {
	hooks.Hook
	headers, variables string
}

func secretCells(h *sealedHook) []any {
	return append(hookCells(&h.Hook), &h.URL, &h.Token, &h.headers, &h.variables)
}

// open opens the secrets of a hook.
func (d *Deliveries) open(h sealedHook) (hooks.Hook, error) {
	err := seals.OpenHook(d.sealer, &h.Hook, h.headers, h.variables)
	return h.Hook, err
}

// sameRef says that the deliveries d and e are of one ref of a project and for one hook.
// No delivery of an earlier release whose ref is not known is.
const sameRef = "e.hook_id = d.hook_id AND e.project_id = d.project_id AND substr(e.ref, 1, 200) = substr(d.ref, 1, 200) AND e.ref = d.ref"

// job is the condition that a row j of river_job is the job of a delivery.
func (d *Deliveries) job(delivery string) string {
	return fmt.Sprintf("j.kind = '%s' AND %s = %s.id", postreceive.DeliverWebhook, d.queue.Subject(), delivery)
}

// waits is the condition that a delivery d has to wait for an earlier one. It asks for the
// first one, which the index finds at once: with EXISTS, PostgreSQL compares each that
// waits with all others of its ref.
func (d *Deliveries) waits() string {
	return `(SELECT e.id FROM hook_deliveries e WHERE ` + sameRef + ` AND e.id < d.id AND NOT e.passed
		AND EXISTS (SELECT 1 FROM river_job j WHERE ` + d.job("e") + ` AND j.state NOT IN ` + jobs.Over + `) ORDER BY e.id LIMIT 1) IS NOT NULL`
}

// Delivery implements webhooks.Deliveries.
func (d *Deliveries) Delivery(ctx context.Context, id int64) (hooks.Delivery, error) {
	out := hooks.Delivery{ID: id}
	var hook sealedHook
	var passed, waits, laterRuns bool
	err := d.db.Pool.QueryRowContext(ctx, `
		SELECT d.event_id, d.key, d.event, d.passed,
			`+d.waits()+`, EXISTS (SELECT 1 FROM hook_deliveries e JOIN river_job j ON `+d.job("e")+`
				WHERE `+sameRef+` AND e.id > d.id AND j.state = 'running'),
			(SELECT count(*) FROM hook_deliveries e WHERE `+sameRef+` AND e.id < d.id AND NOT e.passed), `+
		secretColumns+` FROM hook_deliveries d JOIN hooks h ON h.id = d.hook_id WHERE d.id = $1`, id).
		Scan(append([]any{&out.EventID, &out.Key, eventColumn{&out.Event}, &passed, &waits, &laterRuns, &out.Missed}, secretCells(&hook)...)...)
	if err == nil {
		out.Hook, err = d.open(hook)
	}
	switch {
	case passed:
		out.Turn = hooks.TurnPassed
	case waits:
		out.Turn = hooks.TurnLater
	case laterRuns:
		out.Turn = hooks.TurnSoon
	}
	return out, database.Fault(err, "delivery %d", id)
}

// undelivered is the rest of a query for the deliveries d to a hook.
const undelivered = " FROM hook_deliveries d WHERE d.hook_id = $1"

// Undelivered implements webhooks.Backlog.
func (d *Deliveries) Undelivered(ctx context.Context, id hooks.HookID, page application.Page) (out application.Listed[webhooks.Undelivered], err error) {
	defer func() { err = database.Fault(err, "deliveries to hook %d", id) }()
	if err := d.db.Pool.QueryRowContext(ctx, "SELECT count(*)"+undelivered, int64(id)).Scan(&out.Total); err != nil {
		return out, err
	}
	direction := "ASC"
	if page.Descending {
		direction = "DESC"
	}
	live := "EXISTS (SELECT 1 FROM river_job j WHERE " + d.job("d") + " AND j.state NOT IN " + jobs.Over + ")"
	rows, err := d.db.Pool.QueryContext(ctx, "SELECT d.id, d.event, d.created_at, NOT "+live+undelivered+" ORDER BY d.id "+direction+" LIMIT $2 OFFSET $3", int64(id), page.Size, page.Offset)
	if err != nil {
		return out, err
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	for rows.Next() {
		var u webhooks.Undelivered
		if err := rows.Scan(&u.ID, eventColumn{&u.Event}, database.Time(&u.CreatedAt), &u.GivenUp); err != nil {
			return out, err
		}
		out.Items = append(out.Items, u)
	}
	out.More = int64(page.Offset+len(out.Items)) < out.Total
	return out, rows.Err()
}

const firstProject = `
	SELECT p.id, p.path, p.visibility, p.default_branch, p.storage, p.legacy_path FROM hooks h
	JOIN projects p ON p.id = h.project_id OR p.namespace_id IN (SELECT c.descendant_id FROM namespace_closure c WHERE c.ancestor_id = h.group_id)
	WHERE h.id = $1 ORDER BY p.id LIMIT 1`

// Hook implements webhooks.Deliveries.
func (d *Deliveries) Hook(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error) {
	var h hooks.Hook
	var sealed sealedHook
	var p source.Project
	err := d.db.Pool.QueryRowContext(ctx, "SELECT "+secretColumns+" FROM hooks h WHERE h.id = $1", int64(id)).Scan(secretCells(&sealed)...)
	if err == nil {
		h, err = d.open(sealed)
	}
	if err != nil {
		return hooks.Hook{}, source.Project{}, database.Fault(err, "hook %d", id)
	}
	err = d.db.Pool.QueryRowContext(ctx, firstProject, int64(id)).Scan(&p.ID, &p.Path, (*string)(&p.Visibility), &p.DefaultBranch, &p.Storage, &p.LegacyPath)
	switch err {
	case nil:
		p.Protections, err = d.protections(ctx, p.ID)
	case sql.ErrNoRows:
		err = nil
	}
	return h, p, database.Fault(err, "project of hook %d", id)
}

// protections returns what the protections of a project cover.
func (d *Deliveries) protections(ctx context.Context, id source.ProjectID) ([]source.Protection, error) {
	rows, err := d.db.Pool.QueryContext(ctx, "SELECT id, kind, pattern FROM protections WHERE project_id = $1 ORDER BY id", int64(id))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	var entries []protectionEntry
	for rows.Next() {
		var e protectionEntry
		if err := rows.Scan(&e.ID, &e.Kind, (*string)(&e.Pattern)); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return joinEntries(entries), rows.Err()
}

const (
	passEarlier = `UPDATE hook_deliveries AS e SET passed = true FROM hook_deliveries d
		WHERE d.id = ? AND ` + sameRef + ` AND e.id < d.id AND NOT e.passed`
	removeDelivery = `DELETE FROM hook_deliveries WHERE id = ?`
	leavePlace     = `UPDATE hook_deliveries SET released = false WHERE id = ?`
	takePlace      = `UPDATE hook_deliveries SET released = true WHERE id = ?`
)

// RecordAttempt implements webhooks.Deliveries.
func (d *Deliveries) RecordAttempt(ctx context.Context, id hooks.HookID, a webhooks.Attempt, change func(hooks.Health) (hooks.Health, []audit.Event)) error {
	err := d.db.Atomically(ctx, "note how a hook did", func(tx *gorm.DB) error {
		h, err := d.lock(tx, id)
		if err != nil {
			return err
		}
		var events []audit.Event
		h.Health, events = change(h.Health)
		err = tx.Exec("UPDATE hooks SET failures = ?, paused_until = ?, disabled = ?, status = ?, last_at = ? WHERE id = ?",
			h.Health.Failures, database.ToInstant(h.Health.PausedUntil), h.Health.Disabled, h.Health.Status, database.ToInstant(h.Health.LastAt), int64(id)).Error
		if err != nil {
			return err
		}
		if err := d.record(ctx, tx, id, events); err != nil {
			return err
		}
		statements := []string{leavePlace}
		if a.Accepted {
			statements = []string{passEarlier, removeDelivery}
		}
		for _, statement := range statements {
			if err := tx.Exec(statement, a.Delivery).Error; err != nil {
				return err
			}
		}
		return d.release(ctx, tx, h, a.PerHook)
	})
	if err == nil {
		d.queue.Wake()
	}
	return err
}

const hookOwner = `SELECT CASE WHEN g.id IS NULL THEN 'project' ELSE 'group' END, coalesce(g.id, p.id), coalesce(g.path, p.path)
	FROM hooks h LEFT JOIN namespaces g ON g.id = h.group_id LEFT JOIN projects p ON p.id = h.project_id WHERE h.id = ?`

// record keeps the events of a hook.
func (d *Deliveries) record(ctx context.Context, tx *gorm.DB, id hooks.HookID, events []audit.Event) error {
	for i := range events {
		owner := &events[i].Entity
		if err := tx.Raw(hookOwner, int64(id)).Row().Scan(&owner.Kind, &owner.ID, &owner.Path); err != nil {
			return err
		}
	}
	return auditlog.Append(ctx, tx, events...)
}

// lock makes changes to a hook wait for each other, and returns it without its secrets.
func (d *Deliveries) lock(tx *gorm.DB, id hooks.HookID) (h hooks.Hook, err error) {
	err = tx.Raw("SELECT "+hookColumns+" FROM hooks h WHERE h.id = ?"+d.db.ForUpdate(), int64(id)).Row().Scan(hookCells(&h)...)
	return h, err
}

// Release implements webhooks.Deliveries.
func (d *Deliveries) Release(ctx context.Context, perHook int) error {
	const heldJobs = "j.kind = '" + string(postreceive.DeliverWebhook) + "' AND j.state = 'pending'"
	var ids []hooks.HookID
	held := "SELECT DISTINCT d.hook_id FROM river_job j JOIN hook_deliveries d ON d.id = " + d.queue.Subject() + " WHERE " + heldJobs + " ORDER BY d.hook_id"
	if err := d.db.Gorm.WithContext(ctx).Raw(held).Scan(&ids).Error; err != nil {
		return database.Fault(err, "find deliveries that wait")
	}
	for _, id := range ids {
		err := d.db.Atomically(ctx, "release deliveries", func(tx *gorm.DB) error {
			h, err := d.lock(tx, id)
			if err == sql.ErrNoRows {
				return nil
			}
			if err != nil {
				return err
			}
			return d.release(ctx, tx, h, perHook)
		})
		if err != nil {
			return err
		}
	}
	// The workers discard jobs whose deliveries were removed.
	orphans := "SELECT j.id FROM river_job j WHERE " + heldJobs + " AND NOT EXISTS (SELECT 1 FROM hook_deliveries d WHERE d.id = " + d.queue.Subject() + ") LIMIT ?"
	err := d.db.Atomically(ctx, "release jobs", func(tx *gorm.DB) error {
		return d.eachJob(tx, orphans, []any{maxDiscarded}, func(tx *sql.Tx, job int64) error { return d.queue.Release(ctx, tx, job) })
	})
	d.queue.Wake()
	return err
}

// maxDiscarded is how many jobs are discarded in one transaction.
const maxDiscarded = 500

// held is the rest of a query for the held jobs j of a hook and their deliveries d.
func (d *Deliveries) held() string {
	return " FROM hook_deliveries d JOIN river_job j ON " + d.job("d") + " WHERE d.hook_id = ? AND j.state = 'pending'"
}

// next is the query for the first deliveries of a hook that may go.
func (d *Deliveries) next() string {
	return "SELECT d.id" + d.held() + " AND NOT (" + d.waits() + ") ORDER BY d.id LIMIT ?"
}

// release releases the deliveries of a hook that may go. The transaction holds the lock
// of the hook.
func (d *Deliveries) release(ctx context.Context, tx *gorm.DB, h hooks.Hook, perHook int) error {
	held := d.held()
	if h.Health.Disabled {
		return d.eachJob(tx, "SELECT j.id"+held+" ORDER BY d.id LIMIT ?", []any{int64(h.ID), maxDiscarded}, func(tx *sql.Tx, job int64) error {
			return d.queue.DiscardHeld(ctx, tx, job, fmt.Sprintf("hook %d is disabled", h.ID))
		})
	}
	var taken int
	err := tx.Raw(`SELECT count(*) FROM hook_deliveries d WHERE d.hook_id = ? AND d.released
		AND EXISTS (SELECT 1 FROM river_job j WHERE `+d.job("d")+` AND j.state NOT IN `+jobs.Over+`)`, int64(h.ID)).Row().Scan(&taken)
	if err != nil || taken >= perHook {
		return err
	}
	var ids []int64
	if err := tx.Raw(d.next(), int64(h.ID), perHook-taken).Scan(&ids).Error; err != nil {
		return err
	}
	for _, id := range ids {
		if err := tx.Exec(takePlace, id).Error; err != nil {
			return err
		}
		err := d.eachJob(tx, "SELECT j.id"+held+" AND d.id = ?", []any{int64(h.ID), id}, func(tx *sql.Tx, job int64) error { return d.queue.Release(ctx, tx, job) })
		if err != nil {
			return err
		}
	}
	return nil
}

// eachJob calls do with each job that the query returns.
func (d *Deliveries) eachJob(tx *gorm.DB, query string, args []any, do func(tx *sql.Tx, job int64) error) error {
	var ids []int64
	if err := tx.Raw(query, args...).Scan(&ids).Error; err != nil {
		return err
	}
	for _, id := range ids {
		if err := do(tx.Statement.ConnPool.(*sql.Tx), id); err != nil {
			return err
		}
	}
	return nil
}

const addDelivery = `INSERT INTO hook_deliveries (hook_id, project_id, ref, event_id, key, event, created_at)
	VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`

// add keeps deliveries to hooks that still exist, each with its job, and releases those
// that may go.
func (d *Deliveries) add(ctx context.Context, tx *gorm.DB, deliveries []hooks.Delivery, now time.Time, perHook int) error {
	locked := map[hooks.HookID]hooks.Hook{}
	for _, id := range hookIDs(deliveries) {
		h, err := d.lock(tx, id)
		if err == sql.ErrNoRows {
			continue
		}
		if err != nil {
			return err
		}
		locked[id] = h
	}
	for _, one := range deliveries {
		if _, ok := locked[one.Hook.ID]; !ok {
			continue
		}
		event, err := writeEvent(one.Event)
		if err != nil {
			return err
		}
		job := application.Job{Kind: postreceive.DeliverWebhook}
		err = tx.Raw(addDelivery, int64(one.Hook.ID), int64(one.Event.Project.ID), []byte(one.Event.Change.Ref.String()),
			one.EventID, one.Key, event, database.ToInstant(now)).Row().Scan(&job.Subject)
		if err == nil {
			err = d.queue.Hold(ctx, tx.Statement.ConnPool.(*sql.Tx), job)
		}
		if err != nil {
			return err
		}
	}
	for _, h := range locked {
		if err := d.release(ctx, tx, h, perHook); err != nil {
			return err
		}
	}
	return nil
}

// hookIDs returns the hooks of deliveries, each once and in order: so transactions lock
// them in the same order.
func hookIDs(deliveries []hooks.Delivery) (ids []hooks.HookID) {
	for _, one := range deliveries {
		ids = append(ids, one.Hook.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// hookListing shows hooks; what may be a secret in a URL is left out, also of one that
// is not sealed yet.
var hookListing = listing{`
	SELECT h.id, g.path, p.path, coalesce(h.url_shown, h.url), h.push, h.tag_push, h.branches, NOT h.trusting,
		CASE WHEN h.disabled THEN 'disabled' WHEN h.paused_until > $1 THEN 'paused'
			WHEN h.failures > 0 AND h.status BETWEEN 200 AND 299 THEN 'slow' ELSE 'active' END,
		h.failures, h.paused_until, nullif(h.status, 0), h.last_at, h.name, h.description, h.strategy, h.created_at, h.updated_at
	FROM hooks h LEFT JOIN namespaces g ON g.id = h.group_id LEFT JOIN projects p ON p.id = h.project_id`,
	func() []cell {
		url := &nullable[string]{show: func(url string) any { return hooks.Hook{URL: url}.DisplayURL() }}
		return []cell{
			number(), word(), word(), url, flag(), flag(), word(), flag(), word(), number(), date(), number(), date(), word(), word(), word(), date(), date(),
		}
	}}
