// Package flatjson reads a JSON object whose members are texts, numbers, booleans and
// nulls, without a tree and almost without memory of its own. It leaves to encoding/json
// every other text, what is unusual and what is malformed.
package flatjson

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Kind is what a value is.
type Kind int

// The kinds of values.
const (
	Null Kind = iota
	Text
	Number
	Bool
)

// Member is a member of an object.
type Member struct {
	Name string
	Kind Kind
	// Value is the text that the value stands for, and else the value as it is written.
	Value string
}

// Last returns the last member of a name, which is the one that counts, or nil.
func Last(members []Member, name string) *Member {
	for i := len(members) - 1; i >= 0; i-- {
		if members[i].Name == name {
			return &members[i]
		}
	}
	return nil
}

// Read appends the members of the object that text is to room, in their order. It reads
// only as many as room has capacity for, no escaped names and no numbers but integers of
// at most 15 digits. Ok is false for anything else, of which encoding/json may say that
// it is an object or that it is not.
func Read(text string, room []Member) (members []Member, ok bool) {
	r := reader{text}
	if !r.take('{') {
		return nil, false
	}
	if r.take('}') {
		return room, r.ended()
	}
	for len(room) < cap(room) {
		var m Member
		if m.Name, ok = r.name(); !ok || !r.take(':') {
			return nil, false
		}
		if m.Kind, m.Value, ok = r.value(); !ok {
			return nil, false
		}
		room = append(room, m)
		switch {
		case r.take(','):
		case r.take('}') && r.ended():
			return room, true
		default:
			return nil, false
		}
	}
	return nil, false
}

// reader has what is left of a text.
type reader struct{ rest string }

func (r *reader) skipBlanks() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

func (r *reader) ended() bool {
	r.skipBlanks()
	return r.rest == ""
}

// take takes a character, and the blanks before it, if it comes next.
func (r *reader) take(c byte) bool {
	r.skipBlanks()
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *reader) name() (string, bool) {
	text, escaped, ok := r.text()
	return text, ok && !escaped
}

func (r *reader) value() (kind Kind, value string, ok bool) {
	r.skipBlanks()
	switch {
	case strings.HasPrefix(r.rest, `"`):
		text, escaped, ok := r.text()
		if ok && escaped {
			text, ok = unescape(text)
		}
		return Text, text, ok
	case r.word("null"):
		return Null, "", true
	case r.word("true"):
		return Bool, "true", true
	case r.word("false"):
		return Bool, "false", true
	}
	value, ok = r.digits()
	return Number, value, ok
}

// unescape returns what is between the quotes of a string, without its escapes.
func unescape(escaped string) (text string, ok bool) {
	err := json.Unmarshal([]byte(`"`+escaped+`"`), &text)
	return text, err == nil
}

// word takes a word. If more letters follow, what comes next is neither a comma nor the
// end of the object.
func (r *reader) word(word string) (taken bool) {
	r.rest, taken = strings.CutPrefix(r.rest, word)
	return taken
}

// digits takes an integer. If a fraction or an exponent follows, what comes next is
// neither a comma nor the end of the object.
func (r *reader) digits() (digits string, ok bool) {
	const most = 15 // which a float64 holds exactly
	end := 0
	for end < len(r.rest) && '0' <= r.rest[end] && r.rest[end] <= '9' {
		end++
	}
	digits, r.rest = r.rest[:end], r.rest[end:]
	return digits, digits == "0" || end > 0 && end <= most && digits[0] != '0'
}

// text takes a string, and returns what is between its quotes. It refuses characters that
// must be escaped, and bytes that are not UTF-8.
func (r *reader) text() (text string, escaped, ok bool) {
	if !r.take('"') {
		return "", false, false
	}
	for i := 0; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			text, r.rest = r.rest[:i], r.rest[i+1:]
			return text, escaped, utf8.ValidString(text)
		case c == '\\':
			escaped = true
			i++ // an escaped quote does not end the string
		case c < ' ':
			return "", false, false
		}
	}
	return "", false, false
}
