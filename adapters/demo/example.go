package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"strings"
)

// files are the examples: of each NN-name.req.json, the call, and
// NN-name.res.json, the answer. The numbers are the documentation's order. The calls of the
// second act are of the same form.
//
//go:embed examples secondact
var files embed.FS

const (
	examplesDir    = "examples"
	secondActDir   = "secondact"
	requestSuffix  = ".req.json"
	responseSuffix = ".res.json"
)

// Example is a documented call and its answer. In its line, its headers and its
// answer words in angle brackets stand for values that only a running server
// has; Fill replaces them.
type Example struct {
	// Name is the name of the example's files, without their suffix.
	Name string `json:"-"`
	// Title is the heading of the documentation.
	Title string `json:"title"`
	// World is a world to apply before the call, because the documentation
	// assumes data that the calls before did not leave. It is empty for most. In
	// a file it is the name of another file beside it.
	World string `json:"world,omitempty"`
	Request
	// Answer of a call of the second act has only those members of the body that the act is
	// about.
	Answer Answer `json:"-"`
	// partly says that of the body only the members of Answer count.
	partly bool
}

// Request is a call. At most one of Data and JSON is set.
type Request struct {
	// Line is the method and the path with its query, as in "GET /api/v4/version".
	Line string `json:"request"`
	// Headers are sent besides the one that names the type of the body.
	Headers map[string]string `json:"headers,omitempty"`
	// Data are the parts of a form. They are joined with "&", as curl does it.
	Data []string `json:"data,omitempty"`
	// JSON is sent as it stands in the file, with all its blanks.
	JSON json.RawMessage `json:"json,omitempty"`
}

// Examples returns every example in the order of the documentation.
func Examples() ([]Example, error) { return readExamples(examplesDir) }

// SecondAct returns the calls that make a group, a project, a key and a member through the
// management API, and ask before and after whether the member may push. They follow the
// examples on the same server.
func SecondAct() ([]Example, error) {
	calls, err := readExamples(secondActDir)
	for i := range calls {
		calls[i].partly = true
	}
	return calls, err
}

func readExamples(dir string) ([]Example, error) {
	names, err := fs.Glob(files, path.Join(dir, "*"+requestSuffix))
	if err != nil {
		return nil, err
	}
	examples := make([]Example, len(names))
	for i, name := range names {
		if examples[i], err = readExample(dir, strings.TrimSuffix(path.Base(name), requestSuffix)); err != nil {
			return nil, fmt.Errorf("example %s: %w", name, err)
		}
	}
	return examples, nil
}

func readExample(dir, name string) (Example, error) {
	e := Example{Name: name}
	if err := decodeFile(path.Join(dir, name+requestSuffix), &e); err != nil {
		return e, err
	}
	if e.World != "" {
		world, err := files.ReadFile(path.Join(dir, e.World))
		if err != nil {
			return e, err
		}
		e.World = string(world)
	}
	return e, decodeFile(path.Join(dir, name+responseSuffix), &e.Answer)
}

// decodeFile decodes a file into a value that has every member of the file.
func decodeFile(name string, into any) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// Fill returns the example with the values of words instead of the words.
func (e Example) Fill(words Words) Example {
	e.Line = words.Fill(e.Line)
	e.Headers = maps.Clone(e.Headers)
	for name, value := range e.Headers {
		e.Headers[name] = words.Fill(value)
	}
	if e.Answer.Body != nil {
		e.Answer.Body = json.RawMessage(words.Fill(string(e.Answer.Body)))
	}
	return e
}

// Method returns the method of the call.
func (r Request) Method() string {
	method, _, _ := strings.Cut(r.Line, " ")
	return method
}

// Path returns the path of the call with its query.
func (r Request) Path() string {
	_, path, _ := strings.Cut(r.Line, " ")
	return path
}

// Content returns the body that the call sends.
func (r Request) Content() string { return strings.Join(r.Data, "&") + string(r.JSON) }

// Header returns the headers that are sent.
func (r Request) Header() http.Header {
	header := http.Header{}
	switch {
	case r.JSON != nil:
		header.Set("Content-Type", "application/json")
	case len(r.Data) > 0:
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range r.Headers {
		header.Set(name, value)
	}
	return header
}
