package integration_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/bootstrap"
)

// server is one that runs until the test ends, or is stopped before. Then it
// must have ended well, and its log must not hold a secret.
type server struct {
	bootstrap.Addresses
	config bootstrap.Config
	secret []byte
	log    *logbook
	// terminate does what SIGTERM does; gone is closed when Run has returned
	// failure.
	terminate context.CancelFunc
	gone      chan struct{}
	failure   error
}

// serve returns once the server listens.
func serve(t *testing.T, config bootstrap.Config, options ...bootstrap.Option) *server {
	t.Helper()
	s := &server{config: config, log: new(logbook), gone: make(chan struct{})}
	listening := make(chan bootstrap.Addresses, 1)
	options = append(options,
		bootstrap.WithLog(bootstrap.NewLogger(config.Log, s.log)),
		bootstrap.WhenListening(func(at bootstrap.Addresses) { listening <- at }))
	ctx, cancel := context.WithCancel(context.Background())
	s.terminate = cancel
	go func() {
		defer close(s.gone)
		s.failure = bootstrap.Run(ctx, config, options...)
	}()
	select {
	case s.Addresses = <-listening:
	case <-s.gone:
		cancel()
		t.Fatalf("Run: %v\n%s", s.failure, s.log)
	}
	t.Cleanup(func() {
		s.stop(t)
		s.searchLog(t)
	})
	secret, err := os.ReadFile(config.Shell.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	s.secret = bytes.TrimSpace(secret)
	return s
}

// stop returns when the server is gone.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.terminate()
	<-s.gone
	if s.failure != nil {
		t.Errorf("Run: %v", s.failure)
	}
}

// patience is far more than anything takes that is waited for.
const patience = 5 * time.Minute

// await looks again and again until done, and leaves the machine to others in
// between.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); !done(); <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// busy fails the test if the server is gone.
func (s *server) busy(t *testing.T) {
	t.Helper()
	select {
	case <-s.gone:
		t.Errorf("the server did not wait for the request under way: %v", s.failure)
	default:
	}
}

// refuses returns when nobody new is let in over TCP, which is where a server
// that is told to stop begins.
func (s *server) refuses(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.TCP)
		if ctx.Err() != nil {
			t.Fatal("the server still lets people in")
		}
		if err != nil {
			return
		}
		_ = conn.Close()
	}
}

// logbook is what a server logs. It also knows what must not be in there.
type logbook struct {
	mu      sync.Mutex
	text    bytes.Buffer
	secrets []string
}

// Write implements io.Writer.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all lines.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// hide adds a text that must not be in the log.
func (l *logbook) hide(secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.secrets = append(l.secrets, secret)
}

// leaks returns the lines that hold a secret.
func (l *logbook) leaks() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		for _, secret := range l.secrets {
			if strings.Contains(line, secret) {
				lines = append(lines, line)
				break
			}
		}
	}
	return lines
}

// searchLog looks for every secret that the server has to do with; those that
// were sent are known already.
func (s *server) searchLog(t *testing.T) {
	t.Helper()
	key, err := os.ReadFile(s.config.Instance.KeyFile)
	if err != nil {
		t.Error(err)
	}
	ofKas, err := os.ReadFile(s.config.Kas.SecretFile)
	if err != nil {
		t.Error(err)
	}
	for _, secret := range []string{
		string(bytes.TrimSpace(ofKas)), string(s.secret), base64.StdEncoding.EncodeToString(s.secret), string(bytes.TrimSpace(key)),
		gitalyToken, portalToken, agentToken, totpSecret, password(s.config),
	} {
		s.log.hide(secret)
	}
	for _, line := range s.log.leaks() {
		t.Errorf("the log holds a secret: %s", line)
	}
	if !strings.Contains(s.log.String(), s.TCP) {
		t.Errorf("the log that was searched does not even say where the server listened:\n%s", s.log)
	}
}

func TestLogbook_leaks(t *testing.T) {
	t.Parallel()
	var l logbook
	l.hide("sesame")
	if _, err := l.Write([]byte("open\nopen sesame, please\n")); err != nil {
		t.Fatal(err)
	}
	if got := l.leaks(); len(got) != 1 || got[0] != "open sesame, please\n" {
		t.Errorf("got %q", got)
	}
}

// password is that of the configuration's database, or something else that is
// in no text.
func password(config bootstrap.Config) string {
	if address, err := url.Parse(string(config.Database.URL)); err == nil && address.User != nil {
		if password, ok := address.User.Password(); ok {
			return password
		}
	}
	return "\x00"
}
