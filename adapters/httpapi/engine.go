// Package httpapi answers what holds for every HTTP request, whoever calls: its
// log line, its id, its limits, and how an answer or a refusal is written. The
// callers' packages below it say what is asked.
package httpapi

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"
)

// NewEngine returns an engine without routes that logs each request, survives
// panics, never redirects and says everything in JSON. The peers in
// trustedProxies, addresses or networks, may name the client in X-Forwarded-For;
// so may whoever can open a Unix socket that the engine is served on.
func NewEngine(log *zap.Logger, trustedProxies []string) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	engine.UseRawPath = true // a parameter may hold %2F
	engine.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := engine.SetTrustedProxies(trustedProxies); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	engine.Use(identify, requestLog(log), recovery(log))
	engine.NoRoute(func(c *gin.Context) { c.JSON(http.StatusNotFound, notFound) })
	engine.NoMethod(func(c *gin.Context) { c.JSON(http.StatusMethodNotAllowed, methodNotAllowed) })
	return engine, nil
}

// ClientIP returns the address of the client as far as the peer may be believed,
// or "" if it is not known, as on a Unix socket.
func ClientIP(c *gin.Context) string {
	if ip := c.ClientIP(); ip != "<nil>" { // gin's word for a Unix socket's peer
		return ip
	}
	return ""
}
