package gormstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application/findings"
	"gatehouse/domain/security"
)

const (
	hasFinding = `SELECT EXISTS (SELECT 1 FROM findings WHERE uuid = $1)`
	flagAgent  = `UPDATE agents SET has_vulnerabilities = true WHERE id = ? AND NOT has_vulnerabilities`
)

var (
	newFinding       = queries.Query("new_finding")
	resolvedFindings = queries.Query("resolved_findings")
)

// Findings keeps what scanners found in clusters.
type Findings struct{ db *database.DB }

// Has implements findings.Findings.
func (all *Findings) Has(ctx context.Context, uuid string) (has bool, err error) {
	stmt, err := all.db.Prepare(ctx, hasFinding)
	if err == nil {
		err = stmt.QueryRowContext(ctx, uuid).Scan(&has)
	}
	return has, database.Fault(err, "finding %s", uuid)
}

// Add implements findings.Findings.
func (all *Findings) Add(ctx context.Context, f security.Finding) error {
	identifiers, err := writeIdentifiers(f.Identifiers)
	if err != nil {
		return database.Fault(err, "finding %s", f.UUID)
	}
	return all.db.Atomically(ctx, "finding "+f.UUID, func(tx *gorm.DB) error {
		added := newFinding.Exec(tx,
			sql.Named("uuid", f.UUID), sql.Named("project", int64(f.Project)), sql.Named("agent", int64(f.Agent)),
			sql.Named("author", int64(f.Author)), sql.Named("report_type", string(f.ReportType)),
			sql.Named("state", string(f.State)), sql.Named("title", f.Title), sql.Named("severity", string(f.Severity)),
			sql.Named("confidence", sql.Null[string]{V: string(f.Confidence), Valid: f.Confidence != ""}),
			sql.Named("message", f.Message), sql.Named("description", f.Description), sql.Named("solution", f.Solution),
			sql.Named("location", f.Location), sql.Named("identifiers", identifiers), sql.Named("links", f.Links),
			sql.Named("scanner_id", f.Scanner.ID), sql.Named("scanner_name", f.Scanner.Name),
			sql.Named("scanner_vendor", f.Scanner.Vendor), sql.Named("detected_at", database.ToInstant(f.DetectedAt)))
		if added.Error != nil || added.RowsAffected == 0 {
			return added.Error
		}
		return tx.Exec(flagAgent, int64(f.Agent)).Error
	})
}

// Resolve implements findings.Findings.
func (all *Findings) Resolve(ctx context.Context, of findings.Scan, keep []string) error {
	list, err := database.Texts(keep).Value()
	if err != nil {
		return database.Fault(err, "resolve the findings of agent %d", of.Agent)
	}
	return database.Retry(ctx, func() error {
		_, err := all.db.ExecQuery(ctx, resolvedFindings, sql.Named("agent", int64(of.Agent)),
			sql.Named("project", int64(of.Project)), sql.Named("report_type", string(of.ReportType)), sql.Named("keep", list))
		return database.Fault(err, "resolve the findings of agent %d", of.Agent)
	})
}

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
	if err := (database.JSON(&rows)).Scan(src); err != nil {
		return fmt.Errorf("identifiers: %w", err)
	}
	*c.to = nil
	for _, row := range rows {
		if err := database.CheckForm(row.Version, identifierForm); err != nil {
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
