package bench_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// secret is shared by all servers and the floor.
var secret = []byte("0123456789abcdef0123456789abcdef")

// secretFile writes the secret to a file.
func secretFile(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serve runs a server in this process until the end of the test, and returns its address.
// Two settings differ from production: there is no rate limit, and the log is discarded
// after it is written. Each change is made to the settings.
func serve(t testing.TB, url string, changes ...func(*config.Config)) (address string) {
	t.Helper()
	settings := config.Default()
	settings.HTTP.Address = "127.0.0.1:0"
	settings.Database.URL = config.URL(url)
	settings.Shell.SecretFile = secretFile(t)
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
		return at.TCP
	case err := <-ended:
		t.Fatalf("Run: %v", err)
		return ""
	}
}
