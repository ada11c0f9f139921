package config

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"go.yaml.in/yaml/v3"
)

// decode converts the value that a YAML file, a variable or a flag has for a key
// to type t. Its errors never contain the value, which may be a secret. With an
// error of type partly it returns the part that could be read.
func decode(t reflect.Type, value any) (reflect.Value, error) {
	if t == reflect.TypeFor[time.Duration]() {
		d, err := duration(value)
		return reflect.ValueOf(d), err
	}
	if text, ok := value.(string); ok && t.Kind() != reflect.String {
		value = reread(t, text)
	}
	out := reflect.New(t)
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: out.Interface(), TagName: "koanf", ErrorUnused: true,
	})
	if err != nil {
		return reflect.Value{}, err
	}
	if err := decoder.Decode(value); err != nil {
		return out.Elem(), problem(t, err)
	}
	return out.Elem(), nil
}

// reread parses a text as YAML. A list of texts may also be separated by commas.
func reread(t reflect.Type, text string) any {
	var value any
	if yaml.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	if line, ok := value.(string); ok && t == reflect.TypeFor[[]string]() {
		items := strings.Split(line, ",")
		for i := range items {
			items[i] = strings.TrimSpace(items[i])
		}
		return items
	}
	return value
}

var errDuration = errors.New("must be a duration, such as 30s, 15m or 31d")

const (
	day = 24 * time.Hour
	// maxDays and maxSeconds are how many of each a duration can have.
	maxDays    = int(math.MaxInt64 / day)
	maxSeconds = int(math.MaxInt64 / time.Second)
)

// ParseDuration parses a duration as settings have it.
func ParseDuration(text string) (time.Duration, error) { return duration(text) }

// duration parses "15m", "31d" and "1d12h", and takes a plain number for seconds.
func duration(value any) (time.Duration, error) {
	switch v := value.(type) {
	case int:
		return seconds(v)
	case string:
		if n, err := strconv.Atoi(v); err == nil {
			return seconds(n)
		}
		if d, err := time.ParseDuration(hours(v)); err == nil {
			return d, nil
		}
	}
	return 0, errDuration
}

func seconds(n int) (time.Duration, error) {
	if n < -maxSeconds || n > maxSeconds {
		return 0, errDuration
	}
	return time.Duration(n) * time.Second, nil
}

// hours writes the days with which a duration begins as hours, which Go can parse.
// What has no such beginning it returns as it is.
func hours(text string) string {
	before, rest, found := strings.Cut(text, "d")
	days, err := strconv.Atoi(before)
	if !found || err != nil || days < -maxDays || days > maxDays {
		return text
	}
	if days == 0 {
		return before + "h" + rest // with its sign
	}
	return strconv.Itoa(24*days) + "h" + rest
}

// wanted is the error for a value that is not of a kind.
var wanted = map[reflect.Kind]string{
	reflect.String: "must be a text; put it in quotes",
	reflect.Bool:   "must be true or false",
	reflect.Int:    "must be a whole number",
	reflect.Slice:  "must be a list",
	reflect.Map:    "must be a map of names to whole numbers",
}

func problem(t reflect.Type, err error) error {
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		if inside := entries(err); len(inside) > 0 {
			return inside
		}
	}
	return errors.New(wanted[t.Kind()])
}

// partly is the error for a list or map of which some entries could not be read.
type partly []entry

// entry says what is wrong at a place such as [0].name.
type entry struct {
	at, why string
	// read says that the value could be read nevertheless.
	read bool
}

func (p partly) Error() string {
	texts := make([]string, len(p))
	for i, e := range p {
		texts[i] = e.at + e.why
	}
	return strings.Join(texts, "; ")
}

// unread returns the keys, in the list or map at key, whose values could not be
// read.
func (p partly) unread(key string) (keys []string) {
	for _, e := range p {
		if !e.read {
			keys = append(keys, key+e.at)
		}
	}
	return keys
}

// unknownKeys begins mapstructure's error for unknown keys in an entry; that
// error has no type of its own.
const unknownKeys = "has invalid keys"

// entries returns what is wrong with the entries of a list or map, or nil if the
// error is about the whole.
func entries(err error) partly {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all partly
		for _, e := range joined.Unwrap() {
			all = append(all, entries(e)...)
		}
		return all
	}
	at, ok := err.(*mapstructure.DecodeError)
	switch {
	case err == nil:
		return nil
	case !ok:
		return entries(errors.Unwrap(err))
	case at.Name() == "":
		return nil
	}
	if deeper := entries(at.Unwrap()); len(deeper) > 0 {
		return deeper
	}
	if wrong, ok := errors.AsType[*mapstructure.UnconvertibleTypeError](err); ok {
		return partly{{at: at.Name(), why: " " + wanted[wrong.Expected.Kind()]}}
	}
	why := at.Unwrap().Error()
	return partly{{at: at.Name(), why: ": " + why, read: strings.HasPrefix(why, unknownKeys)}}
}
