package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// DefaultFile is the file that FindFile looks for.
const DefaultFile = "gatehouse.yaml"

// FindFile returns DefaultFile, or "" if it does not exist.
func FindFile() string {
	if _, err := os.Stat(DefaultFile); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return DefaultFile
}

// Sources are where settings come from; a later field overrides those before it.
type Sources struct {
	// File is a YAML file that must exist; empty for none.
	File string
	// Environ are variables as os.Environ returns them. Only those that begin with
	// GATEHOUSE_ are read, and not if they are empty.
	Environ []string
	// Flags are values by key. Lists and maps are written as YAML.
	Flags map[string]string
}

// Load reads the settings. Its error reports all mistakes at once, one a line,
// each with its key.
func Load(from Sources) (Config, error) {
	l := loader{k: koanf.New("."), origins: map[string]string{}}
	l.file(from.File)
	l.environ(from.Environ)
	l.flags(from.Flags)
	config := l.decode()
	config.tidy()
	config.File = from.File
	// A key whose value could not be read has its default, so that only one mistake
	// is reported for it.
	return config, errors.Join(append(l.mistakes, config.mistakes(l.unread)...)...)
}

// loader collects values and mistakes, source by source.
type loader struct {
	k        *koanf.Koanf
	origins  map[string]string
	mistakes []error
	// unread are the keys inside lists and maps whose values could not be read.
	unread []string
}

func (l *loader) mistake(format string, args ...any) {
	l.mistakes = append(l.mistakes, fmt.Errorf(format, args...))
}

func (l *loader) file(path string) {
	if path == "" {
		return
	}
	layer := koanf.New(".")
	if err := layer.Load(file.Provider(path), yaml.Parser()); err != nil {
		l.mistake("%s: %w", path, err)
		return
	}
	for _, key := range layer.Keys() {
		known, ok := findLeaf(key)
		switch {
		case ok && layer.Get(known.key) != nil:
			l.set(known, layer.Get(known.key), path)
		case ok, isSection(key) && layer.Get(key) == nil:
			// The key is empty, as a section is if all its lines are comments.
		case isSection(key):
			l.mistake("%s (%s): has keys of its own, and no value", key, path)
		default:
			l.unknown(key, path)
		}
	}
}

// ofKubernetes says whether Kubernetes sets a variable, for a service that is
// called "gatehouse". Such a variable is no setting.
func ofKubernetes(name string) bool {
	rest := strings.TrimPrefix(name, variablePrefix)
	return rest == "PORT" || strings.HasPrefix(rest, "PORT_") || strings.HasPrefix(rest, "SERVICE_")
}

func (l *loader) environ(variables []string) {
	known := map[string]leaf{}
	for _, leaf := range leaves {
		known[leaf.variable()] = leaf
	}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, variablePrefix) || value == "" || ofKubernetes(name) {
			continue
		}
		if leaf, ok := known[name]; ok {
			l.set(leaf, value, name)
		} else {
			l.mistake("%s: unknown variable%s", name, didYouMean(nearest(name, slices.Sorted(maps.Keys(known)))))
		}
	}
}

func (l *loader) flags(values map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if leaf, ok := findLeaf(key); ok && leaf.key == key {
			l.set(leaf, values[key], "flag")
		} else {
			l.unknown(key, "flag")
		}
	}
}

func (l *loader) set(at leaf, value any, origin string) {
	l.k.Delete(at.key) // koanf would merge a map into the one before
	if err := l.k.Set(at.key, value); err != nil {
		l.mistake("%s (%s): %w", at.key, origin, err)
	}
	l.origins[at.key] = origin
}

func (l *loader) unknown(key, origin string) {
	var names []string
	for _, leaf := range leaves {
		names = append(names, leaf.key)
	}
	l.mistake("%s (%s): unknown key%s", key, origin, didYouMean(nearest(key, names)))
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return "; did you mean " + name + "?"
}

// decode returns the defaults with the values that were set.
func (l *loader) decode() Config {
	config := Default()
	config.Origins = l.origins
	for _, leaf := range leaves {
		origin, given := l.origins[leaf.key]
		if !given {
			continue
		}
		field := leaf.of(&config)
		value, err := decode(field.Type(), l.k.Get(leaf.key))
		if err != nil {
			l.mistake("%s (%s): %w", leaf.key, origin, err)
		}
		if inside, ok := errors.AsType[partly](err); ok {
			l.unread = append(l.unread, inside.unread(leaf.key)...)
		} else if err != nil {
			continue
		}
		field.Set(value)
	}
	return config
}
