package source

import (
	"strings"
	"unicode/utf8"
)

// RefKind tells branches and tags from all other refs.
type RefKind uint8

// The kinds of ref.
const (
	Other RefKind = iota
	Branch
	Tag
)

// Ref is a name in a repository. Name is short for branches and tags and the
// full text for all others, also for a branch that was sent unqualified.
type Ref struct {
	Kind RefKind
	Name string
}

const (
	headsPrefix = "refs/heads/"
	tagsPrefix  = "refs/tags/"
)

// ParseRef sorts a full ref name by its kind. It takes any text: what may be
// created is ValidName's to say.
func ParseRef(full string) Ref {
	if name, ok := strings.CutPrefix(full, headsPrefix); ok {
		return Ref{Branch, name}
	}
	if name, ok := strings.CutPrefix(full, tagsPrefix); ok {
		return Ref{Tag, name}
	}
	return Ref{Other, full}
}

// String returns the full name.
func (r Ref) String() string {
	switch r.Kind {
	case Branch:
		return headsPrefix + r.Name
	case Tag:
		return tagsPrefix + r.Name
	default:
		return r.Name
	}
}

// ValidName says whether Git would create a branch or tag of this short name,
// and we would: a name with U+FFFD is not the real one but what JSON made of
// invalid UTF-8, so it is refused.
func (r Ref) ValidName() bool {
	if r.Kind == Branch && (strings.HasPrefix(r.Name, "-") || r.Name == "HEAD") {
		return false
	}
	return validRefName(r.Name) && !strings.ContainsRune(r.Name, utf8.RuneError)
}

// validRefName checks the rules of git-check-ref-format for what follows
// refs/heads/ or refs/tags/.
func validRefName(name string) bool {
	if name == "" || name == "@" || strings.HasSuffix(name, ".") ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || segment[0] == '.' || strings.HasSuffix(segment, ".lock") {
			return false
		}
	}
	return strings.IndexFunc(name, badInRef) < 0
}

func badInRef(c rune) bool {
	return c <= ' ' || c == 0x7f || strings.ContainsRune(`~^:?*[\`, c)
}

// LooksLikeSHA says whether the name is, or begins with and a dash follows,
// something Git would read as an object id: 40 or 64 hexadecimal digits.
func (r Ref) LooksLikeSHA() bool {
	digits := 0
	for digits < len(r.Name) && isHex(r.Name[digits]|0x20) {
		digits++
	}
	return (digits == 40 || digits == 64) && (digits == len(r.Name) || r.Name[digits] == '-')
}

// hiddenPrefixes are the refs that Gitaly keeps for itself and hides from
// clients.
var hiddenPrefixes = []string{
	"refs/keep-around/", "refs/merge-requests/", "refs/environments/",
	"refs/pipelines/", "refs/remotes/", "refs/tmp/",
}

// Hidden says whether the ref is one that Gitaly keeps for itself.
func (r Ref) Hidden() bool {
	if r.Kind != Other {
		return false
	}
	for _, prefix := range hiddenPrefixes {
		if strings.HasPrefix(r.Name, prefix) {
			return true
		}
	}
	return false
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }
