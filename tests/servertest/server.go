package servertest

import (
	"bytes"
	"context"
	"encoding/base64"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// Server is a server that runs in the test's process until the test ends or
// stops it. Its Run must return no error, and its log must not hold a secret.
type Server struct {
	bootstrap.Addresses
	Config config.Config
	// Secret is the secret shared with GitLab Shell and Gitaly.
	Secret []byte
	Log    *Log
	// Terminate does what SIGTERM does.
	Terminate context.CancelFunc
	// Done is closed when Run has returned Err.
	Done chan struct{}
	Err  error
}

// Start runs a server and returns once it listens.
func Start(t *testing.T, config config.Config, options ...bootstrap.Option) *Server {
	t.Helper()
	s := &Server{Config: config, Log: new(Log), Done: make(chan struct{})}
	listening := make(chan bootstrap.Addresses, 1)
	options = append(options,
		bootstrap.WithLog(bootstrap.NewLogger(config.Log, s.Log)),
		bootstrap.WhenListening(func(at bootstrap.Addresses) { listening <- at }))
	ctx, cancel := context.WithCancel(context.Background())
	s.Terminate = cancel
	go func() {
		defer close(s.Done)
		s.Err = bootstrap.Run(ctx, config, options...)
	}()
	select {
	case s.Addresses = <-listening:
	case <-s.Done:
		cancel()
		t.Fatalf("Run: %v\n%s", s.Err, s.Log)
	}
	t.Cleanup(func() {
		s.Stop(t)
		s.checkLog(t)
	})
	secret, err := os.ReadFile(config.Shell.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	s.Secret = bytes.TrimSpace(secret)
	return s
}

// Stop terminates the server and returns once Run has returned.
func (s *Server) Stop(t *testing.T) {
	t.Helper()
	s.Terminate()
	<-s.Done
	if s.Err != nil {
		t.Errorf("Run: %v", s.Err)
	}
}

// WaitTimeout is the longest time that a test waits. It is far longer than any
// operation takes, so that no test fails on a busy machine.
const WaitTimeout = 5 * time.Minute

// Await returns once done returns true, and fails the test after WaitTimeout.
func Await(t *testing.T, what string, done func() bool) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(WaitTimeout); !done(); <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("timeout while waiting for %s", what)
		}
	}
}

// StillRunning fails the test if the server has ended.
func (s *Server) StillRunning(t *testing.T) {
	t.Helper()
	select {
	case <-s.Done:
		t.Errorf("the server did not wait for the request under way: %v", s.Err)
	default:
	}
}

// AwaitClosed returns once the server refuses TCP connections, which is its first
// step after SIGTERM.
func (s *Server) AwaitClosed(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), WaitTimeout)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.TCP)
		if ctx.Err() != nil {
			t.Fatal("the server still accepts connections")
		}
		if err != nil {
			return
		}
		_ = conn.Close()
	}
}

// checkLog fails the test if the log holds a secret of the configuration or of
// a call.
func (s *Server) checkLog(t *testing.T) {
	t.Helper()
	key, err := os.ReadFile(s.Config.Instance.KeyFile)
	if err != nil {
		t.Error(err)
	}
	ofKas, err := os.ReadFile(s.Config.Kas.SecretFile)
	if err != nil {
		t.Error(err)
	}
	for _, secret := range []string{
		string(bytes.TrimSpace(ofKas)), string(s.Secret), base64.StdEncoding.EncodeToString(s.Secret), string(bytes.TrimSpace(key)),
		GitalyToken, PortalToken, AgentToken, TOTPSecret, DatabasePassword(s.Config),
	} {
		s.Log.Hide(secret)
	}
	for _, line := range s.Log.Leaks() {
		t.Errorf("the log holds a secret: %s", line)
	}
	if !strings.Contains(s.Log.String(), s.TCP) {
		t.Errorf("the log lacks the address of the server, so it is not its log:\n%s", s.Log)
	}
}

// DatabasePassword returns the password in the URL of the database. Without one
// it returns a text that no log contains.
func DatabasePassword(config config.Config) string {
	if address, err := url.Parse(string(config.Database.URL)); err == nil && address.User != nil {
		if password, ok := address.User.Password(); ok {
			return password
		}
	}
	return "\x00"
}
