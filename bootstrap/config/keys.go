package config

import (
	"cmp"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// leaf is one key that can be set, and where its value is kept.
type leaf struct {
	key   string
	field []int
}

// leaves are all keys, in the order of Config.
var leaves = slices.Collect(func(yield func(leaf) bool) { walk(reflect.TypeFor[Config](), "", nil, yield) })

// walk visits the keys of a struct until yield says that it is enough.
func walk(t reflect.Type, prefix string, at []int, yield func(leaf) bool) bool {
	for field := range fields(t) {
		l := leaf{key: prefix + tag(field), field: append(slices.Clone(at), field.Index...)}
		if field.Type.Kind() == reflect.Struct {
			if !walk(field.Type, l.key+".", l.field, yield) {
				return false
			}
		} else if !yield(l) {
			return false
		}
	}
	return true
}

// fields are those of a struct that have a key.
func fields(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); tag(f) != "-" && !yield(f) {
				return
			}
		}
	}
}

func tag(f reflect.StructField) string { return f.Tag.Get("koanf") }

// of is the leaf's value in c; c is addressable.
func (l leaf) of(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().FieldByIndex(l.field) }

// variable is the key's name in the environment.
func (l leaf) variable() string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(l.key, ".", "_"))
}

const variablePrefix = "GATEHOUSE_"

// findLeaf returns the leaf of that key. The keys inside of a map belong to
// the map's leaf.
func findLeaf(key string) (leaf, bool) {
	for _, l := range leaves {
		if l.key == key {
			return l, true
		}
		if isMap := reflect.TypeFor[Config]().FieldByIndex(l.field).Type.Kind() == reflect.Map; isMap && strings.HasPrefix(key, l.key+".") {
			return l, true
		}
	}
	return leaf{}, false
}

// isSection says whether keys begin with this one.
func isSection(key string) bool {
	return slices.ContainsFunc(leaves, func(l leaf) bool { return strings.HasPrefix(l.key, key+".") })
}

// nearest is the name that somebody who typed text most likely meant, or "".
func nearest(text string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	best := slices.MinFunc(names, func(a, b string) int { return cmp.Compare(distance(text, a), distance(text, b)) })
	if distance(text, best) > 1+len(text)/4 {
		return ""
	}
	return best
}

// distance is how many letters have to be put in, taken out or replaced to
// make a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
