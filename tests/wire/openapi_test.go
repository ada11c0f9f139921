package wire_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"gatehouse/adapters/demo"
)

// pair is a request and its answer.
type pair struct {
	name string
	// before are the requests that are sent first.
	before  []call
	request demo.Request
	body    string
	answer  demo.Answer
}

// pairs returns the golden pairs and the documented examples.
func pairs(t *testing.T) (all []pair) {
	t.Helper()
	for _, file := range golden(t) {
		var asked call
		readJSON(t, file, &asked)
		p := pair{name: file, before: asked.Before, request: asked.Request, body: asked.Content() + asked.Body}
		readJSON(t, strings.TrimSuffix(file, ".req.json")+".res.json", &p.answer)
		all = append(all, p)
	}
	examples, err := demo.Examples()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		all = append(all, pair{name: "example " + e.Name, request: e.Request, body: e.Content(), answer: e.Answer})
	}
	return all
}

// document returns the document of the API, as the server describes itself.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	answer := httptest.NewRecorder()
	newServer(t).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v4/openapi.json", nil))
	if kind := answer.Header().Get("Content-Type"); answer.Code != http.StatusOK || kind != "application/json" {
		t.Fatalf("got %d, %q: %s", answer.Code, kind, answer.Body)
	}
	document, err := openapi3.NewLoader().LoadFromData(answer.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// What a group remembers has no effect in the document, in every schema that names it.
func TestOpenAPI_rememberedOfGroups(t *testing.T) {
	t.Parallel()
	remembers := map[string]int{"require_two_factor_authentication": 0, "two_factor_grace_period": 0, "organization_id": 0}
	for name, s := range document(t).Components.Schemas {
		for member := range remembers {
			property := s.Value.Properties[member]
			if property == nil {
				continue
			}
			remembers[member]++
			if effect := property.Value.Extensions["x-gatehouse-effect"]; effect != "none" {
				t.Errorf("%s.%s: its effect is %v", name, member, effect)
			}
		}
	}
	for member, times := range remembers {
		if times < 3 {
			t.Errorf("%s: %d schemas have it", member, times)
		}
	}
}

func TestOpenAPI_valid(t *testing.T) {
	t.Parallel()
	d := document(t)
	if err := d.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if d.OpenAPI != "3.1.0" || d.Info.Version != "12.3.0-pre" || d.Servers[0].URL != "http://localhost:3001" {
		t.Errorf("got OpenAPI %s of %s at %s", d.OpenAPI, d.Info.Version, d.Servers[0].URL)
	}
}

// TestOpenAPI_pairs holds every answer to the document, and every request that succeeds.
func TestOpenAPI_pairs(t *testing.T) {
	t.Parallel()
	d := document(t)
	checked := 0
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			route, params := find(d, p.request)
			if route == nil {
				if p.answer.Status != http.StatusNotFound && p.answer.Status != http.StatusMethodNotAllowed {
					t.Errorf("no operation for %s, which has the status %d", p.request.Line, p.answer.Status)
				}
				return
			}
			checked++
			if err := p.check(t.Context(), route, params); err != nil {
				t.Error(err)
			}
		})
	}
	if checked < 200 {
		t.Errorf("got %d pairs of operations", checked)
	}
}

func init() { openapi3filter.RegisterBodyDecoder("image/png", openapi3filter.FileBodyDecoder) }

// TestOpenAPI_folders wants the pairs of each operation of the management API in the folder
// of its name: one of the requests of a pair is of the operation.
func TestOpenAPI_folders(t *testing.T) {
	t.Parallel()
	d := document(t)
	for _, p := range pairs(t) {
		if !strings.HasPrefix(p.name, "testdata/rest/") {
			continue
		}
		var names []string
		for _, sent := range append(p.before, call{Request: p.request}) {
			if route, _ := find(d, sent.Request); route != nil {
				names = append(names, route.Operation.OperationID)
			}
		}
		folder := path.Base(path.Dir(p.name))
		if known := slices.Contains(names, folder); !known && (folder != "unknown" || names != nil) {
			t.Errorf("%s: got requests of %v", p.name, names)
		}
	}
}

// loose are requests that succeed although the document describes less, and why.
var loose = map[string]string{
	"testdata/rest/addGroupMember/by-name-with-an-end.req.json": "a number is read from text, too",
	"testdata/rest/createGroup/number-in-a-text.req.json":       "a number is read from text, too",
	"testdata/rest/createUser/everything.req.json":              "unknown parameters are ignored",
	"testdata/rest/listProjects/membership.req.json":            "a boolean is read from other words, too",
	"testdata/rest/shareGroup/for-ever.req.json":                "a number is read from text, too",
	"testdata/shell/allowed/nulls-are-absent.req.json":          "null counts as absent everywhere, as the document says in words",
}

// find returns the operation of a request, with the parameters of its path; nil for none.
func find(d *openapi3.T, r demo.Request) (route *routers.Route, params map[string]string) {
	sent, _, _ := strings.Cut(r.Path(), "?")
	if strings.Contains(sent, "/internal") { // where repeated slashes do not count
		sent = path.Clean(sent)
	}
	method := r.Method()
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(sent, "/")
	for _, template := range slices.Sorted(maps.Keys(d.Paths.Map())) {
		item := d.Paths.Value(template)
		found, ok := match(strings.Split(template, "/"), segments)
		if operation := item.GetOperation(method); ok && operation != nil && (route == nil || len(found) < len(params)) {
			params = found
			route = &routers.Route{Spec: d, Path: template, PathItem: item, Method: method, Operation: operation}
		}
	}
	return route, params
}

func match(template, segments []string) (params map[string]string, ok bool) {
	if len(template) != len(segments) {
		return nil, false
	}
	params = map[string]string{}
	for i, part := range template {
		if name, isParam := strings.CutPrefix(part, "{"); isParam {
			value, err := url.PathUnescape(segments[i])
			if err != nil || value == "" {
				return nil, false
			}
			params[strings.TrimSuffix(name, "}")] = value
		} else if part != segments[i] {
			return nil, false
		}
	}
	return params, true
}

// check returns what the document does not say of the pair, or nil.
func (p pair) check(ctx context.Context, route *routers.Route, params map[string]string) error {
	header := p.request.Header()
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", formType)
	}
	request := httptest.NewRequestWithContext(ctx, p.request.Method(), p.request.Path(), strings.NewReader(p.body))
	request.Header = header
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: authenticated, IncludeResponseStatus: true, SkipSettingDefaults: true},
	}
	if _, isLoose := loose[p.name]; p.answer.Status < 300 && !isLoose {
		if err := cmp.Or(openapi3filter.ValidateRequest(ctx, input), undescribed(route, request)); err != nil {
			return err
		}
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: p.answer.Status, Header: http.Header{}, Options: input.Options,
	}
	for name, value := range p.answer.Headers {
		answer.Header.Set(name, value)
	}
	answer.SetBodyBytes(p.answer.Body)
	return openapi3filter.ValidateResponse(ctx, answer)
}

// authenticated fails unless the request has the credential.
func authenticated(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	request := in.RequestValidationInput.Request
	scheme := in.SecurityScheme
	given := request.Header.Get(scheme.Name)
	switch {
	case scheme.Type == "http":
		word, _, _ := strings.Cut(request.Header.Get("Authorization"), " ")
		if !strings.EqualFold(word, scheme.Scheme) {
			return errors.New("no such authorization")
		}
		return nil
	case scheme.In == "query":
		given = request.URL.Query().Get(scheme.Name)
	}
	if given == "" {
		return fmt.Errorf("no %s", scheme.Name)
	}
	return nil
}

// undescribed returns an error for a parameter of the query that is none of the
// operation, or nil.
func undescribed(route *routers.Route, request *http.Request) error {
	known := map[string]bool{}
	for _, p := range route.Operation.Parameters {
		known[p.Value.Name] = known[p.Value.Name] || p.Value.In == openapi3.ParameterInQuery
	}
	for _, scheme := range route.Spec.Components.SecuritySchemes {
		known[scheme.Value.Name] = known[scheme.Value.Name] || scheme.Value.In == "query"
	}
	if body := route.Operation.RequestBody; body != nil {
		for name := range body.Value.Content.Get(formType).Schema.Value.Properties {
			known[name] = true
		}
	}
	for name := range request.URL.Query() {
		if !known[name] {
			return fmt.Errorf("the parameter %s of the query is not described", name)
		}
	}
	return nil
}
