package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gatehouse/application/pushes"
)

const (
	// suffix is that of the names of entries.
	suffix = ".json"
	// version is that of the form in which entries are written.
	version = 1
)

// form is how an entry is written, in a file and in the log.
type form struct {
	Version    int       `json:"version"`
	EntryID    string    `json:"entry_id"`
	ReceivedAt time.Time `json:"received_at"`
	Repository text      `json:"gl_repository"`
	Identifier text      `json:"identifier"`
	Changes    text      `json:"changes"`
	Options    []text    `json:"push_options"`
}

// text is any bytes: a JSON string if they are UTF-8, else {"base64": "…"}.
type text string

// base64Text is a text that is no UTF-8.
type base64Text struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(base64Text{[]byte(t)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var encoded base64Text
		err := json.Unmarshal(data, &encoded)
		*t = text(encoded.Base64)
		return err
	}
	return json.Unmarshal(data, (*string)(t))
}

func newForm(p pushes.Push) form {
	f := form{
		Version: version, EntryID: p.EntryID, ReceivedAt: p.ReceivedAt.UTC(),
		Repository: text(p.Repository), Identifier: text(p.Identifier), Changes: text(p.Changes), Options: []text{},
	}
	for _, option := range p.Options {
		f.Options = append(f.Options, text(option))
	}
	return f
}

// write writes a push as the content of a file.
func write(p pushes.Push) ([]byte, error) {
	content, err := json.Marshal(newForm(p))
	return append(content, '\n'), err
}

// errNewer is that a newer program has to read the entry.
var errNewer = errors.New("the entry is of a newer version")

// read reads what write wrote. It fails for content that was cut off.
func read(content []byte) (pushes.Push, error) {
	if !utf8.Valid(content) {
		return pushes.Push{}, errors.New("the entry is not UTF-8")
	}
	var known struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(content, &known); err != nil {
		return pushes.Push{}, err
	}
	if known.Version > version {
		return pushes.Push{}, fmt.Errorf("%w: %d", errNewer, known.Version)
	}
	var f form
	if err := json.Unmarshal(content, &f); err != nil {
		return pushes.Push{}, err
	}
	switch {
	case f.Version != version:
		return pushes.Push{}, errors.New("the entry has no version")
	case !isID(f.EntryID):
		return pushes.Push{}, errors.New("the entry has no entry_id of letters, digits and dashes")
	case f.Repository == "" || f.ReceivedAt.IsZero():
		return pushes.Push{}, errors.New("the entry lacks gl_repository or received_at")
	}
	p := pushes.Push{EntryID: f.EntryID, ReceivedAt: f.ReceivedAt, Repository: string(f.Repository), Identifier: string(f.Identifier), Changes: string(f.Changes)}
	for _, option := range f.Options {
		p.Options = append(p.Options, string(option))
	}
	return p, nil
}

// isID says whether a text can be an EntryID.
func isID(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	return text != "" && len(text) <= 64 && strings.Trim(text, letters) == ""
}

// fileName returns the name of an entry. Names sort by their numbers, which are
// nanoseconds since 1970.
func fileName(number int64, p pushes.Push) string {
	return fmt.Sprintf("%020d-%s%s", number, p.EntryID, suffix)
}

// numberOf returns the number in a name. A file that was saved by hand may have none;
// it takes the place of its time.
func numberOf(name string, p pushes.Push) int64 {
	digits, _, _ := strings.Cut(name, "-")
	if number, err := strconv.ParseInt(digits, 10, 64); err == nil && number > 0 {
		return number
	}
	return p.ReceivedAt.UnixNano()
}
