// Package httpapi has what all callers' routes share: the engine, the log line, id
// and limits of a request, the parser of signed tokens, and the Dialect that writes
// answers and refusals. Each caller has a package below it with its routes.
package httpapi

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"
)

// NewEngine returns an engine without routes that logs each request, turns a panic
// into a 500, never redirects and answers in JSON. A request with a body that no
// handler has admitted, be it refused or unknown, ends the connection. It believes X-Forwarded-For if the
// peer is in trustedProxies, a list of addresses and networks, or is connected by a
// Unix socket.
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
	engine.Use(identify, receive, requestLog(log), recovery(log))
	engine.NoRoute(func(c *gin.Context) { c.JSON(http.StatusNotFound, notFound) })
	engine.NoMethod(func(c *gin.Context) { c.JSON(http.StatusMethodNotAllowed, methodNotAllowed) })
	return engine, nil
}

// ClientIP returns the address of the client: that of the peer, or the one that a
// trusted proxy names. It is "" if neither is known, as on a Unix socket.
func ClientIP(c *gin.Context) string {
	if ip := c.ClientIP(); ip != "<nil>" { // gin's text for the peer of a Unix socket
		return ip
	}
	return ""
}
