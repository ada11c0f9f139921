package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// HealthPrefix is the path of the routes of MountHealth in front of their names.
const HealthPrefix = "/-/"

// HealthRoutes are the names of the routes of MountHealth.
var HealthRoutes = []string{"health", "liveness", "readiness"}

// readyTimeout is how long readiness waits for the database.
const readyTimeout = 5 * time.Second

type healthBody struct {
	Status string `json:"status"`
}

// healthRoutes are the routes of MountHealth, in the order of HealthRoutes.
var healthRoutes = []struct {
	Operation
	handle func(ready func(context.Context) error) gin.HandlerFunc
}{
	{Operation{
		Name: "getHealth", Summary: "Tell that the server runs",
		Answers: []Answer{{Status: http.StatusOK, Body: "", Media: "text/plain"}},
	}, func(func(context.Context) error) gin.HandlerFunc {
		return func(c *gin.Context) { c.String(http.StatusOK, "GitLab OK") }
	}},
	{Operation{
		Name: "getLiveness", Summary: "Tell that the server runs", Answers: []Answer{{Status: http.StatusOK, Body: healthBody{}}},
	}, func(func(context.Context) error) gin.HandlerFunc {
		return func(c *gin.Context) { c.JSON(http.StatusOK, healthBody{"ok"}) }
	}},
	{Operation{
		Name: "getReadiness", Summary: "Tell whether the server can do its work",
		Answers: []Answer{{Status: http.StatusOK, Body: healthBody{}}, {Status: http.StatusServiceUnavailable, Body: healthBody{}}},
	}, readiness},
}

// HealthOperations describes the routes of MountHealth.
func HealthOperations() []Operation {
	out := make([]Operation, len(healthRoutes))
	for i, r := range healthRoutes {
		r.Method, r.Path = http.MethodGet, HealthPrefix+HealthRoutes[i]
		r.Client = Client{Name: "health", About: "For load balancers, on every listener."}
		out[i] = r.Operation
	}
	return out
}

// MountHealth adds the routes by which a load balancer asks without a credential whether
// the server runs, and whether it can do its work: ready returns why not, or nil.
func MountHealth(r gin.IRouter, ready func(context.Context) error) {
	for i, o := range HealthOperations() {
		handler := healthRoutes[i].handle(ready)
		r.Handle(o.Method, o.Path, handler)
		r.Handle(http.MethodHead, o.Path, handler)
	}
}

func readiness(ready func(context.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
		defer cancel()
		if err := ready(ctx); err != nil {
			_ = c.Error(err)
			c.JSON(http.StatusServiceUnavailable, healthBody{"failed"})
			return
		}
		c.JSON(http.StatusOK, healthBody{"ok"})
	}
}
