package bootstrap

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"go.yaml.in/yaml/v3"
)

// decode makes value, as a YAML file, a variable or a flag gave it, into one
// of type t. Its errors never repeat the value, which may be a secret.
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
		return reflect.Value{}, problem(t, err)
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
			return errors.New(strings.Join(inside, "; "))
		}
	}
	return errors.New(wanted[t.Kind()])
}

// entries says what is wrong with the entries of a list or map.
func entries(err error) []string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range joined.Unwrap() {
			all = append(all, entries(e)...)
		}
		return all
	}
	at, ok := errors.AsType[*mapstructure.DecodeError](err)
	if !ok || at.Name() == "" {
		return nil
	}
	if deeper := entries(at.Unwrap()); len(deeper) > 0 {
		return deeper
	}
	if wrong, ok := errors.AsType[*mapstructure.UnconvertibleTypeError](err); ok {
		return []string{fmt.Sprintf("%s %s", at.Name(), wanted[wrong.Expected.Kind()])}
	}
	return []string{fmt.Sprintf("%s: %s", at.Name(), at.Unwrap())}
}
