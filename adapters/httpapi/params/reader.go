package params

import (
	"slices"
	"strings"
)

// Reader is a field that reads its own value.
type Reader interface {
	// ReadParam reads a value, which is never null. It returns the problem, such as
	// IsInvalid, or "".
	ReadParam(value any) (problem string)
}

// The problems that a Reader may find.
const (
	IsInvalid    = "is invalid"
	NoValidValue = "does not have a valid value"
)

// Word reads one of the words, in any letter case.
func Word[T ~string](value any, words []T) (word T, problem string) {
	text, ok := value.(string)
	if !ok {
		return "", IsInvalid
	}
	word = T(strings.ToLower(text))
	if strings.TrimSpace(text) == "" || !slices.Contains(words, word) {
		return "", NoValidValue
	}
	return word, ""
}

// Text reads text, a number or a boolean as text.
func Text(value any) (read, problem string) {
	data, err := text(value)
	if err != nil {
		return "", IsInvalid
	}
	return data.(string), ""
}
