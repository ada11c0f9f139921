package seals

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
)

const (
	// pageSize is how many rows are sealed again in one transaction.
	pageSize = 100
	// prefixSize is how many characters of a sealed text are in the index of its table.
	prefixSize = 16
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
	// renew returns the values that update sets.
	renew func(s Sealer, id int64, old []string) ([]any, error)
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

// renewHook also seals a URL that an earlier release has left as it was.
func renewHook(s Sealer, id int64, old []string) ([]any, error) {
	url, err := old[0], error(nil)
	if !strings.HasPrefix(url, "http") {
		if url, err = HookURL.Open(s, id, url); err != nil {
			return nil, err
		}
	}
	token, err := HookToken.Open(s, id, old[1])
	if err != nil {
		return nil, err
	}
	h, err := NewHook(s, id, url, token)
	return []any{h.URL, h.Token, h.Digest, h.Shown}, err
}

// Renew seals again, page by page, what is not sealed with the current key, or in an
// older form, or not at all, and returns how many rows it wrote. Rows with a text that
// cannot be opened stay as they are; damaged names them. Each page is a transaction;
// a row that changes meanwhile is left to the one who changed it, so that several
// servers may do this at once, and another time after a crash.
func Renew(ctx context.Context, db *database.DB, s Sealer) (renewed int, damaged []string, err error) {
	for _, t := range tables {
		for _, side := range []string{"<", ">"} {
			p := pass{table: t, db: db, sealer: s}
			err := p.run(ctx, fmt.Sprintf(t.outdated, side))
			renewed, damaged = renewed+p.renewed, append(damaged, p.damaged...)
			if err != nil {
				return renewed, damaged, database.Fault(err, "seal the secrets of %s again", t.name)
			}
		}
	}
	if renewed > 0 && db.Dialect == database.SQLite {
		// The write-ahead log has the pages as they were. If another connection reads
		// them just now they go later.
		_, _ = db.Pool.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return renewed, damaged, nil
}

// pass seals the outdated rows of a table again.
type pass struct {
	table
	db      *database.DB
	sealer  Sealer
	renewed int
	damaged []string
}

func (p *pass) run(ctx context.Context, query string) error {
	var last row
	for {
		page, err := p.page(ctx, query, last)
		if err != nil || len(page) == 0 {
			return err
		}
		last = page[len(page)-1]
		var good []row
		for _, r := range page {
			if r.values, err = p.renew(p.sealer, r.id, r.texts); err != nil {
				p.damaged = append(p.damaged, fmt.Sprintf("%s/%d", p.name, r.id))
			} else {
				good = append(good, r)
			}
		}
		if err := p.write(ctx, good); err != nil {
			return err
		}
	}
}

// row is a row with its texts, and with the values that are to be written.
type row struct {
	beginning string
	id        int64
	texts     []string
	values    []any
}

// page returns the next rows behind last.
func (p *pass) page(ctx context.Context, query string, last row) (found []row, err error) {
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

// write writes the rows that have not changed.
func (p *pass) write(ctx context.Context, rows []row) error {
	written := 0
	err := p.db.Atomically(ctx, "write sealed texts", func(tx *gorm.DB) error {
		written = 0
		for _, r := range rows {
			args := append(r.values, r.id)
			for _, text := range r.texts {
				args = append(args, text)
			}
			done := tx.Exec(p.update, args...)
			if done.Error != nil {
				return done.Error
			}
			written += int(done.RowsAffected)
		}
		return nil
	})
	if err == nil {
		p.renewed += written
	}
	return err
}
