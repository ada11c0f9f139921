package integration_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// call is one request as a caller makes it; what is left out is what GitLab
// Shell and Gitaly do today: JSON over TCP, with a token.
type call struct {
	// route is a method and a path behind /api/v4/internal, or a whole one
	// that begins with two slashes.
	route string
	body  string
	form  bool
	// chunked sends a body without saying how long it is.
	chunked bool
	over    door
	by      credential
	// agent is the token of a Kubernetes agent, if one is behind the call.
	agent string
}

// door is a listener.
type door string

const (
	tcp    door = "tcp"
	unix   door = "unix"
	public door = "public"
)

func (s *server) dial(ctx context.Context, d door) (net.Conn, error) {
	switch d {
	case unix:
		return new(net.Dialer).DialContext(ctx, "unix", s.Socket)
	case public:
		return new(net.Dialer).DialContext(ctx, "tcp", s.Public)
	default:
		return new(net.Dialer).DialContext(ctx, "tcp", s.TCP)
	}
}

// credential is how a caller says who it is: a header, or nothing.
type credential func(s *server) (name, value string)

// byToken signs one as GitLab Shell and Gitaly do.
func byToken(s *server) (name, value string) {
	now := time.Now()
	return tokenHeader, s.sign(jwt.MapClaims{"iss": "gitlab-shell", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()})
}

const tokenHeader = "Gitlab-Shell-Api-Request"

// bySecret sends the secret itself, as GitLab Shell did until 14.12.
func bySecret(s *server) (name, value string) {
	return "Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString(s.secret) + "\n"
}

func byNobody(*server) (name, value string) { return "", "" }

// sign makes a token that must not get into the log.
func (s *server) sign(claims jwt.MapClaims) string {
	return s.signWith(s.secret, claims)
}

func (s *server) signWith(secret []byte, claims jwt.MapClaims) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		panic(err) // claims are plain values
	}
	for part := range strings.SplitSeq(token, ".") {
		s.log.hide(part)
	}
	return token
}

// answer is what came back.
type answer struct {
	status int
	kind   string // of content
	body   string
}

// send makes a call on a connection of its own, as the real callers do.
func (s *server) send(ctx context.Context, c call) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := s.request(ctx, c)
	if err != nil {
		return answer{}, err
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx, c.over) },
	}
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	s.hideAnswer(body)
	return answer{response.StatusCode, response.Header.Get("Content-Type"), string(body)}, err
}

// hideAnswer keeps in mind the secrets that an answer gives away.
func (s *server) hideAnswer(body []byte) {
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
			s.log.hide(secret)
		}
	}
}

func (s *server) request(ctx context.Context, c call) (*http.Request, error) {
	method, path, _ := strings.Cut(c.route, " ")
	if whole, ok := strings.CutPrefix(path, "//"); ok {
		path = "/" + whole
	} else {
		path = root + "/api/v4/internal" + path
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://gatehouse"+path, strings.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	if c.chunked {
		request.ContentLength = -1
	}
	request.Header.Set("Content-Type", "application/json")
	if c.form {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.agent != "" {
		request.Header.Set("Authorization", "Bearer "+c.agent)
	}
	if c.by == nil {
		c.by = byToken
	}
	if name, value := c.by(s); name != "" {
		s.log.hide(strings.TrimSpace(value))
		request.Header.Set(name, strings.TrimSpace(value))
	}
	return request, nil
}

// ask makes a call in a test's own goroutine.
func (s *server) ask(t *testing.T, c call) answer {
	t.Helper()
	a, err := s.send(t.Context(), c)
	if err != nil {
		t.Fatalf("%s: %v", c.route, err)
	}
	return a
}

// start makes a call in the background. The answer to one that failed says why.
func (s *server) start(c call) <-chan answer {
	pending := make(chan answer, 1)
	go func() {
		a, err := s.send(context.Background(), c)
		if err != nil {
			a.body = err.Error()
		}
		pending <- a
	}()
	return pending
}

// get and post are calls as they are made today.
func (s *server) get(t *testing.T, path string) answer {
	t.Helper()
	return s.ask(t, call{route: "GET " + path})
}

func (s *server) post(t *testing.T, path, body string) answer {
	t.Helper()
	return s.ask(t, call{route: "POST " + path, body: body})
}

// is fails the test unless the answer is JSON and has all that want has; lists
// have to be equal.
func (a answer) is(t *testing.T, what string, status int, want string) {
	t.Helper()
	if err := a.lacks(status, want); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func (a answer) lacks(status int, want string) error {
	var wanted, got any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		return fmt.Errorf("the wanted answer %s: %w", want, err)
	}
	err := json.Unmarshal([]byte(a.body), &got)
	if err != nil || !strings.HasPrefix(a.kind, "application/json") || a.status != status || !holds(got, wanted) {
		return fmt.Errorf("got %d %s %.500s, want %d %s", a.status, a.kind, a.body, status, want)
	}
	return nil
}

// holds says whether every member of want is in got.
func holds(got, want any) bool {
	members, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(got, want)
	}
	have, ok := got.(map[string]any)
	for name, value := range members {
		there, found := have[name]
		ok = ok && found && holds(there, value)
	}
	return ok
}

// refusal fails the test unless the answer has that status and says why in a
// "message" that is a text: the callers show nothing else.
func (a answer) refusal(t *testing.T, what string, status int) {
	t.Helper()
	var body struct {
		Message string `json:"message"`
	}
	err := json.NewDecoder(bytes.NewReader([]byte(a.body))).Decode(&body)
	if err != nil || !strings.HasPrefix(a.kind, "application/json") || a.status != status || body.Message == "" {
		t.Errorf("%s: got %d %s %.500s, want %d with a message (%v)", what, a.status, a.kind, a.body, status, err)
	}
}

func TestAnswer_lacks(t *testing.T) {
	t.Parallel()
	a := answer{200, "application/json; charset=utf-8", `{"a":{"b":1,"c":2},"d":[1]}`}
	if err := a.lacks(200, `{"a":{"b":1},"d":[1]}`); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`{"a":{"b":2}}`, `{"a":{"e":null}}`, `{"d":[]}`, `{"d":{"e":1}}`, `null`, `[]`} {
		if a.lacks(200, want) == nil {
			t.Errorf("%s counts as %s", a.body, want)
		}
	}
	if a.lacks(201, `{}`) == nil || (answer{200, "text/plain", "{}"}).lacks(200, `{}`) == nil || (answer{200, "application/json", "{"}).lacks(200, `{}`) == nil {
		t.Error("neither status, type nor syntax counts")
	}
}
