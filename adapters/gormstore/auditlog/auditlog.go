// Package auditlog keeps audit events in the database: within a transaction of the
// caller's, so that an event is there if what it tells of is.
package auditlog

import (
	"context"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// rowBatch is how many events one statement inserts.
const rowBatch = 500

// columns are those of a row of audit_events but for its number. Texts that callers
// make up are bytes: they may hold any.
type columns struct {
	At            database.Instant
	ActorKind     *string
	UserID        database.Ref
	Username      []byte
	SudoID        database.Ref
	SudoName      []byte
	KeyID         database.Ref
	KeyKind       string
	TokenID       database.Ref
	Address       []byte
	CorrelationID []byte
	Action        string
	Verb          string
	Outcome       *string
	EntityKind    *string
	EntityID      database.Ref
	EntityPath    []byte
	TargetKind    *string
	TargetID      database.Ref
	TargetPath    []byte
	Protocol      []byte
	Repository    []byte
	Wants         int64
	Haves         int64
	PayloadSize   int64
	WrittenBytes  int64
	ReceivedBytes int64
	Rule          *string
	Ref           []byte
	Details       *string
}

// TableName is gorm's name for the table.
func (columns) TableName() string { return "audit_events" }

// Append inserts the events in their order, many by one statement.
func Append(ctx context.Context, tx *gorm.DB, events ...audit.Event) error {
	if len(events) == 0 {
		return ctx.Err()
	}
	rows := make([]columns, len(events))
	for i, e := range events {
		row, err := toColumns(e)
		if err != nil {
			return database.Fault(err, "audit event %q", e.Action)
		}
		rows[i] = row
	}
	return database.Fault(tx.WithContext(ctx).CreateInBatches(rows, rowBatch).Error, "audit events")
}

func toColumns(e audit.Event) (columns, error) {
	details, err := writeDetails(e)
	if err != nil {
		return columns{}, err
	}
	row := columns{
		At: database.ToInstant(e.At), CorrelationID: orNull(e.CorrelationID),
		ActorKind: new(string(e.Actor.Kind)), UserID: database.Ref(e.Actor.User), Username: orNull(e.Actor.Username),
		SudoID: database.Ref(e.Actor.Sudo), SudoName: orNull(e.Actor.SudoName),
		KeyID: database.Ref(e.Actor.Key), KeyKind: string(e.Actor.KeyType), TokenID: database.Ref(e.Actor.Token), Address: orNull(e.Actor.Address),
		Action: shown(e.Action), Verb: string(e.Verb), Outcome: new(string(e.Outcome)),
		EntityKind: wordOrNull(e.Entity.Kind), EntityID: database.Ref(e.Entity.ID), EntityPath: orNull(e.Entity.Path),
		TargetKind: wordOrNull(e.Target.Kind), TargetID: database.Ref(e.Target.ID), TargetPath: orNull(e.Target.Path),
		Protocol: []byte{}, Repository: []byte{}, Details: details,
	}
	if g := e.Git; g != nil {
		row.Protocol, row.Repository = []byte(g.Protocol), []byte(g.Repository)
		row.Wants, row.Haves, row.PayloadSize = g.Stats.Wants, g.Stats.Haves, g.Stats.PayloadSize
		row.WrittenBytes, row.ReceivedBytes = g.Stats.WrittenBytes, g.Stats.ReceivedBytes
	}
	if d := e.Decision; d != nil {
		row.Rule, row.Ref = wordOrNull(d.Rule), orNull(d.Ref)
	}
	return row, nil
}

// event returns the event. Rows of earlier releases have no kind of actor and no
// outcome.
func (row columns) event() (audit.Event, error) {
	e := audit.Event{
		At: row.At.Time, CorrelationID: string(row.CorrelationID),
		Actor: audit.Actor{
			Kind: audit.ActorKind(word(row.ActorKind)), User: identity.UserID(row.UserID), Username: string(row.Username),
			Sudo: identity.UserID(row.SudoID), SudoName: string(row.SudoName),
			Key: identity.KeyID(row.KeyID), KeyType: identity.KeyKind(row.KeyKind), Token: int64(row.TokenID), Address: string(row.Address),
		},
		Action: row.Action, Verb: audit.Verb(row.Verb), Outcome: audit.Outcome(word(row.Outcome)),
		Entity: audit.Object{Kind: audit.ObjectKind(word(row.EntityKind)), ID: int64(row.EntityID), Path: string(row.EntityPath)},
		Target: audit.Object{Kind: audit.ObjectKind(word(row.TargetKind)), ID: int64(row.TargetID), Path: string(row.TargetPath)},
		Git: &audit.GitCommand{
			Protocol: source.Protocol(row.Protocol), Repository: string(row.Repository),
			Stats: audit.Stats{
				Wants: row.Wants, Haves: row.Haves, PayloadSize: row.PayloadSize,
				WrittenBytes: row.WrittenBytes, ReceivedBytes: row.ReceivedBytes,
			},
		},
	}
	if row.Outcome == nil {
		e.Outcome = audit.Done
		e.Actor.Kind = audit.Person
		if e.Actor.KeyType == identity.DeployKey {
			e.Actor.Kind = audit.DeployKey
		}
	}
	return e, readDetails(row, &e)
}

// orNull is NULL for a text that is empty.
func orNull(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}

// wordOrNull is NULL for a word that is empty.
func wordOrNull[T ~string](w T) *string {
	if w == "" {
		return nil
	}
	return new(string(w))
}

func word(w *string) string {
	if w == nil {
		return ""
	}
	return *w
}
