package behaviour_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpserver"
	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/tests/pipe"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
)

// silentHTTP answers nothing until the transfer is given up.
type silentHTTP struct{ *smartHTTP }

func (silentHTTP) UploadPack(ctx context.Context, _ gitaccess.Transfer, _ io.Reader, _ io.Writer) (audit.Stats, error) {
	<-ctx.Done()
	return audit.Stats{}, ctx.Err()
}

// earlyHTTP answers a push before the end of its request, and ends well.
type earlyHTTP struct{ *smartHTTP }

func (earlyHTTP) ReceivePack(_ context.Context, _ gitaccess.Transfer, _ io.Reader, w io.Writer) error {
	_, err := io.WriteString(w, "unpack too large")
	return err
}

// ReceivePack fails at once, while a read of the request is under way.
func (silentHTTP) ReceivePack(_ context.Context, _ gitaccess.Transfer, r io.Reader, _ io.Writer) error {
	reading := make(chan struct{})
	go func() {
		close(reading)
		_, _ = r.Read(make([]byte, 100))
	}()
	<-reading
	return fmt.Errorf("no Gitaly: %w", domain.Unavailable)
}

// onPipes serves Git over HTTP by pipes, in a bubble whose time passes by itself. It has do
// send a request and returns when and how it was answered.
func onPipes(t *testing.T, gitaly func(*smartHTTP) gitaccess.SmartHTTP, do func(client net.Conn)) (took time.Duration, status int) {
	t.Helper()
	// The connections to Gitaly have goroutines that would keep the bubble.
	server := Subject{subject.Subject{T: t, Ports: stores.Fresh(t, stores.Memory)}}.gitServer()
	server.server = server.serverWith(bootstrap.Fakes{Repositories: repositories{}, SmartHTTP: gitaly(server.gitaly)})
	synctest.Test(t, func(t *testing.T) {
		s := subject.Subject{T: t}
		listener := pipe.Listen()
		listening := httpserver.New(zap.NewNop(), httpserver.Endpoint{Key: "pipe", Listener: listener, Handler: server.Handlers.Internal})
		s.Fine("Start", listening.Start(t.Context()))
		client, err := listener.Dial()
		s.Fine("Dial", err)
		start := time.Now()
		var sending sync.WaitGroup
		sending.Go(func() { do(client) })
		answer, err := http.ReadResponse(bufio.NewReader(client), nil)
		took = time.Since(start)
		if err == nil {
			status = answer.StatusCode
			_, _ = io.Copy(io.Discard, answer.Body)
		}
		s.Fine("Close", client.Close())
		sending.Wait()
		s.Fine("Stop", listening.Stop(t.Context()))
	})
	return took, status
}

const (
	fetchHead    = "POST /open/site.git/git-upload-pack HTTP/1.1\r\nHost: git\r\nContent-Type: application/x-git-upload-pack-request\r\nContent-Length: 8\r\n"
	pushHead     = "POST /acme/cli.git/git-receive-pack HTTP/1.1\r\nHost: git\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 8\r\n"
	devs         = "Authorization: Bearer t-dev\r\n"
	wholeRequest = "0008want"
)

// A transfer goes on for as long as a byte moves in five minutes, whoever is silent: the
// client or Gitaly. A client without credentials has a minute for its request.
func TestGit_http_stalled(t *testing.T) {
	t.Parallel()
	trickle := func(head string, pause time.Duration) func(net.Conn) {
		return func(client net.Conn) {
			_, _ = io.WriteString(client, head+"\r\n")
			for _, b := range wholeRequest {
				time.Sleep(pause)
				if _, err := io.WriteString(client, string(b)); err != nil {
					return
				}
			}
		}
	}
	usual := func(f *smartHTTP) gitaccess.SmartHTTP { return f }
	silent := func(f *smartHTTP) gitaccess.SmartHTTP { return silentHTTP{f} }
	early := func(f *smartHTTP) gitaccess.SmartHTTP { return earlyHTTP{f} }
	for name, test := range map[string]struct {
		gitaly func(*smartHTTP) gitaccess.SmartHTTP
		do     func(net.Conn)
		took   time.Duration
		status int
	}{
		"fetch, a byte every four minutes":     {usual, trickle(fetchHead+devs, 4*time.Minute), 32 * time.Minute, 200},
		"push, a byte every four minutes":      {usual, trickle(pushHead+devs, 4*time.Minute), 32 * time.Minute, 200},
		"fetch, silence in the request":        {usual, trickle(fetchHead+devs, time.Hour), 5 * time.Minute, 503},
		"push, silence in the request":         {usual, trickle(pushHead+devs, time.Hour), 5 * time.Minute, 503},
		"stranger, a byte every ten seconds":   {usual, trickle(fetchHead, 10*time.Second), time.Minute, 400},
		"stranger, a byte every second":        {usual, trickle(fetchHead, time.Second), 8 * time.Second, 200},
		"push that fails, a byte every second": {silent, trickle(pushHead+devs, time.Second), 8 * time.Second, 503},
		"push that fails, then silence": {silent, func(client net.Conn) {
			_, _ = io.WriteString(client, pushHead+devs+"\r\n0004")
		}, 5 * time.Minute, 503},
		"push that Gitaly answers early": {early, trickle(pushHead+devs, 4*time.Minute), 32 * time.Minute, 200},
		"push that Gitaly answers early, then silence": {early, func(client net.Conn) {
			_, _ = io.WriteString(client, pushHead+devs+"\r\n0004")
		}, 5 * time.Minute, 200},
		"silent Gitaly": {silent, func(client net.Conn) {
			_, _ = io.WriteString(client, fetchHead+devs+"\r\n"+wholeRequest)
		}, 5 * time.Minute, 503},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if took, status := onPipes(t, test.gitaly, test.do); took != test.took || status != test.status {
				t.Errorf("got status %d after %v, want %d after %v", status, took, test.status, test.took)
			}
		})
	}
}
