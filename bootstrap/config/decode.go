package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"go.yaml.in/yaml/v3"
)

// decode makes value, as a YAML file, a variable or a flag gave it, into one
// of type t. Its errors never repeat the value, which may be a secret. With an
// error that is partly there is a value: what could be read.
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

// reread takes a text for what YAML takes it for, and a list also with commas
// alone.
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

var errDuration = errors.New("must be a duration, such as 30s or 15m")

// duration reads "15m", and a plain number as seconds.
func duration(value any) (time.Duration, error) {
	switch v := value.(type) {
	case int:
		return time.Duration(v) * time.Second, nil
	case string:
		if seconds, err := strconv.Atoi(v); err == nil {
			return time.Duration(seconds) * time.Second, nil
		}
		if d, err := time.ParseDuration(v); err == nil {
			return d, nil
		}
	}
	return 0, errDuration
}

// wanted says what a value of a kind looks like.
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

// partly is what is wrong inside of a list or map whose other entries are read.
type partly []entry

// entry is what is wrong at a place such as [0].name.
type entry struct {
	at, why string
	// read says that the value is there all the same.
	read bool
}

func (p partly) Error() string {
	texts := make([]string, len(p))
	for i, e := range p {
		texts[i] = e.at + e.why
	}
	return strings.Join(texts, "; ")
}

// unread are the keys, in the list or map at key, whose values are not read.
func (p partly) unread(key string) (keys []string) {
	for _, e := range p {
		if !e.read {
			keys = append(keys, key+e.at)
		}
	}
	return keys
}

// unknownKeys begins the library's words for keys that an entry does not have;
// there is no type for it.
const unknownKeys = "has invalid keys"

// entries says what is wrong with the entries of a list or map.
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
