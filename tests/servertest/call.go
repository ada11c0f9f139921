package servertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Call is a request. Its zero value is a request of GitLab Shell or Gitaly: JSON
// over TCP with a token.
type Call struct {
	// Route is a method and a path behind /api/v4/internal. A path that begins
	// with two slashes replaces the relative root and that prefix as well.
	Route string
	Body  string
	Form  bool
	// Padding is how many times the letter x follows the body.
	Padding int64
	// Chunked sends the body without a Content-Length.
	Chunked bool
	Over    Listener   // TCP if empty
	By      Credential // ByToken if nil
	// AgentToken is the token of the Kubernetes agent for which kas calls.
	AgentToken string
}

// Listener is one of the three listeners of a server.
type Listener string

// The listeners of a server.
const (
	TCP    Listener = "tcp"
	Unix   Listener = "unix"
	Public Listener = "public"
)

// Dial opens a connection to a listener.
func (s *Server) Dial(ctx context.Context, over Listener) (net.Conn, error) {
	switch over {
	case Unix:
		return new(net.Dialer).DialContext(ctx, "unix", s.Socket)
	case Public:
		return new(net.Dialer).DialContext(ctx, "tcp", s.Public)
	default:
		return new(net.Dialer).DialContext(ctx, "tcp", s.TCP)
	}
}

// Credential returns the header by which a caller authenticates. An empty name
// means no header.
type Credential func(s *Server) (name, value string)

// ByToken returns a token signed with the shared secret, as GitLab Shell and
// Gitaly send it.
func ByToken(s *Server) (name, value string) {
	now := time.Now()
	return TokenHeader, s.Sign(jwt.MapClaims{"iss": "gitlab-shell", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()})
}

// TokenHeader is the header of ByToken.
const TokenHeader = "Gitlab-Shell-Api-Request"

// BySecret returns the shared secret itself, as GitLab Shell sent it until 14.12.
func BySecret(s *Server) (name, value string) {
	return "Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString(s.Secret) + "\n"
}

// Anonymous returns no credential.
func Anonymous(*Server) (name, value string) { return "", "" }

// Sign returns a token signed with the shared secret.
func (s *Server) Sign(claims jwt.MapClaims) string {
	return s.SignWith(s.Secret, claims)
}

// SignWith returns a token signed with a secret. The test fails if the log
// contains a part of the token.
func (s *Server) SignWith(secret []byte, claims jwt.MapClaims) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		panic(err) // claims are plain values
	}
	for part := range strings.SplitSeq(token, ".") {
		s.Log.Hide(part)
	}
	return token
}

// Send makes a call on a new connection, as GitLab Shell does.
func (s *Server) Send(ctx context.Context, c Call) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, WaitTimeout)
	defer cancel()
	request, err := s.request(ctx, c)
	if err != nil {
		return Answer{}, err
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx, c.Over) },
	}
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	s.hideAnswer(body)
	return Answer{Status: response.StatusCode, ContentType: response.Header.Get("Content-Type"), Body: string(body)}, err
}

// hideAnswer hides the secrets that an answer contains.
func (s *Server) hideAnswer(body []byte) {
	var given struct {
		Token         string   `json:"token"`
		LFSToken      string   `json:"lfs_token"`
		RecoveryCodes []string `json:"recovery_codes"`
	}
	if json.Unmarshal(body, &given) != nil {
		return
	}
	for _, secret := range append(given.RecoveryCodes, given.Token, given.LFSToken) {
		if secret != "" {
			s.Log.Hide(secret)
		}
	}
}

func (s *Server) request(ctx context.Context, c Call) (*http.Request, error) {
	method, path, _ := strings.Cut(c.Route, " ")
	if whole, ok := strings.CutPrefix(path, "//"); ok {
		path = "/" + whole
	} else {
		path = Root + "/api/v4/internal" + path
	}
	body := io.MultiReader(strings.NewReader(c.Body), io.LimitReader(letters{}, c.Padding))
	request, err := http.NewRequestWithContext(ctx, method, "http://gatehouse"+path, body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = int64(len(c.Body)) + c.Padding
	if request.ContentLength == 0 {
		request.Body = http.NoBody
	}
	if c.Chunked {
		request.ContentLength = -1
	}
	request.Header.Set("Content-Type", "application/json")
	if c.Form {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.AgentToken != "" {
		request.Header.Set("Authorization", "Bearer "+c.AgentToken)
	}
	if c.By == nil {
		c.By = ByToken
	}
	if name, value := c.By(s); name != "" {
		s.Log.Hide(strings.TrimSpace(value))
		request.Header.Set(name, strings.TrimSpace(value))
	}
	return request, nil
}

// letters is an endless text of the letter x.
type letters struct{}

// Read implements io.Reader.
func (letters) Read(p []byte) (int, error) { return copy(p, someLetters), nil }

var someLetters = strings.Repeat("x", 64<<10)

// Ask makes a call, and fails the test without an answer.
func (s *Server) Ask(t *testing.T, c Call) Answer {
	t.Helper()
	a, err := s.Send(t.Context(), c)
	if err != nil {
		t.Fatalf("%s: %v", c.Route, err)
	}
	return a
}

// Begin makes a call in the background and returns a channel for its answer. If
// the call fails, the answer has status 0 and the error as its body.
func (s *Server) Begin(c Call) <-chan Answer {
	pending := make(chan Answer, 1)
	go func() {
		a, err := s.Send(context.Background(), c)
		if err != nil {
			a.Body = err.Error()
		}
		pending <- a
	}()
	return pending
}

// Get asks for a path behind /api/v4/internal.
func (s *Server) Get(t *testing.T, path string) Answer {
	t.Helper()
	return s.Ask(t, Call{Route: "GET " + path})
}

// Post sends JSON to a path behind /api/v4/internal.
func (s *Server) Post(t *testing.T, path, body string) Answer {
	t.Helper()
	return s.Ask(t, Call{Route: "POST " + path, Body: body})
}

// ByKas returns a token as kas signs it.
func ByKas(s *Server) (name, value string) {
	text, err := os.ReadFile(s.Config.Kas.SecretFile)
	if err != nil {
		panic(err) // the server created the file
	}
	secret, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		panic(err)
	}
	now := time.Now()
	return "Gitlab-Kas-Api-Request", s.SignWith(secret, jwt.MapClaims{
		"iss": "gitlab-kas", "aud": []string{"gitlab"}, "iat": now.Unix(), "nbf": now.Unix() - 5, "exp": now.Unix() + 5,
	})
}

// ByPortal returns the portal's access token.
func ByPortal(*Server) (name, value string) { return "PRIVATE-TOKEN", PortalToken }

// AskAll makes all calls concurrently, distributed over the servers, and returns
// the answers in the order of the calls.
func AskAll(servers []*Server, calls []Call) []Answer {
	pending := make([]<-chan Answer, len(calls))
	for i, c := range calls {
		pending[i] = servers[i%len(servers)].Begin(c)
	}
	answers := make([]Answer, len(calls))
	for i := range pending {
		answers[i] = <-pending[i]
	}
	return answers
}
