package params

import (
	"slices"
	"strings"
)

// Reader is a field that reads its value itself.
type Reader interface {
	// ReadParam takes a value, which is never null, and returns what is wrong
	// with it, such as IsInvalid, or nothing.
	ReadParam(value any) (problem string)
}

// The problems that a Reader may find.
const (
	IsInvalid    = "is invalid"
	NoValidValue = "does not have a valid value"
)

// Word reads one of several words, in any letter case. Blank text is none.
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

// Text reads text, or what can be written as such.
func Text(value any) (read, problem string) {
	data, err := text(value)
	if err != nil {
		return "", IsInvalid
	}
	return data.(string), ""
}
