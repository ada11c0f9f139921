package worldfile

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"gatehouse/application/worldimport"
)

// file collects the mistakes in a world file while it is read. A mistake has the line
// of a wrong value but not the value, which may be a secret in the wrong place.
type file struct {
	mistakes worldimport.Mistakes
	// places has the place of everything that may occur once.
	places map[string]place
}

// place is a line of the file, and the row that it belongs to if that is to be shown.
type place struct {
	line int
	row  string
}

func (f *file) mistake(line int, format string, args ...any) {
	f.mistakes = append(f.mistakes, worldimport.Mistake{Line: line, Message: fmt.Sprintf(format, args...)})
}

// once adds a mistake if it gets the same description a second time. Sections may be in
// any order, so that the line read later can be the earlier one.
func (f *file) once(line int, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	f.secretOnce(line, what, what)
}

// secretOnce is once for an identity that a mistake must not show; what describes it.
func (f *file) secretOnce(line int, what, identity string) {
	f.take(place{line, ""}, what, identity)
}

// take takes an identity for a place, or adds a mistake that says who has it.
func (f *file) take(at place, what, identity string) {
	first, taken := f.places[identity]
	if !taken {
		f.places[identity] = at
		return
	}
	if first.line > at.line {
		first, at = at, first
	}
	if first.row != "" {
		what += " is already that of " + first.row + " on"
	} else {
		what += " is already on"
	}
	f.mistake(at.line, "%s line %d", what, first.line)
}

// entry reads a node as a mapping. It returns nil if the node is something else.
func (f *file) entry(node *yaml.Node, what string) *entry {
	node = resolve(node)
	if node.Kind != yaml.MappingNode {
		f.mistake(node.Line, "%s must be a mapping of names to values", what)
		return nil
	}
	e := &entry{file: f, line: node.Line, what: what, members: make(map[string]*yaml.Node)}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i]
		switch _, twice := e.members[name.Value]; {
		case name.Kind != yaml.ScalarNode || !plainKey.MatchString(name.Value):
			f.mistake(name.Line, "%s has a key that is not known", what)
		case twice:
			f.mistake(name.Line, "%s is given twice", name.Value)
		default:
			e.members[name.Value] = node.Content[i+1]
			e.names = append(e.names, name)
		}
	}
	return e
}

// resolve follows an alias. The descent is bounded by the shape of the file, so
// that an alias within its own anchor does no harm.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}
