package wire_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

const formType = "application/x-www-form-urlencoded"

// init teaches kin-openapi forms as the document describes them. Its own ones have no
// arrays of objects and no loose booleans.
func init() { openapi3filter.RegisterBodyDecoder(formType, decodeForm) }

func decodeForm(body io.Reader, _ http.Header, schema *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var tree any
	for pair := range strings.SplitSeq(string(text), "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err = url.QueryUnescape(name); err != nil {
			return nil, err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		tree = put(tree, strings.Split(strings.ReplaceAll(name, "]", ""), "["), value)
	}
	return typed(tree, schema), nil
}

// put returns the node with a value below it: steps are the names of members, and an
// empty one is the next element of an array.
func put(node any, steps []string, value string) any {
	if len(steps) == 0 {
		return value
	}
	if steps[0] != "" {
		members, ok := node.(map[string]any)
		if !ok {
			members = map[string]any{}
		}
		members[steps[0]] = put(members[steps[0]], steps[1:], value)
		return members
	}
	array, _ := node.([]any)
	if len(array) > 0 && len(steps) > 1 {
		last, _ := array[len(array)-1].(map[string]any)
		if _, known := last[steps[1]]; last != nil && !known {
			put(last, steps[1:], value)
			return array
		}
	}
	return append(array, put(nil, steps[1:], value))
}

// typed returns a value of texts with the types of the schema, where they fit.
func typed(value any, ref *openapi3.SchemaRef) any {
	if ref == nil {
		return value
	}
	schema := ref.Value
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = typed(member, schema.Properties[name])
		}
	case []any:
		for i, element := range value {
			value[i] = typed(element, schema.Items)
		}
	case string:
		return scalar(value, schema)
	}
	return value
}

func scalar(text string, schema *openapi3.Schema) any {
	if schema.Type.Includes("integer") {
		if number, err := strconv.ParseInt(text, 10, 64); err == nil {
			return number
		}
	}
	if schema.Type.Includes("boolean") {
		switch {
		case slices.Contains([]string{"true", "t", "yes", "y", "on", "1"}, text):
			return true
		case slices.Contains([]string{"false", "f", "no", "n", "off", "0"}, text):
			return false
		}
	}
	return text
}
