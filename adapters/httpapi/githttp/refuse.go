package githttp

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
)

// The refusals that are not a decision's.
var (
	errNoCredentials = domain.Refuse(domain.Unauthenticated,
		"Log in to go on: the password is an access token, the user name can be any.")
	errWrongCredentials = domain.Refuse(domain.Unauthenticated,
		"The access token is wrong, has expired or was revoked. The password is an access token, and the user name can be any; a password of an account does not count.")
	errNotFound     = domain.Refuse(domain.NotFound, "The project was not found, or you have no access to it. Check its path, and your account.")
	errNoRepository = domain.Refuse(domain.NotFound, "There is no repository for this project yet. Try again in a minute; if that does not help, tell your administrator.")
	errDumb         = domain.Refuse(domain.Forbidden, "Only Git's smart HTTP protocol is served here. Use a client that knows it, such as git.")
	errNoGitaly     = domain.Refuse(domain.Unavailable, "The server that keeps the repository, Gitaly, cannot be reached at the moment. Try again later.")
	errStopping     = domain.Refuse(domain.Unavailable, "This server is about to stop. Try again in a moment.")
	errManyPulls    = domain.Refuse(domain.TooMany, "Too many clients without an account fetch at the moment. Try again later, or log in with an access token.")
	errFailed       = domain.Refuse(domain.Unprocessable, "Git did not understand the request, or could not do what it asks for.")
	errBody         = domain.Refuse(domain.Invalid, "This request takes no body.")
	errHungUp       = domain.Refuse(domain.Invalid, "The client hung up.")
	errCutShort     = domain.Refuse(domain.Invalid, "The request did not arrive as a whole.")
)

// statusError is a refusal with a status that no kind has.
type statusError struct {
	status int
	*domain.Refusal
}

// challenge asks for credentials in the words that Git's credential helpers look for.
const challenge = `Basic realm="GitLab"`

// retryAfter is how long a client should wait that is refused for the time being, where
// nothing else is known.
const retryAfter = time.Minute

// refuse ends a request with the status and the words of a refusal, in plain text: Git shows
// it line by line behind "remote:". Any other error is a 500 that says nothing about it.
func refuse(c *gin.Context, err error) {
	_ = c.Error(err)
	status, words := http.StatusInternalServerError, "Something went wrong here. Try again later, or tell your administrator."
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok {
		status, words = httpapi.StatusOf(refusal.Kind), refusal.Error()
	}
	if special, ok := errors.AsType[*statusError](err); ok {
		status, words = special.status, special.Error()
	}
	switch status {
	case http.StatusUnauthorized:
		c.Header("WWW-Authenticate", challenge)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		setRetryAfter(c, err)
	}
	c.Header("Cache-Control", "no-cache")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(status, "text/plain; charset=utf-8", []byte(words+"\n"))
	c.Abort()
}

func setRetryAfter(c *gin.Context, err error) {
	wait := retryAfter
	if busy, ok := errors.AsType[*gitaccess.BusyError](err); ok && busy.RetryAfter > 0 {
		wait = busy.RetryAfter
	}
	c.Header("Retry-After", strconv.FormatInt(max(1, int64(wait.Round(time.Second)/time.Second)), 10))
}

// ofGitaly returns the refusal for an error of gitaccess.SmartHTTP.
func ofGitaly(err error) error {
	if _, ok := errors.AsType[*domain.Refusal](err); ok {
		return err
	}
	switch {
	case errors.Is(err, domain.NotFound):
		return errNoRepository.Because(err)
	case errors.Is(err, domain.TooMany):
		return errBusy.Because(err)
	case errors.Is(err, domain.Unavailable):
		return errNoGitaly.Because(err)
	case errors.Is(err, domain.Unprocessable):
		return errFailed.Because(err)
	default:
		return err
	}
}
