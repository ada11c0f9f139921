package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"gatehouse/application/inventory"
)

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// writeArray writes records as writeJSON writes a list of them, one after the other. What
// it wrote before an error is no JSON.
func writeArray(w io.Writer, records iter.Seq2[inventory.Record, error]) error {
	out := bufio.NewWriter(w)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("  ", "  ")
	before, end := "[\n  ", "[]\n"
	for record, err := range records {
		if err == nil {
			err = encoder.Encode(record)
		}
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if _, err := out.WriteString(before + strings.TrimSuffix(text.String(), "\n")); err != nil {
			return err
		}
		text.Reset()
		before, end = ",\n  ", "\n]\n"
	}
	_, _ = out.WriteString(end) // Flush returns the error
	return out.Flush()
}

// writeTable writes rows below a heading of the columns' names.
func writeTable(w io.Writer, names []string, rows [][]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	heading := strings.ToUpper(strings.ReplaceAll(strings.Join(names, "\t"), "_", " "))
	_, _ = fmt.Fprintln(table, heading) // Flush returns the error
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

// writeRecords writes records as JSON or as a table with a column for each name.
func writeRecords(w io.Writer, asJSON bool, names []string, records []inventory.Record) error {
	if asJSON {
		if records == nil {
			records = []inventory.Record{}
		}
		return writeJSON(w, records)
	}
	rows := make([][]string, len(records))
	for i, record := range records {
		for _, field := range record {
			rows[i] = append(rows[i], cell(field.Value))
		}
	}
	return writeTable(w, names, rows)
}

// cell returns a value as a table shows it: on one line, and "-" if it is empty.
func cell(value any) string {
	text := ""
	switch v := value.(type) {
	case nil:
	case time.Time:
		text = v.UTC().Format(time.RFC3339)
	case []string:
		text = strings.Join(v, ",")
	case inventory.Record:
		var parts []string
		for _, f := range v {
			parts = append(parts, f.Name+"="+cell(f.Value))
		}
		return cell(parts)
	default:
		text = fmt.Sprint(v)
	}
	if text == "" {
		return "-"
	}
	return printable(text)
}

// printable escapes control characters and whatever else a terminal would not
// show: many texts in the store come from callers.
func printable(text string) string {
	if strings.IndexFunc(text, func(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }) < 0 {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// wrapped returns words with commas between them, in lines that fit a terminal.
func wrapped[T ~string](words []T) string {
	const width = 85
	var text strings.Builder
	column := 0
	for i, word := range words {
		if i > 0 {
			text.WriteString(",")
			if column++; column+1+len(word) > width {
				text.WriteString("\n")
				column = 0
			} else {
				text.WriteString(" ")
				column++
			}
		}
		text.WriteString(string(word))
		column += len(word)
	}
	return text.String()
}
