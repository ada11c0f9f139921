package config

import (
	"encoding"
	"encoding/json"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Setting is one key with its value as a text. Secrets are hidden.
type Setting struct {
	Key, Value string
	// Origin says where the value was set; empty for a default.
	Origin string
}

// Settings returns all keys with their values, in the order of Config's fields.
func (c *Config) Settings() []Setting {
	var settings []Setting
	for _, l := range leaves {
		settings = append(settings, Setting{l.key, show(l.of(c)), c.Origins[l.key]})
	}
	return settings
}

// Differences returns the keys that have another value in other.
func (c *Config) Differences(other *Config) (keys []string) {
	for _, l := range leaves {
		if !reflect.DeepEqual(l.of(c).Interface(), l.of(other).Interface()) {
			keys = append(keys, l.key)
		}
	}
	return keys
}

// SecretsInFile returns the keys that have a secret from the configuration file.
func (c *Config) SecretsInFile() (keys []string) {
	for _, s := range c.Settings() {
		if c.File != "" && s.Origin == c.File && strings.Contains(s.Value, masked) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// SetBy says in words which files, variables and flags set anything.
func (c *Config) SetBy() string {
	origins := slices.Sorted(maps.Values(c.Origins))
	if len(origins) == 0 {
		return "nothing but defaults"
	}
	return strings.Join(slices.Compact(origins), ", ")
}

// Announce logs what an operator looks for first: where the settings come from,
// and where the data, the secrets and Gitaly are.
func (c *Config) Announce(log *zap.Logger) error {
	log.Info("configuration", zap.String("set_by", c.SetBy()))
	log.Info("data", zap.String("database", c.Database.Place()))
	log.Info("secrets", c.SecretFiles()...)
	if len(c.Gitaly.Storages) > 0 {
		return nil
	}
	known, err := c.Gitaly.Known()
	if err != nil {
		return err
	}
	log.Info("gitaly.storages is empty, so that one is assumed", zap.String("name", known[0].Name), zap.String("address", known[0].Address))
	return nil
}

// SecretFiles returns fields for the log that name the secret files in use.
func (c *Config) SecretFiles() []zap.Field {
	files := []zap.Field{zap.String("shell", Absolute(c.Shell.SecretFile)), zap.String("instance", Absolute(c.Instance.KeyFile))}
	if c.Kas.Enabled {
		files = append(files, zap.String("kas", Absolute(c.Kas.SecretFile)))
	}
	if c.Workhorse.SecretFile != "" {
		files = append(files, zap.String("workhorse", Absolute(c.Workhorse.SecretFile)))
	}
	return files
}

// Absolute returns the absolute form of a path, or the path itself if the
// working directory is unknown.
func Absolute(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// show returns a value in a form that a flag can have: lists and maps as JSON,
// which is YAML too.
func show(v reflect.Value) string {
	switch value := plain(v).(type) {
	case string:
		return value
	default:
		text, _ := json.Marshal(value) // of strings, numbers, booleans, lists and maps
		return string(text)
	}
}

// plain returns a value for JSON, its fields named as their keys are.
func plain(v reflect.Value) any {
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String()
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, _ := m.MarshalText() // never fails
		return string(text)
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Map:
		entries := map[string]any{}
		for key, value := range v.Seq2() {
			entries[key.String()] = plain(value)
		}
		return entries
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Struct:
		entries := map[string]any{}
		for f := range fields(v.Type()) {
			entries[tag(f)] = plain(v.FieldByIndex(f.Index))
		}
		return entries
	default:
		return v.Interface()
	}
}
