package management

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application"
)

// listing is the data of the template of a list. A list embeds it beside what its own
// template asks for.
type listing struct {
	database.Text
	// Counting says that the query is for how many rows there are.
	Counting bool
	page     application.Page
	// args are the values of arguments by their names.
	args map[string]any
	// total, unless nil, is a column of each row of the page: how many rows there are.
	total *int64
}

// Direction is that of the order.
func (l *listing) Direction() string {
	if l.page.Descending {
		return "DESC"
	}
	return "ASC"
}

// Limit is one row more than the page has, or than are counted.
func (l *listing) Limit() int {
	if l.Counting {
		return counted + 1
	}
	return l.page.Size + 1
}

// Offset is how many rows come before the page.
func (l *listing) Offset() int { return l.page.Offset }

// Has says whether an argument is given.
func (l *listing) Has(name string) bool {
	_, has := l.args[name]
	return has
}

// Contains is the condition that a column contains the text of an argument, which is in
// lower case. Letter case of A to Z does not count.
func (l *listing) Contains(column, arg string) string {
	find := "instr"
	if l.Postgres() {
		find = "strpos"
	}
	return fmt.Sprintf("%s(%s, %s) > 0", find, l.Dialect.Lower(column), l.Arg(arg))
}

func (l *listing) of() *listing { return l }

// templateData is the data of the template of a list: a pointer to what embeds a listing.
type templateData interface{ of() *listing }

// statement returns the text of a list's query and its arguments.
func statement(name string, data templateData, counting bool) (query string, args []any, err error) {
	l := data.of()
	l.Text, l.Counting = database.Text{Dialect: l.Dialect}, counting
	query, names, err := queries.Write(name, &l.Text, data)
	for _, name := range names {
		value, ok := l.args[name]
		if !ok {
			err = errors.Join(err, fmt.Errorf("the argument %q is missing", name))
		}
		args = append(args, value)
	}
	return query, args, err
}

// listed returns the page of a list that is written by the template of that name. The
// function columns returns where the columns of a row go.
func listed[Row any](ctx context.Context, db *database.DB, name string, data templateData, columns func(*Row) []any) (out application.Listed[Row], err error) {
	query, args, err := statement(name, data, false)
	if err != nil {
		return out, err
	}
	rows, err := db.Pool.QueryContext(ctx, query, args...)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row Row
		if err := rows.Scan(columns(&row)...); err != nil {
			return out, err
		}
		out.Items = append(out.Items, row)
	}
	if err := rows.Err(); err != nil {
		return out, err
	}
	err = complete(&out, data.of().page, func(total *int64) error {
		if l := data.of(); l.total != nil && len(out.Items) > 0 {
			*total = *l.total
			return nil
		}
		query, args, err := statement(name, data, true)
		if err != nil {
			return err
		}
		return db.Pool.QueryRowContext(ctx, query, args...).Scan(total)
	})
	return out, err
}

// complete cuts off the row behind the page, which says that there are more, and sets the
// total. It counts only where the page does not tell. Rows beyond those that are counted
// are not counted, but there is a page behind this one.
func complete[Row any](out *application.Listed[Row], page application.Page, count func(total *int64) error) error {
	if len(out.Items) > page.Size {
		out.Items, out.More = out.Items[:page.Size], true
	}
	behind := int64(page.Offset + len(out.Items))
	switch {
	case page.Keyset:
		return nil
	case !out.More && (len(out.Items) > 0 || page.Offset == 0): // the last page tells the number
		out.Total = behind
		return nil
	}
	err := count(&out.Total)
	if out.Total > counted {
		out.Total = max(out.Total, behind)
		if out.More {
			out.Total = max(out.Total, behind+1)
		}
	}
	return err
}

// numbers returns a list of numbers as JSON.
func numbers[ID ~int64](ids []ID) string {
	text := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(id), 10)
	}
	return string(append(text, ']'))
}
