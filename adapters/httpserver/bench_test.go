package httpserver_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpserver"
)

// BenchmarkServer asks a Server and a bare http.Server in turn, each on one connection
// that stays open, and reports the throughput of the Server as a ratio of the other's.
func BenchmarkServer(b *testing.B) {
	answer := say(strings.Repeat("x", 500))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	bare := &http.Server{Handler: answer, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = bare.Serve(listener) }()
	defer bare.Close()
	server := httpserver.New(zap.NewNop(), tcp(answer))
	if err := server.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = server.Stop(b.Context()) }()

	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ask := func(address string) time.Duration {
		start := time.Now()
		response, err := client.Post("http://"+address, "text/plain", strings.NewReader("body"))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return time.Since(start)
	}
	var ours, theirs time.Duration
	for b.Loop() {
		ours += ask(server.Address("http.address"))
		theirs += ask(listener.Addr().String())
	}
	b.ReportMetric(float64(theirs)/float64(ours), "of-bare")
}
