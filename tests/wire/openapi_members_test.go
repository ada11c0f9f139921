package wire_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// noPushes is why no event of a hook is shown; the flows of clients show some.
const noPushes = "the server of these tests processes no pushes"

// unshown are the members that no golden pair shows, and why.
var unshown = map[string]string{
	"TooManyBody.message":                         "no route of the management API is limited here",
	"getAuthorizedCertificate key":                "the route refuses every request",
	"getAuthorizedCertificate user_identifier":    "the route refuses every request",
	"getLFSObject oid":                            "the route refuses every request",
	"getLFSObject gl_repository":                  "the route refuses every request",
	"HookEvent.created_at":                        noPushes,
	"HookEvent.id":                                noPushes,
	"HookEvent.request_data":                      noPushes,
	"HookEvent.response_status":                   noPushes,
	"HookEvent.state":                             noPushes,
	"HookEvent.trigger":                           noPushes,
	"HookEvent.url":                               noPushes,
	"HookEventRequest.after":                      noPushes,
	"HookEventRequest.before":                     noPushes,
	"HookEventRequest.object_kind":                noPushes,
	"HookEventRequest.project_id":                 noPushes,
	"HookEventRequest.ref":                        noPushes,
	"ResentEvent.response_status":                 noPushes,
	"CreateProjectParams.import_url":              "every request with it is refused",
	"CreateProjectParams.template_name":           "every request with it is refused",
	"CreateProjectParams.template_project_id":     "every request with it is refused",
	"CreateProjectParams.use_custom_template":     "every request with it is refused",
	"CreateUserProjectParams.import_url":          "every request with it is refused",
	"CreateUserProjectParams.template_name":       "every request with it is refused",
	"CreateUserProjectParams.template_project_id": "every request with it is refused",
	"CreateUserProjectParams.use_custom_template": "every request with it is refused",
}

// TestOpenAPI_members removes each member of each schema from the document, and each
// parameter of a query: the document says nothing that no golden pair shows, or else a
// pair fails.
func TestOpenAPI_members(t *testing.T) {
	t.Parallel()
	d := document(t)
	all := located(t, d, pairs(t))
	for _, m := range members(d) {
		shown := m.isShown(t, all)
		_, excused := unshown[m.name]
		switch {
		case !shown && !excused:
			t.Errorf("%s: no golden pair shows it", m.name)
		case shown && excused:
			t.Errorf("%s: a golden pair shows it, so that it needs no excuse", m.name)
		}
	}
}

// place is a pair with its operation.
type place struct {
	pair
	route  *routers.Route
	params map[string]string
	// schemas are the names of those that describe the pair.
	schemas map[string]bool
}

// located returns the pairs that are of an operation and that the document describes.
func located(t *testing.T, d *openapi3.T, pairs []pair) (out []place) {
	t.Helper()
	for _, p := range pairs {
		route, params := find(d, p.request)
		if route == nil || p.check(t.Context(), route, params) != nil {
			continue
		}
		at := place{p, route, params, map[string]bool{}}
		if body := route.Operation.RequestBody; body != nil {
			content(body.Value.Content, at.schemas)
		}
		if response := route.Operation.Responses.Status(p.answer.Status); response != nil {
			content(response.Value.Content, at.schemas)
		}
		out = append(out, at)
	}
	return out
}

func content(content openapi3.Content, names map[string]bool) {
	for _, media := range content {
		walk(media.Schema, names)
	}
}

// walk adds the names of a schema and of all that it refers to.
func walk(ref *openapi3.SchemaRef, names map[string]bool) {
	if ref == nil {
		return
	}
	if name, named := strings.CutPrefix(ref.Ref, "#/components/schemas/"); named {
		if names[name] {
			return
		}
		names[name] = true
	}
	s := ref.Value
	walk(s.Items, names)
	walk(s.AdditionalProperties.Schema, names)
	for _, property := range s.Properties {
		walk(property, names)
	}
	for _, alternative := range s.AnyOf {
		walk(alternative, names)
	}
}

// member is a part of the document that can be removed.
type member struct {
	// name is "Schema.member", or the operation and the parameter.
	name string
	// text is what a pair has if it has the member.
	text   string
	within func(place) bool
	remove func() (restore func())
}

// isShown says whether a pair fails without the member.
func (m member) isShown(t *testing.T, all []place) bool {
	t.Helper()
	defer m.remove()()
	return slices.ContainsFunc(all, func(p place) bool {
		has := strings.Contains(p.body, m.text) || strings.Contains(string(p.answer.Body), m.text) || strings.Contains(p.request.Line, m.text)
		return has && m.within(p) && p.check(t.Context(), p.route, p.params) != nil
	})
}

// members returns the members of the schemas, and the parameters of the queries.
func members(d *openapi3.T) (out []member) {
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		out = append(out, properties(name, name, d.Components.Schemas[name].Value)...)
	}
	for _, path := range slices.Sorted(maps.Keys(d.Paths.Map())) {
		operations := d.Paths.Value(path).Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			out = append(out, queries(operations[method])...)
		}
	}
	return out
}

// properties returns the members of a schema, and of those inside of it that have no name
// of their own.
func properties(component, name string, s *openapi3.Schema) (out []member) {
	for _, property := range slices.Sorted(maps.Keys(s.Properties)) {
		ref := s.Properties[property]
		out = append(out, member{
			name + "." + property, property,
			func(p place) bool { return p.schemas[component] },
			func() func() {
				required := s.Required
				delete(s.Properties, property)
				s.Required = slices.DeleteFunc(slices.Clone(required), func(name string) bool { return name == property })
				return func() { s.Properties[property], s.Required = ref, required }
			},
		})
		for at := ref; at != nil && at.Ref == ""; at = at.Value.Items {
			out = append(out, properties(component, name+"."+property, at.Value)...)
		}
	}
	return out
}

// queries returns the parameters of the query of an operation alone.
func queries(o *openapi3.Operation) (out []member) {
	for i, ref := range o.Parameters {
		if ref.Ref != "" || ref.Value.In != openapi3.ParameterInQuery {
			continue
		}
		out = append(out, member{
			fmt.Sprint(o.OperationID, " ", ref.Value.Name), strings.TrimSuffix(ref.Value.Name, "[]"),
			func(p place) bool { return p.route.Operation == o },
			func() func() {
				all := o.Parameters
				o.Parameters = slices.Delete(slices.Clone(all), i, i+1)
				return func() { o.Parameters = all }
			},
		})
	}
	return out
}
