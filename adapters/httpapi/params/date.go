package params

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Date is a day, at its beginning in UTC. It is read as leniently as Ruby's
// Date.parse reads whole dates; what Ruby completes from today's date, such as
// "Wed" or "13", is refused.
type Date struct{ time.Time }

var dateType = reflect.TypeFor[Date]()

// date takes text only: a number is no date, but looks like one.
func date(data any) (any, error) {
	if known, ok := data.(Date); ok {
		return known, nil
	}
	text, ok := data.(string)
	if !ok {
		return nil, errKind
	}
	day, ok := ParseDate(text)
	if !ok {
		return nil, errKind
	}
	return day, nil
}

const (
	weekday = `(?:(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?\.?,?\s+)?`
	month   = `(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|january|february|march|april|august|september|october|november|december)\.?`
	nth     = `(\d{1,2})(?:st|nd|rd|th)?`
	zone    = `[+-]\d{2}:?\d{2}`
	// clock is a time of day, a zone or both, which shift nothing.
	clock = `(?:(?:t|\s+)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*(?:[a-z]{1,5}|` + zone + `)){0,3}|\s*(?:z|utc|gmt|` + zone + `))?`
)

// dateForms are the ways in which a date may be written; order says what each
// group is.
var dateForms = []struct {
	form  *regexp.Regexp
	order string
}{
	{dateForm(`(\d{4})-(\d{1,2})-(\d{1,2})`), "ymd"},
	{dateForm(`(\d{4})/(\d{1,2})/(\d{1,2})`), "ymd"},
	{dateForm(`(\d{4})(\d{2})(\d{2})`), "ymd"},
	{dateForm(`(\d{1,2})-(\d{1,2})-(\d{4})`), "dmy"}, // the day comes first, as in Ruby
	{dateForm(`(\d{1,2})/(\d{1,2})/(\d{4})`), "dmy"},
	{dateForm(`(\d{1,2})\.(\d{1,2})\.(\d{4})`), "dmy"},
	{dateForm(nth + `(?:-|\s+)` + month + `(?:-|,?\s+)(\d{4})`), "dmy"},
	{dateForm(month + `(?:-|\s+)` + nth + `(?:-|,?\s+)(\d{4})`), "mdy"},
}

func dateForm(form string) *regexp.Regexp {
	return regexp.MustCompile(`^(?i:` + weekday + form + clock + `)$`)
}

// longestDate is far more than any date with its time takes.
const longestDate = 100

// ParseDate reads a date as people and programs write it: 2021-06-13, 20210613,
// 13/06/2021, 13 Jun 2021, "June 13, 2021", each with a time of day behind it
// or in quotes. ok is false for what is no date, or no day of the calendar.
func ParseDate(text string) (day Date, ok bool) {
	text = strings.Trim(text, " \t\r\n\"'")
	if len(text) > longestDate {
		return Date{}, false
	}
	for _, f := range dateForms {
		if parts := f.form.FindStringSubmatch(text); parts != nil {
			return dayOf(parts[1:], f.order)
		}
	}
	return Date{}, false
}

// dayOf puts the parts of a date together. Years that no calendar of a portal
// has would be taken for none by a store.
func dayOf(parts []string, order string) (Date, bool) {
	var year, month, day int
	for i, part := range parts {
		number, err := strconv.Atoi(part)
		if err != nil {
			number = monthNumber(part)
		}
		switch order[i] {
		case 'y':
			year = number
		case 'm':
			month = number
		default:
			day = number
		}
	}
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return Date{at}, year >= 1000 && int(at.Month()) == month && at.Day() == day
}

// monthNumber is that of a name, which is known to be one.
func monthNumber(name string) int {
	return strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(name[:3]))/3 + 1
}
