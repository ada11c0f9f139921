package config

import (
	"cmp"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// leaf is one key that can be set, and the field that holds its value.
type leaf struct {
	key   string
	field []int
}

// leaves are all keys, in the order of Config's fields.
var leaves = slices.Collect(func(yield func(leaf) bool) { walk(reflect.TypeFor[Config](), "", nil, yield) })

// walk yields the keys of a struct until yield returns false. An embedded struct
// adds nothing to the keys of its fields.
func walk(t reflect.Type, prefix string, at []int, yield func(leaf) bool) bool {
	for field := range fields(t) {
		l := leaf{key: prefix + tag(field), field: append(slices.Clone(at), field.Index...)}
		below := l.key + "."
		if field.Anonymous {
			below = prefix
		}
		if field.Type.Kind() == reflect.Struct {
			if !walk(field.Type, below, l.field, yield) {
				return false
			}
		} else if !yield(l) {
			return false
		}
	}
	return true
}

// fields yields the fields of a struct that have a key, or keys below them.
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

// of returns the leaf's value in c, which can be set.
func (l leaf) of(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().FieldByIndex(l.field) }

// variable returns the name of the environment variable for the key.
func (l leaf) variable() string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(l.key, ".", "_"))
}

const variablePrefix = "GATEHOUSE_"

// findLeaf returns the leaf of a key. Keys inside a map have the leaf of the map.
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

// isSection says whether there are keys below this one.
func isSection(key string) bool {
	return slices.ContainsFunc(leaves, func(l leaf) bool { return strings.HasPrefix(l.key, key+".") })
}

// nearest returns the name that is most like text, or "" if none is like it.
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

// distance returns how many bytes have to be inserted, deleted or replaced to
// turn a into b.
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
