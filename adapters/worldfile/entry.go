package worldfile

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
)

// plainKey matches every known key and no token.
var plainKey = regexp.MustCompile(`^[a-z_]{1,30}$`)

// entry is a mapping whose members are read one by one. Null means absent.
type entry struct {
	*file
	line int
	what string
	// kind is that of the row, such as "user", if others may clash with it.
	kind    string
	members map[string]*yaml.Node
	names   []*yaml.Node
	known   []string
	// leftOut are members that count as left out although they are there.
	leftOut []string
}

// given returns the members that the entry has, once all were read. The names are those of
// this program: those of the nodes would keep parts of the file in memory.
func (e *entry) given() []worldimport.GivenMember {
	given := make([]worldimport.GivenMember, 0, len(e.names))
	for _, node := range e.names {
		at := slices.Index(e.known, node.Value)
		if at >= 0 && !slices.Contains(e.leftOut, node.Value) {
			given = append(given, worldimport.GivenMember{Name: e.known[at], Line: node.Line})
		}
	}
	return given
}

// gives says whether the entry has a member of that name, which may be null.
func (e *entry) gives(name string) bool { return e.members[name] != nil }

// done adds a mistake for every member that was not read.
func (e *entry) done() {
	for _, name := range e.names {
		if !slices.Contains(e.known, name.Value) {
			e.mistake(name.Line, "%s has no %s; there are %s", e.what, name.Value, strings.Join(e.known, ", "))
		}
	}
}

// member returns the value of a member, or nil.
func (e *entry) member(name string) *yaml.Node {
	e.known = append(e.known, name)
	if e.absent(name) {
		return nil
	}
	return resolve(e.members[name])
}

// absent says whether a member is missing or null.
func (e *entry) absent(name string) bool {
	node := e.members[name]
	return node == nil || isNull(resolve(node))
}

// need adds a mistake if a member is absent.
func (e *entry) need(name string) {
	if e.absent(name) {
		e.mistake(e.line, "%s needs %s", e.what, name)
	}
}

// wrong adds a mistake for a member that a check refuses; why is nil if it does not.
// The mistake names the row by its kind and name.
func (e *entry) wrong(member, kind, name string, why *domain.Refusal) {
	if why != nil {
		e.wrongAt(e.members[member].Line, kind, name, why)
	}
}

func (e *entry) wrongAt(line int, kind, name string, why *domain.Refusal) {
	switch {
	case why == nil:
	case name == "":
		e.mistake(line, "%s: %s", e.what, why.Message)
	default:
		e.mistake(line, "%s %q: %s", kind, name, why.Message)
	}
}

// row names the row in a mistake of another one: user "mia", or key "laptop" of user
// "mia".
func (e *entry) row() string {
	row := "another " + e.kind
	for _, name := range []string{"username", "path", "title", "name"} {
		if node := e.members[name]; node != nil && isText(resolve(node)) {
			row = fmt.Sprintf("%s %q", e.kind, resolve(node).Value)
			break
		}
	}
	if node := e.members["user"]; node != nil && isText(resolve(node)) {
		row += fmt.Sprintf(" of user %q", resolve(node).Value)
	}
	return row
}

// text returns a text, empty if it is absent.
func (e *entry) text(name string) string {
	node := e.member(name)
	if node == nil {
		return ""
	}
	return e.textOf(node, name)
}

// needText returns a text that must be present and not empty.
func (e *entry) needText(name string) string {
	e.need(name)
	node := e.member(name)
	if node == nil {
		return ""
	}
	if isText(node) && node.Value == "" {
		e.mistake(node.Line, "%s must not be empty", name)
	}
	return e.textOf(node, name)
}

func isText(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!str"
}

func (e *entry) textOf(node *yaml.Node, name string) string {
	switch {
	case !isText(node):
		e.mistake(node.Line, "%s must be text; put quotes around it", name)
	case strings.ContainsRune(node.Value, 0):
		e.mistake(node.Line, "%s must not contain a NUL character", name)
	default:
		return node.Value
	}
	return ""
}

// flag returns true or false, or otherwise if it is absent.
func (e *entry) flag(name string, otherwise bool) bool {
	if given := e.optionalFlag(name); given != nil {
		return *given
	}
	return otherwise
}

// optionalFlag returns true or false, nil if it is absent.
func (e *entry) optionalFlag(name string) *bool {
	node := e.member(name)
	if node == nil {
		return nil
	}
	var value bool
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!bool" || node.Decode(&value) != nil {
		e.mistake(node.Line, "%s must be true or false", name)
		return nil
	}
	return &value
}

// number returns a whole number. ok is false if it is absent or wrong.
func (e *entry) number(name string, least, most int64) (value int64, ok bool) {
	node := e.member(name)
	if node == nil {
		return 0, false
	}
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!int" || node.Decode(&value) != nil || value < least || value > most {
		if least == 1 && most == math.MaxInt64 {
			e.mistake(node.Line, "%s must be a positive whole number", name)
		} else {
			e.mistake(node.Line, "%s must be a whole number from %d to %d", name, least, most)
		}
		return 0, false
	}
	return value, true
}

// moment returns a point in time, zero if it is absent. A date means the beginning of
// its day in UTC.
func (e *entry) moment(name string) time.Time {
	node := e.member(name)
	if node == nil {
		return time.Time{}
	}
	at, ok := parseMoment(node)
	if !ok {
		e.mistake(node.Line, "%s must be a date such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z", name)
	}
	return at
}

// day returns the beginning of a day in UTC, zero if it is absent.
func (e *entry) day(name string) time.Time {
	node := e.member(name)
	if node == nil {
		return time.Time{}
	}
	at, ok := parseMoment(node)
	if !ok || !at.Equal(at.Truncate(24*time.Hour)) {
		e.mistake(node.Line, "%s must be a date such as 2027-01-31", name)
		return time.Time{}
	}
	return at
}

// The years that all stores keep.
const (
	firstYear = 1970
	lastYear  = 9999
)

// parseMoment accepts the years from firstYear to lastYear, and truncates to microseconds,
// as all stores do.
func parseMoment(node *yaml.Node) (time.Time, bool) {
	if tag := node.ShortTag(); node.Kind != yaml.ScalarNode || tag != "!!timestamp" && tag != "!!str" {
		return time.Time{}, false
	}
	at, err := time.Parse(time.DateOnly, node.Value)
	if err != nil {
		at, err = time.Parse(time.RFC3339, node.Value)
	}
	at = at.UTC().Truncate(time.Microsecond)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return time.Time{}, false
	}
	return at, true
}

// list returns the elements of a list. given is false if it is absent or no list.
func (e *entry) list(name string) (nodes []*yaml.Node, given bool) {
	node := e.member(name)
	if node == nil {
		return nil, false
	}
	if node.Kind != yaml.SequenceNode {
		e.mistake(node.Line, "%s must be a list", name)
		return nil, false
	}
	for _, element := range node.Content {
		nodes = append(nodes, resolve(element))
	}
	return nodes, true
}

// texts calls take with each text of a list.
func (e *entry) texts(name string, take func(line int, text string)) {
	nodes, _ := e.list(name)
	for _, node := range nodes {
		if text := e.textOf(node, "each of "+name); text != "" {
			take(node.Line, text)
		} else if isText(node) && node.Value == "" {
			e.mistake(node.Line, "each of %s must not be empty", name)
		}
	}
}

// word returns one of the words, or otherwise if it is absent.
func word[T ~string](e *entry, name string, words []T, otherwise T) T {
	node := e.member(name)
	if node == nil {
		return otherwise
	}
	if !isText(node) || !slices.Contains(words, T(node.Value)) {
		e.mistake(node.Line, "%s must be %s", name, alternatives(words))
		return otherwise
	}
	return T(node.Value)
}

// alternatives returns words as "a, b or c".
func alternatives[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " or " + texts[last]
}

// kinds are the kinds of the rows that others may clash with, by section.
var kinds = map[string]string{
	"users": "user", "groups": "group", "projects": "project", "keys": "key", "deploy_keys": "deploy key",
	"access_tokens": "access token", "agents": "agent", "tokens": "agent token", "hooks": "hook",
}

// each reads a list of mappings. It returns nil if the list is absent, and an empty
// slice for an empty list. A row knows which members its entry has. A row with a mistake is malformed; in place of what is no row
// there is a malformed one without members.
func each[T any, P interface {
	*T
	MarkMalformed()
	SetGiven([]worldimport.GivenMember)
}](e *entry, name string, read func(*entry) T) []T {
	nodes, given := e.list(name)
	if !given && e.absent(name) {
		return nil
	}
	if !given {
		return []T{malformed[T, P]()}
	}
	values := make([]T, 0, len(nodes))
	for _, node := range nodes {
		before := len(e.mistakes)
		var value T
		if element := e.entry(node, "an entry of "+name); element != nil {
			element.kind = kinds[name]
			value = read(element)
			P(&value).SetGiven(element.given())
			element.done()
		}
		if len(e.mistakes) > before {
			P(&value).MarkMalformed()
		}
		values = append(values, value)
	}
	return values
}

// malformed returns a malformed row without members.
func malformed[T any, P interface {
	*T
	MarkMalformed()
}]() (value T) {
	P(&value).MarkMalformed()
	return value
}
