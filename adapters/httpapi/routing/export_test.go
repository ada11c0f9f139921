package routing

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"
)

// Mounted returns the handler of a kind of listener, and the routes that gin serves
// there.
func Mounted(apis APIs, settings Settings, kind Listener) (handler http.Handler, routes gin.RoutesInfo, err error) {
	b := builder{settings: settings, log: zap.NewNop()}
	handler = b.listener(apis, kind)
	for _, engine := range b.engines {
		routes = append(routes, engine.Routes()...)
	}
	return handler, routes, b.err
}
