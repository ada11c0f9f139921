package openapi_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/openapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
	"gatehouse/domain/remembered"
)

// document is the part of a document that the tests read.
type document struct {
	OpenAPI string
	Servers []struct{ URL string }
	Tags    []struct{ Name string }
	Paths   map[string]map[string]struct {
		OperationID string
		Security    []map[string][]string
		Parameters  []map[string]any
		RequestBody struct{ Content map[string]any }
		Responses   map[string]map[string]any
	}
	Components struct {
		Schemas, Responses, Parameters, SecuritySchemes map[string]map[string]any
	}
}

func build(t *testing.T, operations ...httpapi.Operation) (d document) {
	t.Helper()
	text, err := openapi.Build(openapi.Info{Version: "1.2.3", ExternalURL: "https://git.example.com"}, operations)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// answering is an operation that answers with a body.
func answering(body any) httpapi.Operation {
	return httpapi.Operation{Method: "GET", Path: "/things", Name: "getThings", Answers: []httpapi.Answer{{Status: 200, Body: body}}}
}

// taking is an operation that takes parameters.
func taking(method string, in any) httpapi.Operation {
	return httpapi.Operation{Method: method, Path: "/things", Name: "changeThing", Params: in, Answers: []httpapi.Answer{{Status: 204}}}
}

// wantSchema compares a schema with JSON.
func wantSchema(t *testing.T, got map[string]any, want string) {
	t.Helper()
	var wanted map[string]any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("got (+), want (-):\n%s", diff)
	}
}

type color string

// Words implements the interface by which a type has only some texts.
func (color) Words() []string { return []string{"red", "green"} }

type inner struct {
	ID    int64  `json:"id"`
	Shade string `json:"shade"`
}

type thing struct {
	inner
	Shade    color               `json:"shade"`
	Name     *string             `json:"name"`
	Tags     []string            `json:"tags"`
	Parent   *thing              `json:"parent"`
	Messages map[string][]string `json:"messages"`
	Made     time.Time           `json:"made"`
	Day      *string             `json:"day" api:"date,null"`
	Level    string              `json:"level" api:"low|high,null"`
	Any      any                 `json:"any" api:"string,integer,null"`
	Bio      any                 `json:"bio"`
	Left     int32               `json:"left,omitempty"`
	Hidden   string              `json:"-"`
	private  string
}

// Remembered says which members are remembered.
func (thing) Remembered() remembered.Table {
	return remembered.Table{{Name: "bio", Kind: remembered.Text, Words: []string{"short", "long"}}, {Name: "name", Kind: remembered.Flag}}
}

func TestBuild_answer(t *testing.T) {
	t.Parallel()
	d := build(t, answering([]thing{{private: "x"}}))
	wantSchema(t, d.Components.Schemas["Openapi_testThing"], `{
		"type": "object", "additionalProperties": false,
		"required": ["id", "shade", "name", "tags", "parent", "messages", "made", "day", "level", "any", "bio"],
		"properties": {
			"id": {"type": "integer", "format": "int64"},
			"shade": {"type": "string", "enum": ["red", "green"]},
			"name": {"type": ["string", "null"]},
			"tags": {"type": "array", "items": {"type": "string"}},
			"parent": {"anyOf": [{"$ref": "#/components/schemas/Openapi_testThing"}, {"type": "null"}]},
			"messages": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
			"made": {"type": "string", "format": "date-time"},
			"day": {"type": ["string", "null"], "format": "date"},
			"level": {"type": ["string", "null"], "enum": ["low", "high", null]},
			"any": {"type": ["string", "integer", "null"]},
			"bio": {"type": ["string", "null"], "enum": ["short", "long", null], "x-gatehouse-effect": "none"},
			"left": {"type": "integer", "format": "int32"}
		}
	}`)
	wantSchema(t, d.Paths["/things"]["get"].Responses["200"], `{
		"description": "OK", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Openapi_testThing"}}}}
	}`)
}

type numbers struct {
	Count int64 `param:"count,required"`
}

type fields struct {
	Color  color        `param:"color"`
	Shade  *color       `param:"shade"`
	Sizes  []string     `param:"sizes" api:"[]string,string"`
	Order  *string      `param:"order"`
	Day    *params.Date `param:"day"`
	Names  []string     `param:"names"`
	Lists  []numbers    `param:"lists,json"`
	Nested struct {
		On bool `param:"on"`
	} `param:"nested,required"`
	Old   any     `param:"old" api:"[]string,no-effect"`
	Typed int16   `param:"typed" api:"no-effect"`
	Text  *string `param:"text,filled"`
	Local string
}

func TestBuild_body(t *testing.T) {
	t.Parallel()
	o := taking("POST", []any{fields{}, numbers{}})
	o.Required = []string{"names"}
	o.Words = map[string][]string{"sizes": {"s", "m"}, "order": {"id"}}
	o.Remembered = remembered.Table{{Name: "bio", Kind: remembered.Text}, {Name: "count", Kind: remembered.Text}}
	d := build(t, o)
	wantSchema(t, d.Components.Schemas["ChangeThingParams"], `{
		"type": "object", "additionalProperties": false, "required": ["nested", "text", "count", "names"],
		"properties": {
			"color": {"type": "string", "enum": ["red", "green"]},
			"shade": {"type": ["string", "null"], "enum": ["red", "green", null]},
			"sizes": {"type": ["array", "string"], "items": {"type": "string", "enum": ["s", "m"]}},
			"order": {"type": ["string", "null"], "enum": ["id", null]},
			"day": {"type": ["string", "null"], "description": "A date, in any form that is not ambiguous.", "examples": ["2021-06-13"]},
			"names": {"type": "array", "items": {"type": "string"}},
			"lists": {"type": ["array", "string"], "items": {"$ref": "#/components/schemas/Openapi_testNumbers"}},
			"nested": {"type": "object", "additionalProperties": false, "properties": {"on": {"type": "boolean"}}},
			"old": {"type": "array", "items": {"type": "string"}, "x-gatehouse-effect": "none"},
			"typed": {"type": "integer", "x-gatehouse-effect": "none"},
			"text": {"type": ["string", "null"]},
			"count": {"type": "integer", "format": "int64"},
			"bio": {"type": ["string", "null"], "x-gatehouse-effect": "none"}
		}
	}`)
	content := d.Paths["/things"]["post"].RequestBody.Content
	for _, media := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data"} {
		wantSchema(t, content[media].(map[string]any), `{"schema": {"$ref": "#/components/schemas/ChangeThingParams"}}`)
	}
}

func TestBuild_query(t *testing.T) {
	t.Parallel()
	type query struct {
		Names []string     `param:"names"`
		Sizes []string     `param:"sizes" api:"[]integer,string"`
		Since *params.Date `param:"since,required"`
		Full  *bool        `param:"full"`
	}
	for _, method := range []string{"GET", "DELETE"} {
		o := taking(method, query{})
		o.Path = "/things/:id/parts/:part_id"
		o.Extra = []httpapi.Parameter{{Name: "If-Unmodified-Since", In: "header", About: "A date."}}
		d := build(t, o)
		got, err := json.Marshal(d.Paths["/things/{id}/parts/{part_id}"][strings.ToLower(method)].Parameters)
		if err != nil {
			t.Fatal(err)
		}
		wantSchema(t, map[string]any{"all": decoded(t, string(got))}, `{"all": [
			{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
			{"name": "part_id", "in": "path", "required": true, "schema": {"type": "string"}},
			{"name": "names[]", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
			{"name": "sizes[]", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
			{"name": "sizes", "in": "query", "schema": {"type": "string"}},
			{"name": "since", "in": "query", "required": true, "description": "A date, in any form that is not ambiguous.", "schema": {"type": "string", "examples": ["2021-06-13"]}},
			{"name": "full", "in": "query", "schema": {"type": "boolean"}},
			{"$ref": "#/components/parameters/HeaderIfUnmodifiedSince"}
		]}`)
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestBuild_refusals(t *testing.T) {
	t.Parallel()
	dialect := httpapi.Dialect{Status: map[domain.Kind]int{domain.Forbidden: 401}}
	one, other := answering(nil), taking("PUT", nil)
	one.Refusals = httpapi.Refusals{Name: "all", Answers: dialect.Refusals(domain.Forbidden, domain.NotFound)}
	other.Refusals = one.Refusals
	other.Answers = append(other.Answers, httpapi.Answer{Status: 404, Body: (*inner)(nil)}, httpapi.Answer{Status: 404, Body: "", Media: "text/plain"})
	d := build(t, one, other)
	get, put := d.Paths["/things"]["get"], d.Paths["/things"]["put"]
	for status, name := range map[string]string{"401": "AllUnauthorized", "404": "AllNotFound", "500": "AllInternalServerError"} {
		wantSchema(t, get.Responses[status], `{"$ref": "#/components/responses/`+name+`"}`)
	}
	wantSchema(t, get.Responses["200"], `{"description": "OK"}`)
	wantSchema(t, put.Responses["404"], `{"description": "Not Found", "content": {
		"application/json": {"schema": {"anyOf": [{"anyOf": [{"$ref": "#/components/schemas/Openapi_testInner"}, {"type": "null"}]}, {"$ref": "#/components/schemas/Message"}]}},
		"text/plain": {"schema": {"type": "string"}}
	}}`)
}

func TestBuild_security(t *testing.T) {
	t.Parallel()
	header := httpapi.Credential{ID: "header", In: "header", Name: "X-Token"}
	basic := httpapi.Credential{ID: "basic", Scheme: "basic"}
	o := answering(nil)
	o.Security = [][]httpapi.Credential{{}, {header, basic}}
	text, err := openapi.Build(openapi.Info{}, []httpapi.Operation{o})
	if err != nil || bytes.Index(text, []byte(`"header":{"type"`)) > bytes.Index(text, []byte(`"basic":{"type"`)) {
		t.Errorf("got %s, %v, want the credentials in their order", text, err)
	}
	d := build(t, o)
	want := []map[string][]string{{}, {"header": {}, "basic": {}}}
	if diff := cmp.Diff(want, d.Paths["/things"]["get"].Security); diff != "" {
		t.Error(diff)
	}
	wantSchema(t, d.Components.SecuritySchemes["header"], `{"type": "apiKey", "in": "header", "name": "X-Token", "description": ""}`)
	wantSchema(t, d.Components.SecuritySchemes["basic"], `{"type": "http", "scheme": "basic", "description": ""}`)
	if o := build(t, answering(nil)).Paths["/things"]["get"]; len(o.Security) > 0 {
		t.Errorf("got %v", o.Security)
	}
}

// TestBuild_names wants two types of one name to stay apart.
func TestBuild_names(t *testing.T) {
	t.Parallel()
	first := func() any {
		type same struct {
			A int `json:"a"`
		}
		return same{}
	}
	second := func() any {
		type same struct {
			B int `json:"b"`
		}
		return same{}
	}
	d := build(t, httpapi.Operation{Method: "GET", Path: "/", Name: "get", Answers: []httpapi.Answer{{Status: 200, Body: first()}, {Status: 200, Body: second()}}})
	for name, member := range map[string]string{"Openapi_testSame": "a", "Openapi_testSame2": "b"} {
		if _, ok := d.Components.Schemas[name]["properties"].(map[string]any)[member]; !ok {
			t.Errorf("%s: got %v", name, d.Components.Schemas[name])
		}
	}
}

type reader struct{}

// ReadParam implements params.Reader.
func (*reader) ReadParam(any) string { return "" }

// TestBuild_undescribed wants every field to be named that the document cannot describe.
func TestBuild_undescribed(t *testing.T) {
	t.Parallel()
	type wrong struct {
		Any     any             `json:"any"`
		Raw     json.RawMessage `json:"raw"`
		Channel chan int        `json:"channel"`
	}
	type badParams struct {
		Reader reader `param:"reader"`
		Any    any    `param:"any"`
	}
	put := taking("PUT", badParams{})
	put.Required, put.Words = []string{"absent"}, map[string][]string{"wordy": {"a"}}
	_, err := openapi.Build(openapi.Info{}, []httpapi.Operation{answering(wrong{}), put})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"wrong.any", "wrong.raw", "wrong.channel", "badParams.reader", "badParams.any", "no parameter absent", "no parameter wordy"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
}

func TestBuild_sameBytes(t *testing.T) {
	t.Parallel()
	operations := []httpapi.Operation{answering(thing{}), taking("POST", fields{})}
	operations[0].Refusals = httpapi.Refusals{Name: "all", Answers: httpapi.Dialect{}.Refusals(domain.Kinds...)}
	first, err := openapi.Build(openapi.Info{}, operations)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if again, _ := openapi.Build(openapi.Info{}, operations); !bytes.Equal(again, first) {
			t.Fatalf("got another document: %s, then %s", first, again)
		}
	}
	if bytes.Contains(first, []byte(`\u003c`)) {
		t.Error("the document is escaped for HTML")
	}
}
