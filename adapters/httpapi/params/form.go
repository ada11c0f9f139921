package params

import (
	"net/url"
	"strings"

	"gatehouse/domain"
)

const maxDepth = 32

// form collects named values in a tree, by the rules of Ruby's Rack.
type form struct {
	tree map[string]any
	left *budget
}

// eachPair calls add for the pairs of an urlencoded text, in their order.
func eachPair(encoded string, add pairFunc) error {
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
		if err := add(name, value); err != nil {
			return err
		}
	}
	return nil
}

// add puts one value into the tree at the place that its name describes: a=1, a[]=1,
// a[b]=1, a[][b]=1. Bytes that are not UTF-8 become U+FFFD, as in JSON.
func (f form) add(name, value string) error {
	if err := f.left.spend(scalarUnits); err != nil || name == "" {
		return err
	}
	name, value = strings.ToValidUTF8(name, "\uFFFD"), strings.ToValidUTF8(value, "\uFFFD")
	steps := split(name)
	if len(steps) > maxDepth {
		return domain.Refuse(domain.Invalid, "%.100s is nested too deeply", name)
	}
	if _, ok := f.put(f.tree, steps, value); !ok {
		return invalid(steps[0])
	}
	return f.left.spend(0)
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
// text, an array or a hash at the same time. Each new node takes its units, of which
// one value may overdraw the budget.
func (f form) put(node any, steps []string, value string) (any, bool) {
	switch {
	case len(steps) == 0:
		_, isText := node.(string)
		return value, node == nil || isText // the last one wins
	case steps[0] == "":
		array, ok := node.([]any)
		if node != nil && !ok {
			return nil, false
		}
		return f.putElement(array, steps[1:], value)
	default:
		hash, ok := node.(map[string]any)
		if node != nil && !ok {
			return nil, false
		}
		return f.putMember(hash, steps, value)
	}
}

func (f form) putMember(hash map[string]any, steps []string, value string) (any, bool) {
	if hash == nil {
		*f.left -= hashUnits
		hash = map[string]any{}
	}
	known := len(hash)
	child, ok := f.put(hash[steps[0]], steps[1:], value)
	if ok {
		hash[steps[0]] = child
	}
	*f.left -= budget(len(hash)-known) * keyUnits
	return hash, ok
}

// putElement adds to the last element if that is a hash without this member:
// in an array of hashes, a repeated key starts the next element.
func (f form) putElement(array []any, steps []string, value string) (any, bool) {
	if array == nil {
		*f.left -= arrayUnits
	}
	if len(array) > 0 {
		last, isHash := array[len(array)-1].(map[string]any)
		if isHash && !has(last, steps) {
			_, ok := f.put(last, steps, value)
			return array, ok
		}
	}
	element, ok := f.put(nil, steps, value)
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
