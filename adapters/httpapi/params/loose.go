package params

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
)

var errKind = errors.New("wrong kind of value")

// loose converts a value to the kind of a field, or to nil if the value is blank and
// the field no text. It returns a converted value unchanged.
func loose(from, to reflect.Value) (any, error) {
	data, wanted := from.Interface(), to.Type()
	if wanted.Kind() == reflect.Pointer {
		wanted = wanted.Elem()
	}
	if blank(data, wanted) {
		return nil, nil
	}
	if wanted == dateType {
		return date(data)
	}
	switch wanted.Kind() {
	case reflect.String:
		return text(data)
	case reflect.Bool:
		return truth(data)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return integer(data, wanted)
	case reflect.Slice:
		return array(data, wanted.Elem()), nil
	default:
		return data, nil
	}
}

func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return true
	default:
		return t == dateType
	}
}

// blank reports whether data is blank text and the field of this type no text.
func blank(data any, wanted reflect.Type) bool {
	return wanted.Kind() != reflect.String && wanted.Kind() != reflect.Interface && blankText(data)
}

func blankText(data any) bool {
	s, ok := data.(string)
	return ok && strings.TrimSpace(s) == ""
}

// text reads text, a number or a boolean. It refuses NUL, which no database takes.
func text(data any) (any, error) {
	switch value := data.(type) {
	case string:
		if strings.IndexByte(value, 0) >= 0 {
			return nil, errKind
		}
		return data, nil
	case json.Number:
		return value.String(), nil
	case bool:
		return strconv.FormatBool(value), nil
	default:
		return nil, errKind
	}
}

// truth reads a boolean in the words of Rails.
func truth(data any) (any, error) {
	switch value := data.(type) {
	case bool:
		return value, nil
	case json.Number:
		return truth(value.String())
	case string:
		switch strings.ToLower(strings.TrimSpace(value)) {
		case "true", "t", "yes", "y", "on", "1":
			return true, nil
		case "false", "f", "no", "n", "off", "0":
			return false, nil
		}
	}
	return nil, errKind
}

// integer reads text as a decimal number, with leading zeros as well.
func integer(data any, wanted reflect.Type) (any, error) {
	var n int64
	err := errKind
	switch value := data.(type) {
	case int64:
		n, err = value, nil
	case string:
		n, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	case json.Number:
		n, err = truncate(value)
	}
	if err != nil || wanted.OverflowInt(n) {
		return nil, errKind
	}
	return n, nil
}

// truncate drops the fraction of a JSON number, as Rails does.
func truncate(number json.Number) (int64, error) {
	n, err := number.Int64()
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return n, err
	}
	f, err := number.Float64()
	if err != nil || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, errKind
	}
	return int64(f), nil
}

// array makes an array of one scalar if the elements are scalars. An empty hash
// becomes an empty array then: some clients write empty push options that way.
func array(data any, element reflect.Type) any {
	if !isScalar(element) {
		return data
	}
	switch value := data.(type) {
	case []any:
		return data
	case map[string]any:
		if len(value) > 0 {
			return data
		}
		return []any{}
	default:
		return []any{data}
	}
}
