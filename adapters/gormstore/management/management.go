// Package management reads what the management API shows.
package management

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
)

// query is a list that is filtered, ordered and read by pages.
type query struct {
	// columns and from are the SQL of the rows; id is the column of the number.
	columns, from, id string
	// first, if not empty, is SQL for what comes first in the order.
	first string
	where []string
	args  []any
	// orders has the SQL for each order; none of it is NULL.
	orders map[string]string
}

// and adds a condition, in which each ? is one of the values.
func (q *query) and(condition string, values ...any) {
	q.where = append(q.where, q.bind(condition, values...))
}

// bind returns the SQL with a number in place of each ?.
func (q *query) bind(text string, values ...any) string {
	for _, value := range values {
		q.args = append(q.args, value)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(q.args)), 1)
	}
	return text
}

func (q *query) conditions() string {
	if len(q.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(q.where, " AND ")
}

// counted is up to how many rows a list is counted.
const counted = 100_000

// list returns a page of the rows of a query. The function scan reads one row.
func list[Row any](ctx context.Context, db *database.DB, q query, page application.Page, scan func(*sql.Rows) (Row, error)) (out application.Listed[Row], err error) {
	counting := fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s%s LIMIT %d) counted", q.from, q.conditions(), counted+1)
	if !page.Keyset {
		if err := db.Pool.QueryRowContext(ctx, counting, q.args...).Scan(&out.Total); err != nil {
			return out, err
		}
	}
	order, direction, beyond := q.orders[page.Order], "ASC", ">"
	if page.Descending {
		direction, beyond = "DESC", "<"
	}
	if page.After != nil {
		q.and(fmt.Sprintf("(%s, %s) %s (?, ?)", order, q.id, beyond), page.After.Value, page.After.ID)
	}
	sorted := fmt.Sprintf("%s %s, %s %s", order, direction, q.id, direction)
	if order == q.id {
		sorted = q.id + " " + direction
	}
	if q.first != "" && !page.Keyset {
		sorted = q.first + ", " + sorted
	}
	text := fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s LIMIT %d OFFSET %d", q.columns, q.from, q.conditions(), sorted, page.Size+1, page.Offset)
	rows, err := db.Pool.QueryContext(ctx, text, q.args...)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, row)
	}
	if len(out.Items) > page.Size {
		out.Items, out.More = out.Items[:page.Size], true
	}
	if out.Total > counted { // the rest is not counted, but there is a page behind this one
		out.Total = max(out.Total, int64(page.Offset+len(out.Items)))
		if out.More {
			out.Total = max(out.Total, int64(page.Offset+page.Size)+1)
		}
	}
	return out, rows.Err()
}
