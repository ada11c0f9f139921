package inventory

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"gatehouse/domain/remembered"
)

// Names returns the names of all Lists, in alphabetical order.
func Names() []string { return slices.Sorted(maps.Keys(Lists)) }

// timeFormat is how a time is shown: RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON returns an object with the fields in their order. A time is text
// in UTC with milliseconds, and a list is an array also when it is empty.
func (r Record) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for i, field := range r {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encoder.Encode(field.Name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := encoder.Encode(field.jsonValue()); err != nil {
			return nil, err
		}
	}
	return append(append([]byte{'{'}, out.Bytes()...), '}'), nil
}

// jsonValue is the field's value as JSON has it.
func (f Field) jsonValue() any {
	switch value := f.Value.(type) {
	case time.Time:
		return value.UTC().Format(timeFormat)
	case []string:
		if value == nil {
			return []string{}
		}
	case []Record:
		if value == nil {
			return []Record{}
		}
	}
	return f.Value
}

// SettingsRecord returns settings that are kept by their names as a record, in alphabetical
// order. A list of hashes is one of records, any other list one of texts, and a value of
// another form is text.
func SettingsRecord(values remembered.Values) Record {
	record := Record{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		record = append(record, Field{name, settingValue(values[name])})
	}
	return record
}

func settingValue(value any) any {
	switch value := value.(type) {
	case nil, bool, int64, string:
		return value
	case map[string]any:
		return SettingsRecord(value)
	case []any:
		if records := recordsOf(value); records != nil {
			return records
		}
		texts := make([]string, len(value))
		for i, element := range value {
			texts[i] = fmt.Sprint(element)
		}
		return texts
	default:
		return fmt.Sprint(value)
	}
}

// Sort orders records of one thing by their fields, the first of them first;
// nil comes before everything.
func Sort(records []Record) {
	slices.SortFunc(records, func(a, b Record) int {
		return slices.CompareFunc(a, b, func(a, b Field) int { return compare(a.Value, b.Value) })
	})
}

// compare orders two values of one field, nil before everything.
func compare(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(btoi(a != nil), btoi(b != nil))
	}
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case string:
		return cmp.Compare(a, b.(string))
	case bool:
		return cmp.Compare(btoi(a), btoi(b.(bool)))
	case time.Time:
		return a.Compare(b.(time.Time))
	case Record:
		return slices.CompareFunc(a, b.(Record), func(a, b Field) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	default:
		return slices.Compare(a.([]string), b.([]string))
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// recordsOf returns a list of hashes as records; nil for any other list.
func recordsOf(list []any) (records []Record) {
	for _, element := range list {
		hash, ok := element.(map[string]any)
		if !ok {
			return nil
		}
		records = append(records, SettingsRecord(hash))
	}
	return records
}
