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

// Word reads one of the words, whose letter case counts.
func Word[T ~string](value any, words []T) (word T, problem string) {
	text, ok := value.(string)
	switch {
	case !ok:
		return "", IsInvalid
	case text == "" || !slices.Contains(words, T(text)):
		return "", NoValidValue
	}
	return T(text), ""
}

// FoldedWord reads one of the words, which are in lower case, in any letter case.
func FoldedWord[T ~string](value any, words []T) (word T, problem string) {
	if text, ok := value.(string); ok {
		value = strings.ToLower(text)
	}
	return Word(value, words)
}

// Text reads text, a number or a boolean as text.
func Text(value any) (read, problem string) {
	data, err := text(value)
	if err != nil {
		return "", IsInvalid
	}
	return data.(string), ""
}
