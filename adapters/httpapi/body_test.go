package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpserver"
	"gatehouse/domain"
	"gatehouse/tests/pipe"
)

const (
	noRoute       = `404 {"message":"404 Not Found","error":"404 Not Found"}`
	noMethod      = `405 {"message":"405 Method Not Allowed","error":"405 Method Not Allowed"}`
	tooManyFields = `431 {"message":"431 Request Header Fields Too Large","error":"431 Request Header Fields Too Large"}`
	stranger      = `401 {"message":"Who are you?"}`
	tooMuch       = `413 {"message":"the request body is larger than 1048576 bytes","error":"the request body is larger than 1048576 bytes"}`
)

// serveBodies serves an engine by pipes, in a bubble with a clock of its own, and
// hands do a connection. Callers with the header Secret are admitted.
func serveBodies(t *testing.T, do func(t *testing.T, client net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		engine, _ := newEngine(t)
		routes := engine.Group("", httpapi.Limit(1<<20), authenticate)
		routes.POST("/read", dialect.Reply(func(c *gin.Context) (any, error) {
			body, err := io.ReadAll(c.Request.Body)
			if err != nil {
				return nil, domain.Refuse(domain.Invalid, "too slow")
			}
			return len(body), nil
		}))
		routes.Any("/work", dialect.Reply(func(c *gin.Context) (any, error) {
			time.Sleep(10 * time.Minute)
			return fmt.Sprint(c.Request.Context().Err()), nil
		}))
		routes.POST("/stream", dialect.Reply(func(c *gin.Context) (any, error) {
			httpapi.BeginStream(c, 5*time.Minute)
			if c.Query("read") == "" {
				return "early", nil
			}
			body, err := io.ReadAll(c.Request.Body)
			return len(body), err
		}))
		routes.POST("/refuse", dialect.Reply(func(*gin.Context) (any, error) { return nil, domain.Refuse(domain.Forbidden, "You may not.") }))
		listener := pipe.Listen()
		server := httpserver.New(zap.NewNop(), httpserver.Endpoint{Key: "pipe", Listener: listener, Handler: engine})
		if err := server.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		client, err := listener.Dial()
		if err != nil {
			t.Fatal(err)
		}
		do(t, client)
		_ = client.Close()
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// authenticate takes the secret from a header, or from the body.
func authenticate(c *gin.Context) {
	switch c.GetHeader("Secret") {
	case "header":
	case "body":
		if body, err := io.ReadAll(c.Request.Body); err != nil || string(body) != "secret" {
			dialect.Refuse(c, domain.Refuse(domain.Unauthenticated, "Who are you?"))
			return
		}
	default:
		dialect.Refuse(c, domain.Refuse(domain.Unauthenticated, "Who are you?"))
		return
	}
	httpapi.Admit(c)
}

// head returns the head of a request, with fields that are divided by commas.
func head(line, fields string) string {
	return line + " HTTP/1.1\r\nHost: gatehouse\r\n" + strings.ReplaceAll(fields, ",", "\r\n") + "\r\n\r\n"
}

// write sends a request. The server need not read all of it.
func write(client io.Writer, text string) { _, _ = io.WriteString(client, text) }

// wantAnswerOn reads one answer from a connection.
func wantAnswerOn(t *testing.T, from *bufio.Reader, want string) {
	t.Helper()
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatalf("got %v, want %s", err, want)
	}
	body, err := io.ReadAll(response.Body)
	if got := fmt.Sprint(response.StatusCode, " ", string(body)); got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func wantClosed(t *testing.T, from io.Reader) {
	t.Helper()
	if n, err := from.Read(make([]byte, 1)); n > 0 || errors.Is(err, net.ErrClosed) || err == nil {
		t.Errorf("got %d bytes, %v, want the end of the connection", n, err)
	}
}

// TestNewEngine_strangersBody sends the head of a request that is refused, and little
// or nothing of its body. If much of a body is left, net/http keeps the connection
// for half a second more so that the client sees the answer.
func TestNewEngine_strangersBody(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 1000)
	const length, chunked = "Content-Length: 1000", "Transfer-Encoding: chunked"
	for name, test := range map[string]struct {
		line, fields, body string
		want               string
		after              time.Duration
	}{
		"unknown route, silence":              {"POST /nope", length, "", noRoute, time.Second},
		"unknown route, silence, chunked":     {"POST /nope", chunked, "", noRoute, time.Second},
		"unknown route, large, silence":       {"POST /nope", "Content-Length: 100000000", "", noRoute, 1500 * time.Millisecond},
		"unknown route, no body":              {"GET /nope", "X: y", "", noRoute, 0},
		"no credential, no body":              {"GET /work", "X: y", "", stranger, 0},
		"more fields than any client sends":   {"GET /work", "Secret: header" + strings.Repeat(",a:", 100), "", tooManyFields, 0},
		"unknown route, body follows":         {"POST /nope", length, body, noRoute, 50 * time.Millisecond},
		"unknown route, closes, body follows": {"POST /nope", length + ",Connection: close", body, noRoute, 50 * time.Millisecond},
		"unknown route, chunks follow":        {"POST /nope", chunked, "3e8\r\n" + body + "\r\n0\r\n\r\n", noRoute, 50 * time.Millisecond},
		"unknown route, expects to continue":  {"POST /nope", length + ",Expect: 100-continue", "", noRoute, 0},
		"wrong method, silence":               {"PUT /read", length, "", noMethod, time.Second},
		"wrong method, body follows":          {"PUT /read", length, body, noMethod, 50 * time.Millisecond},
		"no credential, silence":              {"POST /read", length, "", stranger, time.Second},
		"no credential, silence, chunked":     {"POST /read", chunked, "", stranger, time.Second},
		"no credential, body follows":         {"POST /read", length, body, stranger, 50 * time.Millisecond},
		"no credential, expects to continue":  {"POST /read", length + ",Expect: 100-continue", "", stranger, 0},
		"too large, silence":                  {"POST /read", "Content-Length: 100000000", "", stranger, 1500 * time.Millisecond},
		"too large, expects to continue":      {"POST /read", "Content-Length: 100000000,Expect: 100-Continue", "", stranger, 0},
		"secret in a body that never comes":   {"POST /read", length + ",Secret: body", "", stranger, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			serveBodies(t, func(t *testing.T, client net.Conn) {
				start, from := time.Now(), bufio.NewReader(client)
				write(client, head(test.line, test.fields))
				if test.body != "" {
					time.Sleep(50 * time.Millisecond)
					if _, err := io.WriteString(client, test.body); err != nil {
						t.Errorf("the body: %v", err)
					}
				}
				wantAnswerOn(t, from, test.want)
				wantClosed(t, from)
				if got := time.Since(start); got != test.after {
					t.Errorf("closed after %v, want %v", got, test.after)
				}
			})
		})
	}
}

// TestNewEngine_strangersFlood sends a body without an end to an unknown route.
func TestNewEngine_strangersFlood(t *testing.T) {
	t.Parallel()
	serveBodies(t, func(t *testing.T, client net.Conn) {
		start := time.Now()
		go func() {
			write(client, head("POST /nope", "Content-Length: 100000000"))
			for {
				if _, err := client.Write(make([]byte, 1<<10)); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}()
		from := bufio.NewReader(client)
		wantAnswerOn(t, from, noRoute)
		wantClosed(t, from)
		if got := time.Since(start); got > 2*time.Second {
			t.Errorf("closed after %v", got)
		}
	})
}

// TestAdmit_time sends a body in two halves with a pause. A caller has 10 s and the
// time that the size needs at 64 KiB a second.
func TestAdmit_time(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fields string
		size   int
		pause  time.Duration
		want   string
	}{
		"small":                   {"Content-Length: %d", 1000, 9 * time.Second, "200 1000"},
		"small, too slow":         {"Content-Length: %d", 1000, 11 * time.Second, `400 {"message":"too slow","error":"too slow"}`},
		"large":                   {"Content-Length: %d", 1 << 20, 25 * time.Second, "200 1048576"},
		"large, too slow":         {"Content-Length: %d", 1 << 20, 27 * time.Second, `400 {"message":"too slow","error":"too slow"}`},
		"as the route allows":     {"Transfer-Encoding: chunked", 1000, 25 * time.Second, "200 1000"},
		"chunked, too slow":       {"Transfer-Encoding: chunked", 1000, 27 * time.Second, `400 {"message":"too slow","error":"too slow"}`},
		"told to continue":        {"Content-Length: %d,Expect: 100-continue", 1000, 9 * time.Second, "200 1000"},
		"of a stranger, too slow": {"Content-Length: %d,Secret: body", 1 << 20, 11 * time.Second, stranger},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			serveBodies(t, func(t *testing.T, client net.Conn) {
				from, fields := bufio.NewReader(client), test.fields
				if !strings.Contains(fields, "Secret") {
					fields += ",Secret: header"
				}
				chunked := !strings.Contains(fields, "%d")
				if !chunked {
					fields = fmt.Sprintf(fields, test.size)
				}
				write(client, head("POST /read", fields))
				if strings.Contains(fields, "Expect") {
					if got, err := http.ReadResponse(from, nil); err != nil || got.StatusCode != http.StatusContinue {
						t.Fatalf("got %v, %v, want 100", got, err)
					}
				}
				half, end := strings.Repeat("x", test.size/2), ""
				if chunked {
					half, end = fmt.Sprintf("%x\r\n%s\r\n", len(half), half), "0\r\n\r\n"
				}
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					write(client, half)
					time.Sleep(test.pause)
					write(client, half+end)
				}()
				wantAnswerOn(t, from, test.want)
				<-sent
			})
		})
	}
}

// TestAdmit_slowHandler answers after every deadline, and then answers the next
// request on the connection.
func TestAdmit_slowHandler(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"no body":            head("GET /work", "Secret: header"),
		"empty body":         head("POST /work", "Secret: header,Content-Length: 0"),
		"secret in the body": head("POST /work", "Secret: body,Content-Length: 6") + "secret",
		"secret in a chunk":  head("POST /work", "Secret: body,Transfer-Encoding: chunked") + "6\r\nsecret\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			serveBodies(t, func(t *testing.T, client net.Conn) {
				from := bufio.NewReader(client)
				for range 3 {
					go write(client, request)
					wantAnswerOn(t, from, `200 "\u003cnil\u003e"`)
					time.Sleep(time.Minute) // idle
				}
			})
		})
	}
}

// TestAdmit_refused reads the rest of a body for five seconds after a refusal, and
// keeps the connection if that was all of it.
func TestAdmit_refused(t *testing.T) {
	t.Parallel()
	const refused = `401 {"message":"You may not."}`
	request := head("POST /refuse", "Secret: header,Content-Length: 1000000")
	serveBodies(t, func(t *testing.T, client net.Conn) {
		from := bufio.NewReader(client)
		for range 2 {
			go func() {
				write(client, request)
				time.Sleep(4 * time.Second)
				write(client, strings.Repeat("x", 1000000))
			}()
			wantAnswerOn(t, from, refused)
		}
		start := time.Now()
		go write(client, request)
		wantAnswerOn(t, from, refused)
		wantClosed(t, from)
		if got := time.Since(start); got != 5500*time.Millisecond {
			t.Errorf("closed after %v, want 5.5s", got)
		}
	})
}

// TestBeginStream sends half of a body, and the rest after the time of ordinary bodies. If
// the handler leaves it, the server reads on for five seconds.
func TestBeginStream(t *testing.T) {
	t.Parallel()
	const size = 1000000
	for name, test := range map[string]struct {
		line, want string
		pause      time.Duration
		kept       bool
	}{
		"body read":              {"POST /stream?read=all", "200 1000000", time.Hour, true},
		"body left, comes":       {"POST /stream", `200 "early"`, 4 * time.Second, true},
		"body left, never comes": {"POST /stream", `200 "early"`, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			serveBodies(t, func(t *testing.T, client net.Conn) {
				from := bufio.NewReader(client)
				sent := make(chan error, 1)
				go func() {
					write(client, head(test.line, "Secret: header,Content-Length: 1000000")+strings.Repeat("x", size/2))
					time.Sleep(test.pause)
					_, err := io.WriteString(client, strings.Repeat("x", size/2))
					sent <- err
				}()
				wantAnswerOn(t, from, test.want)
				if err := <-sent; (err == nil) != test.kept {
					t.Errorf("the rest of the body: got %v, want it taken: %t", err, test.kept)
				}
			})
		})
	}
}

// TestBeginStream_recorder streams to a writer of no server.
func TestBeginStream_recorder(t *testing.T) {
	t.Parallel()
	engine, _ := newEngine(t)
	engine.GET("/", func(c *gin.Context) {
		httpapi.BeginStream(c, time.Minute)
		c.String(http.StatusOK, "hello")
	})
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	if got := recorder.Body.String(); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// TestAdmit_tooLarge sends bodies above the limit: the caller can send all that the
// limit allows, and is refused before the handler reads.
func TestAdmit_tooLarge(t *testing.T) {
	t.Parallel()
	for name, fields := range map[string]string{
		"all of it":         "Content-Length: 1048577",
		"waits to continue": "Content-Length: 1048577,Expect: 100-continue",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			serveBodies(t, func(t *testing.T, client net.Conn) {
				from := bufio.NewReader(client)
				go func() {
					write(client, head("POST /read", "Secret: header,"+fields))
					if !strings.Contains(fields, "Expect") {
						write(client, strings.Repeat("x", 1<<20+1))
					}
				}()
				wantAnswerOn(t, from, tooMuch)
				wantClosed(t, from)
			})
		})
	}
}
