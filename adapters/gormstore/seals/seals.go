// Package seals knows which columns of the database are sealed, and seals again what
// an earlier key or an earlier release has left there.
package seals

import (
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

// Hook is what the database keeps of the URL and the token of a hook.
type Hook struct {
	URL, Token string
	// Digest takes the place of the URL in an index, Shown where hooks are listed.
	Digest, Shown string
}

// NewHook seals a URL and a token for the hook of that number.
func NewHook(s Sealer, id int64, url, token string) (Hook, error) {
	// The URL comes first: if the key changes meanwhile, Renew finds the hook by it.
	sealed, err := HookURL.Seal(s, id, url)
	if err != nil {
		return Hook{}, err
	}
	digests, err := s.Digests(url)
	if err != nil {
		return Hook{}, err
	}
	token, err = HookToken.Seal(s, id, token)
	return Hook{sealed, token, digests[0], hooks.Hook{URL: url}.DisplayURL()}, err
}
