package call

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// errMovedProject refuses to change a project by a path of the past.
var errMovedProject = domain.Refuse(domain.Invalid, "Non GET methods are not allowed for moved projects")

// whereMoved answers a request that failed with err. Where a project was not found by a
// path of the past it leads to the same route by number.
func (s *Server) whereMoved(c *Call, err error) (any, error) {
	location, err := s.moved(c, err)
	if err != nil {
		return nil, err
	}
	c.gin.Header("Location", location)
	c.gin.Status(http.StatusMovedPermanently)
	return MessageBody{"301 Moved Permanently"}, nil
}

// moved returns the address of the same route by number for a project that was not found,
// or err if the path is none of the past, or if it is hidden. It refuses what would change
// something.
func (s *Server) moved(c *Call, err error) (location string, _ error) {
	path := c.Param(c.Route.projectParam())
	if !errors.Is(err, rights.Hidden(rights.Project)) || isDigits(path) || !source.IsPath(path) {
		return "", err
	}
	id, found := s.useCases.Projects.MovedTo(c.Context(), c.Caller, path)
	switch {
	case found != nil:
		return "", found
	case id == 0:
		return "", err
	case c.Route.Method != http.MethodGet:
		return "", errMovedProject
	}
	return c.sameRoute(int64(id)), nil
}

// ofProject says whether the path of the route names a project.
func (r Route) ofProject() bool { return r.projectParam() != "" }

// projectParam is the parameter of the path that names a project; empty for none.
func (r Route) projectParam() string {
	switch {
	case strings.HasPrefix(r.Path, "/projects/:id"):
		return "id"
	case strings.HasSuffix(r.Path, "/:project_id"):
		return "project_id"
	}
	return ""
}

// sameRoute returns the address of the request, relative to that of the server, with a
// number in place of the group or project in its path.
func (c *Call) sameRoute(id int64) string {
	sent, err := url.ParseRequestURI(c.gin.Request.RequestURI)
	if err != nil {
		return ""
	}
	segments := strings.Split(sent.EscapedPath(), "/")
	behind := strings.Count(c.Route.Path, "/") - 2 // the segments behind :id
	at := len(segments) - 1 - behind
	if at < 0 {
		return ""
	}
	segments[at] = strconv.FormatInt(id, 10)
	location := strings.Join(segments, "/")
	if sent.RawQuery != "" {
		location += "?" + sent.RawQuery
	}
	return location
}
