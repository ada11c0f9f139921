package source

import (
	"encoding/base64"
	"slices"
	"strings"

	"gatehouse/domain"
)

// ObjectID is the name of a Git object: 40 or 64 lower-case hexadecimal digits.
type ObjectID string

// IsZero says whether id stands for "no object": a ref that does not exist
// before or after a change.
func (id ObjectID) IsZero() bool { return strings.Trim(string(id), "0") == "" }

func validObjectID(text string) bool {
	if len(text) != 40 && len(text) != 64 {
		return false
	}
	for i := range len(text) {
		if !isHex(text[i]) {
			return false
		}
	}
	return true
}

// Change is one ref's update in a push.
type Change struct {
	Old, New ObjectID
	Ref      Ref
}

// Creates says whether the ref did not exist before.
func (c Change) Creates() bool { return c.Old.IsZero() && !c.New.IsZero() }

// Deletes says whether the change deletes the ref.
func (c Change) Deletes() bool { return c.New.IsZero() }

// Updates says whether the ref exists before and after.
func (c Change) Updates() bool { return !c.Old.IsZero() && !c.New.IsZero() }

// String returns the change as it stands on the wire, without a line break.
func (c Change) String() string {
	return string(c.Old) + " " + string(c.New) + " " + c.Ref.String()
}

// Any is what GitLab Shell sends for changes before they are known.
const Any = "_any"

// ParseChanges reads the lines of a push, "old new ref" each. A text without
// content, or Any, has no changes. A line that is no change fails the whole
// with a Refusal of kind Invalid that names its number.
func ParseChanges(text string) ([]Change, error) {
	if strings.TrimSpace(text) == Any {
		return nil, nil
	}
	changes := make([]Change, 0, strings.Count(text, "\n")+1)
	for number, line := 1, ""; text != ""; number++ {
		line, text, _ = strings.Cut(text, "\n")
		change, ok := parseChange(line)
		switch {
		case ok:
			changes = append(changes, change)
		case strings.TrimSpace(line) != "":
			return nil, domain.Refuse(domain.Invalid, "changes is invalid: line %d is not \"old new ref\"", number)
		}
	}
	return changes, nil
}

// ParseReceivedChanges reads the changes of a push whose refs are already
// written: a line that is no change is left out, since refusing it could undo
// nothing. A text without a blank may be base64, as GitLab's own job still
// reads it.
func ParseReceivedChanges(text string) []Change {
	var changes []Change
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && !strings.Contains(text, " ") {
		text = string(decoded)
	}
	for line := range strings.SplitSeq(text, "\n") {
		if change, ok := parseChange(line); ok {
			changes = append(changes, change)
		}
	}
	return changes
}

// CreatesBranch says whether one of the changes creates or updates a branch, so
// that the repository is not empty.
func CreatesBranch(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Ref.Kind == Branch && !c.Deletes() })
}

// parseChange reads one line. A literal backslash-n at its end, as in the
// example of the API's documentation, is dropped: no ref holds a backslash.
// Only ASCII white space separates: a ref may hold any other.
func parseChange(line string) (Change, bool) {
	fields := strings.FieldsFunc(strings.TrimSuffix(strings.TrimRightFunc(line, isSpace), `\n`), isSpace)
	if len(fields) != 3 || !validObjectID(fields[0]) || !validObjectID(fields[1]) {
		return Change{}, false
	}
	return Change{ObjectID(fields[0]), ObjectID(fields[1]), ParseRef(fields[2])}, true
}

func isSpace(c rune) bool { return c == ' ' || '\t' <= c && c <= '\r' }
