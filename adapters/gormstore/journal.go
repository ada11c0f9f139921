package gormstore

import (
	"context"
	"strconv"
	"strings"

	"gatehouse/application/pushes"
)

const record = `INSERT INTO pushes (repository, identifier, changes, options, received_at) VALUES ($1, $2, $3, $4, $5)`

// Record implements pushes.Journal.
func (s *Store) Record(ctx context.Context, p pushes.Push) error {
	_, err := s.exec(ctx, record, []byte(p.Repository), []byte(p.Identifier), []byte(p.Changes), quote(p.Options), at(p.ReceivedAt))
	return fault(err, "record the push to %q", p.Repository)
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
