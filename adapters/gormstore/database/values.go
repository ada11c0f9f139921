package database

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// Ref is the number of another row; 0 is none and NULL.
type Ref int64

// Value implements driver.Valuer.
func (r Ref) Value() (driver.Value, error) {
	if r == 0 {
		return nil, nil
	}
	return int64(r), nil
}

// Scan implements sql.Scanner.
func (r *Ref) Scan(src any) error {
	*r = 0
	return maybe[int64]{(*int64)(r)}.Scan(src)
}

// Instant is a moment, kept in UTC to the microsecond; the zero one is NULL.
type Instant struct{ time.Time }

// ToInstant makes an Instant of t.
func ToInstant(t time.Time) Instant {
	if t.IsZero() {
		return Instant{}
	}
	return Instant{t.UTC().Truncate(time.Microsecond)}
}

// Value implements driver.Valuer.
func (i Instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.Time, nil
}

// Scan implements sql.Scanner.
func (i *Instant) Scan(src any) error { return moment{&i.Time}.Scan(src) }

// Day is the beginning of a day in UTC; the zero one is NULL.
type Day struct{ time.Time }

// ToDay makes a Day of the one that t falls on.
func ToDay(t time.Time) Day {
	if t.IsZero() {
		return Day{}
	}
	return Day{t.UTC().Truncate(24 * time.Hour)}
}

// Value implements driver.Valuer.
func (d Day) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.Format(time.DateOnly), nil
}

// Scan implements sql.Scanner.
func (d *Day) Scan(src any) error { return moment{&d.Time}.Scan(src) }

// Texts is a list of texts, kept as JSON.
type Texts []string

// Value implements driver.Valuer.
func (t Texts) Value() (driver.Value, error) {
	if t == nil {
		t = Texts{}
	}
	out, err := json.Marshal([]string(t))
	return string(out), err
}

// Scan implements sql.Scanner. What comes out is never nil.
func (t *Texts) Scan(src any) error {
	*t = Texts{}
	return asJSON{(*[]string)(t)}.Scan(src)
}

// JSON scans a column of JSON into to; NULL leaves to as it is.
func JSON(to any) sql.Scanner { return asJSON{to} }

type asJSON struct{ to any }

// Scan implements sql.Scanner.
func (j asJSON) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		return nil
	case []byte:
		return json.Unmarshal(src, j.to)
	case string:
		return json.Unmarshal([]byte(src), j.to)
	}
	return fmt.Errorf("%T is no JSON", src)
}

// CheckForm returns an error for a form that only a newer release knows.
func CheckForm(version, newest int) error {
	if version < 0 || version > newest {
		return fmt.Errorf("its form has version %d, and this gatehouse knows no more than %d: a newer one wrote it", version, newest)
	}
	return nil
}

// Null scans into to what may be NULL, which leaves to as it is.
func Null[T any](to *T) sql.Scanner { return maybe[T]{to} }

type maybe[T any] struct{ to *T }

// Scan implements sql.Scanner.
func (m maybe[T]) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		return nil
	case T:
		*m.to = src
		return nil
	}
	var value sql.Null[T]
	err := value.Scan(src)
	*m.to = value.V
	return err
}

// Time scans a time into to, in UTC; NULL leaves to as it is.
func Time(to *time.Time) sql.Scanner { return moment{to} }

type moment struct{ to *time.Time }

// layouts are how SQLite's times and dates are written; River writes its own without a zone,
// and other programs may write what SQLite itself understands.
var layouts = []string{
	"2006-01-02 15:04:05.999999999-07:00", time.DateTime, time.DateOnly,
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z", "2006-01-02 15:04", "2006-01-02T15:04",
}

// Scan implements sql.Scanner. SQLite gives text where it does not know that a
// column is a time.
func (m moment) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		return nil
	case time.Time:
		*m.to = src.UTC()
		return nil
	case string:
		for _, layout := range layouts {
			if t, err := time.Parse(layout, src); err == nil {
				*m.to = t.UTC()
				return nil
			}
		}
	}
	return fmt.Errorf("%T %v is no time", src, src)
}

// Storable says whether a text can be in the database at all: PostgreSQL
// would not even look for one that cannot.
func Storable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for i := range len(text) {
		if text[i] == 0 {
			return false
		}
	}
	return true
}

// Object is values by name, kept as JSON: texts, whole numbers as int64, booleans, nil,
// []any and map[string]any.
type Object map[string]any

// Value implements driver.Valuer.
func (o Object) Value() (driver.Value, error) {
	if o == nil {
		return "{}", nil
	}
	out, err := json.Marshal(map[string]any(o))
	return string(out), err
}

// Scan implements sql.Scanner. An object without members comes out nil.
func (o *Object) Scan(src any) error {
	var raw map[string]any
	if err := (asJSON{&numbers{&raw}}).Scan(src); err != nil {
		return err
	}
	*o = nil
	if len(raw) > 0 {
		*o = wholeNumbers(raw).(map[string]any)
	}
	return nil
}

// numbers reads an object whose numbers keep all their digits.
type numbers struct{ to *map[string]any }

// UnmarshalJSON implements json.Unmarshaler.
func (n numbers) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(n.to)
}

// wholeNumbers returns a JSON value with int64 in place of numbers. A part behind the point,
// which this program does not write, is cut off.
func wholeNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		whole, err := value.Int64()
		if err != nil {
			part, _ := value.Float64() // the decoder has seen that it is a number
			whole = int64(part)
		}
		return whole
	case []any:
		for i, element := range value {
			value[i] = wholeNumbers(element)
		}
	case map[string]any:
		for name, member := range value {
			value[name] = wholeNumbers(member)
		}
	}
	return value
}
