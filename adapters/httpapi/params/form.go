package params

import (
	"net/url"
	"strings"

	"gatehouse/domain"
)

const (
	maxPairs = 1 << 16 // Rack stops at 4096, but each push option is a pair
	maxDepth = 32
)

// form collects named values in a tree, by the rules of Ruby's Rack.
type form struct {
	tree  map[string]any
	pairs int
}

// parse adds the pairs of an urlencoded text, in their order.
func (f *form) parse(encoded string) error {
	for pair := range strings.SplitSeq(encoded, "&") {
		left, right, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(left)
		if err != nil {
			return invalid(left)
		}
		value, err := url.QueryUnescape(right)
		if err != nil {
			return invalid(name)
		}
		if err := f.add(name, value); err != nil {
			return err
		}
	}
	return nil
}

// add puts one value into the tree at the place that its name describes: a=1, a[]=1,
// a[b]=1, a[][b]=1. Bytes that are not UTF-8 become U+FFFD, as in JSON.
func (f *form) add(name, value string) error {
	if name == "" {
		return nil
	}
	if f.pairs++; f.pairs > maxPairs {
		return domain.Refuse(domain.TooLarge, "the request has more than %d parameters", maxPairs)
	}
	name, value = strings.ToValidUTF8(name, "\uFFFD"), strings.ToValidUTF8(value, "\uFFFD")
	steps := split(name)
	if len(steps) > maxDepth {
		return domain.Refuse(domain.Invalid, "%.100s is nested too deeply", name)
	}
	if _, ok := put(f.tree, steps, value); !ok {
		return invalid(steps[0])
	}
	return nil
}

// split returns the steps from the root of the tree to a value. The empty step leads
// to the next element of an array. A name with unbalanced brackets is one step.
func split(name string) []string {
	open := strings.IndexByte(name[1:], '[') + 1
	if open == 0 || !strings.HasSuffix(name, "]") {
		return []string{name}
	}
	inner := name[open+1 : len(name)-1]
	return append([]string{name[:open]}, strings.SplitN(inner, "][", maxDepth)...)
}

// put returns node with the value added below it, or false if one name stands for
// text, an array or a hash at the same time.
func put(node any, steps []string, value string) (any, bool) {
	switch {
	case len(steps) == 0:
		_, isText := node.(string)
		return value, node == nil || isText // the last one wins
	case steps[0] == "":
		array, ok := node.([]any)
		if node != nil && !ok {
			return nil, false
		}
		return putElement(array, steps[1:], value)
	default:
		hash, ok := node.(map[string]any)
		if node != nil && !ok {
			return nil, false
		}
		return putMember(hash, steps, value)
	}
}

func putMember(hash map[string]any, steps []string, value string) (any, bool) {
	if hash == nil {
		hash = map[string]any{}
	}
	child, ok := put(hash[steps[0]], steps[1:], value)
	if ok {
		hash[steps[0]] = child
	}
	return hash, ok
}

// putElement adds to the last element if that is a hash without this member:
// in an array of hashes, a repeated key starts the next element.
func putElement(array []any, steps []string, value string) (any, bool) {
	if len(array) > 0 {
		last, isHash := array[len(array)-1].(map[string]any)
		if isHash && !has(last, steps) {
			_, ok := put(last, steps, value)
			return array, ok
		}
	}
	element, ok := put(nil, steps, value)
	return append(array, element), ok
}

// has reports whether the steps lead to a value. Steps through an array do not, since
// an array takes one more element.
func has(node any, steps []string) bool {
	for _, step := range steps {
		hash, _ := node.(map[string]any)
		child, ok := hash[step]
		if !ok || step == "" {
			return false
		}
		node = child
	}
	return true
}
