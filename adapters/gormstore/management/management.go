// Package management reads what the management API shows.
package management

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
)

// query is a list that is filtered, ordered and read by pages.
type query struct {
	// columns and from are the SQL of the rows; id is the column of the number. Each ? in
	// columns is one of columnValues.
	columns, from, id string
	columnValues      []any
	// first, if not empty, is SQL for what comes first in the order. Each ? in it is one of
	// firstValues.
	first       string
	firstValues []any
	where       []string
	args        []any
	// orders has the SQL for each order; none of it is NULL.
	orders map[string]string
	// positions has, for orders whose SQL is no text, how the value of a Position is
	// compared with it.
	positions map[string]func(value string) any
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
	countingArgs := slices.Clone(q.args)
	if page.After != nil {
		q.after(page)
	}
	rows, err := db.Pool.QueryContext(ctx, q.page(page), q.args...)
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
	if err := rows.Err(); err != nil {
		return out, err
	}
	err = complete(&out, page, func(total *int64) error { return db.Pool.QueryRowContext(ctx, counting, countingArgs...).Scan(total) })
	return out, err
}

// direction returns the SQL of the direction of a page, and of the comparison with the
// row before it.
func direction(page application.Page) (order, beyond string) {
	if page.Descending {
		return "DESC", "<"
	}
	return "ASC", ">"
}

// after adds the condition of the rows behind page.After.
func (q *query) after(page application.Page) {
	order, at := q.orders[page.Order], page.After
	_, beyond := direction(page)
	if order == q.id {
		q.and(fmt.Sprintf("%s %s ?", q.id, beyond), at.ID)
		return
	}
	value := any(at.Value)
	if position := q.positions[page.Order]; position != nil {
		value = position(at.Value)
	}
	q.and(fmt.Sprintf("(%s, %s) %s (?, ?)", order, q.id, beyond), value, at.ID)
}

// page returns the statement of a page.
func (q *query) page(page application.Page) string {
	order := q.orders[page.Order]
	way, _ := direction(page)
	sorted := fmt.Sprintf("%s %s, %s %s", order, way, q.id, way)
	if order == q.id {
		sorted = q.id + " " + way
	}
	if q.first != "" && !page.Keyset {
		sorted = q.bind(q.first, q.firstValues...) + ", " + sorted
	}
	columns := q.bind(q.columns, q.columnValues...)
	return fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s LIMIT %d OFFSET %d", columns, q.from, q.conditions(), sorted, page.Size+1, page.Offset)
}
