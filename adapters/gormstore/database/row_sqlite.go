package database

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// packedColumns are the columns of a row of SQLite in one text, a JSON array: the driver
// allocates for each column of an answer, also for its name. What is still to be read
// begins with the bracket or the comma before it.
type packedColumns struct{ rest string }

// take returns the next element as it is written; an empty one is NULL.
func (c *packedColumns) take() (string, error) {
	if len(c.rest) < 2 || c.rest == "[]" {
		return "", errNoColumn
	}
	element := c.rest[1:]
	end := elementEnd(element)
	if end < 0 {
		return "", fmt.Errorf("%q is no row", c.rest)
	}
	c.rest = element[end:]
	if element[:end] == "null" {
		return "", nil
	}
	return element[:end], nil
}

// elementEnd returns where the element ends that text begins with; it is negative if
// nothing follows it.
func elementEnd(text string) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch char := text[i]; {
		case quoted && char == '\\':
			i++
		case char == '"':
			quoted = !quoted
		case quoted:
		case depth == 0 && (char == ',' || char == ']'):
			return i
		case char == '[' || char == '{':
			depth++
		case char == ']' || char == '}':
			depth--
		}
	}
	return -1
}

func (c *packedColumns) null() bool { return len(c.rest) > 4 && c.rest[1:5] == "null" }

func (c *packedColumns) int() (int64, error) {
	element, err := c.take()
	if element == "" {
		return 0, err
	}
	return strconv.ParseInt(element, 10, 64)
}

func (c *packedColumns) bool() (bool, error) {
	element, err := c.take()
	if element == "" {
		return false, err
	}
	return strconv.ParseBool(element)
}

// text also reads an element that is an array or an object, as its JSON.
func (c *packedColumns) text() (string, error) {
	element, err := c.take()
	switch {
	case element == "" || element[0] == '[' || element[0] == '{':
		return element, err
	case element[0] != '"':
		return "", fmt.Errorf("%s is no text", element)
	case !strings.Contains(element, `\`):
		return element[1 : len(element)-1], nil
	}
	return unquote(element)
}

func unquote(element string) (text string, err error) {
	err = json.Unmarshal([]byte(element), &text)
	return text, err
}

func (c *packedColumns) time() (t time.Time, err error) {
	text, err := c.text()
	if text == "" || err != nil {
		return t, err
	}
	return t, moment{&t}.Scan(text)
}

func (c *packedColumns) end() error {
	if c.rest != "]" && c.rest != "[]" {
		return fmt.Errorf("columns were left: %q", c.rest)
	}
	return nil
}
