package worldimport

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is a mistake in a description. Its message holds no secret.
type Mistake struct {
	// Line is 0 if the description came from no file.
	Line    int
	Message string
}

// String returns the message behind its line.
func (m Mistake) String() string {
	if m.Line == 0 {
		return m.Message
	}
	return fmt.Sprintf("line %d: %s", m.Line, m.Message)
}

// Mistakes are all mistakes in a description. They are an error if there are
// any.
type Mistakes []Mistake

// Error returns one line for each mistake.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// Sorted returns the mistakes in the order of their lines, and within a line in
// the order in which they were found; duplicates are left out.
func (ms Mistakes) Sorted() Mistakes {
	var sorted Mistakes
	seen := make(map[Mistake]bool, len(ms))
	for _, m := range ms {
		if !seen[m] {
			seen[m] = true
			sorted = append(sorted, m)
		}
	}
	slices.SortStableFunc(sorted, func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
	return sorted
}
