package gormstore

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// ref is the number of another row; 0 is none and NULL.
type ref int64

// Value implements driver.Valuer.
func (r ref) Value() (driver.Value, error) {
	if r == 0 {
		return nil, nil
	}
	return int64(r), nil
}

// Scan implements sql.Scanner.
func (r *ref) Scan(src any) error {
	*r = 0
	return maybe[int64]{(*int64)(r)}.Scan(src)
}

// instant is a moment, kept in UTC to the microsecond; the zero one is NULL.
type instant struct{ time.Time }

// at makes an instant of t.
func at(t time.Time) instant {
	if t.IsZero() {
		return instant{}
	}
	return instant{t.UTC().Truncate(time.Microsecond)}
}

// Value implements driver.Valuer.
func (i instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.Time, nil
}

// Scan implements sql.Scanner.
func (i *instant) Scan(src any) error { return moment{&i.Time}.Scan(src) }

// day is the beginning of a day in UTC; the zero one is NULL.
type day struct{ time.Time }

// on makes a day of the one that t falls on.
func on(t time.Time) day {
	if t.IsZero() {
		return day{}
	}
	return day{t.UTC().Truncate(24 * time.Hour)}
}

// Value implements driver.Valuer.
func (d day) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.Format(time.DateOnly), nil
}

// Scan implements sql.Scanner.
func (d *day) Scan(src any) error { return moment{&d.Time}.Scan(src) }

// texts is a list of texts, kept as JSON.
type texts []string

// Value implements driver.Valuer.
func (t texts) Value() (driver.Value, error) {
	if t == nil {
		t = texts{}
	}
	out, err := json.Marshal([]string(t))
	return string(out), err
}

// Scan implements sql.Scanner. What comes out is never nil.
func (t *texts) Scan(src any) error {
	*t = texts{}
	return asJSON{(*[]string)(t)}.Scan(src)
}

// asJSON scans a column of JSON; NULL leaves to as it is.
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

// checkForm returns an error for a form that only a newer release knows.
func checkForm(version, newest int) error {
	if version < 0 || version > newest {
		return fmt.Errorf("its form has version %d, and this gatehouse knows no more than %d: a newer one wrote it", version, newest)
	}
	return nil
}

// maybe scans into to what may be NULL, which leaves to as it is.
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

// moment scans a time into to, in UTC; NULL leaves to as it is.
type moment struct{ to *time.Time }

// layouts are how SQLite's times and dates are written.
var layouts = []string{"2006-01-02 15:04:05.999999999-07:00", time.DateOnly}

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

// storable says whether a text can be in the database at all: PostgreSQL
// would not even look for one that cannot.
func storable(text string) bool {
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
