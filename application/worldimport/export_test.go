package worldimport

// AuditedKinds are the kinds of entries in audit events.
var AuditedKinds = auditedKinds
