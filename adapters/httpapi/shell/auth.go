package shell

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application"
	"gatehouse/domain"
)

const (
	tokenHeader  = "Gitlab-Shell-Api-Request"
	secretHeader = "Gitlab-Shared-Secret"
	secretParam  = "secret_token"

	unauthorized = "401 Unauthorized"
	forbidden    = "403 Forbidden"

	issuer       = "gitlab-shell"
	leeway       = time.Minute
	warnInterval = time.Minute
)

// Secrets returns the secrets that are valid now, the current one first: each
// without the white space around it and, if it has some, also with it. An
// Authenticator calls it for every request.
type Secrets func() [][]byte

// Legacy says how to treat callers that send the secret itself instead of a token
// signed with it, as GitLab Shell did until 14.12.
type Legacy string

// The treatments. Any other word means LegacyReject.
const (
	LegacyAccept Legacy = "accept"
	LegacyWarn   Legacy = "warn" // accept, and name the caller in the log
	LegacyReject Legacy = "reject"
)

var (
	errUnauthorized = domain.Refuse(domain.Unauthenticated, unauthorized)
	errNotSearched  = domain.Refuse(domain.Unauthenticated,
		unauthorized+" - the secret is not looked for in a large body: send the header "+tokenHeader+" or "+secretHeader)
	errNoCredential = errors.New("no credential")
	errWrongSecret  = errors.New("wrong secret")
	errLegacy       = errors.New("no token, and legacy secrets are rejected")
)

// Authenticator lets callers pass that know a secret of GitLab Shell. It is safe
// for concurrent use.
type Authenticator struct {
	secrets Secrets
	legacy  Legacy
	clock   application.Clock
	log     *zap.Logger
	tokens  *httpapi.TokenChecker
	// workhorse is nil if none is in front.
	workhorse *httpapi.Workhorse

	mu       sync.Mutex
	nextWarn time.Time
}

// NewAuthenticator makes an Authenticator; log is for LegacyWarn. With requireExp a
// token without an end is refused.
func NewAuthenticator(secrets Secrets, legacy Legacy, requireExp bool, clock application.Clock, log *zap.Logger) *Authenticator {
	return &Authenticator{
		secrets: secrets, legacy: legacy, clock: clock, log: log,
		tokens: httpapi.NewTokenChecker(issuer, leeway, requireExp, clock),
	}
}

// AcceptEvents lets a Workhorse in front tell of events; nil stands for none. It has to be
// called before the first request.
func (a *Authenticator) AcceptEvents(from *httpapi.Workhorse) { a.workhorse = from }

// Authenticate is middleware that refuses every caller that does not know a secret.
// They all get the same 401, before any parameter is judged; the reason goes to the
// request log. Only a body that is too large to be searched gets a 401 that says so.
// Before the caller is known, no more of a body is read than is searched.
func (a *Authenticator) Authenticate(c *gin.Context) { a.authenticate(c, dialect) }

// AuthenticateEvent is Authenticate for git_audit_event, where GitLab refuses with
// 403 instead. It takes the token of a Workhorse as well, where there is none of GitLab Shell.
func (a *Authenticator) AuthenticateEvent(c *gin.Context) {
	signed, err := a.workhorse.Signed(c.Request)
	switch {
	case !signed || c.GetHeader(tokenHeader) != "":
		a.authenticate(c, eventAuthDialect)
	case err != nil:
		eventAuthDialect.Refuse(c, fmt.Errorf("%w: %w", errUnauthorized, err))
	default:
		httpapi.Admit(c)
	}
}

// eventAuthDialect makes a 403 of a 401.
var eventAuthDialect = httpapi.Dialect{
	Status: map[domain.Kind]int{domain.Unauthenticated: http.StatusForbidden},
	Words: func(kind domain.Kind, reason string) string {
		if kind == domain.Unauthenticated {
			return strings.Replace(reason, unauthorized, forbidden, 1)
		}
		return words(kind, reason)
	},
}

func (a *Authenticator) authenticate(c *gin.Context, dialect httpapi.Dialect) {
	err := a.check(c)
	switch {
	case err == nil:
		httpapi.Admit(c)
	case errors.Is(err, params.ErrNotSearched):
		dialect.Refuse(c, errNotSearched.Because(err))
	case errors.Is(err, domain.Unavailable):
		dialect.Refuse(c, err)
	default:
		dialect.Refuse(c, fmt.Errorf("%w: %w", errUnauthorized, err))
	}
}

// check returns why a request does not prove that its caller knows a secret. A bad
// token fails the request, whatever secret it has beside.
func (a *Authenticator) check(c *gin.Context) error {
	if token := c.GetHeader(tokenHeader); token != "" {
		// The secrets include the text of the file with its newline: until 14.11 GitLab Shell
		// signed with that.
		return a.tokens.Check(token, a.secrets())
	}
	if a.legacy != LegacyAccept && a.legacy != LegacyWarn {
		return errLegacy
	}
	given, err := presented(c)
	if err != nil {
		return err
	}
	if !a.known(given) {
		return errWrongSecret
	}
	a.warn(c)
	return nil
}

// presented returns the secrets that a request may mean: the header is base64, the
// parameter may be.
func presented(c *gin.Context) ([][]byte, error) {
	if header := c.GetHeader(secretHeader); header != "" {
		return [][]byte{decode(header)}, nil
	}
	given, err := params.Credential(c, secretParam)
	if err != nil {
		return nil, err
	}
	if given == "" {
		return nil, errNoCredential
	}
	return [][]byte{[]byte(given), decode(given)}, nil
}

// decode reads base64 as leniently as Ruby: in either alphabet, broken into lines,
// with or without padding. It returns nil for anything else.
func decode(encoded string) []byte {
	standard := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || r == '=':
			return -1
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		default:
			return r
		}
	}, encoded)
	decoded, err := base64.RawStdEncoding.DecodeString(standard)
	if err != nil {
		return nil
	}
	return decoded
}

// known says whether one of the candidates is a secret. It compares in constant
// time, and ignores white space around a candidate.
func (a *Authenticator) known(candidates [][]byte) bool {
	found, secrets := 0, a.secrets()
	for _, candidate := range candidates {
		candidate = bytes.TrimSpace(candidate)
		for _, secret := range secrets {
			if len(candidate) > 0 {
				found |= subtle.ConstantTimeCompare(candidate, secret)
			}
		}
	}
	return found == 1
}

// warn logs a caller that should be updated, at most one in a minute.
func (a *Authenticator) warn(c *gin.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock()
	if a.legacy != LegacyWarn || now.Before(a.nextWarn) {
		return
	}
	a.nextWarn = now.Add(warnInterval)
	a.log.Warn("a caller sends the secret itself; GitLab Shell 13.26 and later can sign a token with it",
		zap.String("caller", httpapi.Caller(c)), zap.String("remote_ip", httpapi.ClientIP(c)),
		zap.String("correlation_id", httpapi.RequestID(c.Request.Context())))
}
