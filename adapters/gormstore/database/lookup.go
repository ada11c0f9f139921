package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"gatehouse/adapters/gormstore/lookups"
)

// Lookup is a statement that only reads and finds at most one row. On PostgreSQL, questions
// that come while others are asked may be asked together: see Limits. It is safe for
// concurrent use.
type Lookup[A any] struct {
	// Args are the names of the arguments, in order.
	Args []string

	db    *DB
	read  func(*Row) A
	asked *lookups.Coalescer[[]any, A]
	// one is the text for one question, each one with the arguments as columns of a table q.
	// batch is the text for several questions, which is put together for the first.
	one, each, batch string
	batching         sync.Once
}

// NewLookup returns the look-up whose text write writes, with its columns between Open and
// Close. read reads a row.
func NewLookup[A any](db *DB, write func(*Text) (string, error), read func(*Row) A) (*Lookup[A], error) {
	text := &Text{Dialect: db.Dialect}
	one, err := write(text)
	if err != nil {
		return nil, err
	}
	each, err := write(&Text{Dialect: db.Dialect, batch: true})
	if err != nil {
		return nil, err
	}
	l := &Lookup[A]{Args: text.args, db: db, read: read, one: one, each: each}
	limits := db.limits
	if len(l.Args) == 0 {
		limits = lookups.Limits{} // there is nothing to tell its questions apart by
	}
	l.asked = lookups.New(l.askOne, l.askMany, limits)
	return l, nil
}

// MustLookup is NewLookup for a text that cannot fail.
func MustLookup[A any](db *DB, write func(*Text) string, read func(*Row) A) *Lookup[A] {
	return must(NewLookup(db, func(t *Text) (string, error) { return write(t), nil }, read))
}

// Ask returns the answer to a question, the arguments, or sql.ErrNoRows. Each argument is an
// int64, a string, an Instant or a Day, and has the same type each time. Nothing is found by a
// text that no row can have.
func (l *Lookup[A]) Ask(ctx context.Context, question ...any) (answer A, err error) {
	for _, arg := range question {
		if text, ok := arg.(string); ok && !Storable(text) {
			return answer, sql.ErrNoRows
		}
	}
	return l.asked.Ask(ctx, question)
}

var errTwoRows = errors.New("the look-up has two rows for a question, or one for none")

func (l *Lookup[A]) askOne(ctx context.Context, question []any) (answer A, err error) {
	found := false
	one := func(row *Row) error {
		if found {
			return errTwoRows
		}
		answer, found = l.read(row), true
		return row.Err()
	}
	if l.db.Dialect == Postgres {
		err = l.db.readPostgres(ctx, l.one, native(question), one)
	} else {
		err = l.db.readSQLite(ctx, l, l.one, question, one)
	}
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return answer, err
}

func (l *Lookup[A]) askMany(ctx context.Context, questions [][]any) ([]lookups.Answer[A], error) {
	answers := make([]lookups.Answer[A], len(questions))
	for i := range answers {
		answers[i].Err = sql.ErrNoRows
	}
	text, args := l.Batch(questions)
	err := l.db.readPostgres(ctx, text, args, func(row *Row) error {
		n := row.Int() - 1
		if n < 0 || n >= int64(len(answers)) || answers[n].Err == nil {
			return errTwoRows
		}
		answers[n] = lookups.Answer[A]{Value: l.read(row), Err: row.Err()}
		return answers[n].Err
	})
	if err != nil {
		return nil, fmt.Errorf("%d questions by %s: %w", len(questions), strings.Join(l.Args, ", "), err)
	}
	return answers, nil
}

// One returns the statement for one question.
func (l *Lookup[A]) One() string { return l.one }

// Batch returns PostgreSQL's statement for several questions, one at least, and its
// arguments. Its rows begin with the number of the question, from 1.
//
// Without the OFFSET the planner would take the statement apart and join the tables of all
// questions at once, by reading more of them than these need.
func (l *Lookup[A]) Batch(questions [][]any) (text string, args []any) {
	l.batching.Do(func() {
		var arrays []string
		for i, arg := range questions[0] {
			arrays = append(arrays, fmt.Sprintf("$%d::%s[]", i+1, sqlType(arg)))
		}
		l.batch = fmt.Sprintf("SELECT q.n, answer.* FROM unnest(%s) WITH ORDINALITY AS q(%s, n) CROSS JOIN LATERAL (%s\nOFFSET 0) answer",
			strings.Join(arrays, ", "), strings.Join(l.Args, ", "), l.each)
	})
	for i := range l.Args {
		args = append(args, array(questions, i))
	}
	return l.batch, args
}

// sqlType is PostgreSQL's type of an argument.
func sqlType(arg any) string {
	switch arg.(type) {
	case int64:
		return "bigint"
	case Instant:
		return "timestamptz"
	case Day:
		return "date"
	default:
		return "text"
	}
}

// native returns arguments as pgx takes them without a detour.
func native(question []any) []any {
	args := make([]any, len(question))
	for i, arg := range question {
		switch arg := arg.(type) {
		case Instant:
			args[i] = toTimestamp(arg)
		case Day:
			args[i] = toDate(arg)
		default:
			args[i] = arg
		}
	}
	return args
}

// array returns one argument of all questions.
func array(questions [][]any, i int) any {
	switch questions[0][i].(type) {
	case int64:
		return collect(questions, i, func(n int64) int64 { return n })
	case Instant:
		return collect(questions, i, toTimestamp)
	case Day:
		return collect(questions, i, toDate)
	default:
		return collect(questions, i, func(text string) string { return text })
	}
}

func toTimestamp(at Instant) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: at.Time, Valid: !at.IsZero()}
}

func toDate(on Day) pgtype.Date { return pgtype.Date{Time: on.Time, Valid: !on.IsZero()} }

func collect[T, E any](questions [][]any, i int, element func(T) E) []E {
	all := make([]E, len(questions))
	for n, question := range questions {
		all[n] = element(question[i].(T))
	}
	return all
}

// readPostgres runs a statement on one of the pool's connections, but not through
// database/sql, which would turn each column into a value and that into another one. pgx
// prepares it once on each connection.
func (db *DB) readPostgres(ctx context.Context, text string, args []any, read func(*Row) error) error {
	const attempts = 3 // database/sql makes as many where a connection turns out to be lost
	for attempt := 1; ; attempt++ {
		err := db.tryPostgres(ctx, text, args, read)
		if attempt == attempts || !pgconn.SafeToRetry(err) {
			return err
		}
	}
}

// inBinary asks for all columns in PostgreSQL's binary format.
var inBinary = pgx.QueryResultFormats{pgx.BinaryFormatCode}

func (db *DB) tryPostgres(ctx context.Context, text string, args []any, read func(*Row) error) error {
	conn, err := db.Pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back
	return conn.Raw(func(driverConn any) error {
		direct, ok := driverConn.(interface{ Conn() *pgx.Conn })
		if !ok {
			return fmt.Errorf("%T is no connection of pgx", driverConn)
		}
		rows, err := direct.Conn().Query(ctx, text, append([]any{pgx.QueryExecModeCacheStatement, inBinary}, args...)...)
		if err != nil {
			return err
		}
		columns := binaryColumns{fields: rows.FieldDescriptions()}
		row := Row{columns: &columns}
		for rows.Next() && err == nil {
			columns = binaryColumns{fields: columns.fields, raw: rows.RawValues()}
			row.read, row.err = 0, nil
			err = read(&row)
		}
		rows.Close()
		return errors.Join(err, rows.Err())
	})
}

// readSQLite runs the statement that is kept under key.
func (db *DB) readSQLite(ctx context.Context, key any, text string, args []any, read func(*Row) error) error {
	stmt, err := db.PrepareAs(ctx, key, func() (string, []string, error) { return text, nil, nil })
	if err != nil {
		return err
	}
	var packed string
	err = stmt.QueryRowContext(ctx, args...).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return read(&Row{columns: &packedColumns{packed}})
}
