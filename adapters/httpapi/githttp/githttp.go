// Package githttp serves Git over HTTP: it decides on each request of Git's smart protocol
// and moves the bytes between the client and Gitaly, or leaves that to Workhorse.
package githttp

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/application"
	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/application/gitaudit"
)

// UseCases are what answers the routes.
type UseCases struct {
	Credentials *credentials.Service
	Gatekeeper  *gitaccess.Gatekeeper
	Audit       *gitaudit.Service
	SmartHTTP   gitaccess.SmartHTTP
}

// Bans keeps addresses out that guess tokens. An invalid address is never counted.
type Bans interface {
	// Banned returns until when the address is kept out.
	Banned(address netip.Addr) (until time.Time, banned bool)
	// Failed counts an unknown token from the address.
	Failed(address netip.Addr)
	// Succeeded forgets what was counted for the address.
	Succeeded(address netip.Addr)
}

// Strangers limits the transfers of clients without credentials.
type Strangers interface {
	// Begin begins a transfer for the address, which ends with the call of end; ok is false
	// if there are too many.
	Begin(address netip.Addr) (end func(), ok bool)
}

// Settings are those of the instance.
type Settings struct {
	// GitConfigOptions are section.name=value, for the git that Gitaly runs.
	GitConfigOptions []string
	ExternalURL      string
	NeedAudit        bool
	// Workhorse is nil if none is in front.
	Workhorse *httpapi.Workhorse
}

// API has the routes. It is safe for concurrent use.
type API struct {
	useCases  UseCases
	bans      Bans
	strangers Strangers
	settings  Settings
	transfers *transfers
	// disk is what the spools of all requests have on disk, in bytes.
	disk atomic.Int64
	now  application.Clock
}

// New makes an API.
func New(useCases UseCases, bans Bans, strangers Strangers, settings Settings, now application.Clock) *API {
	return &API{useCases: useCases, bans: bans, strangers: strangers, settings: settings, transfers: newTransfers(), now: now}
}

// Drain lets the transfers under way end, and refuses new ones meanwhile. When ctx ends it
// cuts off the rest.
func (a *API) Drain(ctx context.Context) { a.transfers.drain(ctx) }

// Transfers returns how many are under way.
func (a *API) Transfers() int { return a.transfers.count() }

// Draining says whether Drain was called.
func (a *API) Draining() bool { return a.transfers.isDraining() }

// repositoryParam is the parameter of the routes that has the path of the repository.
const repositoryParam = "repository"

// Mount adds the routes to an engine of their own, whose requests come through Handler.
// Another method on a route is refused as the dumb protocol is.
func (a *API) Mount(engine *gin.Engine) {
	for _, r := range []struct {
		method, tail string
		handle       gin.HandlerFunc
	}{
		{http.MethodGet, infoRefsTail, a.infoRefs},
		{http.MethodPost, uploadPackTail, a.uploadPack},
		{http.MethodPost, receivePackTail, a.receivePack},
		{"", redirectTail, redirect},
		{"", lfsTail, a.noLFS},
		{"", otherTail, a.dumb},
	} {
		engine.Any("/:"+repositoryParam+"/"+r.tail, func(c *gin.Context) {
			if r.method != "" && c.Request.Method != r.method {
				a.dumb(c)
				return
			}
			r.handle(c)
		})
	}
	engine.NoRoute(func(c *gin.Context) { refuse(c, errNotFound) })
	engine.NoMethod(func(c *gin.Context) { refuse(c, errDumb) })
}

// Handler serves an engine with the routes below root. Each path has to be one of Git's.
func Handler(root string, engine http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		repository, tail, _ := split(httpapi.PathAsSent(root, r))
		// The repository is one segment there, so that the route names no project.
		httpapi.Serve(engine, w, r, "/"+url.PathEscape(repository)+"/"+tail)
	})
}

// The tails of the routes. A path of Git's has one of the first three behind that of the
// repository.
const (
	infoRefsTail    = "info/refs"
	uploadPackTail  = "git-upload-pack"
	receivePackTail = "git-receive-pack"
	// redirectTail stands for info/refs behind a path without ".git".
	redirectTail = "redirect"
	// lfsTail stands for the paths of Git LFS, and otherTail for all others.
	lfsTail   = "lfs"
	otherTail = "other"
)

// gitSuffix is between the path of a repository and the rest.
const gitSuffix = ".git/"

// IsGit says whether an escaped path, below the relative root, is one of Git's.
func IsGit(path string) bool {
	_, _, ok := split(path)
	return ok
}

// split parts an escaped path, below the relative root, into the full path of a repository,
// without ".git", and the tail of its route. ok is false for a path that is none of Git's.
// A path with an empty segment stays one, which no repository has.
func split(path string) (repository, tail string, ok bool) {
	path, rooted := strings.CutPrefix(path, "/")
	if first, _, _ := strings.Cut(strings.TrimLeft(path, "/"), "/"); !rooted || first == "api" || first == "-" {
		return "", "", false
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return "", "", false
	}
	repository, rest, ok := strings.Cut(path, gitSuffix)
	if !ok {
		repository, ok = strings.CutSuffix(path, "/"+infoRefsTail)
		return repository, redirectTail, ok && repository != ""
	}
	return repository, tailOf(rest), repository != ""
}

// tailOf returns the tail of the route for what follows the path of a repository.
func tailOf(rest string) string {
	switch {
	case rest == infoRefsTail, rest == uploadPackTail, rest == receivePackTail:
		return rest
	case strings.HasPrefix(rest, "info/lfs/"), strings.HasPrefix(rest, "gitlab-lfs/"):
		return lfsTail
	default:
		return otherTail
	}
}

// redirect sends a client to the path of the repository that ends in ".git", with which it
// goes on. The address is a path alone: no header says how clients reach this server.
func redirect(c *gin.Context) {
	sent, err := url.ParseRequestURI(c.Request.RequestURI)
	if err != nil || c.Request.Method != http.MethodGet || !isService(c.Query(serviceParam)) {
		refuse(c, errNotFound)
		return
	}
	location := strings.TrimSuffix(sent.EscapedPath(), "/"+infoRefsTail) + gitSuffix + infoRefsTail
	location = "/" + strings.TrimLeft(location, "/") // "//host" would be another server
	c.Header("Location", location+"?"+sent.RawQuery) // http.Redirect would clean the path
	c.Status(http.StatusMovedPermanently)
}
