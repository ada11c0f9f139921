package shell

import (
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/whois"
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

type checkResponse struct {
	APIVersion    string `json:"api_version"`
	GitLabVersion string `json:"gitlab_version"`
	// GitLabRev is what Rails sends, GitLabRevision what Gitaly reads.
	GitLabRev      string `json:"gitlab_rev"`
	GitLabRevision string `json:"gitlab_revision"`
	// Redis says whether the counters can be reached, wherever they are.
	Redis bool `json:"redis"`
}

// check answers GET /check: 200 also where the counters are down, since the
// health of everything else is what callers want to know.
func (a *API) check(c *gin.Context) (any, error) {
	return checkResponse{
		APIVersion:    "v4",
		GitLabVersion: a.instance.Version,
		GitLabRev:     a.instance.Revision, GitLabRevision: a.instance.Revision,
		Redis: a.useCases.Receiver.Healthy(c.Request.Context()),
	}, nil
}

type keyResponse struct {
	ID        int64   `json:"id"`
	Title     string  `json:"title"`
	Key       string  `json:"key"`
	CreatedAt string  `json:"created_at"`
	ExpiresAt *string `json:"expires_at"`
	UsageType string  `json:"usage_type"`
}

// authorizedKeys answers GET /authorized_keys. A key without an id would let
// the client in as nobody, so that every doubt is a 404.
func (a *API) authorizedKeys(c *gin.Context) (any, error) {
	values, err := params.Of(c)
	if err != nil {
		return nil, err
	}
	if _, given := c.GetQuery("key"); !given && !values.Has("key") {
		return nil, domain.Refuse(domain.Invalid, "key is missing")
	}
	card, err := a.useCases.Whois.Key(c.Request.Context(), values.String("key"))
	if err != nil {
		return nil, err
	}
	return keyResponse{
		ID: int64(card.Key.ID), Title: card.Key.Title, Key: a.publishedKey(card),
		CreatedAt: moment(card.Key.CreatedAt), ExpiresAt: optionalMoment(card.Key.ExpiresAt),
		UsageType: string(card.Key.Usage),
	}, nil
}

// publishedKey is the key as one line, its comment the owner and the host:
// GitLab Shell writes it into an authorized_keys file and takes no other.
func (a *API) publishedKey(card whois.KeyAndUser) string {
	name := card.Name
	if name == "" {
		name = card.Key.Title
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, name)
	return card.Key.Line + " " + clean + " (" + a.instance.Host + ")"
}

type userResponse struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
}

// discover answers GET /discover. Nobody is null, with status 200: a 404 would
// make GitLab Shell print an error where it should greet a stranger.
func (a *API) discover(c *gin.Context) (any, error) {
	var in actorParams
	if err := params.Decode(c, &in); err != nil {
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
