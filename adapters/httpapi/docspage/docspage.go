// Package docspage answers with a page on which a person reads the document of the API and
// tries its calls. The page is Swagger UI, with settings and a style of its own.
package docspage

import (
	"embed"
	"html"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
)

// Path is that of the page. Its files are below it.
const Path = "/-/docs"

//go:embed assets/page.html
var template string

//go:embed assets/page.js assets/page.css assets/icon.svg
var assets embed.FS

// policy lets the page load its own files and call its own origin, and nothing else. Swagger
// UI needs no inline script and no inline style; its style sheet has pictures in data URLs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Mount adds the page and its files to r, which stands for the path root: "" or one such as
// "/gitlab". The page loads root + "/api/v4/openapi.json". It sets no cookie, and keeps no
// token.
func Mount(r gin.IRouter, root string) {
	r = r.Group("", protect)
	page := strings.ReplaceAll(template, "{{root}}", html.EscapeString(root))
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.Handle(method, Path, func(c *gin.Context) {
			c.Header("Content-Type", "text/html; charset=utf-8")
			http.ServeContent(c.Writer, c.Request, "", time.Time{}, strings.NewReader(page))
		})
		r.Handle(method, Path+"/:file", serveFile)
	}
}

// protect is middleware that keeps pages of other origins away from the page, and the page
// away from other origins. A browser asks whether its copy is still the newest one before it
// uses it, so that page and files are of one version.
func protect(c *gin.Context) {
	for name, value := range map[string]string{
		"Cache-Control":                "no-cache",
		"Content-Security-Policy":      policy,
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
	} {
		c.Header(name, value)
	}
}

// Operations describes the routes of Mount.
func Operations() []httpapi.Operation {
	client := httpapi.Client{Name: "documentation", About: "People read this document on a page, and try the calls."}
	return []httpapi.Operation{
		{
			Method: http.MethodGet, Path: Path, Name: "getDocs", Summary: "Show this document as a page", Client: client,
			Answers: []httpapi.Answer{{Status: http.StatusOK, Body: "", Media: "text/html"}},
		},
		{
			Method: http.MethodGet, Path: Path + "/:file", Name: "getDocsFile", Summary: "Get a file of the page", Client: client,
			Answers: []httpapi.Answer{
				{Status: http.StatusOK, Body: "", Media: "image/svg+xml"}, {Status: http.StatusOK, Body: "", Media: "text/css"},
				{Status: http.StatusOK, Body: "", Media: "text/javascript"},
				{Status: http.StatusNotModified},
			},
			Refusals: refusals,
		},
	}
}
