package httpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpserver"
	"gatehouse/tests/pipe"
)

const (
	getRequest = "GET / HTTP/1.1\r\nHost: gatehouse\r\n\r\n"
	withBody   = "POST / HTTP/1.1\r\nHost: gatehouse\r\nContent-Length: 4\r\n\r\n"
)

// onPipes serves an endpoint by pipes in a bubble with a clock of its own, and hands
// do the function that opens a connection.
func onPipes(t *testing.T, e httpserver.Endpoint, do func(t *testing.T, server *httpserver.Server, dial func() net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := pipe.Listen()
		e.Key, e.Listener = "pipe", listener
		server := httpserver.New(zap.NewNop(), e)
		if err := server.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		do(t, server, func() net.Conn {
			client, err := listener.Dial()
			if err != nil {
				t.Fatal(err)
			}
			return client
		})
		stop(t, server)
	})
}

func send(t *testing.T, client net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(client, text); err != nil {
		t.Errorf("send %.30q: %v", text, err)
	}
}

// answer reads an answer whose body is want.
func answer(t *testing.T, from *bufio.Reader, want string) {
	t.Helper()
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatalf("got %v, want %q", err, want)
	}
	if got, err := io.ReadAll(response.Body); string(got) != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// closedAfter reads to the end of the connection.
func closedAfter(t *testing.T, client io.Reader, want time.Duration) {
	t.Helper()
	start := time.Now()
	_, _ = io.Copy(io.Discard, client)
	if got := time.Since(start); got != want {
		t.Errorf("closed after %v, want %v", got, want)
	}
}

func TestServer_silence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sent string
		idle time.Duration
		want time.Duration
	}{
		"nothing":                 {"", 0, 10 * time.Second},
		"half a head":             {"GET / HT", 0, 10 * time.Second},
		"head without its body":   {withBody, 0, 10 * time.Second},
		"head without its chunks": {"POST / HTTP/1.1\r\nHost: gatehouse\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 10 * time.Second},
		"no second request":       {getRequest, 0, 2 * time.Minute},
		"no second request, idle": {getRequest, 15 * time.Second, 15 * time.Second},
		"half a second request":   {getRequest + "GET / HT", 0, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onPipes(t, httpserver.Endpoint{Handler: say("hello"), Idle: test.idle}, func(t *testing.T, _ *httpserver.Server, dial func() net.Conn) {
				client := dial()
				go send(t, client, test.sent)
				closedAfter(t, client, test.want)
			})
		})
	}
}

// TestServer_slowHandler answers later than every deadline. Neither the request nor
// the next one on the connection ends by a deadline of the first.
func TestServer_slowHandler(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]bool{"body read": true, "body not read": false} {
		for _, request := range []string{getRequest, withBody + "body"} {
			t.Run(name+", "+request[:4], func(t *testing.T) {
				t.Parallel()
				onPipes(t, httpserver.Endpoint{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if read {
						_, _ = io.Copy(io.Discard, r.Body)
					}
					time.Sleep(3 * time.Minute)
					_, _ = fmt.Fprint(w, r.Context().Err())
				})}, func(t *testing.T, _ *httpserver.Server, dial func() net.Conn) {
					client := dial()
					from := bufio.NewReader(client)
					go send(t, client, request)
					answer(t, from, "<nil>")
					if request != getRequest && !read {
						return // the body is not read in time, so the connection ends
					}
					time.Sleep(time.Minute)
					go send(t, client, request)
					answer(t, from, "<nil>")
				})
			})
		}
	}
}

// TestServer_writes cuts a client that sends requests and reads no answer. One that
// reads a long answer gets the time for it.
func TestServer_writes(t *testing.T) {
	t.Parallel()
	const (
		long   = 1 << 20 // all but the beginning has 10 s, and 15 s for its size
		buffer = 4 << 10 // net/http writes the first bytes of an answer by themselves
	)
	for name, test := range map[string]struct {
		size, begin int
		readAt      time.Duration
		complete    bool
	}{
		"short answer, not read":     {4, 1, 11 * time.Second, false},
		"short answer, read late":    {4, 1, 9 * time.Second, true},
		"long answer, read late":     {long, buffer, 24 * time.Second, true},
		"long answer, read too late": {long, buffer, 27 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onPipes(t, httpserver.Endpoint{Handler: say(strings.Repeat("x", test.size))}, func(t *testing.T, _ *httpserver.Server, dial func() net.Conn) {
				client := dial()
				defer client.Close()
				send(t, client, getRequest)
				begin := make([]byte, test.begin)
				if _, err := io.ReadFull(client, begin); err != nil {
					t.Fatal(err)
				}
				time.Sleep(test.readAt)
				response, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(begin), client)), nil)
				if err == nil {
					_, err = io.Copy(io.Discard, response.Body)
				}
				if (err == nil) != test.complete {
					t.Errorf("got %v, want a complete answer: %t", err, test.complete)
				}
			})
		})
	}
}

func TestServer_largeHead(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{15 << 10: "200 OK", 24 << 10: "431 Request Header Fields Too Large"} {
		onPipes(t, httpserver.Endpoint{Handler: say("hello")}, func(t *testing.T, _ *httpserver.Server, dial func() net.Conn) {
			client := dial()
			defer client.Close()
			go func() {
				// The server does not read all of a head that is too large.
				_, _ = io.WriteString(client, "GET /?"+strings.Repeat("x", size)+" HTTP/1.1\r\nHost: gatehouse\r\n\r\n")
			}()
			response, err := http.ReadResponse(bufio.NewReader(client), nil)
			if err != nil {
				t.Fatal(err)
			}
			if response.Status != want {
				t.Errorf("%d bytes: got %s, want %s", size, response.Status, want)
			}
		})
	}
}

func TestServer_connections(t *testing.T) {
	t.Parallel()
	onPipes(t, httpserver.Endpoint{Handler: say("hello"), Connections: 2}, func(t *testing.T, _ *httpserver.Server, dial func() net.Conn) {
		for range 2 {
			defer dial().Close() // silent, so they hold their places for ten seconds
		}
		start := time.Now()
		client := dial()
		defer client.Close()
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("accepted after %v, want 10s", got)
		}
		go send(t, client, getRequest)
		answer(t, bufio.NewReader(client), "hello")
	})
}

// TestServer_Stop_strangers stops a server while an admitted request waits for its
// body. Connections without an admitted request do not hold it up.
func TestServer_Stop_strangers(t *testing.T) {
	t.Parallel()
	admitThenRead := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Secret") != "" {
			w.(interface{ Admit() }).Admit()
		}
		if r.Header.Get("Stream") != "" {
			w.(interface{ Stream(idle time.Duration) }).Stream(time.Hour)
		}
		body, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %v", body, err)
	})
	admitted := strings.Replace(withBody, "\r\n", "\r\nSecret: known\r\n", 1)
	stranger := strings.Replace(withBody, "\r\n", "\r\nStream: yes\r\n", 1)
	for name, test := range map[string]struct {
		sent []string
		want time.Duration
	}{
		"nothing is open":                {nil, 0},
		"silence":                        {[]string{""}, 2 * time.Second},
		"half a head":                    {[]string{"GET / HT"}, 2 * time.Second},
		"head without its body":          {[]string{withBody}, 2 * time.Second},
		"stream of a stranger":           {[]string{stranger}, 2 * time.Second},
		"stranger after admitted":        {[]string{admitted + "body" + withBody}, 2 * time.Second},
		"admitted request under way":     {[]string{admitted}, 5 * time.Second},
		"admitted request and strangers": {[]string{"", "GET / HT", withBody, admitted}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onPipes(t, httpserver.Endpoint{Handler: admitThenRead}, func(t *testing.T, server *httpserver.Server, dial func() net.Conn) {
				for _, sent := range test.sent {
					client := dial()
					defer client.Close()
					if sent != admitted {
						go func() { _, _ = io.Copy(io.Discard, client) }()
						send(t, client, sent)
						continue
					}
					send(t, client, sent)
					go func() {
						time.Sleep(5 * time.Second)
						send(t, client, "body")
						answer(t, bufio.NewReader(client), "body <nil>")
					}()
				}
				synctest.Wait()
				start := time.Now()
				if err := server.Stop(context.Background()); err != nil {
					t.Error(err)
				}
				if got := time.Since(start).Round(time.Second); got != test.want {
					t.Errorf("stopped after %v, want %v", got, test.want)
				}
			})
		})
	}
}

// streamed says how long a handler wrote its answer, and how that ended.
type streamed struct {
	took time.Duration
	err  error
}

// streaming reads the body of a request and answers with size bytes, both for as long
// as they take if the peer takes some in each five minutes. The path /plain gets the
// ordinary time.
func streaming(size int, done func(streamed)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/plain" {
			w.(interface{ Stream(idle time.Duration) }).Stream(5 * time.Minute)
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, err := io.Copy(io.Discard, r.Body)
		start := time.Now()
		if err == nil {
			_, err = w.Write(make([]byte, size))
		}
		done(streamed{time.Since(start), err})
	})
}

// slow reads one byte in each 4 minutes.
type slow struct{ from io.Reader }

// Read implements io.Reader.
func (s slow) Read(p []byte) (int, error) {
	time.Sleep(4 * time.Minute)
	return s.from.Read(p[:1])
}

// TestServer_stream sends a body after the time of ordinary ones, and takes the answer
// byte by byte. The next request on the connection has the ordinary times again.
func TestServer_stream(t *testing.T) {
	t.Parallel()
	const size = 16 << 10
	plain := strings.Replace(getRequest, "/", "/plain", 1)
	for name, test := range map[string]struct {
		next string
		want time.Duration
	}{
		"the next answer is not taken":     {plain, 10 * time.Second},
		"the next body does not come":      {strings.Replace(withBody, "/", "/plain", 1), 10 * time.Second},
		"the next request does not come":   {"", 2 * time.Minute},
		"the next answer is streamed, too": {getRequest, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var done chan streamed
			onPipes(t, httpserver.Endpoint{Handler: streaming(size, func(s streamed) { done <- s })}, func(t *testing.T, _ *httpserver.Server, dial func() net.Conn) {
				done = make(chan streamed, 2) // within the bubble, so that its clock goes on
				client := dial()
				defer client.Close()
				send(t, client, withBody)
				time.Sleep(time.Hour)
				send(t, client, "body")
				answer(t, bufio.NewReader(slow{client}), strings.Repeat("\x00", size))
				if got := <-done; got.err != nil {
					t.Fatalf("got %v after %v", got.err, got.took)
				}
				send(t, client, test.next)
				start := time.Now()
				if test.next == "" {
					closedAfter(t, client, test.want)
				} else if got := <-done; got.err == nil || time.Since(start) != test.want {
					t.Errorf("got %v after %v, want an error after %v", got.err, time.Since(start), test.want)
				}
			})
		})
	}
}

// TestServer_stream_stops has clients that take some of an answer and then stop.
func TestServer_stream_stops(t *testing.T) {
	t.Parallel()
	const size, buffer = 16 << 10, 4 << 10 // net/http writes the first bytes of an answer by themselves
	for taken, want := range map[int]time.Duration{0: 5 * time.Minute, 1: 330 * time.Second, buffer: 5 * time.Minute, buffer + 1: 330 * time.Second} {
		t.Run(strconv.Itoa(taken), func(t *testing.T) {
			t.Parallel()
			var done chan streamed
			onPipes(t, httpserver.Endpoint{Handler: streaming(size, func(s streamed) { done <- s })}, func(t *testing.T, _ *httpserver.Server, dial func() net.Conn) {
				done = make(chan streamed, 1) // within the bubble, so that its clock goes on
				client := dial()
				defer client.Close()
				send(t, client, getRequest)
				if _, err := io.ReadFull(client, make([]byte, taken)); err != nil {
					t.Fatal(err)
				}
				if got := <-done; got.took != want || !errors.Is(got.err, os.ErrDeadlineExceeded) {
					t.Errorf("got %v after %v, want an error after %v", got.err, got.took, want)
				}
			})
		})
	}
}
