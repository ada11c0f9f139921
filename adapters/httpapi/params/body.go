package params

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"gatehouse/domain"
)

// maxValues bounds the memory of a parsed JSON body: a body is parsed to look for a
// legacy secret, before its caller is known. A push of 100,000 refs is one value.
const maxValues = 1 << 20

var errTooMany = domain.Refuse(domain.TooLarge, "the request holds more than %d values", maxValues)

// UnsupportedMedia refuses a body whose media type holds no parameters. It has a type
// of its own because some dialects answer it with a status of its own.
type UnsupportedMedia struct{ *domain.Refusal }

// Unwrap returns the refusal.
func (m *UnsupportedMedia) Unwrap() error { return m.Refusal }

// readBody returns the parameters in the body, for every method. An empty body is no
// error: GitLab Shell sends GET requests with the media type of JSON.
func readBody(r *http.Request) (map[string]any, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	media, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch media {
	case "application/json":
		return readJSON(r.Body)
	case "application/x-www-form-urlencoded", "":
		return readForm(r.Body)
	case "multipart/form-data":
		return readMultipart(multipart.NewReader(r.Body, options["boundary"]))
	default:
		return nil, &UnsupportedMedia{domain.Refuse(domain.Invalid, "content type %.100q is not supported", media)}
	}
}

func readJSON(body io.Reader) (map[string]any, error) {
	decoder := json.NewDecoder(&counter{Reader: body})
	decoder.UseNumber()
	var tree map[string]any
	err := decoder.Decode(&tree)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	_, other := errors.AsType[*json.UnmarshalTypeError](err)
	if err != nil && !other {
		return nil, malformed(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed(err)
	}
	if tree == nil {
		return nil, NotObject
	}
	return tree, nil
}

// NotObject refuses a body that is JSON but no object. The routes of kas take such a
// body for one without parameters.
var NotObject = domain.Refuse(domain.Invalid, "message body does not match declared format")

func readForm(body io.Reader) (map[string]any, error) {
	var text strings.Builder
	if _, err := io.Copy(&text, body); err != nil {
		return nil, malformed(err)
	}
	f := form{tree: map[string]any{}}
	err := f.parse(text.String())
	return f.tree, err
}

func readMultipart(reader *multipart.Reader) (map[string]any, error) {
	f := form{tree: map[string]any{}}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return f.tree, nil
		}
		if err != nil {
			return f.tree, malformed(err)
		}
		if part.FileName() != "" {
			return f.tree, invalid(part.FormName()) // no parameter is a file
		}
		var value strings.Builder
		if _, err := io.Copy(&value, part); err != nil {
			return f.tree, malformed(err)
		}
		if err := f.add(part.FormName(), value.String()); err != nil {
			return f.tree, err
		}
	}
}

// malformed returns the refusal of a body that could not be read.
func malformed(err error) error {
	if errors.Is(err, errTooMany) {
		return errTooMany
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return domain.Refuse(domain.TooLarge, "the request body is larger than %d bytes", tooLarge.Limit)
	}
	return domain.Refuse(domain.Invalid, "message body does not match declared format")
}

// counter fails for a JSON text with more than maxValues values. It counts the bytes
// that precede a value, inside strings as well: a second parser would be exact, but
// slow.
type counter struct {
	io.Reader
	values int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	for _, mark := range []string{",", "[", "{"} {
		c.values += bytes.Count(p[:n], []byte(mark))
	}
	if c.values > maxValues {
		return 0, errTooMany
	}
	return n, err
}
