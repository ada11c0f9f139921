package worldfile

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"gatehouse/domain/remembered"
)

// projectSettings are the settings that a project may have; nil for those of any name.
var projectSettings remembered.Table

// settingName matches the name of every setting and no token.
var settingName = regexp.MustCompile(`^[a-z][a-z_]{0,59}$`)

// settings reads parameters of the management API: the whole mapping, which is nil if it is
// absent or empty. Each is in the table, unless that is nil.
func (e *entry) settings(name string, table remembered.Table) remembered.Values {
	node := e.member(name)
	if node == nil {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		e.mistake(node.Line, "%s must be a mapping of names to values", name)
		return nil
	}
	values := remembered.Values{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || !settingName.MatchString(key.Value) {
			e.mistake(key.Line, "%s has a name that is not known", name)
			continue
		}
		if _, twice := values[key.Value]; twice {
			e.mistake(key.Line, "%s is given twice", key.Value)
			continue
		}
		values[key.Value] = e.setting(name, key, value, table)
	}
	if len(values) == 0 {
		return nil
	}
	return values
}

// setting returns the value of one parameter.
func (e *entry) setting(of string, name, node *yaml.Node, table remembered.Table) any {
	value, ok := plainValue(node)
	parameter, known := table.Find(name.Value)
	switch {
	case table != nil && !known:
		e.mistake(name.Line, "%s has no %s; there are %s", of, name.Value, tableNames(table))
	case !ok, known && !parameter.IsValid(value):
		e.mistake(node.Line, "%s must be %s", name.Value, expected(parameter, known))
	}
	return value
}

func tableNames(table remembered.Table) string {
	names := make([]string, len(table))
	for i, p := range table {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

// expected says in words which values a parameter takes.
func expected(p remembered.Parameter, known bool) string {
	switch {
	case !known:
		return "a text, a whole number, true, false, null, or a list or mapping of these, without aliases"
	case p.Words != nil:
		return alternatives(p.Words)
	case p.Kind == remembered.Flag:
		return "true or false"
	case p.Kind == remembered.Number:
		return "a whole number"
	case p.Kind == remembered.Hash:
		return "a mapping of names to values"
	}
	return "text; put quotes around it"
}

// plainValue returns a value as settings have it. It follows no alias, so that it ends.
func plainValue(node *yaml.Node) (value any, ok bool) {
	switch node.Kind {
	case yaml.ScalarNode:
		return scalarValue(node)
	case yaml.SequenceNode:
		list := []any{}
		for _, element := range node.Content {
			value, ok := plainValue(element)
			if !ok {
				return nil, false
			}
			list = append(list, value)
		}
		return list, true
	case yaml.MappingNode:
		mapping := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			value, ok := plainValue(node.Content[i+1])
			if _, twice := mapping[node.Content[i].Value]; !ok || twice || !isText(node.Content[i]) {
				return nil, false
			}
			mapping[node.Content[i].Value] = value
		}
		return mapping, true
	}
	return nil, false
}

func scalarValue(node *yaml.Node) (any, bool) {
	var flag bool
	var number int64
	switch node.ShortTag() {
	case "!!null":
		return nil, true
	case "!!str":
		return node.Value, !strings.ContainsRune(node.Value, 0)
	case "!!bool":
		err := node.Decode(&flag)
		return flag, err == nil
	case "!!int":
		err := node.Decode(&number)
		return number, err == nil && -greatestID <= number && number <= greatestID
	}
	return nil, false
}
