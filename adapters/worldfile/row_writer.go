package worldfile

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse/domain/remembered"
)

// rowWriter collects the members of a row in the order in which they are written.
type rowWriter struct {
	items []string
	// leftOut are members that are not written.
	leftOut []string
	// skipped says which row is not written at all, and why; empty for one that is.
	skipped string
}

func (r *rowWriter) add(name, value string) { r.items = append(r.items, name+": "+value) }

// leave leaves a member out.
func (r *rowWriter) leave(name string) { r.leftOut = append(r.leftOut, name) }

func (r *rowWriter) text(name, value string) {
	if !isWritable(value) {
		r.leave(name)
		return
	}
	r.add(name, scalar(value))
}

// optionalText is null for a text that is empty.
func (r *rowWriter) optionalText(name, value string) {
	if value == "" {
		r.add(name, "null")
		return
	}
	r.text(name, value)
}

func (r *rowWriter) number(name string, value int64) { r.add(name, strconv.FormatInt(value, 10)) }

func (r *rowWriter) flag(name string, value bool) { r.add(name, strconv.FormatBool(value)) }

// optionalFlag is null for nil.
func (r *rowWriter) optionalFlag(name string, value *bool) {
	if value == nil {
		r.add(name, "null")
		return
	}
	r.flag(name, *value)
}

// moment writes a point in time: null for the zero one, and a day for its beginning.
func (r *rowWriter) moment(name string, at time.Time) {
	at = at.UTC()
	switch {
	case at.IsZero():
		r.add(name, "null")
	case at.Year() < firstYear || at.Year() > lastYear:
		r.leave(name)
	case at.Equal(at.Truncate(24 * time.Hour)):
		r.add(name, at.Format(time.DateOnly))
	default:
		r.add(name, at.Format(time.RFC3339Nano))
	}
}

// list writes a list, whose elements may stand on lines of their own.
func (r *rowWriter) list(name string, elements []string) {
	if len(elements) == 0 {
		r.add(name, "[]")
		return
	}
	elements = slices.Clone(elements)
	elements[0] = name + ": [" + elements[0]
	elements[len(elements)-1] += "]"
	r.items = append(r.items, elements...)
}

// texts writes a list of texts, none of which may be empty.
func (r *rowWriter) texts(name string, values []string) {
	elements := make([]string, len(values))
	for i, value := range values {
		if value == "" || !isWritable(value) {
			r.leave(name)
			return
		}
		elements[i] = scalar(value)
	}
	r.list(name, elements)
}

// settings writes parameters without an effect, unless one of them could not be read.
func (r *rowWriter) settings(values remembered.Values, table remembered.Table) {
	var elements []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parameter, known := table.Find(name)
		text, ok := settingText(values[name])
		if !ok || !settingName.MatchString(name) || table != nil && !(known && parameter.IsValid(values[name])) {
			r.leave("settings")
			return
		}
		elements = append(elements, scalar(name)+": "+text)
	}
	r.add("settings", "{"+strings.Join(elements, ", ")+"}")
}

func settingText(value any) (text string, ok bool) {
	switch value := value.(type) {
	case nil:
		return "null", true
	case bool:
		return strconv.FormatBool(value), true
	case int64:
		return strconv.FormatInt(value, 10), -greatestID <= value && value <= greatestID
	case string:
		return scalar(value), isWritable(value)
	case []any:
		elements := make([]string, len(value))
		for i := range value {
			if elements[i], ok = settingText(value[i]); !ok {
				return "", false
			}
		}
		return "[" + strings.Join(elements, ", ") + "]", true
	case map[string]any:
		var elements []string
		for _, name := range slices.Sorted(maps.Keys(value)) {
			text, ok := settingText(value[name])
			if !ok || !isWritable(name) {
				return "", false
			}
			elements = append(elements, scalar(name)+": "+text)
		}
		return "{" + strings.Join(elements, ", ") + "}", true
	}
	return "", false
}

// mappings writes a list of mappings, unless one of them leaves something out.
func (r *rowWriter) mappings(name string, all []*rowWriter) {
	elements := make([]string, len(all))
	for i, one := range all {
		if len(one.leftOut) > 0 {
			r.leave(name)
			return
		}
		elements[i] = "{" + strings.Join(one.items, ", ") + "}"
	}
	r.list(name, elements)
}

// widest is how many bytes a line has at most, if its members let it.
const widest = 140

// String returns the lines of the row in a list, with what it leaves out in front.
func (r *rowWriter) String() string {
	if r.skipped != "" {
		return "  # left out: " + r.skipped + "\n"
	}
	var out strings.Builder
	if len(r.leftOut) > 0 {
		out.WriteString("  # left out of this row: " + strings.Join(r.leftOut, ", ") + "\n")
	}
	line := "  - {"
	for i, item := range r.items {
		switch {
		case i == 0:
		case len(line)+len(", ")+len(item) > widest:
			out.WriteString(line + ",\n")
			line = "     "
		default:
			line += ", "
		}
		line += item
	}
	out.WriteString(line + "}\n")
	return out.String()
}
