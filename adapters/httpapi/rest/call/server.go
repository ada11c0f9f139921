// Package call answers the requests of the management API: it knows who asks, reads the
// parameters, pages the lists, and writes answers and refusals. What a route answers with is
// left to the packages of the resources.
package call

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/credentials"
	"gatehouse/application/projects"
	"gatehouse/domain/identity"
)

// UseCases answer what is asked of every request.
type UseCases struct {
	Credentials *credentials.Service
	Accounts    *accounts.Service
	Projects    *projects.Reader
}

// Server serves routes: it knows the callers by their tokens, and limits how often they
// ask. It is safe for concurrent use.
type Server struct {
	useCases    UseCases
	externalURL string
	limits      Limits
	now         application.Clock
}

// NewServer makes a Server. The external URL is the public base of every URL, without a
// trailing slash.
func NewServer(useCases UseCases, externalURL string, limits Limits, now application.Clock) *Server {
	return &Server{useCases, externalURL, limits, now}
}

// Mount adds routes, which api answers, to r, which stands for /api/v4.
func Mount[API any](s *Server, r gin.IRouter, api *API, routes []Handled[API]) {
	for _, route := range routes {
		handler := s.serve(route.Route, func(c *Call) (any, error) { return route.Handle(api, c) })
		r.Handle(route.Method, route.Path, handler)
		if route.Method == http.MethodGet {
			r.Handle(http.MethodHead, route.Path, handler)
		}
	}
}

// serve returns the handler of a route.
func (s *Server) serve(route Route, handle func(*Call) (any, error)) gin.HandlerFunc {
	status := route.status()
	reply := dialect.Reply(func(g *gin.Context) (any, error) {
		for i, p := range g.Params {
			g.Params[i].Value = storable(p.Value)
		}
		c := &Call{Route: route, gin: g, externalURL: s.externalURL}
		if err := s.authenticate(c); err != nil {
			return nil, err
		}
		values, err := params.Of(g)
		if err != nil && !errors.Is(err, params.Null) { // client-go sends null for no options
			return nil, err
		}
		c.values = values
		g.Status(status)
		answer, err := handle(c)
		if err != nil {
			return s.whereMoved(c, err)
		}
		return answer, nil
	})
	return func(g *gin.Context) {
		if slices.ContainsFunc(g.Params, func(p gin.Param) bool { return p.Value == "" }) {
			Unknown(g) // an empty segment names no row, and is no shorter route
			return
		}
		setHeaders(g)
		reply(g)
	}
}

// storable returns a name as it is if a store takes it, which wants UTF-8 without NUL, and
// else one that no row has.
func storable(name string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", "\uFFFD"), "\uFFFD")
}

// setHeaders sets the headers of every answer.
func setHeaders(g *gin.Context) {
	g.Header("Content-Type", mediaType) // without a charset: python-gitlab compares the whole
	g.Header("Cache-Control", "max-age=0, private, must-revalidate")
	g.Header("Vary", "Origin")
	g.Header("X-Content-Type-Options", "nosniff")
	g.Header("X-Frame-Options", "SAMEORIGIN")
}

const mediaType = "application/json"

// Unknown answers every path below /api/v4 that is no route.
func Unknown(g *gin.Context) {
	setHeaders(g)
	g.JSON(http.StatusNotFound, errorBody{"404 Not Found"})
}

// NoMethod answers a route that has no such method.
func NoMethod(g *gin.Context) {
	setHeaders(g)
	g.JSON(http.StatusMethodNotAllowed, errorBody{"405 Not Allowed"})
}

// logUser names the caller in the log line of a refusal.
func logUser(c *Call, who identity.User) {
	httpapi.AddLogFields(c.gin, "actor", identity.Actor{User: who}.String(), "username", who.Username)
}
