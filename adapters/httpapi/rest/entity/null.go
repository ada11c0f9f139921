package entity

import "time"

// TextOrNull returns the text; nil for an empty one.
func TextOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// momentFormat is RFC 3339 in UTC with milliseconds.
const momentFormat = "2006-01-02T15:04:05.000Z"

// MomentOrNull returns a time by RFC 3339, in UTC with milliseconds; nil for the zero time.
func MomentOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format(momentFormat)
	return &text
}

// DayOrNull returns the day of a time in UTC, such as 2021-06-13; nil for the zero time.
func DayOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format(time.DateOnly)
	return &text
}

// NumberOrNull returns the number of a row; nil for 0, which no row has.
func NumberOrNull[ID ~int64](id ID) *int64 {
	if id == 0 {
		return nil
	}
	number := int64(id)
	return &number
}
