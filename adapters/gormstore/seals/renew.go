package seals

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/audit"
)

const (
	// pageSize is how many rows are sealed again in one transaction.
	pageSize = 100
	// prefixSize is how many characters of a sealed text are in the index of its table.
	prefixSize = 16
	// digestValue is where renewHook has the digest.
	digestValue = 2
)

// table is a table with sealed columns.
type table struct {
	name string
	// outdated finds rows by the beginning of a text, which is on one side of $1, in
	// the order of beginning and number and behind $2 and $3: beginning, number, texts.
	outdated string
	// update writes new texts, unless the old ones have changed.
	update string
	// texts is how many texts outdated reads of a row.
	texts int
	// renew returns the values that update sets, or none, and an error if a text cannot
	// be opened.
	renew func(s Sealer, id int64, old []string) ([]any, error)
	// double removes the row, or another one, if both would have the same digest, and
	// returns it; empty for a table without digests.
	double string
}

var tables = []table{
	{
		name: "users", texts: 1, renew: renewUser,
		outdated: `
			SELECT substr(totp_secret, 1, 16), id, totp_secret FROM users
			WHERE totp_secret <> '' AND substr(totp_secret, 1, 16) %s $1 AND (substr(totp_secret, 1, 16), id) > ($2, $3)
			ORDER BY substr(totp_secret, 1, 16), id LIMIT $4`,
		update: "UPDATE users SET totp_secret = ? WHERE id = ? AND totp_secret = ?",
	},
	{
		name: "hooks", texts: 2, renew: renewHook,
		outdated: `
			SELECT substr(url, 1, 16), id, url, token FROM hooks
			WHERE substr(url, 1, 16) %s $1 AND (substr(url, 1, 16), id) > ($2, $3)
			ORDER BY substr(url, 1, 16), id LIMIT $4`,
		double: `
			DELETE FROM hooks WHERE id = (
				SELECT CASE WHEN h.id > r.id THEN h.id ELSE r.id END
				FROM hooks r JOIN hooks h ON h.holder = r.holder AND h.url_digest = ? AND h.id <> r.id WHERE r.id = ? AND r.url = ? AND r.token = ?)
			RETURNING id, coalesce(url_shown, ''), coalesce(group_id, 0), coalesce(project_id, 0)`,
		update: "UPDATE hooks SET url = ?, token = ?, url_digest = ?, url_shown = ? WHERE id = ? AND url = ? AND token = ?",
	},
}

func renewUser(s Sealer, id int64, old []string) ([]any, error) {
	secret, err := TOTPSecret.Open(s, id, old[0])
	if err != nil {
		return nil, err
	}
	sealed, err := TOTPSecret.Seal(s, id, secret)
	return []any{sealed}, err
}

// renewHook also seals a URL that an earlier release has left as it was, beside a token
// that cannot be opened, too. That stays as it is.
func renewHook(s Sealer, id int64, old []string) ([]any, error) {
	url, err := old[0], error(nil)
	if !strings.HasPrefix(url, "http") {
		if url, err = HookURL.Open(s, id, url); err != nil {
			return nil, err
		}
	}
	token, damage := HookToken.Open(s, id, old[1])
	h, err := NewHook(s, id, url, token)
	if err != nil {
		return nil, err
	}
	if damage != nil {
		h.Token = old[1]
	}
	return []any{h.URL, h.Token, h.Digest, h.Shown}, damage
}

// Foreign returns the places of the texts that were sealed with a key which the sealer
// does not have. They are not damaged: who has that key can open them. It looks only at
// what Renew would look at.
func Foreign(ctx context.Context, db *database.DB, s Sealer) (places []string, err error) {
	err = eachPage(ctx, db, s, func(p pass, page []row) error {
		for _, r := range page {
			foreign, err := p.foreign(r)
			if err != nil {
				return err
			}
			if foreign {
				places = append(places, p.place(r))
			}
		}
		return nil
	})
	return places, err
}

// Renew seals again, page by page, what is not sealed with the current key, or in an
// older form, or not at all, and returns how many rows it wrote or removed. Rows with a
// text that cannot be opened stay as they are; damaged names them. It fails at a text
// that is Foreign. Of two hooks of a holder with the same URL, which programs with
// different keys have made, the one with the lower number stays. Each page is a
// transaction; a row that changes meanwhile is left to the one who changed it, so that
// several servers may do this at once, and another time after a crash.
func Renew(ctx context.Context, db *database.DB, s Sealer) (renewed int, damaged []string, err error) {
	err = eachPage(ctx, db, s, func(p pass, page []row) error {
		good, bad, err := p.sealed(page)
		if err != nil {
			return err
		}
		written, err := p.write(ctx, good)
		renewed, damaged = renewed+written, append(damaged, bad...)
		return err
	})
	return renewed, damaged, err
}

// eachPage calls do with page after page of the rows that are not sealed with the
// current key. A row that stays so comes once.
func eachPage(ctx context.Context, db *database.DB, s Sealer, do func(p pass, page []row) error) error {
	for _, t := range tables {
		for _, side := range []string{"<", ">"} {
			p := pass{table: t, db: db, sealer: s}
			if err := p.run(ctx, fmt.Sprintf(t.outdated, side), do); err != nil {
				return database.Fault(err, "seal the secrets of %s again", t.name)
			}
		}
	}
	return nil
}

// pass looks at the outdated rows of a table.
type pass struct {
	table
	db     *database.DB
	sealer Sealer
}

func (p pass) run(ctx context.Context, query string, do func(p pass, page []row) error) error {
	var last row
	for {
		page, err := p.page(ctx, query, last)
		if err != nil || len(page) == 0 {
			return err
		}
		last = page[len(page)-1]
		if err := do(p, page); err != nil {
			return err
		}
	}
}

// place names a row.
func (p pass) place(r row) string { return fmt.Sprintf("%s/%d", p.name, r.id) }

// foreign says whether a text of a row is Foreign.
func (p pass) foreign(r row) (bool, error) {
	for _, text := range r.texts {
		if foreign, err := p.sealer.Foreign(text); foreign || err != nil {
			return foreign, err
		}
	}
	return false, nil
}

// sealed returns the rows with their new values, and the places of those with a text
// that cannot be opened.
func (p pass) sealed(page []row) (good []row, damaged []string, err error) {
	for _, r := range page {
		foreign, err := p.foreign(r)
		if err != nil {
			return nil, nil, err
		}
		if foreign {
			return nil, nil, fmt.Errorf("%s was sealed with another key meanwhile", p.place(r))
		}
		if r.values, err = p.renew(p.sealer, r.id, r.texts); err != nil {
			damaged = append(damaged, p.place(r))
		}
		if r.values != nil {
			good = append(good, r)
		}
	}
	return good, damaged, nil
}

// row is a row with its texts, and with the values that are to be written.
type row struct {
	beginning string
	id        int64
	texts     []string
	values    []any
}

// page returns the next rows behind last.
func (p pass) page(ctx context.Context, query string, last row) (found []row, err error) {
	prefix, err := p.sealer.Prefix()
	if err != nil {
		return nil, err
	}
	if len(prefix) != prefixSize {
		return nil, fmt.Errorf("sealed texts begin with %d characters, and the index has %d", len(prefix), prefixSize)
	}
	rows, err := p.db.Pool.QueryContext(ctx, query, prefix, last.beginning, last.id, pageSize)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	for rows.Next() {
		r := row{texts: make([]string, p.texts)}
		cells := []any{&r.beginning, &r.id}
		for i := range r.texts {
			cells = append(cells, &r.texts[i])
		}
		if err := rows.Scan(cells...); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// write writes the rows that have not changed, and returns how many it wrote or removed.
func (p pass) write(ctx context.Context, rows []row) (written int, err error) {
	err = p.db.Atomically(ctx, "write sealed texts", func(tx *gorm.DB) error {
		written = 0
		for _, r := range rows {
			old := []any{r.id}
			for _, text := range r.texts {
				old = append(old, text)
			}
			if p.double != "" {
				removed, err := p.removeDouble(ctx, tx, append([]any{r.values[digestValue]}, old...))
				if err != nil {
					return err
				}
				if removed {
					written++
				}
			}
			done := tx.Exec(p.update, append(r.values, old...)...)
			if done.Error != nil {
				return done.Error
			}
			written += int(done.RowsAffected)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return written, nil
}

// removeDouble says whether it has removed a hook, which the audit log tells then.
func (p pass) removeDouble(ctx context.Context, tx *gorm.DB, args []any) (removed bool, err error) {
	hook, owner := audit.Object{Kind: "hook"}, audit.Object{Kind: audit.Group}
	var project int64
	err = tx.Raw(p.double, args...).Row().Scan(&hook.ID, &hook.Path, &owner.ID, &project)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	path := "SELECT path FROM namespaces WHERE id = ?"
	if project != 0 {
		owner = audit.Object{Kind: audit.Project, ID: project}
		path = "SELECT path FROM projects WHERE id = ?"
	}
	if err := tx.Raw(path, owner.ID).Row().Scan(&owner.Path); err != nil {
		return false, err
	}
	bySystem := audit.Cause{Actor: audit.Actor{Kind: audit.System}}
	return true, auditlog.Append(ctx, tx, bySystem.Event(time.Now(), audit.Delete, owner, hook, audit.Values{"url": hook.Path}, nil))
}
