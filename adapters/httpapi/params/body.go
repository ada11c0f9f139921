package params

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/domain"
)

// UnsupportedMedia refuses a body whose media type holds no parameters. It has a type
// of its own because some dialects answer it with a status of its own.
type UnsupportedMedia struct{ *domain.Refusal }

// Unwrap returns the refusal.
func (m *UnsupportedMedia) Unwrap() error { return m.Refusal }

const (
	mediaJSON      = "application/json"
	mediaForm      = "application/x-www-form-urlencoded"
	mediaMultipart = "multipart/form-data"
)

// bodyParser parses bodies of one media type.
type bodyParser struct {
	media, boundary string
}

// parserOf returns the parser of a request's body. A body without a media type is a
// form.
func parserOf(r *http.Request) (bodyParser, error) {
	sent := r.Header.Get("Content-Type")
	if sent == mediaJSON || sent == mediaForm { // as nearly all clients write it
		return bodyParser{media: sent}, nil
	}
	media, options, _ := mime.ParseMediaType(sent)
	switch media {
	case mediaJSON, mediaForm, mediaMultipart, "":
		return bodyParser{media, options["boundary"]}, nil
	default:
		return bodyParser{}, &UnsupportedMedia{domain.Refuse(domain.Invalid, "content type %.100q is not supported", media)}
	}
}

// body is the body of a request, and what it was parsed to. It replaces the request's own
// body; its reader has what was not read yet.
type body struct {
	io.ReadCloser
	parser bodyParser
	text   []byte
	// known says that the text was parsed, to values or err. Before, err is that of reading.
	known  bool
	values Values
	err    error
}

// bodyOf returns the body of a request, which it reads once.
func bodyOf(c *gin.Context) *body {
	if known, ok := c.Request.Body.(*body); ok {
		return known
	}
	b := &body{ReadCloser: c.Request.Body}
	if b.ReadCloser == nil {
		b.ReadCloser = http.NoBody
	}
	b.parser, b.text, b.err = readBody(c.Request)
	c.Request.Body = b
	return b
}

// readBody reads the body, for every method, and returns it with its parser. An empty
// body is no error: GitLab Shell sends GET requests with the media type of JSON.
func readBody(r *http.Request) (bodyParser, []byte, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return bodyParser{}, nil, nil
	}
	parser, err := parserOf(r)
	if err != nil {
		return bodyParser{}, nil, err
	}
	text, err := readAll(r)
	if err != nil {
		return bodyParser{}, nil, malformed(err)
	}
	return parser, text, nil
}

// readAll reads a body. One whose length is known and small it reads into as much memory.
func readAll(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > maxFlat {
		return io.ReadAll(r.Body)
	}
	text := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, text)
	return text, err
}

// parse returns the tree in a body, and takes its units from left.
func (p bodyParser) parse(text []byte, left *budget) (map[string]any, error) {
	if p.media == mediaJSON {
		return parseJSON(text, left)
	}
	f := form{tree: map[string]any{}, left: left}
	err := p.eachPair(text, f.add)
	return f.tree, err
}

func parseJSON(text []byte, left *budget) (map[string]any, error) {
	var tree map[string]any
	err := decodeJSON(text, left, &tree)
	_, other := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err == nil && tree == nil:
		return nil, Null
	case other:
		return nil, NotObject
	case err != nil:
		return nil, malformed(err)
	}
	return tree, nil
}

// decodeJSON decodes a text that is one JSON value, whose numbers stay as they are
// written. For a blank text it returns io.EOF.
func decodeJSON(text []byte, left *budget, value any) error {
	text = bytes.Trim(text, " \t\r\n")
	if err := left.spendJSON(text); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(value)
	if err == nil && decoder.InputOffset() < int64(len(text)) {
		return errTrailing
	}
	return err
}

var errTrailing = errors.New("more follows the JSON value")

// NotObject refuses a body that is JSON but no object. The routes of kas take such a
// body for one without parameters.
var NotObject = domain.Refuse(domain.Invalid, "message body does not match declared format")

// Null is NotObject for a body that is JSON's null.
var Null = NotObject.Because(errors.New("the body is null"))

// avatar is the parameter with which clients of the management API send a picture.
const avatar = "avatar"

// eachPair calls add for the pairs of a form, in their order.
func (p bodyParser) eachPair(text []byte, add pairFunc) error {
	if p.media != mediaMultipart {
		return eachPair(string(text), add)
	}
	reader := multipart.NewReader(bytes.NewReader(text), p.boundary)
	var value bytes.Buffer
	for parts := 0; ; parts++ {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) && parts == 0 && !bytes.Contains(text, []byte("--"+p.boundary+"--")) {
			return malformed(err) // the boundary is not in it
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return malformed(err)
		}
		if part.FileName() != "" && part.FormName() == avatar {
			continue // pictures are not kept
		}
		if part.FileName() != "" {
			return invalid(part.FormName()) // no other parameter is a file
		}
		value.Reset()
		if _, err := value.ReadFrom(part); err != nil {
			return malformed(err)
		}
		if err := add(part.FormName(), value.String()); err != nil {
			return err
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
