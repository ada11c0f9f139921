// Package inventory lists the records of the store for an operator.
package inventory

import (
	"context"
	"iter"
	"time"

	"gatehouse/application"
)

// Field is one member of a Record.
type Field struct {
	Name string
	// Value is nil, bool, int64, string, []string, time.Time (in UTC), Record or
	// []Record.
	Value any
}

// Record is one row as it is shown: its fields in a fixed order.
type Record []Field

// Records is every row that is kept, for an operator to read.
type Records interface {
	// List returns all records of a thing, ordered by their fields from the
	// first on: texts byte by byte, nil before everything. It fails with
	// domain.NotFound for a thing that is not among Lists. Counters that have
	// expired at now are left out. No secret and no digest is in any record. A
	// user, group or project is shown by name or path, a role by its word, settings as a
	// record of those that are kept, in alphabetical order, an
	// entry of a protection as "maintainer", "admin" (for AdminsOnly),
	// "user:dev", "group:acme" or "deploy_key:7". A moment, a reference or a
	// number that is absent is nil; a list without entries is empty, not nil.
	// The state of a job is waiting, running, completed or discarded; that of a
	// hook active, paused or disabled. Of the URL of a hook user and query are
	// hidden.
	List(ctx context.Context, thing string, now time.Time) ([]Record, error)
	// AuditEvents yields the records of the audit events that the filter picks, in the
	// order in which they were kept. An error is the last that it yields. There may be
	// millions, of which a few are in memory at once; those that are kept or removed
	// meanwhile may be among them or not.
	AuditEvents(ctx context.Context, f AuditFilter) iter.Seq2[Record, error]
	// Queues returns what each queue that has jobs holds at now, in the order of their
	// names.
	Queues(ctx context.Context, now time.Time) ([]Queue, error)
}

// Queue counts the jobs of a queue that are kept.
type Queue struct {
	Name application.Queue
	// Waiting are those that are not done yet and do not run, Completed those that
	// succeeded, Discarded those that are given up.
	Waiting, Running, Completed, Discarded int64
	// Latency is for how long the first of the waiting jobs has been due; 0 for none.
	Latency time.Duration
}

// Collect returns all records, or the error that ends them.
func Collect(records iter.Seq2[Record, error]) (all []Record, err error) {
	for record, err := range records {
		if err != nil {
			return nil, err
		}
		all = append(all, record)
	}
	return all, nil
}

// Audit is the thing of audit events.
const Audit = "audit"

// Lists are the lists that Records knows, by name, with the fields of their
// records.
var Lists = map[string][]string{
	"users": {
		"id", "username", "name", "email", "public_email", "state", "type", "admin", "external", "namespace_id",
		"can_create_group", "projects_limit", "note", "settings", "created_at", "updated_at", "last_activity_on", "created_by",
	},
	"groups": {
		"id", "path", "visibility", "protocols", "allowed_ips", "name", "description", "lfs", "project_creation", "subgroup_creation",
		"share_lock", "membership_lock", "require_two_factor", "settings", "created_at", "updated_at",
	},
	"projects": {
		"id", "path", "visibility", "archived", "read_only", "repository", "wiki", "default_branch", "empty", "storage", "last_activity_at", "moved_from",
		"name", "description", "creator", "topics", "settings", "object_format", "created_at", "updated_at",
	},
	"members":       {"user", "group", "project", "role", "state", "expires_at", "created_at", "created_by", "updated_at"},
	"shares":        {"group", "project", "with", "role", "expires_at", "created_at", "created_by"},
	"keys":          {"id", "type", "title", "fingerprint", "usage", "owner", "expires_at", "last_used_at", "public"},
	"protections":   {"project", "kind", "name", "allow_force_push", "push", "merge", "unprotect", "create"},
	"counters":      {"gl_repository", "value"},
	"pushes":        {"id", "gl_repository", "identifier", "changes", "push_options", "received_at"},
	"jobs":          {"id", "kind", "subject", "state", "attempt", "due_at", "last_error"},
	"access-tokens": {"id", "user", "name", "scopes", "expires_at", "revoked", "last_used_at", "description", "created_at"},
	Audit: {
		"id", "at", "action", "verb", "protocol", "gl_repository", "username", "key_id", "ip_address",
		"actor_kind", "user_id", "key_type", "sudo_id", "sudo", "token_id", "correlation_id", "outcome",
		"entity_kind", "entity_id", "entity_path", "target_kind", "target_id", "target_path", "before", "after",
		"rule", "ref", "refs", "more_refs", "message", "findings", "facts", "unrecorded",
	},
	"broadcasts": {"id", "message", "type", "starts_at", "ends_at", "target_path"},
	"hooks": {
		"id", "group", "project", "url", "push_events", "tag_push_events", "branch_filter", "enable_ssl_verification",
		"state", "failures", "paused_until", "last_status", "last_at", "name", "description",
		"branch_filter_strategy", "created_at", "updated_at",
	},

	"agents":               {"id", "name", "project_id", "has_vulnerabilities", "created_at"},
	"agent-tokens":         {"agent_id", "name", "revoked", "last_used_at", "description", "created_at", "creator"},
	"agent-authorizations": {"agent_id", "access", "holder", "path"},
	"usage":                {"name", "value"},
	"findings": {
		"uuid", "project_id", "agent_id", "author", "state", "severity", "confidence", "title", "report_type",
		"resolved_on_default_branch", "scanner", "identifiers", "location",
	},

	"subscriptions": {
		"namespace_id", "plan_code", "start_date", "end_date", "seats", "seats_in_use", "max_seats_used", "seats_owed", "auto_renew", "trial",
		"trial_starts_on", "trial_ends_on", "trial_extension_type", "max_seats_used_changed_at", "updated_at",
	},
	"subscription-history": {
		"id", "changed_at", "namespace_id", "plan_code", "start_date", "end_date", "seats", "seats_in_use", "max_seats_used", "seats_owed",
		"auto_renew", "trial", "trial_starts_on", "trial_ends_on", "trial_extension_type", "max_seats_used_changed_at", "updated_at",
	},
	"packs":           {"namespace_id", "purchase_xid", "number_of_minutes", "expires_at"},
	"reconciliations": {"namespace_id", "next_reconciliation_date", "display_alert_from", "updated_at"},
}
