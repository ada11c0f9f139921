package shell

import (
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/whois"
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

type keyResponse struct {
	ID        int64   `json:"id"`
	Title     string  `json:"title"`
	Key       string  `json:"key"`
	CreatedAt string  `json:"created_at"`
	ExpiresAt *string `json:"expires_at"`
	UsageType string  `json:"usage_type"`
}

// keyParams describe the parameter of /authorized_keys.
type keyParams struct {
	Key string `param:"key"`
}

// authorizedKeys answers GET /authorized_keys. Every doubt is a 404: a key without
// an id would open an SSH session without a user.
func (a *API) authorizedKeys(c *gin.Context) (any, error) {
	values, err := params.Of(c)
	if err != nil {
		return nil, err
	}
	if _, given := c.GetQuery("key"); !given && !values.Has("key") {
		return nil, domain.Refuse(domain.Invalid, "key is missing")
	}
	logKey(c, values.String("key"))
	found, err := a.useCases.Whois.Key(c.Request.Context(), values.String("key"))
	if err != nil {
		return nil, err
	}
	return keyResponse{
		ID: int64(found.Key.ID), Title: found.Key.Title, Key: a.publishedKey(found),
		CreatedAt: moment(found.Key.CreatedAt), ExpiresAt: optionalMoment(found.Key.ExpiresAt),
		UsageType: string(found.Key.Usage),
	}, nil
}

// logKey names a key in the log line of a refusal.
func logKey(c *gin.Context, key string) {
	if fingerprint, ok := identity.ParseBlob(key); ok {
		httpapi.AddLogFields(c, "key_fingerprint", "SHA256:"+string(fingerprint))
		return
	}
	httpapi.AddLogFields(c, "key_fingerprint", "unreadable")
}

// publishedKey returns the key as one line whose comment names the owner and the
// host, for GitLab Shell's authorized_keys file.
func (a *API) publishedKey(k whois.KeyAndUser) string {
	name := k.Name
	if name == "" {
		name = k.Key.Title
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, name)
	return k.Key.Line + " " + clean + " (" + a.instance.Host + ")"
}

type certRequest struct {
	Key            string `param:"key"`
	UserIdentifier string `param:"user_identifier"`
}

var certRequired = []string{"key", "user_identifier"}

// authorizedCerts answers GET /authorized_certs with 404, since SSH certificates are
// not supported. At a status above 404 GitLab Shell asks three times while a login
// waits.
func (a *API) authorizedCerts(c *gin.Context) (any, error) {
	var in certRequest
	err := params.Decode(c, &in, certRequired...)
	httpapi.AddLogFields(c, "user_identifier", in.UserIdentifier)
	if err != nil {
		return nil, err
	}
	return nil, domain.Refuse(domain.NotFound, "SSH certificates are not supported here. Use a key.")
}

type userResponse struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
}

// discover answers GET /discover. An unknown user is null with status 200: at a 404
// GitLab Shell prints an error instead of a welcome to an anonymous user.
func (a *API) discover(c *gin.Context) (any, error) {
	var in actorParams
	err := params.Decode(c, &in)
	in.log(c)
	if err != nil {
		return nil, err
	}
	user, err := a.useCases.Whois.User(c.Request.Context(), in.claim())
	if err != nil || !user.Known() {
		return nil, err
	}
	return newUserResponse(user), nil
}

func newUserResponse(u identity.User) userResponse {
	return userResponse{ID: int64(u.ID), Name: u.Name, Username: u.Username}
}

// moment writes a time as Rails does: UTC, with milliseconds.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func optionalMoment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := moment(t)
	return &text
}
