package gormstore

import (
	"context"
	"strconv"
	"strings"

	"gatehouse/application"
	"gatehouse/application/pushes"
)

const (
	record = `INSERT INTO pushes (repository, identifier, changes, options, received_at) VALUES ($1, $2, $3, $4, $5) RETURNING id`
	fill   = `UPDATE projects SET empty = false WHERE id = $1 AND empty`
)

// Record implements pushes.Recorder.
func (s *Store) Record(ctx context.Context, p pushes.Push) error {
	return fault(s.record(ctx, p), "record the push to %q", p.Repository)
}

func (s *Store) record(ctx context.Context, p pushes.Push) error {
	recorded, err := s.plain(ctx, record)
	if err != nil {
		return err
	}
	filled, err := s.plain(ctx, fill)
	if err != nil {
		return err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	tx, err := s.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left to roll back after the commit
	job := application.Job{Kind: pushes.PushReceived}
	err = tx.StmtContext(ctx, recorded.Stmt).QueryRowContext(ctx,
		[]byte(p.Repository), []byte(p.Identifier), []byte(p.Changes), quote(p.Options), at(p.ReceivedAt)).Scan(&job.Subject)
	if err != nil {
		return err
	}
	if err := s.enqueue(ctx, tx, job); err != nil {
		return err
	}
	if p.NonEmptyProject != 0 {
		if _, err := tx.StmtContext(ctx, filled.Stmt).ExecContext(ctx, int64(p.NonEmptyProject)); err != nil {
			return err
		}
	}
	return tx.Commit()
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
