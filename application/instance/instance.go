// Package instance shows and changes the settings of the instance that administrators have
// through the management API. What the configuration sets is not among them.
package instance

import (
	"context"
	"reflect"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Settings are what administrators have set.
type Settings struct {
	// DefaultBranchProtection is nil for the configuration's.
	DefaultBranchProtection *source.BranchProtection
	// Remembered are parameters without an effect, as remembered.Settings lists them.
	Remembered remembered.Values
}

// Tx reads and changes settings within one transaction.
type Tx struct {
	Settings Store
	Audit    AuditLog
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Reader reads settings.
type Reader interface {
	// Settings returns what was set.
	Settings(ctx context.Context) (Settings, error)
}

// Store keeps settings.
type Store interface {
	Reader
	// PutSettings replaces what was set.
	PutSettings(ctx context.Context, s Settings) error
}

// AuditLog keeps audit events.
type AuditLog interface {
	// Append keeps the events in their order if the transaction succeeds, and only then.
	Append(ctx context.Context, events ...audit.Event) error
}

// Service shows and changes settings, for administrators only. It is safe for concurrent use.
type Service struct {
	unitOfWork UnitOfWork
	reader     Reader
	now        application.Clock
}

// New makes a Service.
func New(unitOfWork UnitOfWork, reader Reader, now application.Clock) *Service {
	return &Service{unitOfWork, reader, now}
}

// Show returns the settings, or a Refusal.
func (s *Service) Show(ctx context.Context, by rights.Caller) (Settings, error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return Settings{}, err
	}
	return s.reader.Settings(ctx)
}

// errLevel refuses what is no level.
var errLevel = domain.Refuse(domain.Invalid, "default_branch_protection does not have a valid value")

// Change changes the settings and returns them, or returns a Refusal. A change that changes
// nothing leaves no audit event.
func (s *Service) Change(ctx context.Context, by rights.Caller, change func(*Settings)) (is Settings, err error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return Settings{}, err
	}
	err = s.unitOfWork(ctx, func(tx Tx) error {
		was, err := tx.Settings.Settings(ctx)
		if err != nil {
			return err
		}
		is = was
		change(&is)
		if level := is.DefaultBranchProtection; level != nil && !level.Known() {
			return errLevel
		}
		if reflect.DeepEqual(was, is) {
			return nil
		}
		if err := tx.Settings.PutSettings(ctx, is); err != nil {
			return err
		}
		before, after := audit.Changes(was.audited(), is.audited())
		object := audit.Object{Kind: audit.Instance}
		return tx.Audit.Append(ctx, by.Cause.Event(s.now(), audit.Update, object, object, before, after))
	})
	return is, err
}

// audited returns the settings as audit events have them.
func (s Settings) audited() audit.Values {
	values := audit.Values{"default_branch_protection": nil}
	for name, value := range s.Remembered {
		values[name] = value
	}
	if level := s.DefaultBranchProtection; level != nil {
		values["default_branch_protection"] = int64(*level)
	}
	return values
}
