package gormstore

import (
	"encoding/json"
	"fmt"

	"gatehouse/domain/security"
)

// identifierForm is the version of the form in which identifiers are written.
const identifierForm = 1

// identifierRow is one identifier of a finding, as a list of them is kept with
// the finding. The tags lie in databases, so they stay when the domain changes
// its names.
//
// Version 0 is the form without a version, which earlier releases wrote, with
// the same names but for the letter case, which encoding/json ignores. The
// next release may drop the unversioned form, once its migration has rewritten
// what is left.
type identifierRow struct {
	Version int    `json:"v"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	URL     string `json:"url"`
}

// writeIdentifiers returns the identifiers as JSON.
func writeIdentifiers(identifiers []security.Identifier) (string, error) {
	rows := make([]identifierRow, len(identifiers))
	for i, one := range identifiers {
		rows[i] = identifierRow{identifierForm, one.Type, one.Name, one.Value, one.URL}
	}
	text, err := json.Marshal(rows)
	return string(text), err
}

// identifierColumn scans identifiers of any form up to identifierForm.
type identifierColumn struct{ to *[]security.Identifier }

// Scan implements sql.Scanner.
func (c identifierColumn) Scan(src any) error {
	var rows []identifierRow
	if err := (asJSON{&rows}).Scan(src); err != nil {
		return fmt.Errorf("identifiers: %w", err)
	}
	*c.to = nil
	for _, row := range rows {
		if err := checkForm(row.Version, identifierForm); err != nil {
			return fmt.Errorf("identifiers: %w", err)
		}
		*c.to = append(*c.to, security.Identifier{Type: row.Type, Name: row.Name, Value: row.Value, URL: row.URL})
	}
	return nil
}

// identifierNames is a cell that shows identifiers by their names.
type identifierNames struct{ list []security.Identifier }

func names() cell { return &identifierNames{} }

// Scan implements sql.Scanner.
func (n *identifierNames) Scan(src any) error { return identifierColumn{&n.list}.Scan(src) }

func (n *identifierNames) value() any {
	out := make([]string, len(n.list))
	for i, one := range n.list {
		out[i] = one.Name
	}
	return out
}
