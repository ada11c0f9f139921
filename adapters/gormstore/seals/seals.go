// Package seals knows which columns of the database are sealed, and seals again what
// an earlier key or an earlier release has left there.
package seals

import (
	"encoding/json"
	"fmt"

	"gatehouse/domain/hooks"
)

// Sealer seals texts with the key of the instance. Until that key is open every
// method fails. It is safe for concurrent use.
type Sealer interface {
	// Seal returns a form of the text that only Open reads, for the same place only.
	Seal(text, place string) (string, error)
	// Open returns the text that was sealed for the place, also by a previous key. Its
	// error holds nothing of the text.
	Open(sealed, place string) (string, error)
	// Prefix returns the beginning of all that Seal returns now. It always has the same
	// length.
	Prefix() (string, error)
	// Foreign says whether a text was sealed with a key that is neither the current one
	// nor a previous one.
	Foreign(sealed string) (bool, error)
	// Digests returns a text by which equal texts can be recognised, but not read: for
	// the current key, and then for each previous one.
	Digests(text string) ([]string, error)
}

// Column is a column of sealed texts. Each is sealed for the column and its row; an
// empty text stays empty.
type Column string

// The columns that are sealed.
const (
	TOTPSecret Column = "users.totp_secret"
	HookURL    Column = "hooks.url"
	HookToken  Column = "hooks.token"
	// HookHeaders and HookVariables are lists in JSON.
	HookHeaders   Column = "hooks.headers"
	HookVariables Column = "hooks.variables"
)

// place names the text in one row.
func (c Column) place(id int64) string { return fmt.Sprintf("%s/%d", c, id) }

// Seal returns a text as the row of that number keeps it.
func (c Column) Seal(s Sealer, id int64, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	return s.Seal(text, c.place(id))
}

// Open returns the text that the row of that number keeps.
func (c Column) Open(s Sealer, id int64, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	text, err := s.Open(sealed, c.place(id))
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.place(id), err)
	}
	return text, nil
}

// SealValues returns headers or variables as the row of that number keeps them.
func (c Column) SealValues(s Sealer, id int64, values []hooks.KeyValue) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "", err
	}
	return c.Seal(s, id, string(text))
}

// OpenValues returns the headers or variables that the row of that number keeps.
func (c Column) OpenValues(s Sealer, id int64, sealed string) (values []hooks.KeyValue, err error) {
	text, err := c.Open(s, id, sealed)
	if err != nil || text == "" {
		return nil, err
	}
	err = json.Unmarshal([]byte(text), &values)
	return values, err
}

// Keys returns the keys of the headers or variables that the row of that number keeps, and
// none if these cannot be read.
func Keys(s Sealer, c Column, id int64, sealed string) []hooks.KeyValue {
	values, err := c.OpenValues(s, id, sealed)
	if err != nil {
		return nil
	}
	for i := range values {
		values[i].Value = ""
	}
	return values
}

// Hook is what the database keeps of the secrets of a hook.
type Hook struct {
	URL, Token, Headers, Variables string
	// Digest takes the place of the URL in an index, Shown where hooks are listed.
	Digest, Shown string
}

// NewHook seals the secrets of a hook for its number.
func NewHook(s Sealer, h hooks.Hook) (out Hook, err error) {
	id := int64(h.ID)
	// The URL comes first: if the key changes meanwhile, Renew finds the hook by it.
	if out.URL, err = HookURL.Seal(s, id, h.URL); err != nil {
		return Hook{}, err
	}
	digests, err := s.Digests(h.URL)
	if err != nil {
		return Hook{}, err
	}
	out.Digest, out.Shown = digests[0], h.DisplayURL()
	if out.Token, err = HookToken.Seal(s, id, h.Token); err != nil {
		return Hook{}, err
	}
	if out.Headers, err = HookHeaders.SealValues(s, id, h.Headers); err != nil {
		return Hook{}, err
	}
	out.Variables, err = HookVariables.SealValues(s, id, h.Variables)
	return out, err
}

// OpenHook opens the secrets of a hook, which has the URL and the token as they are kept.
func OpenHook(s Sealer, h *hooks.Hook, headers, variables string) (err error) {
	id := int64(h.ID)
	if h.URL, err = HookURL.Open(s, id, h.URL); err != nil {
		return err
	}
	if h.Token, err = HookToken.Open(s, id, h.Token); err != nil {
		return err
	}
	if h.Headers, err = HookHeaders.OpenValues(s, id, headers); err != nil {
		return err
	}
	h.Variables, err = HookVariables.OpenValues(s, id, variables)
	return err
}
