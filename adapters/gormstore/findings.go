package gormstore

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"gatehouse/application/findings"
	"gatehouse/domain/security"
)

const (
	hasFinding = `SELECT EXISTS (SELECT 1 FROM findings WHERE uuid = $1)`
	addFinding = `
		INSERT INTO findings (uuid, project_id, agent_id, author_id, report_type, state, title, severity, confidence,
			message, description, solution, location, identifiers, links, scanner_id, scanner_name, scanner_vendor,
			resolved_on_default_branch, detected_at)
		VALUES (?, ?, ?, (SELECT id FROM users WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, false, ?)
		ON CONFLICT (uuid) DO NOTHING`
	flagAgent = `UPDATE agents SET has_vulnerabilities = true WHERE id = ? AND NOT has_vulnerabilities`
	// What follows NOT IN is looked up in a table that is hashed, on either
	// database.
	resolveFindings = `
		UPDATE findings SET state = 'resolved', resolved_on_default_branch = true
		WHERE agent_id = $1 AND project_id = $2 AND report_type = $3 AND state IN ('detected', 'confirmed')
			AND uuid NOT IN (SELECT `
)

// HasFinding implements findings.Findings.
func (s *Store) HasFinding(ctx context.Context, uuid string) (has bool, err error) {
	stmt, err := s.plain(ctx, hasFinding)
	if err == nil {
		err = stmt.QueryRowContext(ctx, uuid).Scan(&has)
	}
	return has, fault(err, "finding %s", uuid)
}

// AddFinding implements findings.Findings.
func (s *Store) AddFinding(ctx context.Context, f security.Finding) error {
	identifiers, err := writeIdentifiers(f.Identifiers)
	if err != nil {
		return fault(err, "finding %s", f.UUID)
	}
	return s.atomically(ctx, "finding "+f.UUID, func(tx *gorm.DB) error {
		added := tx.Exec(addFinding, f.UUID, int64(f.Project), int64(f.Agent), int64(f.Author),
			string(f.ReportType), string(f.State), f.Title, string(f.Severity),
			sql.Null[string]{V: string(f.Confidence), Valid: f.Confidence != ""},
			f.Message, f.Description, f.Solution, f.Location, identifiers, f.Links,
			f.Scanner.ID, f.Scanner.Name, f.Scanner.Vendor, at(f.DetectedAt))
		if added.Error != nil || added.RowsAffected == 0 {
			return added.Error
		}
		return tx.Exec(flagAgent, int64(f.Agent)).Error
	})
}

// ResolveFindings implements findings.Findings.
func (s *Store) ResolveFindings(ctx context.Context, of findings.Scan, but []string) error {
	list, err := texts(but).Value()
	if err != nil {
		return fault(err, "resolve the findings of agent %d", of.Agent)
	}
	query := resolveFindings + "value FROM json_each($4))"
	if s.dialect == onPostgres {
		query = resolveFindings + "json_array_elements_text($4::json))"
	}
	return retry(ctx, func() error {
		_, err := s.exec(ctx, query, int64(of.Agent), int64(of.Project), string(of.ReportType), list)
		return fault(err, "resolve the findings of agent %d", of.Agent)
	})
}
