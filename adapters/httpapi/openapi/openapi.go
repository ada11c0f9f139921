// Package openapi answers what the document of the API says: it describes the operations
// of a listener as OpenAPI 3.1, from the structs of their parameters and answers.
//
// A field of an answer (tag json) or of parameters (tag param) is described by its Go
// type; embedded structs count as their fields, and what has the option omitempty need not
// be there. A field whose type does not say enough has a tag api as well:
//
//	api:"string,null"               the types of JSON that it may have
//	api:"date-time,null"            a text of a format
//	api:"private|internal|public"   one of some words
//	api:"[]string"                  an array
//	api:"no-effect"                 no decision depends on it
//
// A type with a method Words() []string is one of these words, and a parameter with a
// method Explain() (text, example string) is a text that is written so. An answer with a
// method Remembered() remembered.Table has the members of that table that are of the type
// any as the table says. Build fails for any other field of the type any, and for any
// other params.Reader without a tag.
package openapi

import (
	"bytes"
	"cmp"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gatehouse/adapters/httpapi"
)

// Info is what a document says about the server.
type Info struct {
	Version string
	// ExternalURL is the public base of every URL, and RelativeRoot the path below which
	// the listener serves; it may be empty.
	ExternalURL, RelativeRoot string
}

// about is what is the same for all operations, as Markdown.
const about = `The parts of GitLab's APIs that Gatehouse serves.

- **Parameters** are read from the query, from forms and from JSON alike. Those of GET and DELETE are described in the query, all others in the ` +
	`body; they may be sent in the query as well. Those that are not described are ignored.
- **Scalars** are read loosely: a number or a boolean may be sent as a text, a text as a number, and a boolean as true, t, yes, y, on or 1, ` +
	`and false, f, no, n, off or 0. Most words are read in any letter case. Null counts as absent where it is not described.
- **Arrays and objects** of forms and of the query: a[]=1 is an array, and a[b]=1 an object.
- **Without an effect** are parameters with x-gatehouse-effect: none. They are ignored, or are kept and given back.
- **Other requests**: HEAD is answered as GET without its body, a path that is not described with the status 404, and another method with 404 or 405.
`

// Build returns the document of some operations as JSON: the same bytes for the same
// operations. It fails for a type that it cannot describe, and names all of them.
func Build(i Info, operations []httpapi.Operation) ([]byte, error) {
	b := builder{
		components: components{schemas: map[string]*schema{}, responses: map[string]*response{}, names: map[any]string{}},
		extra:      map[string]*parameter{},
	}
	d := document{
		OpenAPI: "3.1.0", Info: info{"Gatehouse", i.Version, about},
		Servers: []server{{i.ExternalURL, "The address for users."}, {cmp.Or(i.RelativeRoot, "/"), "The listener that serves this document."}},
	}
	for _, o := range operations {
		path := templated(o.Path)
		if !d.Paths.has(path) {
			d.Paths.set(path, &pathItem{})
		}
		d.Paths.values[path].set(strings.ToLower(o.Method), b.operation(o))
		if t := (tag{o.Client.Name, o.Client.About}); !slices.Contains(d.Tags, t) {
			d.Tags = append(d.Tags, t)
		}
	}
	d.Components = documentsComponents{sortedOf(b.schemas), sortedOf(b.responses), sortedOf(b.extra), b.credentials}
	if b.err != nil {
		return nil, b.err
	}
	var out bytes.Buffer
	err := write(&out, d, '\n')
	return out.Bytes(), err
}

// builder makes the parts of a document.
type builder struct {
	components
	// extra are the parameters outside of Operation.Params.
	extra map[string]*parameter
	// credentials are in the order in which operations name them: the usual one comes first.
	credentials ordered[securityScheme]
}

var pathParameter = regexp.MustCompile(`:(\w+)`)

// templated returns the path of gin as OpenAPI writes it: /users/{id}.
func templated(path string) string { return pathParameter.ReplaceAllString(path, "{$1}") }

func (b *builder) operation(o httpapi.Operation) *operation {
	out := &operation{
		OperationID: o.Name, Summary: o.Summary, Description: o.Note, Tags: []string{o.Client.Name},
		Security: b.security(o.Security), Responses: b.answers(o),
	}
	for _, name := range pathParameter.FindAllStringSubmatch(o.Path, -1) {
		out.Parameters = append(out.Parameters, &parameter{Name: name[1], In: "path", Required: true, Schema: &schema{Type: "string"}})
	}
	if httpapi.InQuery(o.Method) {
		out.Parameters = append(out.Parameters, b.query(o)...)
	} else if body := b.body(o); body != nil {
		out.RequestBody = &requestBody{}
		for _, media := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data"} {
			out.RequestBody.Content.set(media, mediaType{body})
		}
	}
	for _, p := range o.Extra {
		name := title(p.In) + title(strings.ReplaceAll(p.Name, "-", ""))
		b.extra[name] = &parameter{Name: p.Name, In: p.In, Description: p.About, Schema: schemaOf(p)}
		out.Parameters = append(out.Parameters, &parameter{Ref: "#/components/parameters/" + name})
	}
	return out
}

// schemaOf returns the schema of a header or of a parameter of the query.
func schemaOf(p httpapi.Parameter) *schema {
	if p.Number {
		return &schema{Type: "integer"}
	}
	return &schema{Type: "string"}
}

// query returns the parameters of an operation that has them in the query.
func (b *builder) query(o httpapi.Operation) (out []*parameter) {
	all := b.parameters(o)
	for _, name := range all.Properties.names {
		for _, s := range all.Properties.values[name].withoutNull().inQuery() {
			p := &parameter{Name: name, In: "query", Required: slices.Contains(all.Required, name), Schema: s}
			if s.Items != nil {
				p.Name += "[]"
			}
			p.Description, s.Description = s.Description, ""
			out = append(out, p)
		}
	}
	return out
}

func (b *builder) security(ways [][]httpapi.Credential) []map[string][]string {
	out := []map[string][]string{}
	for _, way := range ways {
		needed := map[string][]string{}
		for _, c := range way {
			needed[c.ID] = []string{}
			s := securityScheme{Type: "apiKey", In: c.In, Name: c.Name, Description: c.About}
			if c.Scheme != "" {
				s = securityScheme{Type: "http", Scheme: c.Scheme, Description: c.About}
			}
			b.credentials.set(c.ID, s)
		}
		out = append(out, needed)
	}
	return out
}

// answers returns the responses of an operation in the order of their status. Those that
// are of its refusals alone are references.
func (b *builder) answers(o httpapi.Operation) (out ordered[*response]) {
	own, shared := byStatus(o.Answers), byStatus(o.Refusals.Answers)
	for status := range http.StatusNetworkAuthenticationRequired + 1 {
		text := strconv.Itoa(status)
		switch {
		case own[status] != nil:
			out.set(text, b.response(append(own[status], shared[status]...), o.Name))
		case shared[status] != nil:
			name := title(o.Refusals.Name) + strings.ReplaceAll(http.StatusText(status), " ", "")
			if b.responses[name] == nil {
				b.responses[name] = b.response(shared[status], o.Refusals.Name)
			}
			out.set(text, &response{Ref: "#/components/responses/" + name})
		}
	}
	return out
}

func byStatus(answers []httpapi.Answer) map[int][]httpapi.Answer {
	out := map[int][]httpapi.Answer{}
	for _, a := range answers {
		out[a.Status] = append(out[a.Status], a)
	}
	return out
}

// response returns the response of all answers of one status.
func (b *builder) response(answers []httpapi.Answer, where string) *response {
	out := &response{Description: http.StatusText(answers[0].Status)}
	bodies := map[string][]*schema{}
	var types []reflect.Type
	for _, a := range answers {
		for _, h := range a.Headers {
			out.Headers.set(h.Name, header{h.About, schemaOf(h)})
		}
		t := reflect.TypeOf(a.Body)
		if t == nil || slices.Contains(types, t) {
			continue
		}
		types = append(types, t)
		media := cmp.Or(a.Media, "application/json")
		bodies[media] = append(bodies[media], b.answer(t, where))
	}
	for _, media := range slices.Sorted(maps.Keys(bodies)) {
		out.Content.set(media, mediaType{anyOf(bodies[media])})
	}
	return out
}
