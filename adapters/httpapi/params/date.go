package params

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Date is a day, at its beginning in UTC. It is read as leniently as Ruby's Date.parse
// reads whole dates. A text that Ruby completes with parts of today's date, such as
// "Wed" or "13", is refused.
type Date struct{ time.Time }

// Explain says how a date is written, with an example.
func (Date) Explain() (text, example string) {
	return "A date, in any form that is not ambiguous.", "2021-06-13"
}

var dateType = reflect.TypeFor[Date]()

// date reads text only: a number such as 20210613 is refused, although it looks like
// a date.
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
	zone    = `[+-]\d{2}(?::?\d{2})?`
	// timeOfDay is 10:00:00.5, 1000, 100000.5 or, behind a "t" only, 10.
	timeOfDay = `(?:(?:t|\s+)(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?|\d{4}(?:\d{2}(?:[.,]\d+)?)?)|t\d{2})`
	// clock is a time of day, a zone or both. They do not change the day.
	clock = `(?:` + timeOfDay + `(?:\s*(?:[a-z]{1,5}|` + zone + `)){0,3}|\s*(?:z|utc|gmt|` + zone + `))?`
)

// dateForms are the forms of a date. The letters of order stand for the groups: year,
// month or day; or week and day of the week, or day of the year.
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
	{dateForm(`(\d{4})-w(\d{2})-([1-7])`), "ywe"},
	{dateForm(`(\d{4})w(\d{2})([1-7])`), "ywe"},
	{dateForm(`(\d{4})-(\d{3})`), "yo"},
}

func dateForm(form string) *regexp.Regexp {
	return regexp.MustCompile(`^(?i:` + weekday + form + clock + `)$`)
}

// longestDate is longer than any date with its time.
const longestDate = 100

// ParseDate reads a date as people and programs write it: 2021-06-13, 20210613,
// 13/06/2021, 13 Jun 2021, "June 13, 2021", 2021-W23-7, 2021-164. A time of day may
// follow, in digits alone, too: 20210613T100000Z. The text may be in quotes. ok is false for any other text, and for a day that the calendar lacks.
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

// dayOf returns the day of the parts of a date. It refuses years before 1000, of which
// a store may take the first for no date.
func dayOf(parts []string, order string) (Date, bool) {
	var year, month, day, week, ordinal int
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
		case 'w':
			week = number
		case 'o':
			ordinal = number
		default:
			day = number
		}
	}
	switch order[len(order)-1] {
	case 'e':
		at := time.Date(year, time.January, 4+(week-1)*7, 0, 0, 0, 0, time.UTC) // 4 January is in the first week
		inYear, inWeek := at.ISOWeek()
		monday := at.AddDate(0, 0, -int(at.Weekday()+6)%7)
		return Date{monday.AddDate(0, 0, day-1)}, year >= 1000 && inYear == year && inWeek == week
	case 'o':
		at := time.Date(year, time.January, ordinal, 0, 0, 0, 0, time.UTC)
		return Date{at}, year >= 1000 && at.Year() == year
	}
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return Date{at}, year >= 1000 && int(at.Month()) == month && at.Day() == day
}

// monthNumber returns the number of the month; name must be the name of one.
func monthNumber(name string) int {
	return strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(name[:3]))/3 + 1
}
