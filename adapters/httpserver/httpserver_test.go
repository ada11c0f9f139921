package httpserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"gatehouse/adapters/httpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// say answers every request with a word.
func say(word string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, word) })
}

// get asks once, on a connection of its own.
func get(ctx context.Context, network, address string) (string, error) {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gatehouse/", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// socketPath is short enough for a socket, which a test's own folder may not be.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// tcp is an endpoint on a free port.
func tcp(handler http.Handler) httpserver.Endpoint {
	return httpserver.Endpoint{Key: "http.address", Network: "tcp", Address: "127.0.0.1:0", Handler: handler}
}

func unix(path string, handler http.Handler) httpserver.Endpoint {
	return httpserver.Endpoint{Key: "http.socket", Network: "unix", Address: path, Handler: handler}
}

func start(t *testing.T, endpoints ...httpserver.Endpoint) *httpserver.Server {
	t.Helper()
	server := httpserver.New(zap.NewNop(), endpoints...)
	if err := server.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return server
}

func stop(t *testing.T, server *httpserver.Server) {
	t.Helper()
	if err := server.Stop(context.Background()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestServer_everyListener(t *testing.T) {
	t.Parallel()
	socket := socketPath(t)
	public := tcp(say("public"))
	public.Key = "http.public_address"
	none := httpserver.Endpoint{Key: "none", Network: "tcp"}
	server := start(t, tcp(say("internal")), unix(socket, say("internal")), none, public)
	at := server.Address("http.address")
	if strings.HasSuffix(at, ":0") || at == server.Address(public.Key) || server.Address("http.socket") != socket || server.Address(none.Key) != "" {
		t.Errorf("got addresses %q, %q, %q, %q", at, server.Address(public.Key), server.Address("http.socket"), server.Address(none.Key))
	}
	for _, test := range []struct{ network, address, want string }{
		{"tcp", at, "internal"}, {"unix", socket, "internal"}, {"tcp", server.Address(public.Key), "public"},
	} {
		if got, err := get(t.Context(), test.network, test.address); got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.address, got, err, test.want)
		}
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("socket: got %v, %v", info.Mode(), err)
	}
	stop(t, server)
	if _, err := os.Stat(socket); err == nil {
		t.Error("the socket is still there")
	}
}

func TestServer_drain(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	server := start(t, tcp(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "answered")
	})))
	address := server.Address("http.address")
	answer := make(chan string)
	go func() {
		body, err := get(context.Background(), "tcp", address)
		answer <- fmt.Sprint(body, err)
	}()
	<-entered
	stopped := make(chan error)
	go func() { stopped <- server.Stop(context.Background()) }()
	for { // until it accepts no connection
		peer, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		_ = peer.Close()
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a request under way: %v", err)
	default:
	}
	close(release)
	if got := <-answer; got != "answered<nil>" {
		t.Errorf("the request under way: got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestServer_drainIsLimited(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	server := start(t, tcp(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done() // the connection is closed
	})))
	answer := make(chan error)
	go func() {
		_, err := get(context.Background(), "tcp", server.Address("http.address"))
		answer <- err
	}()
	<-entered
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Stop(late); err == nil || !strings.Contains(err.Error(), "http.address: requests were cut off") {
		t.Errorf("Stop: got %v", err)
	}
	if err := <-answer; err == nil {
		t.Error("the request was answered")
	}
}

func TestServer_staleSocket(t *testing.T) {
	t.Parallel()
	socket := socketPath(t)
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	server := start(t, unix(socket, say("new")))
	defer stop(t, server)
	if got, err := get(t.Context(), "unix", socket); got != "new" {
		t.Errorf("got %q, %v", got, err)
	}
	second := httpserver.New(zap.NewNop(), unix(socket, nil))
	if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "http.socket: another process listens on "+socket) {
		t.Errorf("a socket in use: got %v", err)
	}
	if got, err := get(t.Context(), "unix", socket); got != "new" {
		t.Errorf("after the attempt: got %q, %v", got, err)
	}
}

func TestServer_startsEverywhereOrNowhere(t *testing.T) {
	t.Parallel()
	file := socketPath(t)
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httpserver.New(zap.NewNop(), tcp(nil), unix(file, nil))
	if err := server.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "is not a socket") {
		t.Errorf("Start on a file: got %v", err)
	}
	if _, err := net.Dial("tcp", server.Address("http.address")); err == nil {
		t.Error("the TCP address is still served")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Type() == fs.ModeSocket || info.Size() != 4 {
		t.Errorf("the file: got %v, %v", info, err)
	}
}

// TestServer_optionsOfAll asks about the server itself, which net/http would answer
// without the handler.
func TestServer_optionsOfAll(t *testing.T) {
	t.Parallel()
	server := start(t, tcp(http.NotFoundHandler()))
	defer stop(t, server)
	conn, err := net.Dial("tcp", server.Address("http.address"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: gatehouse\r\nConnection: close\r\n\r\n")
	if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != http.StatusNotFound {
		t.Errorf("got %v, %v, want 404", got, err)
	}
}
