package params

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"gatehouse/adapters/httpapi/flatjson"
)

// maxFlat is the length of the longest body that decodeFlat reads, in bytes. No text of
// that length exceeds the budget of a tree.
const maxFlat = 4 << 10

// decodeFlat does what Decode does, without a tree, if the parameters are the members of
// a JSON object or the pairs of a form, in the body alone and without arrays and hashes,
// and if nothing is wrong with them. Otherwise it returns false, and dst is as it was.
func (b *body) decodeFlat(r *http.Request, dst any, required []string) bool {
	target := reflect.ValueOf(dst).Elem()
	fields := fieldsOf(target.Type())
	size := len(b.text)
	if !fields.flat || size == 0 || size > maxFlat || b.known || b.err != nil || r.URL.RawQuery != "" {
		return false
	}
	if parsing.Acquire(r.Context(), weight(size)) != nil {
		return false
	}
	defer parsing.Release(weight(size))
	var room [32]flatjson.Member
	members, ok := b.parser.flat(string(b.text), room[:0])
	if !ok {
		return false
	}
	for _, name := range required {
		if m := flatjson.Last(members, name); m == nil || m.Kind == flatjson.Null || m.Value == "" {
			return false
		}
	}
	for _, f := range fields.all {
		if m := flatjson.Last(members, f.name); m != nil {
			fillFlat(target.FieldByIndex(f.index), m)
		}
	}
	return true
}

// takesAny says whether a field of that type takes a single value of any kind.
func takesAny(t reflect.Type) bool {
	single := t.Kind() == reflect.String || t.Kind() == reflect.Interface && t.NumMethod() == 0
	return single && !reflect.PointerTo(t).Implements(reflect.TypeFor[Reader]())
}

// fillFlat puts a value into a field that takes any.
func fillFlat(target reflect.Value, m *flatjson.Member) {
	switch {
	case m.Kind == flatjson.Null:
	case target.Kind() == reflect.String:
		target.SetString(m.Value)
	case m.Kind == flatjson.Number:
		target.Set(reflect.ValueOf(json.Number(m.Value)))
	case m.Kind == flatjson.Bool:
		target.Set(reflect.ValueOf(m.Value == "true"))
	default:
		target.Set(reflect.ValueOf(m.Value))
	}
}

// flat appends the parameters in a body to room. Ok is false if there are more of them, if
// one is an array or a hash or has a NUL, and if the body is malformed.
func (p bodyParser) flat(text string, room []flatjson.Member) (members []flatjson.Member, ok bool) {
	switch p.media {
	case mediaJSON:
		members, ok = flatjson.Read(text, room)
	case mediaForm, "":
		members, ok = flatForm(text, room)
	}
	for _, m := range members {
		ok = ok && strings.IndexByte(m.Value, 0) < 0
	}
	return members, ok
}

func flatForm(text string, room []flatjson.Member) (members []flatjson.Member, ok bool) {
	for pair := range strings.SplitSeq(text, "&") {
		left, right, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(left)
		if err != nil || len(room) == cap(room) || strings.Contains(name, "[") {
			return nil, false
		}
		value, err := url.QueryUnescape(right)
		if err != nil {
			return nil, false
		}
		name, value = strings.ToValidUTF8(name, "\uFFFD"), strings.ToValidUTF8(value, "\uFFFD")
		room = append(room, flatjson.Member{Name: name, Kind: flatjson.Text, Value: value})
	}
	return room, true
}
