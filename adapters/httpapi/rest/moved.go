package rest

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
func (a *API) whereMoved(c *call, err error) (any, error) {
	location, err := a.moved(c, err)
	if err != nil {
		return nil, err
	}
	c.gin.Header("Location", location)
	c.status(http.StatusMovedPermanently)
	return messageBody{"301 Moved Permanently"}, nil
}

// moved returns the address of the same route by number for a project that was not found,
// or err if the path is none of the past, or if it is hidden. It refuses what would change
// something.
func (a *API) moved(c *call, err error) (location string, _ error) {
	path := c.gin.Param("id")
	if !errors.Is(err, rights.Hidden(rights.Project)) || !c.route.ofProject() || isDigits(path) || !source.IsPath(path) {
		return "", err
	}
	id, found := a.useCases.Projects.MovedTo(c.context(), c.caller, path)
	switch {
	case found != nil:
		return "", found
	case id == 0:
		return "", err
	case c.route.Method != http.MethodGet:
		return "", errMovedProject
	}
	return c.sameRoute(int64(id)), nil
}

// ofProject says whether the path of the route names a project.
func (r Route) ofProject() bool { return strings.HasPrefix(r.Path, "/projects/:id") }

// sameRoute returns the address of the request, relative to that of the server, with a
// number in place of the group or project in its path.
func (c *call) sameRoute(id int64) string {
	sent, err := url.ParseRequestURI(c.gin.Request.RequestURI)
	if err != nil {
		return ""
	}
	segments := strings.Split(sent.EscapedPath(), "/")
	behind := strings.Count(c.route.Path, "/") - 2 // the segments behind :id
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
