package bench_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// serve runs a server until the end of the test, and returns its address and the
// heads of authenticated requests. Two settings differ from production: there is
// no rate limit, and the log is discarded after it is written. Each change is made to
// the settings.
func serve(t testing.TB, url string, changes ...func(*config.Config)) (address string, h heads) {
	t.Helper()
	settings := config.Default()
	settings.HTTP.Address = "127.0.0.1:0"
	settings.Database.URL = config.URL(url)
	settings.Shell.SecretFile = filepath.Join(t.TempDir(), "secret")
	settings.Kas.SecretFile = filepath.Join(t.TempDir(), "kas")
	settings.Git.RateLimit = 0
	settings.Log.Format = "json"
	for _, change := range changes {
		change(&settings)
	}
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan bootstrap.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- bootstrap.Run(ctx, settings, bootstrap.WithLog(bootstrap.NewLogger(settings.Log, io.Discard)),
			bootstrap.WhenListening(func(at bootstrap.Addresses) { listening <- at }))
	}()
	t.Cleanup(cancel)
	select {
	case at := <-listening:
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		return at.TCP, newHeads(token(t, settings.Shell.SecretFile))
	case err := <-ended:
		t.Fatalf("Run: %v", err)
		return "", heads{}
	}
}

// token returns a JWT that is valid for a day.
func token(t testing.TB, secretFile string) string {
	t.Helper()
	secret, err := os.ReadFile(secretFile)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "gitlab-shell", "iat": now.Unix(), "exp": now.Add(24 * time.Hour).Unix(),
	}).SignedString(bytes.TrimSpace(secret))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// listen serves a handler on the loopback address until the end of the test.
func listen(t testing.TB, handler http.Handler) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}
