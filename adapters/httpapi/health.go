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

// MountHealth adds the routes by which a load balancer asks without a credential whether
// the server runs, and whether it can do its work: ready returns why not, or nil.
func MountHealth(r gin.IRouter, ready func(context.Context) error) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.Handle(method, HealthPrefix+"health", func(c *gin.Context) { c.String(http.StatusOK, "GitLab OK") })
		r.Handle(method, HealthPrefix+"liveness", func(c *gin.Context) { c.JSON(http.StatusOK, healthBody{"ok"}) })
		r.Handle(method, HealthPrefix+"readiness", func(c *gin.Context) {
			ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
			defer cancel()
			if err := ready(ctx); err != nil {
				_ = c.Error(err)
				c.JSON(http.StatusServiceUnavailable, healthBody{"failed"})
				return
			}
			c.JSON(http.StatusOK, healthBody{"ok"})
		})
	}
}
