package call

import (
	"strings"
	"time"

	"gatehouse/adapters/httpapi/params"
)

// Moment is a parameter that is a date with a time, or a date, which is its beginning in
// UTC. Blank text leaves it zero.
type Moment struct{ time.Time }

// Explain says how a moment is written, with an example.
func (Moment) Explain() (text, example string) {
	return "A date and a time, or a date for its beginning in UTC.", "2021-06-13T14:15:16Z"
}

// momentLayouts are how a moment is written. A fraction of a second may follow.
var momentLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	"2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05",
	time.DateOnly, "2006/01/02", "20060102",
}

// ReadParam implements params.Reader.
func (m *Moment) ReadParam(value any) (problem string) {
	text, ok := value.(string)
	text = strings.TrimSpace(text)
	switch at, found := parseMoment(text); {
	case !ok:
		return params.IsInvalid
	case text == "":
		return ""
	case !found:
		return params.IsInvalid
	default:
		m.Time = at
		return ""
	}
}

// parseMoment reads a moment between the years 1000 and 9999, in UTC.
func parseMoment(text string) (at time.Time, ok bool) {
	for _, layout := range momentLayouts {
		if parsed, err := time.Parse(layout, text); err == nil {
			at = parsed.UTC()
			return at, at.Year() >= 1000 && at.Year() <= 9999
		}
	}
	return time.Time{}, false
}
