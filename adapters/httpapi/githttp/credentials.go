package githttp

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/application/credentials"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// client is who sends a request.
type client struct {
	// token is nil for a client without credentials.
	token *identity.AccessToken
	// address is invalid if it is not known.
	address netip.Addr
}

// stranger says whether the client shows no credentials.
func (c client) stranger() bool { return c.token == nil }

// tokenID returns the number of the token; 0 without one.
func (c client) tokenID() int64 {
	if c.stranger() {
		return 0
	}
	return c.token.ID
}

// claim names the user of the token.
func (c client) claim() identity.Claim {
	if c.stranger() {
		return identity.Claim{}
	}
	return identity.Claim{Kind: identity.ByUser, ID: int64(c.token.User)}
}

// authenticate returns who sends a request, or refuses credentials that are wrong, also
// where none are needed: Git would go on with them.
func (a *API) authenticate(c *gin.Context) (client, error) {
	address, _ := source.ParseAddress(httpapi.ClientIP(c))
	if until, banned := a.bans.Banned(address); banned {
		return client{}, a.errBanned(c, until)
	}
	text, given := accessToken(c.Request)
	if !given {
		return client{address: address}, nil
	}
	token, err := a.findToken(c, text)
	switch {
	case errors.Is(err, credentials.ErrUnknownToken):
		a.bans.Failed(countedAddress(c, address))
		return client{}, errWrongCredentials.Because(err)
	case errors.Is(err, domain.Unauthenticated):
		return client{}, errWrongCredentials.Because(err)
	case err != nil:
		return client{}, err
	}
	a.bans.Succeeded(address)
	httpapi.Admit(c)
	httpapi.AddAnswerFields(c, zap.Int64("user_id", int64(token.User)), zap.Int64("token_id", token.ID))
	return client{&token, address}, nil
}

func (a *API) findToken(c *gin.Context, text string) (identity.AccessToken, error) {
	if text == "" {
		return identity.AccessToken{}, errWrongCredentials // which is no guess
	}
	return a.useCases.Credentials.GitToken(c.Request.Context(), text)
}

// jobTokenUser is the user name that comes with tokens of CI jobs, of which there are none
// here.
const jobTokenUser = "gitlab-ci-token"

// accessToken returns the access token that a request shows; given is false if it shows
// nothing at all. The text is empty for credentials of another kind.
func accessToken(r *http.Request) (text string, given bool) {
	header := strings.TrimSpace(r.Header.Get("Authorization"))
	if header == "" {
		return "", false
	}
	scheme, rest, _ := strings.Cut(header, " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(rest), true
	}
	user, password, _ := r.BasicAuth()
	if user == jobTokenUser {
		return "", true
	}
	return password, true
}

// countedAddress returns the address that a guess is counted for. It is invalid for that of
// many: the address of a proxy which is not trusted, or of this machine. Only a proxy of the
// own network counts as one, since everyone can send the header.
func countedAddress(c *gin.Context, address netip.Addr) netip.Addr {
	proxied := c.GetHeader("X-Forwarded-For") != "" && address.IsPrivate()
	if address == peer(c) && (proxied || address.IsLoopback()) {
		return netip.Addr{}
	}
	return address
}

// peer returns the address of the other end of the connection.
func peer(c *gin.Context) netip.Addr {
	address, _ := source.ParseAddress(c.Request.RemoteAddr)
	return address
}

// errBanned refuses a banned address until then.
func (a *API) errBanned(c *gin.Context, until time.Time) error {
	left := max(time.Minute, until.Sub(a.now()).Round(time.Minute))
	return domain.Refuse(domain.Forbidden, "Too many wrong access tokens came from your address. Try again in %d minutes.", int(left.Minutes()))
}
