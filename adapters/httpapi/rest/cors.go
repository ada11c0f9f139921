package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsHeaders = "Authorization, Content-Type, If-Unmodified-Since, PRIVATE-TOKEN, Sudo, X-Request-Id"
	// corsExposed are the headers of an answer that a page may read.
	corsExposed = "Link, X-Total, X-Total-Pages, X-Per-Page, X-Page, X-Next-Page, X-Prev-Page, X-Request-Id, Retry-After, " +
		"RateLimit-Limit, RateLimit-Observed, RateLimit-Remaining, RateLimit-Reset, RateLimit-ResetTime, RateLimit-Name"
	corsMaxAge = "7200"
)

// CORS is middleware that lets pages of some origins call the API, by tokens: no cookie
// is ever read. Without origins it does nothing.
func (a *API) CORS(g *gin.Context) {
	origin := g.GetHeader("Origin")
	anyOrigin := slices.Contains(a.instance.CORSOrigins, "*")
	if origin == "" || !anyOrigin && !slices.Contains(a.instance.CORSOrigins, strings.ToLower(origin)) {
		return
	}
	if anyOrigin {
		origin = "*"
	}
	g.Header("Access-Control-Allow-Origin", origin)
	g.Header("Access-Control-Expose-Headers", corsExposed)
	if g.Request.Method == http.MethodOptions && g.GetHeader("Access-Control-Request-Method") != "" {
		g.Header("Access-Control-Allow-Methods", corsMethods)
		g.Header("Access-Control-Allow-Headers", corsHeaders)
		g.Header("Access-Control-Max-Age", corsMaxAge)
		g.Header("Vary", "Origin")
		g.AbortWithStatus(http.StatusNoContent)
	}
}
