package seals

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/hooks"
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
	// renew returns the values that update sets, or none, and an error if a text cannot
	// be opened.
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
		name: "hooks", texts: 4, renew: renewHook,
		outdated: `
			SELECT substr(url, 1, 16), id, url, token, headers, variables FROM hooks
			WHERE substr(url, 1, 16) %s $1 AND (substr(url, 1, 16), id) > ($2, $3)
			ORDER BY substr(url, 1, 16), id LIMIT $4`,
		update: `UPDATE hooks SET url = ?, token = ?, headers = ?, variables = ?, url_digest = ?, url_shown = ?
			WHERE id = ? AND url = ? AND token = ? AND headers = ? AND variables = ?`,
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

// renewHook also seals a URL that an earlier release has left as it was, beside a token,
// headers or variables that cannot be opened, too. These stay as they are.
func renewHook(s Sealer, id int64, old []string) ([]any, error) {
	h := hooks.Hook{ID: hooks.HookID(id), URL: old[0]}
	if !strings.HasPrefix(h.URL, "http") {
		url, err := HookURL.Open(s, id, h.URL)
		if err != nil {
			return nil, err
		}
		h.URL = url
	}
	var damaged [3]error
	h.Token, damaged[0] = HookToken.Open(s, id, old[1])
	h.Headers, damaged[1] = HookHeaders.OpenValues(s, id, old[2])
	h.Variables, damaged[2] = HookVariables.OpenValues(s, id, old[3])
	sealed, err := NewHook(s, h)
	if err != nil {
		return nil, err
	}
	for i, kept := range []*string{&sealed.Token, &sealed.Headers, &sealed.Variables} {
		if damaged[i] != nil {
			*kept = old[i+1]
		}
	}
	return []any{sealed.URL, sealed.Token, sealed.Headers, sealed.Variables, sealed.Digest, sealed.Shown}, errors.Join(damaged[:]...)
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
// older form, or not at all, and returns how many rows it wrote. Rows with a
// text that cannot be opened stay as they are; damaged names them. It fails at a text
// that is Foreign. Each page is a transaction; a row that changes meanwhile is left to the one who changed it, so that
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

// write writes the rows that have not changed, and returns how many it wrote.
func (p pass) write(ctx context.Context, rows []row) (written int, err error) {
	err = p.db.Atomically(ctx, "write sealed texts", func(tx *gorm.DB) error {
		written = 0
		for _, r := range rows {
			old := []any{r.id}
			for _, text := range r.texts {
				old = append(old, text)
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
