package auditlog

import "gatehouse/domain/audit"

// WriteDetails returns the details of an event as they are kept; empty for none.
func WriteDetails(e audit.Event) (string, error) {
	details, err := writeDetails(e)
	return word(details), err
}

// ReadDetails returns the event of a row with those details.
func ReadDetails(details string) (audit.Event, error) {
	return columns{Outcome: new("done"), Details: wordOrNull(details)}.event()
}
