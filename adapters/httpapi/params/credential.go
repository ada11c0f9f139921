package params

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// maxSearched is the largest body that is searched for a credential, in bytes. It
// bounds the memory and the time that a request takes without one. A client with
// larger bodies sends a header.
const maxSearched = 16 << 10

// ErrNotSearched is for a body that is too large to be searched for a credential.
var ErrNotSearched = fmt.Errorf("a body of more than %d KiB is not searched for a credential", maxSearched>>10)

// Credential returns the text of the first of these parameters that has one: in the
// query, or else in the body. It returns "" if neither has one, or if the body is
// malformed. It reads no body if the query has a text or if the body is larger than
// maxSearched, for which it fails with ErrNotSearched. It makes no tree of
// parameters, and leaves the body to be read again by Of, before which it is called.
//
// A request whose time ends while it waits for its turn is refused as Unavailable.
func Credential(c *gin.Context, names ...string) (string, error) {
	if text := Query(c, names...); text != "" {
		return text, nil
	}
	text, err := peek(c.Request)
	if err != nil || len(text) == 0 {
		return "", err
	}
	var found string
	err = inTurn(c.Request.Context(), searching, 1, func() {
		found = search(names, func(add pairFunc) error { return eachText(c.Request, text, add) })
	})
	return found, err
}

// Query returns the text of the first of these parameters that has one in the query.
func Query(c *gin.Context, names ...string) string {
	return search(names, func(add pairFunc) error { return eachPair(c.Request.URL.RawQuery, add) })
}

// pairFunc takes a parameter and its text.
type pairFunc func(name, value string) error

// search returns the text of the first of names that has one. Of one name the last text
// counts. It takes the parameters up to the first malformed one.
func search(names []string, each func(pairFunc) error) string {
	found := make([]string, len(names))
	_ = each(func(name, value string) error {
		if i := slices.Index(names, name); i >= 0 {
			found[i] = value
		}
		return nil
	})
	for _, text := range found {
		if text != "" {
			return text
		}
	}
	return ""
}

// peek returns the body of a request and leaves it there, or ErrNotSearched.
func peek(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxSearched {
		return nil, ErrNotSearched
	}
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	whole := r.Body
	text, err := io.ReadAll(io.LimitReader(whole, maxSearched+1)) // Of meets the error again
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), whole), whole}
	if len(text) > maxSearched {
		return nil, ErrNotSearched
	}
	if err != nil {
		return nil, nil // a body that was cut off has no credential
	}
	return text, nil
}

// eachText takes the parameters in a body that are text, numbers or booleans.
func eachText(r *http.Request, text []byte, add pairFunc) error {
	parser, err := parserOf(r)
	if err != nil {
		return err
	}
	if parser.media != mediaJSON {
		return parser.eachPair(text, add)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	for name, value := range members {
		if err := add(name, scalarText(value)); err != nil {
			return err
		}
	}
	return nil
}

// scalarText returns the text of a JSON text, number or boolean, and "" for any other
// value.
func scalarText(value json.RawMessage) (text string) {
	switch value[0] {
	case '"':
		_ = json.Unmarshal(value, &text)
		return text
	case '{', '[', 'n':
		return ""
	default:
		return string(value)
	}
}
