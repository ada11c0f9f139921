package repositories

import (
	"net/http"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/projects"
)

// searchRoutes search the instance.
var searchRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/search", Name: "search", Summary: "Search the projects that the caller may see by name, description and full path",
		Who: call.SignedIn, Params: searchParams{}, List: true, Orders: call.Orders{Names: []string{"created_at"}, Descending: true}, Answer: entity.BasicProject{},
	}, Handle: (*API).search},
}

// searchParams are the parameters of a search.
type searchParams struct {
	Scope  searchScope `param:"scope,required"`
	Search string      `param:"search,filled"`
}

// searchScope is what is searched for. Of GitLab's scopes there is one.
type searchScope string

var searchScopes = []searchScope{"projects"}

// Words are the words that it takes.
func (searchScope) Words() []string { return call.Texts(searchScopes) }

// ReadParam implements params.Reader.
func (s *searchScope) ReadParam(value any) (problem string) {
	*s, problem = params.Word(value, searchScopes)
	return problem
}

// search answers GET /search.
func (a *API) search(c *call.Call) (any, error) {
	var in searchParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	l, err := a.useCases.Projects.List(c.Context(), c.Caller, projects.Filter{Search: in.Search, SearchPaths: true}, page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, l, projectPosition, a.instance.BasicProject)
}
