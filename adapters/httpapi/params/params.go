// Package params reads the parameters of a request from its query and its body, be it
// JSON or a form, with the names and the loose types of Rails.
package params

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"gatehouse/domain"
)

// Values are the parameters of one request, by their exact names.
type Values struct {
	tree map[string]any // of string, bool, json.Number, nil, []any, map[string]any
}

// Of returns the parameters of a request: those of the query, replaced by those of
// the same name in the body. It reads the body once, and returns the same result for
// every later call. Its errors are refusals of kind Invalid or TooLarge, or of kind
// Unavailable if the request ends before its turn; the Values beside an error are those
// that could be read.
//
// It may take some ten times the memory of the body, so that only an authenticated
// request should get here. Credential looks for a credential in any request.
func Of(c *gin.Context) (Values, error) {
	return bodyOf(c).parsed(c.Request)
}

// Decode reads the parameters of a request into the struct that dst points to, as
// Values.Decode does, and refuses a request without one of the required ones. Beside
// an error dst has what could be read.
func Decode(c *gin.Context, dst any, required ...string) error {
	if bodyOf(c).decodeFlat(c.Request, dst, required) {
		return nil
	}
	return decodeValues(c, dst, required...)
}

// decodeValues is Decode by way of Values.
func decodeValues(c *gin.Context, dst any, required ...string) error {
	values, err := Of(c)
	if err == nil {
		err = values.Require(required...)
	}
	if err != nil {
		_ = values.Decode(dst) // for the log
		return err
	}
	return values.Decode(dst)
}

// parsed returns what Of does, which it finds out once.
func (b *body) parsed(r *http.Request) (Values, error) {
	if !b.known {
		b.values, b.err = b.parse(r)
		b.text, b.known = nil, true
	}
	return b.values, b.err
}

func (b *body) parse(r *http.Request) (Values, error) {
	left := budget(maxUnits)
	query := form{map[string]any{}, &left}
	var tree map[string]any
	var queryErr error
	err := b.err
	// A body that could not be read comes first: the request has ended with it.
	busy := inTurn(r.Context(), parsing, weight(len(r.URL.RawQuery)+len(b.text)), func() {
		if r.URL.RawQuery != "" {
			queryErr = eachPair(r.URL.RawQuery, query.add)
		}
		if len(b.text) > 0 {
			tree, err = b.parser.parse(b.text, &left)
		}
	})
	if len(query.tree) == 0 {
		return Values{tree}, cmp.Or(err, busy, queryErr)
	}
	maps.Copy(query.tree, tree)
	return Values{query.tree}, cmp.Or(err, busy, queryErr)
}

// String returns a parameter as text, and "" if it is absent, null, an array or
// a hash.
func (v Values) String(name string) string {
	switch value := v.tree[name].(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	default:
		return ""
	}
}

// Text returns a parameter as String does, and whether it is present and not null. An array
// or a hash is refused.
func (v Values) Text(name string) (text string, given bool, err error) {
	switch v.tree[name].(type) {
	case nil:
		return "", false, nil
	case []any, map[string]any:
		return "", true, invalid(name)
	default:
		return v.String(name), true, nil
	}
}

// Has reports whether a parameter is present, and neither null nor empty text.
func (v Values) Has(name string) bool {
	value := v.tree[name]
	return value != nil && value != ""
}

// Given reports whether a parameter is present, even if it is null or empty.
func (v Values) Given(name string) bool {
	_, given := v.tree[name]
	return given
}

// RemoveNUL removes each NUL from the texts of the request, at any depth.
func (v Values) RemoveNUL() { removeNUL(v.tree) }

func removeNUL(value any) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, "\x00", "")
	case []any:
		for i, element := range value {
			value[i] = removeNUL(element)
		}
	case map[string]any:
		for name, member := range value {
			value[name] = removeNUL(member)
		}
	}
	return value
}

// Require refuses if a parameter is absent, null or empty, and names all of them.
func (v Values) Require(names ...string) error {
	var missing []string
	for _, name := range names {
		if !v.Has(name) {
			missing = append(missing, name+" is missing")
		}
	}
	if missing == nil {
		return nil
	}
	return domain.Refuse(domain.Invalid, "%s", strings.Join(missing, ", "))
}

// invalid refuses one parameter. It repeats at most 100 bytes of its name.
func invalid(name string) error {
	return domain.Refuse(domain.Invalid, "%.100s is invalid", name)
}

// Scalar returns a parameter as a value of a kind of JSON Schema: "string", "boolean" or
// "integer", read as loosely as Decode does. It is nil for null, and for blank text that
// is not wanted as text; problem is IsInvalid for what does not fit.
func (v Values) Scalar(name, kind string) (value any, problem string) {
	target := map[string]reflect.Type{
		"string": reflect.TypeFor[string](), "boolean": reflect.TypeFor[bool](), "integer": reflect.TypeFor[int64](),
	}[kind]
	raw := v.tree[name]
	if raw == nil || target == nil {
		return nil, ""
	}
	value, err := loose(reflect.ValueOf(raw), reflect.Zero(target))
	if err != nil {
		return nil, IsInvalid
	}
	return value, ""
}
